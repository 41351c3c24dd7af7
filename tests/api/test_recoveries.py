"""The history of recoveries: one for each service, and the audit log agrees with it."""

import concurrent.futures
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess

from daemon import Skip, free_port, wait_until

NAMES = ("first", "second", "third")


def watch_several(served):
    """Replaces the one service by three, all running."""
    services = {}
    for name in NAMES:
        port, folder = free_port(), served.folder / name
        folder.mkdir()
        (served.folder / f"{name}.conf").write_text(f"port {port}\nbind 127.0.0.1\nsave 3600 1\ndir {folder}\n")
        services[name] = {"address": f"127.0.0.1:{port}", "control": "process",
                          "process": {"config_file": str(served.folder / f"{name}.conf"),
                                      "directory": str(folder)}}
    served.good("stop", "--confirm", "STOP")
    served.stop()
    served.settings["services"] = services
    served.settings["auto_recovery"]["retry_delay_seconds"] = 0
    served.start()
    for name in NAMES:
        served.good("start", name)


def kill_and_wait(served, name):
    process = wait_until(lambda: served.ask("status", name)[1]["pid"], f"{name} to run")
    before = len(ended(served, name))
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: len(ended(served, name)) > before, f"a recovery of {name}")
    wait_until(lambda: served.ask("status", name)[1]["pid"] not in (None, process), f"{name} to run again")


def entries(served, name):
    return served.good("recovery", "history", name)["items"]


def ended(served, name):
    return [entry for entry in entries(served, name) if entry["result"] != "running"]


def attempts(served, name):
    """The audit's lines of what was tried for one service."""
    return [line for line in served.audit()
            if line["event_type"] == "auto_recovery" and line["service"] == name]


def test_services_that_fail_at_once_have_a_history_each(served):
    watch_several(served)
    with concurrent.futures.ThreadPoolExecutor(len(NAMES)) as pool:
        for _ in range(2):
            list(pool.map(lambda name: kill_and_wait(served, name), NAMES))
    for name in NAMES:
        seen = entries(served, name)
        assert [(one["service"], one["cause"], one["result"], one["attempts"]) for one in seen] \
            == [(name, "crashed", "success", 1)] * 2, seen
        lines = wait_until(lambda one=name: len(attempts(served, one)) == 2 and attempts(served, one), "the audit")
        assert sorted(line["request_id"] for line in lines) == sorted(one["id"] for one in seen), (lines, seen)
    every = [one["id"] for name in NAMES for one in entries(served, name)]
    assert len(set(every)) == 2 * len(NAMES), every
    numbers = {one.rsplit("-", 1)[1] for one in every}
    assert len(numbers) == len(every), f"services count in step: {every}"


def figures(served):
    status, _, pieces = served.follow("prometheus")
    assert status == 200
    return "".join(pieces)


def test_recoveries_outlive_a_locked_database(served):
    """As with a full disk: what cannot be written waits in memory."""
    database = sqlite3.connect(served.folder / "state" / "resus.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    process = wait_until(lambda: served.ask("status", "redis")[1]["pid"], "Redis to run")
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: served.ask("status", "redis")[1]["pid"] not in (None, process), "Redis to run again")
    wait_until(lambda: served.ask("recovery_status", "redis")[1]["recovery_status"] == "success", "its success")
    assert database.execute("SELECT count(*) FROM recovery").fetchone() == (0,)
    wait_until(lambda: "\nresus_store_unsaved_recoveries 1\n" in figures(served), "the recovery to wait for the disk", 30)
    database.execute("ROLLBACK")
    database.close()
    wait_until(lambda: [one["result"] for one in entries(served, "redis")] == ["success"], "the history")
    report = json.loads(served.run("audit", "summary", "--json").stdout)
    assert report["recoveries"]["count"] == report["recoveries"]["succeeded"] == 1, report


def test_a_full_disk_under_the_state_stops_no_recovery(served):
    if os.geteuid() != 0:
        raise Skip("needs root for a small tmpfs")
    folder = served.folder / "small"
    folder.mkdir()
    served.stop()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True).returncode != 0:
        raise Skip("tmpfs cannot be mounted here")
    try:
        shutil.copytree(served.folder / "state", folder, dirs_exist_ok=True)
        served.settings["server"]["state_dir"] = str(folder)
        served.certificate = folder / "tls" / "certificate.pem"
        served.start()
        served.good("restart")
        wait_until(lambda: served.good("health", "redis")["overall_status"] == "healthy", "health")
        with contextlib.suppress(OSError), open(folder / "filler", "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 512)
        for _ in range(2):
            killed = int(served.good("status", "redis")["pid"])
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda: served.good("status", "redis")["pid"] not in (killed, None), "another process", 30)
        # Its record is whole: a daemon that starts again knows it.
        served.stop()
        (folder / "filler").unlink()
        served.start()
        assert "runs already" in served.output()
        served.good("stop", "--confirm", "STOP")
        served.stop()
    finally:
        if served.process is not None:
            served.process.kill()
            served.process.wait()
            served.process = None
        subprocess.run(["umount", str(folder)], check=True)
        served.settings["server"]["state_dir"] = str(served.folder / "state")
        served.certificate = served.folder / "state" / "tls" / "certificate.pem"
        served.start()
