"""Changing one's own account: what a role without its second factor may do, and how a session goes on."""

import people
import web_client
from daemon import wait_until

ON = "/api/services/redis"


def require_totp(served, *roles):
    served.settings["security"] = {"require_totp": list(roles), "session_lifetime_seconds": 7200}
    served.write_settings()
    served.hang_up()
    wait_until(lambda: people.login(served, roles[0])["totp_setup_required"], "the new settings")


def test_without_its_second_factor_a_role_is_nobody_but_for_setting_one_up(served):
    people.add_all(served)
    before = people.bearer(people.login(served, "admin")["token"])
    assert "pid" in served.https("GET", f"{ON}/status", headers=before).body
    require_totp(served, "admin")
    who = people.bearer(people.login(served, "admin")["token"])
    for headers in (before, who):  # sessions that were open are no exception
        wait_until(lambda headers=headers: "pid" not in served.https("GET", f"{ON}/status", headers=headers).body, "the limited status")
        refused = served.https("GET", "/api/users", headers=headers)
        assert refused.status == 403 and refused.body["code"] == "totp_setup_required", refused
        try:
            web_client.WebSocket(served, "/ws/services/redis/status", headers)
            raise AssertionError("a WebSocket was opened")
        except web_client.Refused as error:
            assert error.status == 403, error
    secret = served.https("POST", "/api/auth/totp", {"current_password": people.PASSWORD}, who).body["secret"]
    on = served.https("POST", "/api/auth/totp/confirm", {"totp": people.totp(secret)}, who)
    assert on.status == 200, on
    assert served.https("GET", "/api/users", headers=who).status == 200
    wait_until(lambda: "pid" in served.https("GET", f"{ON}/status", headers=who).body, "the whole status")
    # Others are as they were.
    operator = people.bearer(people.login(served, "operator")["token"])
    assert "pid" in served.https("GET", f"{ON}/status", headers=operator).body


def test_a_session_in_use_is_renewed_by_its_cookie(served):
    people.add_all(served)
    login = people.login(served, "viewer")
    cookie = people.cookie(login)
    assert served.https("POST", "/api/auth/renew", headers=people.cookie(login, csrf=False)).status == 403
    renewed = served.https("POST", "/api/auth/renew", headers=cookie)
    assert renewed.status == 200 and renewed.body["csrf_token"] == login["csrf_token"], renewed
    assert renewed.headers["Set-Cookie"].startswith(f"{people.COOKIE}={renewed.body['token']};"), renewed
    me = served.https("GET", "/api/auth/me", headers=people.cookie(renewed.body)).body
    assert me["session_ends_at"] >= me["expires_at"], me
    token = people.bearer(people.api_token(served, "viewer")["token"])
    assert served.https("POST", "/api/auth/renew", headers=token).status == 409
