"""Resus installed on the test host itself, as `./dev install` leaves it, and run by its systemd.

    with installed.on(host, "ssh") as daemon:
        daemon.cli("status")

The program and the libraries that the host lacks are copied in, so the host may be no older than the Debian that built
them. What this writes outside of the folders that a reset puts back is gone with the boot: `on()` ends with one.
"""

import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

import resus
from tap import Skip
from waiting import wait_until

PACKAGING = resus.TREE / "packaging"
FOLDER = "/etc/systemd/system/resus.service.d"
DROP_IN = f"{FOLDER}/confine.conf"
# The search for leaks traces its own process, which a confined one may not; other suites search.
SANITIZER = "[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n"
KEYS = "/etc/resus/keys"
START_SECONDS_MAX = 60
# libcurl is not linked: the program opens it when it first needs it.
OPENED_LATER = ["libcurl.so.4"]


def _release(text):
    return float(re.search(r'^VERSION_ID="?([0-9.]+)', text, re.MULTILINE).group(1))


def _runs_here(host):
    return _release(host.read("/etc/os-release")) >= _release(pathlib.Path("/etc/os-release").read_text())


def _libraries(*programs):
    """Every shared library that PROGRAMS load, by the path that the loader took."""
    table = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    later = [re.search(rf"^\s*{re.escape(name)} .*=> (\S+)", table, re.MULTILINE).group(1) for name in OPENED_LATER]
    said = subprocess.run(["ldd", *programs, *later], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"=> (/\S+)", said)) | set(later)


class Installed:
    def __init__(self, host):
        self.host = host
        self.root = pathlib.Path(f"/proc/{host.leader}/root")

    def install(self):
        with tempfile.TemporaryDirectory(prefix="resus-installed-") as private:
            folder = pathlib.Path(private, "root")  # its mode becomes the host's
            done = subprocess.run(["meson", "install", "--no-rebuild", "-C", str(resus.BUILD), "--destdir", str(folder)],
                                  capture_output=True, text=True)
            assert done.returncode == 0, done.stdout[-1000:] + done.stderr
            shutil.copytree(folder, self.root, dirs_exist_ok=True, symlinks=True)
            programs = [str(path) for path in folder.rglob("*") if path.name in ("resus", "resus-web")
                        and path.is_file() and path.stat().st_mode & 0o111]
            for library in _libraries(*programs):
                there = self.root / library.lstrip("/")
                if not there.exists():
                    shutil.copy(library, there)
        self.host.run("ldconfig")
        self.host.write(f"{FOLDER}/sanitizer.conf", SANITIZER)
        self.host.systemctl("daemon-reload")
        self.host.run("systemd-sysusers")
        self.host.run("systemd-tmpfiles", "--create")

    def write_settings(self, services):
        self.host.write("/etc/resus/resus.yaml", json.dumps({
            "services": services,
            "health_check": {"interval_seconds": 2, "systemd_interval_seconds": 5, "performance_interval_seconds": 5}}))
        self.host.write(f"{KEYS}/autobot_key", self.host.image.key.read_text())
        self.host.write("/etc/resus/known_hosts", self.host.image.known_hosts())
        self.host.run("chown", "-R", "resus:resus", KEYS)
        self.host.run("chmod", "600", f"{KEYS}/autobot_key")

    def by_ssh(self):
        """One service as a file names it: the Redis of this host by a real login."""
        return {"unit": self.host.unit, "address": f"{self.host.address}:6379", "control": "ssh", "commands": "extended",
                "ssh": {"host": self.host.address, "user": "autobot", "key": f"{KEYS}/autobot_key",
                        "known_hosts": "/etc/resus/known_hosts"}}

    def by_sudo(self):
        return {"unit": self.host.unit, "address": f"{self.host.address}:6379", "control": "systemd", "commands": "extended"}

    def confine(self, kind):
        """As the doctor says it: one of the installed files, by the one name."""
        folder = next(path.parent for path in (self.root / "usr").rglob("resus/unit/ssh.conf"))
        self.host.run("ln", "-sf", f"/{folder.relative_to(self.root)}/{kind}.conf", DROP_IN)
        self.host.systemctl("daemon-reload")

    def start(self):
        started = self.host.run("systemctl", "restart", "resus", check=False, seconds=START_SECONDS_MAX)
        assert started.returncode == 0, self.journal()

    def journal(self):
        return self.host.run("journalctl", "--no-pager", "-u", "resus", "-n", "60").stdout

    def cli(self, *words, user="root"):
        command = ["/usr/local/bin/resus", *words, "--json"]
        if user != "root":
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *command]
        done = self.host.run(*command, check=False)
        with contextlib.suppress(ValueError):
            return resus.Result(done.returncode, done.stdout, done.stderr, json.loads(done.stdout))
        return resus.Result(done.returncode, done.stdout, done.stderr, None)

    def wait_for_status(self, word, seconds=30):
        return wait_until(lambda: (self.cli("status").json or {}).get("status") == word, f"status {word}", seconds)

    def exposure(self):
        """The figure of `systemd-analyze security`: 10 is a unit that gives up nothing."""
        said = self.host.run("systemd-analyze", "security", "--no-pager", "resus.service").stdout
        return float(re.search(r"exposure level for resus.service: ([0-9.]+)", said).group(1)), said

    def findings(self, check):
        return [item for item in (self.cli("doctor").json or {}).get("items", []) if item["check"] == check]


@contextlib.contextmanager
def on(host):
    if not _runs_here(host):
        raise Skip("the program was built on a newer Debian")
    installed = Installed(host)
    try:
        installed.install()
        yield installed
        complaint = resus.COMPLAINT.search(installed.journal())
        assert not complaint, complaint
    except AssertionError as error:
        error.args = (f"{error}\n--- journal:\n{installed.journal()}",) + error.args[1:]
        raise
    finally:
        host.reboot()
