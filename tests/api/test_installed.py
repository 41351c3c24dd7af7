"""The daemon as a package runs it: configuration in /etc/resus, state in /var/lib/resus, an account of its own.

Both folders are private ones, in a mount namespace; the machine's are not touched.
"""

import contextlib
import json
import os
import shutil
import subprocess

from daemon import COMPLAINT, PROGRAM, SCALE, TREE, Skip, free_port, wait_until

COPY = "/etc/resus/certificate.pem"
# $0 is the private /etc, $1 the account; then the program.
ENTER = ('mount --bind "$0" /etc && mount -t tmpfs tmpfs /var/lib && install -d -o "$1" -g "$1" -m 750 /var/lib/resus && '
         'user=$1 && shift && exec setpriv --reuid "$user" --regid "$user" --init-groups "$@"')


class Installed:
    """`user` serves, with /etc/resus as the package leaves it."""

    def __init__(self, served, user):
        if os.geteuid() != 0:
            raise Skip("needs root for a mount namespace")
        if not shutil.which("systemd-sysusers") or not shutil.which("systemd-tmpfiles"):
            raise Skip("needs the package systemd")
        if subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/var/lib"], capture_output=True).returncode:
            raise Skip("no mount namespace here")
        self.root, self.user, self.process = served.folder / "installed", user, None
        self.output_file = served.folder / "installed.out"
        self.port = free_port()
        shutil.copytree("/etc", self.root / "etc", symlinks=True)
        shutil.rmtree(self.root / "etc/resus", ignore_errors=True)
        # What a package does with these files when it is installed.
        for program, name in (("systemd-sysusers", "sysusers"), ("systemd-tmpfiles", "tmpfiles")):
            create = ["--create"] if name == "tmpfiles" else []
            subprocess.run([program, f"--root={self.root}", *create, str(TREE / "packaging" / f"resus.{name}")],
                           check=True, capture_output=True)
        config = self.root / "etc/resus/resus.yaml"
        config.write_text(json.dumps(served.settings | {
            "server": {"listen": f"127.0.0.1:{self.port}", "control_socket": "/var/lib/resus/control.sock"},
            "services": {"redis": {
                "address": f"127.0.0.1:{free_port()}", "control": "process",
                "process": {"config_file": "/etc/hostname", "directory": "/var/lib/resus/redis"}}},
            "audit": {"file": "/var/lib/resus/audit.log"}}))
        config.chmod(0o644)

    def __enter__(self):
        with open(self.output_file, "ab") as output:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", ENTER, str(self.root / "etc"), self.user, str(PROGRAM), "serve",
                 "--config", "/etc/resus/resus.yaml"], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            wait_until(self.serves, "HTTPS as a package has it", 30)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, kind, error, _):
        self.end()
        if isinstance(error, Exception):
            error.args = (f"{error}\n--- installed daemon's output:\n{self.output()[-3000:]}",) + error.args[1:]
        else:
            assert not COMPLAINT.search(self.output()), self.output()

    def end(self):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(15 * SCALE)
        self.process.kill()
        self.process.wait()

    def output(self):
        return self.output_file.read_text(errors="replace")

    def inside(self, *words, user="root", group="root"):
        """A command among its files."""
        return subprocess.run(["nsenter", "--mount", f"--target={self.process.pid}", "setpriv", f"--reuid={user}",
                               f"--regid={group}", "--clear-groups", *words], text=True, capture_output=True,
                              timeout=60 * SCALE)

    def serves(self):
        assert self.process.poll() is None, f"the daemon ended: {self.output()}"
        return f"HTTPS on 127.0.0.1:{self.port}" in self.output()

    def trusting(self, certificate):
        """Asks over HTTPS, and trusts what is in this file only."""
        return self.inside(str(PROGRAM), "services", "--url", f"https://127.0.0.1:{self.port}", "--ca-file", certificate)

    def renewed(self, old):
        """The certificate as it is now, once it is another one."""
        text = self.inside("cat", COPY).stdout
        return "BEGIN CERTIFICATE" in text and text != old and text


def renewal_is_trusted(installed):
    old = wait_until(lambda: installed.renewed(""), "the certificate in /etc/resus")
    installed.inside("cp", COPY, "/var/lib/resus/old.pem")
    assert installed.trusting(COPY).returncode == 0, installed.trusting(COPY)
    assert installed.inside("sh", "-c", "rm /var/lib/resus/tls/*").returncode == 0
    installed.process.send_signal(1)
    wait_until(lambda: installed.renewed(old), "the new certificate in /etc/resus")
    wait_until(lambda: installed.trusting(COPY).returncode == 0, "trust in the new certificate")
    refused = installed.trusting("/var/lib/resus/old.pem")
    assert refused.returncode != 0 and "not who it should be" in refused.stderr, refused


def test_a_changed_certificate_is_copied_to_etc_at_a_reload_and_trusted(served):
    installed = Installed(served, "root")
    (installed.root / COPY[1:]).unlink(missing_ok=True)
    with installed:
        renewal_is_trusted(installed)


def test_as_a_package_runs_it_etc_holds_the_certificate_for_the_group_and_for_nobody_else(served):
    with Installed(served, "resus") as installed:
        folder = installed.inside("stat", "-c", "%U:%G %a", "/etc/resus").stdout.strip()
        assert folder == "root:resus 750", folder
        renewal_is_trusted(installed)
        assert "BEGIN CERTIFICATE" in installed.inside("cat", COPY, user="nobody", group="resus").stdout
        assert installed.inside("cat", COPY, user="nobody", group="nogroup").returncode != 0
        assert "no copy of the certificate" not in installed.output()
