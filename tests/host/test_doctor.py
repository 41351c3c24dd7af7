"""`resus doctor` on a real host: what it finds with the runbook's sudoers, and that its own are accepted."""

import json
import re
import subprocess

import faults
import resus
from tap import on_every
from waiting import wait_until

RIGHTS = "/etc/sudoers.d/autobot-redis"


def doctor(daemon):
    """{check: [item, ...]} of one visit."""
    result = daemon.cli("doctor", resus.SERVICE)
    assert result.json, result.stderr
    found = {}
    for item in result.json["items"]:
        found.setdefault(item["check"], []).append(item)
    return found


def bad(items):
    return [item for item in items if item["status"] in ("warning", "fail")]


def shown(daemon, *words):
    """What a person sees."""
    return subprocess.run(
        daemon.host.net.command(str(resus.PROGRAM), *words, "--config", str(daemon.config)),
        capture_output=True, text=True, timeout=60)


def extended(host):
    return {"services": {"redis": {"commands": "extended", "log_file": host.flavour.log}}}


def test_doctor_finds_the_journal_wildcard_and_the_unreadable_log_file(host):
    with resus.serving(host) as daemon:
        found = doctor(daemon)
        wildcard = bad(found["sudo"])
        assert len(wildcard) == 1, wildcard
        assert f"/bin/journalctl -u {host.unit} *" in wildcard[0]["message"]
        assert "every log" in wildcard[0]["message"]
        assert "resus sudoers redis >" in wildcard[0]["fix"] and "visudo -cf" in wildcard[0]["fix"]
        log = bad(found["log file"])
        assert len(log) == 1 and host.flavour.log in log[0]["message"], log
        assert "commands: extended" in log[0]["fix"] and 'logfile ""' in log[0]["fix"]
        assert not bad(found["ssh"] + found["ssh key"] + found["ssh time"] + found["journal"])
        assert not bad(found["redis"] + found["redis rights"] + found["clock"])
        assert daemon.cli("doctor").status == 1
        text = shown(daemon, "doctor")
        assert text.returncode == 1 and "fix: " in text.stdout


@on_every
def test_sudoers_of_resus_are_accepted_and_leave_nothing_to_say_about_rights(host):
    with resus.serving(host, extended(host)) as daemon:
        lines = shown(daemon, "sudoers").stdout
        host.write("/root/resus.sudoers", lines)
        host.run("visudo", "-cf", "/root/resus.sudoers")
        host.write(RIGHTS, lines)
        found = doctor(daemon)
        assert not bad(found["sudo"]), found["sudo"]
        assert not bad(found["log file"]) and not bad(found["journal"]), found
        assert any("Restart=" in item["message"] for item in found["unit"]), found["unit"]
        assert any("TimeoutStopSec is infinity" in item["message"] for item in bad(found["unit"]))


def test_doctor_names_what_is_missing_and_what_is_too_much(host):
    host.write(RIGHTS, f"autobot ALL=(root) NOPASSWD: /bin/systemctl start {host.unit}, /usr/bin/less /etc/shadow\n")
    with resus.serving(host) as daemon:
        messages = [item["message"] for item in bad(doctor(daemon)["sudo"])]
        assert len(messages) == 2, messages
        assert f"/bin/systemctl stop {host.unit}" in messages[0]
        assert f"/bin/systemctl start {host.unit}" not in messages[0]
        assert "/usr/bin/less /etc/shadow" in messages[1]
        host.write(RIGHTS, "autobot ALL=(ALL:ALL) NOPASSWD: ALL\n")
        everything = bad(doctor(daemon)["sudo"])
        assert len(everything) == 1 and everything[0]["status"] == "fail", everything
        host.write(RIGHTS, "# nothing\n")
        nothing = bad(doctor(daemon)["sudo"])
        assert len(nothing) == 1 and nothing[0]["status"] == "fail", nothing


def test_doctor_says_why_ssh_fails_and_goes_on_with_redis(host):
    with resus.serving(host) as daemon:
        faults.stop_ssh(host)
        faults.end_ssh_sessions(host)

        def broken():
            found = doctor(daemon)
            return found if bad(found["ssh"]) else None

        found = wait_until(broken, "a finding about SSH", 30)
        assert "sudo" not in found and not bad(found["redis"])
        faults.start_ssh(host)


@on_every
def test_logs_come_from_the_journal_and_the_log_file(host):
    host.allow_extended_commands()
    with resus.serving(host, extended(host)) as daemon:
        host.systemctl("restart", host.unit)
        host.wait_for_pong()
        few = daemon.cli("logs", "-n", "5").json
        assert len(few["logs"]) == few["total_lines"] == 5, few
        times = [line["timestamp"] for line in few["logs"]]
        assert times == sorted(times, reverse=True), times
        many = json.dumps(daemon.cli("logs", "-n", "200").json)
        assert "Ready to accept connections" in many and "Started" in many
        assert daemon.cli("logs", "--since", "2100-01-01").json["logs"] == []
        errors = daemon.cli("logs", "--level", "error").json["logs"]
        assert all(line["level"] == "error" for line in errors)
        text = shown(daemon, "logs", "-n", "5").stdout
        *lines, zone = text.splitlines()
        assert len(lines) == 5 and zone.startswith("Times are "), text
        assert all(re.match(r"\d\d:\d\d:\d\d[~ ]", line) for line in lines), text


def test_logs_follow_shows_a_line_as_it_is_written(host):
    host.allow_extended_commands()
    with resus.serving(host, extended(host)) as daemon:
        follower = subprocess.Popen(
            host.net.command(str(resus.PROGRAM), "logs", "-f", "--json", "--config", str(daemon.config)),
            stdout=open(daemon.folder / "followed", "wb"), stderr=subprocess.STDOUT)
        try:
            def seen():
                with host.redis() as client:
                    client.call("BGSAVE")
                return b"Background saving" in (daemon.folder / "followed").read_bytes()

            wait_until(seen, "the line of the save", 20, (Exception,))
        finally:
            follower.terminate()
            follower.wait()


def test_inspect_measures_the_big_keys(host):
    with resus.serving(host) as daemon:
        with host.redis() as client:
            client.call("SET", "small", "x")
            client.call("SET", "large", "x" * 100000)
        found = daemon.cli("inspect", "bigkeys").json
        assert found["complete"] and found["keys_measured"] == 2, found
        assert found["items"][0]["key"] == "large" and found["items"][0]["memory_bytes"] > 100000
        for what in ("info", "slowlog", "clients", "commandstats"):
            assert daemon.cli("inspect", what).status == 0
