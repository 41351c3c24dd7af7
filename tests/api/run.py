#!/usr/bin/python3
"""The command line and the API against a real daemon that runs a real redis-server. Prints TAP; needs no root.

usage: tests/api/run.py [-k PATTERN] [--jobs N] [--output FILE]
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
sys.dont_write_bytecode = True

import daemon  # noqa: E402
import suite  # noqa: E402


def _with_a_daemon(test):
    with daemon.Daemon() as served:
        test(served)


if __name__ == "__main__":
    sys.exit(suite.main(HERE, "the command line against a real daemon, as TAP", _with_a_daemon))
