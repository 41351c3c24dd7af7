"""What people can switch and read: pause, the settings of recovery, logs, the exit status of `check`."""

import faults
from watching import (Untouched, assert_nothing_done, expect, intents, look, outcome,
                      watching)
from waiting import wait_until


def dead_and_withheld(host, daemon, reason):
    """Killed, known as crashed, and left alone because of REASON."""
    faults.kill(host)
    expect(daemon, "crashed", "critical", "helps", reason)
    look(daemon)
    assert_nothing_done(daemon)
    assert host.state() == "failed"


def configured(daemon, operation):
    """The audit line of a change of settings."""
    return daemon.wait_for_audit(lambda line: line["event_type"] == "configuration"
                                 and line["operation"] == operation)


def test_pause_withholds_and_resume_heals(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        assert daemon.cli("pause", "--for", "1h", "--reason", "we are testing").status == 0
        line = next(line for line in daemon.audit() if line["reason"] == "we are testing")
        assert line["user"]["id"] == "root" and line["event_type"] != "intent", line
        dead_and_withheld(host, daemon, "paused")
        assert daemon.health()["auto_recovery"]["state"] == "paused", daemon.health()
        assert daemon.cli("resume").status == 0
        assert outcome(daemon, "restart")["result"]["success"]
        expect(daemon, "ok", "healthy")


def test_pause_ends_by_itself(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        assert daemon.cli("pause", "--for", "3s", "--reason", "a short one").status == 0
        faults.kill(host)
        assert outcome(daemon, "restart")["result"]["success"]
        expect(daemon, "ok", "healthy")


def test_pause_survives_a_restart_of_resus(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        assert daemon.cli("pause", "--for", "1h", "--reason", "kept").status == 0
        daemon.kill()
        daemon.start()
        daemon.wait_for_cause("ok")
        dead_and_withheld(host, daemon, "paused")


def test_disabled_recovery_only_watches_and_enabled_heals(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        answer = daemon.cli("recovery", "disable", "--reason", "our own scripts do it")
        assert answer.status == 0 and answer.json["enabled"] is False, answer
        assert "disabled" in daemon.health()["auto_recovery"]["state"], daemon.health()
        dead_and_withheld(host, daemon, "disabled")
        answer = daemon.cli("recovery", "enable")
        assert answer.status == 0 and answer.json["enabled"] is True, answer
        assert outcome(daemon, "restart")["result"]["success"]
        expect(daemon, "ok", "healthy")
        assert [line["operation"] for line in daemon.audit() if line["event_type"] == "configuration"]


def test_settings_of_recovery_hold_at_once_and_bad_ones_change_nothing(host):
    with watching(host) as daemon:
        answer = daemon.cli("recovery", "set", "max_attempts=5", "retry_delay_seconds=7")
        assert answer.status == 0 and answer.json["max_attempts"] == 5, answer
        assert answer.json["policy"]["retry_delay_seconds"] == 7, answer
        for wrong in ("max_attempts=0", "max_attempts=eleven", "no_such_key=1"):
            answer = daemon.cli("recovery", "set", wrong)
            assert answer.status == 64, (wrong, answer)
        answer = daemon.cli("recovery", "set", "external_stop=respect")
        assert answer.status == 0 and answer.json["policy"]["external_stop"] == "respect", answer
        daemon.kill()
        daemon.start()
        kept = daemon.cli("recovery", "status").json
        assert kept["max_attempts"] == 5 and kept["policy"]["retry_delay_seconds"] == 7, kept


def test_logs_show_systemd_and_redis_newest_first(host):
    host.allow_extended_commands()
    with watching(host, service={"commands": "extended"}) as daemon:
        host.systemctl("restart", host.unit)
        expect(daemon, "ok", "healthy")
        answer = daemon.cli("logs", "-n", "20")
        assert answer.status == 0, answer
        logs = answer.json["logs"]
        assert len(logs) == answer.json["total_lines"] == 20, answer.json
        times = [line["timestamp"] for line in logs]
        assert times == sorted(times, reverse=True), times
        messages = [line["message"] for line in logs]
        assert any("Ready to accept connections" in text for text in messages), messages
        assert any(text.startswith("Started ") for text in messages), messages
        only = daemon.cli("logs", "-n", "20", "--level", "warning").json["logs"]
        assert all(line["level"] in ("warning", "error") for line in only), only
        assert_nothing_done(daemon)


def test_logs_with_the_default_commands_show_systemds_lines(host):
    with watching(host) as daemon:
        host.systemctl("restart", host.unit)
        expect(daemon, "ok", "healthy")
        logs = daemon.cli("logs", "-n", "5").json["logs"]
        assert logs and any("Started " in line["message"] for line in logs), logs
        times = [line["timestamp"] for line in logs]
        assert times == sorted(times, reverse=True), times


def test_check_exits_with_what_the_health_says(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        assert daemon.cli("check").status == 0
        faults.stop_ssh(host)
        faults.end_ssh_sessions(host)
        expect(daemon, "control_lost", "degraded")
        assert daemon.cli("check").status == 1
        faults.start_ssh(host)
        expect(daemon, "ok", "healthy")
        assert daemon.cli("recovery", "disable").status == 0
        faults.kill(host)
        expect(daemon, "crashed", "critical")
        assert daemon.cli("check").status == 2
        faults.require_password(host, "s3cret")
        expect(daemon, "access_refused", "unknown")
        assert daemon.cli("check").status == 3


def with_replica(host):
    """A second Redis on the host copies the first."""
    host.start_inside("replica", f"/usr/bin/{host.flavour.unit}", "--port", "6380", "--bind", "0.0.0.0",
                      "--protected-mode", "no", "--dir", "/tmp",
                      "--save", "", "--replicaof", "127.0.0.1", "6379", "--repl-diskless-sync-delay", "0")

    def has_all():
        with host.redis() as client:
            return "state=online" in client.info("replication").get("slave0", "")

    wait_until(has_all, "the replica")


def without_persistence(host):
    host.add_config('save ""')
    host.add_config("appendonly no")
    host.systemctl("restart", host.unit)
    host.wait_for_pong()


def test_empty_primary_with_a_replica_is_not_started(host):
    faults.without_restart(host)
    without_persistence(host)
    with watching(host) as daemon:
        faults.fill(host, 100, 10)
        with_replica(host)
        daemon.wait_for_health(lambda _: daemon.cli("recovery", "explain").json["facts"]["empty_primary"],
                               "Resus knows of the replica")
        blocked = daemon.cli("restart")
        assert blocked.status == 1 and "wipe" in blocked.stdout, blocked
        dead_and_withheld(host, daemon, "empty_primary")
        # The data live on, in the replica alone.
        with host.redis(port=6380) as client:
            assert client.call("DBSIZE") == 100


def test_primary_without_persistence_and_without_replicas_is_started(host):
    faults.without_restart(host)
    without_persistence(host)
    with watching(host) as daemon:
        faults.kill(host)
        assert outcome(daemon, "restart")["result"]["success"]
        expect(daemon, "ok", "healthy")


def test_primary_with_persistence_and_a_replica_is_started(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        with_replica(host)
        look(daemon, 1)
        faults.kill(host)
        assert outcome(daemon, "restart")["result"]["success"]
        expect(daemon, "ok", "healthy")


def test_what_resus_would_do_is_told_before_it_does(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        told = daemon.cli("recovery", "explain").json
        assert told["would_act"] is False and told["cause"]["code"] == "ok", told
        assert daemon.cli("recovery", "disable").status == 0
        dead_and_withheld(host, daemon, "disabled")
        told = daemon.cli("recovery", "explain").json
        assert told["would_act"] is False and told["action"] == "restart", told
        assert told["withheld"]["reason_code"] == "disabled", told
