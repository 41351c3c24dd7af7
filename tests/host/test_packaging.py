"""The unit that is installed, on a real systemd: what it takes away from the daemon must not be what the daemon needs."""

import pathlib

from tap import on

UNIT = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "resus.service"
# In place of the daemon, as an account that has the sudoers lines and is there already.
PROBE = """[Service]
Type=oneshot
User=autobot
Group=autobot
RuntimeDirectory=
StateDirectory=
LogsDirectory=
ConfigurationDirectory=
ExecStart=
ExecStart=/usr/bin/sudo -n systemctl restart {unit}
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
