"""Rotating the SSH key: a real sshd, the commands that Resus prints run as they are, and a watch that goes on."""

import pathlib
import subprocess

import faults
from resus import CLI_SECONDS_MAX, SERVICE
from waiting import SCALE, wait_until
from watching import assert_nothing_done, watching

AUTHORIZED = "/home/autobot/.ssh/authorized_keys"
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/ssh-keys.md"


def add_second_service(daemon, hours):
    first = daemon.settings["services"][SERVICE]
    first["ssh"]["old_key_hours"] = hours
    daemon.settings["services"]["second"] = {**first, "name": "Second"}
    daemon.stop()
    daemon.write_settings()
    daemon.start()


def run_by_person(host, command):
    """What a person copies and runs as root on Resus' machine."""
    done = subprocess.run(host.net.command("/bin/sh", "-c", command), capture_output=True, text=True,
                          timeout=CLI_SECONDS_MAX * SCALE)
    assert done.returncode == 0, done


def rotate(daemon, *words):
    return daemon.cli("key", "rotate", *words)


def key_of(daemon):
    return pathlib.Path(daemon.settings["services"][SERVICE]["ssh"]["key"])


def fingerprint(path):
    shown = subprocess.run(["ssh-keygen", "-lf", str(path)], capture_output=True, text=True, check=True)
    return shown.stdout.split()[1]


def healthy(daemon):
    for service in (SERVICE, "second"):
        assert (daemon.cli("health", service).json or {})["overall_status"] == "healthy", service
        assert daemon.cli("status", service).json["vm_info"]["ssh_accessible"] is True


def wait_healthy(daemon):
    def look():
        healthy(daemon)
        return True

    wait_until(look, "two healthy services", 30, (AssertionError, KeyError, TypeError))


def reasons(daemon):
    return [line["reason"] or line["result"]["error"] for line in daemon.audit() if line["operation"] == "key-rotate"]


def history(daemon):
    """{service: its stored events, newest first}; a status is stored when it differs from the one before."""
    return {service: daemon.cli("events", service, "-n", "500").json["items"] for service in (SERVICE, "second")}


def assert_no_alarm_since(daemon, before):
    """No service was anything but healthy, and nothing was done to one."""
    for service, events in history(daemon).items():
        mark = max(event["seq"] for event in before[service])
        assert any(event["type"] == "service_status" for event in before[service]), before[service]
        for event in events:
            fresh = event["seq"] > mark
            assert not (fresh and event["type"] in ("service_event", "auto_recovery")), event
            assert not (fresh and event["type"] == "service_status" and event["overall_status"] != "healthy"), event
    assert_nothing_done(daemon)


def test_key_of_two_services_is_exchanged_while_the_watch_goes_on(host):
    with watching(host) as daemon:
        add_second_service(daemon, hours=0)
        wait_healthy(daemon)
        key = key_of(daemon)
        before = key.read_bytes()
        quiet = history(daemon)
        lines_before = host.read(AUTHORIZED)

        made = rotate(daemon, SERVICE)
        assert made.status == 0 and made.json["phase"] == "made", made
        new = pathlib.Path(made.json["new_file"])
        assert new.stat().st_mode & 0o7777 == 0o600 and new.stat().st_uid == key.stat().st_uid
        assert fingerprint(new) == made.json["new_fingerprint"]
        assert key.read_bytes() == before and host.read(AUTHORIZED) == lines_before
        (place,) = made.json["hosts"]
        assert place["services"] == [SERVICE, "second"], place
        assert place["line"].startswith("restrict,port-forwarding,permitopen="), place
        assert rotate(daemon, host.address).json["hosts"] == made.json["hosts"]  # again, by the host: the same key
        assert "a new SSH key waits" in daemon.status()["vm_info"]["ssh_key_notice"]

        # The line of another key: nothing changes, and the answer says where and why.
        stranger = daemon.folder / "stranger"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
        host.write(AUTHORIZED, lines_before + (daemon.folder / "stranger.pub").read_text())
        refused = rotate(daemon, SERVICE, "--continue")
        assert refused.status == 1 and refused.json["code"] == "key_not_accepted", refused
        assert f"autobot@{host.address}:22" in refused.json["message"], refused
        assert "stays in use" in refused.json["message"], refused
        assert key.read_bytes() == before and new.exists()
        host.write(AUTHORIZED, lines_before)

        run_by_person(host, place["command"])
        assert place["line"] in host.read(AUTHORIZED).splitlines()
        switched = rotate(daemon, SERVICE, "--continue")
        assert switched.status == 0 and switched.json["phase"] == "switched", switched
        assert fingerprint(key) == made.json["new_fingerprint"] and not new.exists()
        old = pathlib.Path(switched.json["old_file"])
        assert old.read_bytes() == before
        healthy(daemon)

        # Kept for no time here: it still logs in, and that is said.
        daemon.wait_for_audit(lambda line: line["operation"] == "key-rotate" and "still accepts" in (line["reason"] or ""))
        again = rotate(daemon, SERVICE, "--continue")
        assert again.status == 1 and again.json["code"] == "old_key_accepted", again
        assert "still accepts" in daemon.status()["vm_info"]["ssh_key_notice"]
        found = [item for item in daemon.cli("doctor", "second").json["items"]
                 if item["check"] == "ssh key" and item["status"] == "warning"]
        assert len(found) == 1 and switched.json["hosts"][0]["command"] in found[0]["fix"], found
        assert old.exists()

        run_by_person(host, switched.json["hosts"][0]["command"])
        assert host.read(AUTHORIZED).split() == place["line"].split()
        done = rotate(daemon, SERVICE, "--continue")
        assert done.status == 0 and done.json["phase"] == "idle", done
        assert not old.exists()
        assert sorted(path.name for path in key.parent.glob("autobot_key*")) == ["autobot_key"]
        assert "ssh_key_notice" not in daemon.status()["vm_info"]

        faults.end_ssh_sessions(host)  # the next session is the new key's, too
        wait_healthy(daemon)
        assert_no_alarm_since(daemon, quiet)
        told = reasons(daemon)
        for word in ("start", "made", "the old key stays in use", "proof", "switch", "still accepts", "end"):
            assert any(word in reason for reason in told), (word, told)
        users = {line["user"]["id"] for line in daemon.audit() if line["operation"] == "key-rotate"}
        assert users == {"root", "system"}, users


def test_key_that_was_exchanged_is_kept_and_the_rotation_survives_a_kill(host):
    with watching(host) as daemon:
        add_second_service(daemon, hours=24)
        wait_healthy(daemon)
        made = rotate(daemon, SERVICE, "--type", "rsa")
        assert made.status == 0 and " ssh-rsa " in made.json["hosts"][0]["line"], made
        daemon.kill()
        daemon.start()
        again = rotate(daemon, SERVICE)
        assert again.status == 0 and again.json["hosts"] == made.json["hosts"], again
        run_by_person(host, again.json["hosts"][0]["command"])
        switched = rotate(daemon, SERVICE, "--continue")
        assert switched.status == 0, switched
        daemon.kill()
        daemon.start()
        refused = rotate(daemon, SERVICE)
        assert refused.status == 1 and refused.json["code"] == "rotation_unfinished", refused
        reminded = rotate(daemon, SERVICE, "--continue")
        assert reminded.status == 0 and reminded.json["phase"] == "switched", reminded
        assert pathlib.Path(reminded.json["old_file"]).exists()
        assert "is kept as" in daemon.status()["vm_info"]["ssh_key_notice"]
        wait_healthy(daemon)
        assert_nothing_done(daemon)


def test_page_of_the_documents_is_followed_from_top_to_bottom(host):
    """Every command of docs/ssh-keys.md, and between them what the page says that a person does."""
    lines = [line.split() for line in PAGE.read_text().splitlines() if line.startswith("    ") and "resus " in line]
    assert [words[:3] for words in lines] == [["resus", "key", "rotate"]] * 2 + [["resus", "doctor", "redis"],
                                                                               ["resus", "key", "rotate"]], lines
    with watching(host) as daemon:
        add_second_service(daemon, hours=0)
        wait_healthy(daemon)
        first, second, third, fourth = (words[1:] for words in lines)
        made = daemon.cli(*first)
        assert made.status == 0, made
        run_by_person(host, made.json["hosts"][0]["command"])
        switched = daemon.cli(*second)
        assert switched.status == 0, switched
        fixes = [item["fix"] for item in daemon.cli(*third).json["items"]
                 if item["check"] == "ssh key" and item["status"] == "warning"]
        assert len(fixes) == 1, fixes
        run_by_person(host, fixes[0].split("`")[1])
        done = daemon.cli(*fourth)
        assert done.status == 0 and done.json["phase"] == "idle", done
        assert [line for line in daemon.audit() if line["operation"] == "key-rotate" and line["reason"].startswith("end")]


def test_tunnel_of_the_watch_moves_to_the_new_key_without_a_gap(host):
    """via: ssh: Redis' own connections go through the session that is exchanged."""
    with watching(host) as daemon:
        daemon.settings["services"][SERVICE]["redis"] = {"via": "ssh"}
        add_second_service(daemon, hours=24)
        wait_healthy(daemon)
        quiet = history(daemon)
        made = rotate(daemon, SERVICE)
        run_by_person(host, made.json["hosts"][0]["command"])
        switched = rotate(daemon, SERVICE, "--continue")
        assert switched.status == 0, switched
        wait_healthy(daemon)
        run_by_person(host, switched.json["hosts"][0]["command"])
        faults.end_ssh_sessions(host)
        wait_healthy(daemon)
        assert_no_alarm_since(daemon, quiet)
