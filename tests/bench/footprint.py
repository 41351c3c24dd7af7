"""What the watch of one service costs: memory and processor time of `resus serve` with the settings as
shipped, over SSH, Redis healthy."""

import os
import pathlib
import select

import resus
from recovering import SHIPPED, prepared_host, watched
from waiting import wait_until

SETTLE_SECONDS = float(os.environ.get("SETTLE_SECONDS", "60"))
WATCH_SECONDS = float(os.environ.get("WATCH_SECONDS", "60"))
HOSTS = int(os.environ.get("HOSTS", "50"))


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


def _address(number):
    return f"10.77.0.{10 + number}"


def _services(host, folder):
    """One service for each address: to Resus each is a host of its own, with a session of its own."""
    one = resus.default_settings(host, folder)["services"][resus.SERVICE]
    return {f"host-{number}": resus._merged(one, {"address": f"{_address(number)}:6379",
                                                  "ssh": {"host": _address(number)}})
            for number in range(HOSTS)}


def _know_all(host, daemon):
    """The host's keys, under every address."""
    lines = host.image.known_hosts().splitlines()
    text = "".join(line.replace(host.address, _address(number), 1) + "\n"
                   for number in range(HOSTS) for line in lines)
    (daemon.folder / "known_hosts").write_text(text)


def sessions(table):
    """One real host that has many addresses: what an SSH session, its connections and its checks cost."""
    with prepared_host() as host:
        # An sshd as shipped drops connections when more than ten come at once.
        host.write("/etc/ssh/sshd_config.d/bench.conf", f"MaxStartups {2 * HOSTS}\n")
        host.systemctl("restart", "ssh")
        for number in range(HOSTS):
            host.run("ip", "address", "add", f"{_address(number)}/24", "dev", "host0")
        daemon = resus.Daemon(host, SHIPPED)
        try:
            daemon.settings["services"] = _services(host, daemon.folder)
            _know_all(host, daemon)
            daemon.write_settings()
            daemon.start()
            # Fifty key exchanges at once make the first answers slow: some begin as degraded.
            wait_until(lambda: all(item["overall_status"] in ("healthy", "degraded")
                                   for item in daemon.cli("services").json["items"]),
                       f"{HOSTS} services that answer", 60)
            memory, cpu = observe(serving_pid(daemon), SETTLE_SECONDS, WATCH_SECONDS)
            daemon.stop()
        except AssertionError:
            print(daemon.output()[-3000:])
            raise
        finally:
            daemon.remove()
        table.add(f"{HOSTS} services on {HOSTS} hosts, each over SSH: resident memory, processor time",
                  f"{memory:.1f} MB, {cpu:.2f} % of a core")
