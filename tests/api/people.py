"""Users of each role and everything they can show at the door, good and bad."""

import base64
import hashlib
import hmac
import json
import struct
import subprocess
import time

PASSWORD = "a long enough Passw0rd!"
ROLES = ("viewer", "operator", "admin")
COOKIE = "__Host-resus"

# What stands for each parameter of a path: a service that is there, and things that are not.
PARAMETERS = {"id": "redis", "n": "999999", "what": "info", "b": "20200101T000000Z", "name": "nowhere", "link": "A" * 46}


def place_of(path, **other):
    """The path of the document with something in place of each parameter."""
    return path.format(**PARAMETERS | other)


def address_of(role):
    return f"{role}@example.org"


def add_all(served):
    for role in ROLES:
        status, body = served.ask("user_add", email=address_of(role), role=role, password=PASSWORD)
        assert status == 200, body


def login(served, role):
    answer = served.https("POST", "/api/auth/login", {"email": address_of(role), "password": PASSWORD})
    assert answer.status == 200, answer
    return answer.body


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def cookie(login_body, csrf=True):
    headers = {"Cookie": f"{COOKIE}={login_body['token']}", "Content-Type": "application/json"}
    return headers | ({"X-CSRF-Token": login_body["csrf_token"]} if csrf else {})


def api_token(served, role, **fields):
    status, body = served.ask("token_add", name=f"of {role}", role=role, **fields)
    assert status == 200, body
    return body


def totp(secret, shift=0):
    """The code that an authenticator shows, `shift` steps of 30 s from now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + shift), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack_from('>I', digest, offset)[0] & 0x7fffffff) % 10**6:06}"


# ── tokens that nobody should take ──

def _encode(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _part(value):
    return _encode(json.dumps(value).encode())


def read(token):
    """(header, claims) of a JWT."""
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])


def _sign(served, private, text):
    """ES256: openssl gives DER, a JWT wants r and s side by side."""
    file = served.folder / "private.pem"
    file.write_text(private)
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(file)], input=text.encode(), check=True,
                         capture_output=True).stdout
    numbers, at = b"", 2
    for _ in range(2):
        length = der[at + 1]
        numbers += der[at + 2:at + 2 + length].lstrip(b"\0").rjust(32, b"\0")
        at += 2 + length
    return _encode(numbers)


def _public(served, private):
    return subprocess.run(["openssl", "pkey", "-pubout"], input=private.encode(), check=True,
                          capture_output=True).stdout


def make(served, header, claims, private):
    text = f"{_part(header)}.{_part(claims)}"
    return f"{text}.{_sign(served, private, text)}"


def signing_key(served):
    return json.loads((served.folder / "state" / "login-keys.json").read_text())["keys"][0]["private"]


def other_key():
    return subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                          check=True, capture_output=True, text=True).stdout


def bad_tokens(served, good):
    """{what is wrong: token}, made of a good login token of an admin."""
    header, claims = read(good)
    first, second, signature = good.split(".")
    ours, now = signing_key(served), int(time.time())
    swapped = dict(claims, role="admin", sub="1")
    secret = _public(served, ours)
    text = f"{_part(dict(header, alg='HS256'))}.{second}"
    keyless = {name: value for name, value in header.items() if name != "kid"}
    return {
        "nonsense": "nonsense",
        "dots": "..",
        "without signature": f"{first}.{second}.",
        "cut signature": good[:-4],
        "alg none": f"{_part(dict(header, alg='none'))}.{second}.",
        "alg None with signature": f"{_part(dict(header, alg='None'))}.{second}.{signature}",
        "HS256 with the public key": f"{text}.{_encode(hmac.new(secret, text.encode(), hashlib.sha256).digest())}",
        "ES384 in name": make(served, dict(header, alg="ES384"), claims, ours),
        "altered claims": f"{first}.{_part(dict(claims, role='admin', email='x'))}.{signature}",
        "another key": make(served, header, swapped, other_key()),
        "another key's name": make(served, dict(header, kid="nobody's"), claims, ours),
        "no key's name": make(served, keyless, claims, ours),
        "key by URL": make(served, dict(keyless, jku="https://evil.example/keys"), claims, other_key()),
        "expired": make(served, header, dict(claims, iat=now - 4000, nbf=now - 4000, exp=now - 400), ours),
        "not yet valid": make(served, header, dict(claims, iat=now + 900, nbf=now + 900, exp=now + 1000), ours),
        "valid for a year": make(served, header, dict(claims, exp=now + 365 * 86400), ours),
        "another issuer": make(served, header, dict(claims, iss="evil"), ours),
        "no such user": make(served, header, dict(claims, sub="4711"), ours),
        "no API token": "resus_" + "A" * 43,
    }
