"""What strangers and wrong programs send: each gets the refusal that says what is wrong, and the daemon goes on."""

import contextlib
import http.client
import json
import ssl
import time

import people
import wire
from daemon import wait_until

JSON = "Content-Type: application/json"
RESTART = "/api/services/redis/restart"
# Headers that every answer has, whatever it says.
ALWAYS = ("x-request-id", "content-security-policy", "x-content-type-options", "referrer-policy")


def admin(served):
    return f"Authorization: Bearer {people.api_token(served, 'admin')['token']}"


def fine(served):
    """It still serves, and nothing was restarted or complained about."""
    assert served.https("GET", "/api/services").status == 200
    assert "web process" not in served.output() and "Sanitizer" not in served.output(), served.output()


def error_of(reply, status, code=None):
    """A refusal: error, message, code and timestamp."""
    assert reply is not None and reply.status == status, (status, reply)
    body = reply.json()
    assert {"error", "message", "code", "timestamp", "request_id"} <= body.keys(), body
    assert code is None or body["code"] == code, body
    assert reply.headers["x-request-id"] == [body["request_id"]], reply
    for name in ALWAYS:
        assert len(reply.headers.get(name, [])) == 1, (name, reply)
    return body


# ── fields ──

WRONG = {
    "string": [5, 1.5, True, [], {}, ["x"]],
    "integer": ["5", "", 1.5, True, [], {}, 10 ** 18],
    "number": ["5", "", True, [], {}, 1e18],
    "boolean": ["true", "", 0, 1, [], {}],
    "object": ["x", 5, True, [], [{}]],
    "array": ["x", 5, True, {}, [5], [None], [[]], ["x"] * 100],
}
IN_QUERY = {"integer": ["abc", "", "1.5", "1e3", "0x10", "-1", "99999999999999999999"],
            "boolean": ["abc", "", "1", "TRUE", "yes"],
            "string": []}


def example(schema):
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date-time":
        return "2025-10-10T14:30:00Z"
    kind = schema.get("type")
    if kind == "integer" or kind == "number":
        return schema["minimum"]
    if kind == "boolean":
        return False
    if kind == "array":
        return ["redis"]
    if kind == "object":
        return {}
    return "x" * max(1, schema.get("minLength", 1))


def wrong_values(schema):
    values = list(WRONG[schema["type"]])
    if schema["type"] == "string":
        if "enum" in schema:
            values += ["", "nonsense"]
        elif schema.get("format") == "date-time":
            values += ["", "yesterday", "2025-13-40T99:99:99Z"]
        else:
            values += ["x" * (schema["maxLength"] + 1)]
            if schema.get("format") != "password":
                values += ["a\u0001b", "a\u001b[31m", "a\u007f"]
    return values


# No setting lifts these limits: at one of them the test goes on as another caller.
FIXED_LIMITS = ("notify", "refresh", "task", "write")


class Admins:
    """An admin who becomes another one at a limit that cannot be lifted."""

    def __init__(self, served):
        self.served = served
        self.next()

    def next(self):
        self.token = people.bearer(people.api_token(self.served, "admin")["token"])

    def ask(self, method, place, body, limit):
        answer = self.served.https(method, place, body, self.token)
        if answer.status == 429 and limit in FIXED_LIMITS:
            self.next()
            answer = self.served.https(method, place, body, self.token)
        return answer


def test_hostile_a_wrong_value_in_any_field_is_named(served):
    served.unlimited()
    admins = Admins(served)
    _, document = served.ask("openapi")
    tried = 0
    for path, item in document["paths"].items():
        place = people.place_of(path)
        for method, operation in item.items():
            if "requestBody" not in operation:
                continue
            limit = operation.get("x-rate-limit")
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            good = {name: example(schema["properties"][name]) for name in schema.get("required", [])}
            for name, field in schema["properties"].items():
                for value in wrong_values(field):
                    answer = admins.ask(method.upper(), place, good | {name: value}, limit)
                    assert answer.status == 400 and f"`{name}`" in answer.body["message"], (path, name, value, answer)
                    tried += 1
            for name in schema.get("required", []):
                less = {key: value for key, value in good.items() if key != name}
                answer = admins.ask(method.upper(), place, less, limit)
                assert answer.status == 400 and f"`{name}`" in answer.body["message"], (path, name, answer)
    assert tried > 200, tried
    fine(served)


def test_hostile_a_wrong_value_in_any_query_is_named(served):
    served.unlimited()
    token = people.bearer(people.api_token(served, "admin")["token"])
    _, document = served.ask("openapi")
    for path, item in document["paths"].items():
        operation = item.get("get", {})
        if operation.get("x-websocket"):
            continue
        place = people.place_of(path, n="1")
        fields = [field for field in operation.get("parameters", []) if field.get("in") == "query"]
        for field in fields:
            needed = "".join(f"&{other['name']}={example(other['schema'])}" for other in fields
                             if other["required"] and other is not field)
            name, schema = field["name"], field["schema"]
            values = IN_QUERY[schema["type"]]
            if "enum" in schema or schema.get("format"):
                values = ["", "nonsense", "2025-99-99"]
            for value in values:
                answer = served.https("GET", f"{place}?{name}={value}{needed}", None, token)
                assert answer.status == 400 and f"`{name}`" in answer.body["message"], (path, name, value, answer)
            for query in (f"{name}=%ff", f"{name}=%0d%0aX-Evil:1", f"{name}", f"{name}=1&{name}=1", f"&{name}=1",
                          f"{name}=1&&nonsense=1", "=1", "="):
                assert served.https("GET", f"{place}?{query}", None, token).status == 400, (path, query)
            for query in (f"{name}=%00", f"{name}=%", f"{name}=%zz", f"{name}=%5"):
                reply = wire.send(served, wire.request("GET", f"{place}?{query}", [f"Authorization: {token['Authorization']}"]))
                assert reply is not None and reply.status == 400, (path, query, reply)
    fine(served)


# ── bodies ──

def test_hostile_a_null_is_as_if_the_field_were_left_out(served):
    people.add_all(served)
    token = people.bearer(people.login(served, "admin")["token"])
    place = "/api/services/redis/auto-recovery"
    before = served.https("GET", place, None, token).body
    nothing = dict.fromkeys(("enabled", "max_attempts", "retry_delay_seconds", "backoff_multiplier", "failure_threshold",
                             "external_stop", "external_stop_grace_seconds", "reason"))
    after = served.https("PATCH", place, nothing, token)
    assert after.status == 200, after
    for name in ("enabled", "max_attempts", "policy"):
        assert after.body[name] == before[name], (name, before, after)


def test_hostile_bodies_that_are_no_object_are_refused(served):
    served.unlimited()
    token = admin(served)
    for body in (b"[]", b"nul", b"1", b'"x"', b"{", b"{}{}", b"{'a':1}", b"<xml/>", b"a=b", b"\xff\xfe{}", b"\xef\xbb\xbf{}",
                 b'{"reason":"\xff"}', b'{"reason":"\xc0\x80"}', b'{"reason":"\\u0000"}', b'{"reason":"\\ud800"}',
                 b'{"reason":"a","reason":"b"}', b'{"reason":"a","re\\u0061son":"b"}', b'{"reason":1e999}',
                 b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}", b"[" * 60000, b'{"a":' * 10000, b"\0" * 100):
        error_of(wire.send(served, wire.request("POST", RESTART, [token, JSON], body)), 400, "bad_input")
    fine(served)


def test_hostile_a_body_is_json_whatever_its_type_unless_a_cookie_brings_it(served):
    people.add_all(served)
    session = people.login(served, "admin")
    token, cookie = f"Authorization: Bearer {session['token']}", f"Cookie: {people.COOKIE}={session['token']}"
    csrf = f"X-CSRF-Token: {session['csrf_token']}"
    body = b'{"nonsense":1}'
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""):
        line = [f"Content-Type: {kind}"] if kind else []
        error_of(wire.send(served, wire.request("POST", RESTART, [token, *line], body)), 400, "bad_input")
        error_of(wire.send(served, wire.request("POST", RESTART, [cookie, csrf, *line], body)), 415)
    for kind in ("application/json", "application/json; charset=utf-8", "Application/JSON"):
        error_of(wire.send(served, wire.request("POST", RESTART, [cookie, csrf, f"Content-Type: {kind}"], body)), 400,
                 "bad_input")


def test_hostile_a_body_may_not_be_larger_than_it_may(served):
    token = admin(served)
    limit = 64 * 1024
    fits = b'{"nonsense":"' + b"x" * (limit - 15) + b'"}'
    assert len(fits) == limit
    error_of(wire.send(served, wire.request("POST", RESTART, [token, JSON], fits)), 400, "bad_input")
    error_of(wire.send(served, wire.request("POST", RESTART, [token, JSON], fits + b" ")), 413)
    announced = f"POST {RESTART} HTTP/1.1\r\nHost: localhost\r\n{token}\r\nContent-Length: 99999999999\r\n\r\n"
    error_of(wire.send(served, announced.encode()), 413)
    fine(served)


def test_hostile_a_get_with_a_body_and_a_post_with_a_query_are_refused(served):
    token = admin(served)
    with_body = f"GET /api/services/redis/logs HTTP/1.1\r\nHost: x\r\n{token}\r\nContent-Length: 2\r\n\r\n" + "{}"
    reply = wire.send(served, with_body.encode())
    # The library may take the two bytes for the next request; the answer to this one is a refusal or without them.
    assert reply is not None and reply.status in (200, 400), reply
    error_of(wire.send(served, wire.request("POST", RESTART + "?force=true", [token, JSON], b"{}")), 400, "bad_input")
    assert served.good("status")["status"] == "running"


# ── HTTP itself ──

def test_hostile_malformed_http_ends_its_connection_and_nothing_else(served):
    for raw in (b"\0" * 1000, b"\xff" * 5000, b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 1000,
                b"GET  /healthz  HTTP/1.1\r\n\r\n", b"get /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /healthz HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
                b"GET /healthz HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n",
                b"GET /healthz HTTP/1.1\r\nHost: x\r\nA\0B: c\r\n\r\n",
                b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n continued\r\n\r\n",
                b"GET http://evil.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"* / HTTP/1.1\r\n\r\n",
                b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 100000 + b"\r\n\r\n",
                b"GET /healthz HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % i for i in range(5000)) + b"\r\n",
                b"GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: " + b"a=b; " * 10000 + b"\r\n\r\n"):
        with contextlib.suppress(TimeoutError):
            reply = wire.send(served, raw + b"\r\n\r\n")
            assert reply is None or reply.status < 500 or reply.status == 501, (raw[:80], reply)
    fine(served)


def test_hostile_lengths_that_do_not_say_one_thing_are_refused(served):
    token = admin(served)
    head = f"POST {RESTART} HTTP/1.1\r\nHost: x\r\n{token}\r\n"
    for lines in ("Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
                  "Transfer-Encoding: gzip, chunked\r\n"):
        reply = wire.send(served, (head + lines + "\r\n2\r\n{}\r\n0\r\n\r\n").encode())
        error_of(reply, 411)
    before = served.good("status")["pid"]
    for lines in ("Content-Length: -2\r\n", "Content-Length: 2x\r\n", "Content-Length: 0x2\r\n", "Content-Length: +2\r\n",
                  "Content-Length: 2, 2\r\n", "Content-Length: 99999999999999999999999\r\n",
                  "Content-Length: 2\r\nContent-Length: 3\r\n"):
        with contextlib.suppress(TimeoutError):
            reply = wire.send(served, (head + lines + '\r\n{"nonsense": 1}').encode())
            assert reply is None or reply.status in (400, 411, 413), (lines, reply)
    assert served.good("status")["pid"] == before
    fine(served)


def test_hostile_a_second_request_hidden_in_a_body_is_not_read(served):
    token = admin(served)
    hidden = wire.request("POST", "/api/services/redis/pause", [token, JSON], b'{"reason":"smuggled"}')
    raw = wire.request("POST", RESTART, [token, JSON], b'{"nonsense":1}' + hidden)
    with contextlib.closing(wire.connect(served)) as connection:
        connection.sendall(raw)
        error_of(wire.read_reply(connection), 400)
    assert served.good("recovery", "status")["state"] != "paused"


def test_hostile_paths_that_climb_lead_nowhere_else(served):
    """Nothing in a path is decoded and nothing is taken out of it: it is one of the paths that are there, or none."""
    for path in ("/api/../api/services", "/api/services/../services", "/api//services", "//api/services",
                 "/api/services/redis/status/", "/api/services/redis%2fstatus", "/api/services/%72edis/status",
                 "/api/services/redis/status%00", "/api/services/./redis/status", "/api/services/redis/status;x",
                 "/api/services/redis\\status", "/api/users/%31", "/openapi.json/", "/healthz/..",
                 "/api/services/redis/../../../../etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "/../../etc/passwd",
                 "/assets/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/%c0%ae%c0%ae/etc/passwd", "/api/services/redis/status%00"):
        reply = wire.send(served, wire.request("GET", path))
        assert reply is not None and reply.status == 404, (path, reply)
    for path in ("/api/services/../audit", "/api//audit", "/%61pi/audit", "/x/../api/audit", "/api/./users", "/api/users;x",
                 "/assets/../api/users", "/api%2fusers", "/healthz/../api/users", "//api/users"):
        reply = wire.send(served, wire.request("GET", path))
        assert reply is not None and reply.status == 404, (path, reply)
    fine(served)


def test_hostile_methods_are_refused_with_those_that_would_do(served):
    for path, method, allow in (("/api/services", "POST", "GET"), (RESTART, "GET", "POST"),
                                ("/api/services/redis/auto-recovery", "DELETE", "GET, PATCH"),
                                ("/api/users", "PUT", "GET, POST"), ("/healthz", "OPTIONS", "GET"),
                                ("/api/users/1", "GET", "PATCH")):
        reply = wire.send(served, wire.request(method, path))
        error_of(reply, 405)
        assert reply.headers["allow"] == [allow], reply


# ── what is echoed ──

def test_hostile_nothing_that_is_sent_becomes_a_header(served):
    token = admin(served)
    evil = "x%0d%0aX-Evil:%201%0d%0a%0d%0a<script>"
    for line in (wire.request("GET", f"/api/services/{evil}/status", [token]),
                 wire.request("GET", f"/api/services/redis/logs?level={evil}", [token]),
                 wire.request("GET", f"/{evil}", [token]),
                 wire.request("GET", f"/api/audit?cursor={evil}", [token]),
                 wire.request("GET", "/api/services/redis/status", [token, "X-Request-Id: evil\x0bX-Evil: 1"]),
                 wire.request("GET", "/api/services/redis/status", [token, "X-Request-Id: <script>alert(1)</script>"]),
                 wire.request("GET", "/api/services/redis/status", [token, "Origin: https://evil.example"]),
                 wire.request("GET", "/healthz", ["Host: evil.example", "X-Forwarded-Host: evil.example"])):
        reply = wire.send(served, line)
        assert reply is not None, line
        text = json.dumps(reply.headers)
        assert "x-evil" not in reply.headers and "evil" not in text and "script" not in text.lower(), (line, reply)
    # What is said in the body is JSON, and its type cannot be taken for a page.
    made = served.https("PATCH", "/api/users/999999", {"role": "x\r\nX-Evil: 1<script>"},
                        people.bearer(token.split()[-1]))
    assert made.status == 400 and "X-Evil" not in made.headers and made.headers["Content-Type"] == "application/json"
    assert made.headers["X-Content-Type-Options"] == "nosniff"


def test_hostile_what_was_stored_comes_back_as_text_and_nothing_else(served):
    """Everything that people may write freely, read again wherever it is told."""
    people.add_all(served)
    evil = 'a\nX-Evil: 1\n\n<script>evil()</script>\t"}\\ resus_services 7'
    sessions = {role: people.bearer(people.login(served, role)["token"]) for role in people.ROLES}
    access = {"requested_role": "operator", "justification": evil, "duration_seconds": 300}
    for who, path, body in (("admin", "/api/services/redis/pause", {"reason": evil, "for_seconds": 60}),
                            ("admin", RESTART, {"reason": evil}), ("admin", "/api/notifications", {"message": evil}),
                            ("admin", "/api/tokens", {"name": evil, "role": "viewer"}),
                            ("viewer", "/api/access-requests", access)):
        answer = served.https("POST", path, body, sessions[who])
        assert answer.status == 200 and answer.headers["X-Evil"] is None, (path, answer)
    for turned in ("\u2028", "\u202e", "\u009b"):
        refused = served.https("POST", RESTART, {"reason": evil + turned}, sessions["admin"])
        assert refused.status == 400 and "control characters" in refused.body["message"], refused
    refused = served.https("POST", "/api/users", {"email": evil, "role": "viewer", "password": people.PASSWORD}, sessions["admin"])
    assert refused.status == 400, refused
    told = set()
    for path in ("/api/services", "/api/services/redis/status", "/api/services/redis/health", "/api/services/redis/events",
                 "/api/services/redis/auto-recovery", "/api/services/redis/explain", "/api/services/redis/metrics",
                 "/api/services/redis/bundle", "/api/audit", "/api/audit/report?kind=daily", "/api/tokens",
                 "/api/access-requests"):
        answer = served.https("GET", path, None, sessions["admin"])
        assert answer.status == 200 and answer.headers["X-Evil"] is None, (path, answer)
        assert answer.headers["Content-Type"] == "application/json", (path, answer.headers)
        if json.dumps(evil)[1:-1] in json.dumps(answer.body):
            told.add(path)
    assert {"/api/services/redis/status", "/api/services/redis/events", "/api/tokens", "/api/access-requests"} <= told, told
    # The audit file keeps no control characters at all.
    lines = served.https("GET", "/api/audit?format=lines", None, sessions["admin"]).body
    reasons = [json.loads(line)["reason"] or "" for line in lines.split("\n") if line]
    assert any("evil()" in reason for reason in reasons) and not any("\n" in reason for reason in reasons), lines
    figures = served.https("GET", "/metrics", None, sessions["admin"]).body
    assert "evil" not in figures and "resus_services 7" not in figures, figures
    # In the log of the daemon it begins no line of its own.
    assert not [line for line in served.output().splitlines() if line.startswith("X-Evil")], served.output()


def test_hostile_no_answer_opens_the_api_to_other_sites(served):
    token = admin(served)
    for line in (wire.request("GET", "/api/services", [token, "Origin: https://evil.example"]),
                 wire.request("GET", "/api/services", ["Origin: null"]),
                 wire.request("OPTIONS", RESTART, ["Origin: https://evil.example", "Access-Control-Request-Method: POST"])):
        reply = wire.send(served, line)
        assert not [name for name in reply.headers if name.startswith("access-control-")], reply


# ── other sites ──

def test_hostile_another_site_cannot_use_the_cookie(served):
    people.add_all(served)
    session = people.login(served, "admin")
    own = f"https://127.0.0.1:{served.https_port}"
    good = people.cookie(session) | {"Host": f"127.0.0.1:{served.https_port}"}
    for origin in ("https://evil.example", "null", "http://127.0.0.1", f"{own}.evil.example", f"{own}0", own.upper() + "@x"):
        answer = served.https("POST", RESTART, {"nonsense": 1}, good | {"Origin": origin})
        assert (answer.status, answer.body["code"]) == (403, "cross_site"), (origin, answer)
    assert served.https("POST", RESTART, {"nonsense": 1}, good | {"Origin": own}).status == 400
    # A cookie twice is not chosen between, and one of another name is none.
    token = session["token"]
    for value in (f"{people.COOKIE}={token}; {people.COOKIE}=x", f"resus={token}", f"{people.COOKIE.lower()}={token}"):
        assert served.https("GET", "/api/auth/me", None, {"Cookie": value}).status == 401, value


def test_hostile_another_site_logs_nobody_in(served):
    """A user who is logged in as another one unawares reveals to that one what he does."""
    people.add_all(served)
    body = {"email": people.address_of("viewer"), "password": people.PASSWORD}
    for origin in ("https://evil.example", "null"):
        answer = served.https("POST", "/api/auth/login", body, {"Origin": origin, "Content-Type": "text/plain"})
        assert (answer.status, answer.body["code"]) == (403, "cross_site"), answer
        assert "Set-Cookie" not in answer.headers, answer.headers
    own = {"Origin": f"https://127.0.0.1:{served.https_port}"}
    for headers in (own, own | {"Cookie": f"{people.COOKIE}=old"}, {}):
        assert served.https("POST", "/api/auth/login", body, headers).status == 200, headers


def upgrade(path, *lines):
    return wire.request("GET", path, ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *lines])


def test_hostile_websockets_open_for_those_who_may_and_no_other_site(served):
    people.add_all(served)
    sessions = {role: people.login(served, role) for role in people.ROLES}
    status, logs = "/ws/services/redis/status", "/ws/services/redis/logs"
    viewer = f"Authorization: Bearer {sessions['viewer']['token']}"
    root = f"Authorization: Bearer {sessions['admin']['token']}"
    cookie = f"Cookie: {people.COOKIE}={sessions['admin']['token']}"
    for expected, raw in (
            (401, upgrade(status)), (401, upgrade(status, "Authorization: Bearer x")), (101, upgrade(status, viewer)),
            (403, upgrade(logs, viewer)), (101, upgrade(logs, root)), (401, upgrade(status + "?token=x")),
            (101, upgrade(f"{status}?token={sessions['viewer']['token']}")),
            (400, upgrade(f"{status}?token={sessions['viewer']['token']}&token=x")),
            (400, upgrade(f"{status}?since=abc", viewer)), (400, upgrade(f"{status}?nonsense=1", viewer)),
            (404, upgrade("/ws/services/nobody/status", viewer)), (404, upgrade("/ws/services/redis/nothing", viewer)),
            (403, upgrade(status, cookie, "Origin: https://evil.example")),
            (101, upgrade(status, viewer, "Origin: https://evil.example")),  # no browser adds that header by itself
            (401, upgrade(status, "Origin: https://evil.example", "Authorization: Bearer x")),
            (101, upgrade(status, cookie, "Origin: https://localhost")),
            (400, wire.request("GET", status, [viewer]))):
        reply = wire.send(served, raw)
        assert reply is not None and reply.status == expected, (expected, raw[:200], reply)
    for role, session in sessions.items():
        assert session["token"] not in served.output(), role
    fine(served)


# ── TLS, time ──

def test_hostile_old_tls_and_plain_http_are_not_spoken(served):
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with contextlib.suppress(ValueError):
            try:
                wire.connect(served, minimum_version=version, maximum_version=version).close()
            except (ssl.SSLError, ConnectionError):
                continue
            raise AssertionError(f"{version} was spoken")
    plain = http.client.HTTPConnection("127.0.0.1", served.https_port, timeout=20)
    with contextlib.closing(plain):
        try:
            plain.request("GET", "/healthz")
            assert plain.getresponse().status >= 300
        except (http.client.HTTPException, ConnectionError):
            pass
    fine(served)


def test_hostile_an_unknown_user_takes_as_long_as_a_wrong_password(served):
    people.add_all(served)

    def took(email):
        began = time.monotonic()
        answer = served.https("POST", "/api/auth/login", {"email": email, "password": "not the right one"})
        assert answer.status == 401 and answer.body["code"] == "invalid_credentials", answer
        return time.monotonic() - began, answer.body["message"]

    known, unknown = [took(people.address_of("viewer")) for _ in range(3)], [took("nobody@example.org") for _ in range(3)]
    assert {text for _, text in known} == {text for _, text in unknown}
    # A hash takes tens of milliseconds and more; leaving it out would show by a factor, not by noise.
    assert min(unknown)[0] > min(known)[0] / 3, (known, unknown)


def test_hostile_guessing_is_slowed_down_and_told_when_to_go_on(served):
    people.add_all(served)

    def guess():
        return served.https("POST", "/api/auth/login", {"email": people.address_of("admin"), "password": "guess"})

    answer = wait_until(lambda: (a := guess()).status == 429 and a, "the end of patience")
    assert answer.body["retry_after_seconds"] > 0 and int(answer.headers["Retry-After"]) > 0, answer
    right = served.https("POST", "/api/auth/login", {"email": people.address_of("admin"), "password": people.PASSWORD})
    assert right.status == 429, right
