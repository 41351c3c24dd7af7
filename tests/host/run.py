#!/usr/bin/python3
"""Runs the suites on a real host and prints TAP.

usage: tests/host/run.py [-k PATTERN] [--flavour NAME | --every] [--jobs N] [--list] [--output FILE]
"""

import argparse
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
JOBS = min(2, os.cpu_count() or 1)
sys.path[:0] = [str(HERE), str(HERE.parent)]
# Root's byte code would lie in a developer's tree.
sys.dont_write_bytecode = True

import image  # noqa: E402
import machine  # noqa: E402
import side_by_side  # noqa: E402
import tap  # noqa: E402


def _arguments():
    parser = argparse.ArgumentParser(description="the suites on a real host, as TAP")
    parser.add_argument("-k", metavar="PATTERN", help="only tests whose name matches")
    parser.add_argument("--flavour", choices=sorted(image.FLAVOURS), help="only this kind of host, and all of it")
    parser.add_argument("--every", action="store_true", help="all tests on all kinds of host")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"so many runs side by side ({JOBS})")
    parser.add_argument("--part", type=side_by_side.part, help=argparse.SUPPRESS)
    parser.add_argument("--list", action="store_true", help="name the tests and end")
    parser.add_argument("--output", metavar="FILE", help="write the TAP there too")
    return parser.parse_args()


def main():
    arguments = _arguments()
    tests = tap.collect(HERE, arguments.k, arguments.flavour, arguments.every)
    if arguments.list:
        print("\n".join(name for _, name, _ in tests))
        return 0
    side_by_side.end_orderly()
    # When ./dev is killed, so are we, and clean up.
    side_by_side.die_with_parent()
    # Of a part, the run that started it writes the file.
    output = open(arguments.output, "w") if arguments.output and not arguments.part else None
    runner = tap.Runner(output)
    reason = machine.why_not_here()
    if reason:
        runner.write(f"1..0 # SKIP skipped: {reason}\n")
        return 0
    if arguments.part:
        tests = side_by_side.share(tests, arguments.part)
    elif min(arguments.jobs, len(tests)) > 1:
        return 1 if side_by_side.run(tests, min(arguments.jobs, len(tests)), runner.write) else 0
    runner.write(f"1..{len(tests)}\n")
    try:
        for test in tests:
            runner.run_one(*test)
    finally:
        runner.close()
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
