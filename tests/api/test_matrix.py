"""Every operation of /openapi.json, asked by everybody: nobody, each role with each kind of credential, and with what is
not valid, or no longer. Each request has a field that no operation takes, so that the most that is ever done is to refuse
it: 400 is the proof that the door was passed, 401 and 403 that it was not."""

import contextlib
import http.client
import json
import ssl

import people
from daemon import SCALE, wait_until

RANK = {"anonymous": 0, "viewer": 1, "operator": 2, "admin": 3}
# Written here again, so that the table is not measured by itself.
LEAST = {
    "anonymous": {"login", "services", "status", "health", "refresh", "healthz", "readyz", "openapi", "version",
                  "link_show", "link_acknowledge"},
    "viewer": {"logout", "renew", "me", "password", "metrics", "recovery_status", "recovery_history", "explain", "slo", "events", "events_all",
               "access_requests", "access_request", "prometheus", "alerts", "alert",
               "incidents", "incident", "incident_postmortem",
               "maintenance", "maintenance_show", "calendar", "fleet", "fleet_diff",
               "sessions", "session_revoke", "totp_begin", "totp_confirm", "totp_disable", "timing",
               "backups", "backup", "backup_overview", "backup_status", "backup_prunable", "backup_drills",
               "procedures", "procedure", "events_follow"},
    "operator": {"start", "restart", "reload", "preflight", "notify", "alert_acknowledge", "incident_open", "incident_set",
                 "incident_take", "incident_note", "incident_update", "incident_acknowledge", "incident_escalate", "backup_create",
                 "backup_verify", "backup_copy", "backup_elsewhere", "backup_drill"},
    "admin": {"stop", "logs", "recovery_set", "recovery_reset", "diagnosis", "inspect", "bundle", "pause", "resume",
              "audit", "access_approve", "access_reject", "users", "user_add", "user_set", "tokens", "token_add",
              "token_set", "key_rotate", "channels", "notify_test", "notify_emergency", "maintenance_plan", "maintenance_set",
              "maintenance_cancel", "maintenance_begin", "maintenance_end", "maintenance_extend", "maintenance_checklist",
              "fleet_drain", "fleet_undrain", "fleet_remove", "logs_follow", "doctor", "audit_report", "audit_verify", "audit_key",
              "token_revoke", "backup_accept", "backup_pin", "backup_unpin", "backup_delete", "backup_prune", "backup_fetch",
              "backup_rebuild_sheet", "procedure_begin", "procedure_order", "procedure_checklist",
              "restore_plan", "restore", "restores", "restore_show", "restore_undo", "restore_resume", "restore_cancel"},
}


class Line:
    """One kept connection over TLS; opened again when the daemon has closed it."""

    def __init__(self, served):
        self.served = served
        context = ssl.create_default_context(cafile=str(served.folder / "state" / "tls" / "certificate.pem"))
        self.connection = http.client.HTTPSConnection("127.0.0.1", served.https_port, timeout=30 * SCALE,
                                                      context=context)

    def ask(self, method, path, body, headers):
        for last in (False, True):
            try:
                self.connection.request(method, path, body, headers)
                answer = self.connection.getresponse()
                text = answer.read().decode()
                return answer.status, answer.headers, json.loads(text)
            except (http.client.HTTPException, ConnectionError):
                self.connection.close()
                if last:
                    raise
        return None


def operations(document):
    """[(id, least role, method, path to ask, body)], each with a field too many."""
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation.get("x-websocket"):
                continue
            place = people.place_of(path)
            get = method == "get"
            found.append((operation["operationId"], operation["x-least-role"], method.upper(),
                          place + ("?nonsense=1" if get else ""), None if get else b'{"nonsense": 1}'))
    return found


def walk(served, headers, expected):
    """Asks everything; `expected(id, least)` gives the status and the code that must come."""
    _, document = served.ask("openapi")
    wrong = []
    line = Line(served)
    with contextlib.closing(line.connection):
        for name, least, method, path, body in operations(document):
            status, fields, answer = line.ask(method, path, body, headers)
            wanted = expected(name, least)
            if (status, answer.get("code")) != wanted:
                wrong.append((method, path, status, answer.get("code"), wanted))
                continue
            assert fields["X-Request-Id"] and answer["request_id"] == fields["X-Request-Id"], (path, answer)
            if status == 401:
                assert fields["WWW-Authenticate"].startswith("Bearer"), (path, fields)
            if status == 403:
                assert answer["user_role"] not in answer["required_roles"], answer
    assert not wrong, "\n".join(map(str, wrong))


def by_role(role):
    def expected(_, least):
        return (400, "bad_input") if RANK[role] >= RANK[least] else (403, "permission_denied")
    return expected


def nobody(_, least):
    return (400, "bad_input") if least == "anonymous" else (401, "login_required")


def refused(*codes):
    """Whatever is asked; but a new login does not need a valid old one."""
    def expected(name, _):
        return (400, "bad_input") if name == "login" else (401, codes[0])
    return expected


def test_matrix_the_least_roles_are_the_contracts(served):
    _, document = served.ask("openapi")
    found = {operation["operationId"]: operation["x-least-role"]
             for item in document["paths"].values() for operation in item.values()}
    for role, names in LEAST.items():
        for name in names:
            assert found.get(name) == role, (name, found.get(name), role)
    unnamed = set(found) - set().union(*LEAST.values())
    assert not unnamed, f"no role is written here for {unnamed}"


def test_matrix_nobody(served):
    walk(served, {}, nobody)


def test_matrix_each_role_by_login_token(served):
    people.add_all(served)
    for role in people.ROLES:
        walk(served, people.bearer(people.login(served, role)["token"]), by_role(role))


def test_matrix_each_role_by_cookie(served):
    people.add_all(served)
    for role in people.ROLES:
        walk(served, people.cookie(people.login(served, role)), by_role(role))


def test_matrix_each_role_by_api_token(served):
    for role in people.ROLES:
        walk(served, people.bearer(people.api_token(served, role)["token"]), by_role(role))


def test_matrix_a_cookie_without_its_csrf_token_changes_nothing(served):
    people.add_all(served)
    session = people.login(served, "admin")
    other = people.login(served, "admin")
    _, document = served.ask("openapi")
    for csrf in (None, "", "x", other["csrf_token"], session["csrf_token"][:-1]):
        headers = people.cookie(session, csrf=False) | ({} if csrf is None else {"X-CSRF-Token": csrf})
        line = Line(served)
        with contextlib.closing(line.connection):
            for name, _, method, path, body in operations(document):
                status, _, answer = line.ask(method, path, body, headers)
                if method == "GET" or name in ("login", "link_acknowledge"):
                    assert status == 400, (path, answer)
                else:
                    assert (status, answer["code"]) == (403, "csrf_required"), (csrf, path, answer)


def test_matrix_what_is_no_good_is_refused_everywhere(served):
    people.add_all(served)
    good = people.login(served, "admin")["token"]
    for what, token in people.bad_tokens(served, good).items():
        code = "token_expired" if what == "expired" else "invalid_token"
        try:
            walk(served, people.bearer(token), refused(code))
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}") from error
    walk(served, people.bearer(good), by_role("admin"))


def test_matrix_what_was_good_is_refused_within_a_second(served):
    people.add_all(served)
    admin = people.bearer(people.login(served, "admin")["token"])

    def ended(headers):
        return served.https("GET", "/api/auth/me", None, headers).status == 401

    # logged out
    session = people.login(served, "viewer")
    assert served.https("POST", "/api/auth/logout", {}, people.bearer(session["token"])).status == 200
    wait_until(lambda: ended(people.bearer(session["token"])), "the end of a login", 1)
    walk(served, people.bearer(session["token"]), refused("invalid_token"))
    # disabled
    session = people.login(served, "operator")
    number = session["user"]["id"]
    assert served.https("PATCH", f"/api/users/{number}", {"disabled": True}, admin).status == 200
    wait_until(lambda: ended(people.bearer(session["token"])), "the end of a user", 1)
    walk(served, people.bearer(session["token"]), refused("invalid_token"))
    # a revoked and a disabled API token
    for method, body in (("DELETE", None), ("PATCH", {"disabled": True})):
        token = people.api_token(served, "admin")
        assert served.https(method, f"/api/tokens/{token['id']}", body, admin).status == 200
        walk(served, people.bearer(token["token"]), refused("invalid_token"))


def test_matrix_a_lowered_role_holds_for_tokens_that_are_out(served):
    people.add_all(served)
    session = people.login(served, "admin")
    number = session["user"]["id"]
    status, body = served.ask("user_add", email="second@example.org", role="admin", password=people.PASSWORD)
    assert status == 200, body
    assert served.ask("user_set", n=number, role="viewer")[0] == 200

    def known():
        answer = served.https("GET", "/api/users", None, people.bearer(session["token"]))
        return answer.status in (401, 403)

    wait_until(known, "the lower role", 1)


def test_viewers_read_nobody_s_address_and_no_reason(served):
    people.add_all(served)
    admin, operator, viewer = (people.bearer(people.login(served, role)["token"]) for role in ("admin", "operator", "viewer"))
    base = "/api/services/redis"
    assert served.https("POST", f"{base}/restart", {"reason": "secret plan"}, admin).status == 200
    assert served.https("POST", f"{base}/pause", {"reason": "secret plan", "for_seconds": 600}, admin).status == 200
    assert served.https("POST", "/api/notifications", {"message": "Soon back."}, admin).status == 200
    assert served.https("POST", f"{base}/stop", {"confirmation": True, "reason": "secret plan"}, admin).status == 200
    paths = [f"{base}/{part}" for part in ("status", "health", "events", "metrics", "auto-recovery", "recoveries", "explain", "slo")]
    for path in [*paths, "/api/services", "/metrics"]:
        text = json.dumps(served.https("GET", path, headers=viewer).body)
        assert "admin@" not in text and "secret plan" not in text, (path, text)
    events = json.dumps(served.https("GET", f"{base}/events", headers=operator).body)
    assert people.address_of("admin") in events and "secret plan" in events, events
    stopped = served.https("GET", f"{base}/status", headers=viewer).body
    assert stopped["stopped_by"] == "another user" and stopped["notices"][0]["message"] == "Soon back.", stopped
