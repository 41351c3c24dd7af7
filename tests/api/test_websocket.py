"""WebSockets as contract section 5 has them."""

import os
import signal

from daemon import wait_until
from web_client import PASSWORD, Refused, WebSocket, bearer, login

STATUS = "/ws/services/redis/status"
LOGS = "/ws/services/redis/logs"


def refusal(served, path, headers=None):
    try:
        with WebSocket(served, path, headers):
            return None
    except Refused as refused:
        return refused.status


def test_state_comes_first_and_then_what_happens(served):
    admin, viewer = login(served), login(served, "viewer")
    with WebSocket(served, STATUS, bearer(viewer)) as seen:
        first, second = seen.message(), seen.message()
        assert first["type"] == "service_status" and second["type"] == "service_health", (first, second)
        for key in ("service", "timestamp", "seq", "status", "overall_status", "last_check", "stale_after_seconds"):
            assert key in first, first
        assert set(first["details"]) == {"pid", "connections", "memory_mb", "uptime_seconds"}
        assert served.https("POST", "/api/services/redis/restart", {}, bearer(admin)).status == 200
        started, _ = seen.until(lambda m: m["type"] == "service_event" and m["result"] == "started")
        done, between = seen.until(lambda m: m["type"] == "service_event" and m["result"] == "success")
        assert started["event"] == done["event"] == "restart" and done["user"] == "admin@example.com"
        numbers = [m["seq"] for m in [started, *between, done]]
        assert numbers == sorted(set(numbers)), numbers


def test_what_was_missed_is_sent_again_and_what_is_too_old_is_said(served):
    viewer = login(served, "viewer")
    with WebSocket(served, STATUS, bearer(viewer)) as seen:
        since = [seen.message(), seen.message()][1]["seq"]
    served.good("pause", "--reason", "test")
    served.good("resume", "--reason", "test")
    last = served.ask("events")[1]["items"][0]["seq"]
    with WebSocket(served, f"{STATUS}?since={since}", bearer(viewer)) as seen:
        states = [seen.message(), seen.message()]
        assert [m["type"] for m in states] == ["service_status", "service_health"]
        missed, before = seen.until(lambda m: m["seq"] >= last)
        assert missed["seq"] > since and all(m["type"] != "resync" for m in before)
    with WebSocket(served, f"{STATUS}?since=1", bearer(viewer)) as seen:
        assert seen.message()["type"] == "resync"
        assert [seen.message()["type"], seen.message()["type"]] == ["service_status", "service_health"]
    assert refusal(served, STATUS + "?since=x", bearer(viewer)) == 400


def test_nobody_gets_in_without_a_login_or_from_another_site(served):
    session = login(served, "viewer")
    own = f"https://127.0.0.1:{served.https_port}"
    cookie = {"Cookie": f"__Host-resus={session['token']}"}
    assert refusal(served, STATUS) == 401
    assert refusal(served, STATUS, {"Authorization": "Bearer nonsense"}) == 401
    assert refusal(served, STATUS + "?token=nonsense") == 401
    assert refusal(served, LOGS, bearer(session)) == 403
    assert refusal(served, "/ws/services/none/status", bearer(session)) == 404
    assert refusal(served, "/ws/nothing", bearer(session)) == 404
    assert refusal(served, "/api/services", bearer(session)) in (400, 405)
    for origin in ("https://evil.example", "null", "http://127.0.0.1", own + ".evil.example"):
        assert refusal(served, STATUS, cookie | {"Origin": origin}) == 403, origin
    for headers, path in ((cookie | {"Origin": own}, STATUS), (bearer(session), STATUS),
                          ({}, f"{STATUS}?token={session['token']}")):
        with WebSocket(served, path, headers) as seen:
            assert seen.message()["type"] == "service_status"
    assert session["token"] not in served.output()


def test_a_login_that_ends_closes_its_websockets_within_a_second(served):
    admin, other = login(served), login(served, "viewer")
    with WebSocket(served, STATUS, bearer(other)) as seen, WebSocket(served, STATUS, bearer(admin)) as kept:
        seen.message()
        assert served.https("POST", "/api/auth/logout", {}, bearer(other)).status == 200
        seen.connection.settimeout(3)
        assert seen.end_code() == 4401
        assert kept.message()["type"] == "service_status"


def test_an_api_token_follows_until_it_is_revoked(served):
    admin = login(served)
    made = served.https("POST", "/api/tokens", {"name": "board", "role": "viewer"}, bearer(admin)).body
    token = made["token"]
    assert served.https("GET", "/api/services/redis/status", headers={"Authorization": f"Bearer {token}"}).status == 200
    with WebSocket(served, f"{STATUS}?token={token}") as seen:
        assert seen.message()["type"] == "service_status"
        assert served.https("DELETE", f"/api/tokens/{made['id']}", headers=bearer(admin)).status == 200
        seen.connection.settimeout(5)
        assert seen.end_code() == 4401
    with WebSocket(served, STATUS + "?token=resus_nonsense") as seen:
        assert seen.end_code() == 4401


def test_admins_follow_the_log(served):
    admin = login(served)
    with WebSocket(served, LOGS, bearer(admin)) as seen:
        served.redis("BGSAVE")
        line = seen.message()
        assert line["type"] == "service_log" and line["message"] and line["service"] == "redis", line


def test_a_reader_that_does_not_read_is_dropped(served):
    admin = login(served)
    with WebSocket(served, STATUS, bearer(admin)) as lazy, WebSocket(served, STATUS, bearer(admin)) as eager:
        eager.message()
        # What a client says is neither expected nor kept.
        eager.send(1, b"hello")
        eager.send(2, b"\x00" * 3000)
        eager.send(9, b"ping")
        served.good("pause", "--reason", "test")
        eager.until(lambda m: m["type"] != "service_status")
        lazy.connection.sendall(b"\xff" * 50)  # no frame at all
        assert lazy.end_code() in (None, 1002, 1000)
    assert served.https("GET", "/api/services").status == 200


def test_clients_come_back_after_the_web_process_died(served):
    from test_https import _web_pid
    viewer = login(served, "viewer")
    with WebSocket(served, STATUS, bearer(viewer)) as seen:
        since = seen.message()["seq"]
        os.kill(_web_pid(served), signal.SIGKILL)
        assert seen.end_code() is None
    wait_until(served.serves_https, "HTTPS", seconds=2)
    with WebSocket(served, f"{STATUS}?since={since}", bearer(viewer)) as seen:
        types = [seen.message()["type"] for _ in range(2)]
        assert types[0] in ("service_status", "resync"), types
    assert PASSWORD not in served.output()
