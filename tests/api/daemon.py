"""A daemon with `control: process` in a folder of its own, and what the command line says to it."""

import contextlib
import dataclasses
import http.client
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

from suite import SCALE, Skip, free_port, wait_until  # noqa: F401  (Skip is for the tests)

TREE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("RESUS_BUILD", TREE / "build-asan")) / "resus"
COMPLAINT = re.compile(r"(ERROR|WARNING|FATAL): (Address|Leak|Thread)Sanitizer|runtime error:")


@dataclasses.dataclass(frozen=True)
class Result:
    status: int
    stdout: str
    stderr: str
    json: object


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: object
    body: object


class Daemon:
    """`with Daemon() as served:` runs until the end of the block; Redis is ended with it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="resus-api-"))
        self.port = free_port()
        self.https_port = free_port()
        self.certificate = self.folder / "state" / "tls" / "certificate.pem"
        self.config = self.folder / "resus.yaml"
        self.output_file = self.folder / "output"
        self.audit_file = self.folder / "audit" / "audit.log"
        self.process = None
        for name in ("state", "redis", "audit"):
            (self.folder / name).mkdir()
        (self.folder / "redis.conf").write_text(
            f"port {self.port}\nbind 127.0.0.1\nsave 3600 1\ndir {self.folder}/redis\n")
        self.settings = {
            "server": {"listen": f"127.0.0.1:{self.https_port}", "state_dir": str(self.folder / "state"),
                       "control_socket": str(self.folder / "control.sock")},
            "services": {"redis": {
                "address": f"127.0.0.1:{self.port}", "control": "process",
                "process": {"config_file": str(self.folder / "redis.conf"),
                            "directory": str(self.folder / "redis")}}},
            "health_check": {"interval_seconds": 2},
            "auto_recovery": {"external_stop": "respect"},
            "audit": {"file": str(self.audit_file)},
        }

    def __enter__(self):
        try:
            self.start()
            started = self.cli("start")
            if started.json and started.json.get("code") == "operation_running":
                # On a machine that is slow enough, recovery starts Redis before us.
                wait_until(lambda: self.cli("start").status == 0, "Redis")
            else:
                assert started.status == 0, f"{started}\n--- daemon's output:\n{self.output()[-3000:]}"
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, error, _):
        try:
            if kind is None:
                self.stop()
        finally:
            if isinstance(error, Exception):
                error.args = (f"{error}\n--- daemon's output:\n{self.output()[-3000:]}",) + error.args[1:]
            self.close()

    def write_settings(self):
        self.config.write_text(json.dumps(self.settings) + "\n")
        self.config.chmod(0o600)

    def start(self):
        self.write_settings()
        with open(self.output_file, "ab") as output:
            self.process = subprocess.Popen([str(PROGRAM), "serve", "--config", str(self.config)],
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=output)

        def ready():
            assert self.process.poll() is None, f"the daemon ended: {self.output()}"
            return self.cli("services").status == 0

        wait_until(ready, "the daemon")
        wait_until(self.serves_https, "HTTPS")

    def serves_https(self):
        try:
            return self.https("GET", "/api/services").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(15 * SCALE)
        self.process = None
        assert status == 0 and not COMPLAINT.search(self.output()), f"ended with {status}"

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for file in self.folder.rglob("*.pid"):
            # Whatever the form of the file, the first number in it is the process.
            number = re.search(r"\d+", file.read_text())
            with contextlib.suppress(OSError):
                if number and "redis-server" in pathlib.Path(f"/proc/{number[0]}/comm").read_text():
                    os.kill(int(number[0]), signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def output(self):
        return self.output_file.read_text(errors="replace") if self.output_file.exists() else ""

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def unlimited(self):
        """Without rate limits: for tests that ask more often than anybody may."""
        self.settings["rate_limits"] = dict.fromkeys(("start", "stop", "restart", "status", "health", "logs"), 0)
        self.write_settings()
        self.hang_up()
        wait_until(lambda: "X-RateLimit-Limit" not in self.https("GET", "/api/services/redis/status").headers, "no limits")

    def run(self, *words, stdout=subprocess.PIPE):
        """As a person types it."""
        done = subprocess.run([str(PROGRAM), *words, "--config", str(self.config)], text=True,
                              stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60 * SCALE)
        assert not COMPLAINT.search(done.stderr), done.stderr
        return done

    def cli(self, *words):
        done = self.run(*words, "--json")
        try:
            parsed = json.loads(done.stdout)
        except ValueError:
            parsed = None
        return Result(done.returncode, done.stdout, done.stderr, parsed)

    def good(self, *words):
        """The JSON of a call that must succeed."""
        result = self.cli(*words)
        assert result.status == 0 and result.json is not None, (words, result)
        return result.json

    def https(self, method, path, body=None, headers=None):
        """One request over TLS with the daemon's own certificate: status, headers, JSON or text."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        connection = http.client.HTTPSConnection("127.0.0.1", self.https_port, timeout=30 * SCALE,
                                                 context=context)
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), headers or {})
            answer = connection.getresponse()
            text = answer.read().decode()
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return Answer(answer.status, answer.headers, json.loads(text) if is_json and text else text)

    def follow(self, op, service=None, **args):
        """One operation over the control socket: (status, body, what was pushed before)."""
        request = json.dumps({"id": 1, "op": op, "args": args} | ({"service": service} if service else {})).encode()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60 * SCALE)
            connection.connect(str(self.folder / "control.sock"))
            connection.sendall(struct.pack(">I", len(request)) + request)
            stream, lines = connection.makefile("rb"), []
            while True:
                length, = struct.unpack(">I", stream.read(4))
                frame = json.loads(stream.read(length))
                if "line" not in frame:
                    return frame["status"], frame["body"], lines
                lines.append(frame["line"])

    def ask(self, op, service=None, **args):
        """A frame on the control socket: (status, body)."""
        return self.follow(op, service, **args)[:2]

    def redis(self, *words):
        """The first line of a reply."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall((" ".join(words) + "\r\n").encode())
            return connection.makefile("rb").readline().decode().strip()

    def audit(self):
        lines = self.audit_file.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]
