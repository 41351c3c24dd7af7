"""Restores: the plan, by keys and by file, undo; wrong words, full disks, and ends of Resus or Redis in between."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

from daemon import Skip, free_port, wait_until

FAST = "repl-diskless-sync-delay"  # a copy then begins at once


def fill(served, keys=50):
    served.redis("CONFIG", "SET", FAST, "0")
    served.redis("EVAL", f"\"for i = 1, {keys} do redis.call('SET', 'a:' .. i, i) end\"", "0")
    served.redis("SET", "b:1", "x", "EX", "1000")
    served.redis("SET", "kept", "old")


def backup(served):
    done = served.run("backup", "create", "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)["backup"]


def restore(served, *words, wanted=0):
    done = served.run("restore", *words, "--json")
    assert done.returncode == wanted, done
    return json.loads(done.stdout)


def last(served, service="redis"):
    return served.good("restore", "list", service)["items"][0]


def begin(served, wanted, **fields):
    """Begins one and waits for a stage; the number."""
    status, body = served.ask("restore", "redis", confirmation="redis", **fields)
    assert status == 202, body
    wait_until(lambda: last(served)["stage"] == wanted, wanted)
    return body["number"]


def ended(served):
    wait_until(lambda: last(served)["state"] != "running", "the end of the restore")
    return last(served)


def size(served):
    return int(served.redis("DBSIZE")[1:])


def withheld(served):
    return served.good("recovery", "status")["withheld"]


def heals(served):
    """Recovery is not withheld: a killed Redis comes back."""
    before = served.good("status")["pid"]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: served.good("status")["pid"] not in (None, before), "the recovery")


def test_a_plan_names_what_stands_in_the_way_and_changes_nothing(served):
    fill(served)
    made = backup(served)
    plan = restore(served, made, "--dry-run")
    assert plan["allowed"] and plan["method"] == "file" and plan["keys"] == 52 and plan["safety_backup"], plan
    served.redis("CONFIG", "SET", "maxmemory", "1mb")
    served.redis("FLUSHALL")
    blocked = served.run("restore", made, "--dry-run")
    assert blocked.returncode == 1 and "Raise maxmemory first." in blocked.stdout, blocked
    assert all(len(line) <= 80 for line in blocked.stdout.splitlines()), blocked.stdout
    refused = served.run("restore", made, "--confirm", "redis")
    assert refused.returncode == 1 and "Raise maxmemory first." in refused.stderr, refused
    assert size(served) == 0 and served.good("restore", "list")["items"] == []
    assert [x["operation"] for x in served.audit()].count("restore") == 0


def test_an_empty_backup_is_known_to_have_no_keys(served):
    made = backup(served)
    fill(served)
    plan = restore(served, made, "--dry-run")
    assert plan["keys"] == 0 and "fewer_keys" in json.dumps(plan["warnings"]), plan
    done = restore(served, made, "--confirm", "redis")
    assert done["state"] == "done" and "the backup's 0 keys" in done["message"] and size(served) == 0, done


def test_keys_are_copied_into_a_server_as_it_runs(served):
    fill(served)
    made, pid = backup(served), served.good("status")["pid"]
    served.redis("FLUSHALL")
    served.redis("SET", "kept", "new")
    served.redis("SET", "more", "1")
    done = restore(served, made, "--method", "keys", "--mode", "missing", "--confirm", "redis", "--reason", "lost")
    assert (done["state"], done["restored"], done["kept"], done["removed"]) == ("done", 51, 1, 0), done
    assert size(served) == 53 and int(served.redis("TTL", "b:1")[1:]) in range(900, 1001)
    served.redis("FLUSHALL")
    served.redis("SET", "more", "1")
    done = restore(served, made, "--mode", "exact", "--confirm", "redis")
    assert (done["method"], done["restored"], done["removed"]) == ("keys", 52, 1) and size(served) == 52, done
    assert served.good("status")["pid"] == pid and withheld(served) is None
    safety = served.good("backup", "show", done["safety_backup"])
    assert safety["keys"] == 1 and safety["reason"] == f"before restore {done['number']}", safety
    lines = [x for x in served.audit() if x["operation"] == "restore"]
    assert [x["event_type"] for x in lines] == ["intent", "backup"] * 2, lines
    assert lines[1]["result"]["success"] and made in lines[1]["reason"] and "lost" in lines[1]["reason"], lines


def test_a_part_of_the_data_is_restored_and_the_rest_is_left(served):
    fill(served)
    made = backup(served)
    served.redis("FLUSHALL")
    served.redis("SET", "more", "1")
    done = restore(served, made, "--match", "b:*", "--confirm", "redis", "--unguarded")
    assert done["restored"] == 1 and done["safety_backup"] is None and size(served) == 2, done
    done = restore(served, made, "--db", "3", "--confirm", "redis", "--unguarded")
    assert done["restored"] == 0 and size(served) == 2, done


def test_another_service_gets_the_data(served):
    port, folder = free_port(), served.folder / "other"
    folder.mkdir()
    (served.folder / "other.conf").write_text(f"port {port}\nbind 127.0.0.1\n{FAST} 0\n")
    served.settings["services"]["other"] = {
        "address": f"127.0.0.1:{port}", "control": "process",
        "process": {"config_file": str(served.folder / "other.conf"), "directory": str(folder)}}
    served.stop()
    served.start()
    wait_until(lambda: served.cli("start", "other").status == 0, "the other Redis")
    fill(served)
    made = served.good("backup", "create", "redis")["backup"]
    wrong = served.run("restore", "redis", made, "--to", "other", "--confirm", "redis")
    assert wrong.returncode == 1 and "the name of the service that gets the data" in wrong.stderr, wrong
    for method in ("file", "keys"):
        done = restore(served, "redis", made, "--to", "other", "--method", method, "--confirm", "other")
        assert done["service"] == "other" and done["source"] == "redis", done
    assert size(served) == 52 and last(served, "other")["number"] == 2
    served.port = port
    assert size(served) == 52


def test_the_files_are_exchanged_and_an_undo_brings_the_old_ones_back(served):
    fill(served)
    made, pid = backup(served), served.good("status")["pid"]
    served.redis("FLUSHALL")
    served.redis("SET", "new", "1")
    done = restore(served, made, "--confirm", "redis")
    assert done["method"] == "file" and done["can_undo"] and size(served) == 52, done
    assert served.good("status")["pid"] != pid and withheld(served) is None
    aside, = served.folder.glob("redis/resus-aside-*")
    assert (aside / "dump.rdb").exists(), list(aside.iterdir())
    undone = restore(served, "undo")
    assert undone["state"] == "undone" and not undone["can_undo"] and size(served) == 1, undone
    steps = [x for x in served.audit() if (x["request_id"] or "").startswith("restore-step-") and x["result"]]
    assert [x["operation"] for x in steps] == ["stop", "start"] * 2, steps
    assert "3 operations or more" not in json.dumps(served.good("alert", "list"))
    again = served.run("restore", "undo")
    assert again.returncode == 1, again
    heals(served)
    assert size(served) == 1


def test_with_an_append_only_file_the_backup_becomes_its_base(served):
    fill(served)
    made = backup(served)
    served.redis("CONFIG", "SET", "appendonly", "yes")
    blocked = served.run("restore", made, "--dry-run")
    assert blocked.returncode == 1 and "redis.conf" in blocked.stdout, blocked
    config = served.folder / "redis.conf"
    config.write_text(config.read_text() + "appendonly yes\n")
    served.redis("FLUSHALL")
    done = restore(served, made, "--confirm", "redis")
    assert done["state"] == "done" and size(served) == 52, done
    heals(served)
    assert size(served) == 52


def test_a_redis_that_cannot_load_its_file_is_brought_back(served):
    fill(served)
    made = backup(served)
    served.good("stop", "--confirm", "STOP")
    dump = served.folder / "redis" / "dump.rdb"
    damaged = bytearray(dump.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    dump.write_bytes(damaged)
    assert served.run("start").returncode == 1
    plan = restore(served, made, "--dry-run")
    assert plan["allowed"] and plan["keys_now"] is None and not plan["safety_backup"], plan
    done = restore(served, made, "--confirm", "redis")
    assert done["state"] == "done" and done["safety_backup"] is None and size(served) == 52, done
    assert served.good("status")["status"] == "running" and withheld(served) is None


def test_wrong_words_change_nothing(served):
    fill(served)
    made = backup(served)
    for words, status, text in (
            ((made,), 64, "--dry-run"),
            ((made, "--confirm", "radish"), 1, "repeat the name of the service"),
            (("20200101T000000Z", "--confirm", "redis"), 1, "There is no such backup"),
            ((made, "--to", "nowhere", "--confirm", "nowhere"), 1, 'no service "nowhere"'),
            ((made, "--method", "file", "--db", "1", "--confirm", "redis"), 1, "for the method keys"),
            ((made, "--method", "magic", "--confirm", "redis"), 1, "method"),
            (("undo",), 1, "nothing was restored yet"),
            (("undo", "7"), 1, "There is no such restore")):
        done = served.run("restore", *words)
        assert done.returncode == status and text in done.stderr, (words, done)
    assert served.good("restore", "list")["items"] == [] and size(served) == 52


def test_a_backup_that_is_damaged_is_found_before_the_data_are_touched(served):
    fill(served)
    made, pid = backup(served), served.good("status")["pid"]
    dump = pathlib.Path(served.good("backup", "show", made)["folder"]) / "dump.rdb"
    damaged = bytearray(dump.read_bytes())
    damaged[20] ^= 1
    dump.write_bytes(damaged)
    served.redis("SET", "new", "1")
    for method in ("file", "keys"):
        done = restore(served, made, "--method", method, "--confirm", "redis", wanted=1)
        assert done["state"] == "failed", done
        assert served.good("status")["pid"] == pid and size(served) == 53 and withheld(served) is None
    assert not list(served.folder.glob("redis/resus-*")), list(served.folder.glob("redis/*"))


def test_a_disk_without_room_blocks_a_restore_by_file(served):
    if os.geteuid() != 0:
        raise Skip("needs root for a small tmpfs")
    fill(served)
    made = backup(served)
    served.good("stop", "--confirm", "STOP")
    folder = served.folder / "redis"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=755", "tmpfs", str(folder)], capture_output=True).returncode != 0:
        raise Skip("tmpfs cannot be mounted here")
    try:
        blocked = served.run("restore", made, "--confirm", "redis")
        assert blocked.returncode == 1 and "Make room first." in blocked.stderr, blocked
        assert list(folder.iterdir()) == [], list(folder.iterdir())
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    assert served.run("restore", made, "--confirm", "redis").returncode == 0 and size(served) == 52


def test_operations_of_others_wait_for_the_end_of_a_restore(served):
    fill(served)
    made, pid = backup(served), served.good("status")["pid"]
    served.redis("CLIENT", "PAUSE", "600000", "WRITE")
    begin(served, "pouring", b=made, method="keys", unguarded=True)
    refused = served.run("restart")
    assert refused.returncode == 1 and "a restore is running on redis" in refused.stderr, refused
    assert served.run("restore", made, "--dry-run").returncode == 1
    assert withheld(served)["reason_code"] == "backup_running" and "Restore 1" in withheld(served)["text"]
    cancelled = served.good("restore", "cancel")
    assert cancelled["state"] == "cancelled" and served.good("status")["pid"] == pid, cancelled
    assert withheld(served) is None
    served.redis("CLIENT", "UNPAUSE")


def regrouped(served):
    """A reload with another set of services: what the daemon says of it."""
    before = len(served.output())
    served.write_settings()
    served.hang_up()
    return wait_until(lambda: next((x for x in served.output()[before:].splitlines() if "reloaded" in x), None), "the reload")


def test_services_come_and_go_once_a_restore_has_ended(served):
    fill(served)
    made = backup(served)
    served.redis("CLIENT", "PAUSE", "600000", "WRITE")
    begin(served, "pouring", b=made, method="keys", unguarded=True)
    served.settings["services"]["other"] = {"address": f"127.0.0.1:{free_port()}", "control": "process",
                                            "process": {"program": "/bin/false", "directory": str(served.folder / "other")}}
    refused = regrouped(served)
    assert "not reloaded" in refused and "a restore of redis is under way" in refused, refused
    assert last(served)["state"] == "running", last(served)
    served.good("restore", "cancel", "redis")
    served.redis("CLIENT", "UNPAUSE")


def test_a_redis_that_dies_while_keys_are_copied_is_healed(served):
    fill(served)
    made = backup(served)
    served.redis("CLIENT", "PAUSE", "600000", "WRITE")
    begin(served, "pouring", b=made, method="keys", unguarded=True)
    heals(served)
    failed = ended(served)
    assert failed["state"] == "failed" and "It may be repeated" in failed["message"], failed
    assert restore(served, made, "--method", "keys", "--confirm", "redis")["state"] == "done"


def killed(served):
    served.process.kill()
    served.process.wait()
    served.process = None
    served.start()


def test_resus_killed_before_the_exchange_leaves_the_data_and_guards_them_again(served):
    fill(served)
    made = backup(served)
    served.redis("CONFIG", "SET", FAST, "60")
    begin(served, "guarding", b=made)
    pid = served.good("status")["pid"]
    killed(served)
    over = ended(served)
    assert over["state"] == "failed" and "untouched" in over["message"], over
    wait_until(lambda: served.good("status")["pid"] == pid, "the process")
    assert size(served) == 52 and withheld(served) is None
    outcomes = [x for x in served.audit() if x["operation"] == "restore" and x["result"]]
    assert [(x["result"]["success"], x["event_type"]) for x in outcomes] == [(False, "backup")], outcomes
    heals(served)


def test_resus_stopped_in_the_middle_says_how_far_it_came(served):
    fill(served)
    made = backup(served)
    served.redis("CLIENT", "PAUSE", "600000", "WRITE")
    begin(served, "pouring", b=made, method="keys", unguarded=True)
    served.stop()
    served.redis("CLIENT", "UNPAUSE")
    served.start()
    over = ended(served)
    assert over["state"] == "interrupted" and "repeat the restore" in over["message"], over
    assert withheld(served) is None and size(served) == 52
    served.redis("CONFIG", "SET", FAST, "60")
    wait_until(lambda: served.good("status")["status"] == "running", "Redis")
    begin(served, "guarding", b=made)
    served.stop()
    served.start()
    assert ended(served)["state"] == "failed" and size(served) == 52 and withheld(served) is None


def test_a_restore_that_has_not_touched_the_data_can_be_cancelled(served):
    fill(served)
    made, pid = backup(served), served.good("status")["pid"]
    served.redis("CONFIG", "SET", FAST, "60")
    begin(served, "guarding", b=made, method="file")
    cancelled = served.good("restore", "cancel")
    assert cancelled["state"] == "cancelled" and "untouched" in cancelled["message"], cancelled
    assert served.good("status")["pid"] == pid and size(served) == 52 and withheld(served) is None
    late = served.run("restore", "cancel")
    assert late.returncode == 1 and "not under way" in late.stderr, late


def loads(served):
    with contextlib.suppress(OSError):
        return served.redis("PING").startswith("-LOADING")
    return False


def held(served):
    """Resus was killed while Redis loaded the backup: the restore waits for a person."""
    fill(served, keys=2000)
    made = backup(served)
    served.redis("FLUSHALL")
    served.redis("SET", "new", "1")
    config = served.folder / "redis.conf"
    slow = "key-load-delay 3000\nloading-process-events-interval-bytes 1024\n"
    config.write_text(config.read_text() + slow)
    begin(served, "starting", b=made, method="file")
    wait_until(lambda: loads(served), "the load")
    killed(served)
    waits = ended(served)
    assert waits["state"] == "held" and waits["can_resume"] and waits["can_undo"], waits
    why = withheld(served)
    assert why["reason_code"] in ("backup_running", "stopped_on_purpose") and "resume or undo" in why["text"], why
    config.write_text(config.read_text().replace(slow, ""))
    # Recovery leaves it alone, whatever becomes of Redis.
    pid, = (int(re.search(r"\d+", x.read_text())[0]) for x in served.folder.rglob("*.pid"))
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: served.good("status")["status"] in ("failed", "stopped"), "the end of Redis")
    assert served.good("recovery", "explain")["would_act"] is False
    return waits["number"]


def test_resus_killed_after_the_exchange_resumes_on_order(served):
    number = held(served)
    served.good("refresh")
    assert served.good("status")["status"] in ("failed", "stopped")
    done = restore(served, "resume", str(number))
    assert done["state"] == "done" and size(served) == 2002 and withheld(served) is None, done
    heals(served)


def test_resus_killed_after_the_exchange_undoes_on_order(served):
    number = held(served)
    undone = restore(served, "undo", "redis", str(number))
    assert undone["state"] == "undone" and size(served) == 1 and withheld(served) is None, undone


def test_restores_are_found_again_after_a_restart_and_can_be_undone(served):
    fill(served)
    made = backup(served)
    served.redis("FLUSHALL")
    assert restore(served, made, "--confirm", "redis")["state"] == "done"
    served.stop()
    served.start()
    assert last(served)["state"] == "done" and last(served)["can_undo"], last(served)
    wait_until(lambda: served.good("status")["status"] == "running", "Redis")
    assert restore(served, "undo")["state"] == "undone" and size(served) == 0


def test_the_pages_fit_into_80_columns(served):
    fill(served)
    made = backup(served)
    for words in ((made, "--dry-run"), (made, "--dry-run", "--method", "keys", "--match", "b:*"),
                  (made, "--confirm", "redis", "--unguarded"), ("list",), ("show",), ("undo",)):
        done = served.run("restore", *words)
        assert done.returncode == 0 and done.stdout, (words, done)
        print(done.stdout)
        wide = [x for x in done.stdout.splitlines() if len(x) > 80 and str(served.folder) not in x]
        assert not wide, wide
