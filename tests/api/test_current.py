"""What is shown is so now: figures belong to the process that answers, a silence is said, a write is tried."""

import os
import signal
import socket

from daemon import wait_until
from web_client import WebSocket, bearer, login

STATUS = "/ws/services/redis/status"


def process_of(served):
    return served.good("status")["pid"]


def check_line(served):
    done = served.run("check")
    return done.returncode, done.stdout.strip()


def checks(served):
    return served.good("health")["health_checks"]


def metrics(served):
    status, _, pieces = served.follow("prometheus", "redis")
    assert status == 200
    return "".join(pieces)


def with_health_check(served, **keys):
    served.settings["health_check"] |= keys
    served.stop()
    served.start()
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "health")


def test_a_new_process_is_never_shown_with_the_figures_of_the_one_before(served):
    admin = login(served)
    held = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(30)]
    served.good("refresh")
    for _ in range(2):
        before = process_of(served)
        with WebSocket(served, STATUS, bearer(admin)) as seen:
            first, _ = seen.until(lambda m: m["type"] == "service_status" and m["details"]["pid"] == before)
            assert first["details"]["memory_mb"] is not None, first
            assert served.https("POST", "/api/services/redis/restart", {}, bearer(admin)).status == 200
            known, others = seen.until(
                lambda m: m["type"] == "service_status" and m["details"]["pid"] not in (None, before)
                and m["details"]["connections"] is not None)
            shown = [m["details"] for m in [*others, known]
                     if m["type"] == "service_status" and m["details"]["pid"] not in (None, before)]
            for details in shown:
                assert details["connections"] is None or details["connections"] < 20, shown
                assert details["uptime_seconds"] is None or details["uptime_seconds"] < 20, shown
                assert (details["connections"] is None) == (details["memory_mb"] is None), shown
        for one in held:
            one.close()
        held = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(30)]
        served.good("refresh")
    for one in held:
        one.close()


def test_a_stopped_process_is_said_to_be_silent_and_has_no_figures(served):
    wait_until(lambda: "redis_memory_used_bytes" in metrics(served), "figures", 60)
    served.good("pause", "--reason", "test")
    pid = process_of(served)
    assert "ping=" in check_line(served)[1]
    os.kill(pid, signal.SIGSTOP)
    try:
        # At once, and so before it is certain what it is.
        code, line = wait_until(lambda: (lambda seen: seen if "has not answered for" in seen[1] else None)(check_line(served)),
                                "its silence")
        assert code == 1 and "|" not in line, line
        health = served.good("health")
        assert health["cause"]["code"] == "ok" and "has not answered" in health["cause"]["summary"], health
        assert health["connectivity"] is False and health["response_time_ms"] is None, health
        assert health["service_running"] is True, health
        assert "has not answered" in served.run("status").stdout
        wait_until(lambda: served.good("health")["cause"]["code"] != "ok", "the cause", 40)
        performance = checks(served)["performance"]
        assert performance["status"] == "unknown" and "metrics" not in performance, performance
        assert "|" not in check_line(served)[1]
        text = metrics(served)
        assert "\nredis_up 0\n" in text, text
        for name in ("redis_memory_used_bytes", "redis_uptime_in_seconds", "resus_ping_seconds"):
            assert f"\n{name} " not in text, text
        assert served.good("status")["connections"] is None
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: "metrics" in checks(served)["performance"], "figures again")


def test_the_list_says_what_is_not_guarded_to_those_who_log_in(served):
    """Also where the web process answers from its own copy."""
    session = bearer(login(served))
    served.good("pause", "--reason", "test")

    def item(headers):
        found, = served.https("GET", "/api/services", None, headers).body["items"]
        return found

    seen = wait_until(lambda: "not_guarded" in (found := item(session)) and found["not_guarded"] and found, "the mark")
    assert seen["not_guarded"]["reason_code"] == "paused" and seen["cause"] == "ok", seen
    assert not {"not_guarded", "cause"} & item({}).keys(), item({})
    served.good("resume")
    wait_until(lambda: item(session)["not_guarded"] is None, "no mark")


def test_the_canary_meets_what_an_application_meets(served):
    with_health_check(served, interval_seconds=1, canary=True)
    wait_until(lambda: checks(served)["canary"]["status"] == "pass", "a canary")
    assert " canary=" in check_line(served)[1], check_line(served)
    assert "\nresus_canary_up 1\n" in metrics(served) and "\nresus_canary_seconds " in metrics(served)
    assert served.redis("EXISTS", "resus:canary:redis") == ":0"
    assert served.redis("CONFIG", "SET", "min-replicas-to-write", "1") == "+OK"
    seen = wait_until(lambda: (lambda c: c if c["status"] == "fail" else None)(checks(served)["canary"]), "NOREPLICAS")
    assert seen["message"].startswith("SET failed: NOREPLICAS"), seen
    code, line = check_line(served)
    assert code == 1 and "applications cannot write: canary SET failed: NOREPLICAS" in line, line
    assert "\nresus_canary_up 0\n" in metrics(served)
    health = served.good("health")
    assert health["overall_status"] == "healthy" and any("canary" in text for text in health["recommendations"]), health
    assert health["error_count_last_hour"] == 0, health
    # A replica is left alone, also one that would take writes.
    assert served.redis("CONFIG", "SET", "min-replicas-to-write", "0") == "+OK"
    assert served.redis("REPLICAOF", "127.0.0.1", "1") == "+OK"
    wait_until(lambda: checks(served)["canary"]["message"] == "Not written: this is not a primary", "the role", 60)
    assert served.redis("CONFIG", "SET", "replica-read-only", "no") == "+OK"
    served.good("refresh")
    assert served.redis("EXISTS", "resus:canary:redis") == ":0"


def test_an_info_that_is_not_allowed_is_a_note(served):
    assert served.redis("ACL", "SETUSER", "watcher", "on", ">pw", "~*", "+@all", "-@dangerous") == "+OK"
    password = served.folder / "watcher"
    password.write_text("pw\n")
    password.chmod(0o600)
    served.settings["services"]["redis"]["redis"] = {"username": "watcher", "password_file": str(password)}
    with_health_check(served, interval_seconds=1)
    performance = wait_until(
        lambda: (lambda c: c if c["status"] == "warning" else None)(checks(served)["performance"]), "the note")
    assert "INFO is not allowed to our user" in performance["message"] and "NOPERM" in performance["message"], performance
    health = served.good("health")
    assert health["health_checks"]["connectivity"]["message"] == "PING successful", health
    assert any("ACL SETUSER watcher +info" in text for text in health["recommendations"]), health
    code, line = check_line(served)
    assert code == 0 and "INFO is not allowed to our user" in line, line
    assert "INFO is not allowed" in served.run("status").stdout
