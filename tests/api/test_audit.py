"""The audit log cannot be cut, rewritten or flooded away unnoticed; reading what is sensitive leaves a line."""

import contextlib
import os
import re
import socket
import sqlite3
import ssl
import subprocess
import threading

import people
from daemon import SCALE, wait_until


def of(served, operation):
    return [line for line in served.audit() if line["operation"] == operation]


def head(served):
    """The newest SEQ:HASH that the journal would have."""
    found = re.findall(r"audit-head (\d+:[0-9a-f]{64})", served.output())
    return found[-1] if found else None


def metric(served, name):
    text = "".join(served.follow("prometheus")[2])
    return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])


def test_audit_lines_that_were_cut_off_are_missed(served):
    served.good("restart", "--reason", "the line that is to vanish")
    served.stop()
    whole = served.good("audit", "verify")
    assert whole["intact"] and whole["anchored"] and whole["anchor"]["seq"] == whole["last_seq"], whole
    lines = served.audit_file.read_text().splitlines(keepends=True)
    served.audit_file.write_text("".join(lines[:-4]))
    found = served.cli("audit", "verify")
    assert found.status == 1 and "4 lines are missing" in found.json["why"], found
    assert f"seq {whole['last_seq']} (hash {whole['last_hash']})" in found.json["why"], found
    assert "broken" in served.run("audit", "verify").stdout
    served.start()
    assert "4 lines are missing" in served.output()
    line, = wait_until(lambda: of(served, "audit-lines-missing"), "the line")
    assert line["event_type"] == "incident" and line["result"]["success"] is False, line
    status, verdict = served.ask("audit_verify")
    assert status == 200 and not verdict["intact"], verdict
    assert served.cli("audit", "verify").status == 1
    token = served.folder / "token"
    token.write_text(people.api_token(served, "admin")["token"])
    token.chmod(0o600)
    far = ("--url", f"https://127.0.0.1:{served.https_port}", "--ca-file", str(served.certificate), "--token-file", str(token))
    remote = served.run("audit", "verify", *far)
    assert remote.returncode == 1 and "✗ broken" in remote.stdout and "lines are missing" in remote.stdout, remote
    assert served.run("audit", "verify", *far, "--from", f"{served.audit()[-1]['seq']}:{'0' * 64}").returncode == 1
    assert served.run("audit", "verify", *far, "--key", str(token)).returncode == 64
    assert any("4 lines are missing" in item.get("message", "") for item in
               served.ask("events", "redis", limit=50)[1]["items"])
    assert any(item["check"] == "audit" and item["status"] == "fail" for item in served.cli("doctor").json["items"])
    assert metric(served, "resus_audit_intact") == 0


def test_an_audit_log_that_is_empty_or_gone_is_no_tick(served):
    served.stop()
    served.audit_file.write_text("")
    empty = served.run("audit", "verify")
    assert empty.returncode == 1 and "the audit log is empty" in empty.stdout, empty
    served.audit_file.unlink()
    gone = served.run("audit", "verify")
    assert gone.returncode == 1 and "missing" in gone.stdout, gone
    served.start()
    assert served.cli("audit", "verify").status == 1


def test_a_machine_that_knows_no_line_says_so(served):
    served.stop()
    for file in (served.folder / "state").glob("resus.db*"):
        file.unlink()
    told = served.run("audit", "verify")
    assert told.returncode == 0 and "no recorded head" in told.stdout, told
    served.start()
    wait_until(lambda: served.good("audit", "verify")["anchored"], "the first head")
    assert not of(served, "audit-lines-missing")


def test_an_audit_log_that_is_gone_with_its_database_is_missed_by_its_seals(served):
    served.run("audit", "key")
    wait_until(lambda: of(served, "audit-seal"), "a seal")
    served.stop()
    for file in (*served.audit_file.parent.glob("audit.log*"), *(served.folder / "state").glob("resus.db*")):
        file.unlink()
    served.start()
    assert "their lines are missing" in served.output()
    wait_until(lambda: of(served, "audit-lines-missing"), "the line")
    assert not served.ask("audit_verify")[1]["intact"]


def test_a_damaged_head_of_the_audit_log_is_told_and_not_gone_on_from(served):
    served.stop()
    with contextlib.closing(sqlite3.connect(served.folder / "state" / "resus.db")) as database, database:
        database.execute("UPDATE audit_anchor SET seq = -5, hash = 'zz'")
    checked = served.run("audit", "verify")
    assert "the recorded head of the audit log is damaged" in checked.stdout + checked.stderr, checked
    served.start()
    assert "the recorded head of the audit log is damaged" in served.output()
    assert served.ask("audit_verify")[1]["intact"] and 0 < served.audit()[-1]["seq"] < 1000


def test_audit_a_killed_daemon_raises_no_false_alarm(served):
    served.run("audit", "key")
    for _ in range(5):
        for number in range(3):
            served.ask("notify", message=f"line {number}")
        served.ask("pause", "redis", reason="test")  # the newest line is not flushed yet
        served.process.kill()
        served.process.wait()
        before = served.good("audit", "verify")
        assert before["intact"] and before["anchored"], before
        served.start()
        after = served.good("audit", "verify")
        assert after["intact"] and after["last_seq"] >= before["last_seq"], (before, after)
    assert not of(served, "audit-lines-missing")


def test_audit_rotation_outruns_no_recorded_head(served):
    """A database that takes nothing for a while must not look like a log that was cut, once the daemon is killed."""
    served.stop()
    served.settings["audit"] |= {"max_size": "4KB", "backup_count": 1, "keep_days": 0, "compression": "none"}
    served.start()
    served.unlimited()
    with contextlib.closing(sqlite3.connect(served.folder / "state" / "resus.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        last = served.audit()[-1]["seq"]
        wait_until(lambda: served.ask("notify", message="x" * 500) and
                   (lines := served.audit()) and lines[0]["seq"] > last + 20, "rotations", 60)
        served.process.kill()
        served.process.wait()
    assert served.good("audit", "verify")["intact"]
    served.start()
    assert not of(served, "audit-lines-missing") and served.good("audit", "verify")["intact"], served.output()
    # Once it is recorded, the old files go.
    served.unlimited()
    wait_until(lambda: served.ask("notify", message="x" * 500) and
               len(list(served.audit_file.parent.glob("audit.log.*"))) <= 2, "old files to be removed")


def test_audit_seals_and_heads_are_verified_without_a_daemon(served):
    made = served.run("audit", "key")
    assert made.returncode == 0 and re.fullmatch(r"[0-9a-f]{64}\n", made.stdout), made
    assert "shown only once" in made.stderr
    key = served.folder / "key"
    key.write_text(made.stdout)
    key.chmod(0o600)
    wait_until(lambda: of(served, "audit-seal"), "the first seal")
    told = wait_until(lambda: head(served), "a head in the log")
    served.good("restart", "--reason", "sealed")
    served.stop()  # seals what there is
    for file in (served.audit_file, served.folder / "output", served.folder / "state" / "audit-seal.key"):
        assert made.stdout.strip() not in file.read_text(), file
    verdict = served.good("audit", "verify", "--key", str(key))
    assert verdict["intact"] and verdict["seals"] >= 2 and verdict["sealed_seq"] == verdict["last_seq"], verdict
    assert served.good("audit", "verify", "--from", told)["intact"]
    seq, digest = told.split(":")
    wrong = served.cli("audit", "verify", "--from", f"{seq}:{digest[::-1]}")
    assert wrong.status == 1 and digest in wrong.json["why"], wrong
    assert served.run("audit", "verify", "--from", "4").returncode == 64
    key.write_text("0" * 64)
    assert served.cli("audit", "verify", "--key", str(key)).status == 1
    served.start()
    status, verdict = served.ask("audit_verify", **{"from": told})
    assert status == 200 and verdict["intact"] and str(verdict["first_seq"]) == seq, verdict
    assert served.ask("audit_verify", **{"from": "x" * 66})[0] == 400


def test_reading_what_is_sensitive_leaves_a_line(served):
    people.add_all(served)
    admin = people.bearer(people.login(served, "admin")["token"])
    paths = {"bundle": "/api/services/redis/bundle", "inspect": "/api/services/redis/inspect/info", "users": "/api/users",
             "tokens": "/api/tokens", "audit": "/api/audit", "audit-report": "/api/audit/report?kind=daily"}
    for _ in range(5):
        for path in paths.values():
            assert served.https("GET", path, None, admin).status == 200, path
    for operation, path in paths.items():
        line, = wait_until(lambda name=operation: [line for line in of(served, name) if line["user"]["email"] ==
                                                   people.address_of("admin")], f"the line of {operation}")
        assert line["event_type"] == "authorization" and line["result"]["success"] is True, line
        assert line["service"] == ("redis" if "/redis/" in path else None) and line["source_ip"] == "127.0.0.1", line
    more = [line for line in wait_until(lambda: [line for line in of(served, "bundle") if line["reason"]], "the count", 120)]
    assert more[0]["reason"] == "4 more within a minute", more


def test_no_room_refuses_people_and_not_recovery(served):
    served.stop()
    served.settings["audit"] |= {"max_size": "4KB", "backup_count": 1, "compression": "none"}
    served.start()
    served.unlimited()
    refused = wait_until(lambda: (answer := served.ask("notify", message="x" * 500))[0] == 503 and answer[1]
                         or (answer[0] == 429 and served.cli("restart").status and None), "a refusal", 60)
    assert refused["code"] == "audit_full" and "audit.backup_count" in refused["message"], refused
    assert served.good("audit", "verify")["first_seq"] == 1
    assert any(item["check"] == "audit" and item["status"] == "fail" for item in served.cli("doctor").json["items"])
    assert metric(served, "resus_audit_room") == 0
    assert served.https("GET", "/readyz").status == 503
    assert served.ask("status", "redis")[0] == 200
    before = len(of(served, "restart")) + len(served.audit())
    pid = int(re.search(r"\d+", next(served.folder.rglob("*.pid")).read_text())[0])
    os.kill(pid, 9)
    wait_until(lambda: served.ask("recovery_history", "redis")[1]["items"], "a recovery", 60)
    assert len(served.audit()) > before - len(of(served, "restart"))
    for file in served.audit_file.parent.glob("audit.log.*"):
        file.rename(served.folder / file.name)
    served.hang_up()
    wait_until(lambda: served.ask("notify", message="room")[0] in (200, 429), "room again", 60)


@contextlib.contextmanager
def syslog_server(folder):
    """(port, certificate, lines that came, its TLS context)."""
    lines, certificate, key = [], folder / "syslog.pem", folder / "syslog.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=syslog", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out",
                    str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as stream:
                        text = b""
                        while piece := stream.recv(4096):
                            text += piece
                            while match := re.match(rb"(\d+) ", text):
                                end = match.end() + int(match[1])
                                if len(text) < end:
                                    break
                                lines.append(text[match.end():end].decode())
                                text = text[end:]
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], certificate, lines, context
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10 * SCALE)


def test_heads_go_to_a_syslog_server_again_after_it_refused_the_connection(served):
    with syslog_server(served.folder) as (port, certificate, lines, context):
        context.load_verify_locations(certificate)
        context.verify_mode = ssl.CERT_REQUIRED  # refused once the head is written: TLS 1.3
        served.stop()
        served.settings["audit"] |= {"syslog": f"127.0.0.1:{port}", "syslog_ca_file": str(certificate)}
        served.start()
        served.run("audit", "key")
        wait_until(lambda: "cannot send audit heads" in served.output(), "the warning", 60)
        assert not lines, lines
        context.verify_mode = ssl.CERT_NONE
        served.run("audit", "key")
        wait_until(lambda: lines, "the head, before a retry would have been due", 5)
        served.stop()
    served.start()


def test_a_syslog_server_is_told_the_heads_of_the_audit_log(served):
    with syslog_server(served.folder) as (port, certificate, lines, _):
        served.stop()
        served.settings["audit"] |= {"syslog": f"127.0.0.1:{port}", "syslog_ca_file": str(certificate)}
        served.start()
        served.run("audit", "key")  # is sealed and told at once
        line = wait_until(lambda: lines and lines[0], "a message", 60)
        found = re.fullmatch(r"<109>1 \S+Z \S+ resus \d+ audit-head - audit-head (\d+:[0-9a-f]{64}) seal [0-9a-f]{16}/0", line)
        assert found, line
        assert served.good("audit", "verify", "--from", found[1])["intact"]
        served.stop()
    # One that is away is told of once, and keeps nobody from anything.
    served.start()
    for _ in range(2):
        served.run("audit", "key")
    wait_until(lambda: "cannot send audit heads" in served.output(), "the warning")
    assert served.output().count("cannot send audit heads") == 1
    served.good("restart")
