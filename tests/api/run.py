#!/usr/bin/python3
"""The command line and the API against a real daemon that runs a real redis-server. Prints TAP; needs no root.

usage: tests/api/run.py [-k PATTERN] [--output FILE]
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

import daemon  # noqa: E402

MODULES = [importlib.import_module(path.stem) for path in sorted(HERE.glob("test_*.py"))]


def _arguments():
    parser = argparse.ArgumentParser(description="the command line against a real daemon, as TAP")
    parser.add_argument("-k", metavar="PATTERN", default="", help="only tests whose name matches")
    parser.add_argument("--output", metavar="FILE", help="write the TAP there too")
    return parser.parse_args()


def main():
    arguments = _arguments()
    outputs = [sys.stdout] + ([open(arguments.output, "w")] if arguments.output else [])

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
            with daemon.Daemon() as served:
                function(served)
            write(f"ok {number} - {name}\n")
        except daemon.Skip as reason:
            write(f"ok {number} - {name} # SKIP {reason}\n")
        except Exception:
            failed += 1
            write(f"not ok {number} - {name}\n")
            write("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
