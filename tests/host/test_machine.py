"""The test host itself: is it the real thing, and does it come back pristine?"""

import contextlib
import os
import signal

from machine import NOT_YET
from tap import on
from waiting import wait_until

EVERY_FLAVOUR = ("debian12-redis", "debian13-redis", "debian13-valkey")


@on(*EVERY_FLAVOUR)
def test_boots_with_systemd_and_answers_pong(host):
    assert host.ping() == "PONG"
    assert host.state() == "active"
    assert host.run("cat", "/proc/1/comm").stdout.strip() == "systemd"
    assert host.show("Restart,TimeoutStopUSec") == {"Restart": "always", "TimeoutStopUSec": "infinity"}


@on(*EVERY_FLAVOUR)
def test_autobot_may_do_what_the_runbook_says_and_no_more(host):
    listed = host.ssh("sudo -n -l")
    assert listed.returncode == 0, listed.stderr
    for verb in ("start", "stop", "restart", "reload", "status"):
        assert f"NOPASSWD: /bin/systemctl {verb} {host.unit}\n" in listed.stdout, listed.stdout
    assert f"NOPASSWD: /bin/journalctl -u {host.unit} *" in listed.stdout
    assert host.ssh(f"sudo -n systemctl restart {host.unit}").returncode == 0
    assert host.ssh("systemctl is-active " + host.unit).stdout == "active\n"
    assert host.ssh("sudo -n systemctl restart ssh").returncode != 0
    assert host.ssh(f"sudo -n systemctl reset-failed {host.unit}").returncode != 0


@on(*EVERY_FLAVOUR)
def test_extended_rights_let_it_read_the_log_as_its_owner(host):
    tail = f"sudo -n -u {host.flavour.user} tail -n 50 {host.flavour.log}"
    assert host.ssh(tail).returncode != 0
    host.allow_extended_commands()
    result = host.ssh(tail)
    assert "Ready to accept connections" in result.stdout, result.stderr
    assert host.ssh(f"sudo -n systemctl reset-failed {host.unit}").returncode == 0
    assert host.ssh(tail.replace("-n 50", "-n 51")).returncode != 0


def test_stock_unit_is_restarted_by_systemd_after_a_kill(host):
    host.run("systemctl", "kill", "--signal=KILL", host.unit)
    wait_until(lambda: host.show("NRestarts")["NRestarts"] == "1", "systemd's own restart")
    host.wait_for_pong()
    assert "status=9/KILL" in host.run("journalctl", "--no-pager", "-u", host.unit).stdout


def test_unit_without_restart_stays_failed_after_a_kill(host):
    host.drop_in("norestart", "[Service]\nRestart=no\n")
    host.run("systemctl", "kill", "--signal=KILL", host.unit)
    host.wait_for_state("failed")
    assert host.show("Result")["Result"] == "signal"
    with contextlib.suppress(ConnectionRefusedError):
        host.ping()
        raise AssertionError("something answers although the unit failed")


def test_link_cut_here_and_restored(host):
    _cut_and_restore(host, host.link_down, host.link_up)


def test_link_cut_there_and_restored(host):
    _cut_and_restore(host, host.host_link_down, host.host_link_up)


def test_answers_dropped_and_restored(host):
    _cut_and_restore(host, host.silent_drop, host.silent_drop_end)


def _cut_and_restore(host, cut, restore):
    with host.redis(seconds=20) as client:
        assert client.call("PING") == "PONG"
        cut()
        try:
            host.ping(seconds=0.5)
            raise AssertionError("answered over a link that was cut")
        except NOT_YET:
            pass
        client.send("PING")
        restore()
        assert client.reply() == "PONG", "the pending request of before is answered"
    host.wait_for_pong()


def test_the_network_has_no_way_out(host):
    try:
        with host.net.connect(("192.0.2.1", 80), 0.5):
            raise AssertionError("connected to an address outside")
    except OSError as error:
        assert error.strerror == "Network is unreachable", error


@on(*EVERY_FLAVOUR)
def test_reset_makes_everything_pristine(host):
    boots = host.boots
    with host.redis() as client:
        client.call("SET", "left", "over")
        client.call("CONFIG", "SET", "maxclients", "17")
    host.drop_in("norestart", "[Service]\nRestart=no\n")
    host.add_config("bogus-directive yes")
    host.run("chmod", "0555", host.flavour.data)
    host.run("systemctl", "stop", "ssh.service")
    host.silent_drop()
    os.kill(_host_pid(host), signal.SIGSTOP)
    host.reset()
    assert host.boots == boots, "the quick way was enough"
    assert host.show("DropInPaths,NRestarts") == {"DropInPaths": "", "NRestarts": "0"}
    with host.redis() as client:
        assert client.call("DBSIZE") == 0
        assert client.call("CONFIG", "GET", "maxclients") == ["maxclients", "10000"]
    assert "bogus" not in host.read(host.flavour.config)
    assert host.ssh("true").returncode == 0


def test_reboot_gives_a_new_disk(host):
    host.write("/root/left-over", "x")
    host.reboot()
    assert host.run("test", "-e", "/root/left-over", check=False).returncode == 1
    assert host.ping() == "PONG"


def _host_pid(host):
    """The Redis process as this machine's kernel numbers it."""
    inside = str(host.main_pid())
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):
            status = dict(line.split(":", 1) for line in open(f"/proc/{entry}/status") if ":" in line)
            numbers = status["NSpid"].split()
            same = os.readlink(f"/proc/{entry}/ns/pid") == os.readlink(f"/proc/{host.leader}/ns/pid")
            if same and numbers[-1] == inside:
                return int(entry)
    raise AssertionError(f"no process {inside} in the host")
