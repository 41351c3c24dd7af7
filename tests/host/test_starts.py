"""Starts and stops through Resus that would lose data, that the host refuses, or that a person undoes."""

import contextlib
import pathlib
import subprocess
import tempfile

import faults
import recoveries
import resus
from recoveries import watching
from resus import SERVICE
from test_stops import resus_stop
from test_switches import with_replica, without_persistence
from waiting import wait_until


def replica_keys(host):
    with host.redis(port=6380) as client:
        return client.call("DBSIZE")


def test_a_start_that_would_wipe_the_replica_is_refused_and_the_danger_is_named(host):
    faults.without_restart(host)
    without_persistence(host)
    with watching(host) as daemon:
        faults.fill(host, 1000, 10)
        with_replica(host)
        daemon.wait_for_health(lambda _: daemon.cli("recovery", "explain").json["facts"]["empty_primary"],
                               "Resus knows of the replica")
        faults.kill(host)
        health = daemon.wait_for_health(lambda health: health["cause"]["code"] == "crashed"
                                        and health["auto_recovery"]["requires_manual_intervention"], "the call")
        assert "replica" in health["cause"]["advice"], health["cause"]
        called = daemon.wait_for_audit(lambda line: line["operation"] == "manual-intervention-required")
        assert "wipe" in called["reason"], called
        assert "wipe" in daemon.cli("check").stdout, daemon.cli("check").stdout
        asked = daemon.cli("preflight", "start")
        assert asked.status == 1 and asked.json["operation"] == "start" and not asked.json["allowed"], asked
        before = recoveries.identity(host)
        refused = daemon.cli("start", SERVICE)
        assert refused.status == 1 and refused.json["code"] == "blocked", refused
        assert "replicas" in refused.json["details"]["blockers"][0], refused.json
        recoveries.assert_untouched(host, before)
        assert replica_keys(host) == 1000
        forced = daemon.cli("start", SERVICE, "--force", "--reason", "the data are worthless")
        assert forced.status == 0, forced
        assert host.ping() == "PONG"


def test_a_stop_is_over_when_redis_was_started_while_resus_was_down(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        resus_stop(daemon, "--reason", "new memory")
        daemon.wait_for_cause("stopped_on_purpose")
        assert daemon.status()["stop_reason"] == "new memory"
        recoveries.watch_on(daemon, 1)
        daemon.stop()
        host.systemctl("start", host.unit)
        host.wait_for_pong()
        daemon.start()
        daemon.wait_for_cause("ok")
        wait_until(lambda: "stopped_by" not in daemon.status(), "the end of the stop")
        faults.kill(host)
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)])
        daemon.wait_for_cause("ok")


def test_a_stop_is_over_when_redis_was_started_and_killed_while_resus_was_down(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        resus_stop(daemon)
        daemon.wait_for_cause("stopped_on_purpose")
        recoveries.watch_on(daemon, 1)
        daemon.stop()
        host.systemctl("start", host.unit)
        host.wait_for_pong()
        faults.kill(host)
        host.wait_for_state("failed")
        daemon.start()
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)])
        daemon.wait_for_cause("ok")


def test_a_stop_that_sudo_refuses_fails_at_once_and_is_taken_back(host):
    with watching(host) as daemon:
        before = recoveries.identity(host)
        host.run("rm", "/etc/sudoers.d/autobot-redis")
        done = daemon.cli("stop", SERVICE, "--confirm", "STOP")
        assert done.status == 1 and done.json["code"] == "command_failed", done
        assert "password" in done.json["message"], done.json
        line = daemon.wait_for_audit(lambda line: line["event_type"] == "service_operation")
        assert line["result"]["duration_seconds"] < 10 and "password" in line["result"]["error"], line
        assert "stopped_by" not in daemon.status()
        recoveries.assert_untouched(host, before)
        daemon.wait_for_cause("ok")


def test_a_start_of_a_masked_unit_fails_at_once_in_systemds_words(host):
    with watching(host) as daemon:
        resus_stop(daemon)
        host.systemctl("mask", host.unit)
        try:
            done = daemon.cli("start", SERVICE)
            assert done.status == 1 and "masked" in done.json["message"], done
            line = daemon.wait_for_audit(lambda line: line["event_type"] == "service_operation"
                                         and line["operation"] == "start")
            assert line["result"]["duration_seconds"] < 10 and "masked" in line["result"]["error"], line
            health = daemon.health()
            assert any("masked" in text for text in health["cause"]["evidence"]), health["cause"]
            assert daemon.status()["stopped_by"], "nothing has changed"
        finally:
            host.systemctl("unmask", host.unit)
        assert daemon.cli("start", SERVICE).status == 0
        health = daemon.wait_for_cause("ok")
        assert not any("masked" in text for text in health["cause"]["evidence"]), health["cause"]


def test_the_wait_before_a_start_is_told_with_its_end(host):
    with watching(host, {"external_stop_grace_seconds": 30}) as daemon:
        host.systemctl("stop", host.unit)
        waiting = recoveries.wait_for_recovery(daemon, lambda r: r["phase"] == "grace", "the grace")
        assert 0 < waiting["next_step_in_seconds"] <= 30 and "resus pause" in waiting["next_step"], waiting
        explained = daemon.cli("recovery", "explain").json
        assert explained["would_act"] is False and explained["action"] == "start", explained
        assert any("Resus starts it at" in reason for reason in explained["reasons"]), explained
        assert daemon.cli("start", SERVICE).status == 0


@contextlib.contextmanager
def small_state_disk():
    """A state folder of 4 MB on a disk of its own, and a function that fills it."""
    with tempfile.TemporaryDirectory(prefix="resus-state-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0750", "tmpfs", folder], check=True)
        try:
            yield pathlib.Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill_disk(folder):
    with open(folder / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))


def test_an_order_that_cannot_be_stored_is_not_confirmed(host):
    with small_state_disk() as folder, resus.serving(host, {"server": {"state_dir": str(folder)}}) as daemon:
        daemon.wait_for_cause("ok")
        assert daemon.cli("pause", "--for", "10m", "--reason", "there is room").status == 0
        fill_disk(folder)

        def refused(*words):
            """SQLite's log may have a page left: the next needs one more."""
            answer = daemon.cli(*words)
            assert answer.status == 0 or answer.json["code"] == "not_stored", answer
            return answer if answer.status == 1 else None

        answer = wait_until(lambda: refused("pause", "--for", "20m", "--reason", "no room"), "a full disk")
        assert "full" in answer.json["message"] and "holds until Resus ends" in answer.json["message"], answer.json
        assert daemon.health()["auto_recovery"]["state"] == "paused"
        for words in (("recovery", "disable"), ("recovery", "set", "max_attempts=2"), ("recovery", "reset"),
                      ("resume",)):
            assert refused(*words), words
        assert daemon.health()["auto_recovery"]["state"] == "disabled", "it holds meanwhile"
        (folder / "filler").unlink()
        wait_until(lambda: daemon.cli("pause", "--for", "30m", "--reason", "room again").status == 0, "room")
        daemon.kill()
        daemon.start()
        recovery = wait_until(lambda: daemon.health().get("auto_recovery"), "health")
        assert recovery["enabled"] is False and recovery["paused_until"] and recovery["max_attempts"] == 2
