"""Backups: made on demand, by the schedule and after a failure; proved, pinned, removed."""

import json
import os
import pathlib
import signal
import subprocess

from daemon import PROGRAM, wait_until


def status(served):
    return served.good("backup", "status")


def create(served, *more, wanted=0):
    done = served.run("backup", "create", *more, "--json")
    assert done.returncode == wanted, done
    return json.loads(done.stdout)


def test_a_backup_is_made_proved_listed_and_audited(served):
    last = create(served, "--reason", "before the upgrade")
    assert last["result"] == "proved" and last["task"] == "create", last
    item, = served.good("backup", "list")["items"]
    assert item["id"] == last["backup"] and item["proved"] == "loaded" and item["latest"], item
    assert item["kind"] == "manual" and item["reason"] == "before the upgrade", item
    source = item["source"]
    assert source["role"] == "master" and source["server"] in ("redis", "valkey") and source["address"], source
    overview, = served.ask("backup_overview")[1]["items"]
    assert overview == status(served) and overview["free_bytes"] > 0 and overview["failure"] is None, overview
    line, = served.run("backup", "overview").stdout.splitlines()
    assert line == f"redis: proved {item['started_at']}, on demand only, 1 kept", line
    latest = pathlib.Path(status(served)["directory"]) / "redis" / "latest"
    assert latest.resolve() == pathlib.Path(item["folder"]).resolve(), (latest, item)
    again = served.run("backup", "verify", item["id"], "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["result"] == "good", again
    lines = [x for x in served.audit() if x["operation"] == "backup_create"]
    assert len(lines) == 1 and item["id"] in lines[0]["reason"] and "manifest sha256" in lines[0]["reason"], lines


def test_the_last_proved_ones_and_pinned_ones_are_not_removed(served):
    served.settings["backup"] = {"minimum": 1}
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "config: reloaded" in served.output(), "the reload")
    first, second = create(served)["backup"], create(served)["backup"]
    refused = served.run("backup", "delete", second, "--confirm", second)
    assert refused.returncode == 1 and "backup.minimum" in refused.stderr, refused
    served.good("backup", "pin", first, "--for", "7d")
    refused = served.run("backup", "delete", first, "--confirm", first)
    assert refused.returncode == 1 and "pinned" in refused.stderr, refused
    served.good("backup", "unpin", first)
    unconfirmed = served.run("backup", "delete", first)
    assert unconfirmed.returncode == 64 and "--confirm" in unconfirmed.stderr, unconfirmed
    served.good("backup", "delete", first, "--confirm", first)
    assert [x["id"] for x in served.good("backup", "list")["items"]] == [second]


def test_a_much_smaller_backup_counts_once_a_person_says_that_it_was_meant(served):
    for i in range(50):
        served.redis("SET", f"key:{i}", "x")
    first = create(served)["backup"]
    served.redis("FLUSHALL")
    smaller = create(served, wanted=1)
    assert smaller["result"] == "suspicious", smaller
    again = create(served, wanted=1)
    assert again["result"] == "suspicious", again

    def latest():
        return (pathlib.Path(status(served)["directory"]) / "redis" / "latest").resolve().name

    assert latest() == first
    for what, text in ((first, "not suspicious"), ("20200101T000000Z", "no such backup")):
        refused = served.run("backup", "accept", what)
        assert refused.returncode == 1 and text in refused.stderr, refused
    accepted = served.good("backup", "accept", again["backup"], "--reason", "a new start")
    assert accepted["suspicious"] == [] and accepted["accepted_at"] and accepted["latest"], accepted
    assert latest() == again["backup"] and status(served)["last_proved"] == again["backup"]
    assert create(served)["result"] == "proved"
    line, = [x for x in served.audit() if x["operation"] == "backup_accept" and x["result"] and x["result"]["success"]]
    assert again["backup"] in line["reason"] and "a new start" in line["reason"] and line["user"]["email"], line
    assert line["event_type"] == "backup" and "manifest sha256" in line["reason"], line
    # It is written down, so the next Resus says the same.
    served.stop()
    served.start()
    shown = wait_until(lambda: (served.run("backup", "show", again["backup"], "--json").stdout or None), "the backups")
    assert json.loads(shown)["accepted_at"] == accepted["accepted_at"] and json.loads(shown)["suspicious"] == []
    # The one in between stays as it was.
    assert served.good("backup", "show", smaller["backup"])["suspicious"], smaller


def test_a_damaged_backup_is_bad_and_latest_leaves_it(served):
    first, second = create(served)["backup"], create(served)["backup"]
    dump = pathlib.Path(served.good("backup", "show", second)["folder"]) / "dump.rdb"
    data = bytearray(dump.read_bytes())
    data[-12] ^= 1
    dump.write_bytes(data)
    verified = served.run("backup", "verify", second, "--json")
    assert verified.returncode == 1 and json.loads(verified.stdout)["result"] == "bad", verified
    assert status(served)["last_proved"] == first


def test_what_cannot_be_proved_here_says_so_and_ends_with_4(served):
    served.settings["backup"] = {"server": "/nowhere/redis-server"}
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "config: reloaded" in served.output(), "the reload")
    last = create(served, wanted=4)
    assert last["result"] == "not_proved" and "redis-server" in last["message"], last
    assert status(served)["last_proved"] is None


def test_a_dead_redis_is_unreachable_and_leaves_no_file(served):
    served.good("recovery", "disable")
    os.kill(served.good("status")["pid"], signal.SIGKILL)
    last = create(served, wanted=3)
    assert last["result"] in ("failed", "cancelled") and last["cause"] == "unreachable", last
    folder = pathlib.Path(status(served)["directory"]) / "redis" / "manual"
    assert list(folder.iterdir()) == [], list(folder.iterdir())


def test_backups_are_found_again_after_a_restart(served):
    made = create(served)["backup"]
    served.stop()
    served.start()
    wait_until(lambda: status(served)["last_proved"] == made, "the catalog")


def test_a_check_names_what_is_wrong_with_the_section(served):
    other = served.folder / "other.yaml"
    other.write_text("backup: {schedule: '25:00'}\n")
    check = subprocess.run([str(PROGRAM), "serve", "--check", "--config", str(other)], capture_output=True, text=True)
    assert check.returncode == 2 and ":1:20: `schedule` must be a time of day" in check.stderr, check


def test_a_killed_redis_is_healed_while_it_is_copied(served):
    before = served.good("status")["pid"]
    status_code, body = served.ask("backup_create", "redis")
    assert status_code == 202, body
    # The server waits 5 s before it forks.
    wait_until(lambda: (status(served)["job"] or {}).get("stage") == "pulling", "the copy")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: served.good("status")["pid"] not in (None, before), "the recovery")
    wait_until(lambda: status(served)["job"] is None, "the end of the copy")
    last = status(served)["last"]
    assert last["number"] == body["number"] and last["result"] in ("failed", "cancelled"), last
    assert served.good("backup", "list")["items"] == []
