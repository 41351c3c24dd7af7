"""Waiting for events."""

import os
import select
import socket
import time

SCALE = float(os.environ.get("TIMEOUT_MULTIPLIER", "3"))


class Skip(Exception):
    pass


def wait_until(condition, what, seconds=15):
    deadline = time.monotonic() + seconds * SCALE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        # Nobody announces this event to us; look again soon.
        select.select([], [], [], 0.02)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
