"""Several runs of the same suites at once, each with its share of the tests, as one TAP. Most tests wait for
most of their time, so that two runs take little more than half as long as one."""

import ctypes
import re
import signal
import subprocess
import sys
import threading

RESULT = re.compile(r"(not ok|ok) \d+ ")
PLAN = re.compile(r"1\.\.\d+$")
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """The kernel sends SIGTERM to the calling process when its parent has died."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _on_signal(number, _frame):
    sys.exit(128 + number)


def end_orderly():
    """A run that is killed still takes down what its tests have started."""
    # SIGINT too: a shell starts background jobs with it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)


def part(text):
    """"0/2", of the option --part."""
    number, count = text.split("/")
    return int(number), int(count)


def share(tests, part):
    """Every second test of two runs: all flavours are in each share, one after the other."""
    number, count = part
    return tests[number::count]


class _Merged:
    """Blocks of lines: what a test noted and its result, and then what explains a failure."""

    def __init__(self, write):
        self._write = write
        self._lock = threading.Lock()
        self._number = 0
        self.failed = 0

    def _emit(self, block):
        with self._lock:
            for line in block:
                found = RESULT.match(line)
                if found:
                    self._number += 1
                    self.failed += found[1] == "not ok"
                    line = f"{found[1]} {self._number} {line[found.end():]}"
                self._write(line)

    def read(self, stream):
        block = []
        for line in stream:
            if PLAN.match(line):
                continue
            if RESULT.match(line):
                self._emit(block)
                block = []
            block.append(line)
        self._emit(block)


def run(tests, jobs, write):
    """Returns how many failed; a run that ended badly counts as one."""
    write(f"1..{len(tests)}\n")
    merged = _Merged(write)
    runs = [subprocess.Popen([sys.executable, *sys.argv, "--part", f"{number}/{jobs}"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, text=True) for number in range(jobs)]
    readers = [threading.Thread(target=merged.read, args=(one.stdout,), daemon=True) for one in runs]
    for reader in readers:
        reader.start()
    try:
        for reader in readers:
            reader.join()
        return merged.failed + sum(one.wait() not in (0, 1) for one in runs)
    finally:
        for one in runs:  # each cleans up after itself
            if one.poll() is None:
                one.terminate()
        for one in runs:
            one.wait()
