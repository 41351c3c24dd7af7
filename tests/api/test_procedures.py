"""Guided procedures: a setting is changed, verified, watched and taken back; an update is rehearsed with a real program."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys

from daemon import TREE, wait_until

sys.path.append(str(TREE / "tests/backups"))

import parts  # noqa: E402


def run(served, *words, wanted=0):
    done = served.run("procedure", *words, "--json")
    assert done.returncode == wanted, done
    return json.loads(done.stdout)


def value(served, name):
    told = subprocess.run(["redis-cli", "-p", str(served.port), "--json", "CONFIG", "GET", name], capture_output=True, text=True)
    return json.loads(told.stdout)[name]


def ticked(procedure):
    return [x["text"] for x in procedure["checklist"] if x["done"]]


def reload(served):
    before = served.output().count("config: reloaded")
    served.write_settings()
    served.hang_up()
    wait_until(lambda: served.output().count("config: reloaded") > before, "the reload")


def test_a_setting_is_changed_watched_and_taken_back(served):
    ready = run(served, "config", "redis", "maxmemory", "100mb", "--reason", "more room")
    assert ready["phase"] == "ready" and ready["before"] == "0" and ready["safety"], ready
    assert value(served, "maxmemory") == "0", "nothing is changed before a person says so"
    number = str(ready["number"])
    gone = run(served, "go", "redis", number)
    assert gone["phase"] == "watching" and gone["after"] == "104857600" and gone["written"], gone
    assert value(served, "maxmemory") == "104857600"
    assert "maxmemory 104857600" in (served.folder / "redis.conf").read_text().replace("100mb", "104857600")
    assert {"Look at the value of now", "Make a safety backup", "Set the value", "Verify the value and health"} == set(ticked(gone)), gone
    # A restart of Resus loses nothing.
    served.stop()
    served.start()
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
    again = run(served, "show", "redis", number)
    assert again["phase"] == "watching" and again["watched_until"] == gone["watched_until"], again
    undone = run(served, "undo", "redis", number, "--reason", "too much")
    assert undone["phase"] == "undone" and undone["after"] == value(served, "maxmemory") == "0", undone
    line = next(x for x in served.audit() if x["operation"] == "procedure_undo")
    assert line["reason"].endswith("; more room; too much"), line
    lines = [x["operation"] for x in served.audit() if x["operation"].startswith("procedure_")]
    assert lines == ["procedure_begin", "procedure_go", "procedure_undo", "procedure_undone"], lines
    assert served.run("procedure", "undo", "redis", number).returncode == 1


def test_what_redis_refuses_changes_nothing_and_says_why(served):
    ready = run(served, "config", "maxmemory-policy", "nonsense")
    assert ready["phase"] == "ready", ready
    blocked = run(served, "go", str(ready["number"]), wanted=1)
    assert blocked["phase"] == "blocked" and "Redis refuses it" in blocked["text"], blocked
    assert value(served, "maxmemory-policy") == "noeviction"
    line = next(x for x in served.audit() if x["operation"] == "procedure_blocked")
    assert not line["result"]["success"] and "Redis refuses it" in line["result"]["error"], line
    # One at a time.
    second = served.run("procedure", "config", "hz", "20")
    assert second.returncode == 1 and "is not over" in second.stderr, second
    run(served, "cancel", str(ready["number"]))
    same = run(served, "config", "hz", "10", wanted=1)
    assert same["phase"] == "blocked" and "this value already" in same["text"], same


def test_a_setting_is_not_taken_back_while_another_one_is_changed(served):
    first = str(run(served, "config", "hz", "20")["number"])
    assert run(served, "go", first)["phase"] == "watching" and run(served, "accept", first)["phase"] == "done"
    second = str(run(served, "config", "hz", "30")["number"])
    refused = served.run("procedure", "undo", first)
    assert refused.returncode == 1 and f"procedure {second} of this service is not over" in refused.stderr, refused
    assert value(served, "hz") == "20"
    run(served, "cancel", second)
    assert run(served, "undo", first)["phase"] == "undone" and value(served, "hz") == "10"


def test_secrets_and_the_way_to_redis_are_not_changed_from_here(served):
    for name in ("requirepass", "dir", "bind", "replicaof", "tls-auth-clients", "tls-ca-cert-file", "acl-pubsub-default"):
        refused = served.run("procedure", "config", name, "x")
        assert refused.returncode == 1 and "not changed from here" in refused.stderr, refused
    bad = served.run("procedure", "config", "Max Memory", "x")
    assert bad.returncode == 1 and "no name of a setting" in bad.stderr, bad
    assert served.good("procedure", "list")["items"] == []


def test_a_trouble_while_it_is_watched_needs_a_human(served):
    served.good("recovery", "disable")
    ready = run(served, "config", "hz", "20")
    number = str(ready["number"])
    assert run(served, "go", number)["phase"] == "watching"
    os.kill(served.good("status")["pid"], signal.SIGKILL)
    wait_until(lambda: run_any(served, number)["phase"] == "needs_human", "the trouble")
    shown = served.run("procedure", "show", number)
    assert "resus procedure undo redis" in shown.stdout and "redis-cli CONFIG SET hz '10'" in shown.stdout, shown.stdout


def run_any(served, number):
    return served.good("procedure", "show", number)


def test_an_update_is_rehearsed_with_the_new_program_and_verified(served):
    for i in range(20):
        served.redis("SET", f"k{i}", "v")
    served.settings["backup"] = {"next_server": "/usr/bin/redis-server"}
    reload(served)
    ready = run(served, "update")
    assert ready["phase"] == "ready" and ready["rehearsed"] and ready["to"] == ready["from"], ready
    assert "Rehearse: load it with the new version" in ticked(ready), ready
    assert "same version" in ready["notes"], ready
    commands = [line for step in ready["steps"] for line in step["commands"]]
    assert "apt-get install --only-upgrade redis-server" in commands, commands
    # Nobody has updated anything: that is seen.
    human = run(served, "go", str(ready["number"]), wanted=1)
    assert human["phase"] == "needs_human" and "was not updated" in human["text"], human
    back = [line for step in human["way_back"] for line in step["commands"]]
    assert f"resus restore redis {human['safety']} --confirm redis" in back, back
    assert run(served, "accept", str(ready["number"]))["phase"] == "watching"
    assert run(served, "accept", str(ready["number"]))["phase"] == "done"


def test_an_update_to_another_version_is_rehearsed_with_that_version(served):
    """Redis 8 and Valkey 8 out of the test hosts' roots load what Redis 7 wrote; the note says that there is no way back."""
    for i in range(20):
        served.redis("SET", f"k{i}", "v")
    for flavour in ("debian13-redis", "debian13-valkey"):
        folder = served.folder / flavour
        folder.mkdir()
        served.settings["backup"] = {"next_server": str(parts.wrapped(folder, flavour))}
        reload(served)
        ready = run(served, "update")
        assert ready["phase"] == "ready" and ready["rehearsed"] and ready["to"].startswith("8."), ready
        assert ready["from"].startswith("7."), ready
        run(served, "cancel", str(ready["number"]))


def test_a_procedure_ends_when_its_service_has_left_the_settings(served):
    ready = run(served, "config", "redis", "maxmemory", "100mb")
    assert ready["phase"] == "ready", ready
    kept = dict(served.settings["services"])
    served.stop()
    served.settings["services"] = {"other": served.settings["services"].pop("redis") | {"unit": "other"}}
    served.write_settings()
    served.start()
    served.stop()
    served.settings["services"] = kept
    served.write_settings()
    served.start()
    over = served.good("procedure", "show", "redis", str(ready["number"]))
    assert over["phase"] == "cancelled" and "no longer in the settings" in over["text"], over


def test_a_new_program_that_cannot_load_the_data_blocks_the_update(served):
    served.settings["backup"] = {"next_server": "/nowhere/redis-server"}
    reload(served)
    blocked = run(served, "update", wanted=1)
    assert blocked["phase"] == "blocked" and "/nowhere/redis-server" in blocked["text"], blocked
    run(served, "cancel", str(blocked["number"]))
    served.settings["backup"] = {}
    reload(served)
    ready = run(served, "update")
    assert ready["phase"] == "ready" and not ready["rehearsed"] and "backup.next_server" in ready["notes"], ready
    assert "Rehearse: load it with the new version" not in ticked(ready), ready
    number = str(ready["number"])
    done = served.good("procedure", "check", number, "1", "--note", "7.2 notes")
    assert done["checklist"][0]["done"] and done["checklist"][0]["note"] == "7.2 notes", done


def test_nothing_is_set_before_it_is_written_down(served):
    number = run(served, "config", "hz", "20")["number"]
    with contextlib.closing(sqlite3.connect(served.folder / "state" / "resus.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        assert served.ask("procedure_order", "redis", n=number, order="go")[0] == 202
        shown = run_any(served, str(number))
        assert shown["phase"] == "applying" and value(served, "hz") == "10", shown
        served.process.kill()
        served.process.wait()
        assert value(served, "hz") == "10", "else the record says that nothing was changed, and it was"
        database.execute("ROLLBACK")
    served.start()
    shown = run_any(served, str(number))
    assert shown["phase"] == "ready" and value(served, "hz") == "10", shown
    assert run(served, "go", str(number))["phase"] == "watching" and value(served, "hz") == "20"


def test_a_value_that_does_harm_at_once_is_not_set(served):
    for i in range(200):
        served.redis("SET", f"k{i}", "v" * 1000)
    served.redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    for name, wrong, why in (("maxmemory", "600k", "removes keys"), ("maxclients", "1", "let Resus in")):
        blocked = run(served, "config", name, wrong, wanted=1)
        assert blocked["phase"] == "blocked" and why in blocked["text"], blocked
        run(served, "cancel", str(blocked["number"]))
    # What was harmless when it was checked may not be so when it is set.
    ready = run(served, "config", "maxmemory", "3mb")
    for i in range(3000):
        served.redis("SET", f"l{i}", "v" * 1000)
    blocked = run(served, "go", str(ready["number"]), wanted=1)
    assert blocked["phase"] == "blocked" and "removes keys" in blocked["text"], blocked
    assert served.redis("DBSIZE") == ":3200" and value(served, "maxmemory") == "0"
    run(served, "cancel", str(ready["number"]))
    ready = run(served, "config", "hz", "20")
    served.redis("CONFIG", "SET", "hz", "30")
    blocked = run(served, "go", str(ready["number"]), wanted=1)
    assert "another client" in blocked["text"] and value(served, "hz") == "30", blocked
    run(served, "cancel", str(ready["number"]))
    subprocess.run(["redis-cli", "-p", str(served.port), "CONFIG", "SET", "replica-announce-ip", b"\xff\xfe"], check=True, capture_output=True)
    blocked = run(served, "config", "replica-announce-ip", "192.0.2.1", wanted=1)
    assert "no text" in blocked["text"], "an undo after a restart would set another value"
    run(served, "cancel", str(blocked["number"]))
    refused = served.run("procedure", "config", "proc-title-template", "{title}\nx")
    assert refused.returncode == 1 and "one line" in refused.stderr, refused


def test_one_that_is_over_is_not_taken_back_while_another_is_under_way(served):
    first = str(run(served, "config", "hz", "20")["number"])
    run(served, "go", first)
    run(served, "accept", first)
    second = str(run(served, "config", "hz", "30")["number"])
    run(served, "go", second)
    refused = served.run("procedure", "undo", first)
    assert refused.returncode == 1 and f"procedure {second} of this service is not over" in refused.stderr, refused
    assert value(served, "hz") == "30" and run_any(served, first)["orders"] == []
    run(served, "undo", second)
    assert run(served, "undo", first)["phase"] == "undone" and value(served, "hz") == "10"
