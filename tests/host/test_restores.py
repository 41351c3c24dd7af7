"""Restores by file over SSH: the helper through sudo's exact lines, as the owner of the data; undo; and helpers that lie."""

import functools
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import faults
import installed
from resus import SERVICE
from tap import Skip, on, on_every, only_on
from waiting import wait_until
from watching import watching

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TREE / "tests/backups"))

import parts  # noqa: E402

HELPER = "/usr/lib/resus/resus-restore-helper"
CONF = "/etc/resus-restore-helper.conf"


@functools.cache
def built():
    """The helper without shared libraries: it runs on each kind of host."""
    file = pathlib.Path(tempfile.mkdtemp(prefix="resus-helper-")) / "resus-restore-helper"
    sources = sorted(str(x) for x in (TREE / "src/placement").glob("*.c"))
    subprocess.run(["gcc", "-std=c17", "-O2", "-static", "-D_GNU_SOURCE", f'-DSETTINGS_PATH="{CONF}"',
                    "-DSETTINGS_OWNER=0", "-DHELPER_NEVER_AS=0", f"-I{TREE}/src", "-o", str(file), *sources], check=True)
    return file


def inside(host, path):
    return pathlib.Path(f"/proc/{host.leader}/root{path}")


def install(host, text=None):
    """The helper, or a script in its place, and its settings."""
    target = inside(host, HELPER)
    target.parent.mkdir(parents=True, exist_ok=True)
    if text is None:
        shutil.copyfile(built(), target)
    else:
        target.write_text(text)
    target.chmod(0o755)
    host.write(CONF, f"[{host.unit}]\ndir {host.flavour.data}\nconfig {host.flavour.config}\nreserve_bytes 1048576\n")


def allow(host, daemon):
    """What `resus sudoers` prints, after visudo has seen it."""
    text = daemon.cli("sudoers", SERVICE).json["sudoers"]
    assert text.count(HELPER) == 6 and f"autobot ALL=({host.flavour.user}) NOPASSWD: {HELPER} facts {host.unit}\n" in text, text
    host.write("/etc/sudoers.d/resus-restore", text)
    host.run("chmod", "0440", "/etc/sudoers.d/resus-restore")
    host.run("visudo", "-cf", "/etc/sudoers.d/resus-restore")


def with_helper(host, **more):
    """On a disk of its own: on an overlay files are on other disks than their folder, and the helper refuses that."""
    host.systemctl("stop", host.unit)
    host.run("mount", "-t", "tmpfs", "-o", f"size=64m,mode=750,uid={host.flavour.user},gid={host.flavour.user}", "tmpfs", host.flavour.data)
    host.systemctl("start", host.unit)
    host.wait_for_pong()
    install(host)
    backups = {"backup": {"server": shutil.which("redis-server")}}
    return watching(host, {"services": {SERVICE: {"restore_helper": True, **backups, **more}}})


def call(host, *words):
    with host.redis() as client:
        return client.call(*words)


def fill(host, keys=500):
    call(host, "CONFIG", "SET", "repl-diskless-sync-delay", "0")
    call(host, "EVAL", f"for i = 1, {keys} do redis.call('SET', 'a:' .. i, i) end", "0")


def backup(daemon):
    """Of a host that is newer than this machine it cannot be proved here."""
    done = daemon.cli("backup", "create", SERVICE)
    newer = daemon.host.flavour.name != "debian12-redis"
    assert done.status == 0 or (newer and done.status == 4), done
    return done.json["backup"]


def restore(daemon, *words, wanted=0):
    try:
        done = daemon.cli("restore", *words, *(["--unproved"] if "--confirm" in words else []))
    except subprocess.TimeoutExpired:
        raise AssertionError(last(daemon)) from None
    assert done.status == wanted, done
    return done.json


def switch_helper(daemon, on):
    before = daemon.output().count("config: reloaded")
    daemon.settings["services"][SERVICE]["restore_helper"] = on
    daemon.reload()
    wait_until(lambda: daemon.output().count("config: reloaded") > before, "the reload")


def plan(daemon, made):
    return daemon.cli("restore", SERVICE, made, "--method", "file", "--unproved", "--dry-run").json


def last(daemon):
    return daemon.cli("restore", "list", SERVICE).json["items"][0]


def blockers(daemon, made):
    return {x["code"]: x["text"] for x in plan(daemon, made)["blockers"]}


def owned(host):
    """Every file in the data folder is the owner's."""
    listed = host.run("find", host.flavour.data, "-printf", "%u %p\\n").stdout.splitlines()
    assert listed and all(x.startswith(f"{host.flavour.user} ") for x in listed), listed


@on_every
def test_files_are_exchanged_on_the_host_and_back(host):
    with with_helper(host) as daemon:
        allow(host, daemon)
        fill(host)
        made, pid = backup(daemon), host.main_pid()
        call(host, "FLUSHALL")
        call(host, "SET", "new", "1")
        found = plan(daemon, made)
        assert found["allowed"] and found["method"] == "file" and found["keys"] in (500, None), found
        assert host.main_pid() == pid and call(host, "DBSIZE") == 1
        done = restore(daemon, SERVICE, made, "--method", "file", "--confirm", SERVICE)
        assert done["state"] == "done" and done["can_undo"], done
        assert host.flavour.data in done["message"] and done["safety_backup"], done
        assert call(host, "DBSIZE") == 500 and host.main_pid() != pid
        owned(host)
        # Without the helper nothing is done in a folder of the same name on this machine, and Redis is not stopped for it.
        pid = host.main_pid()
        switch_helper(daemon, False)
        refused = daemon.cli("restore", "undo", SERVICE)
        assert refused.status == 1 and "restore_helper" in refused.json["message"] and host.main_pid() == pid, refused
        switch_helper(daemon, True)
        undone = restore(daemon, "undo", SERVICE)
        assert undone["state"] == "undone" and call(host, "DBSIZE") == 1, undone
        owned(host)
        daemon.wait_for_cause("ok")
        lines = [x for x in daemon.audit() if x["operation"].startswith("restore")]
        assert [x["operation"] for x in lines if x["result"]] == ["restore", "restore_undo"], lines
        faults.kill(host)  # recovery is back
        wait_until(lambda: call(host, "PING") == "PONG", "the recovery", 30, OSError)


@on_every
def test_with_an_append_only_file_the_backup_becomes_its_base_on_the_host(host):
    host.add_config("appendonly yes")
    host.systemctl("restart", host.unit)
    host.wait_for_pong()
    with with_helper(host) as daemon:
        allow(host, daemon)
        fill(host)
        made = backup(daemon)
        call(host, "FLUSHALL")
        done = restore(daemon, SERVICE, made, "--method", "file", "--confirm", SERVICE)
        assert done["state"] == "done" and call(host, "DBSIZE") == 500, done
        daemon.wait_for_cause("ok")
        host.systemctl("restart", host.unit)
        host.wait_for_pong()
        assert call(host, "DBSIZE") == 500
        owned(host)


def test_a_redis_that_cannot_load_its_file_is_brought_back_over_ssh(host):
    with with_helper(host) as daemon:
        allow(host, daemon)
        fill(host)
        made = backup(daemon)
        host.systemctl("stop", host.unit)
        dump = inside(host, f"{host.flavour.data}/dump.rdb")
        data = bytearray(dump.read_bytes())
        data[len(data) // 2] ^= 255
        dump.write_bytes(data)
        wait_until(lambda: daemon.cli("restore", SERVICE, made, "--dry-run").json["keys_now"] is None, "the stop to be seen")
        found = daemon.cli("restore", SERVICE, made, "--dry-run").json
        assert found["allowed"] and found["method"] == "file" and not found["safety_backup"], found
        done = restore(daemon, SERVICE, made, "--confirm", SERVICE)
        assert done["state"] == "done" and call(host, "DBSIZE") == 500, done


def test_what_is_missing_on_the_host_is_named_before_anything_is_touched(host):
    with with_helper(host) as daemon:
        fill(host)
        made, pid = backup(daemon), host.main_pid()
        # No line of sudoers.
        assert "password is required" in blockers(daemon, made)["no_helper"], plan(daemon, made)
        missing = [x for x in daemon.cli("doctor", SERVICE).json["items"] if x["check"] == "sudo" and x["status"] == "fail"]
        assert missing and HELPER in missing[0]["message"], missing
        allow(host, daemon)
        assert blockers(daemon, made) == {}
        items = daemon.cli("doctor", SERVICE).json["items"]
        assert not [x for x in items if x["check"] == "sudo" and x["status"] == "fail"], items
        # Settings that name other files than Redis reads.
        host.write(CONF, host.read(CONF).replace("config ", "dbfilename data.rdb\nconfig "))
        assert "let both say the same" in blockers(daemon, made)["no_helper"], plan(daemon, made)
        host.run("rm", CONF)
        assert CONF in blockers(daemon, made)["no_helper"], plan(daemon, made)
        install(host)
        # No room.
        host.write(CONF, host.read(CONF).replace("reserve_bytes 1048576", "reserve_bytes 99999999999999"))
        assert "Make room first" in blockers(daemon, made)["disk"], plan(daemon, made)
        host.run("rm", HELPER)
        assert "no_helper" in blockers(daemon, made)
        refused = daemon.cli("restore", SERVICE, made, "--method", "file", "--confirm", SERVICE)
        assert refused.status == 1, refused
        assert host.main_pid() == pid and call(host, "DBSIZE") == 500
        owned(host)


FACTS = {"free_bytes": 10**12, "reserve_bytes": 0, "max_bytes": 10**12, "dump_bytes": 1, "aof_bytes": -1, "manifest": False,
         "running": True, "newest_aside": "", "dir": "/var/lib/redis", "dbfilename": "dump.rdb", "appenddirname": "appendonlydir",
         "appendfilename": "appendonly.aof", "config": [], "appendonly": False}


def lying(stage, facts=None):
    """A helper that answers FACTS and does what STAGE says."""
    return f"#!/bin/sh\ncase $1 in facts) cat <<'END'\n{json.dumps(FACTS | (facts or {}))}\nEND\n;; stage) {stage} ;; *) exit 0 ;; esac\n"


def test_a_helper_that_lies_or_dies_changes_nothing(host):
    with with_helper(host) as daemon:
        allow(host, daemon)
        fill(host)
        made, pid = backup(daemon), host.main_pid()
        for text in ("#!/bin/sh\necho '{'\n", "#!/bin/sh\nexit 0\n", "#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' x\n",
                     "#!/bin/sh\nkill -9 $$\n", lying("true", {"dir": "/var/lib/redis/../../etc"}),
                     lying("true", {"dbfilename": "../dump.rdb"}), lying("true", {"free_bytes": -5}),
                     lying("true", {"config": [["dir", "/elsewhere"]]}), lying("true", {"config": "x"})):
            install(host, text)
            assert "no_helper" in blockers(daemon, made), text
        for stage in ("echo staged ../../etc/passwd", "cat >/dev/null; echo staged", "exit 5", "kill -9 $$",
                      "cat >/dev/null; head -c 3000000 /dev/zero; exit 4", "echo 'no \033[31mroom' >&2; exit 5"):
            install(host, lying(stage))
            done = restore(daemon, SERVICE, made, "--method", "file", "--confirm", SERVICE, "--unguarded", wanted=1)
            assert done["state"] == "failed" and "untouched" in done["message"] and "\033" not in done["message"], (stage, done)
            assert host.main_pid() == pid, stage
        daemon.wait_for_cause("ok")
        # It says that it placed the backup, and did not: the proof notices, and the restore is undone.
        call(host, "FLUSHALL")
        call(host, "SET", "more", "1")
        install(host, lying("cat >/dev/null; echo staged 20261129T023000.123Z"))
        done = restore(daemon, SERVICE, made, "--method", "file", "--confirm", SERVICE, "--unguarded", wanted=1)
        assert done["state"] == "undone" and call(host, "DBSIZE") == 1, done
        daemon.wait_for_cause("ok")


def test_resus_killed_in_the_exchange_resumes_or_undoes_on_order(host):
    with with_helper(host) as daemon:
        allow(host, daemon)
        fill(host)
        made = backup(daemon)
        for order, keys in (("resume", 500), ("undo", 1)):
            call(host, "FLUSHALL")
            call(host, "SET", "new", "1")
            # The exchange is done, and its answer does not come.
            inside(host, "/run/go").unlink(missing_ok=True)
            inside(host, f"{HELPER}.real").write_bytes(built().read_bytes())
            inside(host, f"{HELPER}.real").chmod(0o755)
            install(host, f"#!/bin/sh\n{HELPER}.real \"$@\" || exit\ncase $1 in place-*) : >/tmp/placed; exec sleep 300;; esac\n")
            begun = daemon.ask("restore", b=made, confirmation=SERVICE, method="file", unguarded=True)
            assert begun["state"] == "running", begun
            wait_until(lambda: inside(host, "/tmp/placed").exists(), "the exchange", 60)
            inside(host, "/tmp/placed").unlink()
            daemon.kill()
            install(host)
            host.run("pkill", "sleep", check=False)
            daemon.start()
            held = wait_until(lambda: last(daemon) if last(daemon)["state"] != "running" else None, "the end")
            assert held["state"] == "held" and held["can_resume"] and held["can_undo"], held
            assert host.state() != "active"
            done = restore(daemon, order, SERVICE)
            assert done["state"] == ("done" if order == "resume" else "undone"), done
            assert call(host, "DBSIZE") == keys, order
            daemon.wait_for_cause("ok")
        owned(host)


def test_a_session_that_is_lost_in_the_exchange_leaves_the_restore_to_a_person(host):
    with with_helper(host) as daemon:
        allow(host, daemon)
        fill(host)
        made = backup(daemon)
        call(host, "FLUSHALL")
        inside(host, f"{HELPER}.real").write_bytes(built().read_bytes())
        inside(host, f"{HELPER}.real").chmod(0o755)
        install(host, f"#!/bin/sh\n{HELPER}.real \"$@\" || exit\ncase $1 in place-*) : >/tmp/placed; exec sleep 300;; esac\n")
        daemon.ask("restore", b=made, confirmation=SERVICE, method="file", unguarded=True)
        wait_until(lambda: inside(host, "/tmp/placed").exists(), "the exchange", 60)
        inside(host, "/tmp/placed").unlink()
        faults.end_ssh_sessions(host)
        held = wait_until(lambda: last(daemon) if last(daemon)["state"] != "running" else None, "the end", 60)
        assert held["state"] == "held" and "was lost" in held["message"], held
        assert daemon.cli("recovery", "explain", SERVICE).json["would_act"] is False
        host.run("pkill", "sleep", check=False)
        install(host)
        done = restore(daemon, "resume", SERVICE)
        assert done["state"] == "done" and call(host, "DBSIZE") == 500, done
        daemon.wait_for_cause("ok")


@on_every
def test_a_unit_whose_start_systemd_would_end_is_not_stopped(host):
    """The load of the backup, as the last proof measured it, takes longer than TimeoutStartSec."""
    host.allow_extended_commands()
    with with_helper(host, commands="extended") as daemon:
        allow(host, daemon)
        fill(host)
        made = backup(daemon)
        if daemon.cli("backup", "show", SERVICE, made).json["proved"] != "loaded":
            raise Skip("this machine's server is too old to load it")
        host.drop_in("short", "[Service]\nTimeoutStartSec=1ms\n")
        wait_until(lambda: "start_timeout" in blockers(daemon, made), "the blocker")
        assert "TimeoutStartSec" in blockers(daemon, made)["start_timeout"]


@on("debian12-redis", "debian13-redis")
def test_files_of_a_unit_of_this_machine_are_exchanged_by_sudo(host):
    """control: systemd, Resus as an account of its own: the helper as the owner of the data, by the lines that the doctor proves."""
    with installed.on(host) as daemon:
        host.drop_in("hands-off", "[Service]\nRestart=no\n")
        host.run("mount", "-t", "tmpfs", "-o", f"size=64m,mode=750,uid={host.flavour.user},gid={host.flavour.user}", "tmpfs",
                 host.flavour.data)
        host.systemctl("restart", host.unit)
        host.wait_for_pong()
        install(host)
        daemon.write_settings({"redis": daemon.by_sudo() | {"restore_helper": True}})
        # As docs/backups.md has it: the helper works in the namespace of the unit of Resus.
        host.write(f"{installed.FOLDER}/data.conf", f"[Service]\nReadWritePaths={host.flavour.data}\n")
        daemon.confine("systemd")
        daemon.start()
        daemon.wait_for_status("running")
        lines = host.run("/usr/local/bin/resus", "sudoers", "--user", "resus").stdout
        host.write("/etc/sudoers.d/resus", "".join(x for x in lines.splitlines(True) if f"{HELPER} stage" not in x))
        assert f"{HELPER} stage" in json.dumps([x for x in daemon.findings("sudo") if x["status"] == "fail"])
        host.write("/etc/sudoers.d/resus", lines)
        wait_until(lambda: all(x["status"] != "fail" for x in daemon.findings("sudo")), "the rights")
        fill(host)
        made = daemon.cli("backup", "create").json["backup"]
        pid = host.main_pid()
        call(host, "FLUSHALL")
        call(host, "SET", "new", "1")
        plan = daemon.cli("restore", made, "--method", "file", "--dry-run").json
        assert plan["allowed"] and plan["method"] == "file", plan
        done = daemon.cli("restore", made, "--method", "file", "--confirm", "redis")
        assert done.status == 0 and done.json["state"] == "done", done
        assert call(host, "DBSIZE") == 500 and host.main_pid() != pid
        owned(host)
        undone = daemon.cli("restore", "undo")
        assert undone.status == 0 and undone.json["state"] == "undone" and call(host, "DBSIZE") == 1, undone
        owned(host)


def server_of(host, folder):
    """The program of the host's own version, for this machine: an older one cannot load its backups."""
    return shutil.which("redis-server") if host.flavour.name == "debian12-redis" else parts.wrapped(pathlib.Path(folder), host.flavour.name)


def replicated(host, folder, via):
    return watching(host, {"services": {SERVICE: {"redis": {"via": via}, "backup": {"server": str(server_of(host, folder))}}}})


@on_every
def test_a_server_copies_the_backup_over_the_network(host):
    """To a port of this machine that lets in its address alone; it was a replica, and no alert says so."""
    with tempfile.TemporaryDirectory() as folder, replicated(host, folder, "direct") as daemon:
        fill(host)
        made, pid = daemon.cli("backup", "create", SERVICE).json["backup"], host.main_pid()
        call(host, "FLUSHALL")
        call(host, "SET", "new", "1")
        done = restore(daemon, SERVICE, made, "--method", "replicate", "--confirm", SERVICE)
        assert done["state"] == "done" and call(host, "DBSIZE") == 500 and host.main_pid() == pid, done
        daemon.cli("refresh", SERVICE)
        daemon.wait_for_cause("ok")
        assert "wrong_instance" not in daemon.output(), daemon.output()


@on_every
def test_a_server_copies_the_backup_through_its_own_sshd(host):
    """REPLICAOF to a port of the host's loopback, where sshd listens for Resus until the server has come."""
    with tempfile.TemporaryDirectory() as folder:
        with replicated(host, folder, "ssh") as daemon:
            fill(host)
            made, pid = daemon.cli("backup", "create", SERVICE).json["backup"], host.main_pid()
            call(host, "FLUSHALL")
            call(host, "SET", "new", "1")
            call(host, "CONFIG", "SET", "masterauth", "hidden")
            words = (SERVICE, made, "--method", "replicate", "--confirm", SERVICE)
            before = host.run("ss", "-Hltn").stdout.count("127.0.0.1:")
            done = restore(daemon, *words)
            assert done["state"] == "done" and done["safety_backup"], done
            assert call(host, "DBSIZE") == 500 and host.main_pid() == pid and call(host, "ROLE")[0] == "master"
            assert host.run("ss", "-Hltn").stdout.count("127.0.0.1:") == before
            daemon.wait_for_cause("ok")
            faults.restrict_key(host, 'permitlisten="127.0.0.1:1"')
            call(host, "FLUSHALL")
            refused = restore(daemon, *words, "--unguarded", wanted=1)
            assert "port-forwarding" in refused["message"] and call(host, "ROLE")[0] == "master", refused


@only_on("debian12-redis", "debian13-valkey")
def test_a_server_never_follows_one_that_it_cannot_read(host):
    """The program of the backups is newer: it would make the server empty itself and fail."""
    with tempfile.TemporaryDirectory() as folder:
        server = str(parts.wrapped(pathlib.Path(folder), "debian13-redis"))
        with watching(host, {"services": {SERVICE: {"backup": {"server": server}}}}) as daemon:
            fill(host)
            made = daemon.cli("backup", "create", SERVICE).json["backup"]
            call(host, "SET", "new", "1")
            refused = restore(daemon, SERVICE, made, "--method", "replicate", "--confirm", SERVICE, wanted=1)
            assert "RDB version 12" in refused["message"] and refused["state"] == "failed", refused
            assert call(host, "DBSIZE") == 501 and call(host, "ROLE")[0] == "master"
