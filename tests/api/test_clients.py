"""Clients that others wrote, and monitoring agents: what they send, and what they look for."""

import re
import signal
import time

import wire
from daemon import wait_until
from web_client import bearer, login

ON = "/api/services/redis"
LINE = re.compile(r"REDIS (OK|WARNING|CRITICAL|UNKNOWN) - [^\n]+\n")


def test_numbers_against_caches_are_passed_over(served):
    admin = bearer(login(served))
    for path in (f"{ON}/status?_cb=1700000000000&_t=0.5", f"{ON}/health?_=", f"{ON}/logs?_cb=1&lines=5", "/metrics?_cb=1&service=redis"):
        assert served.https("GET", path, headers=admin).status == 200, path
    assert served.https("POST", f"{ON}/refresh?_cb=1&_t=2", {}, admin).status == 200
    assert served.https("GET", f"{ON}/logs?cb=1", headers=admin).status == 400
    refused = served.https("POST", f"{ON}/refresh?_cb=1&reason=x", {}, admin)
    assert refused.status == 400 and "no query" in refused.body["message"], refused


def test_the_body_null_says_nothing(served):
    token = f"Authorization: Bearer {login(served)['token']}"

    def post(path, body):
        return wire.send(served, wire.request("POST", path, [token, "Content-Type: application/json"], body))

    first = served.good("status")["pid"]
    answer = post(f"{ON}/restart?_cb=1", b"null")
    assert answer.status == 200, answer
    assert served.good("status")["pid"] != first
    post(f"{ON}/stop", b"null")
    assert served.good("status")["status"] == "running", "a stop without its word"
    for body in (b"[]", b"1", b'"null"', b"nul", b"null null"):
        assert post(f"{ON}/refresh", body).status == 400, body


def test_health_has_the_figures_as_plain_numbers_too(served):
    viewer = bearer(login(served, "viewer"))

    def figures():
        return served.https("GET", f"{ON}/health", headers=viewer).body["health_checks"]["performance"].get("metrics")

    metrics = wait_until(figures, "the figures")
    assert metrics["memory_usage_mb"] == metrics["memory_mb"]["value"] > 0, metrics
    assert metrics["memory_limit_mb"] == metrics["memory_mb"]["max"], metrics
    assert metrics["max_connections"] == metrics["connections"]["max"] >= 1000, metrics
    assert metrics.get("cpu_usage_percent") == metrics["cpu_percent"]["value"], metrics


def test_a_failed_check_says_how_long_it_took_to_fail(served):
    viewer = bearer(login(served, "viewer"))
    served.good("stop", "--confirm", "STOP", "--reason", "test")
    check = served.https("GET", f"{ON}/health", headers=viewer).body["health_checks"]["connectivity"]
    assert check["status"] == "fail" and 0 <= check["duration_ms"] < 5000, check


def test_check_says_one_line_whatever_is_wrong_with_its_words(served):
    wait_until(lambda: served.run("check", "-t", "5").returncode == 0, "all well")
    for words in (("check", "--nonsense"), ("check", "-H", "host"), ("check", "redis", "extra"), ("check", "-t", "soon"),
                  ("check", "--timeout=0"), ("check", "-t"), ("--nonsense", "check"), ("check", "-t", "601"), ("check", "nobody")):
        done = served.run(*words)
        assert done.returncode == 3 and LINE.fullmatch(done.stdout) and "UNKNOWN" in done.stdout, (words, done)
    assert LINE.fullmatch(served.run("check", "redis", "-t8").stdout)


def test_check_gives_up_when_it_was_told_to(served):
    """A daemon that is stopped takes connections and answers nothing."""
    served.process.send_signal(signal.SIGSTOP)
    try:
        for words, least, most in ((("-t", "1"), 0.9, 7), ((), 7, 20)):
            began = time.monotonic()
            done = served.run("check", *words)
            took = time.monotonic() - began
            assert done.returncode == 3 and LINE.fullmatch(done.stdout) and least < took < most, (took, done)
    finally:
        served.process.send_signal(signal.SIGCONT)
