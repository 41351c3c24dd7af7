"""The drop-ins of the unit: what each leaves of the rights, and that Resus does all its work under it."""

import ctypes
import http.client
import json
import ssl

import installed
from tap import on
from waiting import wait_until

# As docs/configuration.md has them.
EXPOSURE_MAX = {"ssh": 1.5, "process": 1.5, "systemd": 6.0}
# landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION), of the one kernel that both have.
KERNEL_HAS_LANDLOCK = ctypes.CDLL(None).syscall(444, None, 0, 1) > 0
# Redis as Resus runs it itself.
OWN = "/var/lib/resus/redis"


def https(host, path):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(host.connect(8443)) as connection:
        client = http.client.HTTPSConnection(host.address)
        client.sock = connection
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, answer.read()


def assert_exposed_at_most(daemon, kind):
    figure, said = daemon.exposure()
    assert figure <= EXPOSURE_MAX[kind], said
    assert [item["status"] for item in daemon.findings("confinement")] == ["pass"], daemon.findings("confinement")


def process_of(daemon):
    """Main process of Redis, as Resus sees it."""
    return (daemon.cli("status").json or {}).get("pid")


def assert_heals(host, daemon):
    before = process_of(daemon)
    host.run("kill", "-9", str(before))
    wait_until(lambda: process_of(daemon) not in (None, 0, before), "another Redis", 30)
    wait_until(lambda: daemon.cli("recovery", "history").json["items"], "the recovery in the history", 30)


@on("debian12-redis", "debian13-redis")
def test_confined_for_ssh_it_watches_heals_serves_and_restarts(host):
    with installed.on(host) as daemon:
        host.drop_in("hands-off", "[Service]\nRestart=no\n")
        host.allow_extended_commands()
        daemon.write_settings({"redis": daemon.by_ssh()})
        daemon.confine("ssh")
        daemon.start()
        daemon.wait_for_status("running")
        assert_exposed_at_most(daemon, "ssh")
        assert_heals(host, daemon)
        status, body = https(host, "/api/services")
        assert status == 200 and json.loads(body)["items"][0]["id"] == "redis"
        assert [https(host, path)[0] for path in ("/", "/healthz", "/readyz")] == [200] * 3
        assert "Landlock" not in daemon.journal() or not KERNEL_HAS_LANDLOCK, daemon.journal()
        host.run("useradd", "-G", "resus-monitor", "watcher")
        seen = daemon.cli("status", user="watcher")
        assert seen.json["status"] == "running", seen
        assert daemon.cli("recovery", "disable", user="watcher").status != 0
        daemon.start()
        daemon.wait_for_status("running")
        assert host.show("NRestarts,Result", "resus") == {"NRestarts": "0", "Result": "success"}
        host.systemctl("stop", "resus")
        assert host.run("pgrep", "resus-web", check=False).stdout == ""
        assert host.show("Result", "resus")["Result"] == "success"


@on("debian12-redis", "debian13-redis")
def test_confined_for_systemd_it_restarts_redis_by_sudo(host):
    with installed.on(host) as daemon:
        host.drop_in("hands-off", "[Service]\nRestart=no\n")
        daemon.write_settings({"redis": daemon.by_sudo()})
        daemon.start()
        lines = daemon.host.run("/usr/local/bin/resus", "sudoers", "--user", "resus").stdout
        host.write("/etc/sudoers.d/resus", lines)
        assert daemon.findings("confinement")[0]["status"] == "warning"
        assert "/systemd.conf" in daemon.findings("confinement")[0]["fix"]
        daemon.confine("ssh")
        daemon.start()
        assert [item["status"] for item in daemon.findings("confinement")] == ["fail"]
        daemon.confine("systemd")
        daemon.start()
        daemon.wait_for_status("running")
        assert_exposed_at_most(daemon, "systemd")
        assert_heals(host, daemon)


@on("debian12-redis", "debian13-redis")
def test_confined_for_process_its_redis_outlives_a_restart(host):
    with installed.on(host) as daemon:
        host.write("/etc/resus/own.conf", "port 7379\nbind 127.0.0.1\n")
        daemon.write_settings({"own": {"address": "127.0.0.1:7379", "control": "process",
                                       "process": {"config_file": "/etc/resus/own.conf", "directory": OWN}}})
        daemon.confine("process")
        daemon.start()
        daemon.wait_for_status("running")
        assert_exposed_at_most(daemon, "process")
        before = process_of(daemon)
        daemon.start()
        daemon.wait_for_status("running")
        assert process_of(daemon) == before
        assert_heals(host, daemon)
