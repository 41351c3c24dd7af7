#!/usr/bin/python3
"""Adds up test results and closes with `N passed, N failed, N skipped` alone on a line.

usage: tally.py [--skipped N] FILE...

FILE is meson's testlog.json, or TAP. Every TAP line counts as one test; a program that crashed, ran
into its time limit or reported fewer tests than its plan counts as one failure more. A file that is
absent or empty is no failure: there may be no such suite in the tree. One that has results and no plan
was cut off, and is one. Exit status 1 if anything failed or if nothing was run at all.
"""

import json
import re
import sys

RESULT = re.compile(r"^(ok|not ok)\b(?:\s+(\d+))?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)(.*)$")
DIRECTIVE = re.compile(r"#\s*(skip|todo)", re.IGNORECASE)


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.failures = []

    def fail(self, text):
        self.failed += 1
        self.failures.append(text)

    def add_tap(self, program, text):
        """Returns whether the text itself explains that the program did not end well."""
        before = self.failed + self.skipped
        planned = None
        seen = 0
        for line in text.splitlines():
            plan = PLAN.match(line)
            if plan:
                planned = int(plan.group(1))
                if planned == 0:
                    self.skipped += 1
                continue
            result = RESULT.match(line)
            if not result:
                if line.startswith("Bail out!"):
                    self.fail(f"{program}: {line}")
                continue
            seen += 1
            if DIRECTIVE.search(result.group(3)):
                self.skipped += 1
            elif result.group(1) == "ok":
                self.passed += 1
            else:
                self.fail(f"{program}:{result.group(3)}")
        if planned is not None and seen < planned:
            self.fail(f"{program}: {planned} tests planned, {seen} reported")
        return self.failed + self.skipped > before

    def add_program(self, entry):
        """One line of meson's testlog.json."""
        name, result = entry["name"], entry["result"]
        failed_before = self.failed
        explained = self.add_tap(name, entry.get("stdout") or "")
        status = entry.get("returncode")
        # cmocka 1.1 writes a skipped test as `not ok N # SKIP`, which meson takes for a failure.
        if result in ("OK", "SKIP", "EXPECTEDFAIL") or (explained and status == 0):
            return
        if self.failed == failed_before:
            self.fail(f"{name}: {result}, exit status {status}")

    def add_file(self, path):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
        except FileNotFoundError:
            return
        if not path.endswith(".json"):
            failed = self.failed
            self.add_tap(path, text)
            if text and self.failed == failed and not any(map(PLAN.match, text.splitlines())):
                self.fail(f"{path}: cut off: it has no plan")
            return
        for line in text.splitlines():
            self.add_program(json.loads(line))


def main(arguments):
    tally = Tally()
    files = list(arguments)
    if "--skipped" in files:
        at = files.index("--skipped")
        tally.skipped += int(files[at + 1])
        del files[at : at + 2]
    for path in files:
        tally.add_file(path)
    for text in tally.failures:
        print(f"failed: {text}")
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed or tally.passed + tally.skipped == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
