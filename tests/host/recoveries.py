"""What the suites of automatic recovery ask: who touched the unit, and does the record agree?

    with recoveries.watching(host, {"external_stop": "respect"}) as daemon:
        before = recoveries.identity(host)
        ...
        recoveries.assert_untouched(host, before)
        recoveries.assert_nothing_done(daemon)
"""

import contextlib
import datetime
import re
import time

import resus
from waiting import wait_until

# Short, so that a test takes seconds. A test that is about one of them names it itself.
QUICK = {"retry_delay_seconds": 1, "external_stop_grace_seconds": 2}
# The tests' own PINGs to a Redis that is loading or busy are errors on its books.
ERRORS_IGNORED = {"errors_per_hour_warning": 1_000_000, "errors_per_hour_critical": 2_000_000}
EVENTS_READ = 500


@contextlib.contextmanager
def watching(host, recovery=None, service=None, health=None):
    """A daemon that knows its Redis: PONG, unit, INFO and CONFIG were read. RECOVERY goes over QUICK,
    SERVICE into the service, HEALTH into health_check. Its audit file is verified at the end."""
    changes = {"auto_recovery": {**QUICK, **(recovery or {})},
               "services": {resus.SERVICE: service or {}},
               "health_check": {"thresholds": ERRORS_IGNORED, **(health or {})}}
    with resus.serving(host, changes) as daemon:
        wait_until_known(daemon, host)
        yield daemon
        verified = daemon.cli("audit", "verify")
        assert verified.status == 0, verified.stdout + verified.stderr


def wait_until_known(daemon, host):
    daemon.wait_for_cause("ok")
    wait_until(lambda: daemon.status().get("pid") == host.main_pid(), "the unit's process to be known")
    wait_until(lambda: daemon.status().get("connections"), "INFO to be read")


def note(text):
    """A figure worth keeping, into the TAP."""
    print(f"# {text}", flush=True)


# The unit: who touched it?


def identity(host):
    """Changes with every start, by whomever: systemd's own restarts show in NRestarts, too."""
    return host.show("InvocationID,NRestarts,MainPID,ExecMainStartTimestampMonotonic")


def assert_untouched(host, before):
    after = identity(host)
    assert after == before, f"somebody touched the unit: {before} -> {after}"


def starts(host):
    """How often systemd began to start the unit, as its journal tells it."""
    lines = host.run("journalctl", "--no-pager", "-o", "cat", "-u", host.unit).stdout.splitlines()
    return sum(line.startswith("Starting ") for line in lines)


# The record


def intents(daemon):
    """The intent lines of automatic recovery, in order."""
    return [line for line in daemon.audit()
            if line["event_type"] == "intent" and line["user"]["id"] == "system"]


def skips(daemon):
    """[(level, operation, reason)] of what was recognised as useless and not done."""
    return [(line["recovery_level"], line["operation"], line["reason"].removeprefix("skipped: "))
            for line in daemon.audit()
            if line["event_type"] == "incident" and line["reason"].startswith("skipped: ")]


def outcomes(daemon):
    return [line for line in daemon.audit()
            if line["event_type"] == "auto_recovery"]


def actions(daemon):
    """[(level, operation, success)] of what Resus did by itself. Every intent must have come first and
    have exactly one outcome of the same id, level and operation."""
    told, done = intents(daemon), outcomes(daemon)
    assert [line["request_id"] for line in told] == [line["request_id"] for line in done], \
        f"intents and outcomes do not agree: {told} {done}"
    assert len({line["request_id"] for line in told}) == len(told), f"an id was used twice: {told}"
    for intent, outcome in zip(told, done):
        assert intent["result"] is None
        assert intent["seq"] < outcome["seq"]
        for key in ("operation", "recovery_level", "service", "user", "source_ip"):
            assert intent[key] == outcome[key], f"{key} differs: {intent} {outcome}"
        assert intent["security"]["command_validated"] is True
    return [(line["recovery_level"], line["operation"], line["result"]["success"]) for line in done]


def wait_for_actions(daemon, wanted, seconds=20):
    """Returns when exactly these actions have been done and told."""
    wait_until(lambda: len(outcomes(daemon)) >= len(wanted), f"{wanted}", seconds)
    assert actions(daemon) == wanted, f"{actions(daemon)} instead of {wanted}"


def assert_nothing_done(daemon):
    assert intents(daemon) == [] and outcomes(daemon) == [] and skips(daemon) == [], \
        f"something was done: {daemon.audit()}"


def events(daemon, kind=None):
    """The service's events, oldest first."""
    items = daemon.cli("events", resus.SERVICE, "-n", str(EVENTS_READ)).json["items"]
    items = sorted(items, key=lambda event: event["seq"])
    return [event for event in items if kind in (None, event["type"])]


def levels_told(daemon):
    """[(level, status)] of the auto_recovery events."""
    return [(event["recovery_level"], event["status"]) for event in events(daemon, "auto_recovery")]


def causes_told(daemon):
    """The causes as the daemon's log names them, oldest first: also those that were true for a moment only."""
    return re.findall(r"redis: \w+ -> (\w+): ", daemon.output())


def wait_for_notice(daemon, words, seconds=15):
    """A banner text that holds WORDS."""

    def look():
        return next((event for event in events(daemon, "notice") if words in event["message"]), None)

    return wait_until(look, f"a notice with {words!r}", seconds)


def wait_for_recovery(daemon, condition, what, seconds=15):
    """Returns the first auto_recovery object for which CONDITION holds."""

    def look():
        recovery = daemon.health()["auto_recovery"]
        return recovery if condition(recovery) else None

    return wait_until(look, what, seconds, (KeyError, TypeError))


def withheld(daemon):
    """The reason code, or None."""
    reason = daemon.health()["auto_recovery"]["withheld"]
    return reason and reason["reason_code"]


# Time


def watch_on(daemon, seconds):
    """Returns when Resus has looked at the service SECONDS from now or later: had it wanted to do
    something until then, it would have begun."""
    until = time.time() + seconds

    def looked():
        checked = datetime.datetime.fromisoformat(daemon.health()["last_check"])
        return checked.timestamp() >= until

    wait_until(looked, f"a look at the service in {seconds} s", seconds + 15, (KeyError, TypeError))


class Clock:
    """From the fault to PONG, as a client of Redis sees it."""

    def __init__(self, host):
        self.host = host
        self.started = time.monotonic()

    def so_far(self):
        return time.monotonic() - self.started

    def pong(self, what, seconds=20):
        self.host.wait_for_pong(seconds)
        took = time.monotonic() - self.started
        note(f"{what}: PONG after {took:.3f} s")
        return took
