"""Other spellings of a path: the library makes `//`, `.`, `..` and `%xx` plain before anything is decided, so they are the
same path, with the same rights and limits, and lead nowhere else."""

from web_client import login, raw, status_of

LIST = "/api/services"
RESTART = "/api/services/redis/restart"
# As the library reads them.
SAME_LIST = ("//api/services", "/api//services", "/api/./services", "/api/x/../services", "/x/../api/services",
             "/api/%2e/services", "/api/%73ervices", "/./api/services", "/../api/services", "/api%2Fservices", "/api/services;x=1")
SAME_RESTART = ("/api/services/redis//restart", "/api/services//redis/restart", "/api/services/x/../redis/restart",
                "/api/services/redis/./restart", "/api/services/redis/%72estart", "//api/services/redis/restart",
                "/api/services/redis/status/../restart", "/console/../api/services/redis/restart",
                "/healthz/../api/services/redis/restart")
# Nothing makes these plain.
OTHERS = ("/API/services", "/api/Services", "/api/services%20", "/api/services%2500",
          "/api\\services", "/api/services/redis%00/restart", "/api/services/REDIS/restart", "/api/%2573ervices",
          "/api/services%3Fx=1", "/api/services%23", "/api/services/redis/restart%0d%0aX-Injected:%201")


def ask(served, method, path, token=None):
    login_line = f"Authorization: Bearer {token}\r\n" if token else ""
    return raw(served, f"{method} {path} HTTP/1.1\r\nHost: x\r\n{login_line}"
                       f"Connection: close\r\nContent-Length: 0\r\n\r\n".encode())


def is_page(answer):
    return b"Content-Type: text/html" in answer


def test_another_spelling_of_a_path_has_the_same_rights(served):
    viewer = login(served, "viewer")["token"]
    before = served.good("status")["pid"]
    for path in SAME_LIST:
        answer = ask(served, "GET", path, viewer)
        # The same list, or nothing at all, but no third thing.
        assert status_of(answer) in (400, 404, None) or b'"items"' in answer or is_page(answer), (path, answer[:300])
        assert not (is_page(answer) and b'"items"' in answer), path
    for path in SAME_RESTART:
        assert status_of(ask(served, "POST", path)) in (401, 404, 405), path
        assert status_of(ask(served, "POST", path, viewer)) in (403, 404, 405, 429), path
    for path in OTHERS:
        for method in ("GET", "POST"):
            answer = ask(served, method, path, viewer)
            assert status_of(answer) in (400, 403, 404, 405, 429, None) or is_page(answer), (path, answer[:300])
            assert b'"items"' not in answer and b"\nX-Injected" not in answer, (path, answer[:300])
    assert served.good("status")["pid"] == before
    assert not [line for line in served.audit() if line["operation"] == "restart" and line["result"]
                and line["result"]["success"]]


def test_another_spelling_of_a_path_is_counted_as_the_same(served):
    token = login(served, "viewer")["token"]
    left = []
    for path in ("/api/services/redis/status", "/api//services/redis/status", "/api/services/redis/./status",
                 "/api/services/redis/%73tatus"):
        answer = ask(served, "GET", path, token)
        assert status_of(answer) == 200, (path, answer[:300])
        left.append(int(answer.split(b"X-RateLimit-Remaining: ")[1].split(b"\r")[0]))
    assert left == list(range(left[0], left[0] - len(left), -1)), left
