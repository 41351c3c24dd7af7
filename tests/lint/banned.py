#!/usr/bin/python3
"""Functions that this project does not call, each with what to use instead; and comments that cite what is outside the tree."""

import pathlib
import re
import sys

BANNED = {
    "sprintf": "snprintf or base/str",
    "vsprintf": "vsnprintf",
    "strcpy": "base/str",
    "stpcpy": "base/str",
    "strcat": "base/buf",
    "strncpy": "base/str (it may leave no terminator)",
    "strncat": "base/buf",
    "dup": "fcntl with F_DUPFD_CLOEXEC (a child that is started meanwhile keeps the other one)",
    "gets": "getline",
    "scanf": "base/parse",
    "sscanf": "base/parse",
    "fscanf": "base/parse",
    "atoi": "base/parse",
    "atol": "base/parse",
    "atoll": "base/parse",
    "atof": "base/parse",
    "strtok": "strsep on a copy, or base/str",
    "system": "a child with an argv",
    "popen": "a child with an argv",
    "execlp": "execv with a full path",
    "execvp": "execv with a full path",
    "alloca": "a bounded array",
    "sleep": "wait for the event",
    "usleep": "wait for the event",
    "nanosleep": "wait for the event",
    "clock_nanosleep": "wait for the event",
    "rand": "the random port, or getrandom",
    "random": "the random port, or getrandom",
    "tmpnam": "mkstemp",
    "tempnam": "mkstemp",
    "mktemp": "mkstemp",
    "localtime": "localtime_r",
    "gmtime": "gmtime_r or base/time",
    "ctime": "base/time",
    "asctime": "base/time",
    "bzero": "memset, or explicit_bzero for secrets",
}
# Tests read the arguments of their own fixtures, and find sshd and redis-server where the machine has them.
TESTS_MAY = {"atoi", "execlp", "execvp"}
# path: the names that it may use; each with its reason.
EXCEPTIONS = {
    # The runbook's `grep ... | jq ... | sort | uniq -c` lines, run as people type them.
    "tests/unit/store/test_audit_review.c": {"popen", "system"},
}

# Comments, strings and character constants are blanked; the line numbers stay.
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
# `x.name(` and `x->name(` are members: a port's own function pointer may be called `system`.
CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")

# What is stored of a service has one writer, so that each fact of it can be found.
STATE_WRITE = re.compile(r"\bsaved\.[\w.]+(?:\[\w+\])?\s*(?:[-+|&]?=(?!=)|\+\+|--)")
STATE_FOLDER, STATE_WRITER = pathlib.Path("src/engine"), pathlib.Path("src/engine/state.c")

# A reader of the tree has none of these documents: the sentence has to give the reason itself.
CITED = re.compile(r"\brows? [A-J][0-9]+\b|\bcontract(?:\.md)?,? (?:sections?|head)\b|\b(?:field|engineering) notes?\b|"
                   r"\b(?:the|first) design (?:says|section|document)\b|\bfirst design\b|\bfinding [A-Z]?[0-9]+\b", re.IGNORECASE)
CITING = {"src", "tests", "ui", "docs", "packaging", "examples", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md",
          "README.md", "SECURITY.md", "dev"}
TEXTS = {".c", ".h", ".py", ".ts", ".vue", ".mjs", ".md", ".in", ".sh", ".yaml", ".build", ".css", ""}
FOREIGN = {"node_modules", "corpus", "data", "dist", "screenshots"}


def citations():
    bad = 0
    for root in sorted(CITING):
        base = pathlib.Path(root)
        for path in sorted(base.rglob("*")) if base.is_dir() else [base]:
            if not path.is_file() or path.suffix not in TEXTS or FOREIGN & set(path.parts) or path.name == pathlib.Path(__file__).name:
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                match = CITED.search(line)
                if match:
                    print(f'{path}:{number}: "{match.group(0)}" cites what is outside the tree: give the reason itself')
                    bad = 1
    return bad


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def state_writes(path, code):
    if path.parent != STATE_FOLDER or path == STATE_WRITER:
        return 0
    found = list(STATE_WRITE.finditer(code))
    for match in found:
        line = code.count("\n", 0, match.start()) + 1
        print(f"{path}:{line}: the state of a service is written in {STATE_WRITER}: use a function of its header")
    return len(found)


def main():
    bad = citations()
    for root, allowed in (("src", set()), ("tests", TESTS_MAY)):
        for path in sorted(pathlib.Path(root).rglob("*.[ch]")):
            code = NOT_CODE.sub(blank, path.read_text(encoding="utf-8"))
            bad = bad or state_writes(path, code) > 0
            for match in CALL.finditer(code):
                name = match.group(1)
                if name in allowed | EXCEPTIONS.get(str(path), set()):
                    continue
                line = code.count("\n", 0, match.start()) + 1
                print(f"{path}:{line}: {name} is banned: use {BANNED[name]}")
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
