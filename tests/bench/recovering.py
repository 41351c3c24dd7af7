"""How long Redis is away when Resus watches it with the settings as shipped, and how long a person with an
open session needs for the mere command."""

import contextlib
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

import faults
import recoveries
import resus
from figures import percentile, raw, summary
from machine import Machine
from redis_client import ReplyError
from stopwatch import kill_redis, pong_at, stop_redis
from waiting import wait_until

KILLS = int(os.environ.get("KILLS", "20"))
HANGS = int(os.environ.get("HANGS", "5"))
BLIND_HANGS = 2
UNIT_DROP_IN = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=no\n"
# The periods as shipped, not those of the tests. The breaker stays out of the way: so many recoveries in a
# row are the measurement, no incident.
SHIPPED = {"health_check": None,
           "auto_recovery": {"circuit_breaker": {"recoveries": 8, "window_seconds": 1}}}
STAMPED = re.compile(r"^<\d>(\d+\.\d+) (.*)$")
# What the parts of a recovery begin or end with, in the trace of RESUS_DEBUG=1.
MARKS = (("noticed", re.compile(r"looking closer: ")),
         ("unit failed known", re.compile(r"host: status ended ")),
         ("intent durable", re.compile(r"audit: an intent is written")),
         ("command done", re.compile(r"host: (restart|start) ended ")))


@contextlib.contextmanager
def prepared_host(flavour="debian12-redis"):
    with Machine.boot(flavour, print) as host:
        host.drop_in("bench", UNIT_DROP_IN)
        host.systemctl("restart", host.unit)
        host.wait_for_pong()
        yield host


@contextlib.contextmanager
def watched(host, changes=None):
    with resus.serving(host, resus._merged(SHIPPED, changes or {})) as daemon:
        recoveries.wait_until_known(daemon, host)
        yield daemon


def rest(host, daemon):
    """Healthy, nothing under way, no attempt remembered."""
    # A PING that waited for the fault counts as slow for a minute; the service is well nevertheless.
    daemon.wait_for_health(lambda seen: seen["cause"]["code"] in ("ok", "latency_high"), "a well service", 60)
    wait_until(lambda: daemon.status().get("pid") == host.main_pid(), "the new process to be known", 60)
    reset = daemon.cli("recovery", "reset", resus.SERVICE, "--reason", "benchmark")
    assert reset.status == 0, reset
    recoveries.wait_for_recovery(daemon, lambda seen: seen["attempts"] == 0, "no attempts", 60)


def trace(daemon, since, until):
    """[(mark, seconds after SINCE)] of one recovery: the first of each kind, of the unit the last look
    before the intent."""
    seen = []
    for line in daemon.output().splitlines():
        match = STAMPED.match(line)
        if match and since <= float(match.group(1)) <= until:
            seen.append((float(match.group(1)) - since, match.group(2)))
    marks = {}
    for name, pattern in MARKS:
        times = [at for at, text in seen if pattern.search(text)]
        if name == "unit failed known":
            intent = [at for at, text in seen if MARKS[2][1].search(text)]
            times = [at for at in times if intent and at <= intent[0]][-1:]
        if times:
            marks[name] = times[0]
    return marks


def measure_kills(host, daemon):
    spans = []
    for _ in range(KILLS):
        rest(host, daemon)
        began = kill_redis(host)
        spans.append((began, pong_at(host)))
    rest(host, daemon)
    # systemctl may return after the first PONG.
    return [ended - began for began, ended in spans], [trace(daemon, began, ended + 1)
                                                        for began, ended in spans]


class Session:
    """`ssh` with its connection kept open, as a quick operator has it."""

    def __init__(self, host):
        self.host = host
        self.folder = tempfile.TemporaryDirectory(prefix="resus-bench-")
        self.known_hosts = pathlib.Path(self.folder.name, "known_hosts")
        self.known_hosts.write_text(host.image.known_hosts())
        self.control = ["-S", str(pathlib.Path(self.folder.name, "master"))]

    def _ssh(self, *words):
        return ["ssh", "-F", "none", "-i", str(self.host.image.key), "-o", "BatchMode=yes",
                "-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={self.known_hosts}",
                *self.control, *words]

    def _run(self, *words):
        with self.host.net.entered():
            return subprocess.run(self._ssh(*words), stdin=subprocess.DEVNULL, capture_output=True)

    def __enter__(self):
        # With -f it returns when the session is open; its output goes nowhere, or we would wait for it.
        with self.host.net.entered():
            subprocess.run(self._ssh("-M", "-N", "-f", f"autobot@{self.host.address}"), check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self._run("-O", "exit", f"autobot@{self.host.address}")
        self.folder.cleanup()

    def begin(self, *command):
        with self.host.net.entered():
            return subprocess.Popen(self._ssh(f"autobot@{self.host.address}", *command),
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)


def measure_by_hand(host, times):
    """The time from typing the command to PONG; nobody has to notice or decide anything."""
    took = []
    with Session(host) as session:
        for _ in range(times):
            host.systemctl("stop", host.unit)
            began = time.monotonic()
            typed = session.begin("sudo", "systemctl", "start", host.unit)
            took.append(pong_at(host) - began)
            assert typed.wait(30) == 0
    return took


def tell_parts(traces):
    """The medians of the parts, each counted from the kill."""
    parts = []
    for name, _ in MARKS:
        times = [marks[name] for marks in traces if name in marks]
        if times:
            parts.append(f"{name} {1000 * statistics.median(times):.0f}")
            raw(f"kill to {name}", times)
    return ", ".join(parts)


def kills(table):
    os.environ["RESUS_DEBUG"] = "1"
    with prepared_host() as host:
        # Half before and half after: a machine that is shared changes while it is measured.
        by_hand = measure_by_hand(host, KILLS // 2)
        with watched(host) as daemon:
            took, traces = measure_kills(host, daemon)
        by_hand += measure_by_hand(host, KILLS - KILLS // 2)
    del os.environ["RESUS_DEBUG"]
    raw("ssh, systemctl start, PONG", by_hand)
    raw("kill -9, Resus, PONG", took)
    middle = statistics.median(by_hand)
    table.add(f"`ssh HOST sudo systemctl start` to PONG, open session, n={KILLS}: median, p90, max",
              " / ".join(summary(by_hand)))
    table.add(f"kill -9 to PONG by Resus over SSH, n={KILLS}: median, p90, max", " / ".join(summary(took)))
    table.add("- median, as a multiple of that command's", f"{statistics.median(took) / middle:.2f}",
              "<= 1.2")
    table.add("- p90, the same", f"{percentile(took, 90) / middle:.2f}", "<= 2")
    table.add("- of it, medians in ms after the kill", tell_parts(traces))


def measure_hangs(host, daemon, times):
    took = []
    for _ in range(times):
        rest(host, daemon)
        began = stop_redis(host)
        took.append(pong_at(host) - began)
    rest(host, daemon)
    return took


def hangs(table):
    with prepared_host() as host:
        with watched(host) as daemon:
            # Without a look at the process there is no second fact: `blind_hang_seconds` have to pass.
            blind = measure_hangs(host, daemon, BLIND_HANGS)
            busy = [measure_script(host, daemon) for _ in range(HANGS)]
        host.allow_extended_commands()
        with watched(host, {"services": {resus.SERVICE: {"commands": "extended"}}}) as daemon:
            seen = measure_hangs(host, daemon, HANGS)
    raw("SIGSTOP, `commands: extended`, PONG", seen)
    table.add(f"hung (SIGSTOP) to PONG, `commands: extended`, n={HANGS}: median, p90, max",
              " / ".join(summary(seen)), "< 12 s")
    raw("SIGSTOP, default commands, PONG", blind)
    table.add(f"the same, default commands, n={BLIND_HANGS}: median, p90, max", " / ".join(summary(blind)))
    raw("endless script", busy)
    table.add(f"endless Lua script to its end, no restart, n={HANGS}: median, p90, max",
              " / ".join(summary(busy)), "< 8 s")


def measure_script(host, daemon):
    before = recoveries.identity(host)
    client = faults.busy_script(host)
    began = time.monotonic()
    try:
        client.reply()
    except ReplyError as error:
        assert "killed" in str(error), error
    finally:
        client.close()
    ended = time.monotonic()
    recoveries.assert_untouched(host, before)
    rest(host, daemon)
    return ended - began
