"""How fast the simulator is, all promises checked: one core, processor time and not the clock on the
wall, so that a loaded machine matters less."""

import os
import re
import subprocess
import sys

import resus

SEEDS = int(os.environ.get("SEEDS", "10000"))
SECONDS_MAX = 3600


def simulator(table):
    """./dev test runs as many seeds in each of its runs."""
    environment = dict(os.environ, SEEDS=str(SEEDS), FROM="1")
    environment.pop("SEED", None)
    done = subprocess.run([str(resus.BUILD / "tests/sim/sim")], env=environment, capture_output=True,
                          text=True, timeout=SECONDS_MAX)
    speed = re.search(r"(\d+) steps, (\d+) steps/s, (\d+\.\d) s of one core", done.stdout)
    closing = re.search(r"^\d+ seeds, .*$", done.stdout, re.MULTILINE)
    if speed is None or closing is None:
        sys.exit(f"bench: the simulator failed: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    table.add("simulator: steps a second of one core, all promises checked", f"{int(speed.group(2)):,}",
              ">= 300,000")
    table.add(f"simulator: {closing.group(0)}: processor time", f"{speed.group(3)} s",
              "< 120 s" if SEEDS == 10000 else "-")
