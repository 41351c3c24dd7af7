"""The OpenAPI document against validators of others, and real answers against the document."""

import node
from daemon import wait_until

# What a call needs that has fields without which there is no answer.
NEEDED = {"preflight": {"operation": "restart"}, "inspect": {"what": "info"}, "audit_report": {"kind": "daily"}}
# text/plain, or a stream that does not end.
NO_JSON = {"prometheus"}


def agree(served, document, answers):
    problems = node.check_openapi(served, document, answers)
    assert problems == "", problems


def reading_operations(document):
    """[(path, operation)] of every GET that answers with JSON."""
    return [(path, item["get"]) for path, item in document["paths"].items()
            if "get" in item and not item["get"].get("x-websocket") and item["get"]["operationId"] not in NO_JSON]


def asked(served, path, operation, args):
    service = "redis" if "{id}" in path else None
    status, body = served.ask(operation["operationId"], service, **args)
    return {"path": path, "method": "GET", "status": status, "body": body}


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
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
    served.good("restart", "--reason", "test")
    _, document = served.ask("openapi")
    answers = []
    for path, operation in reading_operations(document):
        answers.append(asked(served, path, operation, NEEDED.get(operation["operationId"], {})))
    for what in ("slowlog", "clients", "bigkeys", "commandstats"):
        answers.append(asked(served, "/api/services/{id}/inspect/{what}",
                             document["paths"]["/api/services/{id}/inspect/{what}"]["get"], {"what": what}))
    answers = [a for a in answers if a["body"].get("message") != "Not available here."]
    bad = [a for a in answers if a["status"] != 200]
    assert not bad, bad
    agree(served, document, answers)


def test_every_changing_answer_and_refusal_is_as_the_document_says(served):
    _, document = served.ask("openapi")
    answers = []

    def note(path, method, *words, **args):
        status, body = served.ask(*words, **args)
        answers.append({"path": path, "method": method, "status": status, "body": body})
        return status

    service = "/api/services/{id}"
    assert note(f"{service}/stop", "POST", "stop", "redis") == 400
    assert note(f"{service}/stop", "POST", "stop", "redis", confirmation=True, reason="test") == 200
    assert note(f"{service}/status", "GET", "status", "redis") == 200
    assert note(f"{service}/start", "POST", "start", "redis") == 200
    assert note(f"{service}/restart", "POST", "restart", "redis") == 200
    note(f"{service}/reload", "POST", "reload", "redis")
    assert note(f"{service}/restart", "POST", "restart", "nobody") == 404
    assert note(f"{service}/restart", "POST", "restart", "redis", force="yes") == 400
    assert note(f"{service}/refresh", "POST", "refresh", "redis") == 200
    assert note(f"{service}/auto-recovery", "PATCH", "recovery_set", "redis", max_attempts=5) == 200
    assert note(f"{service}/auto-recovery", "PATCH", "recovery_set", "redis", max_attempts=50) == 400
    assert note(f"{service}/reset-circuit-breaker", "POST", "recovery_reset", "redis") == 200
    assert note(f"{service}/pause", "POST", "pause", "redis", reason="test") == 200
    assert note(f"{service}/auto-recovery", "GET", "recovery_status", "redis") == 200
    assert note(f"{service}/resume", "POST", "resume", "redis") == 200
    agree(served, document, answers)


def test_readiness_says_what_is_missing(served):
    assert served.ask("healthz") == (200, {"status": "ok"})
    assert served.ask("readyz") == (200, {"status": "ok"})
