"""The same faults with monit on the host, at the fastest setting that its users run."""

import dataclasses
import os
import select
import statistics

import image
from figures import raw
from recovering import prepared_host
from stopwatch import NoPong, kill_redis, pong_at, stop_redis
from waiting import wait_until

KILLS = int(os.environ.get("MONIT_KILLS", "8"))
HANG_SECONDS_MAX = 180
PERIOD_SECONDS = 5
MONITRC = f"""\
set daemon {PERIOD_SECONDS}
set log /var/log/monit.log
check process redis with pidfile /run/redis/redis-server.pid
  start program = "/bin/systemctl start redis-server"
  stop program = "/bin/systemctl stop redis-server"
  if failed port 6379 protocol redis then restart
"""


def _flavour():
    """Debian 12 with monit beside Redis; an image of its own, so that the other stays as it is."""
    made = dataclasses.replace(image.FLAVOURS["debian12-redis"], name="bench-monit",
                               package="redis-server,monit")
    image.FLAVOURS[made.name] = made
    return made.name


def _set_up(host):
    host.write("/etc/monit/monitrc", MONITRC)
    host.run("chmod", "600", "/etc/monit/monitrc")
    host.systemctl("restart", "monit")
    wait_until(lambda: host.state("monit") == "active", "monit", 20)


def _pause(seconds):
    """Faults come at every moment of monit's round, not always at the same."""
    select.select([], [], [], seconds)


def monit(table):
    with prepared_host(_flavour()) as host:
        _set_up(host)
        _pause(2 * PERIOD_SECONDS)
        took = []
        for number in range(KILLS):
            began = kill_redis(host)
            took.append(pong_at(host, 60) - began)
            # The round that has just healed it must be over, and another begun.
            _pause(PERIOD_SECONDS + PERIOD_SECONDS * number / KILLS)
        raw("kill -9, monit, PONG", took)
        table.add(f"kill -9 to PONG by monit, `set daemon {PERIOD_SECONDS}`, n={KILLS}: median, max",
                  f"{1000 * statistics.median(took):.0f} ms / {1000 * max(took):.0f} ms")
        began = stop_redis(host)
        try:
            hung = f"{pong_at(host, HANG_SECONDS_MAX) - began:.1f} s"
        except NoPong:
            hung = f"not within {HANG_SECONDS_MAX} s"
        table.add("hung (SIGSTOP) to PONG by monit, n=1", hung)
