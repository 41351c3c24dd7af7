"""The OpenAPI document against validators of others, and real answers against the document."""

import gzip
import os
import signal
import subprocess
import time

import node
import people
from daemon import wait_until

# What a call needs that has fields without which there is no answer.
NEEDED = {"backup_elsewhere": {"target": "nas"}, "preflight": {"operation": "restart"}, "audit_report": {"kind": "daily"}}
# A text, a stream that does not end, or of a number that has to be made first (below).
NO_JSON = {"prometheus", "incident_postmortem", "alert", "incident", "maintenance_show", "calendar", "link_show",
           "restore_show", "procedure"}


def agree(served, document, answers):
    problems = node.check_openapi(served, document, answers)
    assert problems == "", problems


def reading_operations(document):
    """[(path, operation)] of every GET that answers with JSON."""
    return [(path, item["get"]) for path, item in document["paths"].items()
            if "get" in item and not item["get"].get("x-websocket") and item["get"]["operationId"] not in NO_JSON]


def in_an_hour():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))


def shown(path, what="info", backup=""):
    return path.replace("{id}", "redis").replace("{what}", what).replace("{b}", backup)


class Notes:
    """Asks over HTTPS and keeps what was answered, to be held against the document."""

    def __init__(self, served, headers):
        self.served, self.headers, self.answers = served, headers, []
        self.document = served.https("GET", "/openapi.json").body

    def ask(self, method, path, body=None, place=None, query="", expected=200):
        answer = self.served.https(method, (place or shown(path)) + query, body, self.headers)
        assert answer.status == expected, (method, path, body, answer)
        self.answers.append({"path": path, "method": method, "status": answer.status, "body": answer.body})
        return answer.body

    def agree(self):
        agree(self.served, self.document, self.answers)


def test_others_find_the_document_valid(served):
    status, document = served.ask("openapi")
    assert status == 200 and document["openapi"].startswith("3.1")
    agree(served, document, [])


def test_a_wrong_document_or_answer_would_be_found(served):
    _, document = served.ask("openapi")
    answer = {"path": "/version", "method": "GET", "status": 200, "body": {"name": "resus", "version": 5, "new": 1}}
    found = node.check_openapi(served, document, [answer])
    assert "/version must be string" in found and '"new"' in found, found
    del document["info"]["title"]
    assert "the document" in node.check_openapi(served, document, [])


def test_every_reading_answer_is_as_the_document_says(served):
    people.add_all(served)
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
    served.good("restart", "--reason", "test")
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy again")
    served.ask("token_add", name="listed", role="viewer", services=["redis"])
    (served.folder / "nas").mkdir()
    served.settings["backup"] = {"copies": [{"name": "nas", "type": "folder", "path": str(served.folder / "nas")}]}
    served.write_settings()
    served.hang_up()
    wait_until(lambda: served.good("backup", "status")["copies"], "the reload")
    backup = served.good("backup", "create")["backup"]
    assert served.run("backup", "copy").returncode == 0
    everything = Notes(served, people.bearer(people.login(served, "admin")["token"]))
    for path, operation in reading_operations(everything.document):
        needed = NEEDED.get(operation["operationId"], {})
        query = "?" + "&".join(f"{name}={value}" for name, value in needed.items()) if needed else ""
        alone = path.startswith("/api/fleet")
        everything.ask("GET", path, place=shown(path, backup=backup), query=query, expected=404 if alone else 200)
    for what in ("slowlog", "clients", "bigkeys", "commandstats"):
        everything.ask("GET", "/api/services/{id}/inspect/{what}", place=shown("/api/services/{id}/inspect/{what}", what))
    for operation in ("start", "stop"):
        everything.ask("GET", "/api/services/{id}/preflight", query=f"?operation={operation}")
    everything.agree()
    nobody = Notes(served, {})
    for path, operation in reading_operations(nobody.document):
        nobody.ask("GET", path, place=shown(path, backup=backup), query="?operation=restart" if "preflight" in path else "",
                   expected=200 if operation["x-least-role"] == "anonymous" else 401)
    nobody.agree()


def test_every_changing_answer_and_refusal_is_as_the_document_says(served):
    people.add_all(served)
    notes = Notes(served, people.bearer(people.login(served, "admin")["token"]))
    service = "/api/services/{id}"
    notes.ask("POST", f"{service}/stop", {}, expected=400)
    notes.ask("POST", f"{service}/stop", {"confirmation": True, "reason": "test"})
    notes.ask("GET", f"{service}/status")
    notes.ask("POST", f"{service}/start", {})
    notes.ask("POST", f"{service}/restart", {})
    notes.ask("POST", f"{service}/restart", {}, place="/api/services/nobody/restart", expected=404)
    notes.ask("POST", f"{service}/restart", {"force": "yes"}, expected=400)
    notes.ask("POST", f"{service}/refresh", {})
    notes.ask("PATCH", f"{service}/auto-recovery", {"max_attempts": 5})
    notes.ask("PATCH", f"{service}/auto-recovery", {"max_attempts": 50}, expected=400)
    notes.ask("POST", f"{service}/reset-circuit-breaker", {})
    notes.ask("POST", f"{service}/pause", {"reason": "test"})
    notes.ask("GET", f"{service}/auto-recovery")
    notes.ask("POST", f"{service}/resume", {})
    notes.ask("POST", "/api/notifications", {"message": "test"})
    notes.agree()


def test_every_answer_about_accounts_is_as_the_document_says(served):
    people.add_all(served)
    notes = Notes(served, people.bearer(people.login(served, "admin")["token"]))
    notes.ask("POST", "/api/auth/login", {"email": people.address_of("viewer"), "password": people.PASSWORD})
    notes.ask("POST", "/api/auth/login", {"email": people.address_of("viewer"), "password": "wrong"}, expected=401)
    added = notes.ask("POST", "/api/users", {"email": "new@example.org", "role": "viewer", "password": people.PASSWORD})
    notes.ask("POST", "/api/users", {"email": "new@example.org", "role": "viewer", "password": people.PASSWORD},
              expected=409)
    notes.ask("PATCH", "/api/users/{n}", {"role": "operator"}, place=f"/api/users/{added['id']}")
    notes.ask("PATCH", "/api/users/{n}", {"role": "operator"}, place="/api/users/999999", expected=404)
    token = notes.ask("POST", "/api/tokens", {"name": "n", "role": "viewer", "services": ["redis"]})
    notes.ask("PATCH", "/api/tokens/{n}", {"role": "operator"}, place=f"/api/tokens/{token['id']}")
    notes.ask("DELETE", "/api/tokens/{n}", place=f"/api/tokens/{token['id']}")
    notes.ask("POST", "/api/auth/totp", {"current_password": people.PASSWORD})
    notes.ask("POST", "/api/auth/totp/confirm", {"totp": "000000"}, expected=400)
    viewer = Notes(served, people.bearer(people.login(served, "viewer")["token"]))
    asked = [viewer.ask("POST", "/api/access-requests", {"requested_role": "operator", "justification": "test",
                                                          "duration_seconds": 600})]
    notes.ask("POST", "/api/access-requests/{n}/approve", {}, place=f"/api/access-requests/{asked[0]['id']}/approve")
    viewer.ask("GET", "/api/auth/me")
    viewer.ask("GET", "/api/access-requests")
    viewer.ask("GET", "/api/users", expected=403)
    viewer.ask("POST", "/api/auth/password", {"current_password": people.PASSWORD, "new_password": "x"}, expected=400)
    viewer.ask("POST", "/api/auth/password", {"current_password": people.PASSWORD, "new_password": "another Passw0rd! yet"})
    viewer.ask("POST", "/api/auth/logout", {})
    notes.ask("GET", "/api/users")
    notes.agree()
    viewer.agree()


def test_every_answer_about_restores_is_as_the_document_says(served):
    people.add_all(served)
    served.redis("SET", "a", "1")
    backup = served.good("backup", "create")["backup"]
    notes = Notes(served, people.bearer(people.login(served, "admin")["token"]))
    service, one = "/api/services/{id}", f"/api/services/redis/backups/{backup}"
    notes.ask("POST", f"{service}/backups/{{b}}/plan", {"method": "keys", "match": "a*"}, place=f"{one}/plan")
    notes.ask("POST", f"{service}/backups/{{b}}/plan", {"method": "magic"}, place=f"{one}/plan", expected=400)
    notes.ask("POST", f"{service}/backups/{{b}}/restore", {}, place=f"{one}/restore", expected=400)
    notes.ask("POST", f"{service}/backups/{{b}}/restore", {"to": "nobody"}, place=f"{one}/restore", expected=404)
    whole = {"confirmation": "redis", "unguarded": True}
    begun = notes.ask("POST", f"{service}/backups/{{b}}/restore", whole, place=f"{one}/restore", expected=202)
    number = f"/api/services/redis/restores/{begun['number']}"
    wait_until(lambda: notes.ask("GET", f"{service}/restores/{{n}}", place=number, query="?wait=1")["state"] == "done", "done")
    notes.ask("GET", f"{service}/restores/{{n}}", place="/api/services/redis/restores/99", expected=404)
    for path, status in (("cancel", 409), ("resume", 409), ("undo", 202)):
        notes.ask("POST", f"{service}/restores/{{n}}/{path}", {}, place=f"{number}/{path}", expected=status)
    wait_until(lambda: notes.ask("GET", f"{service}/restores/{{n}}", place=number, query="?wait=1")["state"] == "undone", "undone")
    served.redis("CONFIG", "SET", "maxmemory", "1mb")
    notes.ask("POST", f"{service}/backups/{{b}}/restore", whole, place=f"{one}/restore", expected=422)
    notes.ask("GET", f"{service}/restores")
    notes.agree()


def test_every_answer_about_drills_and_procedures_is_as_the_document_says(served):
    people.add_all(served)
    served.good("backup", "create")
    served.good("backup", "drill")
    notes = Notes(served, people.bearer(people.login(served, "admin")["token"]))
    service, here = "/api/services/{id}", "/api/services/redis"
    for path in ("backup-drills", "rebuild-sheet", "backup-status", "procedures"):
        notes.ask("GET", f"{service}/{path}", place=f"{here}/{path}")
    notes.ask("POST", f"{service}/procedures", {"kind": "config", "name": "dir", "value": "/"}, place=f"{here}/procedures", expected=409)
    begun = notes.ask("POST", f"{service}/procedures", {"kind": "config", "name": "hz", "value": "20"}, place=f"{here}/procedures", expected=202)
    one = f"{here}/procedures/{begun['number']}"
    wait_until(lambda: notes.ask("GET", f"{service}/procedures/{{n}}", place=one, query="?wait=true")["phase"] == "ready", "its checks")
    notes.ask("GET", f"{service}/procedures/{{n}}", place=f"{here}/procedures/99", expected=404)
    notes.ask("POST", f"{service}/procedures/{{n}}/checklist", {"item": 1, "done": True}, place=f"{one}/checklist")
    notes.ask("POST", f"{service}/procedures/{{n}}", {"order": "undo"}, place=one, expected=409)
    notes.ask("POST", f"{service}/procedures/{{n}}", {"order": "cancel"}, place=one, expected=202)
    notes.ask("GET", f"{service}/procedures", place=f"{here}/procedures")
    notes.agree()


def test_every_answer_about_alerts_is_as_the_document_says(served):
    people.add_all(served)
    served.settings["auto_recovery"]["enabled"] = False
    served.settings["alerts"] = {"resolve_after_seconds": 1}
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "config: reloaded" in served.output(), "the reload")
    os.kill(served.good("status")["pid"], signal.SIGKILL)
    alert, = wait_until(lambda: [a for a in served.good("alert", "list")["items"] if a["state"] == "firing"], "the alert")
    incident, = wait_until(lambda: served.good("incident", "list")["items"], "the incident")
    notes = Notes(served, people.bearer(people.login(served, "admin")["token"]))
    one, own = f"/api/alerts/{alert['id']}", f"/api/incidents/{incident['id']}"
    notes.ask("GET", "/api/alerts/{n}", place=one)
    notes.ask("GET", "/api/alerts/{n}", place="/api/alerts/999999", expected=404)
    notes.ask("POST", "/api/alerts/{n}/acknowledge", {"note": "on my way"}, place=f"{one}/acknowledge")
    for action, body in (("take", {}), ("notes", {"text": "seen"}), ("updates", {"text": "at work", "next_minutes": 5}),
                         ("acknowledge", {})):
        notes.ask("POST", "/api/incidents/{n}/" + action, body, place=f"{own}/{action}")
    notes.ask("PATCH", "/api/incidents/{n}", {"severity": "P2", "impact": "none"}, place=own)
    notes.ask("PATCH", "/api/incidents/{n}", {"status": "closed"}, place=own, expected=409)
    notes.ask("GET", "/api/incidents/{n}", place=own)
    notes.ask("GET", "/api/incidents", query="?state=all")
    notes.ask("GET", "/api/alerts", query="?state=all&service=redis")
    notes.ask("POST", "/api/incidents", {"severity": "P3", "title": "by hand"})
    notes.ask("POST", "/api/notifications/test", {}, expected=409)
    notes.agree()
    review = served.https("GET", f"{own}/postmortem", headers=notes.headers)
    assert review.headers["Content-Type"].startswith("text/markdown") and "# Incident" in review.body, review


def test_every_answer_about_maintenance_is_as_the_document_says(served):
    people.add_all(served)
    notes = Notes(served, people.bearer(people.login(served, "admin")["token"]))
    window = {"title": "kernel update", "services": ["redis"], "starts_at": in_an_hour(), "duration_minutes": 10,
              "checklist": {"before": ["read the notes"]}}
    one, other = (f"/api/maintenance/{notes.ask('POST', '/api/maintenance', window)['id']}" for _ in range(2))
    notes.ask("GET", "/api/maintenance/{n}", place=one)
    notes.ask("GET", "/api/maintenance/{n}", place="/api/maintenance/999999", expected=404)
    notes.ask("PATCH", "/api/maintenance/{n}", {"title": "another"}, place=one)
    notes.ask("POST", "/api/maintenance/{n}/begin", {}, place=f"{one}/begin")
    notes.ask("POST", "/api/maintenance/{n}/extend", {"minutes": 5}, place=f"{one}/extend")
    notes.ask("POST", "/api/maintenance/{n}/checklist", {"item": 1, "done": True}, place=f"{one}/checklist")
    notes.ask("GET", "/api/services/{id}/status")
    notes.ask("POST", "/api/maintenance/{n}/end", {}, place=f"{one}/end")
    notes.ask("POST", "/api/maintenance/{n}/begin", {}, place=f"{one}/begin", expected=409)
    notes.ask("DELETE", "/api/maintenance/{n}", place=other)
    notes.ask("GET", "/api/maintenance")
    notes.agree()


def test_services_that_depend_on_redis_are_in_the_document_wherever_they_are_told(served):
    served.settings["services"]["redis"]["affected_services"] = [{"name": "backend", "url": "http://127.0.0.1:1/"}, "cache"]
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "reloaded" in served.output(), "the reload")
    people.add_all(served)
    notes = Notes(served, people.bearer(people.login(served, "admin")["token"]))
    nobody = Notes(served, {})
    shapes = notes.document["components"]["schemas"]
    service = "/api/services/{id}"
    for body, shape in ((notes.ask("GET", f"{service}/status"), "Status"),
                        (nobody.ask("GET", f"{service}/status"), "LimitedStatus"),
                        (notes.ask("POST", f"{service}/restart", {}), "Result")):
        assert [one["name"] for one in body["affected_services"]] == ["backend", "cache"], body
        assert "affected_services" in shapes[shape]["properties"], shape
    refused = notes.ask("POST", f"{service}/stop", {}, expected=400)
    assert refused["affected_services"] == ["backend", "cache"], refused
    notes.agree()
    nobody.agree()


def test_readiness_says_what_is_missing(served):
    assert served.ask("healthz") == (200, {"status": "ok"})
    assert served.ask("readyz") == (200, {"status": "ok"})


def test_openapi_is_packed_for_clients_that_read_gzip(served):
    def fetched(*options):
        done = subprocess.run(["curl", "-s", "--cacert", str(served.certificate), *options,
                               f"https://127.0.0.1:{served.https_port}/openapi.json"], capture_output=True, check=True)
        return done.stdout
    plain = fetched()
    for _ in range(2):  # the second answer is the one that was kept
        packed = fetched("-H", "Accept-Encoding: gzip")
        assert len(packed) < len(plain) / 4 and gzip.decompress(packed) == plain, (len(packed), len(plain))
    assert fetched("-H", "Accept-Encoding: gzip;q=0") == plain


def test_openapi_names_the_time_that_a_search_for_big_keys_takes_at_most(served):
    walks = [each["x-budget-ms"] for methods in served.ask("openapi")[1]["paths"].values() for each in methods.values() if "x-budget-ms" in each]
    assert walks == [5000], walks
