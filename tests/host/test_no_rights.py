"""The host does not let Resus act: what it says before and after, and that no attempt is used up by it."""

import contextlib

import faults
import recoveries
from tap import on_every
from waiting import wait_until
from watching import (Untouched, assert_nothing_done, evidence, expect, extended, incidents, intents, look,
                      outcome, wait_for_human, watching, watching_sick)

SUDOERS = "/etc/sudoers.d/autobot-redis"


def without_right(host, *verbs):
    """Takes the lines of VERBS out of sudoers."""
    lines = [line for line in host.read(SUDOERS).splitlines()
             if not any(f" {verb} " in line for verb in verbs)]
    host.write(SUDOERS, "\n".join(lines) + "\n")


def wait_for_rights(daemon, code):
    wait_until(lambda: (daemon.status()["not_guarded"] or {}).get("reason_code") == code, f"not guarded: {code}")


@contextlib.contextmanager
def expired_password(host):
    host.run("chage", "-d", "0", "autobot")
    try:
        yield
    finally:
        host.run("chage", "-d", "20000", "-M", "99999", "autobot")


@on_every
def test_missing_right_is_known_before_and_the_other_verb_heals(host):
    faults.without_restart(host)
    without_right(host, "restart")
    with watching(host) as daemon:
        wait_for_rights(daemon, "cannot_act")
        health = daemon.health()
        assert health["overall_status"] == "healthy", health
        assert f"/bin/systemctl restart {host.unit}" in health["auto_recovery"]["withheld"]["text"], health
        assert "systemctl start" not in health["auto_recovery"]["withheld"]["text"], health
        checked = daemon.cli("check")
        assert checked.status == 1, checked
        listed = daemon.cli("services").json["items"][0]
        assert listed["not_guarded"]["reason_code"] == "cannot_act", listed
        faults.kill(host)
        recoveries.wait_for_actions(daemon, [("hard", "start", True)])
        expect(daemon, "ok", "healthy")
        assert recoveries.starts(host) == 2 and not incidents(daemon), incidents(daemon)


def test_right_that_was_taken_since_the_last_look_costs_no_attempt(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        look(daemon, 1)
        without_right(host, "restart")
        faults.kill(host)
        recoveries.wait_for_actions(daemon, [("hard", "start", True)])
        expect(daemon, "ok", "healthy")
        assert daemon.cli("recovery", "status").json["attempts"] == 1
        assert [line["operation"] for line in recoveries.intents(daemon)] == ["restart", "start"]
        refused = [line["reason"] for line in daemon.audit() if ": no attempt, refused" in line["reason"]]
        assert len(refused) == 1 and "sudo:" in refused[0], refused


@on_every
def test_no_right_at_all_is_the_headline_and_ends_with_the_rights(host):
    faults.without_restart(host)
    before = host.read(SUDOERS)
    without_right(host, "restart", "start")
    with watching(host) as daemon:
        faults.kill(host)
        health = expect(daemon, "crashed", "critical", "helps", "cannot_act")
        wait_for_human(daemon, "crashed")
        words = f"sudo refuses `systemctl {{}} {host.unit}`"
        refusals = [words.format(verb) for verb in ("start", "restart")]
        withheld = daemon.health()["auto_recovery"]["withheld"]["text"]
        assert any(text in withheld for text in refusals), withheld
        assert "sudo:" in withheld, withheld
        assert any(text in incidents(daemon)[0] for text in refusals), incidents(daemon)
        assert any(text in evidence(daemon.health()) for text in refusals), health
        explained = daemon.cli("recovery", "explain").json
        assert any(text in reason for text in refusals for reason in explained["reasons"]), explained
        checked = daemon.cli("check")
        assert checked.status == 2, checked
        recovery = daemon.cli("recovery", "status").json
        assert recovery["attempts"] == 0 and recovery["circuit_breaker"]["state"] == "closed", recovery
        assert len(intents(daemon)) <= 2, intents(daemon)
        host.write(SUDOERS, before)
        daemon.cli("refresh")
        expect(daemon, "ok", "healthy", seconds=30)
        assert daemon.status()["not_guarded"] is None, daemon.status()


def test_persons_restart_that_sudo_refuses_says_so_at_once(host):
    without_right(host, "restart")
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        answer = daemon.cli("restart")
        assert answer.status == 1 and f"sudo refuses `systemctl restart {host.unit}`" in answer.stderr + answer.stdout, answer
        untouched.check("restart")


@on_every
def test_masked_unit_is_named_and_guarded_again_after_unmask(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        host.systemctl("mask", host.unit)
        faults.kill(host)
        health = expect(daemon, "config_error", "critical", "useless", "restart_useless")
        assert "is masked" in health["cause"]["summary"] and "unmask" in health["cause"]["advice"], health["cause"]
        wait_for_human(daemon, "config_error")
        look(daemon)
        assert_nothing_done(daemon)
        host.systemctl("unmask", host.unit)
        assert outcome(daemon, "restart")["result"]["success"]
        expect(daemon, "ok", "healthy")


@on_every
def test_running_unit_whose_file_is_gone_or_masked_is_not_guarded(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        with faults.unit_file_gone(host):
            look(daemon)
            wait_for_rights(daemon, "cannot_act")
            assert "unit file of" in daemon.status()["not_guarded"]["text"], daemon.status()
            expect(daemon, "ok", "healthy")
            assert daemon.cli("check").status == 1
        look(daemon)
        wait_for_rights(daemon, None)
        host.systemctl("mask", "--runtime", host.unit)
        look(daemon)
        wait_for_rights(daemon, "cannot_act")
        assert "unmask" in daemon.status()["not_guarded"]["text"], daemon.status()
        host.systemctl("unmask", "--runtime", host.unit)
        look(daemon)
        wait_for_rights(daemon, None)
        faults.kill(host)
        assert outcome(daemon, "restart")["result"]["success"]


def test_unit_that_does_not_exist_is_named(host):
    with watching_sick(host, service={"unit": "no-such-redis"}) as daemon:
        health = daemon.wait_for_health(lambda seen: "no-such-redis" in seen["cause"]["summary"], "the unit's name")
        assert "does not know the unit" in health["cause"]["summary"], health["cause"]
        assert_nothing_done(daemon)


def test_expired_password_is_lost_control_and_then_a_redis_that_is_down(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        with expired_password(host):
            faults.end_ssh_sessions(host)
            health = expect(daemon, "control_lost", "degraded", "unneeded", seconds=30)
            assert "expired" in evidence(health), health["cause"]
            faults.kill(host)
            health = expect(daemon, "down_uncontrolled", "critical", "useless", "host_unreachable", seconds=30)
            assert "expired" in evidence(health), health["cause"]
            wait_for_human(daemon, "down_uncontrolled")
            assert_nothing_done(daemon)
        assert outcome(daemon, "restart", seconds=30)["result"]["success"]
        expect(daemon, "ok", "healthy")


def test_changed_host_key_and_a_dead_redis_call_a_human(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        faults.change_host_key(host)
        faults.end_ssh_sessions(host)
        expect(daemon, "control_lost", "degraded", "unneeded")
        faults.kill(host)
        health = expect(daemon, "down_uncontrolled", "critical", "useless", "host_unreachable", seconds=30)
        assert "host key" in evidence(health), health["cause"]
        assert "reached" not in health["cause"]["summary"], health["cause"]
        wait_for_human(daemon, "down_uncontrolled")


def test_port_that_was_taken_and_is_free_again_is_worth_one_start(host):
    faults.without_restart(host)
    with watching(host, service=extended(host)) as daemon:
        faults.port_taken(host)
        expect(daemon, "wrong_instance", "critical", "useless", "restart_useless")
        look(daemon)
        assert_nothing_done(daemon)
        host.systemctl("stop", "resus-test-port.service")
        expect(daemon, "ok", "healthy", seconds=30)
        assert intents(daemon) == ["restart"], daemon.audit()


def test_log_that_sudo_refuses_does_not_count_as_read(host):
    faults.without_restart(host)
    settings = extended(host)
    without_right(host, "/usr/bin/tail")
    with watching(host, {"auto_recovery": {"max_attempts": 1}}, service=settings) as daemon:
        faults.bad_directive(host)
        faults.kill(host)
        health = daemon.wait_for_health(lambda seen: "could not be read" in evidence(seen), "the log that is refused")
        assert "sudo:" in evidence(health), health["cause"]
        daemon.wait_for_audit(lambda line: line["operation"] == "manual-intervention-required")


def test_logs_that_sudo_refuses_are_said_to_be_unreadable_and_not_empty(host):
    without_right(host, "/bin/journalctl")
    with watching(host) as daemon:
        logs = daemon.cli("logs").json
        assert logs["logs"] == [] and logs["problem"].startswith("The journal cannot be read: sudo:"), logs
        followed = daemon.cli("logs", "-f")
        assert followed.status != 0 and followed.json["code"] == "log_unreadable", followed


def test_redis_on_loopback_only_is_named_with_where_it_listens(host):
    host.add_config("bind 127.0.0.1")
    host.systemctl("restart", host.unit)
    with watching_sick(host) as daemon:
        untouched = Untouched(host, daemon)
        health = expect(daemon, "path_broken", "critical", "useless", "restart_useless", seconds=30)
        words = f"Nothing listens at {host.address}:6379; on its own host Redis answers at 127.0.0.1:6379"
        assert words in health["cause"]["summary"], health["cause"]
        look(daemon)
        untouched.check()


def test_wrong_port_is_named(host):
    with watching_sick(host, service={"address": f"{host.address}:6399"}) as daemon:
        untouched = Untouched(host, daemon)
        health = expect(daemon, "path_broken", "critical", "useless", "restart_useless")
        assert f"Nothing listens at {host.address}:6399" in health["cause"]["summary"], health["cause"]
        # The title of the unit's process says where it listens.
        assert ":6379" in health["cause"]["summary"], health["cause"]
        assert "bind" in health["cause"]["advice"], health["cause"]
        look(daemon)
        untouched.check()


def test_check_warns_while_nothing_is_guarded(host):
    with watching(host) as daemon:
        assert daemon.cli("check").status == 0
        assert daemon.cli("pause", "--for", "10m", "--reason", "test").status == 0
        checked = daemon.cli("check")
        assert checked.status == 1, checked
        assert daemon.status()["not_guarded"]["reason_code"] == "paused", daemon.status()
        assert daemon.cli("resume", "--reason", "test").status == 0
        assert daemon.cli("recovery", "disable").status == 0
        assert daemon.cli("check").status == 1
        assert daemon.cli("recovery", "enable").status == 0
        assert daemon.cli("check").status == 0
        assert daemon.cli("stop", "--confirm", "STOP", "--reason", "test").status == 0
        expect(daemon, "stopped_on_purpose", "critical")
        assert daemon.status()["stopped_by"], daemon.status()


def test_diagnose_gives_the_cause_that_resus_sees(host):
    with watching(host) as daemon:
        faults.stop_ssh(host)
        faults.end_ssh_sessions(host)
        expect(daemon, "control_lost", "degraded")
        found = daemon.cli("diagnose")
        assert found.status == 1, found
        assert "the host cannot be controlled" in found.stdout, found.stdout
