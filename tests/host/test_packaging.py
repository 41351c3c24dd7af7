"""The unit that is installed and what stands beside it, on a real systemd: accounts, folders, and what the daemon needs."""

import json
import pathlib
import subprocess

import resus
from tap import on
from waiting import wait_until

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging"
UNIT = resus.BUILD / "resus.service"
# In place of the daemon, as an account that has the sudoers lines and is there already.
PROBE = """[Service]
Type=oneshot
User=autobot
Group=autobot
SupplementaryGroups=
RuntimeDirectory=
StateDirectory=
LogsDirectory=
ExecStart=
ExecStart=/usr/bin/sudo -n systemctl restart {unit}
"""
# In place of the daemon: makes two files, as it makes its two sockets.
GIVES = """[Service]
Type=oneshot
RuntimeDirectoryPreserve=yes
ExecStart=
ExecStart=/bin/sh -c "cd /run/resus && touch admin monitor && chgrp resus-admin admin && chgrp resus-monitor monitor"
"""
# In place of a daemon that does not start.
ENDS = """[Service]
User=root
Group=root
SupplementaryGroups=
RuntimeDirectory=
StateDirectory=
LogsDirectory=
ExecStart=
ExecStart=/bin/sh -c "exit {status}"
"""


@on("debian12-redis", "debian13-redis")
def test_unit_of_resus_lets_its_account_restart_redis_by_sudo(host):
    before = host.main_pid()
    host.write("/etc/systemd/system/resus.service", UNIT.read_text())
    host.write("/etc/systemd/system/resus.service.d/probe.conf", PROBE.format(unit=host.unit))
    host.systemctl("daemon-reload")
    started = host.run("systemctl", "start", "resus", check=False)
    journal = host.run("journalctl", "--no-pager", "-u", "resus").stdout
    assert started.returncode == 0, journal
    host.wait_for_pong()
    assert host.main_pid() != before, journal


@on("debian12-redis", "debian13-redis")
def test_installed_lists_make_the_account_and_a_closed_folder_for_its_settings(host):
    host.write("/root/accounts.conf", (PACKAGING / "resus.sysusers").read_text())
    host.write("/root/folders.conf", (PACKAGING / "resus.tmpfiles").read_text())
    host.run("systemd-sysusers", "/root/accounts.conf")
    host.run("systemd-tmpfiles", "--create", "/root/folders.conf")
    assert host.run("stat", "-c", "%a %U:%G", "/etc/resus").stdout == "750 root:resus\n"
    assert host.run("stat", "-c", "%a %U:%G", "/etc/resus/keys").stdout == "700 resus:resus\n"
    assert host.run("stat", "-c", "%a %U:%G", "/var/lib/resus").stdout == "750 resus:resus\n"
    assert "User=resus\n" in UNIT.read_text()
    for group in ("resus-admin", "resus-monitor"):
        assert host.run("getent", "group", group).returncode == 0
    assert "resus" not in host.run("id", "-nG", "resus").stdout.split()[1:]


@on("debian12-redis", "debian13-redis")
def test_unit_of_resus_may_give_its_sockets_to_the_two_groups(host):
    host.write("/root/accounts.conf", (PACKAGING / "resus.sysusers").read_text())
    host.run("systemd-sysusers", "/root/accounts.conf")
    host.write("/etc/systemd/system/resus.service", UNIT.read_text())
    host.write("/etc/systemd/system/resus.service.d/probe.conf", GIVES)
    host.systemctl("daemon-reload")
    started = host.run("systemctl", "start", "resus", check=False)
    assert started.returncode == 0, host.run("journalctl", "--no-pager", "-u", "resus").stdout
    owners = host.run("stat", "-c", "%U:%G", "/run/resus", "/run/resus/admin", "/run/resus/monitor").stdout
    assert owners == "resus:resus\nresus:resus-admin\nresus:resus-monitor\n", owners


def test_unit_starts_the_program_where_it_is_installed(host):
    plan = subprocess.run(["meson", "introspect", "--install-plan", str(resus.PROGRAM.parent)],
                          capture_output=True, text=True, check=True).stdout
    installed = json.loads(plan)
    program = installed["targets"][str(resus.PROGRAM.parent / "resus")]["destination"]
    unit = next(source for kind in installed.values() for source, row in kind.items()
                if row["destination"].endswith("systemd/system/resus.service"))
    prefix = next(row["value"] for row in json.loads(subprocess.run(
        ["meson", "introspect", "--buildoptions", str(resus.PROGRAM.parent)],
        capture_output=True, text=True, check=True).stdout) if row["name"] == "prefix")
    path = program.replace("{bindir}", f"{prefix}/bin")
    assert f"ExecStart={path} serve\n" in pathlib.Path(unit).read_text()


def test_unit_is_not_started_again_when_its_settings_are_wrong(host):
    """Status 2 says that another try cannot help; after any other end systemd tries again."""
    def restarts():
        return int(host.show("NRestarts", "resus")["NRestarts"])

    host.write("/etc/systemd/system/resus.service", UNIT.read_text())
    for status in (2, 1):
        host.write("/etc/systemd/system/resus.service.d/probe.conf", ENDS.format(status=status))
        host.systemctl("daemon-reload")
        host.run("systemctl", "start", "resus", check=False)
        if status == 2:
            wait_until(lambda: host.state("resus") == "failed", "the end")
            assert host.show("NRestarts,ExecMainStatus", "resus") == {"NRestarts": "0", "ExecMainStatus": "2"}
            host.run("systemctl", "reset-failed", "resus")
        else:
            wait_until(lambda: restarts() > 0, "another start")
            host.systemctl("stop", "resus")
