#!/usr/bin/python3
"""Messages to real receivers, through the driver send.c. Prints TAP; needs no root but for a dead name server.

usage: tests/notify/run.py [-k PATTERN] [--jobs N] [--output FILE]
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
sys.dont_write_bytecode = True

import suite  # noqa: E402

if __name__ == "__main__":
    sys.exit(suite.main(HERE, "messages to real receivers, as TAP", lambda test: test()))
