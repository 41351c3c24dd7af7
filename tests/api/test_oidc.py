"""Tokens of a login server elsewhere: which are taken, as whom, and everything that is refused. The server is played by
keys that openssl makes."""

import base64
import contextlib
import hashlib
import hmac
import json
import subprocess
import time

import people
from daemon import wait_until
from test_remote import Played
from web_client import Refused, WebSocket

ISSUER, AUDIENCE = "https://login.example.org/realms/ops", "resus"
ON = "/api/services/redis"


def _openssl(*words, text=None):
    return subprocess.run(["openssl", *words], input=text, check=True, capture_output=True).stdout


def _b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Key:
    """A pair with its public half as JWK."""

    def __init__(self, kid, kind="EC", bits=2048):
        self.kid, self.kind = kid, kind
        wanted = (["EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "EC"
                  else ["RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"])
        self.private = _openssl("genpkey", "-algorithm", *wanted).decode()
        self.public = _openssl("pkey", "-pubout", text=self.private.encode())

    def jwk(self, **other):
        if self.kind == "EC":
            point = _openssl("pkey", "-pubin", "-pubout", "-outform", "DER", text=self.public)[-64:]
            parts = {"crv": "P-256", "x": _b64(point[:32]), "y": _b64(point[32:])}
        else:
            modulus = _openssl("rsa", "-pubin", "-noout", "-modulus", text=self.public).decode().strip().split("=")[1]
            parts = {"n": _b64(bytes.fromhex(modulus)), "e": "AQAB"}
        return {"kty": self.kind, "kid": self.kid, "use": "sig"} | parts | other

    def token(self, served, claims=None, **header):
        header = {"alg": "ES256" if self.kind == "EC" else "RS256", "kid": self.kid, "typ": "JWT"} | header
        claims = good_claims() if claims is None else claims
        if self.kind == "EC":
            return people.make(served, header, claims, self.private)
        text = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}"
        file = served.folder / "rsa.pem"
        file.write_text(self.private)
        return f"{text}.{_b64(_openssl('dgst', '-sha256', '-sign', str(file), text=text.encode()))}"


def good_claims(**other):
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "7f3c", "email": "ada@example.org", "email_verified": True, "iat": now, "nbf": now,
              "exp": now + 600, "realm_access": {"roles": ["offline_access", "resus-operator"]}}
    return {name: value for name, value in (claims | other).items() if value is not None}


def with_role(role):
    return good_claims(realm_access={"roles": [role]})


def trust(served, keys, **other):
    """The keys into a file, and a daemon that trusts them."""
    file = served.folder / "keys.json"
    file.write_text(json.dumps({"keys": keys}))
    served.settings["oidc"] = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_file": str(file),
                               "role_claim": "realm_access.roles"} | other
    if "jwks_url" in other:
        del served.settings["oidc"]["jwks_file"]
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "tokens of " + ISSUER in served.output(), "the keys")


def ask(served, token, path="/api/auth/me", method="GET", body=None):
    return served.https(method, path, body, people.bearer(token))


def test_oidc_tokens_of_both_kinds_are_taken_with_their_role(served):
    for_rsa, for_ec = Key("rsa-1", "RSA"), Key("ec-1")
    assert ask(served, for_ec.token(served)).status == 401  # nobody is trusted yet
    trust(served, [for_rsa.jwk(alg="RS256"), for_ec.jwk(), {"kty": "oct", "kid": "s", "k": "AAAA"}])
    for key in (for_rsa, for_ec):
        me = ask(served, key.token(served))
        assert me.status == 200 and me.body["role"] == "operator", me
        assert me.body["id"] == "oidc:7f3c" and me.body["email"] == "ada@example.org", me
    viewer, admin = (for_ec.token(served, with_role(f"resus-{role}")) for role in ("viewer", "admin"))
    assert "pid" in ask(served, viewer, f"{ON}/status").body
    denied = ask(served, viewer, f"{ON}/restart", "POST", {})
    assert denied.status == 403 and denied.body["user_role"] == "viewer", denied
    assert ask(served, admin, "/api/users").status == 200
    done = ask(served, for_rsa.token(served), f"{ON}/restart", "POST", {"reason": "from afar"})
    assert done.status == 200, done
    line = wait_until(lambda: [row for row in served.audit() if row["operation"] == "restart"
                               and row["event_type"] == "service_operation"], "the line of the restart")[-1]
    assert line["user"] == {"id": "oidc:7f3c", "email": "ada@example.org", "role": "operator"}, line
    # Whoever has no account here has no password and no sessions either.
    assert ask(served, viewer, "/api/auth/sessions").status == 409
    with WebSocket(served, "/ws/services/redis/status", people.bearer(viewer)) as seen:
        assert seen.message()["type"] == "service_status"
    # Own logins go on as before.
    people.add_all(served)
    assert ask(served, people.login(served, "admin")["token"]).body["email"] == "admin@example.org"


def test_oidc_nobody_borrows_an_address(served):
    people.add_all(served)
    key = Key("ec-1")
    trust(served, [key.jwk()])

    def shown(**claims):
        return ask(served, key.token(served, good_claims(**claims))).body["email"]

    assert shown() == "ada@example.org"
    assert shown(aud=[AUDIENCE, "b"], azp=AUDIENCE) == shown(aud=[AUDIENCE]) == "ada@example.org"
    for claims in ({"email_verified": False}, {"email_verified": None}, {"email_verified": "true"}, {"email_verified": 1},
                   {"email": None}, {"email": "root"}, {"email": "a@b\nc"}, {"email": people.address_of("admin")},
                   {"email": people.address_of("admin").upper()},
                   {"email": None, "preferred_username": people.address_of("admin")}):
        assert shown(**claims) == "oidc:7f3c", claims
    mallory = key.token(served, good_claims(sub="mallory", email=people.address_of("admin")))
    assert ask(served, mallory, f"{ON}/restart", "POST", {"reason": "as another user"}).status == 200
    event = next(one for one in served.good("events")["items"] if one["type"] == "service_event")
    assert event["user"] == event["user_id"] == "oidc:mallory", event
    assert ask(served, people.login(served, "admin")["token"], "/api/audit?user=" + people.address_of("admin")
               + "&operation=restart").body["items"] == []


def bad_tokens(served, rsa, ec):
    """{what is wrong: (status, token)}."""
    now, other = int(time.time()), Key(ec.kid)
    first, second, signature = ec.token(served).split(".")

    def hmac_with(secret, kid):
        text = f"{_b64(json.dumps({'alg': 'HS256', 'kid': kid}).encode())}.{second}"
        return f"{text}.{_b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"

    def claims(**changed):
        return ec.token(served, good_claims(**changed))

    none = _b64(b'{"alg":"none"}')
    none_with_key = _b64(json.dumps({"alg": "none", "kid": ec.kid}).encode())
    refused = {
        "another issuer": claims(iss="https://evil.example"), "issuer with a slash": claims(iss=ISSUER + "/"),
        "no issuer": claims(iss=None), "another audience": claims(aud="other"), "no audience": claims(aud=None),
        "other audiences": claims(aud=["a", "b"]), "two audiences, nobody's": claims(aud=[AUDIENCE, "b"]),
        "two audiences, another's": claims(aud=[AUDIENCE, "b"], azp="b"), "another's": claims(aud=[AUDIENCE], azp="b"),
        "a party that is a list": claims(aud=[AUDIENCE, "b"], azp=[AUDIENCE]), "audience an object": claims(aud={"resus": "resus"}),
        "expired": claims(exp=now - 1), "no end": claims(exp=None), "end as text": claims(exp=str(now + 600)),
        "valid for a year": claims(exp=now + 365 * 86400), "not yet valid": claims(nbf=now + 600),
        "begin as text": claims(nbf="soon"), "issued in the future": claims(iat=now + 600),
        "no subject": claims(sub=None), "empty subject": claims(sub=""), "subject a number": claims(sub=7),
        "long subject": claims(sub="s" * 200), "subject with a line's end": claims(sub="a\nb"),
        "alg none": f"{none}.{second}.", "alg none with key": f"{none_with_key}.{second}.",
        "alg none with signature": f"{none_with_key}.{second}.{signature}",
        "HS256 with the RSA key": hmac_with(rsa.public, rsa.kid), "HS256 with the EC key": hmac_with(ec.public, ec.kid),
        "RS256 named, EC key": ec.token(served, alg="RS256"), "ES256 named, RSA key": rsa.token(served, alg="ES256"),
        "RS512 named": rsa.token(served, alg="RS512"), "PS256 named": rsa.token(served, alg="PS256"),
        "another's key id": ec.token(served, kid=rsa.kid), "unknown key id": ec.token(served, kid="nobody"),
        "no key id": ec.token(served, kid=None), "key id a number": ec.token(served, kid=1),
        "another key of that id": other.token(served), "key in the header": other.token(served, jwk=other.jwk()),
        "key by URL": other.token(served, jku="https://evil.example/keys"),
        "critical extension": ec.token(served, crit=["exp"]),
        "altered claims": f"{first}.{_b64(json.dumps(with_role('resus-admin')).encode())}.{signature}",
        "cut signature": f"{first}.{second}.{signature[:-4]}", "no signature": f"{first}.{second}.",
        "zeros for a signature": f"{first}.{second}.{_b64(bytes(64))}", "four parts": f"{first}.{second}.{signature}.x",
        "padded": f"{first}.{second}.{signature}==",
        "too long": ec.token(served, good_claims(filler="x" * 5000)),
    }
    roleless = {"no role": claims(realm_access=None), "another role": claims(realm_access={"roles": ["guest"]}),
                "role a number": claims(realm_access={"roles": 7}), "roles no object": claims(realm_access=["resus-admin"]),
                "role elsewhere": claims(realm_access=None, roles=["resus-admin"])}
    return {name: (401, token) for name, token in refused.items()} | {n: (403, t) for n, t in roleless.items()}


def test_oidc_whatever_is_wrong_is_refused_everywhere(served):
    rsa, ec = Key("rsa-1", "RSA"), Key("ec-1")
    trust(served, [rsa.jwk(), ec.jwk()])
    assert ask(served, ec.token(served)).status == 200
    for name, (status, token) in bad_tokens(served, rsa, ec).items():
        for path in ("/api/auth/me", f"{ON}/status"):
            answer = ask(served, token, path)
            assert answer.status == status, (name, path, answer)
        with contextlib.suppress(Refused), WebSocket(served, "/ws/services/redis/status", people.bearer(token)) as seen:
            assert seen.end_code() in (4401, 4403), name
    good = ec.token(served)
    # It is no cookie: nothing would guard it against other sites.
    assert served.https("GET", "/api/auth/me", headers={"Cookie": f"__Host-resus={good}"}).status == 401
    as_cookie = {"Cookie": f"__Host-resus={good}", "Content-Type": "application/json"}
    assert served.https("POST", f"{ON}/restart", {}, as_cookie).status == 401
    assert "pid" not in served.https("GET", f"{ON}/status", headers={"Cookie": f"__Host-resus={good}"}).body
    assert ask(served, ec.token(served, good_claims(aud=["a", AUDIENCE], azp=AUDIENCE, iat=None, nbf=None))).status == 200
    assert good not in served.output() and ec.token(served) not in served.audit_file.read_text()


def test_oidc_keys_that_are_of_no_use_are_passed_over(served):
    weak, good, off_curve = Key("weak", "RSA", 1024), Key("good"), Key("off")
    wrong_point = off_curve.jwk() | {"y": _b64(b"\x01" * 32)}
    trust(served, [weak.jwk(), wrong_point, good.jwk(), Key("good").jwk(), Key("enc").jwk() | {"use": "enc"}, 5, {},
                   good.jwk(alg="ES512") | {"kid": "alg"}])
    assert ask(served, good.token(served)).status == 200  # the first of that id
    for key in (weak, off_curve):
        assert ask(served, key.token(served)).status == 401
    assert ask(served, good.token(served, kid="alg")).status == 401


class KeyServer(Played):
    """An HTTPS server whose key set can be exchanged."""

    def publish(self, *keys):
        self.answers["/keys"] = (200, json.dumps({"keys": [key.jwk() for key in keys]}).encode())


def test_oidc_keys_are_fetched_and_a_new_one_is_found(served):
    old, new = Key("old"), Key("new", "RSA")
    with KeyServer(served.folder) as server:
        server.publish(old)
        trust(served, [], jwks_url=f"{server.url}/keys", ca_file=str(server.certificate))
        assert ask(served, old.token(served)).status == 200
        server.publish(new)
        # The unknown key makes Resus ask again, but not more often than every few seconds.
        wait_until(lambda: ask(served, new.token(served)).status == 200, "the new key", seconds=30)
        assert ask(served, old.token(served)).status == 401  # it was withdrawn
        fetches = sum(path == "/keys" for _, path, _, _ in server.requests)
        assert fetches <= 4, fetches


def test_oidc_a_server_that_is_not_trusted_or_speaks_nonsense_gives_no_keys(served):
    key = Key("one")
    with KeyServer(served.folder) as server:
        for number, body in enumerate((b"", b"{", b"[]", b'{"keys": []}', b'{"keys": [{}]}', b"x" * 200000, None)):
            server.answers["/keys"] = (404, b"{}") if body is None else (200, body)
            served.settings["oidc"] = {"issuer": ISSUER, "audience": AUDIENCE, "ca_file": str(server.certificate),
                                       "jwks_url": f"{server.url}/keys?{number}"}
            served.write_settings()
            served.hang_up()
            wait_until(lambda: any(path == f"/keys?{number}" for _, path, _, _ in server.requests), "the question")
            wait_until(lambda: served.output().count("cannot be read, next try in") > number, "the complaint")
            assert ask(served, key.token(served)).status == 401
        before = served.output().count("cannot be read, next try in")
        del served.settings["oidc"]["ca_file"]
        server.publish(key)
        served.settings["oidc"]["jwks_url"] = f"{server.url}/keys"
        served.write_settings()
        served.hang_up()
        wait_until(lambda: served.output().count("cannot be read, next try in") > before, "a server nobody vouches for")
        assert ask(served, key.token(served)).status == 401


def test_oidc_a_configuration_with_a_hole_is_refused(served):
    whole = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_file": "keys.json"}
    for wrong, word in (({"audience": None}, "audience"), ({"issuer": None}, "issuer"), ({"jwks_file": None}, "one of"),
                        ({"jwks_url": "https://x.example/k"}, "one of"), ({"admin": ""}, "admin"),
                        ({"jwks_file": None, "jwks_url": "http://x.example/k"}, "https"), ({"secret": "x"}, "secret")):
        served.settings["oidc"] = {name: value for name, value in (whole | wrong).items() if value is not None}
        served.write_settings()
        done = served.run("serve", "--check")
        assert done.returncode == 2 and word in done.stderr, (wrong, done)
