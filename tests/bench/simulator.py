"""How fast the simulator is, all promises checked: one core, processor time and not the clock on the
wall, so that a loaded machine matters less."""

import os
import re
import subprocess
import sys

import resus

SEEDS = int(os.environ.get("SEEDS", "10000"))
SECONDS_MAX = 3600


def run(seeds, **more):
    """What one run reports: (steps a second, seconds of one core, its closing line)."""
    environment = dict(os.environ, SEEDS=str(seeds), FROM="1", **more)
    environment.pop("SEED", None)
    done = subprocess.run([str(resus.BUILD / "tests/sim/sim")], env=environment, capture_output=True,
                          text=True, timeout=SECONDS_MAX)
    speed = re.search(r"(\d+) steps, (\d+) steps/s, (\d+\.\d) s of one core", done.stdout)
    closing = re.search(r"^\d+ seeds, .*$", done.stdout, re.MULTILINE)
    if speed is None or closing is None:
        sys.exit(f"bench: the simulator failed: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return int(speed.group(2)), float(speed.group(3)), closing.group(0)


def recorder(table):
    """The same seeds without recordings and with one of every incident, by turns."""
    speeds = {"0": [], "1": []}
    for record in "0110":
        speeds[record].append(run(max(SEEDS // 10, 1), RECORD=record)[0])
    without, recorded = max(speeds["0"]), max(speeds["1"])
    table.add("simulator: steps a second without recordings / with every incident recorded",
              f"{without:,} / {recorded:,}", "-")
    table.add("- what a step costs then, as a multiple", f"{without / recorded:.2f}", "-")


def simulator(table):
    """./dev test runs as many seeds in each of its runs."""
    speed, seconds, closing = run(SEEDS)
    table.add("simulator: steps a second of one core, all promises checked", f"{speed:,}", ">= 300,000")
    table.add(f"simulator: {closing}: processor time", f"{seconds:.1f} s",
              "< 120 s" if SEEDS == 10000 else "-")
    recorder(table)
