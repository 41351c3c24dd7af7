"""A Redis that is there and does not answer: a script, a stopped process, a restart that never ends, a
load. Each wants something else, and most of them no restart."""

import faults
import recoveries
from recoveries import watching
from redis_client import Closed, ReplyError
from tap import on_every
from waiting import wait_until

SCRIPT_OF_SECONDS = """
local function now() local time = redis.call('TIME') return time[1] + time[2] / 1000000 end
local began = now()
while now() - began < tonumber(ARGV[1]) do end
return 'done'
"""
NO_RELOAD = "the unit cannot reload"
ALREADY_ACTIVE = "a start does nothing for a unit that is active"


def shutdown_nosave(host):
    """What a person does to end a script that has written."""
    with host.redis() as client:
        client.send("SHUTDOWN", "NOSAVE")
        try:
            client.reply()
        except (Closed, OSError):
            pass


# The process is stopped


@on_every
def test_frozen_redis_is_restarted_after_the_useless_steps_were_skipped(host):
    host.allow_extended_commands()
    with watching(host, service={"commands": "extended"}) as daemon:
        before = recoveries.starts(host)
        faults.freeze(host)
        clock = recoveries.Clock(host)
        clock.pong("SIGSTOP, extended commands", 30)
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)])
        assert recoveries.skips(daemon) == [("soft", "reload", NO_RELOAD),
                                            ("standard", "start", ALREADY_ACTIVE)]
        assert recoveries.levels_told(daemon) == [("hard", "started"), ("soft", "skipped"),
                                                  ("standard", "skipped"), ("hard", "success")]
        daemon.wait_for_cause("ok")
        told = recoveries.causes_told(daemon)
        told = told[told.index("hung"):]
        assert set(told) <= {"hung", "systemd_restarting", "loading", "ok"}, f"a restart is told as {told}"
        assert recoveries.starts(host) == before + 1


def test_frozen_redis_with_the_default_commands_learns_that_reload_is_useless(host):
    with watching(host) as daemon:
        faults.freeze(host)
        recoveries.Clock(host).pong("SIGSTOP, default commands", 30)
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)])
        assert recoveries.skips(daemon) == [("soft", "reload", NO_RELOAD),
                                            ("standard", "start", ALREADY_ACTIVE)]
        assert daemon.health()["auto_recovery"]["attempts"] == 1, "a skip is no attempt"
        counted = daemon.cli("audit", "summary").json["recoveries"]
        assert (counted["count"], counted["failed"]) == (1, 0), counted
        daemon.wait_for_cause("ok")

        faults.freeze(host)
        clock = recoveries.Clock(host)
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)] * 2, 30)
        assert recoveries.skips(daemon) == [("soft", "reload", NO_RELOAD),
                                            ("standard", "start", ALREADY_ACTIVE)] * 2
        clock.pong("SIGSTOP again")


# Scripts


def test_script_of_three_seconds_is_nobodys_business(host):
    with watching(host, health={"timeout_seconds": 0.3, "confirm_interval_ms": 200}) as daemon:
        before = recoveries.identity(host)
        with host.redis(seconds=60) as client:
            client.send("EVAL", SCRIPT_OF_SECONDS, 0, 3)
            wait_until(lambda: daemon.cli("recovery", "explain").json["facts"]["failed_probes"] >= 3,
                       "three probes to fail")
            assert client.reply() == "done"
        daemon.wait_for_cause("ok")
        recoveries.watch_on(daemon, 1)
        recoveries.assert_untouched(host, before)
        recoveries.assert_nothing_done(daemon)
        assert recoveries.levels_told(daemon) == []


@on_every
def test_script_without_end_is_killed_and_redis_is_not(host):
    with watching(host) as daemon:
        before = recoveries.identity(host)
        clock = recoveries.Clock(host)
        with faults.busy_script(host) as client:
            took = clock.pong("script without end, threshold 5 s", 30)
            assert took >= 5
            recoveries.wait_for_actions(daemon, [("soft", "script-kill", True)])
            try:
                client.reply()
                raise AssertionError("the script went on")
            except ReplyError as error:
                assert "killed" in str(error)
        assert recoveries.outcomes(daemon)[0]["reason"] == "busy_script"
        daemon.wait_for_cause("ok")
        recoveries.assert_untouched(host, before)
        assert recoveries.levels_told(daemon) == [("soft", "started"), ("soft", "success")]


def assert_left_to_a_human(host, daemon, before):
    health = daemon.wait_for_cause("busy_script")
    assert health["overall_status"] == "critical" and health["cause"]["restart"] == "useless"
    daemon.wait_for_audit(lambda line: line["operation"] == "script-kill"
                          and "no attempt, the script has written and cannot be killed" in line["reason"])
    daemon.wait_for_audit(lambda line: line["operation"] == "manual-intervention-required")
    recoveries.watch_on(daemon, 4)
    recoveries.assert_untouched(host, before)
    assert recoveries.actions(daemon) == [] and len(recoveries.intents(daemon)) == 1, daemon.audit()
    assert daemon.health()["auto_recovery"]["requires_manual_intervention"] is True


def test_script_that_wrote_is_left_to_a_human(host):
    with watching(host) as daemon:
        before = recoveries.identity(host)
        with faults.busy_script_that_wrote(host, threshold_ms=500):
            assert_left_to_a_human(host, daemon, before)
            shutdown_nosave(host)
            daemon.wait_for_cause("ok")
            assert daemon.health()["auto_recovery"]["requires_manual_intervention"] is False
            assert len(recoveries.intents(daemon)) == 1


# A restart that never ends


def test_script_that_an_acl_keeps_from_being_killed_is_left_to_a_human_in_redis_words(host):
    with host.redis() as client:
        client.call("ACL", "SETUSER", "person", "on", "nopass", "allcommands", "allkeys", "allchannels")
        client.call("ACL", "SETUSER", "default", "-script", "-function")
    with watching(host) as daemon:
        before = recoveries.identity(host)
        with faults.busy_script(host, threshold_ms=1000) as script:
            told = daemon.wait_for_audit(lambda line: line["operation"] == "manual-intervention-required", 30)
            words = "Redis does not let Resus end the script: NOPERM"
            assert told["reason"].startswith("busy_script: ") and words in told["reason"], told

            def explained():
                why = daemon.cli("recovery", "explain").json
                return (not why["would_act"] and words in str(why["reasons"])
                        and (why["withheld"] or {}).get("reason_code") == "cannot_act")

            wait_until(explained, "explain to say what Redis said")
            status = daemon.health()["auto_recovery"]
            assert status["requires_manual_intervention"], status
            assert status["attempts"] == status["circuit_breaker"]["recoveries_in_window"] == 0, status
            with host.redis() as client:
                client.call("AUTH", "person", "any")
                client.call("SCRIPT", "KILL")
                try:
                    script.reply()  # until then Redis is busy
                except ReplyError as error:
                    assert "killed" in str(error)
                client.call("ACL", "SETUSER", "default", "allcommands")
        daemon.wait_for_cause("ok", 30)
        recoveries.assert_untouched(host, before)
        wait_until(lambda: daemon.cli("recovery", "explain").json["withheld"] is None, "nothing to be withheld")


def test_hanging_restart_is_released_by_killing_the_script(host):
    with watching(host) as daemon:
        # Else Resus may end the script before systemd has asked Redis to stop.
        assert daemon.cli("pause", "--for", "10m", "--reason", "until the restart hangs").status == 0
        with faults.hanging_restart(host):
            clock = recoveries.Clock(host)
            assert daemon.cli("resume").status == 0
            clock.pong("restart by hand that hangs in a script")
            recoveries.wait_for_actions(daemon, [("soft", "script-kill", True)])
            daemon.wait_for_cause("ok")


def test_hanging_restart_in_a_script_that_wrote_is_not_added_to(host):
    with watching(host) as daemon, faults.busy_script_that_wrote(host, threshold_ms=500):
        faults.wait_for_reply(host, "BUSY")
        host.systemctl("restart", "--no-block", host.unit)
        host.wait_for_state("deactivating")
        before = recoveries.identity(host)
        assert_left_to_a_human(host, daemon, before)
        assert host.show("SubState")["SubState"] == "stop-sigterm"
        jobs = host.run("systemctl", "list-jobs", "--no-legend", "--plain").stdout.split("\n")
        assert [job.split()[1:3] for job in jobs if host.unit in job] == [[f"{host.unit}.service", "restart"]]
        shutdown_nosave(host)
        daemon.wait_for_cause("ok")


# A load


def loading_evidence(daemon):
    health = daemon.health()
    return next((text for text in health["cause"]["evidence"] if text.startswith("loading: ")), None)


def percent(text):
    return float(text.removeprefix("loading: ").split(" ")[0])


def test_load_is_watched_with_its_progress_and_not_touched(host):
    faults.slow_load(host, seconds=8)
    few = {"errors_per_hour_warning": 5, "errors_per_hour_critical": 6}
    with watching(host, health={"thresholds": few}) as daemon:
        faults.kill(host)
        clock = recoveries.Clock(host)
        health = daemon.wait_for_cause("loading")
        before = recoveries.identity(host)
        assert health["overall_status"] == "degraded" and health["cause"]["restart"] == "harmful"
        assert daemon.status()["status"] == "starting"
        first = wait_until(lambda: loading_evidence(daemon), "the percentage")
        wait_until(lambda: percent(loading_evidence(daemon)) > percent(first), "progress", 10, (TypeError,))
        # Nobody but Resus asks meanwhile: its own LOADING answers are no errors of the service.
        daemon.wait_for_cause("ok", 30)
        clock.pong("load of 8 s after kill -9, stock unit")
        recoveries.watch_on(daemon, 1)
        recoveries.assert_untouched(host, before)
        recoveries.assert_nothing_done(daemon)


def test_load_after_resus_own_restart_is_waited_for(host):
    faults.without_restart(host)
    faults.slow_load(host, seconds=8)
    with watching(host) as daemon:
        before = recoveries.starts(host)
        faults.kill(host)
        clock = recoveries.Clock(host)
        daemon.wait_for_cause("loading")
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)], 30)
        clock.pong("kill -9, Restart=no, load of 8 s")
        assert recoveries.starts(host) == before + 1
