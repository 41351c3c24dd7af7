#!/usr/bin/python3
"""clang-tidy over every file of compile_commands.json, in parallel, and only where something changed.

A file that was clean is not read again until it, a project header that it includes (through however many
steps), its command line or the configuration changes: BUILD/tidy holds a stamp for each.
usage: tidy.py BUILD_FOLDER
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
FILE_SECONDS_MAX = 600


def closure(path, seen):
    """The file and every project header it reaches."""
    if path in seen or not path.is_file():
        return seen
    seen.add(path)
    for name in INCLUDE.findall(path.read_bytes()):
        closure(pathlib.Path("src") / name.decode(), seen)
        closure(path.parent / name.decode(), seen)
    return seen


def stamp_of(path, command):
    configurations = [folder / ".clang-tidy" for folder in path.parents if (folder / ".clang-tidy").is_file()]
    digest = hashlib.sha256(command.encode())
    for part in sorted(closure(path, set())) + configurations:
        digest.update(str(part).encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()


def check(build, path, command):
    stamp = build / "tidy" / (str(path).replace("/", "_") + ".clean")
    wanted = stamp_of(path, command)
    if stamp.is_file() and stamp.read_text() == wanted:
        return ""
    result = subprocess.run(
        ["clang-tidy", "--quiet", "-p", str(build), str(path)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=FILE_SECONDS_MAX)
    if result.returncode == 0:
        stamp.write_text(wanted)
        return ""
    return result.stdout + (result.stderr if not result.stdout.strip() else "")


def main():
    build = pathlib.Path(sys.argv[1])
    (build / "tidy").mkdir(exist_ok=True)
    here = pathlib.Path(".").resolve()
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        commands[path.relative_to(here)] = entry["command"]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(check, build, path, command) for path, command in sorted(commands.items())]
        for job in jobs:
            text = job.result()
            if text:
                print(text)
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
