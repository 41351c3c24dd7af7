#!/usr/bin/python3
"""SECURITY.md: each line of its table names the tests that show it, and they are there.

A test is a file below tests/, or `FILE:NAME` for a part of one: a function of C, or of Python as the suites name it,
whose name is NAME or, with `*` at its end, begins so. A folder stands for all of its tests."""

import pathlib
import re
import sys

PAGE = pathlib.Path("SECURITY.md")
TESTS = pathlib.Path("tests")
NAMED = re.compile(r"`([^`]+)`")


def functions(file):
    text = file.read_text()
    if file.suffix == ".py":
        return {name.removeprefix("test_") for name in re.findall(r"^def (test_\w+)\(", text, re.MULTILINE)}
    defined = re.findall(r"^static void (\w+)\(void \*\*", text, re.MULTILINE)
    return {name.removeprefix("test_") for name in defined if len(re.findall(rf"\b{name}\b", text)) > 1}  # it is in the list of main(), too


def fault_of(named):
    path, _, part = named.partition(":")
    part = part.removeprefix("test_")
    file = TESTS / path
    if not file.exists():
        return f"{file} is not there"
    if not part:
        return ""
    if file.is_dir():
        return f"{file} is a folder and has no tests of its own"
    fits = (lambda name: name.startswith(part[:-1])) if part.endswith("*") else (lambda name: name == part)
    return "" if any(map(fits, functions(file))) else f"{file} has no test {part}"


def rows(text):
    """(number, cells) of the table's lines."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("| ") and not line.startswith("| who "):
            yield number, [cell.strip() for cell in line.strip("|").split(" | ")]


def main():
    count = 0
    faults = []
    for number, cells in rows(PAGE.read_text()):
        count += 1
        named = NAMED.findall(cells[-1])
        if len(cells) != 4 or not named:
            faults.append(f"{PAGE}:{number}: a line says who, can, cannot, and names a test")
        faults += [f"{PAGE}:{number}: {fault}" for fault in map(fault_of, named) if fault]
    if count == 0:
        faults.append(f"{PAGE}: it has no table")
    print(*faults, sep="\n", end="\n" if faults else "")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
