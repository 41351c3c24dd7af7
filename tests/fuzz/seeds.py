#!/usr/bin/python3
"""Seeds and dictionaries of the fuzz targets.

usage: seeds.py                     writes the seeds again, into corpus/TARGET/; other files there stay
       seeds.py --dictionary TARGET prints the words of its dictionary, in libFuzzer's form

A seed is one sound input, as it would be met, behind the bytes that its target takes first (fuzz_TARGET.c says
which). Those of `recording` are incidents of the simulator, and not made here. A dictionary is the texts between quotes in the sources of the parser: there is no list to be forgotten.
"""

import gzip
import hashlib
import json
import pathlib
import re
import struct
import sys

import alert_seeds
import backup_seeds

HERE = pathlib.Path(__file__).parent
TREE = HERE.parent.parent
LOG = "/var/log/redis/redis-server.log"

INFO = (TREE / "tests/unit/redis/data/info-redis-7.0.txt").read_bytes()
STATUS = b"""\xe2\x97\x8f redis-server.service - Advanced key-value store
     Loaded: loaded (/lib/systemd/system/redis-server.service; enabled; preset: enabled)
     Active: active (running) since Sun 2026-11-22 15:52:06 UTC; 24min ago
       Docs: http://redis.io/documentation,
             man:redis-server(1)
   Main PID: 812 (redis-server)
     Status: "Ready to accept connections"
      Tasks: 5 (limit: 9254)
        CPU: 1h 2min 3.456s
     CGroup: /system.slice/redis-server.service

Nov 22 15:52:06 vm systemd[1]: Started redis-server.service.
"""
STATUS_FAILED = b"""\xc3\x97 redis-server.service - Advanced key-value store
     Loaded: loaded (/lib/systemd/system/redis-server.service; disabled; preset: enabled)
     Active: failed (Result: core-dump) since Sun 2026-11-22 15:52:06 UTC; 24min ago
   Main PID: 7 (code=dumped, signal=SEGV)

Nov 22 15:52:07 vm systemd[1]: redis-server.service: Start request repeated too quickly.
"""
SHOW = b"""TimeoutStartUSec=1min 30s
TimeoutStopUSec=infinity
MainPID=812
NRestarts=2
ExecMainCode=2
ExecMainStatus=9
Result=signal
StatusText=Ready to accept connections
LoadState=loaded
ActiveState=activating
SubState=auto-restart
StateChangeTimestamp=Sun 2026-11-22 15:52:06 UTC
CanReload=no
UnitFileState=enabled
Restart=always
CPUUsageNSec=1234567890
FreezerState=frozen
"""
STAT = (
    b"812 (redis-server) S 1 812 812 0 -1 4194560 3021 0 12 0 1234 66 0 0 20 0 5 0 5210 62783488 2812 "
    b"18446744073709551615 1 1 0 0 0 0 0 4097 17610 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
)
PROCESS = STAT + b"Name:\tredis-server\nState:\tS (sleeping)\nTgid:\t812\nPid:\t812\nPPid:\t1\nTracerPid:\t0\n"
SUDO = f"""Matching Defaults entries for autobot on redis-vm:
    env_reset, mail_badpass,
    secure_path=/usr/local/sbin\\:/usr/local/bin\\:/usr/sbin\\:/usr/bin\\:/sbin\\:/bin,
    use_pty

User autobot may run the following commands on redis-vm:
    (root) NOPASSWD: /bin/systemctl start redis-server, /bin/systemctl stop
        redis-server, /bin/journalctl -u redis-server -n 50 --no-pager -o
        json
    (redis) NOPASSWD: /usr/bin/tail -n 50 {LOG}
    (ALL : ALL) PASSWD: ALL, !/bin/sh
""".encode()
JOURNAL = b"""{"MESSAGE":"Started.","PRIORITY":"4","__REALTIME_TIMESTAMP":"1795362726123456"}
{"MESSAGE":[72,195,164,255,10],"_PID":"1"}
{"MESSAGE":["first","second"],"PRIORITY":"77"}
Nov 22 15:52:06 vm redis[812]: Ready to accept connections
"""
REDIS_LOG = b"""812:C 22 Nov 2026 15:52:06.123 * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
812:M 22 Nov 2026 15:52:06.123 # WARNING Memory overcommit must be enabled!
812:M 22 Nov 2026 15:52:07.001 * Ready to accept connections
"""
LOG_LINES = b"""Stopping redis-server.service - Advanced key-value store...
redis-server.service: State 'stop-sigterm' timed out. Killing.
redis-server.service: Main process exited, code=killed, status=9/KILL
*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***
Reading the configuration file, at line 12
>>> 'maxmemory lots'
argument must be a memory value
redis-server.service: Failed with result 'exit-code'.
redis-server.service: Scheduled restart job, restart counter is at 5.
812:M 22 Nov 2026 15:52:07.001 # Error moving temp DB file temp-1.rdb: No space left on device
812:M 22 Nov 2026 15:52:07.001 * Background saving error
812:M 22 Nov 2026 15:52:09.001 * DB saved on disk
"""
CLAIMS = {
    "iss": "resus",
    "sub": "7",
    "jti": "7-abcDEF123",
    "email": "a@b.example",
    "role": "operator",
    "iat": 1799999990,
    "nbf": 1799999990,
    "exp": 1800003000,
}
FOREIGN = {
    "iss": "https://a",
    "aud": ["x", "resus"],
    "sub": "u-1",
    "email": "a@b.example",
    "preferred_username": "a",
    "a": {"roles": ["viewer", "admin"]},
    "nbf": 1799999990.5,
    "iat": 1799999990,
    "exp": 1800003000,
}
REQUEST = (
    b"GET /api/services/redis/status?a=b HTTP/1.1\r\nHost: 127.0.0.1:8443\r\nCookie: __Host-resus=abc.def-1_2\r\n"
    b'Accept-Encoding: gzip, br\r\nIf-None-Match: "0123456789abcdef"\r\n\r\n'
)
LOGIN = (
    b"POST /later HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nX-CSRF-Token: x\r\nOrigin: https://a\r\n"
    b"Content-Length: 15\r\nExpect: 100-continue\r\n\r\n" + b'{"email": "ab"}'
)
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
AUDIT_BODY = (
    b'{"timestamp": "2026-11-22T15:52:06Z", "event_type": "service_operation", "service": "redis", "operation": '
    b'"restart", "user": {"id": "1", "email": "a@b.example", "role": "operator"}, "source_ip": "192.0.2.1", "result": '
    b'{"success": true, "duration_seconds": 1.5}, "request_id": "r-1", "reason": "a test", '
)


def text(value):
    return json.dumps(value).encode()


def audit_chain():
    prev, lines = "0" * 64, []
    for seq in (1, 2, 3):
        line = AUDIT_BODY + f'"seq": {seq}, "prev": "{prev}"}}'.encode()
        digest = hashlib.sha256(line).hexdigest()
        lines.append(line[:-1] + f', "hash": "{digest}"}}'.encode())
        prev = digest
    return b"\n".join(lines) + b"\n"


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def series_row():
    head = [120, 3500000, 100000, 0, 0, 3600, 3590]
    cells = [[241, 300], [240, 100, 5000, 60000], [0], [240, 1 << 30, 4096, 40960]]
    numbers = head + [len(cells)] + [n for cell in cells for n in cell]
    return b"\x01" + b"".join(varint(n) for n in numbers)


def zone():
    """Version 2, one rule of summer time behind three changes."""
    block = struct.pack(">5s15x6l", b"TZif2", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    times = struct.pack(">3q", 338950800, 354675600, 370400400) + bytes([1, 0, 1])
    kinds = struct.pack(">lbb", 3600, 0, 4) + struct.pack(">lbb", 7200, 1, 0)
    second = struct.pack(">5s15x6l", b"TZif2", 0, 0, 0, 3, 2, 9) + times + kinds + b"CEST\0CET\0"
    return block + second + b"\nCET-1CEST,M3.5.0,M10.5.0/3\n"


def resp():
    slow = b"*1\r\n*6\r\n:14\r\n:1309448221\r\n:15\r\n*2\r\n$3\r\nSET\r\n$1\r\na\r\n$15\r\n127.0.0.1:58217\r\n$0\r\n\r\n"
    return {
        "slowlog": b"\x40" + slow,
        "config": b"\x11*4\r\n$10\r\nmaxclients\r\n$2\r\n12\r\n$4\r\nsave\r\n$0\r\n\r\n",
        "errors": b"\x05-NOAUTH Authentication required.\r\n+PONG\r\n-LOADING Redis is loading\r\n$-1\r\n*-1\r\n:12\r\n",
    }


def views():
    """Each page with the body that the tests of the pages show with it."""
    order = re.search(r"\bviews\[\][^{]*\{(.*?)\}", (HERE / "fuzz_view.c").read_text(), re.DOTALL).group(1)
    pages = [name.removeprefix("view_") for name in re.findall(r"\w+", order)]
    found = {}
    for test in (TREE / "tests/unit/cli/test_view.c").read_text().split("\nstatic void "):
        shown = re.findall(r"\bview_(\w+)\(&p", test)
        for piece in re.findall(r'parse\(\s*((?:"(?:[^"\\\n]|\\.)*"\s*)+)\)', test):
            body = "".join(QUOTED.findall(piece)).replace('\\"', '"').replace("\\\\", "\\").encode()
            for page in shown:
                found.setdefault(page, body)
    return {page: bytes([i]) + found.get(page, b'{"items": [{"id": "a", "n": 1}]}') for i, page in enumerate(pages)}


def request(line, *headers, body=b""):
    """A request with a login ("@A": fuzz_router.c)."""
    if body:
        headers += (b"Content-Type: application/json", b"Content-Length: %d" % len(body))
    return b"\r\n".join([line + b" HTTP/1.1", b"Host: a", *headers, b"", body])


def follow(path, *headers):
    asked = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13")
    return request(b"GET " + path, *asked, b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *headers)


def router():
    admin, viewer, token = (b"Authorization: Bearer @" + c for c in (b"A", b"V", b"T"))
    cookie = b"Cookie: __Host-resus=@A"
    event = {"event": {"type": "service_health", "seq": 4, "cause": {"code": "ok"}}, "service": "redis"}
    notice = {"event": {"type": "notice", "seq": 5, "least_role": "admin", "message": "m"}, "service": "redis"}
    ended = {"users": {"2": {"role": "viewer", "not_before": 4000000000}}}
    revoked = {"revoked": ["1-x"]}
    order = b'{"reason": "x"}'
    service = b"/api/services/redis"
    parts = {
        "copies": [
            request(b"GET " + service + b"/status"),
            request(b"GET " + service + b"/health", viewer),
            request(b"GET /api/services", admin, b'If-None-Match: "0"') + request(b"GET /openapi.json"),
            b"E" + frames(event),
            request(b"HEAD " + service + b"/status", cookie),
        ],
        "forwarded": [
            request(b"POST " + service + b"/restart", admin, body=order),
            request(b"POST " + service + b"/stop", cookie, b"X-CSRF-Token: x", b"Origin: https://a", body=order),
            request(b"GET /metrics") + request(b"GET /api/users", token),
            request(b"POST /api/login", b"Origin: https://b", body=b'{"email": "a", "password": "b"}'),
        ],
        "followed": [
            follow(b"/ws/services/redis/status?token=@A"),
            follow(b"/ws/services/redis/status?since=3", viewer),
            follow(b"/ws/services/redis/logs", token),
            b"E" + frames(event, notice),
            b"\x89\x81\x01\x02\x03\x04\x60",
            b"E" + frames(revoked, ended),
            b"\x88\x80\x01\x02\x03\x04",
        ],
        "refused": [
            request(b"GET /api/services/none/status") + request(b"PUT /api/services"),
            request(b"GET /api/audit", b"Authorization: Basic x") + request(b"GET /api/me"),
            follow(b"/ws/services/redis/logs", viewer),
            request(b"GET /index.html") + request(b"GET /../x"),
        ],
    }
    whole = {name: b"\n--\n".join(p + b"\n" if p[:1] == b"E" else p for p in ps) for name, ps in parts.items()}
    return {f"{name}_{seed}": bytes([seed]) + text for name, text in whole.items() for seed in (0, 9)}


def frames(*objects):
    return b"\n".join(text(o) for o in objects)


def raw_frames(*objects):
    return b"".join(struct.pack(">I", len(text(o))) + text(o) for o in objects)

WINDOW = {"window": "weekly", "date": "2026-12-06", "title": "Update", "services": ["cache", "*"], "impact": "outage", "by_hand": True,
          "planned_by": "alice", "planned_ms": 1796000000000, "state": "planned", "starts_ms": 1796522400000, "ends_ms": 1796529600000,
          "length_ms": 7200000, "noticed_hours": 721, "sequence": 0, "ask_ms": 0, "opened_ms": 0, "closed_ms": 0, "verified": "unverified"}
ITEM = {"stage": "before", "text": "Create a backup", "done": True, "who": "bob", "when_ms": 1796500000000, "note": "2 GB"}


def seeds():
    head, pem = text({"alg": "ES256", "typ": "JWT", "kid": "one"}), "-----BEGIN PUBLIC KEY-----\n"
    restart = {"id": 1, "op": "restart", "service": "redis", "args": {"reason": "a test", "force": True}}
    ask = {
        "id": 1,
        "op": "health",
        "service": "redis",
        "args": {},
        "source_ip": "192.0.2.1",
        "request_id": "r1",
        "credential": {"token": "good", "cookie": True, "csrf": "x"},
    }
    told = [
        {"id": 1024, "status": 200, "body": {"a": 1}, "rate": {"limit": 5, "remaining": 4, "reset": 9}},
        {"id": 1025, "line": {"message": "x"}},
        {"id": 1025, "status": 503, "body": {}},
        {"users": {"1": {"role": "admin", "not_before": 5}}},
        {"revoked": ["1-a"]},
        {"event": {"type": "service_status", "seq": 3}, "service": "redis"},
        {"setup": {"issuer": "resus", "token_keys": [{"kid": "one", "pem": pem}]}},
    ]
    ec = {
        "kty": "EC",
        "kid": "one",
        "crv": "P-256",
        "use": "sig",
        "alg": "ES256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }
    rsa = {"kty": "RSA", "kid": "two", "alg": "RS256", "n": "v" + "A" * 341 + "Q", "e": "AQAB"}
    user = {
        "email": "a@b.example",
        "role": "admin",
        "hash": "$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA",
        "disabled": False,
        "created": 1800000000000,
        "totp": "00" * 60,
        "totp_on": True,
        "totp_step": 60000000,
        "recovery": ["ab" * 32],
        "known": ["192.0.2.1"],
    }
    session = {"user": 1, "jti": "7-abc", "issued": 1, "expires": 2, "revoked": 3, "address": "192.0.2.1"}
    api_token = {
        "name": "ci",
        "role": "viewer",
        "services": ["redis"],
        "digest": "cd" * 32,
        "shown": "resus_ab",
        "created": 1,
        "expires": 2,
        "last_used": 3,
        "created_by": "a",
        "disabled": True,
    }
    wanted = {
        "user": 1,
        "had": "viewer",
        "wanted": "admin",
        "justification": "x",
        "note": "",
        "duration_seconds": 300,
        "state": "approved",
        "created": 1,
        "decided": 2,
        "ends": 3,
        "decided_by": "b",
    }
    clients = (
        b"id=17 addr=127.0.0.1:4711 laddr=127.0.0.1:6379 fd=7 name=worker-1 age=12 idle=3 flags=N db=0 sub=0 "
        b"omem=0 tot-mem=1928 events=r cmd=get user=default\nid=18 addr=/run/redis.sock:0 fd=8 name= cmd=get\n"
    )
    stats = b"# Commandstats\r\ncmdstat_get:calls=21,usec=175,usec_per_call=8.33,rejected_calls=2,failed_calls=1\r\n"
    three = AUDIT_BODY + b"\n" + AUDIT_BODY.replace(b"true", b"false") + b"\n"
    host = [STATUS, SHOW, PROCESS, SUDO, JOURNAL, REDIS_LOG, INFO]
    redis = [LOG.encode(), b"127.0.0.1 -::1", b"default", b"NOAUTH Authentication required.", b"cannot open"]
    sections = b"\n--\n".join(part.rstrip(b"\n") + b"\n" for part in host) + b"\n--\n" + b"\n--\n".join(redis)
    return {
        "account_json": {
            "user": b"\0" + text(user),
            "session": b"\1" + text(session),
            "api_token": b"\2" + text(api_token),
            "request": b"\3" + text(wanted),
        },
        "audit_line": {"line": audit_chain().split(b"\n")[0], "words": b"auto_recovery\nservice_operation"},
        "audit_read": {f"sealed_{deed}": bytes([4 * deed + 1]) + three for deed in range(5)}
        | {"packed": bytes([3]) + gzip.compress(audit_chain(), mtime=0), "plain": b"\4" + audit_chain()},
        "audit_reader": {
            "plain": b"\0" + audit_chain(),
            "sealed": b"\1" + three,
            "packed": b"\2" + gzip.compress(audit_chain(), mtime=0),
        },
        "client_list": {"two": clients},
        "config_get": {"all": b"\0maxclients\n12\nsave\n\nmaxmemory\n100\nmaxmemory-policy\nallkeys-lfu\nodd"},
        "connection": {
            "get": b"\0" + REQUEST,
            "three": b"\7" + REQUEST + LOGIN + b"HEAD /big HTTP/1.0\r\n\r\n",
            "upgrade": b"\3" + UPGRADE + b"\x89\x81\x01\x02\x03\x04\x60\x88\x80\x01\x02\x03\x04",
            "chunked": b"\2POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "same": b"\5GET /same HTTP/1.1\r\nHost: a\r\n\r\nGET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        },
        "websocket": {
            "talk": b"\0\x89\0\5hello\x81\0\3abc\x8a\0\0\x88\0\2\x03\xe8",
            "long": b"\3\x02\4\1" + b"y" * 300 + b"\x80\2\x04abcd\x89\0\1z",
            "wrong": b"\2\x89\0\1a\xf1\0\0",
            "huge": b"\4\x81\x0c\x3f",
        },
        "doctor": {"well": b"\3" + sections, "unreached": b"\4" + sections, "local": b"\1" + sections},
        "exposition": {"redis": INFO, "commands": INFO[:200] + stats,
                       "cluster": b"cluster_state:fail\r\ncluster_slots_fail:3\r\ncluster_stats_messages_sent:12\r\n"},
        "frame": {"lines": b"\0" + frames(restart, ask), "raw": b"\xff" + raw_frames(restart, {"email": "a"})},
        "header": {
            "cookie": b"a=b; __Host-resus=abc; c=d",
            "bearer": b"Bearer abc.def",
            "origin": b"https://127.0.0.1:8443",
            "accepts": b"gzip;q=0.5, br;q=1.0",
            "matches": b'W/"x", "0123456789abcdef"',
            "json": b"application/json; charset=utf-8",
            "number": b"65536",
        },
        "http": {"get": REQUEST, "post": LOGIN, "upgrade": UPGRADE, "ping": b"\x89\x81\x01\x02\x03\x04\x60"},
        "info": {"redis": INFO, "commands": stats},
        "journal": {"json": JOURNAL, "redis": REDIS_LOG},
        "jwks": {
            "set": b"\0" + text({"keys": [ec, rsa]}),
            "rsa": b"\x03" + b"\xc3" * 512,
            "point": b"\x02" + b"\x30" * 128,
            "signed": b"\x02" + b"\x01" * 64,
            "bytes": b"\x01" + b"\x30" * 64,
        },
        "known_hosts": {
            "plain": b"10.0.0.5 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGHCcXUFnrbD+eBF5dqHVhNHDvMiXTSXlbKDmxN3OdZr\n",
            "port": b"# one\n[redis.example]:2222,10.0.0.6 ssh-ed25519 "
            b"AAAAC3NzaC1lZDI1NTE5AAAAIGHCcXUFnrbD+eBF5dqHVhNHDvMiXTSXlbKDmxN3OdZr a comment\n",
            "hashed": b"|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-rsa AAAAB3NzaC1yc2E=\n",
            "revoked": b"@revoked * ecdsa-sha2-nistp256 AAAA\n@cert-authority *.example ssh-ed25519 AAAA\n",
        },
        "engine_link": {"lines": b"\0" + frames(*told), "cut": b"\5" + frames(*told), "raw": b"\x81" + raw_frames(*told)},
        "log_lines": {"lines": LOG_LINES, "good": REDIS_LOG},
        "oidc_token": {
            "good": b"\1" + head + b"\n" + text(FOREIGN),
            "spoilt": b"\3" + head + b"\n" + text(FOREIGN),
            "bytes": b"\0eyJhbGciOiJub25lIn0.e30.AA",
        },
        "page_clean": {
            "text": "a\x1b[31mb\u202ec\u009bd\u2066e\ufeff\tf".encode(),
            "json": text({"a\u202e": ["\u009b", {"b": None}], "c": 1.5}),
        },
        "process_facts": {},
        "process_record": {"line": b"\1" + STAT.rstrip(b"\n"), "whole": b"\0" + STAT + b"no-such-boot\n"},
        "resp": resp(),
        "route": {
            "get": b"\0/api/services/redis/logs\nlimit=5&level=err\n",
            "post": b"\1/api/services/redis/restart\n\n" + text(restart["args"]),
            "patch": b"\2/api/users/3\n\n" + text({"role": "viewer", "disabled": True}),
            "follow": b"\4/api/services/redis/events\nsince=5&token=abc%20d\n",
        },
        "series_row": {"hour": series_row()},
        "settings_yaml": {p.stem: p.read_bytes() for p in sorted((TREE / "examples").glob("*.yaml"))},
        "observations": {
            "well": b"i" + INFO + b"--\nu" + STATUS + b"--\nkPONG\n--\np" + PROCESS + b"--\n\x20\n--\np" + PROCESS,
            "failed": b"u" + STATUS_FAILED + b"--\nf\n--\ns" + SHOW + b"--\nl" + LOG_LINES + b"--\n\x3c\n--\nf",
            "refusals": b"kNOAUTH Authentication required.\n--\nfLOADING Redis is loading\n--\nkBUSY Redis is busy\n",
            "figures": b"i" + INFO[:900] + b"--\n\x1e\n--\ni" + INFO + b"--\n\x3c\n--\ni" + INFO,
        },
        "router": router(),
        "slowlog": {
            "two": b":14\t:1309448221\t:15\tSET a b\t127.0.0.1:58217\tme\n:13\t:1309448128\t:30\tKEYS *\n",
            "odd": b":12\t:1\t:1\n+what\t:1\t:1\tx y :5\n",
        },
        "sudo_list": {"rules": SUDO, "show": SHOW, "status": STATUS},
        "systemctl_status": {"running": STATUS, "failed": STATUS_FAILED, "properties": SHOW},
        "timespan": {"long": b"1y 2month 3w 4d 5h 6min 7.5s 8ms 9us", "infinity": b"infinity"},
        "token": {
            "good": b"\1" + head + b"\n" + text(CLAIMS),
            "spoilt": b"\x21" + head + b"\n" + text(CLAIMS),
            "none": b'\1{"alg": "none", "kid": "one"}\n' + text(CLAIMS),
            "bytes": b"\0eyJhbGciOiJFUzI1NiIsImtpZCI6Im9uZSJ9.e30.AA",
        },
        "view": views(),
        "web_link": {
            "lines": b"\0" + frames({"ready": True}, ask, {"id": 1, "cancel": True}, {"id": 2, "op": "service_list"}),
            "cut": b"\x0b" + frames(ask, {"id": 2, "op": "snapshot", "service": "redis"}, restart | {"id": 3}),
            "raw": b"\x85" + raw_frames(ask, {"id": 1, "cancel": True}, {"ready": True}, {"ready": True}),
        },
        "when": {
            "weekly": b"Mon-Wed, Fri,Sun 22:00-01:30",
            "monthly": b"first sun 01:00-05:00",
            "last": b"LAST Fri 00:00-24:00",
            "day": b"day 15 02:00-04:00",
            "last_day": b"last  day 23:00-00:30",
            "once": b"2028-02-29 22:00-23:00",
        },
        "window_json": {"planned": text(WINDOW), "open": text(WINDOW | {"state": "open", "checklist": [ITEM]})},
        "zone": {"summer": zone()},
    } | alert_seeds.seeds() | backup_seeds.seeds(INFO)


# Sources whose texts the parser looks for.
WORDS = {
    "account_json": ["src/accounts/book_json.c"],
    "audit_line": ["src/store/audit_line.c"],
    "audit_read": ["src/store/audit_line.c", "src/store/audit_read.c", "src/store/audit_report.c"],
    "audit_reader": ["src/store/audit_line.c", "src/store/audit_read.c"],
    "check_report": ["src/backups/check_report.c"],
    "client_list": ["src/redis/clients.c"],
    "config_get": ["src/redis/info.c"],
    "connection": ["src/web/http.c", "src/web/header.c", "src/web/request.c", "tests/fuzz/web_peer.c"],
    "doctor": ["src/host/systemctl.c", "src/host/sudo_list.c", "src/host/process_facts.c", "src/redis/info.c"],
    "etcd_json": ["src/io/etcd_json.c"],
    "fleet_state": ["src/fleet/state_json.c"],
    "helper_facts": ["src/restore/helper_facts.c"],
    "host_file": ["src/backups/host_file.c"],
    "key_book": ["src/sshkeys/key_book.c", "src/core/key_rotation.c"],
    "process_record": ["src/host/process_record.c"],
    "rdb_head": ["src/backups/rdb_head.c"],
    "smtp_session": ["src/notify/smtp_session.c"],
    "procedure_record": ["src/procedures/record.c", "src/core/procedure.c", "src/api/checklist_json.c"],
    "restore_record": ["src/restore/restores_record.c", "src/restore/job_json.c", "src/restore/restores.c", "src/core/restore.c"],
    "exposition": ["src/redis/exposition.c", "src/redis/exposition_commands.c"],
    "frame": ["src/api/operations.c"],
    "header": ["src/web/header.c", "tests/fuzz/fuzz_header.c"],
    "http": ["src/web/http.c"],
    "alert_record": ["src/alerts/book_record.c", "src/core/severity.c", "src/core/alert.c"],
    "incident_record": ["src/alerts/case_record.c", "src/core/incident.c", "src/core/escalation.c"],
    "info": ["src/redis/info.c", "src/redis/commandstats.c"],
    "journal": ["src/host/journal.c"],
    "jwks": ["src/accounts/jwks.c"],
    "engine_link": ["src/web/engine_link.c"],
    "log_lines": ["src/redis/log_lines.c"],
    "manifest": ["src/backups/manifest.c", "src/backups/manifest_read.c", "src/backups/proof.c", "src/core/backup_rules.c"],
    "observations": ["src/host/systemctl.c", "src/redis/info.c", "src/redis/log_lines.c", "src/redis/reply.c"],
    "oidc_token": ["src/accounts/oidc_token.c", "src/accounts/jwks.c", "tests/fuzz/fuzz_oidc_token.c"],
    "placement": ["src/placement/settings.c", "src/placement/redis_conf.c"],
    "process_facts": ["src/host/process_facts.c"],
    "router": ["src/web/http.c", "src/web/router.c", "src/api/operations.c", "src/web/followers.c"],
    "view": [f"src/cli/view_{page}.c" for page in ("service", "recovery", "operate", "journal", "report", "audit")],
    "recording": ["src/engine/recording_code.c", "src/engine/replay.c", "src/core/facts.c", "src/core/recovery_text.c"],
    "resp": ["src/redis/reply.c"],
    "route": ["src/api/route.c", "src/api/operations.c"],
    "settings_yaml": ["src/settings/keys.c", "src/settings/key_set.c", "src/settings/reader.c"],
    "sudo_list": ["src/host/sudo_list.c", "src/host/unit_file.c"],
    "systemctl_status": ["src/host/systemctl.c", "src/host/timespan.c", "src/host/host_refusal.c"],
    "timespan": ["src/host/timespan.c"],
    "token": ["src/api/token.c"],
    "s3_page": ["src/copies/s3_page.c"],
    "seal": ["src/backups/seal_key.c"],
    "source": ["src/backups/source.c", "src/redis/info.c"],
    "transfer": ["src/backups/transfer.c", "tests/fuzz/fuzz_transfer.c"],
    "web_link": ["src/daemon/web_link.c", "src/api/operations.c"],
    "when": ["src/core/schedule_text.c", "src/base/date.c"],
    "window_json": ["src/alerts/window_json.c", "src/core/window.c"],
}
QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)+)"')
NAMED = re.compile(r"\b[A-Z]\(\w+, ([\w.\[\]]+)[,)]")  # a field that a macro names: T(recovery, deadline)
WORD_MAX = 64


def words(target):
    found = set()
    for source in WORDS.get(target, []):
        for line in (TREE / source).read_text().splitlines():
            if line.startswith("#include"):
                continue
            found |= {m.encode().decode("unicode_escape") for m in QUOTED.findall(line) if "%" not in m}
            found |= set(NAMED.findall(line))
    return sorted(w for w in found if len(w) <= WORD_MAX)


def entry(word):
    return "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in word.encode("latin-1", "replace"))


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--dictionary":
        sys.exit(print(*(f'"{entry(word)}"' for word in words(sys.argv[2])), sep="\n"))
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    for target, files in seeds().items():
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
