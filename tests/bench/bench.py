#!/usr/bin/python3
"""The figures of docs/performance.md, measured in one run: `./dev bench`. Needs root.

    PARTS="kills hangs" ./dev bench      only these
"""

import os
import pathlib
import signal
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tests/host"), str(TREE / "tests")]
os.environ.setdefault("RESUS_BUILD", str(TREE / "build"))

import alerting  # noqa: E402
import backups  # noqa: E402
import figures  # noqa: E402
import large_fleet  # noqa: E402
import footprint  # noqa: E402
import machine  # noqa: E402
import monit  # noqa: E402
import naming  # noqa: E402
import recovering  # noqa: E402
import restoring  # noqa: E402
import simulator  # noqa: E402
import web  # noqa: E402

PARTS = {"kills": recovering.kills, "hangs": recovering.hangs, "naming": naming.naming, "monit": monit.monit,
         "footprint": footprint.footprint,
         "sessions": footprint.sessions, "fleet": large_fleet.fleet, "simulator": simulator.simulator,
         "web": web.web, "backups": backups.backups, "restoring": restoring.restoring,
         "alerting": alerting.alerting}


def main():
    why_not = machine.why_not_here()
    if why_not:
        print(f"bench: {why_not}")
        return 1
    wanted = os.environ.get("PARTS", "").split() or list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"bench: no part {unknown[0]}; there are {', '.join(PARTS)}")
        return 64
    # What runs is ended by the `with` and `finally` on the way out, by SIGTERM as by Ctrl-C.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    table = figures.Table()
    for name in wanted:
        print(f"{name}: {figures.machine()}", flush=True)
        PARTS[name](table)
    print(f"\n{figures.machine()}\n\n{table}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
