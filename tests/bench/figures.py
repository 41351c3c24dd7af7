"""Numbers: what a run of repeats comes to, and the table at the end."""

import os
import pathlib
import platform
import statistics


def percentile(values, percent):
    """The least value that PERCENT of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def summary(values):
    """[median, p90, greatest] of seconds, as text in ms."""
    return [f"{1000 * value:.0f} ms" for value in (statistics.median(values), percentile(values, 90),
                                                   max(values))]


def raw(what, values):
    print(f"  {what}: " + " ".join(f"{1000 * value:.0f}" for value in values) + " ms", flush=True)


class Table:
    """Rows of text: what, measured, target."""

    def __init__(self):
        self.rows = []

    def add(self, what, measured, target="-"):
        self.rows.append((what, measured, target))
        print(f"* {what}: {measured}" + (f" (target {target})" if target != "-" else ""), flush=True)

    def __str__(self):
        rows = [("Figure", "Measured", "Target"), *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
                 for row in rows]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join(lines)


def _first(path, word):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(word):
            return line.split(":", 1)[1].strip()
    return "?"


def machine():
    """The machine in one line; the load tells how quiet it was."""
    memory = int(_first("/proc/meminfo", "MemTotal").split()[0]) / 1024 / 1024
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (f"{os.cpu_count()} cores ({_first('/proc/cpuinfo', 'model name')}), {memory:.0f} GiB, "
            f"Linux {platform.release()}, load {load}")
