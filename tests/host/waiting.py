"""Waiting for something that becomes true, with an end."""

import os
import select
import time

# A loaded machine, a sanitizer, an emulator: one knob for all deadlines.
SCALE = float(os.environ.get("TIMEOUT_MULTIPLIER", "3"))
LOOK_AGAIN_SECONDS = 0.02


class WaitedTooLong(AssertionError):
    pass


def wait_until(condition, what, seconds=10.0, ignoring=()):
    """Returns the first true value of condition(). `ignoring`: exceptions that mean "not yet"."""
    deadline = time.monotonic() + seconds * SCALE
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except ignoring as error:
            last = error
        if time.monotonic() >= deadline:
            raise WaitedTooLong(f"waited {seconds * SCALE:.0f} s for {what}; last: {last!r}")
        # Nobody announces this event to us; look again soon.
        select.select([], [], [], LOOK_AGAIN_SECONDS)
