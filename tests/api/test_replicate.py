"""Restores by replication: the server becomes a replica of one that serves the backup. Ends of each part in between."""

import os
import shutil
import signal
import socket

from daemon import wait_until
from test_restores import FAST, backup, begin, ended, fill, heals, killed, last, restore, size, withheld


def role(served):
    with socket.create_connection(("127.0.0.1", served.port), 5) as connection:
        connection.sendall(b"ROLE\r\n")
        return connection.makefile("rb").readlines(12)[-1].decode().strip()


def slow(served):
    """The server of the backup sends a key each 20 ms: the copy takes 40 s unless it ends before."""
    wrapper = served.folder / "slow-server"
    wrapper.write_text('#!/bin/sh\nexec redis-server "$@" --rdb-key-save-delay 20000\n')
    wrapper.chmod(0o755)
    (served.folder / "redis-check-rdb").symlink_to(shutil.which("redis-check-rdb"))
    served.settings.setdefault("backup", {})["server"] = str(wrapper)
    served.stop()
    served.start()
    wait_until(lambda: served.good("status")["status"] == "running", "Redis")
    fill(served, keys=2000)
    made = backup(served)
    served.redis("SET", "new", "1")
    return made


def copying(served, made):
    number = begin(served, "copying", b=made, method="replicate", unguarded=True)
    wait_until(lambda: role(served) == "slave", "the replica")
    return number


def has_its_data(served):
    assert role(served) == "master" and size(served) == 2003
    wait_until(lambda: withheld(served) is None, "the end of the hold")
    served.redis("SET", "new", "2")
    heals(served)


def test_all_data_are_exchanged_while_redis_runs(served):
    fill(served)
    made, pid = backup(served), served.good("status")["pid"]
    served.redis("FLUSHALL")
    served.redis("SET", "new", "1")
    plan = restore(served, made, "--dry-run", "--method", "replicate")
    assert plan["allowed"] and plan["method"] == "replicate" and plan["method_reason"] is None, plan
    assert [x["code"] for x in plan["warnings"]] == ["read_only"], plan
    done = restore(served, made, "--method", "replicate", "--confirm", "redis")
    assert done["state"] == "done" and done["method"] == "replicate" and not done["can_undo"], done
    assert size(served) == 52 and role(served) == "master" and served.good("status")["pid"] == pid
    assert int(served.redis("TTL", "b:1")[1:]) in range(900, 1001)
    safety = served.good("backup", "show", done["safety_backup"])
    assert safety["keys"] == 1 and done["safety_backup"] in done["message"], done
    undo = served.run("restore", "undo")
    assert undo.returncode == 1 and done["safety_backup"] in undo.stderr, undo
    back = restore(served, done["safety_backup"], "--method", "replicate", "--confirm", "redis")
    assert back["state"] == "done" and size(served) == 1, back
    outcomes = [x for x in served.audit() if x["operation"] == "restore" and x["result"]]
    assert [x["result"]["success"] for x in outcomes] == [True, True], outcomes
    heals(served)
    assert size(served) == 1


def test_a_server_that_logs_in_at_its_primary_is_let_in(served):
    fill(served)
    made = backup(served)
    for user in ("", "copier"):
        served.redis("CONFIG", "SET", "masterauth", "a b'c")
        served.redis("CONFIG", "SET", "masteruser", user)
        served.redis("FLUSHALL")
        done = restore(served, made, "--method", "replicate", "--unguarded", "--confirm", "redis")
        assert done["state"] == "done" and size(served) == 52, done
    found = [x for x in served.folder.rglob("*.log") if "a b'c" in x.read_text(errors="replace")]
    assert not found and "a b'c" not in served.output(), found


def test_a_password_that_is_too_long_to_ask_for_is_named(served):
    fill(served)
    made = backup(served)
    for key, most in (("masterauth", 255), ("masteruser", 127)):
        served.redis("CONFIG", "SET", key, "x" * (most + 1))
        over = restore(served, made, "--method", "replicate", "--unguarded", "--confirm", "redis", wanted=1)
        assert f"{key} of Redis is longer than {most} bytes" in over["message"] and role(served) == "master", over
        served.redis("CONFIG", "SET", key, '""')


def test_the_plan_says_why_it_chose_a_method(served):
    fill(served)
    made = backup(served)
    assert "exchange its files" in restore(served, made, "--dry-run")["method_reason"]
    assert "a part of the backup" in restore(served, made, "--dry-run", "--match", "a:*")["method_reason"]
    shown = served.run("restore", made, "--dry-run")
    assert "Resus runs this server itself" in shown.stdout and all(len(x) <= 80 for x in shown.stdout.splitlines()), shown
    for words in (("--db", "1"), ("--mode", "missing")):
        refused = served.run("restore", made, "--method", "replicate", *words, "--dry-run")
        assert refused.returncode == 1 and "for the method keys" in refused.stderr, refused
    served.redis("CONFIG", "SET", "tls-replication", "yes")
    served.redis("REPLICAOF", "127.0.0.1", "1")
    blocked = restore(served, made, "--method", "replicate", "--dry-run", wanted=1)
    assert "replica" in [x["code"] for x in blocked["blockers"]], blocked
    served.redis("REPLICAOF", "NO", "ONE")


def test_a_server_of_the_backup_that_ends_leaves_the_data(served):
    made = slow(served)
    copying(served, made)
    parents = {x.name: x for x in served.folder.glob("**/.proof-*")}
    assert parents, list(served.folder.iterdir())
    for pid in (int(x) for x in os.listdir("/proc") if x.isdigit()):
        try:
            if os.readlink(f"/proc/{pid}/cwd").split("/")[-1] in parents:
                os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    over = ended(served)
    assert over["state"] == "failed" and "data from before" in over["message"], over
    has_its_data(served)


def test_a_copy_can_be_cancelled(served):
    made = slow(served)
    copying(served, made)
    assert withheld(served)["reason_code"] == "backup_running", withheld(served)
    cancelled = served.good("restore", "cancel")
    over = ended(served)
    assert over["state"] == "cancelled" and "data from before" in over["message"], (cancelled, over)
    has_its_data(served)


def test_resus_killed_during_the_copy_makes_redis_independent_again(served):
    made = slow(served)
    copying(served, made)
    killed(served)
    over = ended(served)
    assert over["state"] == "failed" and "data from before" in over["message"], over
    has_its_data(served)


def test_a_redis_that_ends_during_the_copy_is_started_again(served):
    made = slow(served)
    served.redis("SAVE")
    copying(served, made)
    before = served.good("status")["pid"]
    os.kill(before, signal.SIGKILL)
    over = ended(served)
    assert over["state"] == "failed" and "data from before" in over["message"], over
    wait_until(lambda: served.good("status")["pid"] not in (None, before), "the start")
    has_its_data(served)


def test_another_primary_is_left_to_whom_set_it(served):
    made = slow(served)
    copying(served, made)
    served.redis("REPLICAOF", "127.0.0.1", "1")
    over = ended(served)
    assert over["state"] == "held" and "replica of another server" in over["message"], over
    served.redis("REPLICAOF", "NO", "ONE")
    over = restore(served, "resume", wanted=1)
    assert over["state"] == "failed" and "data from before" in over["message"], over
    assert last(served)["number"] == 1 and FAST
    has_its_data(served)
