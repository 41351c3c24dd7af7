"""Drills of a restore: by hand and by the schedule, what they measured, and what happens when one fails."""

import json
import pathlib
import subprocess

from daemon import Skip, wait_until
from test_backup_sealed import seal_for


def drilling(served):
    return served.good("backup", "status")["drill"]


def run(served, *more, wanted=0):
    done = served.run("backup", "drill", *more, "--json")
    assert done.returncode == wanted, done
    return json.loads(done.stdout)


def metrics(served):
    text = "".join(served.follow("prometheus")[2])
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in text.splitlines()
                                                   if line and not line.startswith("#"))}


def alerts(served):
    return [x["detail"] for x in served.ask("alerts")[1]["items"] if x["class"] == "backup"]


def test_a_drill_measures_the_time_and_is_kept(served):
    refused = served.run("backup", "drill")
    assert refused.returncode == 1 and "resus backup create redis" in refused.stderr, refused
    made = served.good("backup", "create")["backup"]
    last = run(served, "--reason", "to know it")
    assert last["result"] == "good" and last["backup"] == made and "keys are back after" in last["message"], last
    kept = drilling(served)["passed"]
    assert kept["rto_seconds"] == kept["read_seconds"] + kept["load_seconds"] > 0, kept
    assert kept["rpo_seconds"] >= 0 and kept["backup"] == made and kept["keys"] >= 0, kept
    figures = metrics(served)
    assert figures['resus_rto_seconds{service="redis"}'] == kept["rto_seconds"], figures
    assert figures['resus_rpo_seconds{service="redis"}'] >= kept["rpo_seconds"], figures
    assert figures['resus_backup_drill_failed{service="redis"}'] == 0, figures
    line, = [x for x in served.audit() if x["operation"] == "backup_drill"]
    assert line["event_type"] == "backup" and line["result"]["success"] and "to know it" in line["reason"], line
    served.stop()
    served.start()
    wait_until(lambda: drilling(served)["passed"], "the kept drill")
    assert served.good("backup", "drills")["items"] == [kept]
    shown, = served.run("backup", "drills").stdout.splitlines()
    assert "passed  back in " in shown and len(shown) <= 80, shown
    assert "the last drill brought it back in" in served.run("backup", "status").stdout


def test_a_drill_of_a_damaged_backup_fails_and_is_an_alert_until_one_passes(served):
    first, second = served.good("backup", "create")["backup"], served.good("backup", "create")["backup"]
    dump = pathlib.Path(served.good("backup", "show", second)["folder"]) / "dump.rdb"
    data = bytearray(dump.read_bytes())
    data[-12] ^= 1
    dump.write_bytes(data)
    assert run(served, wanted=1)["result"] == "bad"
    wait_until(lambda: "drill" in alerts(served), "the alert")
    assert "drill" in served.good("backup", "status")["problem"]
    assert metrics(served)['resus_backup_drill_failed{service="redis"}'] == 1
    # The next one takes the newest that is still proved.
    assert run(served)["backup"] == first
    wait_until(lambda: served.good("backup", "status")["problem"] is None, "the end of the trouble")
    assert [x["result"] for x in served.good("backup", "drills")["items"]] == ["good", "bad"]


def test_a_drill_sees_that_a_key_is_missing(served):
    keys, _ = seal_for(served)
    sealed = served.good("backup", "create")["backup"]
    assert run(served)["result"] == "good"
    (keys / "backup.key").unlink()
    last = run(served, wanted=4)
    assert last["result"] == "cannot_tell" and last["backup"] == sealed, last
    wait_until(lambda: "drill" in alerts(served), "the alert")
    assert drilling(served)["last"]["check_reason"] == "key_absent", drilling(served)


def test_a_drill_that_passed_and_cannot_be_stored_says_so(served):
    served.redis("SET", "k", "v")
    made = served.good("backup", "create")["backup"]
    folder, = served.folder.glob(f"state/backups/redis/*/{made}")
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode != 0:
        raise Skip("needs root for a folder that is read-only")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        drill = run(served, wanted=1)
        assert drill["result"] == "failed" and "the last step failed: " in drill["message"] and "Read-only" in drill["message"], drill
    finally:
        subprocess.run(["umount", folder], check=True)
    assert run(served)["result"] == "good"
