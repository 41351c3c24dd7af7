#!/usr/bin/python3
"""Core decides and does nothing else: no clock, no allocation, no I/O.

Proved from the object code: every symbol that libresus-core.a needs and does not define itself has to be
one of ALLOWED or be defined by libresus-base.a, and of base only the parts that allocate nothing.
usage: purity.py BUILD_FOLDER
"""

import pathlib
import subprocess
import sys

ALLOWED = set(
    """
    memcpy memmove memset memcmp memchr memmem
    strlen strnlen strcmp strncmp strchr strrchr strstr strspn strcspn
    snprintf vsnprintf qsort bsearch
    fabs floor ceil fmin fmax lround llround sqrt exp log log2 pow isfinite
    abort __assert_fail __stack_chk_fail _GLOBAL_OFFSET_TABLE_
    __memcpy_chk __memmove_chk __memset_chk __snprintf_chk __vsnprintf_chk __explicit_bzero_chk
    __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc
    """.split()
)
# Parts of base that allocate; core may call every other part.
FORBIDDEN_PARTS = {"mem.c.o", "buf.c.o", "json.c.o"}


def symbols(archive):
    """[(member, kind, name)] of every member."""
    output = subprocess.run(
        ["nm", "--format=posix", "--print-file-name", str(archive)],
        check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        place, _, rest = line.partition("]: ")
        fields = rest.split()
        if len(fields) >= 2:
            yield place.rpartition("[")[2], fields[1], fields[0]


def main():
    build = pathlib.Path(sys.argv[1])
    core = list(symbols(build / "src/core/libresus-core.a"))
    base = {
        name: member
        for member, kind, name in symbols(build / "src/base/libresus-base.a")
        if kind not in "Uw"
    }
    own = {name for _, kind, name in core if kind != "U"}
    bad = 0
    for member, kind, name in core:
        if kind != "U" or name in own or name in ALLOWED:
            continue
        if name in base and base[name] not in FORBIDDEN_PARTS:
            continue
        print(f"src/core/{member}: needs {name}, which is not pure" if name not in base
              else f"src/core/{member}: needs {name} of base/{base[name]}, which allocates")
        bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
