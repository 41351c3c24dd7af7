"""One path, one spelling: what is spelt otherwise reaches no operation."""

from web_client import login, raw, status_of

LISTS = ("//api/services", "/api//services", "/api/./services", "/api/x/../services", "/x/../api/services",
         "/api/services/", "/api/%2e/services", "/api/%73ervices", "/./api/services", "/../api/services",
         "/api%2Fservices", "/api/services;x=1", "/API/services", "/api/Services", "/api/services%20",
         "/api/services%2500", "/api/services%00", "/api\\services", "/api/%2573ervices", "/api/services%3Fx=1",
         "/api/services%23", "/api/services%0d%0aX-Injected:%201", "http://x/api/services")
RESTARTS = ("/api/services/redis//restart", "/api/services//redis/restart", "/api/services/x/../redis/restart",
            "/api/services/redis/./restart", "/api/services/redis/%72estart", "//api/services/redis/restart",
            "/api/services/redis/status/../restart", "/console/../api/services/redis/restart",
            "/healthz/../api/services/redis/restart", "/api/services/redis/restart/", "/api/services/REDIS/restart",
            "/api/services/redis%00/restart", "/api/services/redis/restart;x", "/api/services/redis%2Frestart")


def ask(served, method, path, token):
    return raw(served, f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                       f"Connection: close\r\nContent-Length: 0\r\n\r\n".encode())


def is_page(answer):
    """The console answers what is no path of the API's."""
    return status_of(answer) == 200 and b"Content-Type: text/html" in answer


def test_no_operation_is_reached_by_another_spelling_of_its_path(served):
    admin = login(served)["token"]
    before = served.good("status")["pid"]
    assert b'"items"' in ask(served, "GET", "/api/services", admin)
    for path in LISTS:
        answer = ask(served, "GET", path, admin)
        assert b'"items"' not in answer and b"\nX-Injected" not in answer, (path, answer[:300])
        assert status_of(answer) in (400, 404) or is_page(answer), (path, answer[:300])
    for path in RESTARTS:
        answer = ask(served, "POST", path, admin)
        assert status_of(answer) in (400, 404, 405), (path, answer[:300])
    assert served.good("status")["pid"] == before
    assert not [line for line in served.audit() if line["operation"] == "restart"]
    assert status_of(ask(served, "POST", "/api/services/redis/restart", admin)) == 200
