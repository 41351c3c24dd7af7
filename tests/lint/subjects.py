#!/usr/bin/python3
"""Subjects of the commits since the rule was made: at most 72 characters, no full stop at the end.

A merge is left out: its subject is git's. Without the commits (a source archive, a shallow clone)
there is nothing to check, and a line says so.
"""

import pathlib
import subprocess
import sys

SINCE = "fc2627cbff352e6669582e1f7b639c8913fd7b38"
SUBJECT_MAX = 72


def git(*arguments):
    """What git prints; None when it fails or is not installed."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, errors="replace", check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def why_not():
    """Why the commits cannot be read, "" when they can be."""
    top = git("rev-parse", "--show-toplevel")
    if top is None or pathlib.Path(top.rstrip("\n")).resolve() != pathlib.Path.cwd().resolve():
        return "this is not a git repository that can be read"
    if git("merge-base", "--is-ancestor", SINCE, "HEAD") is None:
        return f"commit {SINCE[:7]} is not in this clone"
    return ""


def fault_of(subject):
    if len(subject) > SUBJECT_MAX:
        return f"the subject has {len(subject)} characters, {SUBJECT_MAX} are allowed"
    if subject.endswith("."):
        return "the subject ends with a full stop"
    return ""


def main():
    reason = why_not()
    if reason:
        print(f"skipped: {reason}")
        return 0
    commits = git("log", "--no-merges", "--format=%h %s", f"{SINCE}..HEAD")
    if commits is None:
        print("git log failed: run it by hand, it says why")
        return 1
    bad = 0
    for line in commits.splitlines():
        commit, _, subject = line.partition(" ")
        fault = fault_of(subject)
        if fault:
            print(f"{commit}: {fault}: \"{subject}\": change it with git commit --amend or git rebase -i")
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
