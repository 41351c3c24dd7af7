"""Seeds of the parsers of `src/backups`: seeds.py writes them with its own."""

import json
import pathlib

TREE = pathlib.Path(__file__).resolve().parents[2]
RDB = (TREE / "tests/unit/backups/data/redis7.rdb").read_bytes()
SEALED = (TREE / "tests/unit/backups/data/seal-1.rs").read_bytes()
SECRET = (TREE / "tests/unit/backups/data/seal-1.key").read_bytes()
S3_PAGE = (b"<?xml version='1.0'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Name>b</Name>"
           b"<IsTruncated>true</IsTruncated><NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J=</NextContinuationToken>"
           b"<Contents><Key>p/redis/daily/20261129T023000Z/dump.rdb</Key><Size>3</Size></Contents>"
           b"<Contents><Key>p/redis/daily/20261129T023000Z/manifest.json</Key></Contents></ListBucketResult>")
S3_ERROR = b"<Error><Code>AccessDenied</Code><Message>Access \xff Denied</Message><RequestId>1</RequestId></Error>"
PSYNC = b"+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 7\r\n"
CHECKED = b"""[offset 0] Checking RDB file dump.rdb
[offset 27] AUX FIELD redis-ver = '7.0.15'
[offset 164] Selecting DB ID 0
[offset 188] Selecting DB ID 3
[offset 219] Checksum OK
[offset 219] \\o/ RDB looks OK! \\o/
[info] 4 keys read
[info] 2 expires
[info] 1 already expired
"""
CHECKED_BAD = b"""[offset 0] Checking RDB file dump.rdb
--- RDB ERROR DETECTED ---
[offset 200] Unexpected EOF reading RDB file
[additional info] While doing: read-type
[info] 2 keys read
"""
LOADED_BAD = b"""812:M 22 Nov 2026 15:52:06.123 # Server initialized
812:M 22 Nov 2026 15:52:06.124 # Can't handle RDB format version 12
812:M 22 Nov 2026 15:52:06.124 # Short read or OOM loading DB. Unrecoverable error, aborting now.
812:M 22 Nov 2026 15:52:06.124 # The RDB file contains AUX module data I can't load: no matching module 'graphdata'
"""


def manifest():
    """All that a manifest has."""
    check = {"level": "loaded", "tool": "/usr/bin/redis-server", "result": "good", "reason": "", "at": "2026-11-29T02:30:09Z",
             "seconds": 1.5, "loaded": 3, "expired": 1, "text": "3 keys loaded"}
    return {
        "format": 1, "id": "20261129T023000Z", "kind": "daily", "reason": "", "by": "", "started_at": "2026-11-29T02:30:00Z",
        "finished_at": "2026-11-29T02:30:10Z",
        "source": {"address": "127.0.0.1:6379", "role": "master", "run_id": "a" * 40, "replid": "b" * 40, "repl_offset": 7,
                   "server": "redis", "version": "7.0.15", "maxmemory_bytes": None, "databases": 16, "appendonly": True,
                   "modules": ["bf"]},
        "method": {"rdb_only": True, "diskless": True, "via": "ssh", "tls": False},
        "impact": {"fork_us": 700, "cow_bytes": None},
        "files": [{"name": "dump.rdb", "bytes": 219, "sha256": "ab" * 32}],
        "rdb": {"magic": "REDIS0010", "version": 10, "crc64": "ok", "databases": [{"db": 0, "keys": 4, "expires": 2}],
                "functions": 1, "used_memory_bytes": 1013992},
        "live": {"before": 4, "after": None},
        "checks": [check, check | {"level": "structure", "result": "cannot_tell", "reason": "needs_newer_server"}],
        "proved": "loaded", "suspicious": ["fewer_keys"],
        "copies": [{"target": "nas", "state": "copied", "at": "2026-11-29T02:31:00Z"}], "pinned_until": None,
    }


def sealed():
    """A manifest of a sealed backup."""
    file = {"name": "dump.rdb.rs", "bytes": 452, "sha256": "ab" * 32, "plain_sha256": "cd" * 32, "sealed_for": ["0123456789abcdef"]}
    return manifest() | {"files": [file]}


HOST = {
    "format": 1, "backup": "20261129T023000Z", "at": "2026-11-29T02:30:00Z", "problem": None,
    "server": {"name": "redis", "version": "7.0.15", "address": "127.0.0.1:6379", "role": "master", "os": "Linux", "modules": ["bf"]},
    "config": {"maxmemory": "0", "save": "3600 1", "aclfile": ""}, "config_problem": None, "secrets": ["requirepass"],
    "changed": ["save"], "acl": [{"rule": "user default on nopass ~* +@all", "passwords": 1}], "acl_problem": None, "known": None,
}
FACTS = {"dir": "/var/lib/redis", "dbfilename": "dump.rdb", "appenddirname": "appendonlydir", "appendfilename": "appendonly.aof",
         "reserve_bytes": 6, "max_bytes": 5, "dump_bytes": 7, "aof_bytes": -1, "manifest": False, "running": True,
         "free_bytes": 9, "newest_aside": "20261129T023000.123Z", "appendonly": None, "config": [["dir", "/var/lib/redis"], ["save", ""]]}
USER = {"id": "user:7", "email": "alice@example.org", "role": "admin", "source_ip": "10.0.0.1"}
RESTORE = {
    "phase": "over", "at": 1796522400000, "ended": 1796522460000, "state": "done", "service": "cache", "source": "cache",
    "backup": "20261129T023000Z", "method": "keys", "mode": "overwrite", "db": -1, "match": "a*", "reason": "drill", "text": "",
    "safety": "20261129T033000Z", "keys": 4, "keys_before": 3, "restored": 4, "kept": 0, "expired": 1, "removed": 0, "orders": 2,
    "user": USER, "job": {"format": 1, "state": "planned", "staged": "20261129T023000.123Z", "place_aof": True, "was_running": True},
    "databases": [[0, 4, 2]],
}
BY_FILE = RESTORE | {"method": "file", "mode": "exact", "state": "running",
                     "place": {"dir": "/d", "dump": "dump.rdb", "aof_folder": "a", "aof_name": "b", "config": "/c"}}
PROCEDURE = {
    "service": "cache", "kind": "config", "phase": "watching", "at": 1796522400000, "ended": 0, "watched_from": 1796522460000,
    "keys": 4, "held": True, "written": True, "by": "alice@example.org", "reason": "less", "name": "maxmemory-policy",
    "value": "it's", "before": "noeviction", "after": "allkeys-lru", "server": "redis", "from": "7.0.15", "to": "7.2.1",
    "modules": "", "role": "master", "unit": "redis-server", "config_file": "/etc/redis/redis.conf", "backup": "20261129T023000Z",
    "safety": "20261129T023000Z", "text": "", "notes": "", "user_id": "user:7", "user_email": "alice@example.org",
    "user_role": "admin", "user_source": "10.0.0.1",
}
STATE = {
    "form": 1, "service": "cache", "stopped_on_purpose": True, "stopped_by": "ada@example.org", "stopped_at": 1700000000001,
    "stopped_reason": "a test", "stop_seen": 2, "ever_answered": True, "address": "10.0.0.9:6379", "role": "primary",
    "role_source": "", "role_run_id": "abc", "role_keys": 12, "attempts": 2, "exhausted": True, "breaker_open": True,
    "recoveries_at": [1700000000010, 0], "event_seq": 1700000001234, "start_seconds": 1.5, "recovery_set": True,
    "recovery": {"enabled": True, "max_attempts": 4, "retry_delay_ms": 11000, "backoff_multiplier": 1.5,
                 "external_stop": "respect", "external_stop_grace_ms": 91000, "breaker_recoveries": 5,
                 "breaker_window_ms": 301000, "failure_threshold": 7},
}
ROTATION = {
    "phase": "switched", "key": "/var/lib/resus/id", "by": "alice", "accepted_by": "autobot@10.0.0.5:22",
    "old": "/var/lib/resus/id.old-20261129", "old_tail": "IGHCcXUF", "old_fingerprint": "SHA256:abc",
    "made": "2026-11-29T02:30:00Z", "switched": "2026-11-29T03:30:00Z", "asked": None, "warned": None,
}


def text(value):
    return json.dumps(value).encode()


def seeds(info):
    """`info`: an INFO of a real server."""
    return {
        "check_report": {"sound": CHECKED, "bad": CHECKED_BAD, "log": LOADED_BAD},
        "manifest": {"all": json.dumps(manifest()).encode(), "sealed": json.dumps(sealed()).encode()},
        "host_file": {"all": text(HOST), "little": text({"format": 1, "server": {}, "problem": "no CONFIG"})},
        "helper_facts": {"all": text(FACTS)},
        "restore_record": {"keys": text(RESTORE), "file": text(BY_FILE)},
        "procedure_record": {"config": text(PROCEDURE), "update": text(PROCEDURE | {"kind": "update", "phase": "rehearsing"}),
                             "control": text(PROCEDURE | {"value": "a\x03\nb", "before": "\x1bc"})},
        "fleet_state": {"all": text(STATE),
                        "bounds": text(STATE | {"start_seconds": 1e300, "role_keys": -7, "recovery": STATE["recovery"] | {
                            "backoff_multiplier": 1e300, "breaker_recoveries": 1000}})},
        "key_book": {"one": text({"rotations": [ROTATION, ROTATION | {"phase": "making"}]})},
        "s3_page": {"page": S3_PAGE, "last": S3_PAGE.replace(b"true", b"false"), "error": S3_ERROR},
        "seal": {"file": b"\0" + SEALED, "cut": b"\0" + SEALED[:-30], "key": b"\0" + SECRET, "data": b"\1" + RDB * 400,
                 "turned": b"\2\0\x20"},
        "placement": {
            "settings": b"[redis-server]\ndir /var/lib/redis # here\nconfig /etc/redis/redis.conf\ndbfilename dump.rdb\n"
                        b"appenddirname appendonlydir\nappendfilename appendonly.aof\nmax_bytes 5\nreserve_bytes 6\n",
            "config": b"port 6379\r\nappendonly \"yes\"\nrequirepass x\ninclude /a\nsave \"\"\n",
            "stage": b"219 " + b"ab" * 32,
            "id": b"20261129T023000.123Z",
        },
        "rdb_head": {
            "redis": b"\5" + RDB,
            "valkey": b"\0VALKEY080\xfa\x0avalkey-ver\x059.0.1\xf5\xc3\2\5zz\xf7",
            "large": b"\3REDIS0011\xfa\x80\0\0\1\0" + b"x" * 256 + b"\xc1\2\1\xfe\0\xfb\x81" + bytes(8) + b"\x41\0",
        },
        "source": {
            "redis": b"$" + info + b"--\nmaxmemory\n100\n--\ndatabases\n16\n--\nappendonly\nyes\n--\nname\nbf\nver\n1\n",
            "refused": b"-NOPERM\n--\n-NOPERM\n--\nodd\n--\n\n--\nname\n",
        },
        "transfer": {
            "bytes": b"\7\0" + PSYNC + b"\n$219\r\n" + RDB,
            "marked": b"\7\0\n" + PSYNC + b"\n\r\n$EOF:" + b"0123456789" * 4 + b"\r\n" + RDB + b"0123456789" * 4,
            "made": b"\7\2" + RDB[166:200],
            "made_with_mark": b"\7\2" + b"0123456789abcdef0123456789abcdef01234567" * 2,
            "made_with_length": b"\7\1" + RDB[166:200],
            "refused": b"\1\0-NOPERM User bob has no permissions to run the 'psync' command\r\n",
        },
        "wire": {
            "scan": b"\3*2\r\n$1\r\n0\r\n*2\r\n$3\r\na\nb\r\n$0\r\n\r\n",
            "replies": b"\5+OK\r\n-BUSYKEY Target key name already exists.\r\n:-2\r\n$-1\r\n*-1\r\n",
            "cut": b"\1$30\r\nabc",
        },
    }
