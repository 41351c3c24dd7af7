"""`resus --url`: who is trusted, what is sent, and how each failure ends. The daemon at the other end is played by a
small HTTPS server here, because a real one is never wrong."""

import base64
import contextlib
import hashlib
import http.server
import json
import ssl
import subprocess
import threading
import urllib.parse

import people
from daemon import PROGRAM, SCALE, free_port, wait_until

TOKEN = "resus_" + "t" * 40
SERVICES = {"items": [{"id": "redis", "name": "Redis", "status": "running", "overall_status": "healthy",
                       "last_check": None}], "next_cursor": None}


class Played:
    """An HTTPS server with canned answers: path -> (status, bytes), or what makes them of the query. What came is in `requests`."""

    def __init__(self, folder, name="localhost", tls=ssl.TLSVersion.TLSv1_3):
        self.key, self.certificate = folder / "key.pem", folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                        "-keyout", str(self.key), "-out", str(self.certificate)], check=True, capture_output=True)
        self.answers, self.requests = {"/api/services": (200, json.dumps(SERVICES).encode())}, []
        played = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                length = int(self.headers.get("Content-Length", 0))
                played.requests.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                path, _, query = self.path.partition("?")
                answer = played.answers.get(path, (404, b'{"error": "Not found"}'))
                status, body = answer(urllib.parse.parse_qs(query)) if callable(answer) else answer
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/api/services")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            do_GET = do_POST = do_PATCH = do_DELETE = reply

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        context.maximum_version = tls
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.url = f"https://localhost:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def pin(self):
        public = subprocess.run(["openssl", "pkey", "-in", str(self.key), "-pubout", "-outform", "DER"],
                                check=True, capture_output=True).stdout
        return "sha256/" + base64.b64encode(hashlib.sha256(public).digest()).decode()


def resus(*words):
    """(exit status, stdout, stderr); no configuration, no proxy."""
    done = subprocess.run([str(PROGRAM), *words], text=True, capture_output=True, stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/bin:/bin"}, timeout=60 * SCALE)
    assert TOKEN not in done.stdout + done.stderr, done
    return done.returncode, done.stdout, done.stderr


def trusting(played):
    return ["--url", played.url, "--ca-file", str(played.certificate)]


def token_file(served, mode=0o600, content=TOKEN + "\n"):
    file = served.folder / "token"
    file.write_text(content)
    file.chmod(mode)
    return str(file)


def test_remote_only_who_is_trusted_is_asked(served):
    other = "sha256/" + base64.b64encode(b"x" * 32).decode()
    with Played(served.folder) as played:
        assert resus("services", "--url", played.url)[0] == 3
        assert "not who it should be" in resus("services", "--url", played.url)[2]
        assert resus("services", *trusting(played))[0] == 0
        assert resus("services", "--url", played.url, "--pin", played.pin())[0] == 0
        assert resus("services", *trusting(played), "--pin", played.pin())[0] == 0
        count = len(played.requests)
        for words in (["--url", played.url, "--pin", other], [*trusting(played), "--pin", other]):
            status, _, why = resus("services", *words, "--token-file", token_file(served))
            assert status == 3 and "another key" in why, why
        assert len(played.requests) == count


def test_remote_a_certificate_of_another_name_is_refused(served):
    with Played(served.folder, name="elsewhere.example") as played:
        assert resus("services", *trusting(played))[0] == 3
        assert resus("services", *trusting(played), "--pin", played.pin())[0] == 3
        assert resus("services", "--url", played.url, "--pin", played.pin())[0] == 0


def test_remote_a_token_goes_into_the_header_and_nowhere_else(served):
    with Played(served.folder) as played:
        status, out, err = resus("services", *trusting(played), "--token-file", token_file(served), "--json")
        assert status == 0 and json.loads(out) == SERVICES, (out, err)
        (method, path, headers, body), = played.requests
        assert (method, path, body) == ("GET", "/api/services", b"")
        assert headers["Authorization"] == f"Bearer {TOKEN}"
        assert resus("services", *trusting(played))[0] == 0
        assert "Authorization" not in played.requests[-1][2]


def test_remote_a_token_that_others_can_read_is_not_used(served):
    with Played(served.folder) as played:
        words = ["services", *trusting(played), "--token-file"]
        for mode in (0o644, 0o640, 0o604):
            status, _, why = resus(*words, token_file(served, mode))
            assert status == 2 and "token" in why, (mode, status, why)
        for content in ("", "two words\n", "a\r\nX-Evil: 1\n", "x" * 5000):
            assert resus(*words, token_file(served, content=content))[0] == 2, content
        assert resus(*words, str(served.folder / "absent"))[0] == 2
        assert resus("services", "--url", played.url, "--ca-file", str(served.folder / "absent"))[0] == 2
        assert played.requests == []


def test_remote_verbs_ask_as_the_table_says(served):
    done = {"success": True, "operation": "restart", "message": "ok", "duration_seconds": 1, "new_status": "running",
            "timestamp": "2025-10-10T14:30:00Z", "operation_id": "o-1"}
    with Played(served.folder) as played:
        played.answers["/api/services/redis/restart"] = (200, json.dumps(done).encode())
        played.answers["/api/services/b/auto-recovery"] = (200, b"{}")
        played.answers["/api/services/b/logs"] = (200, b'{"logs": [], "total_lines": 0}')
        assert resus("restart", *trusting(played), "--reason", "täst & so", "--json")[0] == 0
        method, path, _, body = played.requests[-1]
        assert (method, path, json.loads(body)) == ("POST", "/api/services/redis/restart", {"reason": "täst & so"})
        assert resus("recovery", "set", "b", "max_attempts=5", *trusting(played), "--json")[0] == 0
        method, path, _, body = played.requests[-1]
        assert (method, path, json.loads(body)) == ("PATCH", "/api/services/b/auto-recovery", {"max_attempts": 5})
        assert resus("logs", "b", "-n", "5", "--level", "error", *trusting(played), "--json")[0] == 0
        assert played.requests[-1][1] == "/api/services/b/logs?lines=5&level=error"


def test_remote_every_answer_and_failure_has_its_exit_status(served):
    refused = {"error": "Permission denied", "message": "status needs more", "code": "permission_denied"}
    with Played(served.folder) as played:
        for status, body, expected in (
                (403, json.dumps(refused).encode(), 1),
                (401, b'{"error": "Unauthorized", "message": "log in", "code": "unauthorized"}', 1),
                (503, b'{"error": "x", "message": "x", "code": "host_unreachable"}', 3),
                (200, b"<html>", 3), (200, b"", 3), (200, b"[]", 3), (502, b"Bad gateway", 3),
                (302, b"{}", 3), (200, b'{"a": 1, "a": 2}', 3)):
            played.answers["/api/services"] = (status, body)
            found = resus("services", *trusting(played))
            assert found[0] == expected, (status, body, found)
        assert not any(path != "/api/services" for _, path, _, _ in played.requests)
    assert resus("services", "--url", f"https://127.0.0.1:{free_port()}")[0] == 3
    assert resus("check", "--url", f"https://127.0.0.1:{free_port()}")[0] == 3
    assert resus("services", "--url", "https://no-such-host.invalid")[0] == 3


def test_remote_a_refusal_names_the_way_out_from_afar(served):
    denied = {"error": "Permission denied", "message": "restart needs more", "code": "permission_denied",
              "required_roles": ["operator", "admin"], "user_role": "viewer"}
    with Played(served.folder) as played:
        played.answers["/api/services/redis/restart"] = (403, json.dumps(denied).encode())
        words = ["restart", "redis", *trusting(played)]
        why = resus(*words, "--token-file", token_file(served))[2]
        assert "resus-admin" not in why and "operator or admin" in why and "--token-file" in why, why
        played.answers["/api/services/redis/restart"] = (401, b'{"error": "x", "message": "x", "code": "x"}')
        why = resus(*words, "--token-file", token_file(served))[2]
        assert str(served.folder / "token") in why and "resus token create" in why, why
        why = resus(*words)[2]
        assert "--token-file" in why, why


def test_remote_an_own_account_is_changed_with_its_password_and_code(served):
    """Against a real daemon: the session of the user whose account it is."""
    people.add_all(served)
    secret = served.folder / "secret"
    secret.write_text(people.PASSWORD + "\n")
    fresh = served.folder / "fresh"
    fresh.write_text("another long Passw0rd?\n")
    remote = ["--url", f"https://localhost:{served.https_port}", "--ca-file", str(served.certificate), "--token-file",
              token_file(served, content=people.login(served, "admin")["token"] + "\n")]
    change = ["user", "password", people.address_of("admin"), "--password-file", str(fresh), *remote]
    status, _, err = resus(*change)
    assert status == 1 and "--own-password" in err, err
    status, _, err = resus(*change, "--own-password", str(fresh))
    assert status == 1 and "password" in err, err
    status, out, err = resus(*change, "--own-password", str(secret))
    assert status == 0 and people.address_of("admin") in out, err
    answer = served.https("POST", "/api/auth/login", {"email": people.address_of("admin"),
                                                      "password": fresh.read_text().strip()})
    assert answer.status == 200, answer


def test_remote_several_services_need_a_name(served):
    two = {"items": [{"id": "a"}, {"id": "b"}], "next_cursor": None}
    with Played(served.folder) as played:
        played.answers["/api/services"] = (200, json.dumps(two).encode())
        status, _, why = resus("recovery", "status", *trusting(played))
        assert status == 1 and "name one" in why, (status, why)


def test_remote_a_refusal_comes_through_where_the_service_has_to_be_found_first(served):
    refused = {"error": "Unauthorized", "message": "The token is not valid.", "code": "bad_token"}
    with Played(served.folder) as played:
        played.answers["/api/services"] = (401, json.dumps(refused).encode())
        status, _, why = resus("status", *trusting(played), "--token-file", token_file(served))
        assert status == 1 and "The token is not valid." in why and "several" not in why, (status, why)
        status, out, _ = resus("recovery", "status", *trusting(played), "--json")
        assert status == 1 and json.loads(out) == refused, (status, out)
        status, out, _ = resus("check", *trusting(played))
        assert status == 3 and "The token is not valid." in out, (status, out)
        played.answers["/api/services"] = (503, b'{"error": "x", "message": "x", "code": "host_unreachable"}')
        assert resus("status", *trusting(played))[0] == 3
        played.answers["/api/services"] = (200, b'{"items": [], "next_cursor": null}')
        status, _, why = resus("status", *trusting(played))
        assert status == 1 and "no service" in why.lower(), (status, why)


def test_remote_old_tls_is_not_spoken(served):
    with Played(served.folder, tls=ssl.TLSVersion.TLSv1_1) as played:
        assert resus("services", *trusting(played))[0] == 3


def test_remote_an_answer_without_end_is_ended(served):
    with Played(served.folder) as played:
        played.answers["/api/services"] = (200, b'{"a": "' + b"x" * (17 << 20) + b'"}')
        status, _, why = resus("services", *trusting(played))
        assert status == 3 and "more than" in why, (status, why)


def test_remote_events_are_followed_by_asking_again(served):
    def events(*numbers):
        items = [{"type": "notice", "service": "redis", "timestamp": "2025-10-10T14:30:00Z", "seq": n,
                  "message": f"m{n}"} for n in numbers]
        return 200, json.dumps({"items": items, "next_cursor": None}).encode()

    with Played(served.folder) as played:
        place = "/api/services/redis/events"
        played.answers[place] = events(7, 6)
        follower = subprocess.Popen([str(PROGRAM), "events", "redis", "-f", "--json", *trusting(played)], text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"})
        try:
            # Only what comes after the first answer is new.
            wait_until(lambda: any(path.startswith(place) for _, path, _, _ in list(played.requests)), "a first look")
            played.answers[place] = events(9, 8, 7)
            seen = [json.loads(follower.stdout.readline())["seq"] for _ in range(2)]
            assert seen == [8, 9], seen
            assert any("since=7" in path for _, path, _, _ in played.requests)
            played.answers[place] = (403, b'{"error": "x", "message": "x", "code": "x"}')
            follower.communicate(timeout=20 * SCALE)
            assert follower.returncode == 1
        finally:
            follower.kill()
            follower.communicate()


def test_remote_events_of_all_services_are_followed_by_asking_again(served):
    def events(*pairs):
        items = [{"type": "notice", "service": service, "timestamp": "2025-10-10T14:30:00Z", "seq": n, "message": f"m{n}"}
                 for service, n in pairs]
        return 200, json.dumps({"items": items, "next_cursor": None}).encode()

    with Played(served.folder) as played:
        place = "/api/events"
        played.answers[place] = events(("a", 7), ("b", 900))
        follower = subprocess.Popen([str(PROGRAM), "events", "-f", "--json", *trusting(played)], text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"})
        try:
            wait_until(lambda: any(path.startswith(place) for _, path, _, _ in list(played.requests)), "a first look")
            # Each service counts its own: what is new of the one has a smaller number than what is known of the other.
            played.answers[place] = events(("a", 8), ("c", 1), ("a", 7), ("b", 900))
            seen = [json.loads(follower.stdout.readline()) for _ in range(2)]
            assert [(one["service"], one["seq"]) for one in seen] == [("c", 1), ("a", 8)], seen
            # A page of new ones alone may not be all of them: then as many as can be are asked for.
            played.answers[place] = events(*(("a", n) for n in range(208, 8, -1)))
            seen = [json.loads(follower.stdout.readline())["seq"] for _ in range(200)]
            assert seen == list(range(9, 209)), seen
        finally:
            follower.kill()
            follower.communicate()


def test_remote_audit_is_read_page_by_page_and_reviewed(served):
    for number in range(4):
        served.ask("notify", message=f"number {number}")
    served.good("restart", "--reason", "audited from afar")
    secret = served.ask("token_add", name="reader", role="admin")[1]["token"]
    there = ["--url", f"https://127.0.0.1:{served.https_port}", "--ca-file", str(served.certificate)]
    as_admin = [*there, "--token-file", token_file(served, content=secret + "\n")]

    def listed(*words):
        status, out, why = resus("audit", "list", *words, *as_admin, "--json")
        assert status == 0, why
        return json.loads(out)["items"]

    def told(lines):  # reading the log is a line of it, too
        return [line for line in lines if line["operation"] != "audit"]

    def in_file():
        return told(line for line in reversed(served.audit()) if line["event_type"] != "intent")

    wait_until(lambda: [line for line in in_file() if line["operation"] == "restart"], "the line of the restart")
    assert told(listed()) == in_file()[:50]
    few = listed("-n", "3")
    assert len(few) == 3 and told(few) and told(few) == in_file()[:len(told(few))], few
    restarts = listed("--operation", "restart")
    assert restarts and all(line["operation"] == "restart" for line in restarts)
    assert listed("--failed") == [] and listed("--user", "nobody@example.org") == []
    assert listed("--since", "2100-01-01T00:00:00Z") == []
    status, text, _ = resus("audit", "list", *as_admin)
    assert status == 0 and "audited from afar" in text, text
    for kind, member in (("report", "operations"), ("summary", "since")):
        status, out, why = resus("audit", kind, *as_admin, "--json")
        assert status == 0 and json.loads(out)[member], (out, why)
        assert resus("audit", kind, *as_admin)[0] == 0
    assert resus("audit", "report", "--failed", *as_admin)[0] == 64
    status, out, why = resus("audit", "verify", *as_admin)
    assert status == 0 and "intact" in out, (out, why)
    assert resus("audit", "verify", "--key", "/dev/null", *as_admin)[0] == 64
    assert resus("audit", "list", *there)[0] == 1  # nobody
    viewer = served.ask("token_add", name="viewer", role="viewer")[1]["token"]
    status, _, why = resus("audit", "list", *there, "--token-file", token_file(served, content=viewer + "\n"))
    assert status == 1 and "admin" in why, why


def test_remote_audit_goes_over_many_pages(served):
    def line(seq):
        return {"timestamp": "2025-10-10T14:30:00Z", "seq": seq, "operation": "restart"}

    asked = []

    def page(query):
        asked.append(query)
        first, limit = int(query.get("cursor", ["3000"])[0]), int(query["limit"][0])
        rows = [line(seq) for seq in range(first, max(first - limit, 0), -1)]
        after = rows[-1]["seq"] - 1 if rows else 0
        return 200, json.dumps({"items": rows, "next_cursor": str(after) if after > 0 else None}).encode()

    with Played(served.folder) as played:
        played.answers["/api/audit"] = page
        status, out, why = resus("audit", "list", "-n", "2500", *trusting(played), "--json")
        assert status == 0 and [row["seq"] for row in json.loads(out)["items"]] == list(range(3000, 500, -1)), why
        assert [query["limit"] for query in asked] == [["1000"], ["1000"], ["500"]]
        status, out, _ = resus("audit", "list", "-n", "9000", *trusting(played), "--json")
        assert status == 0 and len(json.loads(out)["items"]) == 3000
        played.answers["/api/audit"] = (200, b'{"items": [], "next_cursor": "5"}')  # would never end
        assert resus("audit", "list", *trusting(played), "--json")[0] == 0
