#!/usr/bin/python3
"""Messages to real receivers, through the driver send.c. Prints TAP; needs no root but for a dead name server.

usage: tests/notify/run.py [-k PATTERN] [--output FILE]
"""

import argparse
import importlib
import pathlib
import re
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from waiting import Skip  # noqa: E402

MODULES = [importlib.import_module(path.stem) for path in sorted(HERE.glob("test_*.py"))]


def _arguments():
    parser = argparse.ArgumentParser(description="messages to real receivers, as TAP")
    parser.add_argument("-k", metavar="PATTERN", default="", help="only tests whose name matches")
    parser.add_argument("--output", metavar="FILE", help="write the TAP there too")
    return parser.parse_args()


def main():
    arguments = _arguments()
    outputs = [sys.stdout] + ([open(arguments.output, "w", encoding="utf-8")] if arguments.output else [])

    def write(text):
        for output in outputs:
            output.write(text)
            output.flush()

    tests = [(name[5:], function) for module in MODULES for name, function in vars(module).items()
             if name.startswith("test_") and re.search(arguments.k, name)]
    write(f"1..{len(tests)}\n")
    failed = 0
    for number, (name, function) in enumerate(tests, 1):
        try:
            function()
            write(f"ok {number} - {name}\n")
        except Skip as reason:
            write(f"ok {number} - {name} # SKIP {reason}\n")
        except Exception:
            failed += 1
            write(f"not ok {number} - {name}\n")
            write("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
