"""The C driver (send.c) with settings of its own."""

import base64
import json
import os
import pathlib
import queue
import re
import shutil
import subprocess
import tempfile
import threading

from receivers import ROUTING_KEY, WEBHOOK_SECRET
from suite import SCALE

TREE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("RESUS_BUILD", TREE / "build-asan")) / "tests/notify/notify-send"
COMPLAINT = re.compile(r"(ERROR|WARNING|FATAL): (Address|Leak|Thread)Sanitizer|runtime error:")

ALERT = {
    "kind": "trigger", "severity": "P1", "key": "resus/resus-1/redis/availability/7", "instance": "resus-1",
    "service": "redis", "service_name": "Redis Service", "host": "172.16.168.23:6379", "cause": "crashed",
    "title": "Redis has crashed and does not start",
    "summary": "The process of redis-server has ended by signal 9, and three restarts have failed.",
    "action": "Resus restarted it three times (02:10:04, 02:10:16, 02:10:38); each time it ended within a second. It "
              "does nothing more until an administrator resets the recovery.",
    "stake": "The last save is 41 minutes old.", "unsaved_changes": 1204, "connections": 312,
    "command": "resus recovery reset redis", "link": "https://resus.example.org/incidents/12",
    "cause_link": "https://resus.example.org/docs/causes.html#crashed", "began_at": "2026-01-15T02:10:03Z",
    "evidence": ["connection to 172.16.168.23:6379 refused", "redis-server.service: failed (Result: oom-kill)"],
    "log_lines": ["<!channel> # Out Of Memory allocating 1073741824 bytes!"],
}


def message(**changes):
    return {**ALERT, **changes}


class Driver:
    """`with Driver(channels) as d:` sends through d.send()."""

    def __init__(self, channels, prefix=(), resend_ms=None, **alerts):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="resus-notify-"))
        self.prefix, self.resend_ms = list(prefix), resend_ms
        self.config = self.folder / "resus.yaml"
        self.alerts = {"channels": channels, **alerts}
        self.secret("pager", ROUTING_KEY)
        self.secret("hook", "whsec_" + base64.b64encode(WEBHOOK_SECRET).decode())
        self.process = None

    def secret(self, name, text):
        path = self.folder / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return str(path)

    def write_settings(self):
        self.config.write_text(json.dumps({"server": {"name": "resus-1"}, "services": {"redis": {}},
                                           "alerts": self.alerts}))
        self.config.chmod(0o600)

    def __enter__(self):
        self.write_settings()
        more = [] if self.resend_ms is None else [str(self.resend_ms)]
        self.errors = open(self.folder / "errors", "w+", encoding="utf-8")
        environment = {**os.environ, "http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1",
                       "all_proxy": "http://127.0.0.1:1"}
        self.process = subprocess.Popen([*self.prefix, str(PROGRAM), str(self.config), *more], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        env=environment)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        return self

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def tell(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def answer(self, seconds=40):
        answer = self.lines.get(timeout=seconds * SCALE)
        assert answer is not None, f"the driver ended: {self.output()}"
        return answer

    def begin(self, channel, delivery="d1", **changes):
        self.tell(channel=channel, delivery=delivery, message=message(**changes))

    def send(self, channel, delivery="d1", **changes):
        self.begin(channel, delivery, **changes)
        return self.answer()

    def ask(self, **command):
        self.tell(**command)
        return self.answer()

    def output(self):
        self.errors.flush()
        return (self.folder / "errors").read_text(encoding="utf-8")

    def __exit__(self, kind, error, _):
        self.process.stdin.close()
        try:
            status = self.process.wait(60 * SCALE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        output = self.output()
        self.errors.close()
        shutil.rmtree(self.folder)
        if kind is None:
            assert status == 0 and not COMPLAINT.search(output), f"ended with {status}: {output}"
        elif isinstance(error, Exception):
            error.args = (f"{error}\n--- driver's output:\n{output[-3000:]}",) + error.args[1:]


def refusal(channels, secrets=(), **alerts):
    """What is said when the driver does not start with these settings."""
    driver = Driver(channels, **alerts)
    try:
        for name, text, mode in secrets:
            pathlib.Path(driver.secret(name, text)).chmod(mode)
        driver.write_settings()
        done = subprocess.run([str(PROGRAM), str(driver.config)], text=True, capture_output=True, check=False,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == 1, done
        return done.stderr.replace(str(driver.folder) + "/", "")
    finally:
        shutil.rmtree(driver.folder)
