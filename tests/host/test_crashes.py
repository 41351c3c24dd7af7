"""A Redis that dies: restarted where nobody else does it, watched where systemd does it, and given up
where it dies again and again."""

import contextlib
import datetime

import faults
import fleet
import recoveries
import resus
from recoveries import watching
from resus import SERVICE
from tap import on_every
from waiting import wait_until


def told_at(line):
    """To the second."""
    return datetime.datetime.fromisoformat(line["timestamp"])


@on_every
def test_killed_redis_without_systemds_restart_is_restarted(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        before = recoveries.starts(host)
        faults.kill(host)
        recoveries.Clock(host).pong("kill -9, Restart=no")
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)])
        outcome = recoveries.outcomes(daemon)[0]
        assert outcome["reason"] == "crashed" and outcome["result"]["exit_code"] == 0
        health = daemon.wait_for_cause("ok")
        assert health["overall_status"] == "healthy"
        assert health["auto_recovery"]["recovery_status"] == "success"
        assert health["auto_recovery"]["recovery_level"] == "hard"
        assert recoveries.levels_told(daemon) == [("hard", "started"), ("hard", "success")]
        assert recoveries.starts(host) == before + 1


def history_of(daemon, service):
    return daemon.cli("recovery", "history", service).json["items"]


@on_every
def test_two_services_of_one_host_have_a_history_each(host):
    fleet.make_second(host)
    units = {"first": host.unit, "second": f"{host.unit}@second"}
    try:
        with two_services(host, units) as daemon:
            # The first recovery of each since the start of Resus; then both at once.
            for killed in (["second"], ["first"], ["first", "second"]):
                counts = {name: len(history_of(daemon, name)) for name in killed}
                for name in killed:
                    host.run("systemctl", "kill", "--signal=KILL", units[name])
                for name in killed:
                    wait_until(lambda one=name: len(history_of(daemon, one)) > counts[one]
                               and history_of(daemon, one)[0]["result"] == "success", f"a recovery of {name}", 30)
                    wait_until(lambda one=name: daemon.ask("health", one)["cause"]["code"] == "ok", f"{name} to be well", 30, (KeyError, TypeError))
            for name in units:
                seen = history_of(daemon, name)
                assert [(one["service"], one["cause"], one["result"], one["attempts"]) for one in seen] \
                    == [(name, "crashed", "success", 1)] * 2, seen
                tried = [line["request_id"] for line in daemon.audit()
                         if line["event_type"] == "auto_recovery" and line["service"] == name]
                assert sorted(tried) == sorted(one["id"] for one in seen), (tried, seen)
    finally:
        host.run("systemctl", "stop", units["second"], check=False)


@contextlib.contextmanager
def two_services(host, units):
    """Both on one host, watched by one daemon."""
    shared = {"vm_name": "Redis VM", "control": "ssh"}
    ports = {"first": 6379, "second": fleet.SECOND_PORT}
    with resus.serving(host, {"auto_recovery": {"retry_delay_seconds": 0}}) as daemon:
        ssh = daemon.settings["services"][SERVICE]["ssh"]
        daemon.stop()
        daemon.settings["services"] = {
            name: {**shared, "unit": unit, "address": f"{host.address}:{ports[name]}", "ssh": ssh}
            for name, unit in units.items()}
        daemon.write_settings()
        daemon.start()
        for name in units:
            wait_until(lambda one=name: daemon.ask("health", one)["cause"]["code"] == "ok", f"{name} to be well", 30, (KeyError, TypeError))
        yield daemon


def test_second_crash_soon_after_waits_the_retry_delay(host):
    faults.without_restart(host)
    with watching(host, {"retry_delay_seconds": 4}) as daemon:
        faults.kill(host)
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)])
        faults.kill(host)
        clock = recoveries.Clock(host)
        waiting = recoveries.wait_for_recovery(daemon, lambda r: r["phase"] == "backoff", "the backoff")
        assert waiting["state"] == "waiting" and waiting["attempts"] == 1
        clock.pong("second kill -9, retry delay 4 s")
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)] * 2)
        first_end, second = recoveries.outcomes(daemon)[0], recoveries.intents(daemon)[1]
        assert (told_at(second) - told_at(first_end)).total_seconds() >= 3
        recoveries.wait_for_notice(daemon, "did not last")


def kill_and_wait(host, daemon, times):
    for number in range(1, times + 1):
        faults.kill(host)
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)] * number)


def test_third_recovery_in_five_minutes_opens_the_breaker_until_an_admin_resets_it(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        kill_and_wait(host, daemon, 3)
        recovery = recoveries.wait_for_recovery(
            daemon, lambda r: r["circuit_breaker"]["state"] == "open", "the breaker")
        assert recovery["enabled"] is False
        assert recovery["requires_manual_intervention"] is True
        assert recovery["withheld"]["reason_code"] == "breaker_open"
        recoveries.wait_for_notice(daemon, "circuit breaker is open")

        faults.kill(host)
        health = daemon.wait_for_cause("crashed")
        assert health["overall_status"] == "critical"
        before = recoveries.identity(host)
        daemon.stop()
        daemon.start()
        daemon.wait_for_cause("crashed")
        recoveries.watch_on(daemon, 3)
        recoveries.assert_untouched(host, before)
        assert daemon.health()["auto_recovery"]["circuit_breaker"]["state"] == "open"
        assert recoveries.withheld(daemon) == "breaker_open"
        assert len(recoveries.actions(daemon)) == 3

        reset = daemon.cli("recovery", "reset", SERVICE, "--reason", "memory replaced")
        assert reset.status == 0 and reset.json["circuit_breaker"]["state"] == "closed"
        recoveries.Clock(host).pong("reset of the breaker")
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)] * 4)
        line = daemon.wait_for_audit(lambda line: line["operation"] == "auto-recovery-reset")
        assert line["event_type"] == "configuration" and line["reason"] == "memory replaced"
        assert daemon.health()["auto_recovery"]["requires_manual_intervention"] is False


def test_attempts_that_do_not_help_are_used_up_and_a_human_is_called(host):
    faults.without_restart(host)
    with watching(host, {"retry_delay_seconds": 2}) as daemon:
        faults.fails_at_every_start(host)
        faults.kill(host)
        recovery = recoveries.wait_for_recovery(
            daemon, lambda r: r["state"] == "failed", "the end of the attempts", 30)
        assert recovery["requires_manual_intervention"] is True
        assert recovery["attempts"] == 3 and recovery["recovery_status"] == "failed"
        assert recovery["withheld"]["reason_code"] == "attempts_exhausted"
        recoveries.wait_for_actions(daemon, [("hard", "restart", False)] * 3)
        told = [told_at(line) for line in recoveries.intents(daemon)]
        ended = [told_at(line) for line in recoveries.outcomes(daemon)]
        gaps = [(told[i + 1] - ended[i]).total_seconds() for i in range(2)]
        assert gaps[0] >= 1 and gaps[1] >= 3, f"backoff of 2 s, then 4 s: {gaps}"
        daemon.wait_for_audit(lambda line: line["operation"] == "manual-intervention-required")
        assert recoveries.levels_told(daemon)[-1][0] == "critical"
        before = recoveries.identity(host)
        recoveries.watch_on(daemon, 6)
        recoveries.assert_untouched(host, before)
        assert len(recoveries.intents(daemon)) == 3


def healed_by_systemd(daemon):
    """The history's entries of what systemd healed by itself, newest first."""
    items = daemon.cli("recovery", "history", SERVICE).json["items"]
    return [entry for entry in items if entry["result"] == "by_systemd"]


@on_every
def test_stock_unit_is_restarted_by_systemd_and_resus_only_says_so(host):
    with watching(host) as daemon:
        before = recoveries.starts(host)
        faults.kill(host)
        recoveries.Clock(host).pong("kill -9, stock unit (systemd's own restart)")
        recoveries.wait_for_notice(daemon, "was restarted by")
        recoveries.wait_until_known(daemon, host)
        recoveries.watch_on(daemon, 3)
        recoveries.assert_nothing_done(daemon)
        assert recoveries.levels_told(daemon) == []
        assert recoveries.starts(host) == before + 1
        assert host.show("NRestarts")["NRestarts"] == "1"
        entry, = wait_until(lambda: healed_by_systemd(daemon), "an entry of the history")
        assert (entry["cause"], entry["recovery_level"], entry["attempts"]) == ("crashed", None, 0), entry
        assert "code=killed, status=9/KILL" in "\n".join(entry["evidence"]), entry
        assert 0 < entry["duration_seconds"] < 10, entry
        recovery = daemon.cli("recovery", "status").json
        assert recovery["recent_recoveries"] == 0 and recovery["metrics"]["count"] == 0, recovery
        assert daemon.cli("audit", "summary").json["recoveries"]["count"] == 0
        wait_until(lambda: daemon.cli("slo").json["windows"][0]["outages"] == 1, "the outage to count")


def test_systemds_restart_is_known_by_its_count_without_the_log(host):
    """`systemctl show` has NRestarts; the journal cannot be read."""
    host.allow_extended_commands()
    host.run("sed", "-i", "/journalctl/d", "/etc/sudoers.d/autobot-redis")
    host.run("sh", "-c", "gpasswd -d autobot systemd-journal; gpasswd -d autobot adm; true")
    faults.end_ssh_sessions(host)
    with watching(host, service={"commands": "extended"}) as daemon:
        for number in (1, 2):
            faults.kill(host)
            host.wait_for_pong()
            wait_until(lambda wanted=number: len(healed_by_systemd(daemon)) == wanted, "an entry of the history")
            recoveries.wait_until_known(daemon, host)
        assert "NRestarts 1 -> 2" in "\n".join(healed_by_systemd(daemon)[0]["evidence"])


def test_systemd_seen_at_work_is_named(host):
    host.drop_in("slower", "[Service]\nRestartSec=1\n")
    with watching(host) as daemon:
        faults.kill(host)
        health = daemon.wait_for_cause("systemd_restarting")
        assert health["overall_status"] == "degraded" and health["cause"]["restart"] == "unneeded"
        recoveries.wait_for_notice(daemon, "was restarted by systemd")
        recoveries.assert_nothing_done(daemon)


def test_restart_by_hand_is_seen_as_somebody_elses(host):
    with watching(host) as daemon:
        host.systemctl("restart", host.unit)
        recoveries.wait_for_notice(daemon, "was restarted, and not through Resus")
        assert healed_by_systemd(daemon) == []
        recoveries.wait_until_known(daemon, host)
        recoveries.assert_nothing_done(daemon)


def test_start_limit_is_waited_out_then_started_once(host):
    with watching(host) as daemon:
        faults.crash_until_start_limit(host)
        clock = recoveries.Clock(host)
        health = daemon.wait_for_cause("start_limit_hit")
        assert health["overall_status"] == "critical"
        assert any("quickly" in text for text in health["cause"]["evidence"]), health["cause"]
        recoveries.wait_for_recovery(daemon, lambda r: r["phase"] == "start_limit_window", "the window")
        took = clock.pong("start limit hit, default commands", 30)
        assert took >= 8, "the window of 10 s was waited out"
        recoveries.wait_for_actions(daemon, [("standard", "start", True)])
        daemon.wait_for_cause("ok")


@on_every
def test_start_limit_is_reset_where_the_rights_allow_it(host):
    host.allow_extended_commands()
    with watching(host, service={"commands": "extended"}) as daemon:
        faults.crash_until_start_limit(host)
        took = recoveries.Clock(host).pong("start limit hit, extended commands")
        assert took < 8, "nothing waited for the window"
        recoveries.wait_for_actions(daemon, [("standard", "reset-failed-start", True)])
        daemon.wait_for_cause("ok")
