"""A network of its own for one test host, without a way out of the machine.

There is no default route on purpose: traffic to a host that was cut off must not leave the machine.
(It did once: the connected route vanished with the link and packets followed the default route.)
"""

import contextlib
import ctypes
import os
import re
import socket
import subprocess

CLONE_NEWNET = 0x40000000
HERE_ADDRESS = "10.77.0.1"
NAME = re.compile(r"^resus-(\d+)-\d+$")

_libc = ctypes.CDLL(None, use_errno=True)


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def _enter(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def is_orphan(name):
    """Whether NAME is that of a run which was killed before it could clean up."""
    match = NAME.match(name)
    return bool(match) and not os.path.exists(f"/proc/{match.group(1)}")


def remove_orphans():
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else ():
        if is_orphan(name):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Namespace:
    """A network namespace named after this process."""

    def __init__(self, number):
        self.name = f"resus-{os.getpid()}-{number}"
        self.path = f"/run/netns/{self.name}"
        _ip("netns", "add", self.name)
        _ip("-n", self.name, "link", "set", "lo", "up")

    def ip(self, *arguments):
        _ip("-n", self.name, *arguments)

    def has_link(self, name):
        return subprocess.run(["ip", "-n", self.name, "link", "show", name],
                              capture_output=True).returncode == 0

    def command(self, *command):
        """The argv that runs COMMAND in here. Not `ip netns exec`, which remounts /sys: systemd-nspawn then
        finds no cgroups."""
        return ["nsenter", f"--net={self.path}", *command]

    @contextlib.contextmanager
    def entered(self):
        """This thread is in the namespace. Sockets keep the one in which they were made."""
        with open("/proc/thread-self/ns/net") as outside, open(self.path) as inside:
            _enter(inside.fileno())
            try:
                yield
            finally:
                _enter(outside.fileno())

    def connect(self, address, timeout_seconds):
        with self.entered():
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.settimeout(timeout_seconds)
            made.connect(address)
        except BaseException:
            made.close()
            raise
        return made

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)
