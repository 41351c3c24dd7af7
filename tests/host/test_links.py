"""What Resus cannot see it does not judge, and what it cannot reach it does not touch."""

import contextlib
import time

import faults
import new_clients
import resus
from tap import on_every
from watching import (Untouched, assert_nothing_done, evidence, expect, intents, look, outcome,
                      wait_for_human, watching)
from waiting import wait_until


@contextlib.contextmanager
def cut(make, end):
    make()
    try:
        yield
    finally:
        end()


def look_in_vain(daemon):
    """Resus looked once more, whatever the result."""
    daemon.cli("refresh")


def unreachable_and_back(host, make, end):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        with cut(make, end):
            expect(daemon, "host_unreachable", "unknown", "useless", "host_unreachable", seconds=30)
            checked = daemon.cli("check")
            assert checked.status == 3, checked
            assert daemon.status()["status"] == "unknown", daemon.status()
            look_in_vain(daemon)
            assert_nothing_done(daemon)
        expect(daemon, "ok", "healthy", seconds=30)
        look(daemon)
        untouched.check()
        assert daemon.cli("check").status == 0


def test_link_cut_on_our_side_is_unknown_and_nothing_is_done(host):
    unreachable_and_back(host, host.link_down, host.link_up)


def test_link_cut_on_the_hosts_side_is_unknown_and_nothing_is_done(host):
    unreachable_and_back(host, host.host_link_down, host.host_link_up)


def test_silent_drop_is_unknown_and_nothing_is_done(host):
    unreachable_and_back(host, host.silent_drop, host.silent_drop_end)


def test_port_that_is_cut_off_alone_is_no_hang(host):
    """A firewall drops Redis' port: SSH says that the unit runs, no connect is completed, and Resus' key may
    not ask on the host itself (test_judgement has the one that may)."""
    faults.restrict_key(host, "restrict")
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        host.drop_port(6379)
        health = expect(daemon, "access_refused", "unknown", "useless", "restart_useless", seconds=30)
        assert "not connected in time" in evidence(health), health
        look(daemon, 1)
        untouched.check()
        host.drop_port_end()
        expect(daemon, "ok", "healthy")
        untouched.check()


def test_kill_while_the_host_is_cut_off_is_healed_when_it_is_back(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        before = host.main_pid()
        with cut(host.silent_drop, host.silent_drop_end):
            expect(daemon, "host_unreachable", "unknown", "useless", "host_unreachable", seconds=30)
            faults.kill(host)
            host.wait_for_state("failed")
            look_in_vain(daemon)
            assert_nothing_done(daemon)
        done = outcome(daemon, "restart", seconds=30)
        assert done["result"]["success"] and done["recovery_level"] == "hard", done
        assert done["reason"].startswith("crashed"), done
        expect(daemon, "ok", "healthy")
        assert host.main_pid() not in (0, before)
        assert intents(daemon) == ["restart"], daemon.audit()


def test_without_sshd_redis_is_watched_and_the_lost_control_told(host):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        faults.stop_ssh(host)
        faults.end_ssh_sessions(host)
        health = expect(daemon, "control_lost", "degraded", "unneeded")
        assert health["health_checks"]["connectivity"]["status"] == "pass", health["health_checks"]
        assert health["health_checks"]["systemd"]["status"] == "unknown", health["health_checks"]
        assert daemon.status()["status"] == "running", daemon.status()
        assert daemon.status()["vm_info"]["ssh_accessible"] is False, daemon.status()
        look(daemon)
        # An operation says at once that it cannot be done, and does nothing.
        answer = daemon.cli("restart")
        assert answer.status == 3, answer
        untouched.check()
        faults.start_ssh(host)
        expect(daemon, "ok", "healthy")
        untouched.check()


def test_without_new_logins_the_kept_session_goes_on(host):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        faults.stop_ssh(host)
        look(daemon)
        expect(daemon, "ok", "healthy")
        untouched.check()


def test_session_that_is_ended_is_opened_again(host):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        faults.end_ssh_sessions(host)
        look(daemon)
        expect(daemon, "ok", "healthy")
        assert daemon.status()["vm_info"]["ssh_accessible"] is True
        untouched.check()


@on_every
def test_kill_without_sshd_calls_a_human_and_is_healed_when_it_is_back(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        faults.stop_ssh(host)
        faults.end_ssh_sessions(host)
        expect(daemon, "control_lost", "degraded")
        faults.kill(host)
        # The port refuses: the host lives, and Redis is down.
        expect(daemon, "down_uncontrolled", "critical", "useless", "host_unreachable", seconds=30)
        wait_for_human(daemon, "down_uncontrolled")
        look_in_vain(daemon)
        assert_nothing_done(daemon)
        faults.start_ssh(host)
        assert outcome(daemon, "restart", seconds=30)["result"]["success"]
        expect(daemon, "ok", "healthy")


@on_every
def test_strangers_that_fill_sshd_leave_a_kill_to_a_human_until_they_are_gone(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        with faults.strangers_in_front_of_sshd(host):
            look(daemon)
            expect(daemon, "ok", "healthy")  # over the session that is open
            faults.end_ssh_sessions(host)
            expect(daemon, "control_lost", "degraded", "unneeded", seconds=70)
            faults.kill(host)
            expect(daemon, "down_uncontrolled", "critical", "useless", "host_unreachable", seconds=30)
            wait_for_human(daemon, "down_uncontrolled")
            assert_nothing_done(daemon)
        assert outcome(daemon, "restart", seconds=30)["result"]["success"]
        expect(daemon, "ok", "healthy")


def test_changed_host_key_is_told_and_nothing_is_run(host):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        faults.change_host_key(host)
        faults.end_ssh_sessions(host)
        expect(daemon, "control_lost", "degraded", "unneeded")
        health = daemon.wait_for_health(lambda seen: "key" in evidence(seen), "the host key in the evidence")
        text = evidence(health)
        assert "changed" in text or "known_hosts" in text, text
        assert "autobot_key" not in text, text
        answer = daemon.cli("restart")
        assert answer.status == 3, answer
        untouched.check()
        assert not logins_since_the_change(host), "somebody logged in to a host that was not recognised"


def logins_since_the_change(host):
    """Logins of autobot since the key changed."""
    text = host.run("journalctl", "--no-pager", "-t", "sshd").stdout
    assert "resus-test key changed" in text, text
    return "Accepted" in text.rpartition("resus-test key changed")[2]


@on_every
def test_systemd_that_does_not_answer_is_lost_control_within_31_s_and_nothing_is_done(host):
    with resus.serving(host, new_clients.SHIPPED) as daemon:
        daemon.wait_for_cause("ok")  # by a look at the unit just now: the worst moment
        untouched = Untouched(host, daemon)
        with faults.systemd_that_answers_nobody(host):
            began = time.monotonic()
            health = daemon.wait_for_cause("control_lost", 60)
            seconds = time.monotonic() - began
            print(f"# systemd stands still: control_lost after {seconds:.1f} s", flush=True)
            assert seconds <= new_clients.GOAL_SECONDS, health
            assert health["overall_status"] == "degraded" and health["cause"]["restart"] == "unneeded", health
            assert "systemctl status: the command did not end in time" in evidence(health), health["cause"]
            assert health["health_checks"]["connectivity"]["status"] == "pass", health["health_checks"]
            assert daemon.cli("check").status == 1
            assert_nothing_done(daemon)
        daemon.wait_for_cause("ok", 60)
        untouched.check()


def test_ssh_that_never_answers_is_lost_control(host):
    """sshd is stopped by signal: the kernel takes the connection and nobody speaks."""
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        host.run("sh", "-c", "kill -STOP $(pgrep -o -x sshd)")
        faults.end_ssh_sessions(host)
        try:
            expect(daemon, "control_lost", "degraded", "unneeded", seconds=40)
            untouched.check()
        finally:
            host.run("sh", "-c", "kill -CONT $(pgrep -o -x sshd)")
        expect(daemon, "ok", "healthy", seconds=30)
        wait_until(lambda: daemon.status()["vm_info"]["ssh_accessible"], "control again")
        untouched.check()
