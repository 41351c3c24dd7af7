"""A Redis that somebody stopped: announced, then started; left alone where a person wants it so."""

import faults
import recoveries
from recoveries import watching
from resus import SERVICE
from tap import on_every
from waiting import wait_until


def stop_by_hand(host):
    host.systemctl("stop", host.unit)


def resus_stop(daemon, *words):
    done = daemon.cli("stop", SERVICE, "--confirm", "STOP", *words)
    assert done.status == 0, done.stdout + done.stderr
    assert done.json["success"] is True and done.json["new_status"] == "stopped"
    return done.json


def assert_stays_down(host, daemon, seconds=4):
    """Longer than the grace of these tests. A unit that had failed before its stop stays `failed`."""
    before = recoveries.identity(host)
    recoveries.watch_on(daemon, seconds)
    recoveries.assert_untouched(host, before)
    assert host.state() in ("inactive", "failed")


def operations(daemon, name):
    """[(event_type, success)] of one kind of a person's operation; intents have no success."""
    return [(line["event_type"], line["result"] and line["result"]["success"])
            for line in daemon.audit() if line["operation"] == name and line["user"]["id"] != "system"]


def assert_operation(daemon, name, success=True):
    """An intent, then its outcome, of the same request. The outcome may come a moment after the answer."""
    wait_until(lambda: len(operations(daemon, name)) >= 2, f"the outcome of {name}")
    assert operations(daemon, name) == [("intent", None), ("service_operation", success)]
    intent, outcome = [line for line in daemon.audit()
                       if line["operation"] == name and line["user"]["id"] != "system"]
    assert intent["request_id"] == outcome["request_id"]
    assert intent["user"]["role"] == "admin" and intent["source_ip"] == "local"


# Stopped by somebody else


def test_clean_stop_by_hand_is_announced_and_undone_after_the_grace(host):
    with watching(host) as daemon:
        clock = recoveries.Clock(host)
        stop_by_hand(host)
        health = daemon.wait_for_cause("unit_stopped")
        assert health["overall_status"] == "critical"
        assert health["cause"]["restart"] == "helps"
        line = daemon.wait_for_audit(lambda line: line["operation"] == "external-stop")
        assert line["event_type"] == "incident"
        assert "stopped, and not through Resus" in line["reason"]
        recoveries.wait_for_notice(daemon, "stopped, and not through Resus")
        waiting = recoveries.wait_for_recovery(daemon, lambda r: r["phase"] == "grace", "the grace")
        assert waiting["state"] == "waiting" and waiting["next_step_in_seconds"] <= 2
        recoveries.assert_nothing_done(daemon)
        took = clock.pong("clean stop, grace 2 s")
        assert took >= 2, "the grace was kept"
        recoveries.wait_for_actions(daemon, [("standard", "start", True)])
        daemon.wait_for_cause("ok")
        assert recoveries.levels_told(daemon) == [("standard", "started"), ("standard", "success")]


def test_a_unit_that_systemd_knows_no_stop_of_was_stopped_by_nobody(host):
    """As after a boot that did not start it: systemd forgets a unit that is not enabled, with the time of its stop."""
    host.systemctl("disable", host.unit)
    with watching(host) as daemon:
        stop_by_hand(host)
        health = daemon.wait_for_cause("unit_stopped")
        assert "has no record of a stop" in health["cause"]["summary"], health["cause"]
        assert "not through Resus" not in health["cause"]["summary"], health["cause"]
        recoveries.wait_for_notice(daemon, "systemd has no record of a stop")
        recoveries.wait_for_actions(daemon, [("standard", "start", True)])
        daemon.wait_for_cause("ok")


def test_stop_by_hand_in_the_middle_of_our_restart_has_its_grace(host):
    """The stop kills the command of ExecStartPre=, and the unit is left as failed, like after a crash."""
    faults.without_restart(host)
    with watching(host, {"external_stop_grace_seconds": 4}) as daemon:
        host.drop_in("slow-start", "[Service]\nExecStartPre=+/bin/sleep 3\n")
        faults.kill(host)
        wait_until(lambda: host.state() == "activating", "our restart")
        stop_by_hand(host)
        daemon.wait_for_cause("unit_stopped")
        assert host.state() == "failed"
        recoveries.wait_for_recovery(daemon, lambda r: r["phase"] == "grace", "the grace")
        daemon.wait_for_audit(lambda line: line["operation"] == "external-stop")
        done = len(recoveries.intents(daemon))
        recoveries.watch_on(daemon, 2)
        assert len(recoveries.intents(daemon)) == done and host.state() == "failed"
        daemon.wait_for_cause("ok", 20)


def test_clean_stop_by_hand_is_respected_where_the_settings_say_so(host):
    with watching(host, {"external_stop": "respect"}) as daemon:
        stop_by_hand(host)
        health = daemon.wait_for_cause("unit_stopped")
        assert health["overall_status"] == "critical"
        assert recoveries.withheld(daemon) == "stopped_on_purpose"
        assert_stays_down(host, daemon)
        recoveries.assert_nothing_done(daemon)
        explained = daemon.cli("recovery", "explain", SERVICE).json
        assert explained["would_act"] is False
        assert explained["withheld"]["reason_code"] == "stopped_on_purpose"


def test_somebody_who_starts_it_within_the_grace_is_not_overtaken(host):
    with watching(host) as daemon:
        stop_by_hand(host)
        daemon.wait_for_audit(lambda line: line["operation"] == "external-stop")
        host.systemctl("start", host.unit)
        before = recoveries.identity(host)
        daemon.wait_for_cause("ok")
        recoveries.watch_on(daemon, 3)
        recoveries.assert_untouched(host, before)
        recoveries.assert_nothing_done(daemon)
        assert recoveries.levels_told(daemon) == []
        assert daemon.health()["auto_recovery"]["state"] == "monitoring"


def test_pause_within_the_grace_leaves_it_stopped_until_it_ends(host):
    with watching(host) as daemon:
        stop_by_hand(host)
        daemon.wait_for_audit(lambda line: line["operation"] == "external-stop")
        assert daemon.cli("pause", SERVICE, "--reason", "replacing a file").status == 0
        assert recoveries.withheld(daemon) == "paused"
        assert_stays_down(host, daemon)
        recoveries.assert_nothing_done(daemon)
        assert daemon.cli("resume", SERVICE).status == 0
        recoveries.wait_for_actions(daemon, [("standard", "start", True)])
        host.wait_for_pong()


# Stopped through Resus


@on_every
def test_stop_through_resus_outlives_the_daemon_until_resus_start(host):
    with watching(host) as daemon:
        resus_stop(daemon, "--reason", "new memory")
        assert_operation(daemon, "stop")
        health = daemon.wait_for_cause("stopped_on_purpose")
        assert health["cause"]["restart"] == "unneeded"
        daemon.stop()
        daemon.start()
        daemon.wait_for_cause("stopped_on_purpose")
        assert recoveries.withheld(daemon) == "stopped_on_purpose"
        assert daemon.status()["stopped_by"]
        assert_stays_down(host, daemon)
        started = daemon.cli("start", SERVICE)
        assert started.status == 0, started.stdout
        assert started.json["new_status"] == "running"
        assert host.ping() == "PONG"
        assert_operation(daemon, "start")
        daemon.wait_for_cause("ok")
        recoveries.assert_nothing_done(daemon)


def test_stop_through_resus_outlives_kill_9_of_the_daemon(host):
    with watching(host) as daemon:
        resus_stop(daemon)
        daemon.kill()
        daemon.start()
        daemon.wait_for_cause("stopped_on_purpose")
        assert_stays_down(host, daemon)
        recoveries.assert_nothing_done(daemon)


def test_stop_that_somebody_undoes_by_hand_is_over(host):
    with watching(host) as daemon:
        resus_stop(daemon)
        daemon.wait_for_cause("stopped_on_purpose")
        host.systemctl("start", host.unit)
        daemon.wait_for_cause("ok")
        recoveries.wait_for_notice(daemon, "stop through Resus is over")
        assert daemon.wait_for_audit(lambda line: line["operation"] == "stop-ended")
        assert "stopped_by" not in daemon.status() and recoveries.withheld(daemon) is None
        daemon.stop()
        daemon.start()
        daemon.wait_for_cause("ok")
        assert recoveries.withheld(daemon) is None
        stop_by_hand(host)
        recoveries.wait_for_actions(daemon, [("standard", "start", True)])


def test_stop_during_the_grace_supersedes_the_recovery(host):
    with watching(host, {"external_stop_grace_seconds": 3}) as daemon:
        stop_by_hand(host)
        recoveries.wait_for_recovery(daemon, lambda r: r["phase"] == "grace", "the grace")
        resus_stop(daemon)
        daemon.wait_for_cause("stopped_on_purpose")
        assert_stays_down(host, daemon)
        recoveries.assert_nothing_done(daemon)


def test_stop_during_the_backoff_supersedes_the_recovery(host):
    faults.without_restart(host)
    with watching(host, {"retry_delay_seconds": 5}) as daemon:
        faults.kill(host)
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)])
        faults.kill(host)
        recoveries.wait_for_recovery(daemon, lambda r: r["phase"] == "backoff", "the backoff")
        resus_stop(daemon)
        daemon.wait_for_cause("stopped_on_purpose")
        assert_stays_down(host, daemon, 6)
        assert recoveries.actions(daemon) == [("hard", "restart", True)]


def test_stop_during_a_load_stops_it_and_stays(host):
    faults.slow_load(host, seconds=30)
    with watching(host) as daemon:
        faults.kill(host)
        daemon.wait_for_cause("loading")
        resus_stop(daemon)
        daemon.wait_for_cause("stopped_on_purpose")
        assert_stays_down(host, daemon)
        recoveries.assert_nothing_done(daemon)


def test_stop_supersedes_a_recovery_that_waits_for_a_load(host):
    faults.without_restart(host)
    faults.slow_load(host, seconds=30)
    with watching(host) as daemon:
        faults.kill(host)
        daemon.wait_for_cause("loading")
        recoveries.wait_for_recovery(daemon, lambda r: r["state"] == "recovering", "the restart")
        resus_stop(daemon)
        daemon.wait_for_cause("stopped_on_purpose")
        assert_stays_down(host, daemon)
        assert recoveries.actions(daemon) == [("hard", "restart", False)]
        assert "not known" in recoveries.outcomes(daemon)[0]["result"]["error"]
