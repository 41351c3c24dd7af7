"""Whole backups of real servers, by every way, and with everything that can go wrong."""

import json
import os
import pathlib
import signal
import subprocess

import parts

from parts import Run, Server, Skip, folder, free_port, run, server, until, wrapped

# Each key takes a while to be written: there is time to do something in the middle.
SLOW = "rdb-key-save-delay 3000\n"


def backup(s, root, **options):
    return run("backup", socket=s.socket, root=root, **options)


def manifest(result):
    return json.loads((pathlib.Path(result["folder"]) / "manifest.json").read_text())


def left(root):
    """Names of files below, but for the lock."""
    return sorted(str(p.relative_to(root)) for p in pathlib.Path(root).rglob("*")
                  if not p.is_dir() and p.name != ".lock")


def test_a_backup_is_pulled_proved_and_published():
    with server() as s, folder() as root:
        s.say("DEBUG", "POPULATE", 1000, "key", 50)
        s.say("SET", "soon", "x", "PX", 1, db=3)
        s.say("SET", "later", "x", "EX", 1000, db=3)
        result = backup(s, root)
        assert result["end"] == "proved" and result["suspicious"] == 0, result
        made = manifest(result)
        assert made["proved"] == "loaded" and made["rdb"]["crc64"] == "ok", made
        assert [(d["db"], d["keys"]) for d in made["rdb"]["databases"]][0] == (0, 1000), made
        assert made["live"]["after"] in (1001, 1002) and made["source"]["version"] == s.info("redis_version"), made
        assert made["source"]["replid"] == s.info("master_replid"), made
        target = pathlib.Path(result["folder"])
        assert os.path.samefile(root / "redis/latest", target) and os.path.samefile(root / "redis/manual/latest", target)
        assert (target.stat().st_mode & 0o777, (target / "dump.rdb").stat().st_mode & 0o777) == (0o700, 0o600)
        subprocess.run(["redis-check-rdb", str(root / "redis/latest/dump.rdb")], check=True, stdout=subprocess.DEVNULL)


def test_every_way_to_a_server_gives_the_same_data():
    with folder() as path:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        str(path / "k.pem"), "-out", str(path / "c.pem"), "-subj", "/CN=redis", "-addext",
                        "subjectAltName=DNS:redis", "-days", "2"], check=True, stderr=subprocess.DEVNULL)
        tls = free_port()
        config = (f"tls-port {tls}\ntls-cert-file {path}/c.pem\ntls-key-file {path}/k.pem\ntls-ca-cert-file {path}/c.pem\n"
                  "tls-auth-clients no\n")
        ways = {
            "direct": lambda s: {"host": "127.0.0.1", "port": s.port},
            "unix": lambda s: {"socket": s.socket},
            "ssh": lambda s: {"host": "127.0.0.1", "port": s.port, "ssh": 1},
            "tls": lambda s: {"host": "127.0.0.1", "port": tls, "ca_file": path / "c.pem", "server_name": "redis"},
            "tls through ssh": lambda s: {"host": "127.0.0.1", "port": tls, "ca_file": path / "c.pem",
                                          "server_name": "redis", "ssh": 1},
        }
        with server(config) as s:
            s.say("DEBUG", "POPULATE", 20000, "key", 200)
            digest = s.say("DEBUG", "DIGEST")
            for name, way in ways.items():
                file = path / f"{name}.rdb"
                result = run("pull", file=file, **way(s))
                assert result["end"] == "ok" and result["by_mark"] and result["rdb_only"], (name, result)
                assert digest == digest_of(file), name


def digest_of(file):
    with folder() as path:
        os.symlink(file, path / "dump.rdb")
        s = Server(path)
        try:
            until("the load", lambda: s.info("loading") == "0")
            return s.say("DEBUG", "DIGEST")
        finally:
            s.kill()


def test_a_file_of_the_host_is_taken_where_there_is_no_diskless_copy():
    with server("repl-diskless-sync no\n") as s, folder() as root:
        s.say("DEBUG", "POPULATE", 1000)
        result = backup(s, root)
        assert result["end"] == "proved" and not manifest(result)["method"]["diskless"], result


def secret(path):
    file = path / "password"
    file.write_text("geheim\n")
    file.chmod(0o600)
    return file


def test_psync_and_replconf_are_all_the_rights_it_needs():
    with server() as s, folder() as root:
        s.say("ACL", "SETUSER", "bob", "on", ">geheim", "-@all", "+psync", "+replconf")
        s.say("DEBUG", "POPULATE", 1000)
        result = backup(s, root, user="bob", password_file=secret(root))
        assert result["end"] == "proved" and manifest(result)["live"]["before"] is None, result


def test_a_lack_of_rights_is_named_with_the_remedy():
    with server() as s, folder() as root:
        for rights in ("+replconf", "+psync"):
            s.say("ACL", "SETUSER", "bob", "on", ">geheim", "-@all", rights)
            result = backup(s, root, user="bob", password_file=secret(root))
            assert result["cause"] == "no_right" and "ACL SETUSER bob +psync +replconf" in result["error"], result
            s.say("ACL", "DELUSER", "bob")
        assert left(root / "redis") == [], left(root)


def test_a_wrong_or_missing_password_is_named():
    with server("requirepass other\n") as s, folder() as root:
        assert backup(s, root, password_file=secret(root))["cause"] == "no_login"
        result = backup(s, root)
        assert result["cause"] == "no_login" and "password_file" in result["error"], result


def test_a_server_that_is_not_there_is_unreachable():
    with folder() as root:
        result = run("backup", host="127.0.0.1", port=free_port(), root=root)
        assert (result["end"], result["cause"]) == ("failed", "unreachable") and left(root) == [], result


def test_a_replica_without_its_primary_is_refused_and_one_with_it_is_copied():
    with server() as primary, server(f"replicaof 127.0.0.1 {primary.port}\n") as replica, folder() as root:
        primary.say("SET", "k", "v")
        until("the link", lambda: replica.info("master_link_status") == "up" and replica.info("db0"))
        result = backup(replica, root)
        assert result["end"] == "proved" and manifest(result)["source"]["role"] == "slave", result
        primary.kill()
        until("the link's end", lambda: replica.info("master_link_status") == "down")
        result = backup(replica, root)
        assert result["cause"] == "no_primary" and "back up the primary" in result["error"], result


def test_a_server_that_loads_is_named():
    with folder() as path, folder() as root:
        s = Server(path)
        s.say("DEBUG", "POPULATE", 5000)
        s.say("SAVE")
        s.kill()
        s = Server(path, "key-load-delay 2000\nloading-process-events-interval-bytes 1024\n", port=s.port)
        try:
            result = backup(s, root)
            assert result["cause"] == "loading" and "loading:0" in result["error"], result
        finally:
            s.kill()


def in_the_middle(s, root, act, **options):
    """The result when `act` happens while the data come."""
    b = Run("backup", socket=s.socket, root=root, **options)
    b.until_step("receiving")
    act(b)
    result = b.end()
    assert left(root) == [], left(root)
    return result


def test_whatever_ends_in_the_middle_leaves_nothing():
    acts = {
        "cut": lambda s: (lambda b: s.process.kill()),
        "child": lambda s: (lambda b: os.kill(s.child(), signal.SIGKILL)),
        "silent": lambda s: (lambda b: [os.kill(pid, signal.SIGSTOP) for pid in (s.child(), s.process.pid)]),
        "cancelled": lambda s: (lambda b: b.process.send_signal(signal.SIGTERM)),
    }
    for name, act in acts.items():
        with server(SLOW) as s, folder() as root:
            s.say("DEBUG", "POPULATE", 4000, "key", 200)
            # The child of a killed server holds the connection until it notices.
            result = in_the_middle(s, root, act(s), silence_ms=1500 if name == "silent" else 30000)
            assert result["cause"] == {"child": "cut"}.get(name, name), (name, result)
            assert result["end"] == ("cancelled" if name == "cancelled" else "failed"), result
            if name == "cancelled":
                until("the child's end", lambda: s.info("rdb_bgsave_in_progress") == "0")


def test_a_cancelled_backup_closes_its_connection_at_once():
    with server(SLOW) as s, folder() as root:
        s.say("DEBUG", "POPULATE", 4000, "key", 200)
        b = Run("backup", socket=s.socket, root=root)
        b.until_step("receiving")
        child = s.child()
        b.process.send_signal(signal.SIGTERM)
        assert b.end()["end"] == "cancelled"
        until("the child's end", lambda: not pathlib.Path(f"/proc/{child}").exists())


def test_a_reader_that_stands_still_for_a_while_gets_all_of_it():
    with server() as s, folder() as root:
        s.say("DEBUG", "POPULATE", 200000, "key", 200)
        b = Run("pull", socket=s.socket, file=root / "dump.rdb")
        b.until_step("receiving")
        b.process.send_signal(signal.SIGSTOP)
        for i in range(2000):
            s.say("SET", f"new:{i}", "x" * 100) if i % 100 == 0 else None
        b.process.send_signal(signal.SIGCONT)
        assert b.end()["end"] == "ok"
        assert run("prove", file=root / "dump.rdb", folder=root)["proved"] == "loaded"


def test_a_disk_that_is_slower_than_the_network_makes_the_server_wait():
    slow = {"LD_PRELOAD": str(parts.DRIVER.parent / "slow-disk.so"), "SLOW_DISK_MS": "600",
            "ASAN_OPTIONS": "verify_asan_link_order=0", "TSAN_OPTIONS": "report_bugs=0"}
    with server("rdbcompression no\n") as s, folder() as root:
        s.say("DEBUG", "POPULATE", 40000, "key", 200)
        # Each write takes longer than the silence that is allowed: the waiting is ours, and no silence.
        result = Run("pull", environment=slow, socket=s.socket, file=root / "dump.rdb", silence_ms=300).end()
        assert result["end"] == "ok" and result["bytes"] > 8 << 20 and result["receiving_ms"] > 3000, result
        assert run("prove", file=root / "dump.rdb", folder=root)["proved"] == "loaded"


def test_a_failover_in_the_middle_is_noticed():
    with server("rdbcompression no\nrdb-key-save-delay 1000\n") as s, folder() as root:
        s.say("DEBUG", "POPULATE", 2000, "key", 200)
        b = Run("backup", socket=s.socket, root=root)
        b.until_step("receiving")
        s.say("DEBUG", "CHANGE-REPL-ID")
        result = b.end()
        assert result["end"] == "proved" and result["source_changed"], result
        assert not backup(s, root)["source_changed"]


def test_a_server_that_cannot_save_is_still_copied():
    with server("stop-writes-on-bgsave-error yes\n") as s, folder() as root:
        s.say("DEBUG", "POPULATE", 500, "key", 200)
        s.say("CONFIG", "SET", "save", "1 1")
        (s.path / "dump.rdb").mkdir()  # a save cannot be renamed over it
        until("the failure", lambda: s.say("SET", "a", "b") and s.info("rdb_last_bgsave_status") == "err")
        assert s.say("SET", "a", "c").startswith("MISCONF")
        result = backup(s, root)
        assert result["end"] == "proved", result


def test_our_disk_is_never_filled():
    if os.geteuid() != 0:
        raise Skip("a small disk needs root")
    with server("rdbcompression no\n") as s, folder() as root:
        s.say("DEBUG", "POPULATE", 40000, "key", 300)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(root)], check=True)
        try:
            for disk in ("yes", "no"):
                s.say("CONFIG", "SET", "repl-diskless-sync", disk)
                result = backup(s, root, reserve=2 << 20)
                assert result["cause"] == "disk" and "stay reserved" in result["error"], result
                assert left(root) == [], left(root)
            s.say("FLUSHALL")
            s.say("DEBUG", "POPULATE", 1000, "key", 300)
            assert backup(s, root, reserve=2 << 20)["end"] == "proved"
        finally:
            subprocess.run(["umount", "-l", str(root)], check=True)


def test_a_loss_before_the_backup_is_suspicious_and_latest_stays():
    with server() as s, folder() as root:
        s.say("DEBUG", "POPULATE", 1000)
        good = backup(s, root)
        s.say("FLUSHALL")
        empty = backup(s, root)
        assert (good["end"], empty["end"], empty["proved"]) == ("proved", "suspicious", "loaded"), empty
        assert "now_empty" in manifest(empty)["suspicious"], manifest(empty)
        assert os.path.samefile(root / "redis/latest", good["folder"])
        s.say("DEBUG", "POPULATE", 900)
        again = backup(s, root)
        assert again["end"] == "proved" and os.path.samefile(root / "redis/latest", again["folder"]), again


def test_what_a_crash_left_is_removed_and_backups_stay():
    with server(SLOW) as s, folder() as root:
        s.say("DEBUG", "POPULATE", 4, "key", 200)
        good = backup(s, root)
        s.say("DEBUG", "POPULATE", 4000, "key", 200)
        b = Run("backup", socket=s.socket, root=root)
        b.until_step("receiving")
        b.process.kill()
        b.process.wait()
        assert any(".partial-" in name for name in left(root)), left(root)
        s.say("CONFIG", "SET", "rdb-key-save-delay", 0)
        assert backup(s, root)["end"] == "proved"
        assert not any(".partial-" in name for name in left(root)), left(root)
        assert pathlib.Path(good["folder"], "dump.rdb").exists()


def test_two_backups_of_one_service_do_not_meet():
    with server(SLOW) as s, folder() as root:
        s.say("DEBUG", "POPULATE", 4000, "key", 200)
        b = Run("backup", socket=s.socket, root=root)
        b.until_step("receiving")
        second = backup(s, root)
        assert second["end"] == "failed" and "another process" in second["error"], second
        b.process.send_signal(signal.SIGTERM)
        assert b.end()["end"] == "cancelled"


def test_every_kind_of_server_is_backed_up_and_proved_by_its_own():
    for flavour in ("debian13-redis", "debian13-valkey"):
        with folder() as programs, folder() as root:
            program = wrapped(programs, flavour)
            with server(program=program) as s:
                s.say("DEBUG", "POPULATE", 1000)
                s.say("HSET", "h", "f", "v")
                result = backup(s, root, server=program)
                assert result["end"] == "proved", (flavour, result)
                made = manifest(result)
                assert made["source"]["server"] == ("valkey" if "valkey" in flavour else "redis"), made
                # Debian 12's server is older: the backup is kept, and it is said what would prove it.
                older = backup(s, root)
                checks = manifest(older)["checks"]
                assert older["end"] == "not_proved" and checks[-1]["reason"] == "needs_newer_server", (flavour, checks)
                assert "backup.server" in checks[-1]["text"], checks
                assert os.path.samefile(root / "redis/latest", result["folder"])
