#!/usr/bin/python3
"""An include never points up: each folder of src/ may include the folders named here, and itself.

The order is ARCHITECTURE.md's, ground floor first. A folder that is not in the table is an error, so that a
new floor has to be given its place. A folder's unit tests link what the folder may use, so they obey the
same row.
"""

import pathlib
import re
import sys

FLOORS = {
    "base": "",
    "core": "base",
    "placement": "",
    "io": "base",
    "settings": "base core io",
    "api": "base core io",
    "redis": "base core io settings",
    "host": "base core io settings",
    "store": "base core io settings",
    "notify": "base core io settings",
    "fleet": "base core io settings store",
    "accounts": "base core io settings api store",
    "sshkeys": "base core io settings api host store",
    "engine": "base core io settings api redis host store notify",
    "alerts": "base core io settings api redis host store notify engine",
    "backups": "base core placement io settings api redis store",
    "copies": "base core io settings host backups",
    "restore": "base core placement io settings api redis store backups",
    "procedures": "base core placement io settings api redis store backups",
    "report": "base core io settings api redis host store fleet notify engine alerts backups",
    "doctor": "base core io settings api redis host store notify fleet sshkeys engine alerts",
    "handlers": "base core placement io settings api redis host store fleet notify accounts sshkeys engine alerts backups restore procedures report doctor",
    "daemon": "base core io settings api redis host store fleet notify accounts sshkeys engine alerts backups restore procedures report doctor handlers",
    "cli": "base core io settings api redis host store fleet notify accounts sshkeys engine alerts backups restore procedures report doctor handlers daemon",
    "web": "base core io api",
}
# Under tests/unit, beside the floors' own folders: what their tests share.
TESTS_ONLY = {"support": "base core io"}
# Files that stand in src/ itself: the programs.
TOP = " ".join(FLOORS)

ALLOWED = {None: TOP, **FLOORS, **TESTS_ONLY}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def folder_of(path, root):
    parts = path.relative_to(root).parts
    return parts[0] if len(parts) > 1 else None


def complaints(path, floor):
    allowed = set(ALLOWED[floor].split()) | {floor}
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        target = match.group(1)
        line = text.count("\n", 0, match.start()) + 1
        first = target.split("/")[0]
        if "/" not in target or first not in FLOORS:
            # A test's own header beside it is its own affair.
            if path.parts[0] != "tests":
                yield f'{path}:{line}: "{target}": write project headers as "folder/file.h"'
        elif first not in allowed:
            yield f'{path}:{line}: {floor} may not include {first} ("{target}")'


def main():
    found = []
    for root in (pathlib.Path("src"), pathlib.Path("tests/unit")):
        for path in sorted(root.rglob("*.[ch]")):
            floor = folder_of(path, root)
            if floor not in ALLOWED or (root.name == "src" and floor in TESTS_ONLY):
                found.append(f"{path}: the folder {floor} has no row in tests/lint/layers.py")
                continue
            found.extend(complaints(path, floor))
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
