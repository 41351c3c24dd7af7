"""A stop that ends by SIGKILL in Redis' final save: whoever began it meant it, and is not told of success."""

import faults
import recoveries
import watching
from recoveries import watching as watched
from resus import SERVICE
from waiting import wait_until

STOP_SECONDS = 3
SAVE_SECONDS = 6
KEYS = 600


def final_save_is_cut(host):
    """From now on a save takes twice as long as systemd lets a stop take."""
    faults.time_out_stop(host, STOP_SECONDS)
    faults.without_restart(host)
    faults.fill(host, KEYS, 10)
    with host.redis(seconds=30) as client:
        client.call("SAVE")
    slow_saves(host)


def slow_saves(host):
    with host.redis() as client:
        client.call("CONFIG", "SET", "rdb-key-save-delay", str(int(SAVE_SECONDS * 1e6 / KEYS)))


def write(host, count=51):
    with host.redis() as client:
        for i in range(count):
            client.call("SET", f"late:{i}", "1")


def late_writes(host):
    with host.redis() as client:
        return sum(client.call("EXISTS", f"late:{i}") for i in range(51))


def test_a_stop_by_hand_that_was_cut_gets_the_grace_and_names_the_loss(host):
    final_save_is_cut(host)
    with watched(host, {"external_stop_grace_seconds": 5}) as daemon:
        write(host)
        daemon.wait_for_health(lambda _: daemon.cli("preflight", "stop").json["unsaved_changes"] == 51,
                               "the changes to be counted")
        host.systemctl("stop", "--no-block", host.unit)
        host.wait_for_state("failed", 15)
        clock = recoveries.Clock(host)
        health = daemon.wait_for_cause("unit_stopped")
        cut = next(text for text in health["cause"]["evidence"] if "cut" in text)
        assert "51 changes" in cut and "lost" in cut, health["cause"]
        assert "TimeoutStopSec" in health["cause"]["advice"], health["cause"]
        line = daemon.wait_for_audit(lambda line: line["operation"] == "external-stop")
        assert "the stop was cut" in line["reason"].lower(), line
        recoveries.assert_nothing_done(daemon)
        assert clock.pong("cut stop, grace 5 s") >= 4, "the grace was kept"
        recoveries.wait_for_actions(daemon, [("standard", "start", True)])
        daemon.wait_for_cause("ok")
        assert late_writes(host) == 0
        past = wait_until(lambda: daemon.cli("recovery", "history").json["items"], "the history")[0]
        assert "51 changes" in past["message"], past
        told = [event["message"] for event in recoveries.events(daemon, "auto_recovery")]
        assert "lost" in told[-1], told


def test_a_stop_by_hand_that_was_cut_is_named_after_a_start_of_resus_by_the_journal(host):
    final_save_is_cut(host)
    with watched(host, {"external_stop_grace_seconds": 60}) as daemon:
        daemon.stop()
        host.systemctl("stop", "--no-block", host.unit)
        host.wait_for_state("failed", 15)
        daemon.start()
        health = daemon.wait_for_cause("unit_stopped")
        assert any("cut" in text for text in health["cause"]["evidence"]), health["cause"]
        recoveries.assert_nothing_done(daemon)


def test_a_restart_that_was_cut_is_no_success(host):
    final_save_is_cut(host)
    with watched(host) as daemon:
        before = host.main_pid()
        done = daemon.cli("restart", SERVICE, "--force")
        assert done.status == 1, done
        assert done.json["code"] == "save_cut" and "lost" in done.json["message"], done.json
        assert "runs again" in done.json["message"] and host.ping() == "PONG" and host.main_pid() != before
        line = daemon.wait_for_audit(lambda line: line["event_type"] == "service_operation")
        assert line["result"]["success"] is False and "TimeoutStopSec" in line["result"]["error"], line


def test_a_restart_by_recovery_that_was_cut_names_the_loss(host):
    final_save_is_cut(host)
    with watched(host, service=watching.extended(host)) as daemon:
        write(host)
        wait_until(lambda: daemon.cli("preflight", "stop").json["unsaved_changes"] == 51, "the changes to be counted")
        faults.freeze(host)
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)], 40)
        line = daemon.wait_for_audit(lambda line: line["operation"] == "restart-lost-data")
        assert "51 changes" in line["reason"] and host.unit in line["reason"], line
        assert late_writes(host) == 0
        wait_until(lambda: "51 changes" in daemon.cli("recovery", "history").json["items"][0]["message"],
                   "the loss in the history")
        told = [event["message"] for event in recoveries.events(daemon, "notice")]
        assert any("51 changes" in text for text in told), told


def test_a_stop_through_resus_that_was_cut_is_no_success_and_stays(host):
    final_save_is_cut(host)
    with watched(host) as daemon:
        write(host, 5)
        done = daemon.cli("stop", SERVICE, "--confirm", "STOP", "--force", "--reason", "new memory")
        assert done.status == 1 and done.json["code"] == "save_cut", done
        assert "at least 5 changes" in done.json["message"], done.json
        daemon.wait_for_cause("stopped_on_purpose")
        assert daemon.status()["stop_reason"] == "new memory"
        recoveries.watch_on(daemon, 4)
        recoveries.assert_nothing_done(daemon)
        assert host.state() == "failed"


def test_a_restart_whose_final_save_would_be_cut_is_refused(host):
    final_save_is_cut(host)
    with watched(host, service=watching.extended(host)) as daemon:
        before = recoveries.identity(host)
        write(host)
        # Nothing is known of how long a save takes yet: the one before the command tells.
        refused = daemon.cli("restart", SERVICE)
        assert refused.status == 1 and refused.json["code"] == "blocked", refused
        assert "TimeoutStopSec" in refused.json["message"], refused.json
        asked = daemon.cli("preflight", "stop")
        assert asked.status == 1 and "TimeoutStopSec" in asked.json["blockers"][0], asked
        recoveries.assert_untouched(host, before)
        faults.time_out_stop(host, SAVE_SECONDS * 5)
        wait_until(lambda: daemon.cli("preflight", "restart").json["allowed"], "the longer limit to be seen")
        done = daemon.cli("restart", SERVICE)
        assert done.status == 0, done
        assert late_writes(host) == 51
