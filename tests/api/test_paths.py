"""Other spellings of a path: nothing makes `//`, `.`, `..` and `%xx` plain, so they are no path at all."""

from web_client import login, raw, status_of

LIST = "/api/services"
RESTART = "/api/services/redis/restart"
# As a reader that makes them plain would have them.
SAME_LIST = ("//api/services", "/api//services", "/api/./services", "/api/x/../services", "/x/../api/services",
             "/api/%2e/services", "/api/%73ervices", "/./api/services", "/../api/services", "/api%2Fservices", "/api/services;x=1")
SAME_RESTART = ("/api/services/redis//restart", "/api/services//redis/restart", "/api/services/x/../redis/restart",
                "/api/services/redis/./restart", "/api/services/redis/%72estart", "//api/services/redis/restart",
                "/api/services/redis/status/../restart", "/console/../api/services/redis/restart",
                "/healthz/../api/services/redis/restart")
# Nobody would make these plain.
OTHERS = ("/API/services", "/api/Services", "/api/services%20", "/api/services%2500",
          "/api\\services", "/api/services/redis%00/restart", "/api/services/REDIS/restart", "/api/%2573ervices",
          "/api/services%3Fx=1", "/api/services%23", "/api/services/redis/restart%0d%0aX-Injected:%201")


def ask(served, method, path, token=None):
    login_line = f"Authorization: Bearer {token}\r\n" if token else ""
    return raw(served, f"{method} {path} HTTP/1.1\r\nHost: x\r\n{login_line}"
                       f"Connection: close\r\nContent-Length: 0\r\n\r\n".encode())


def is_page(answer):
    return b"Content-Type: text/html" in answer


def test_another_spelling_of_a_path_is_none(served):
    viewer = login(served, "viewer")["token"]
    before = served.good("status")["pid"]
    for path in SAME_LIST:
        assert status_of(ask(served, "GET", path, viewer)) == 404, path
    for path in SAME_RESTART:
        for token in (None, viewer):
            assert status_of(ask(served, "POST", path, token)) == 404, path
    for path in OTHERS:
        for method in ("GET", "POST"):
            answer = ask(served, method, path, viewer)
            assert status_of(answer) in (400, 403, 404, 405, 429, None) or is_page(answer), (path, answer[:300])
            assert b'"items"' not in answer and b"\nX-Injected" not in answer, (path, answer[:300])
    assert served.good("status")["pid"] == before
    assert not [line for line in served.audit() if line["operation"] == "restart" and line["result"]
                and line["result"]["success"]]


def test_another_spelling_of_a_path_goes_round_no_limit(served):
    token = login(served, "viewer")["token"]
    left = []
    for path in ("/api/services/redis/status", "/api//services/redis/status", "/api/services/redis/./status",
                 "/api/services/redis/%73tatus", "/api/services/redis/status"):
        answer = ask(served, "GET", path, token)
        if path == "/api/services/redis/status":
            left.append(int(answer.split(b"X-RateLimit-Remaining: ")[1].split(b"\r")[0]))
        else:
            assert status_of(answer) == 404 and b"X-RateLimit" not in answer, (path, answer[:300])
    assert left == [left[0], left[0] - 1], left
