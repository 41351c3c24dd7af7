"""HTTPS, seen from outside."""

import contextlib
import gzip
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess

import web_client
from daemon import PROGRAM, Skip, free_port, wait_until
from web_client import bearer, connect, login, raw, status_of

ON = "/api/services/redis"


def _web_pid(served):
    """The process that the daemon started for HTTPS, None while there is none."""
    children = pathlib.Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text()
    for pid in children.split():
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "resus-web":
                return int(pid)
    return None


def test_everybody_sees_little_and_who_is_logged_in_sees_more(served):
    items = served.https("GET", "/api/services").body["items"]
    assert [item["id"] for item in items] == ["redis"], items
    assert set(items[0]) == {"id", "name", "status", "overall_status", "last_check"}, items
    wait_until(lambda: served.https("GET", ON + "/status").body.get("status") == "running", "running")
    limited = served.https("GET", ON + "/status").body
    assert set(limited) <= {"status", "overall_status", "last_check", "stopped_at", "affected_services"}, limited
    health = served.https("GET", ON + "/health").body
    assert set(health) == {"overall_status", "last_check", "health_checks"}, health
    assert all(set(check) == {"status"} for check in health["health_checks"].values()), health
    viewer = login(served, "viewer")
    whole = served.https("GET", ON + "/status", headers=bearer(viewer)).body
    assert whole["pid"] > 0 and "vm_info" in whole, whole
    assert "cause" in served.https("GET", ON + "/health", headers=bearer(viewer)).body
    for path, status in ((ON + "/restart", 403), (ON + "/logs", 403), (ON + "/explain", 200), ("/api/users", 403)):
        method = "POST" if path.endswith("restart") else "GET"
        assert served.https(method, path, {} if method == "POST" else None, bearer(viewer)).status == status, path
        anonymous = served.https(method, path, {} if method == "POST" else None)
        assert anonymous.status == 401 and anonymous.headers["WWW-Authenticate"].startswith("Bearer"), path


def test_an_operation_by_curl_restarts_redis_and_names_the_user_in_the_audit(served):
    admin = login(served)
    first = served.good("status")["pid"]
    done = subprocess.run(
        ["curl", "-sS", "--cacert", str(web_client.certificate(served)), "-X", "POST",
         "-H", f"Authorization: Bearer {admin['token']}", "-d", '{"reason": "by curl"}',
         f"https://127.0.0.1:{served.https_port}{ON}/restart"], capture_output=True, text=True, timeout=120)
    assert '"success": true' in done.stdout, done
    assert served.good("status")["pid"] != first
    lines = [line for line in served.audit() if line.get("operation") == "restart"]
    assert {line["user"]["email"] for line in lines} == {"admin@example.com"}, lines
    assert {line["source_ip"] for line in lines} == {"127.0.0.1"}
    assert all(line["request_id"] for line in lines)


def test_the_web_process_is_one_thread_whatever_it_is_asked(served):
    """What needs no lock and no ThreadSanitizer; it may start none either (the sandbox's own test)."""
    if b"__tsan_init" in PROGRAM.read_bytes():
        raise Skip("ThreadSanitizer brings a thread of its own")
    admin = login(served)
    with web_client.WebSocket(served, "/ws/services/redis/status", bearer(admin)) as follower:
        follower.message()
        for method, path, body in (("GET", "/", None), ("GET", "/metrics", None), ("GET", "/openapi.json", None),
                                   ("GET", ON + "/status", None), ("GET", ON + "/logs", None),
                                   ("GET", "/api/audit?format=lines", None), ("POST", ON + "/restart", {}),
                                   ("POST", "/api/auth/login", {"email": "nobody@example.com", "password": "x"})):
            served.https(method, path, body, bearer(admin))
            threads = os.listdir(f"/proc/{_web_pid(served)}/task")
            assert len(threads) == 1, (method, path, threads)


def test_a_cookie_needs_the_csrf_token_and_its_own_site(served):
    session = login(served)
    answer = served.https("POST", "/api/auth/login",
                          {"email": "admin@example.com", "password": web_client.PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    for part in ("__Host-resus=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in cookie, cookie
    jar = {"Cookie": cookie.split(";")[0]}
    csrf = {"X-CSRF-Token": answer.body["csrf_token"]}
    typed = {"Content-Type": "application/json"}
    own = {"Origin": f"https://127.0.0.1:{served.https_port}"}
    pause = {"for_seconds": 60, "reason": "test"}
    assert served.https("GET", "/api/auth/me", headers=jar).body["role"] == "admin"
    assert served.https("POST", ON + "/pause", pause, jar | typed).status == 403
    assert served.https("POST", ON + "/pause", pause, jar | typed | {"X-CSRF-Token": "x"}).status == 403
    assert served.https("POST", ON + "/pause", pause, jar | csrf | {"Content-Type": "text/plain"}).status == 415
    elsewhere = served.https("POST", ON + "/pause", pause, jar | csrf | typed | {"Origin": "https://evil.example"})
    assert elsewhere.status == 403 and elsewhere.body["code"] == "cross_site", elsewhere
    assert served.https("POST", ON + "/pause", pause, jar | csrf | typed | {"Origin": "null"}).status == 403
    assert served.https("POST", ON + "/pause", pause, jar | csrf | typed | own).status == 200
    out = served.https("POST", "/api/auth/logout", {}, jar | csrf | typed)
    assert out.status == 200 and "Max-Age=0" in out.headers["Set-Cookie"], out
    assert served.https("GET", "/api/auth/me", headers=jar).status == 401
    # What is open to all stays open to a browser whose cookie has ended, and no more than that.
    assert "pid" not in served.https("GET", ON + "/status", headers=jar).body
    assert served.https("GET", "/api/auth/me", headers=bearer(session)).status == 200


def test_a_revoked_login_is_refused_everywhere_within_a_second(served):
    admin, other = login(served), login(served, "viewer")
    number = other["user"]["id"]
    for path in ("/api/auth/me", ON + "/status", ON + "/explain"):
        assert served.https("GET", path, headers=bearer(other)).status == 200
    assert served.https("PATCH", f"/api/users/{number}", {"disabled": True}, bearer(admin)).status == 200
    for path in ("/api/auth/me", ON + "/status", ON + "/explain"):
        wait_until(lambda: served.https("GET", path, headers=bearer(other)).status == 401, path, seconds=1)


def test_tokens_that_were_tampered_with_are_refused(served):
    token = login(served)["token"]
    head, body, signature = token.split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    bad = [f"{head}.{body}.", f"{none}.{body}.", f"{none}.{body}.{signature}", f"{head}.{body}.{signature[:-4]}AAAA",
           f"{head}.{body[:-2]}AA.{signature}", "x", "a.b.c", "resus_nonsense", token * 2, token + "\t.", "."]
    for forged in bad:
        for path in (ON + "/status", "/api/auth/me"):
            answer = served.https("GET", path, headers={"Authorization": f"Bearer {forged}"})
            assert answer.status == 401, (forged, path, answer)
    for scheme in ("Basic YTpi", "Bearer", "Bearer  ", token, "Bearer " + "a" * 4200):
        assert served.https("GET", ON + "/status", headers={"Authorization": scheme}).status == 401, scheme


def test_every_answer_carries_the_headers_that_protect_the_browser(served):
    for path in ("/", "/services/redis", "/api/services", "/api/nothing", ON + "/status", "/assets/none.js"):
        headers = served.https("GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy, policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Request-Id"] and headers["Strict-Transport-Security"] is None
    ids = {served.https("GET", "/api/services").headers["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 5, ids


def test_errors_have_one_form_and_the_right_status(served):
    admin = login(served)
    cases = [("GET", "/api/nothing", None, 404), ("GET", "/api/services/none/status", None, 404),
             ("DELETE", ON + "/status", None, 405), ("PUT", ON + "/restart", {}, 405), ("POST", "/", {}, 405),
             ("GET", "/ws/services/redis/status", None, 400), ("POST", ON + "/restart", {"reason": 5}, 400),
             ("POST", ON + "/restart", {"resaon": "x"}, 400), ("POST", ON + "/stop", {}, 400),
             ("GET", ON + "/preflight?operation=fly", None, 400), ("GET", ON + "/status?x=1", None, 400)]
    for method, path, body, status in cases:
        answer = served.https(method, path, body, bearer(admin))
        assert answer.status == status, (method, path, answer)
        for key in ("error", "message", "code", "timestamp", "request_id"):
            assert answer.body.get(key), (method, path, key, answer.body)
        assert answer.body["request_id"] == answer.headers["X-Request-Id"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer.body["timestamp"])
        if status == 405:
            assert answer.headers["Allow"], answer.headers
    stop = served.https("POST", ON + "/stop", {}, bearer(admin)).body
    assert stop["confirmation_required"] is True and "affected_services" in stop


def test_an_unchanged_copy_is_not_sent_again(served):
    first = served.https("GET", ON + "/status")
    tag = first.headers["ETag"]

    def not_modified():
        current = served.https("GET", ON + "/status").headers["ETag"]
        return served.https("GET", ON + "/status", headers={"If-None-Match": current}).status == 304

    assert tag.startswith('"')
    wait_until(not_modified, "304")
    assert served.https("GET", ON + "/status", headers={"If-None-Match": '"other"'}).status == 200


def test_the_head_of_an_answer_can_be_had_alone(served):
    with connect(served) as connection:
        connection.sendall(b"HEAD /api/services HTTP/1.1\r\nHost: x\r\n\r\nGET /version HTTP/1.1\r\nHost: x\r\n"
                           b"Connection: close\r\n\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, rest = answer.split(b"\r\n\r\n", 1)
    assert b"200 OK" in head and b"Content-Length: " in head and not head.endswith(b"Content-Length: 0"), answer
    assert rest.startswith(b"HTTP/1.1 200"), rest


def test_rate_limits_are_counted_told_and_kept(served):
    served.settings["rate_limits"] = {"status": 3, "health": 0, "logs": 2}
    served.stop()
    served.start()
    left = []
    for _ in range(3):
        answer = served.https("GET", ON + "/status")
        assert answer.status == 200 and answer.headers["X-RateLimit-Limit"] == "3", answer
        left.append(answer.headers["X-RateLimit-Remaining"])
    assert left == ["2", "1", "0"], left
    refused = served.https("GET", ON + "/status")
    assert refused.status == 429 and int(refused.headers["Retry-After"]) >= 1, refused
    assert refused.body["limit"] == 3 and refused.body["window_seconds"] == 60
    assert refused.body["retry_after_seconds"] >= 1
    assert all(served.https("GET", ON + "/health").status == 200 for _ in range(6))
    admin = login(served)
    assert served.https("GET", ON + "/status", headers=bearer(admin)).status == 200
    logs = [served.https("GET", ON + "/logs", headers=bearer(admin)) for _ in range(3)]
    assert [answer.status for answer in logs][2] == 429 and logs[0].headers["X-RateLimit-Limit"] == "2", logs


def test_only_modern_tls_is_spoken(served):
    with connect(served) as connection:
        assert connection.version() == "TLSv1.3"
    with connect(served, maximum_version=ssl.TLSVersion.TLSv1_2) as connection:
        assert connection.version() == "TLSv1.2" and "ECDHE" in connection.cipher()[0]
    old = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{served.https_port}", "-tls1_1",
                          "-cipher", "ALL:@SECLEVEL=0"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert old.returncode != 0
    plain = raw_plain(served, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert plain.startswith(b"HTTP/1.1 400 ") and b"HTTPS" in plain, plain
    with connect(served) as connection:
        assert connection.selected_alpn_protocol() is None
    text = subprocess.run(["openssl", "x509", "-noout", "-text", "-in", str(web_client.certificate(served))],
                          capture_output=True, text=True, check=True).stdout
    for name in ("DNS:localhost", "IP Address:127.0.0.1", "IP Address:0:0:0:0:0:0:0:1", "prime256v1"):
        assert name in text, text
    assert (served.folder / "state" / "tls" / "key.pem").stat().st_mode & 0o077 == 0


def raw_plain(served, request):
    with socket.create_connection(("127.0.0.1", served.https_port), 30) as connection:
        connection.sendall(request)
        with contextlib.suppress(OSError):
            return connection.recv(4096)
    return b""


def test_a_named_certificate_is_renewed_without_dropping_a_connection(served):
    def make(name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", str(served.folder / "k.pem"), "-out", str(served.folder / "c.pem"), "-days", "2",
                        "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
        os.chmod(served.folder / "k.pem", 0o600)

    def seen():
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", served.https_port), 30) as plain, \
                context.wrap_socket(plain) as connection:
            return connection.getpeercert(binary_form=True)

    def on_disk():
        return ssl.PEM_cert_to_DER_cert((served.folder / "c.pem").read_text())

    make("first")
    served.settings["server"] |= {"tls_certificate": str(served.folder / "c.pem"),
                                  "tls_key": str(served.folder / "k.pem")}
    served.certificate = served.folder / "c.pem"
    served.stop()
    served.start()
    assert seen() == on_disk()
    context = ssl.create_default_context(cafile=str(served.folder / "c.pem"))
    with socket.create_connection(("127.0.0.1", served.https_port), 30) as plain, \
            context.wrap_socket(plain, server_hostname="127.0.0.1") as kept:
        kept.sendall(b"GET /api/services HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(65536).startswith(b"HTTP/1.1 200")
        make("second")
        served.hang_up()
        wait_until(lambda: seen() == on_disk(), "the new certificate")
        kept.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"HTTP/1.1 200" in kept.recv(65536)
    (served.folder / "c.pem").write_text("nonsense")
    served.hang_up()
    wait_until(lambda: "the certificate stays as it was" in served.output(), "the complaint")
    assert served.https_port and seen()


def test_the_console_is_served_from_memory_with_its_routes(served):
    pid = _web_pid(served)
    assert pid is not None
    page = served.https("GET", "/")
    assert page.status == 200 and page.headers["Content-Type"].startswith("text/html"), page
    for route in ("/services/redis", "/status", "/audit"):
        assert served.https("GET", route).body == page.body
    assert served.https("GET", "/missing.js").status == 404
    tag = page.headers["ETag"]
    if tag:
        assert served.https("GET", "/", headers={"If-None-Match": tag}).status == 304
        with connect(served) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        if b"Content-Encoding: gzip" in answer:
            assert gzip.decompress(answer.split(b"\r\n\r\n", 1)[1]).decode() == page.body


def restarts_of_web(text):
    return int(re.search(r"^resus_web_restarts_total (\d+)$", text, re.MULTILINE)[1])


def test_the_web_process_comes_back_and_checks_go_on_while_it_is_killed(served):
    before = restarts_of_web("".join(served.follow("prometheus")[2]))
    checked, killed, seen = served.good("status")["last_check"], 0, set()
    while len(seen) < 3:  # three checks that began and ended among the kills
        pid = wait_until(lambda: _web_pid(served), "resus-web")
        os.kill(pid, signal.SIGKILL)
        killed += 1
        wait_until(lambda: (now := _web_pid(served)) and now != pid, "another resus-web")
        wait_until(served.serves_https, "HTTPS")
        if (now := served.good("status")["last_check"]) > checked:
            checked = now
            seen.add(now)
    assert restarts_of_web("".join(served.follow("prometheus")[2])) == before + killed


def test_browsers_are_told_to_stay_with_https_only_where_it_is_configured(served):
    def told():
        return {served.https("GET", path).headers["Strict-Transport-Security"] for path in ("/", "/api/services")}

    assert told() == {None}
    served.settings["server"]["hsts"] = True
    served.write_settings()
    served.hang_up()
    wait_until(lambda: told() == {"max-age=31536000"}, "the header after a reload")
    served.stop()
    served.start()
    assert told() == {"max-age=31536000"}


def test_strangers_learn_no_version_and_refusals_are_not_kept(served):
    assert served.https("GET", "/version").body == {"name": "resus"}
    assert served.https("GET", "/version", headers=bearer(login(served, "viewer"))).body["version"]
    assert served.https("GET", "/openapi.json").body["info"]["version"] == "1"
    for path, status in (("/api/users", 401), ("/api/nothing", 404), (ON + "/logs", 401), ("/api/services/none/status", 404)):
        refused = served.https("GET", path)
        assert refused.status == status and refused.headers.get_all("Cache-Control") == ["no-store"], (path, refused)
    invalid = served.https("GET", ON + "/status", headers={"Authorization": "Bearer nonsense"})
    assert invalid.status == 401 and invalid.headers.get_all("Cache-Control") == ["no-store"], invalid


def test_a_service_says_by_itself_whether_strangers_see_it(served):
    (served.folder / "second").mkdir()
    served.settings["services"]["second"] = {
        "address": f"127.0.0.1:{free_port()}", "control": "process", "status_access": "login",
        "process": {"program": "/bin/false", "directory": str(served.folder / "second")}}
    served.stop()
    served.start()
    wait_until(lambda: served.https("GET", ON + "/status").status == 200, "the first check")

    def seen():
        return [item["id"] for item in served.https("GET", "/api/services").body.get("items", [])]

    assert seen() == ["redis"]
    # What is private looks like what is not there, also to an operation that the engine answers.
    for name in ("second", "none"):
        for method, path in (("GET", "/status"), ("GET", "/health"), ("POST", "/refresh")):
            assert served.https(method, f"/api/services/{name}{path}").status == 401, (name, path)
    viewer = bearer(login(served, "viewer"))
    items = {item["id"]: item for item in served.https("GET", "/api/services", headers=viewer).body["items"]}
    assert items["second"]["public"] is False and items["redis"]["public"] is True, items
    answer = served.https("GET", "/api/services/second/health", headers=viewer)
    assert answer.status == 200, answer
    # The other way round: all is closed but one.
    served.settings["server"]["status_access"] = "login"
    served.settings["services"]["second"]["status_access"] = "public"
    served.write_settings()
    served.hang_up()
    wait_until(lambda: seen() == ["second"], "the settings after a reload")
    assert served.https("GET", ON + "/status").status == 401
    assert served.https("GET", "/api/services/second/health").status == 200
    assert served.https("GET", "/version").status == 401
    # And from the start on: who is logged in sees all of it.
    served.stop()
    served.start()
    assert served.https("GET", ON + "/status").status == 401
    wait_until(lambda: served.https("GET", ON + "/health", headers=viewer).status == 200, "redis for a viewer")


def test_strangers_see_nothing_where_the_status_is_not_public(served):
    served.settings["server"]["public_status"] = False
    served.write_settings()
    served.hang_up()
    paths = ("/api/services", ON + "/status", ON + "/health", "/version", "/openapi.json")
    wait_until(lambda: served.https("GET", paths[0]).status == 401, "the settings after a reload")
    assert [served.https("GET", path).status for path in paths] == [401] * len(paths)
    assert served.https("POST", ON + "/refresh").status == 401
    assert [served.https("GET", path).status for path in ("/healthz", "/readyz", "/")] == [200] * 3
    viewer = bearer(login(served, "viewer"))
    assert [served.https("GET", path, headers=viewer).status for path in paths] == [200] * len(paths)
    token = bearer(served.good("token", "create", "x", "--role", "viewer"))
    assert [served.https("GET", path, headers=token).status for path in paths] == [200] * len(paths)


def test_metrics_are_for_everybody_only_where_it_is_configured(served):
    def status(**headers):
        return served.https("GET", "/metrics", headers=headers).status

    assert status() == 401
    served.settings["metrics"] = {"access": "anonymous"}
    served.write_settings()
    served.hang_up()
    wait_until(lambda: status() == 200, "open metrics after a reload")
    wait_until(lambda: "\nredis_up 1\n" in served.https("GET", "/metrics?service=redis").body, "the figures of the first check")
    assert status(Authorization="Bearer nonsense") == 401  # a bad token is meant, and refused
    assert served.https("GET", ON + "/metrics").status == 401  # the history is not opened with it
    served.settings["metrics"] = {"access": "viewer"}
    served.write_settings()
    served.hang_up()
    wait_until(lambda: status() == 401, "closed metrics after a reload")


def test_the_web_process_ends_with_the_daemon(served):
    pid = _web_pid(served)
    served.process.kill()
    served.process.wait()
    wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "the end of resus-web")
    served.start()


def test_a_closed_terminal_does_not_end_the_web_process(served):
    pid = _web_pid(served)
    for number in (signal.SIGHUP, signal.SIGINT):
        os.kill(pid, number)
    assert served.https("GET", "/api/services").status == 200 and _web_pid(served) == pid


def test_the_web_process_has_given_up_its_rights(served):
    status = pathlib.Path(f"/proc/{_web_pid(served)}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2", status
    assert int(fields["CapEff"], 16) == 0 and int(fields["CapPrm"], 16) == 0, status


def test_hostile_requests_are_refused_and_do_no_harm(served):
    pid = _web_pid(served)
    host = b"Host: x\r\n"
    cases = [
        (b"GET /api/services HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {411}),
        (b"POST " + ON.encode() + b"/refresh HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n"
         b"Content-Length: 2\r\n\r\n{}", {411, 400}),
        (b"POST " + ON.encode() + b"/refresh HTTP/1.1\r\n" + host + b"Content-Length: 65537\r\n\r\n", {413}),
        (b"POST " + ON.encode() + b"/refresh HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n", {400}),
        (b"POST " + ON.encode() + b"/refresh HTTP/1.1\r\n" + host + b"Content-Length: 1e3\r\n\r\n", {400}),
        (b"POST " + ON.encode() + b"/refresh HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
         {400}),
        (b"POST " + ON.encode() + b"/refresh HTTP/1.1\r\n" + host + b"Content-Length: 99999999999999999999\r\n\r\n",
         {400, 413}),
        (b"BREW / HTTP/1.1\r\n" + host + b"\r\n", {400, 403, 405, None}),
        (b"GET /\r\n\r\n", {400, 403, 200, None}),
        (b"\x16\x03\x01 nonsense\r\n\r\n", {400, 403, None}),
        (b"\x00" * 4000 + b"\r\n\r\n", {400, 403, None}),
        (b"GET http://other/ HTTP/1.1\r\n" + host + b"\r\n", {400, 403, 404, None}),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 100000 + b"\r\n\r\n", {400, 403, 413, 431, 414, None}),
        (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + host + b"\r\n", {400, 403, 404, 413, 414, None}),
        (b"GET /../../../../etc/passwd HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", {200, 400, 403, 404, None}),
        (b"GET /assets/../../etc/passwd HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", {200, 400, 403, 404, None}),
        (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", {200, 400, 403, 404, None}),
        (b"GET /api/services/redis%00/status HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", {400, 403, 404, None}),
        (b"GET /api/services/a%0d%0aSet-Cookie:%20x=1/status HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n",
         {400, 403, 404, None}),
        (b"GET " + ON.encode() + b"/status?%0d%0aX-Injected:1=2 HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n",
         {400}),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 403, None}),
    ]
    for request, wanted in cases:
        answer = raw(served, request)
        assert status_of(answer) in wanted, (request[:80], answer[:200])
        assert b"root:" not in answer and b"\nX-Injected" not in answer and b"\nSet-Cookie" not in answer, answer
    assert served.https("GET", "/api/services").status == 200
    assert _web_pid(served) == pid


def test_bodies_that_are_no_json_object_are_refused(served):
    admin = login(served)
    head = f"Authorization: Bearer {admin['token']}\r\nHost: x\r\nConnection: close\r\n"
    for body in (b"[]", b"5", b'"x"', b"{", b'{"reason":"a","reason":"b"}', b'{"reason":"\xff"}', b'{"reason":null,}',
                 b"{}{}", b"[" * 60000, b'{"reason":"a\\u0000b"}'):
        request = f"POST {ON}/resume HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        answer = raw(served, request)
        assert status_of(answer) == 400, (body[:40], answer[-300:])
    answer = raw(served, f"POST {ON}/resume HTTP/1.1\r\n{head}\r\n".encode())
    assert status_of(answer) == 200, answer  # no body is an empty object


def test_who_sends_slowly_does_not_keep_a_place(served):
    with connect(served) as slow, connect(served) as body:
        slow.sendall(b"GET /api/services HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        body.sendall(f"POST {ON}/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n".encode() + b"{")
        for connection in (slow, body):
            connection.settimeout(40)
            with contextlib.suppress(OSError):
                while connection.recv(4096):
                    pass
    assert served.https("GET", "/api/services").status == 200
