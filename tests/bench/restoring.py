"""How fast keys are poured from one server into another one, and what a client of the target notices of it."""

import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

import resus

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "backups"))
import parts  # noqa: E402

KEYS = int(os.environ.get("RESTORE_KEYS", "400000"))
VALUE_BYTES = 200


class Pings(threading.Thread):
    """A client of the target: a PING each millisecond."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.times, self.ended = [], threading.Event()

    def run(self):
        while not self.ended.wait(0.001):
            began = time.monotonic()
            self.socket.sendall(b"PING\r\n")
            self.socket.recv(100)
            self.times.append(1000 * (time.monotonic() - began))

    def stop(self):
        self.ended.set()
        self.join()
        self.socket.close()
        return sorted(self.times)


def restoring(table):
    program = resus.BUILD / "tests/backups/pour-one"
    with parts.server() as source, parts.server() as target:
        source.say("DEBUG", "POPULATE", KEYS, "key", VALUE_BYTES)
        pings = Pings(target.socket)
        pings.start()
        began = time.monotonic()
        subprocess.run([program, source.socket, target.socket, "exact"], check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - began
        times = pings.stop()
        assert source.say("DEBUG", "DIGEST") == target.say("DEBUG", "DIGEST")
    table.add(f"restore by keys, exact, of {KEYS} keys of {VALUE_BYTES} bytes", f"{KEYS / seconds:.0f} keys/s", ">= 40000")
    table.add(f"- a PING meanwhile, n={len(times)}: p50 / p99 / max",
              " / ".join(f"{t:.1f} ms" for t in (times[len(times) // 2], times[len(times) * 99 // 100], times[-1])), "p99 < 10 ms")
