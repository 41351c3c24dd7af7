#!/usr/bin/python3
"""The files of a floor call each other in one direction only, and no header has more than 20 functions.

A circle of files can only be understood, tested and changed as one file. Two graphs are read: which header
includes which, and which object file needs a symbol of which other one (the archive of the floor, so build
it first). FLOORS names the floors that are free of circles; add one when its last circle is gone.
usage: circles.py BUILD_FOLDER [--numbers]
"""

import pathlib
import re
import subprocess
import sys

FLOORS = ("engine",)
HEADER_FUNCTIONS_MAX = 20
# A floor whose headers obey the limit.
NARROW_HEADERS = ("engine",)

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# A line that begins with a type and, before its end, opens the parenthesis of a function.
PROTOTYPE = re.compile(r"^(?!typedef|static|#|\s|\})[^;={}]*?\b\w+\([^;{}]*;", re.MULTILINE)


def includes(folder):
    """{file: files of src/ that it includes}"""
    graph = {}
    for path in sorted(folder.rglob("*.[ch]")):
        name = str(path.relative_to(folder))
        graph[name] = {n for n in INCLUDE.findall(path.read_text(encoding="utf-8")) if "/" in n}
    return graph


def calls(archive):
    """{object file: object files of the same archive that define what it needs}"""
    output = subprocess.run(["nm", "--format=posix", "--print-file-name", str(archive)],
                            check=True, capture_output=True, text=True).stdout
    defined, needed = {}, []
    for line in output.splitlines():
        place, _, rest = line.partition("]: ")
        fields = rest.split()
        if len(fields) < 2:
            continue
        member = re.split(r"[/\[]", place)[-1].removesuffix(".c.o")
        if fields[1] in "TDRBC":
            defined[fields[0]] = member
        elif fields[1] == "U":
            needed.append((member, fields[0]))
    graph = {member: set() for member in defined.values()}
    for member, name in needed:
        if name in defined and defined[name] != member:
            graph.setdefault(member, set()).add(defined[name])
    return graph


def circles(graph):
    """The sets of nodes that reach each other (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            circle = set()
            while node not in circle:
                circle.add(stack.pop())
            found.append(circle)

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return [c for c in found if len(c) > 1]


def functions_of(header):
    text = COMMENT.sub("", header.read_text(encoding="utf-8"))
    return len(PROTOTYPE.findall(text))


def main():
    sys.setrecursionlimit(10000)
    build, numbers = pathlib.Path(sys.argv[1]), "--numbers" in sys.argv
    src = pathlib.Path("src")
    bad = 0
    for circle in circles(includes(src)):
        print(f"these files include each other: {' '.join(sorted(circle))}")
        bad = 1
    for floor in FLOORS:
        graph = calls(build / f"src/{floor}/libresus-{floor}.a")
        found = circles(graph)
        for circle in found:
            edges = [f"{a} -> {b}" for a in sorted(circle) for b in sorted(graph[a] & circle)]
            print(f"these files of src/{floor} call each other: {' '.join(sorted(circle))}")
            print("    " + ", ".join(edges))
            bad = 1
        if numbers:
            print(f"{floor}: {len(graph)} files, the largest circle has {max(map(len, found), default=1)}")
    for floor in NARROW_HEADERS:
        most = 0
        for header in sorted((src / floor).glob("*.h")):
            count = functions_of(header)
            most = max(most, count)
            if count > HEADER_FUNCTIONS_MAX:
                print(f"{header}: {count} functions, {HEADER_FUNCTIONS_MAX} are allowed")
                bad = 1
        if numbers:
            print(f"{floor}: the widest header has {most} functions")
    return bad


if __name__ == "__main__":
    sys.exit(main())
