"""WebSockets, as docs/api.md describes them."""

import os
import pathlib
import signal

from daemon import SCALE, wait_until
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
    elsewhere = {"Origin": "http://dashboard.example"}
    assert refusal(served, f"{STATUS}?_=1", cookie | elsewhere) == 403
    for headers, path in ((cookie | {"Origin": own}, STATUS), (bearer(session), STATUS),
                          ({}, f"{STATUS}?token={session['token']}"), (bearer(session) | elsewhere, STATUS),
                          (elsewhere, f"{STATUS}?token={session['token']}&_t=1700000000000")):
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


def test_a_log_is_followed_no_longer_than_the_role_allows_it(served):
    admin, other = login(served), login(served, "viewer")
    number = other["user"]["id"]
    asked = served.https("POST", "/api/access-requests", {
        "requested_role": "admin", "justification": "on call", "duration_seconds": 300}, bearer(other)).body["id"]
    assert served.https("POST", f"/api/access-requests/{asked}/approve", {}, bearer(admin)).status == 200
    with WebSocket(served, LOGS, bearer(other)) as seen:
        served.redis("BGSAVE")
        assert seen.message()["type"] == "service_log"
        assert served.https("PATCH", f"/api/users/{number}", {"disabled": True}, bearer(admin)).status == 200
        seen.connection.settimeout(3 * SCALE)
        assert seen.end_code() in (4401, 4403)


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


QUEUE = 256 * 1024  # bytes that wait for one WebSocket


def unsent(served, client):
    """Bytes that the server's socket holds for that client's, by the kernel."""
    wanted = (served.https_port, client.getsockname()[1])
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if wanted == tuple(int(end.split(":")[1], 16) for end in fields[1:3]):
            return int(fields[4].split(":")[0], 16)
    return 0


def test_a_slow_reader_is_closed_with_1013_and_others_read_on(served):
    admin = login(served)
    with WebSocket(served, STATUS, bearer(admin), small=True) as slow, WebSocket(served, STATUS, bearer(admin)) as eager:
        slow.message()
        count = 0

        def tell():
            """One notice, read by the eager one: it has passed the web process. Its bytes."""
            nonlocal count
            count += 1
            text = f"{count:06d}" + "m" * 490
            assert served.ask("notify", message=text, service="redis")[0] == 200
            eager.until(lambda m: m["type"] == "notice" and m["message"].endswith(text[6:]) and text[:6] in m["message"])
            return len(text)

        full = -1
        while (now := unsent(served, slow.connection)) > full:  # until the kernel takes no more
            full = now
            for _ in range(20):
                tell()
        waiting = 0
        while waiting <= QUEUE:
            waiting += tell()
        assert slow.end_code() == 1013
        tell()
    assert served.https("GET", "/api/services").status == 200


def test_a_client_that_speaks_no_websocket_is_dropped(served):
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


def kill_web(served):
    from test_https import _web_pid
    pid = _web_pid(served)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: _web_pid(served) not in (None, pid), "another resus-web")


def notices(messages):
    return [m["message"] for m in messages if m["type"] == "notice"]


def test_no_event_is_missed_or_doubled_when_the_web_process_dies(served):
    viewer = login(served, "viewer")
    with WebSocket(served, STATUS, bearer(viewer)) as seen:
        seen.message()
        since = seen.message()["seq"]
        served.good("pause", "--reason", "seen before")
        told, before = seen.until(lambda m: m["seq"] > since and m["type"] == "notice")
        first = told["seq"]
        kill_web(served)
        assert seen.end_code() is None
    # One while there may be no web process, and one after yet another death.
    for text in ("one", "two", "three"):
        assert served.ask("notify", message=text, service="redis")[0] == 200
        if text == "two":
            kill_web(served)
    last = served.ask("events")[1]["items"][0]["seq"]
    wait_until(served.serves_https, "HTTPS")
    with WebSocket(served, f"{STATUS}?since={first}", bearer(viewer)) as seen:
        assert [seen.message()["type"] for _ in range(2)] == ["service_status", "service_health"]
        end, before = seen.until(lambda m: m["seq"] >= last)
        got = [*before, end]
        numbers = [m["seq"] for m in got]
        assert numbers == list(range(first + 1, numbers[-1] + 1)), (first, numbers)
        assert [text[-5:].split()[-1] for text in notices(got)] == ["one", "two", "three"], notices(got)
        assert not any(m["type"] == "resync" for m in got)
        assert served.ask("notify", message="four", service="redis")[0] == 200
        live, _ = seen.until(lambda m: m["type"] == "notice")
        assert live["seq"] > numbers[-1] and live["message"].endswith("four")


def test_who_missed_too_much_is_told_to_take_the_state(served):
    viewer = login(served, "viewer")
    with WebSocket(served, STATUS, bearer(viewer)) as seen:
        seen.message()
        since = seen.message()["seq"]
    bytes_sent = 0
    while bytes_sent < 300 * 1024:  # more than is sent again at once
        assert served.ask("notify", message="m" * 500, service="redis")[0] == 200
        bytes_sent += 500
    with WebSocket(served, f"{STATUS}?since={since}", bearer(viewer)) as seen:
        assert [seen.message()["type"] for _ in range(3)] == ["resync", "service_status", "service_health"]
    assert PASSWORD not in served.output()
