"""What the watch of one service costs: memory and processor time of `resus serve` with the settings as
shipped, over SSH, Redis healthy."""

import os
import pathlib
import select

from recovering import prepared_host, watched

SETTLE_SECONDS = float(os.environ.get("SETTLE_SECONDS", "60"))
WATCH_SECONDS = float(os.environ.get("WATCH_SECONDS", "60"))
_TICKS = os.sysconf("SC_CLK_TCK")


def memory_mb(pid, name="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


def cpu_seconds(pid):
    """User and system time of the process, exact to a nanosecond where the kernel counts so."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def observe(pid, settle, watch):
    """(memory in MB, percent of a core) of a daemon that is left alone."""
    select.select([], [], [], settle)
    before = cpu_seconds(pid)
    select.select([], [], [], watch)
    return memory_mb(pid), 100 * (cpu_seconds(pid) - before) / watch


def serving_pid(daemon):
    """nsenter became the daemon: it starts no process of its own for a network namespace."""
    return daemon.process.pid


def footprint(table):
    with prepared_host() as host, watched(host) as daemon:
        memory, cpu = observe(serving_pid(daemon), SETTLE_SECONDS, WATCH_SECONDS)
        table.add("one service: resident memory", f"{memory:.1f} MB", "< 16 MB")
        table.add(f"one service: processor time over {WATCH_SECONDS:.0f} s", f"{cpu:.3f} % of a core",
                  "< 0.2 %")
