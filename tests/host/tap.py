"""A small runner: test functions, one TAP line each, a pristine host for every one.

A test is a function `test_what_it_promises(host)` in tests/host/test_*.py. It runs on Debian 12's
Redis; with `--every` or `--flavour` on the others too. `@on("debian13-valkey", ...)` says where it runs always,
`@only_on(...)` that it runs nowhere else. `raise Skip(why)` skips.
"""

import importlib
import pathlib
import re
import signal
import sys
import time
import traceback

import image
import machine
from waiting import SCALE

DEFAULT_FLAVOUR = "debian12-redis"
TEST_SECONDS_MAX = 120


class Skip(Exception):
    pass


class TestTimeout(AssertionError):
    pass


def on(*flavours):
    """The core of the suites, that every run has on these."""
    def mark(function):
        function.flavours = flavours
        return function

    return mark


# What recovery rests on and the flavours say or do each in their own way.
on_every = on(*image.FLAVOURS)


def only_on(*flavours):
    """What the others do differently."""
    def mark(function):
        function.flavours = function.limit = flavours
        return function

    return mark


def _flavours_of(function, every):
    chosen = getattr(function, "limit", tuple(image.FLAVOURS)) if every else None
    return chosen or getattr(function, "flavours", (DEFAULT_FLAVOUR,))


def collect(folder, pattern, only_flavour, every):
    """[(flavour, name, function)], one flavour after the other so that each boots once. `every`: all tests on
    all flavours that they may run on."""
    found = []
    wanted = re.compile(pattern or "")
    for path in sorted(pathlib.Path(folder).glob("test_*.py")):
        module = importlib.import_module(path.stem)
        functions = [f for name, f in vars(module).items()
                     if name.startswith("test_") and getattr(f, "__module__", None) == path.stem]
        for function in functions:
            for flavour in _flavours_of(function, every or only_flavour):
                name = f"{path.stem[5:]}/{function.__name__[5:]} [{flavour}]"
                if wanted.search(name) and only_flavour in (None, flavour):
                    found.append((flavour, name, function))
    return sorted(found, key=lambda test: test[0])


def _on_alarm(_signal, _frame):
    raise TestTimeout(f"no end after {TEST_SECONDS_MAX * SCALE:.0f} s")


def _comment(text):
    return "".join(f"# {line}\n" for line in text.rstrip().splitlines())


class Runner:
    def __init__(self, output):
        self._outputs = [sys.stdout] + ([output] if output else [])
        self._number = 0
        self.failed = 0
        self.host = None

    def write(self, text):
        for output in self._outputs:
            output.write(text)
            output.flush()

    def _line(self, ok, name, note):
        self._number += 1
        self.failed += not ok
        self.write(f"{'ok' if ok else 'not ok'} {self._number} - {name} # {note}\n")

    def _give_host(self, flavour):
        if self.host is not None and self.host.flavour.name != flavour:
            self.close()
        if self.host is None:
            self.host = machine.Machine.boot(flavour, lambda text: self.write(_comment(text)))
        else:
            self.host.reset()

    def run_one(self, flavour, name, function):
        started = time.monotonic()
        signal.signal(signal.SIGALRM, _on_alarm)
        try:
            self._give_host(flavour)
            prepared = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, TEST_SECONDS_MAX * SCALE)
            try:
                function(self.host)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            self._line(True, name, f"{time.monotonic() - prepared:.2f} s"
                       f" after {prepared - started:.2f} s of preparation")
        except Skip as reason:
            self._line(True, name, f"SKIP {reason}")
        except Exception:
            self._line(False, name, f"{time.monotonic() - started:.2f} s")
            self.write(_comment(traceback.format_exc()))
            if self.host is not None and self.host.leader is not None:
                self.write(_comment(self.host.evidence()))
            # Whatever state it is in now, the next test shall not inherit it.
            self.close()

    def close(self):
        if self.host is not None:
            host, self.host = self.host, None
            host.close()
