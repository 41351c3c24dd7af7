"""From a fault to PONG, as a client of Redis sees it: one loop for Resus and for all that it is measured
against. It asks every millisecond, with a connection of its own each time."""

import contextlib
import os
import pathlib
import select
import signal
import socket
import time

ASK_AGAIN_SECONDS = 0.001
# A stopped Redis accepts and is silent: it is given up so soon that the next question comes in time.
SILENCE_SECONDS = 0.05


class NoPong(AssertionError):
    pass


def _ask(address):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as asking:
        asking.settimeout(SILENCE_SECONDS)
        try:
            asking.connect(address)
            asking.sendall(b"PING\r\n")
            return asking.recv(16) == b"+PONG\r\n"
        except OSError:
            return False


def pong_at(host, seconds=60):
    """The time.monotonic() of the first PONG from now on."""
    deadline = time.monotonic() + seconds
    with host.net.entered():
        while not _ask((host.address, 6379)):
            if time.monotonic() > deadline:
                raise NoPong(f"no PONG for {seconds} s")
            # Nobody announces the first PONG; ask again soon.
            select.select([], [], [], ASK_AGAIN_SECONDS)
    return time.monotonic()


def outer_pid(host, inner):
    """The process that the host calls INNER, as this machine calls it."""
    namespace = os.readlink(f"/proc/{host.leader}/ns/pid")
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        # Processes come and go while they are looked at.
        with contextlib.suppress(OSError):
            if os.readlink(folder / "ns/pid") != namespace:
                continue
            for line in (folder / "status").read_text().splitlines():
                if line.startswith("NSpid:") and line.split()[-1] == str(inner):
                    return int(folder.name)
    raise LookupError(f"no process {inner} on the host")


def kill_redis(host):
    """Kills Redis at once, from outside; the time just before. Returns when the process is gone, so that a
    PONG is the next one's."""
    pid = outer_pid(host, host.main_pid())
    descriptor = os.pidfd_open(pid)
    try:
        began = time.monotonic()
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        select.select([descriptor], [], [])
        return began
    finally:
        os.close(descriptor)


def stop_redis(host):
    """SIGSTOP; the time just before."""
    pid = outer_pid(host, host.main_pid())
    began = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    return began
