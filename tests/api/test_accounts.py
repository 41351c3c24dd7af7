"""Who may log in, and what becomes of it: through the command line and over TLS."""

import base64
import datetime
import json
import statistics
import threading
import time

from daemon import wait_until
from people import totp

EMAIL, PASSWORD = "admin@example.org", "seven quiet herons"


def cookie_of(answer):
    return answer.headers["Set-Cookie"].split(";")[0]


def add(served, email=EMAIL, role="admin", password=PASSWORD):
    file = served.folder / "password"
    file.write_text(password + "\n")
    return served.cli("user", "add", email, "--role", role, "--password-file", str(file))


def login(served, email=EMAIL, password=PASSWORD, **more):
    return served.https("POST", "/api/auth/login", {"email": email, "password": password} | more)


def bearer(answer):
    assert answer.status == 200, answer
    return {"Authorization": "Bearer " + answer.body["token"]}


def lines(served, operation):
    return [line for line in served.audit() if line["operation"] == operation]


def test_accounts_first_admin_comes_from_the_command_line(served):
    assert served.good("user", "list")["items"] == []
    short = add(served, password="short")
    assert short.status == 1 and "12 characters" in short.json["message"], short
    assert add(served).status == 0
    assert add(served).json["code"] == "exists"
    entered = login(served)
    assert entered.body["user"] == {"id": 1, "email": EMAIL, "role": "admin"}, entered
    assert served.https("GET", "/api/auth/me", headers=bearer(entered)).body["email"] == EMAIL
    line, = lines(served, "login")
    assert line["event_type"] == "authentication" and line["source_ip"] == "127.0.0.1", line
    text = served.audit_file.read_text() + served.output()
    assert PASSWORD not in text and entered.body["token"] not in text


def test_accounts_the_last_admin_stays(served):
    add(served)
    for words in (("disable", EMAIL), ("role", EMAIL, "viewer")):
        refused = served.cli("user", *words)
        assert refused.status == 1 and refused.json["code"] == "last_admin", refused
    assert served.cli("user", "disable", "nobody@example.org").status == 1
    assert served.run("user", "role", EMAIL).returncode == 64
    assert served.run("user", "add", EMAIL).returncode == 64
    assert served.run("user").returncode == 64


def test_accounts_what_was_ended_is_refused_within_a_second(served):
    """Status is answered by the web process' copy, users by the engine: both must know."""
    add(served)
    add(served, "alice@example.org", "admin")

    def ended(headers):
        answers = [served.https("GET", path, headers=headers).status
                   for path in ("/api/services/redis/status", "/api/users")]
        return answers == [401, 401]

    for end in (lambda h: served.https("POST", "/api/auth/logout", headers=h),
                lambda h: served.good("user", "disable", "alice@example.org"),
                lambda h: served.good("user", "password", "alice@example.org", "--password-file",
                                      str(served.folder / "password"))):
        served.good("user", "enable", "alice@example.org")
        headers = bearer(login(served, "alice@example.org"))
        assert served.https("GET", "/api/users", headers=headers).status == 200
        end(headers)
        began = time.monotonic()
        wait_until(lambda: ended(headers), "a refusal", 5)
        assert time.monotonic() - began < 3, "the copy learns it too late"
    served.stop()
    served.start()
    assert ended(headers)


def test_accounts_a_role_holds_at_once(served):
    add(served)
    add(served, "alice@example.org", "viewer")
    headers = bearer(login(served, "alice@example.org"))
    refused = served.https("POST", "/api/services/redis/restart", headers=headers)
    assert refused.status == 403 and refused.body["user_role"] == "viewer", refused
    assert refused.body["required_roles"] == ["operator", "admin"], refused
    served.good("user", "role", "alice@example.org", "admin")
    assert served.https("GET", "/api/users", headers=headers).status == 200
    served.good("user", "role", "alice@example.org", "viewer")
    assert served.https("GET", "/api/users", headers=headers).status == 403
    line = wait_until(lambda: lines(served, "restart"), "the refusal")[0]
    assert line["event_type"] == "authorization" and line["result"]["success"] is False, line


def test_accounts_a_cookie_needs_the_csrf_token(served):
    add(served)
    entered = login(served)
    headers = {"Cookie": cookie_of(entered), "Content-Type": "application/json"}
    assert "HttpOnly" in entered.headers["Set-Cookie"], entered.headers
    assert served.https("GET", "/api/auth/me", headers=headers).status == 200
    assert served.https("POST", "/api/auth/logout", {}, headers).status == 403
    headers["X-CSRF-Token"] = entered.body["csrf_token"]
    assert served.https("POST", "/api/auth/logout", {}, headers).status == 200
    assert served.https("GET", "/api/auth/me", headers=headers).status == 401


def test_accounts_two_factors_are_needed_once_they_are_on(served):
    add(served)
    headers = bearer(login(served))
    begun = served.https("POST", "/api/auth/totp", {"current_password": PASSWORD}, headers)
    assert begun.status == 200, begun
    code = totp(begun.body["secret"])
    confirmed = served.https("POST", "/api/auth/totp/confirm", {"totp": code}, headers)
    assert confirmed.status == 200 and len(confirmed.body["recovery_codes"]) == 10, confirmed
    missing = login(served)
    assert missing.status == 401 and missing.body["code"] == "totp_required", missing
    assert login(served, totp=code).status == 401
    assert login(served, totp=totp(begun.body["secret"], 1)).status == 200
    assert login(served, totp=confirmed.body["recovery_codes"][0]).status == 200
    assert login(served, totp=confirmed.body["recovery_codes"][0]).status == 401
    database = b"".join(f.read_bytes() for f in (served.folder / "state").glob("resus.db*"))
    assert base64.b32decode(begun.body["secret"]).hex().encode() not in database
    served.good("user", "totp", EMAIL)
    assert login(served).status == 200


def test_accounts_api_tokens_are_shown_once_and_hold_for_their_services(served):
    made = served.good("token", "create", "ci", "--role", "viewer", "--services", "redis", "--expires", "1h")
    headers = {"Authorization": "Bearer " + made["token"]}
    assert served.https("GET", "/api/services/redis/explain", headers=headers).status == 200
    assert [s["id"] for s in served.https("GET", "/api/services", headers=headers).body["items"]] == ["redis"]
    assert served.https("GET", "/api/users", headers=headers).status == 403
    assert served.cli("token", "create", "ci", "--role", "viewer", "--services", "nosuch").status == 1
    shown = served.run("token", "list").stdout
    assert "ci" in shown and made["token"] not in shown, shown
    stored = b"".join(f.read_bytes() for f in (served.folder / "state").glob("resus.db*"))
    assert made["token"].encode() not in stored
    assert served.good("token", "revoke", str(made["id"]))["success"]
    assert served.https("GET", "/api/services/redis/explain", headers=headers).status == 401


def days_left(token):
    return (datetime.datetime.fromisoformat(token["expires_at"]) - datetime.datetime.now(datetime.timezone.utc)).days


def test_accounts_api_tokens_end_after_90_days_unless_told(served):
    assert days_left(served.good("token", "create", "ci", "--role", "viewer")) == 89
    assert served.good("token", "create", "ci", "--role", "viewer", "--expires", "never")["expires_at"] is None
    assert served.ask("token_add", name="ci", role="viewer", expires_in_seconds=5)[0] == 400


def test_accounts_who_is_disabled_leaves_no_unknown_token_behind(served):
    add(served)
    add(served, "alice@example.org", "admin")
    headers = bearer(login(served, "alice@example.org"))
    made = [served.https("POST", "/api/tokens", {"name": name, "role": "viewer"}, headers).body for name in ("graphs", "old")]
    served.good("token", "revoke", str(made[1]["id"]))
    said = served.run("user", "disable", "alice@example.org").stdout
    assert f"API token {made[0]['id']} (graphs, viewer)" in said and "old" not in said, said
    assert [t["name"] for t in served.good("user", "disable", "alice@example.org")["api_tokens"]] == ["graphs"]
    # A service may rest on it: it works until it is revoked.
    assert served.https("GET", "/api/services/redis/explain", headers={"Authorization": f"Bearer {made[0]['token']}"}).status == 200
    warnings = [item for item in served.cli("doctor").json["items"] if item["check"] == "api tokens"]
    assert warnings == [], warnings
    soon = served.good("token", "create", "soon", "--role", "viewer", "--expires", "13d")
    served.https("GET", "/api/services/redis/explain", headers={"Authorization": f"Bearer {soon['token']}"})
    warnings = [item for item in served.cli("doctor").json["items"] if item["check"] == "api tokens"]
    assert len(warnings) == 1 and "(soon) expires at" in warnings[0]["message"], warnings


def test_accounts_access_is_asked_for_granted_and_seen(served):
    add(served)
    add(served, "alice@example.org", "viewer")
    headers = bearer(login(served, "alice@example.org"))
    asked = served.https("POST", "/api/access-requests", {
        "requested_role": "operator", "justification": "on call", "duration_seconds": 300}, headers)
    assert asked.status == 200 and asked.body["state"] == "pending", asked
    number = str(asked.body["id"])
    assert served.good("access", "list")["items"][0]["email"] == "alice@example.org"
    assert served.good("access", "approve", number, "--reason", "agreed")["state"] == "approved"
    assert served.cli("access", "reject", number).status == 1
    assert served.https("POST", "/api/services/redis/restart", headers=headers).status == 200
    events = served.https("GET", "/api/services/redis/events", headers=bearer(login(served))).body["items"]
    assert any(e.get("kind") == "access" for e in events), events
    seen = served.https("GET", "/api/services/redis/events", headers=headers).body["items"]
    assert not any(e.get("kind") == "access" for e in seen), seen


def utc(minutes):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60 * minutes))


def test_accounts_what_a_granted_role_orders_ends_with_the_grant(served):
    add(served)
    add(served, "alice@example.org", "viewer")
    headers = bearer(login(served, "alice@example.org"))
    asked = served.https("POST", "/api/access-requests", {
        "requested_role": "admin", "justification": "on call", "duration_seconds": 3600}, headers)
    served.good("access", "approve", str(asked.body["id"]), "--reason", "agreed")

    def ask(method, path, body):
        answer = served.https(method, path, body, headers)
        return answer.status, answer.body.get("code"), answer.body

    def refused(method, path, body):
        status, code, answer = ask(method, path, body)
        assert (status, code) == (403, "temporary_role"), (method, path, answer)
        return answer["message"]

    window = {"title": "kernel", "services": ["*"], "starts_at": utc(20), "duration_minutes": 10}
    pause, redis = {"reason": "a disk"}, "/api/services/redis"
    assert "ends with its grant at" in refused("POST", f"{redis}/pause", pause | {"for_seconds": 7200})
    refused("POST", f"{redis}/pause", pause)  # two hours unless told
    refused("POST", "/api/maintenance", window | {"duration_minutes": 60})
    refused("POST", "/api/maintenance", window | {"starts_at": utc(24 * 60)})
    refused("PATCH", f"{redis}/auto-recovery", {"enabled": False})
    refused("POST", "/api/ssh-keys/rotate", {})
    assert served.ask("explain", "redis")[1]["withheld"] is None and served.good("maintenance", "list")["items"] == []

    status, _, planned = ask("POST", "/api/maintenance", window)
    assert status == 200, planned
    place = f"/api/maintenance/{planned['id']}"
    refused("PATCH", place, {"duration_minutes": 60})
    refused("PATCH", place, {"starts_at": utc(24 * 60)})
    assert ask("PATCH", place, {"title": "a kernel"})[0] == 200
    later = served.good("maintenance", "plan", "a long one", "--at", "1d", "--for", "2h")["id"]
    refused("PATCH", f"/api/maintenance/{later}", {"services": ["redis"]})
    refused("POST", f"/api/maintenance/{later}/begin", {})
    assert ask("POST", f"{place}/begin", {})[0] == 200
    status, _, longer = ask("POST", f"{place}/extend", {"minutes": 5})
    assert status == 200, longer
    assert ask("POST", f"{place}/end", {})[0] == 200
    assert ask("DELETE", f"/api/maintenance/{later}", None)[0] == 200
    assert ask("POST", f"{redis}/pause", pause | {"for_seconds": 600})[0] == 200
    assert ask("POST", f"{redis}/resume", {})[0] == 200


def test_accounts_an_unknown_user_cannot_be_told_by_time(served):
    add(served)
    times = {EMAIL: [], "nobody@example.org": []}
    bodies = set()
    for _ in range(4):  # four are free of a wait
        for email, taken in times.items():
            began = time.monotonic()
            answer = login(served, email, "not the password")
            taken.append(time.monotonic() - began)
            bodies.add((answer.status, answer.body["message"], answer.body["code"]))
    assert len(bodies) == 1, bodies
    known, unknown = (statistics.median(taken) for taken in times.values())
    assert 0.5 < unknown / known < 2, (known, unknown)


def test_accounts_guesses_are_slowed_down_and_raise_an_alert(served):
    add(served)
    for _ in range(5):
        assert login(served, password="wrong").status == 401
    limited = login(served, password="wrong")
    assert limited.status == 429 and limited.body["retry_after_seconds"] >= 1, limited
    assert int(limited.headers["Retry-After"]) >= 1
    alert = wait_until(lambda: lines(served, "security-alert"), "the alert")[0]
    assert "failed_logins" in alert["reason"] and EMAIL in alert["reason"], alert
    # Each refusal but the first of the minute is counted, not written.
    assert len(lines(served, "login")) == 1, lines(served, "login")


def _all_at_once(count, ask):
    """The sorted status codes of that many requests, begun together."""
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask().status)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


def test_accounts_guesses_that_come_at_once_are_slowed_down_as_well(served):
    add(served)
    known = login(served).body
    answers = _all_at_once(28, lambda: login(served, password="wrong"))
    # Five are free; a few more, when hashing takes so long that their wait is over meanwhile.
    assert 5 <= answers.count(401) <= 10 and answers.count(401) + answers.count(429) == 28, answers
    body = {"current_password": "wrong", "new_password": "another long Passw0rd"}
    headers = {"Authorization": f"Bearer {known['token']}"}
    answers = _all_at_once(28, lambda: served.https("POST", "/api/auth/password", body, headers))
    assert 5 <= answers.count(403) <= 10 and answers.count(403) + answers.count(429) == 28, answers


def test_accounts_many_logins_at_once_do_not_hold_the_watch(served):
    """Hashing takes 0.1 s and 64 MiB each: one at a time, beside the loop."""
    add(served)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(login(served).status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    slowest = 0
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        assert served.ask("version")[0] == 200
        slowest = max(slowest, time.monotonic() - began)
    assert sorted(set(answers)) == [200], answers
    assert slowest < 1, slowest


def test_accounts_a_changed_configuration_of_redis_is_noticed(served):
    wait_until(lambda: served.good("status").get("memory_mb") is not None, "figures")
    served.redis("CONFIG", "SET", "maxmemory", "123456789")
    line = wait_until(lambda: served.cli("refresh") and lines(served, "redis-config-changed"), "the line")[0]
    assert "maxmemory" in line["reason"] and "123456789" in line["reason"], line
    alert = wait_until(lambda: lines(served, "security-alert"), "the alert")[0]
    assert "config_changed" in alert["reason"], alert


def test_accounts_files_are_for_the_daemon_alone(served):
    add(served)
    keys = served.folder / "state" / "login-keys.json"
    assert keys.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(keys.read_text())) == {"secret", "keys"}
    assert PASSWORD.encode() not in (served.folder / "state" / "resus.db").read_bytes()
