"""Redis does not start, and its log says why: no start more than it takes to learn that."""

import faults
from tap import on_every
from watching import (Untouched, assert_nothing_done, evidence, expect, extended, intents, look, outcome,
                      wait_for_human, wait_until_quiet, watching, watching_sick)

# What starts Redis; a broken start that is known as such gets none of it.
STARTS = ("start", "restart", "reload", "reset-failed-start")


def restart_counts(host):
    return host.show("NRestarts,InvocationID")


def broken_while_watched(host, daemon, make):
    """MAKE breaks the start; a restart by hand then fails while Resus watches."""
    make(host)
    host.systemctl("stop", host.unit)
    faults.start_expecting_failure(host)


def assert_left_alone(host, daemon, cause):
    """The cause is known before the first start of ours: so there is none."""
    wait_for_human(daemon, cause)
    before = restart_counts(host)
    look(daemon)
    assert restart_counts(host) == before
    assert_nothing_done(daemon)


def able_to_read_of_a_bad_directive(host):
    """Redis 8 says it in its log alone, which the default commands do not reach."""
    return extended(host) if host.flavour.name == "debian13-redis" else None


@on_every
def test_bad_directive_is_named_and_not_restarted(host):
    with watching(host, service=able_to_read_of_a_bad_directive(host)) as daemon:
        broken_while_watched(host, daemon, faults.bad_directive)
        health = expect(daemon, "config_error", "critical", "useless", "restart_useless")
        assert "bogus-directive yes" in evidence(health), health
        assert_left_alone(host, daemon, "config_error")
        # The human fixes the line. Resus sees it and raises no second alert.
        host.repair(host.flavour.config)
        host.systemctl("reset-failed", host.unit)
        host.systemctl("start", host.unit)
        expect(daemon, "ok", "healthy")
        assert_nothing_done(daemon)


def test_bad_value_is_named_from_the_journal_and_not_restarted(host):
    with watching(host) as daemon:
        broken_while_watched(host, daemon, faults.bad_value)
        health = expect(daemon, "config_error", "critical", "useless", "restart_useless")
        assert "maxclients none" in evidence(health), health
        assert_left_alone(host, daemon, "config_error")


def test_error_of_before_a_good_start_does_not_stop_a_recovery(host):
    """The journal keeps errors that were fixed long ago."""
    faults.bad_directive(host)
    host.systemctl("stop", host.unit)
    faults.start_expecting_failure(host)
    host.repair(host.flavour.config)
    faults.without_restart(host)
    host.systemctl("reset-failed", host.unit)
    host.systemctl("start", host.unit)
    with watching(host) as daemon:
        faults.kill(host)
        assert outcome(daemon, "restart")["result"]["success"]
        expect(daemon, "ok", "healthy")
        assert intents(daemon) == ["restart"], daemon.audit()


def test_kill_that_uncovers_a_bad_directive_ends_with_a_human(host):
    """Nobody knew of the bad line until Redis died: systemd tries five times, Resus not at all."""
    with watching(host, service=able_to_read_of_a_bad_directive(host)) as daemon:
        faults.bad_directive(host)
        faults.kill(host)
        expect(daemon, "config_error", "critical", "useless", "restart_useless")
        assert_left_alone(host, daemon, "config_error")


def test_bad_directive_without_systemds_restart_costs_one_attempt(host):
    """A dead process tells nothing of its configuration: the first restart learns it, and is the last."""
    faults.without_restart(host)
    with watching(host, service=able_to_read_of_a_bad_directive(host)) as daemon:
        faults.bad_directive(host)
        faults.kill(host)
        expect(daemon, "config_error", "critical", "useless", "restart_useless")
        wait_for_human(daemon, "config_error")
        failed = outcome(daemon, "restart")
        assert not failed["result"]["success"] and failed["recovery_level"] == "hard", failed
        wait_until_quiet(daemon)
        look(daemon)
        assert intents(daemon) == ["restart"], daemon.audit()


def test_port_taken_by_another_redis_is_the_wrong_instance(host):
    with watching(host) as daemon:
        faults.port_taken(host)
        expect(daemon, "wrong_instance", "critical", "useless", "restart_useless")
        assert_left_alone(host, daemon, "wrong_instance")
        host.systemctl("stop", "resus-test-port")
        look(daemon, 1)
        assert daemon.status()["status"] == "failed", daemon.status()


def test_port_taken_is_named_from_the_log_with_extended_commands(host):
    with watching(host, service=extended(host)) as daemon:
        faults.port_taken(host)
        health = daemon.wait_for_health(
            lambda seen: seen["cause"]["code"] in ("wrong_instance", "port_in_use"), "the foreign process")
        assert health["overall_status"] == "critical" and health["cause"]["restart"] == "useless", health
        look(daemon)
        assert_nothing_done(daemon)


def corrupt_with_extended_commands(host, make):
    """The log names the damage: not one start."""
    with watching(host, service=extended(host)) as daemon:
        make(host)
        health = expect(daemon, "data_corrupt", "critical", "useless", "restart_useless")
        assert "log: " in evidence(health), health
        assert_left_alone(host, daemon, "data_corrupt")


def test_truncated_rdb_is_named_from_the_log(host):
    corrupt_with_extended_commands(host, faults.truncated_rdb)


def test_rdb_with_rubbish_in_its_middle_is_named_from_the_log(host):
    corrupt_with_extended_commands(host, faults.corrupt_rdb)


def test_something_else_than_an_rdb_is_named_from_the_log(host):
    corrupt_with_extended_commands(host, faults.not_an_rdb)


@on_every
def test_corrupt_aof_is_named_from_the_log(host):
    corrupt_with_extended_commands(host, faults.corrupt_aof)


@on_every
def test_aof_without_its_base_is_named_from_the_log(host):
    corrupt_with_extended_commands(host, faults.aof_without_its_base)


def test_truncated_rdb_is_in_the_journal_too(host):
    with watching(host) as daemon:
        faults.truncated_rdb(host)
        expect(daemon, "data_corrupt", "critical", "useless", "restart_useless")
        assert_left_alone(host, daemon, "data_corrupt")


def test_corrupt_aof_that_only_the_log_names_ends_after_bounded_attempts(host):
    """The default commands cannot read Redis' log: systemd's limit is waited out, then a human is called."""
    with watching(host, {"auto_recovery": {"max_attempts": 1}}) as daemon:
        faults.corrupt_aof(host)
        expect(daemon, "start_limit_hit", "critical", "helps")
        daemon.wait_for_health(lambda health: health["auto_recovery"]["state"] == "failed", "giving up", 40)
        assert daemon.cli("recovery", "status").json["withheld"]["reason_code"] == "attempts_exhausted"
        assert daemon.health()["auto_recovery"]["requires_manual_intervention"]
        assert not outcome(daemon, "start")["result"]["success"]
        look(daemon)
        assert intents(daemon, *STARTS) == ["start"], daemon.audit()


def test_unreadable_data_folder_is_not_restarted_for_ever(host):
    with watching(host) as daemon:
        faults.unreadable_data(host)
        health = daemon.wait_for_health(
            lambda seen: seen["cause"]["code"] in ("permission_denied", "config_error"), "the named cause")
        assert health["overall_status"] == "critical" and health["cause"]["restart"] == "useless", health
        assert "Permission denied" in evidence(health), health
        assert_left_alone(host, daemon, health["cause"]["code"])


def test_aof_without_its_end_starts_and_is_healthy(host):
    with watching_sick(host) as daemon:
        faults.truncated_aof(host)
        expect(daemon, "ok", "healthy")
        untouched = Untouched(host, daemon)
        look(daemon)
        untouched.check()
