"""Every operation through Prism, which holds each request and each answer against the document."""

import re

import people
import proxied
from daemon import wait_until
from test_matrix import operations
from test_openapi import NEEDED, in_an_hour, reading_operations, shown

SERVICE = "/api/services/redis"
# Why some are not walked here.
LEFT_OUT = {"backup_delete": "the newest are never removed: test_backups.py",
            "backup_accept": "needs a suspicious one: test_backups.py",
            "key_rotate": "needs a host with an SSH key: tests/host/test_keys.py",
            "logs_follow": "a WebSocket, which Prism does not pass on: test_websocket",
            "events_follow": "a WebSocket, which Prism does not pass on: test_websocket",
            "incident_escalate": "needs levels in the settings: test_alerts",
            "alert": "needs a fault: test_openapi", "alert_acknowledge": "needs a fault: test_openapi",
            "notify_test": "needs a channel: test_alerts", "notify_emergency": "needs a channel: test_alerts",
            **dict.fromkeys(("restore_plan", "restore", "restore_show", "restore_undo", "restore_resume", "restore_cancel"),
                            "takes long: test_openapi"),
            **dict.fromkeys(("backup_copy", "backup_elsewhere", "backup_fetch"), "need a place: test_backup_fetch"),
            **dict.fromkeys(("fleet", "fleet_diff", "fleet_drain", "fleet_undrain", "fleet_remove"), "need several engines: tests/host/test_fleet.py"),
            **dict.fromkeys(("link_show", "link_acknowledge"), "need the link of a message: test_messages"),
            "incident_postmortem": "text/markdown: test_openapi", "calendar": "text/calendar: test_maintenance"}


class Walk:
    """Asks through Prism and keeps which operation was answered how."""

    def __init__(self, prism, document):
        self.prism, self.answered = prism, {}
        self.rows = [(method.upper(), re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operation["operationId"])
                     for path, item in document["paths"].items() for method, operation in item.items()]

    def name(self, method, path):
        return next(name for verb, pattern, name in self.rows if verb == method and pattern.fullmatch(path.split("?")[0]))

    def ask(self, who, method, path, body=None, expected=200, good=True):
        answer = self.prism.ask(method, path, body, who, good)
        assert answer.status == expected, (method, path, body, answer)
        self.answered.setdefault(self.name(method, path), set()).add(answer.status)
        return answer

    def refuse(self, who, method, path, body, expected):
        """A request that is wrong on purpose: its answer has to be right all the same."""
        return self.ask(who, method, path, body, expected, good=False)

    def agree(self):
        assert self.prism.violations == [], "\n".join(map(str, self.prism.violations))


def reading(walk, document, admin):
    for path, operation in reading_operations(document):
        needed = NEEDED.get(operation["operationId"], {})
        query = "?" + "&".join(f"{name}={value}" for name, value in needed.items()) if needed else ""
        missing = "{b}" in path or operation["operationId"] in ("backup_elsewhere", "backup_rebuild_sheet")
        alone = path.startswith("/api/fleet")
        expected = 404 if missing or alone else 200
        walk.ask(admin, "GET", shown(path, backup="20200101T000000Z") + query, expected=expected)
    for what in ("slowlog", "clients", "bigkeys", "commandstats"):
        walk.ask(admin, "GET", f"{SERVICE}/inspect/{what}")
    for path in ("/metrics", "/metrics?service=redis", "/api/audit?limit=1&result=failed", "/api/audit?format=lines",
                 f"{SERVICE}/logs?lines=5&level=error", f"{SERVICE}/metrics?series=memory_bytes&step=60",
                 f"{SERVICE}/events?limit=1", "/api/audit/report?kind=weekly",
                 "/api/audit/report?kind=monthly", "/api/access-requests?state=pending"):
        walk.ask(admin, "GET", path)


def copies(walk, admin):
    def unchanged(path):
        tag = walk.ask(admin, "GET", path).headers["ETag"]
        # The watch goes on: there may be a fresh copy meanwhile.
        return walk.prism.ask("GET", path, headers=admin | {"If-None-Match": tag}).status == 304

    for path in ("/api/services", f"{SERVICE}/status", f"{SERVICE}/health"):
        wait_until(lambda path=path: unchanged(path), f"304 of {path}")


def operating(walk, admin):
    for method, path, body, status in (
            ("POST", f"{SERVICE}/restart", {"reason": "test"}, 200), ("POST", f"{SERVICE}/stop", {}, 400),
            ("POST", f"{SERVICE}/stop", {"confirmation": True}, 200), ("POST", f"{SERVICE}/start", {}, 200),
            # A Redis that the daemon runs itself cannot.
            ("POST", f"{SERVICE}/reload", {}, 422), ("POST", f"{SERVICE}/refresh", {}, 200),
            ("PATCH", f"{SERVICE}/auto-recovery", {"max_attempts": 4, "external_stop": "recover"}, 200),
            ("POST", f"{SERVICE}/pause", {"reason": "test", "for_seconds": 60}, 200),
            ("POST", f"{SERVICE}/resume", {}, 200), ("POST", f"{SERVICE}/reset-circuit-breaker", {}, 200),
            ("POST", "/api/audit/key", {}, 200), ("POST", "/api/notifications", {"message": "m"}, 200),
            ("POST", "/api/notifications", {"message": "m", "service": "redis"}, 200),
            ("POST", "/api/notifications", {"message": "m", "service": "nobody"}, 404),
            ("GET", "/metrics?service=nobody", None, 404), ("POST", "/api/services/nobody/restart", {}, 404)):
        walk.ask(admin, method, path, body, status)


def users(walk, admin):
    new = {"email": "new@example.org", "role": "viewer", "password": people.PASSWORD}
    user = f"/api/users/{walk.ask(admin, 'POST', '/api/users', new).body['id']}"
    walk.ask(admin, "POST", "/api/users", new, 409)
    walk.ask(admin, "POST", "/api/users", new | {"email": "weak@example.org", "password": "short"}, 400)
    for change in ({"role": "operator"}, {"disabled": True}, {"disabled": False}, {"reset_totp": True},
                   {"password": "another Passw0rd! yet"}, {}):
        walk.ask(admin, "PATCH", user, change, 200)
    walk.ask(admin, "PATCH", "/api/users/999999", {"role": "viewer"}, 404)


def tokens(walk, admin):
    whole = {"name": "by prism", "role": "operator", "services": ["redis"], "expires_in_seconds": 3600}
    made = walk.ask(admin, "POST", "/api/tokens", whole).body
    unscoped = walk.ask(admin, "POST", "/api/tokens", {"name": "for all", "role": "viewer"}).body
    walk.ask(admin, "POST", "/api/tokens", whole | {"services": ["nobody"]}, 400)
    one = f"/api/tokens/{made['id']}"
    theirs = people.bearer(made["token"])
    for path, status in (("/api/auth/me", 200), ("/api/services", 200), (f"{SERVICE}/explain", 200),
                         ("/api/auth/sessions", 403), ("/api/users", 403), (f"{SERVICE}/logs", 403)):
        walk.ask(theirs, "GET", path, expected=status)
    nobody = people.bearer(unscoped["token"])
    walk.ask(nobody, "GET", "/api/auth/sessions", expected=409)
    walk.ask(nobody, "POST", "/api/auth/totp", {"current_password": "none"}, 409)
    body = {"requested_role": "admin", "justification": "of a token", "duration_seconds": 300}
    walk.ask(nobody, "POST", "/api/access-requests", body, 409)
    walk.ask(admin, "PATCH", one, {"role": "viewer"})
    walk.ask(admin, "PATCH", one, {"disabled": True})
    walk.ask(theirs, "GET", "/api/auth/me", expected=401)
    walk.ask(admin, "GET", "/api/tokens")
    walk.ask(admin, "DELETE", one)
    walk.ask(admin, "DELETE", one, expected=404)
    walk.ask(admin, "PATCH", one, {"role": "viewer"}, 404)


def second_factor(walk, who, email):
    password = {"current_password": people.PASSWORD}
    entry = {"email": email, "password": people.PASSWORD}
    walk.ask(who, "POST", "/api/auth/totp/confirm", {"totp": "000000"}, 409)
    walk.ask(who, "POST", "/api/auth/totp", {"current_password": "wrong"}, 403)
    begun = walk.ask(who, "POST", "/api/auth/totp", password).body
    walk.ask(who, "POST", "/api/auth/totp/confirm", {"totp": "12345678"}, 400)
    code = people.totp(begun["secret"])
    codes = walk.ask(who, "POST", "/api/auth/totp/confirm", {"totp": code}).body["recovery_codes"]
    walk.ask(who, "POST", "/api/auth/totp", password, 409)
    assert walk.ask({}, "POST", "/api/auth/login", entry, 401).body["code"] == "totp_required"
    walk.ask({}, "POST", "/api/auth/login", entry | {"totp": code}, 401)
    walk.ask({}, "POST", "/api/auth/login", entry | {"totp": codes[0]})
    me = walk.ask(who, "GET", "/api/auth/me").body
    assert me["totp"] and me["recovery_codes_left"] == len(codes) - 1, me
    walk.ask(who, "POST", "/api/auth/totp/disable", password, 403)
    walk.ask(who, "POST", "/api/auth/totp/disable", password | {"totp": codes[1]})


def sessions(walk, email):
    entry = {"email": email, "password": people.PASSWORD}
    # One by token, one as a browser does it.
    token, browser = (walk.ask({}, "POST", "/api/auth/login", entry).body for _ in range(2))
    who, cookie = people.bearer(token["token"]), people.cookie(browser)
    listed = walk.ask(cookie, "GET", "/api/auth/sessions").body["items"]
    assert sum(session["current"] for session in listed) == 1, listed
    who = people.bearer(walk.ask(who, "POST", "/api/auth/renew").body["token"])
    walk.ask(who, "GET", "/api/auth/me")
    assert walk.ask(cookie, "GET", "/api/auth/me").body["csrf_token"] == browser["csrf_token"]
    number = walk.ask(who, "GET", "/api/auth/me").body["session"]
    walk.ask(cookie, "DELETE", f"/api/auth/sessions/{number}")
    walk.ask(cookie, "DELETE", f"/api/auth/sessions/{number}", expected=404)
    walk.ask(who, "GET", "/api/auth/me", expected=401)
    changed = {"current_password": people.PASSWORD, "new_password": "another Passw0rd! yet"}
    walk.ask(cookie, "POST", "/api/auth/password", changed | {"current_password": "wrong"}, 403)
    walk.ask(cookie, "POST", "/api/auth/password", changed | {"new_password": "short"}, 400)
    walk.ask(cookie, "POST", "/api/auth/password", changed)
    walk.ask({}, "POST", "/api/auth/login", entry, 401)
    walk.ask(cookie, "POST", "/api/auth/logout", {})
    walk.ask(cookie, "GET", "/api/auth/me", expected=401)


def access(walk, admin, viewer):
    body = {"requested_role": "operator", "justification": "on call", "duration_seconds": 300}
    granted, refused = (walk.ask(viewer, "POST", "/api/access-requests", body).body["id"] for _ in range(2))
    own = walk.ask(admin, "POST", "/api/access-requests", body | {"requested_role": "admin"}, 409)
    assert own.body["code"] == "has_role", own
    walk.ask(viewer, "GET", "/api/access-requests")
    walk.ask(viewer, "POST", f"/api/access-requests/{granted}/approve", {}, 403)
    walk.ask(admin, "POST", f"/api/access-requests/{granted}/approve", {"reason": "agreed"})
    walk.ask(admin, "POST", f"/api/access-requests/{granted}/approve", {}, 409)
    walk.ask(admin, "POST", f"/api/access-requests/{refused}/reject", {"reason": "once is enough"})
    walk.ask(admin, "POST", "/api/access-requests/999999/reject", {}, 404)
    walk.ask(admin, "GET", "/api/access-requests")
    assert walk.ask(viewer, "GET", "/api/auth/me").body["grant"]["role"] == "operator"
    walk.ask(viewer, "POST", f"{SERVICE}/restart", {})
    walk.ask(admin, "GET", "/api/users")


def incidents(walk, admin):
    number = walk.ask(admin, "POST", "/api/incidents", {"severity": "P3", "title": "by hand"}).body["id"]
    one = f"/api/incidents/{number}"
    for action, body in (("take", {}), ("notes", {"text": "seen"}), ("updates", {"text": "at work"}), ("acknowledge", {})):
        walk.ask(admin, "POST", f"{one}/{action}", body)
    walk.ask(admin, "PATCH", one, {"severity": "P4", "impact": "none"})
    walk.ask(admin, "GET", one)
    walk.ask(admin, "GET", "/api/incidents/999999", expected=404)


def maintenance(walk, admin):
    window = {"title": "kernel update", "services": ["redis"], "starts_at": in_an_hour(), "duration_minutes": 10,
              "checklist": {"before": ["read the notes"]}}
    one, other = (f"/api/maintenance/{walk.ask(admin, 'POST', '/api/maintenance', window).body['id']}" for _ in range(2))
    walk.ask(admin, "PATCH", one, {"title": "another"})
    walk.ask(admin, "POST", f"{one}/begin", {})
    walk.ask(admin, "POST", f"{one}/extend", {"minutes": 5})
    walk.ask(admin, "POST", f"{one}/checklist", {"item": 1, "done": True})
    walk.ask(admin, "GET", one)
    walk.ask(admin, "POST", f"{one}/end", {})
    walk.ask(admin, "DELETE", other)
    walk.ask(admin, "DELETE", "/api/maintenance/999999", expected=404)


def backups(walk, admin):
    def ended(started):
        return walk.ask(admin, "GET", f"{SERVICE}/backup-status?task={started.body['number']}").body["last"]

    made = ended(walk.ask(admin, "POST", f"{SERVICE}/backups", {"reason": "a walk"}, 202))
    one = f"{SERVICE}/backups/{made['backup']}"
    walk.ask(admin, "GET", one)
    walk.ask(admin, "POST", f"{one}/pin", {"days": 1})
    walk.ask(admin, "DELETE", f"{one}/pin")
    ended(walk.ask(admin, "POST", f"{one}/verify", {}, 202))
    ended(walk.ask(admin, "POST", f"{SERVICE}/backup-drills", {}, 202))
    walk.ask(admin, "GET", f"{SERVICE}/rebuild-sheet")
    begun = walk.ask(admin, "POST", f"{SERVICE}/procedures", {"kind": "config", "name": "hz", "value": "20"}, 202).body
    procedure = f"{SERVICE}/procedures/{begun['number']}"
    walk.ask(admin, "GET", f"{procedure}?wait=true")
    walk.ask(admin, "POST", f"{procedure}/checklist", {"item": 1, "done": True})
    walk.ask(admin, "POST", procedure, {"order": "cancel"}, 202)
    walk.ask(admin, "POST", f"{SERVICE}/backup-prune", {})


def refusals(walk, document, admin, viewer):
    for who, least_refused, status in (({}, "viewer operator admin", 401), (viewer, "admin", 403), (admin, "", 400)):
        for name, least, method, path, body in operations(document):
            if least in least_refused.split() or status == 400:
                walk.refuse(who, method, path, None if body is None else {"nonsense": 1}, status)


def guesses(walk, viewer):
    """Last of all: who has guessed has to wait."""
    for path, body in (("/api/auth/totp", {"current_password": "guess"}),
                       ("/api/auth/login", {"email": people.address_of("admin"), "password": "guess"})):
        wait_until(lambda path=path, body=body: walk.prism.ask("POST", path, body, viewer).status == 429, "429")


def test_another_program_between_client_and_daemon_objects_to_nothing(served):
    people.add_all(served)
    served.unlimited()
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
    document = served.https("GET", "/openapi.json").body
    admin, operator, viewer = (people.bearer(people.login(served, role)["token"]) for role in ("admin", "operator", "viewer"))
    with proxied.Prism(served, document) as prism:
        walk = Walk(prism, document)
        reading(walk, document, admin)
        copies(walk, admin)
        operating(walk, admin)
        users(walk, admin)
        tokens(walk, admin)
        second_factor(walk, operator, people.address_of("operator"))
        access(walk, admin, viewer)
        incidents(walk, admin)
        maintenance(walk, admin)
        backups(walk, admin)
        refusals(walk, document, admin, viewer)
        sessions(walk, people.address_of("operator"))
        guesses(walk, viewer)
        walk.agree()
        walked = {name for name, statuses in walk.answered.items() if statuses & {200, 202, 422}}
        assert {name for _, _, name in walk.rows} - walked == LEFT_OUT.keys(), sorted(walked)
        # It would have objected.
        prism.ask("PATCH", f"{SERVICE}/auto-recovery", {"max_attempts": "many"}, admin)
        assert prism.violations, "a wrong body passed"
