#!/usr/bin/python3
"""Tests of backups with real servers and a scripted one, as TAP.

usage: run.py PULL_ONE [-k WORDS]   (PULL_ONE: the driver in the build folder)
"""

import importlib
import pathlib
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import parts  # noqa: E402


def main():
    parts.DRIVER = pathlib.Path(sys.argv[1]).resolve()
    words = sys.argv[3] if len(sys.argv) > 3 else ""
    tests = []
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        tests += [(f"{path.stem[5:]}/{name[5:]}", test) for name, test in vars(module).items()
                  if name.startswith("test_") and callable(test)]
    tests = [(name, test) for name, test in tests if words in name]
    print(f"1..{len(tests)}", flush=True)
    bad = 0
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except parts.Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except Exception:  # the report is the point
            bad += 1
            print(f"not ok {number} - {name}", flush=True)
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
