"""Behind a proxy each user is seen at their own address; a stranger's X-Forwarded-For is nobody's."""

import contextlib

import people
import web_client
from daemon import wait_until

ALICE = "198.51.100.7"
MALLORY = "203.0.113.9"


def trust(served, *networks):
    served.settings["server"]["trusted_proxies"] = list(networks)
    served.write_settings()
    served.hang_up()
    wait_until(lambda: seen_at(served, f"{ALICE}, {MALLORY}") == (MALLORY if networks else "127.0.0.1"), "the new settings")


def seen_at(served, forwarded):
    """The address of a login, as its session has it."""
    entry = {"email": people.address_of("viewer"), "password": people.PASSWORD}
    answer = served.https("POST", "/api/auth/login", entry, {"X-Forwarded-For": forwarded})
    assert answer.status == 200, answer
    listed = served.https("GET", "/api/auth/sessions", headers=people.bearer(answer.body["token"])).body["items"]
    return next(one["address"] for one in listed if one["current"])


def guess(served, forwarded, email="nobody@example.org"):
    return served.https("POST", "/api/auth/login", {"email": email, "password": "guess"}, {"X-Forwarded-For": forwarded})


def test_only_a_trusted_proxy_says_who_its_client_is(served):
    people.add_all(served)
    assert seen_at(served, ALICE) == "127.0.0.1"
    served.settings["server"]["trusted_proxies"] = ["192.0.2.0/24"]
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "config: reloaded" in served.output(), "the new settings")
    assert seen_at(served, ALICE) == "127.0.0.1"


def test_behind_a_proxy_everything_counts_the_users_own_address(served):
    people.add_all(served)
    trust(served, "127.0.0.0/8", "10.0.0.0/8")
    assert seen_at(served, f"{ALICE}, 10.1.2.3") == ALICE
    assert seen_at(served, f"{ALICE}, unknown") == "127.0.0.1"
    # Guessing slows the guesser down, not the others behind the same proxy.
    wait_until(lambda: guess(served, MALLORY).status == 429, "429")
    assert seen_at(served, ALICE) == ALICE
    assert {line["source_ip"] for line in served.audit() if line["operation"] == "login"} >= {ALICE, MALLORY}
    # Limits of those who are not logged in are each address's own.
    path = "/api/services/redis/status"
    wait_until(lambda: served.https("GET", path, headers={"X-Forwarded-For": MALLORY}).status == 429, "429")
    assert served.https("GET", path, headers={"X-Forwarded-For": ALICE}).status == 200
    trust(served)
    assert seen_at(served, ALICE) == "127.0.0.1"


def test_a_websocket_behind_a_proxy_is_the_users_own(served):
    people.add_all(served)
    trust(served, "127.0.0.1")
    headers = people.bearer(people.api_token(served, "viewer")["token"]) | {"X-Forwarded-For": MALLORY}
    with contextlib.closing(web_client.WebSocket(served, "/ws/services/redis/logs", headers).connection):
        wait_until(lambda: any(line["source_ip"] == MALLORY for line in served.audit()), "the refusal's line")


def test_an_origin_without_tls_is_the_own_one_behind_a_proxy_that_says_so(served):
    people.add_all(served)
    entry = {"email": people.address_of("viewer"), "password": people.PASSWORD}
    plain = {"Origin": f"http://127.0.0.1:{served.https_port}", "X-Forwarded-Proto": "http"}

    def status():
        return served.https("POST", "/api/auth/login", entry, plain).status

    assert status() == 403
    trust(served, "127.0.0.1")
    assert status() == 200
    assert served.https("POST", "/api/auth/login", entry, plain | {"X-Forwarded-Proto": "https"}).status == 403
