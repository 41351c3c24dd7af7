"""The Debian package on a real systemd: what an installation, an upgrade, a removal and a purge leave behind."""

import pathlib
import sqlite3
import tempfile

import packaged
import resus
from tap import on
from waiting import wait_until

SETTINGS = """\
services:
  redis:
    unit: {unit}
    address: "127.0.0.1:6379"
    control: systemd
"""


def _configure(host):
    text = SETTINGS.format(unit=host.unit)
    host.write("/etc/resus/resus.yaml", text)
    host.run("chown", "root:resus", "/etc/resus/resus.yaml")
    host.run("chmod", "640", "/etc/resus/resus.yaml")
    return text


def _status(host):
    return host.run("resus", "status", "--json", check=False).stdout


def _start(host):
    host.systemctl("enable", "--now", "resus")
    wait_until(lambda: '"running"' in _status(host), "the watch of Redis", 30)


def _exists(host, path):
    return host.run("test", "-e", path, check=False).returncode == 0


@on("debian12-redis", "debian13-redis")
def test_an_installation_starts_nothing_and_has_every_part(host):
    with packaged.on(host) as package:
        package.install()
        assert host.run("systemctl", "is-enabled", "resus", check=False).stdout == "disabled\n"
        assert host.state("resus") == "inactive"
        owners = host.run("stat", "-c", "%n %a %U:%G", "/etc/resus", "/etc/resus/keys", "/var/lib/resus").stdout
        assert owners == "/etc/resus 750 root:resus\n/etc/resus/keys 700 resus:resus\n/var/lib/resus 750 resus:resus\n"
        for path in ("console/index.html", "console/index.html.gz", "unit/ssh.conf", "unit/process.conf", "unit/systemd.conf"):
            assert _exists(host, f"/usr/share/resus/{path}"), path
        files = host.run("dpkg-query", "-L", "resus").stdout
        for part in ("man1/resus.1.gz", "man1/resus-operate.1.gz", "man1/resus-restart.1.gz", "man5/resus.yaml.5.gz",
                     "bash-completion/completions/resus", "examples/sudoers",
                     "examples/resus.rules.yml", "examples/resus-dashboard.json"):
            assert part in files, part
        assert not any(line.startswith("/etc/") and "cron" not in line for line in files.splitlines()), files
        # Every library is a dependency, the one that is loaded later, too.
        for program in ("/usr/bin/resus", "/usr/libexec/resus/resus-web"):
            assert "not found" not in host.run("ldd", program).stdout
        assert host.run("sh", "-c", "ldconfig -p | grep -q 'libcurl.so.4 '", check=False).returncode == 0
        for tool in ("gcc", "npm", "node", "meson"):
            assert host.run("sh", "-c", f"command -v {tool}", check=False).returncode != 0, tool


@on("debian12-redis", "debian13-redis")
def test_a_start_without_settings_fails_once_and_names_the_command_that_makes_them(host):
    with packaged.on(host) as package:
        package.install()
        assert host.run("systemctl", "start", "resus", check=False).returncode != 0
        assert host.show("NRestarts,ExecMainStatus", "resus") == {"NRestarts": "0", "ExecMainStatus": "2"}
        assert "resus setup" in package.journal(), package.journal()


@on("debian12-redis", "debian13-redis")
def test_an_upgrade_keeps_settings_state_and_users_and_restarts_the_daemon(host):
    with packaged.on(host) as package:
        package.install()
        settings = _configure(host)
        _start(host)
        host.write("/root/password", "a long enough passphrase 17\n")
        host.run("resus", "user", "add", "ops@example.org", "--role", "operator", "--password-file", "/root/password")
        before = host.show("MainPID", "resus")
        package.upgrade()
        assert host.run("dpkg-query", "-W", "-f", "${Version}", "resus").stdout.endswith("+next")
        wait_until(lambda: '"running"' in _status(host), "the watch of Redis", 30)
        assert host.show("MainPID", "resus") != before
        assert host.run("systemctl", "is-enabled", "resus").stdout == "enabled\n"
        assert host.read("/etc/resus/resus.yaml") == settings
        assert host.run("stat", "-c", "%a %U:%G", "/etc/resus/resus.yaml").stdout == "640 root:resus\n"
        assert "ops@example.org" in host.run("resus", "user", "list").stdout
        host.run("resus", "audit", "verify")


@on("debian12-redis", "debian13-redis")
def test_an_upgrade_brings_the_state_of_0_1_0_up_to_date(host):
    with packaged.on(host) as package:
        package.install()
        _configure(host)
        with tempfile.TemporaryDirectory(prefix="resus-packaged-") as private:
            path = pathlib.Path(private, "resus.db")
            with sqlite3.connect(path) as database:
                database.executescript((resus.TREE / "tests/unit/store/data/version-0.1.0.sql").read_text())
                users = [row[0] for row in database.execute("SELECT json_extract(body, '$.email') FROM account WHERE kind = 0")]
            database.close()
            pathlib.Path(f"/proc/{host.leader}/root/var/lib/resus/resus.db").write_bytes(path.read_bytes())
        host.run("chown", "resus:resus", "/var/lib/resus/resus.db")
        host.run("chmod", "600", "/var/lib/resus/resus.db")
        package.upgrade()
        _start(host)
        listed = host.run("resus", "user", "list").stdout
        assert users and all(user in listed for user in users), listed


@on("debian12-redis", "debian13-redis")
def test_an_upgrade_starts_no_daemon_that_was_stopped(host):
    with packaged.on(host) as package:
        package.install()
        _configure(host)
        package.upgrade()
        assert host.state("resus") == "inactive"
        assert host.run("systemctl", "is-enabled", "resus", check=False).stdout == "disabled\n"


@on("debian12-redis", "debian13-redis")
def test_a_removal_keeps_what_is_the_administrators_and_a_purge_removes_it(host):
    with packaged.on(host) as package:
        package.install()
        settings = _configure(host)
        _start(host)
        package.apt("remove", "resus")
        assert host.show("ActiveState,LoadState", "resus")["ActiveState"] == "inactive"
        assert host.read("/etc/resus/resus.yaml") == settings
        assert _exists(host, "/var/lib/resus/resus.db") and _exists(host, "/var/log/resus/audit.log")
        assert not _exists(host, "/usr/bin/resus") and not _exists(host, "/usr/share/resus")
        host.wait_for_pong()
        package.apt("purge", "resus")
        left = host.run("sh", "-c", "ls -d /etc/resus /var/lib/resus /var/log/resus /run/resus "
                        "/etc/systemd/system/*.wants/resus.service 2>/dev/null", check=False).stdout
        assert left == "", left
        # Its number must not go to another account.
        assert host.run("getent", "passwd", "resus").returncode == 0
        package.apt("install", "/root/debs/resus.deb")
        assert host.state("resus") == "inactive"


@on("debian12-redis")
def test_the_helper_is_a_package_of_its_own_that_needs_libc_alone(host):
    found = sorted(resus.TREE.glob("build-deb*/resus-restore-helper_*~deb12_*.deb"))
    if not found:
        raise packaged.Skip("no package of the helper: ./dev deb")
    place = pathlib.Path(f"/proc/{host.leader}/root/root/helper.deb")
    place.write_bytes(found[-1].read_bytes())
    host.run("dpkg", "-i", "/root/helper.deb")
    helper = "/usr/lib/resus/resus-restore-helper"
    assert host.run("stat", "-c", "%U %a", helper).stdout.split() == ["root", "755"]
    refused = host.run("runuser", "-u", host.flavour.user, "--", helper, "facts", host.unit, check=False)
    assert refused.returncode == 2 and "/etc/resus-restore-helper.conf" in refused.stderr, refused
    host.write("/etc/resus-restore-helper.conf", f"[{host.unit}]\ndir {host.flavour.data}\nconfig {host.flavour.config}\n")
    told = host.run("runuser", "-u", host.flavour.user, "--", helper, "facts", host.unit)
    assert '"running": true' in told.stdout, told
    as_root = host.run(helper, "facts", host.unit, check=False)
    assert as_root.returncode == 7, as_root
    host.run("dpkg", "-P", "resus-restore-helper")
    assert not _exists(host, "/usr/lib/resus") and not _exists(host, "/usr/share/resus")
    host.run("rm", "-f", "/etc/resus-restore-helper.conf", "/root/helper.deb")
