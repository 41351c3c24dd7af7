"""The daemon under test, watching a test host over SSH as it would in the field.

    with resus.serving(host, {"health_check": {"interval_seconds": 1}}) as daemon:
        assert daemon.cli("status").json["status"] == "running"
        daemon.wait_for_audit(lambda line: line["event_type"] == "auto_recovery")

It runs in the host's network, so it reaches that host and nothing else. All its files are in a temporary
folder. A sanitizer's complaint in its output is a failure of the test.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile

from waiting import SCALE, wait_until

TREE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RESUS_BUILD", TREE / "build-asan"))
PROGRAM = BUILD / "resus"
SERVICE = "redis"
HTTPS_PORT = 8443
READY_SECONDS_MAX = 15
STOP_SECONDS_MAX = 15
CLI_SECONDS_MAX = 20
COMPLAINT = re.compile(r"ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|WARNING: ThreadSanitizer")


class DaemonFailed(AssertionError):
    pass


@dataclasses.dataclass(frozen=True)
class Result:
    """What a call of the command line gave. `json` is None where stdout is no JSON."""

    status: int
    stdout: str
    stderr: str
    json: object


def _merged(base, changes):
    """CHANGES win; mappings are merged, a None removes the key."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        else:
            result[key] = value
    return result


def default_settings(host, folder):
    """Short periods, so that a test waits for events and not for the next full check."""
    return {
        "server": {
            "listen": f"127.0.0.1:{HTTPS_PORT}",
            "state_dir": str(folder / "state"),
            "control_socket": str(folder / "control.sock"),
        },
        "services": {
            SERVICE: {
                "name": "Redis Service",
                "unit": host.unit,
                "address": f"{host.address}:6379",
                "vm_name": "Redis VM",
                "control": "ssh",
                "ssh": {
                    "host": host.address,
                    "user": "autobot",
                    "key": str(folder / "autobot_key"),
                    "known_hosts": str(folder / "known_hosts"),
                },
            },
        },
        "health_check": {"interval_seconds": 2, "systemd_interval_seconds": 5,
                         "performance_interval_seconds": 5},
        "audit": {"file": str(folder / "audit.log")},
    }


@contextlib.contextmanager
def serving(host, changes=None):
    """A running, ready daemon; CHANGES are laid over default_settings."""
    daemon = Daemon(host, changes or {})
    try:
        daemon.start()
        yield daemon
        daemon.stop()
        daemon.replay_incidents()
    except BaseException as error:
        with contextlib.suppress(DaemonFailed):
            daemon.stop()
        if isinstance(error, Exception):
            error.args = (f"{error}\n--- daemon's output:\n{daemon.output()[-4000:]}",) + error.args[1:]
        raise
    finally:
        daemon.remove()


class Daemon:
    def __init__(self, host, changes):
        self.host = host
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="resus-test-"))
        self.process = None
        self.killed = False
        self.settings = _merged(default_settings(host, self.folder), changes)
        self.config = self.folder / "resus.yaml"
        self.audit_file = pathlib.Path(self.settings["audit"]["file"])
        (self.folder / "state").mkdir()
        self._copy_credentials()
        self.write_settings()

    def _copy_credentials(self):
        key = self.folder / "autobot_key"
        shutil.copyfile(self.host.image.key, key)
        key.chmod(0o600)
        (self.folder / "known_hosts").write_text(self.host.image.known_hosts())

    def write_settings(self):
        """JSON is YAML; so no YAML writer is needed here."""
        self.config.write_text(json.dumps(self.settings, indent=2) + "\n")
        self.config.chmod(0o600)

    # Life

    def start(self):
        """Returns when the daemon answers on its control socket. Also after stop() or kill()."""
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen(
                self.host.net.command(str(PROGRAM), "serve", "--config", str(self.config)),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        wait_until(self._is_ready, "the daemon", READY_SECONDS_MAX)

    def _is_ready(self):
        if self.process.poll() is not None:
            raise DaemonFailed(f"the daemon ended, {self.process.returncode}")
        path = pathlib.Path(self.settings["server"]["control_socket"])
        return path.exists() and self.cli("services").status == 0

    def stop(self):
        """SIGTERM, as systemd does; a dirty end is a failure."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS_MAX * SCALE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise DaemonFailed("the daemon did not end after SIGTERM") from None
        self.process = None
        complaint = COMPLAINT.search(self.output())
        if complaint or status != 0:
            raise DaemonFailed(f"the daemon ended with {status}; {complaint and complaint.group(0)}")

    def kill(self):
        """kill -9: what a power cut leaves of it."""
        self.killed = True
        self.process.kill()
        self.process.wait()
        self.process = None

    def reload(self):
        """Writes the settings and has them read again."""
        self.write_settings()
        self.process.send_signal(signal.SIGHUP)

    def replay_incidents(self):
        """What the daemon recorded gives the same decisions when it is played again."""
        folder = pathlib.Path(self.settings["server"]["state_dir"]) / "incidents"
        for recording in sorted(folder.glob("*.jsonl")):
            done = subprocess.run([str(PROGRAM), "replay", str(recording)], capture_output=True, text=True,
                                  timeout=CLI_SECONDS_MAX * SCALE)
            if done.returncode != 0 or COMPLAINT.search(done.stderr):
                raise DaemonFailed(f"{recording.name} plays differently:\n{done.stdout[-2000:]}{done.stderr}")

    def remove(self):
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def output(self):
        try:
            return (self.folder / "output").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    # Questions

    def cli(self, *words, text_in=""):
        """`resus --json WORDS` over the control socket, as root: an admin."""
        done = subprocess.run(
            self.host.net.command(str(PROGRAM), *words, "--json", "--config", str(self.config)),
            capture_output=True, text=True, input=text_in, timeout=CLI_SECONDS_MAX * SCALE)
        try:
            parsed = json.loads(done.stdout)
        except ValueError:
            parsed = None
        if COMPLAINT.search(done.stderr):
            raise DaemonFailed(f"resus {' '.join(words)}: {done.stderr}")
        return Result(done.returncode, done.stdout, done.stderr, parsed)

    def ask(self, op, service=SERVICE, **args):
        """The body of an answer on the control socket, which `--json` prints; {} while there is no daemon. Without a process
        for each look: tests look again and again."""
        request = json.dumps({"id": 1, "op": op, "args": args, "service": service}).encode()
        with contextlib.suppress(OSError, struct.error, ValueError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(CLI_SECONDS_MAX * SCALE)
            connection.connect(self.settings["server"]["control_socket"])
            connection.sendall(struct.pack(">I", len(request)) + request)
            stream = connection.makefile("rb")
            length, = struct.unpack(">I", stream.read(4))
            return json.loads(stream.read(length))["body"]
        return {}

    def status(self):
        return self.ask("status")

    def health(self):
        return self.ask("health")

    def wait_for_health(self, condition, what, seconds=15):
        """Returns the first health object for which CONDITION holds."""

        def look():
            health = self.health()
            return health if health and condition(health) else None

        return wait_until(look, what, seconds, (KeyError, TypeError))

    def wait_for_cause(self, code, seconds=15):
        return self.wait_for_health(lambda health: health["cause"]["code"] == code, f"cause {code}", seconds)

    def audit(self):
        """Every complete line of the audit file so far."""
        try:
            text = self.audit_file.read_text()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def wait_for_audit(self, condition, seconds=15):
        """Returns the first audit line for which CONDITION holds."""
        return wait_until(lambda: next(filter(condition, self.audit()), None), "an audit line", seconds)

    def https(self, seconds=5):
        """A TLS connection to the web side, made inside the host's network. The certificate is our own."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = self.host.net.connect(("127.0.0.1", HTTPS_PORT), seconds)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(plain)
