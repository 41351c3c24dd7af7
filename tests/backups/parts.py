"""What the tests of backups share: the driver, real servers, a server that follows a script, folders that are removed."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

DRIVER = None  # run.py sets it
WAIT_SECONDS = 60
HERE = pathlib.Path(__file__).resolve().parent
SAMPLE = (HERE.parent / "unit/backups/data/redis7.rdb").read_bytes()
MARK = b"0123456789abcdef0123456789abcdef01234567"
FULLRESYNC = b"+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 42\r\n"


class Skip(Exception):
    """A part that this machine does not have."""


@contextlib.contextmanager
def folder(**kind):
    path = pathlib.Path(tempfile.mkdtemp(prefix="resus-backups-", **kind))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def until(what, condition):
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, f"in vain waited for: {what}"
        time.sleep(0.01)


class Run:
    """One run of the driver; `steps` so far."""

    def __init__(self, what, environment=None, **options):
        argv = [str(DRIVER), what] + [f"{name}={value}" for name, value in options.items()]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=os.environ | (environment or {}))
        self.answer = None

    def until_step(self, word):
        for line in self.process.stdout:
            if line == f"step {word}\n":
                return
            assert line.startswith("step "), f"ended before {word}: {line}"
        raise AssertionError(f"no step {word}: {self.process.stderr.read()}")

    def end(self):
        lines = self.process.stdout.read().splitlines()
        error = self.process.stderr.read()
        self.process.wait(WAIT_SECONDS)
        self.process.stdout.close()
        self.process.stderr.close()
        assert lines and lines[-1].startswith("{"), f"status {self.process.returncode}: {error}"
        # A sanitizer has its own status and words.
        assert self.process.returncode in (0, 1) and error == "", f"status {self.process.returncode}: {error}"
        return json.loads(lines[-1])


def run(what, **options):
    return Run(what, **options).end()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A real server in a folder of its own; `program` as in proof: the path of redis-server."""

    def __init__(self, path, config="", program="/usr/bin/redis-server", port=None):
        self.path, self.program = pathlib.Path(path), str(program)
        self.port = port or free_port()
        self.socket = f"{path}/s.sock"
        self.log = self.path / "log"
        lines = f"""port {self.port}\nbind 127.0.0.1\nunixsocket {self.socket}\ndir {path}\nsave ""\n
repl-diskless-sync-delay 0\nenable-debug-command yes\ndaemonize no\n{config}\n"""
        (self.path / "redis.conf").write_text(lines)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([self.program, str(self.path / "redis.conf")], stdout=log,
                                            stderr=subprocess.STDOUT)
        until("the server", lambda: self._answers() or self._ended())

    def _ended(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended: {self.log.read_text()}")

    def _answers(self):
        with contextlib.suppress(OSError):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(self.socket)
                s.sendall(b"PING\r\n")
                return s.recv(100) != b""
        return False

    def say(self, *words, auth=None, db=None):
        """One command; the reply as text."""
        argv = ["redis-cli", "-s", self.socket] + (["--no-auth-warning", "-a", auth] if auth else [])
        argv += ["-n", str(db)] if db is not None else []
        return subprocess.run(argv + [str(w) for w in words], capture_output=True, text=True, check=True).stdout.strip()

    def info(self, name):
        for line in self.say("INFO").splitlines():
            if line.startswith(name + ":"):
                return line.split(":", 1)[1].strip()
        return None

    def child(self):
        """The process that writes the RDB."""
        pid = self.process.pid
        for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found = children.read_text().split()
                if found:
                    return int(found[0])
        return None

    def kill(self):
        for number in (signal.SIGCONT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)
        self.process.wait(WAIT_SECONDS)


@contextlib.contextmanager
def server(config="", **options):
    with folder() as path:
        s = Server(path, config, **options)
        try:
            yield s
        finally:
            s.kill()


class Script(threading.Thread):
    """Answers AUTH and REPLCONF with +OK, and PSYNC with `answer(connection)`."""

    def __init__(self, answer, replconf=b"+OK\r\n"):
        super().__init__(daemon=True)
        self.answer, self.replconf, self.seen = answer, replconf, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        connection, _ = self.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, contextlib.suppress(OSError):
            while b"PSYNC" not in self.seen:
                got = connection.recv(4096)
                if not got:
                    return
                before = self.seen.count(b"REPLCONF")
                self.seen += got
                connection.sendall(self.replconf * (self.seen.count(b"REPLCONF") - before))
            self.answer(connection)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):  # the peer closes first: no reset overtakes the bytes
                pass

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.join(WAIT_SECONDS)


def scripted(answer, replconf=b"+OK\r\n", **options):
    """Pulls from the script: (result, the file's bytes or None)."""
    with folder() as path, Script(answer, replconf) as script:
        result = run("pull", host="127.0.0.1", port=script.port, file=path / "dump.rdb", **options)
        file = path / "dump.rdb"
        return result, file.read_bytes() if file.exists() else None


def wrapped(path, flavour):
    """redis-server and its check program out of a test host's root folder, as programs in `path`."""
    roots = sorted(pathlib.Path(os.environ.get("RESUS_TEST_CACHE", "/var/cache/resus-test")).glob(f"{flavour}-*"))
    roots = [root / "root" for root in roots if (root / "root").is_dir()]
    if not roots:
        raise Skip(f"no root folder of {flavour} (tests/host/run.py makes it)")
    root, kind = roots[-1], "valkey" if "valkey" in flavour else "redis"
    libraries = root / "usr/lib/x86_64-linux-gnu"
    for name in (f"{kind}-server", f"{kind}-check-rdb"):
        program = path / name
        program.write_text(f'#!/bin/sh\nexec {libraries}/ld-linux-x86-64.so.2 --argv0 {name} '
                           f'--library-path {libraries} {root}/usr/bin/{kind}-server "$@"\n')
        program.chmod(0o755)
    return path / f"{kind}-server"
