#!/usr/bin/python3
"""Files stay short enough to be read in one go. (Functions: readability-function-size in .clang-tidy.)

An exception is a line of EXCEPTIONS with its own limit and its reason, so that they can be counted.
"""

import pathlib
import sys

SOURCE_LINES = 600
TEST_LINES = 900
SCRIPT_LINES = 600
EXCEPTIONS = {
    # "src/floor/file.c": (700, "why it cannot be two files"),
}


def limit_of(path):
    if str(path) in EXCEPTIONS:
        return EXCEPTIONS[str(path)][0]
    if path.suffix in (".py", ".sh"):
        return SCRIPT_LINES
    return TEST_LINES if path.parts[0] == "tests" else SOURCE_LINES


def main():
    bad = 0
    for root in ("src", "tests", "packaging"):
        for path in sorted(pathlib.Path(root).rglob("*")):
            if path.suffix not in (".c", ".h", ".py", ".sh") or not path.is_file():
                continue
            lines = path.read_bytes().count(b"\n")
            if lines > limit_of(path):
                print(f"{path}: {lines} lines, {limit_of(path)} are allowed")
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
