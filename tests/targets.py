#!/usr/bin/python3
"""What has to be compiled for the named tests, as targets for ninja.

usage: tests/targets.py BUILD_FOLDER NAME...      a name is one of `meson test --list`
"""

import json
import os
import subprocess
import sys


def main():
    build, wanted = os.path.abspath(sys.argv[1]), set(sys.argv[2:])
    listed = subprocess.run(["meson", "introspect", build, "--tests", "--targets"], check=True, stdout=subprocess.PIPE)
    found = json.loads(listed.stdout)
    files = {target["id"]: target["filename"] for target in found["targets"]}
    targets = {os.path.relpath(path, build) for test in found["tests"] if test["name"] in wanted
               for part in test["depends"] for path in files[part]}
    print("\n".join(sorted(targets)))


if __name__ == "__main__":
    main()
