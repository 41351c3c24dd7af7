"""What suites of Python tests share: a runner that prints TAP, and waiting for events.

Every function test_PROMISE of a test_*.py beside the suite's run.py is one test. `raise Skip(why)` skips it.
"""

import argparse
import importlib
import os
import pathlib
import re
import select
import signal
import socket
import sys
import time
import traceback

import side_by_side

SCALE = float(os.environ.get("TIMEOUT_MULTIPLIER", "3"))
LOOK_AGAIN_SECONDS = 0.02


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
        select.select([], [], [], LOOK_AGAIN_SECONDS)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _arguments(about):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("-k", metavar="PATTERN", default="", help="only tests whose name matches")
    parser.add_argument("--jobs", type=int, default=1, help="so many runs side by side (1)")
    parser.add_argument("--part", type=side_by_side.part, help=argparse.SUPPRESS)
    parser.add_argument("--output", metavar="FILE", help="write the TAP there too")
    return parser.parse_args()


def _run_one(write, number, name, run, function):
    """Returns whether it failed."""
    began = time.monotonic()
    try:
        run(function)
        write(f"ok {number} - {name} # {time.monotonic() - began:.2f} s\n")
    except Skip as reason:
        write(f"ok {number} - {name} # SKIP {reason}\n")
    except Exception:
        write(f"not ok {number} - {name} # {time.monotonic() - began:.2f} s\n"
              + "".join(f"# {line}\n" for line in traceback.format_exc().splitlines()))
        return True
    return False


def main(folder, about, run):
    """`run(function)` runs one test. Returns the exit status."""
    arguments = _arguments(about)
    side_by_side.end_orderly()
    # Of a part, the run that started it writes the file.
    to_file = arguments.output and not arguments.part
    outputs = [sys.stdout] + ([open(arguments.output, "w", encoding="utf-8")] if to_file else [])

    def write(text):
        for output in outputs:
            output.write(text)
            output.flush()

    modules = [importlib.import_module(path.stem) for path in sorted(pathlib.Path(folder).glob("test_*.py"))]
    tests = [(name[5:], function) for module in modules for name, function in vars(module).items()
             if name.startswith("test_") and re.search(arguments.k, name)]
    if arguments.part:
        side_by_side.die_with_parent()
        tests = side_by_side.share(tests, arguments.part)
    elif min(arguments.jobs, len(tests)) > 1:
        return 1 if side_by_side.run(tests, min(arguments.jobs, len(tests)), write) else 0
    write(f"1..{len(tests)}\n")
    return 1 if sum(_run_one(write, number, name, run, test) for number, (name, test) in enumerate(tests, 1)) else 0
