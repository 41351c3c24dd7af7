"""A line that turns slow and loses packets while Redis and its host are well. Resus may not know what
is wrong, and may not restart what it cannot judge."""

import contextlib
import pathlib
import random
import select
import tempfile
import time

import recoveries
from proxies import PIECE, Proxy
from recoveries import note, watching

HALF_TURN_SECONDS = 1.2
LOSS_PERCENT = 20
RESEND_SECONDS = (1.5, 3, 6)  # TCP waits longer for each loss of the same packet on a slow line
WATCHED_SECONDS = 75


class SlowLine(Proxy):
    """Passes on at once until `turn_slow()`."""

    def __init__(self, host, port, target):
        self._slow = False
        self._chance = random.Random(port)
        super().__init__(host, port, target)

    def turn_slow(self):
        self._slow = True

    def _delay(self):
        if not self._slow:
            return 0
        seconds = HALF_TURN_SECONDS
        for resend in RESEND_SECONDS:
            if self._chance.randrange(100) >= LOSS_PERCENT:
                break
            seconds += resend
        return seconds

    def _carry(self, near, far):
        """Bytes keep their order: what was lost holds up what follows it."""
        queues = {near: [], far: []}
        with near, far, contextlib.suppress(OSError):
            while True:
                waits = [queue[0][0] for queue in queues.values() if queue]
                timeout = max(0, min(waits) - time.monotonic()) if waits else None
                for end in select.select([near, far], [], [], timeout)[0]:
                    piece = end.recv(PIECE)
                    if not piece:
                        return
                    queue = queues[far if end is near else near]
                    due = time.monotonic() + self._delay()
                    queue.append((max(due, queue[-1][0]) if queue else due, piece))
                for end, queue in queues.items():
                    while queue and queue[0][0] <= time.monotonic():
                        end.sendall(queue.pop(0)[1])


@contextlib.contextmanager
def over_a_line(host, commands):
    with tempfile.NamedTemporaryFile("w") as known, SlowLine(host, 7379, 6379) as redis, \
            SlowLine(host, 2222, 22) as ssh:
        for line in host.image.known_hosts().splitlines():
            known.write("[127.0.0.1]:2222 " + line.split(" ", 1)[1] + "\n")
        known.flush()
        pathlib.Path(known.name).chmod(0o600)
        service = {"address": "127.0.0.1:7379", "commands": commands,
                   "ssh": {"host": "127.0.0.1", "port": 2222, "known_hosts": known.name}}
        with watching(host, service=service) as daemon:
            redis.turn_slow()
            ssh.turn_slow()
            yield daemon


def is_left_alone(host, commands):
    with over_a_line(host, commands) as daemon:
        before = recoveries.identity(host)
        recoveries.watch_on(daemon, WATCHED_SECONDS)
        note(f"slow line, {commands} commands: told {recoveries.causes_told(daemon)}")
        recoveries.assert_untouched(host, before)
        recoveries.assert_nothing_done(daemon)
        assert "hung" not in recoveries.causes_told(daemon)


def test_a_healthy_redis_behind_a_slow_line_is_not_restarted(host):
    is_left_alone(host, "default")


def test_nor_with_evidence_of_a_process_that_sleeps(host):
    host.allow_extended_commands()
    is_left_alone(host, "extended")
