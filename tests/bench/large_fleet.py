"""The watch of a thousand services in one process.

Each is a process of its own on the loopback (tiny_redis.c), run by Resus itself (`control: process`): so
the unit's state is real and asking for it costs no other process, and what is measured is the watch:
timers, connections, a PING a second each, INFO and CONFIG GET every two minutes, judging, publishing.
"""

import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import tempfile
import types

import network
import resus
from footprint import cpu_seconds, memory_mb, serving_pid
from waiting import wait_until

SIZES = [int(word) for word in os.environ.get("SIZES", "100 300 1000").split()]
FIRST_PORT = 10000
IN_FLIGHT = 16
# With the seconds of watching two minutes: what `timing` tells then has no part of the start in it.
SETTLE_SECONDS = float(os.environ.get("FLEET_SETTLE_SECONDS", "95"))
WATCH_SECONDS = float(os.environ.get("FLEET_WATCH_SECONDS", "30"))
_numbers = iter(range(1, 1000))


class FleetDaemon(resus.Daemon):
    """`resus serve` over SIZE services, in a network of its own."""

    def __init__(self, net, folder, program):
        self.host = types.SimpleNamespace(net=net)
        self.folder = folder
        self.process = None
        self.program = program
        self.config = folder / "resus.yaml"
        self.settings = None

    def resize(self, size):
        self.settings = {
            "server": {"listen": "127.0.0.1:8443", "state_dir": str(self.folder / "state"),
                       "control_socket": str(self.folder / "control.sock")},
            "audit": {"file": str(self.folder / "audit.log")},
            "services": {f"s{i}": {"unit": f"tiny-{i}", "address": f"127.0.0.1:{FIRST_PORT + i}",
                                   "control": "process", "process": {"program": str(self.program)}}
                         for i in range(size)},
        }
        self.write_settings()


class Control:
    """The control socket, many requests at a time."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)
        self._socket.settimeout(120)
        self._reader = self._socket.makefile("rb")
        self._next = 0

    def close(self):
        self._reader.close()
        self._socket.close()

    def _send(self, op, service, args):
        self._next += 1
        body = json.dumps({"id": self._next, "op": op, "service": service, "args": args}).encode()
        self._socket.sendall(struct.pack(">I", len(body)) + body)

    def _receive(self):
        length, = struct.unpack(">I", self._reader.read(4))
        return json.loads(self._reader.read(length))

    def ask(self, op, service=None, args=None):
        self._send(op, service, args or {})
        return self._receive()

    def ask_all(self, op, services, args):
        """The answers, in the order in which they came."""
        answers = []
        waiting = 0
        for service in services:
            if waiting == IN_FLIGHT:
                answers.append(self._receive())
                waiting -= 1
            self._send(op, service, args)
            waiting += 1
        answers += [self._receive() for _ in range(waiting)]
        return answers


def _all_answer(control, size):
    """Some may be degraded by `latency_high`: two cores run a thousand servers and the watch of them."""
    services = control.ask("services")["body"]["items"]
    return sum(service["overall_status"] in ("healthy", "degraded") for service in services) == size


def _count(control, status):
    services = control.ask("services")["body"]["items"]
    return sum(service["overall_status"] == status for service in services)


def _processes(folder):
    """The process ids that Resus recorded, for the end."""
    for path in folder.glob("state/processes/*.pid"):
        yield int(path.read_text().split()[0])


def _end_processes(folder):
    for pid in _processes(folder):
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            continue


def measure(daemon, size, table):
    daemon.resize(size)
    daemon.start()
    control = Control(daemon.settings["server"]["control_socket"])
    ids = list(daemon.settings["services"])
    running = len(list(_processes(daemon.folder)))
    answers = control.ask_all("start", ids[running:], {"reason": "benchmark"})
    # 409: recovery has begun to start it, because it was never started.
    bad = [answer for answer in answers if answer["status"] not in (200, 202, 409)]
    assert not bad, bad[0]
    wait_until(lambda: _all_answer(control, size), f"{size} services that answer", 60)
    pid = serving_pid(daemon)
    select.select([], [], [], SETTLE_SECONDS)
    before = cpu_seconds(pid)
    select.select([], [], [], WATCH_SECONDS)
    cpu = 100 * (cpu_seconds(pid) - before) / WATCH_SECONDS
    timing = control.ask("timing")["body"]
    late = timing["late_ms"]
    print(f"  {size} services: {timing}, {_count(control, 'degraded')} degraded", flush=True)
    target = "< 200 MB; < 50 ms at p99" if size >= 1000 else "-"
    table.add(f"{size} services: memory, processor, checks late at p50 / p99 / worst",
              f"{memory_mb(pid):.1f} MB, {cpu:.1f} % of a core, {late['p50']} / {late['p99']} / "
              f"{late['worst']} ms", target)
    assert _all_answer(control, size)
    control.close()
    daemon.stop()


def fleet(table):
    subprocess.run(["ninja", "-C", str(resus.BUILD), "tests/bench/tiny-redis"], check=True,
                   stdout=subprocess.DEVNULL)
    network.remove_orphans()
    net = network.Namespace(1000 + next(_numbers))
    with tempfile.TemporaryDirectory(prefix="resus-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "state").mkdir()
        daemon = FleetDaemon(net, folder, resus.BUILD / "tests/bench/tiny-redis")
        try:
            for size in SIZES:
                measure(daemon, size, table)
        finally:
            if daemon.process is not None:
                print(daemon.output()[-3000:])
                daemon.kill()
            _end_processes(folder)
            net.close()
