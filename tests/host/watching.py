"""A watched host, and the proof of what was and was not done to it.

    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        faults.kill(host)
        ...
        untouched.check()

Every test that ends here has its audit file verified, by `resus audit verify` and by the runbook's greps.
"""

import contextlib
import json
import subprocess

import recoveries
import resus
from waiting import wait_until

# Short, so that a test waits for what happens and not for the clock. Resus refuses less than a second
# where the documents speak of seconds.
QUICK = {
    "health_check": {"interval_seconds": 1, "systemd_interval_seconds": 1, "performance_interval_seconds": 1,
                     "pulse_interval_ms": 200, "confirm_interval_ms": 200, "timeout_seconds": 1},
    # The grace stays long: a fault that stops the unit by hand shall not find it started again.
    "auto_recovery": {"retry_delay_seconds": 0},
}
# Of these a restart of the unit consists; what else is in an intent line leaves the unit alone.
UNIT_ACTIONS = ("reload", "start", "stop", "restart", "reset-failed-start")
# "check exits with ... where health says ..."
# With these Redis may be well, and the next failure would not be treated.
UNGUARDED = ("breaker_open", "attempts_exhausted", "disabled", "paused", "maintenance", "cannot_act")
CHECK_STATUS = {"healthy": 0, "degraded": 1, "critical": 2, "unknown": 3}


@contextlib.contextmanager
def watching(host, changes=None, service=None):
    """A daemon with QUICK's periods that has seen HOST healthy. CHANGES: as for resus.serving; SERVICE: of
    the one service alone."""
    with resus.serving(host, settings(changes, service)) as daemon:
        daemon.wait_for_cause("ok")
        yield daemon
        prove_audit(daemon)
        recoveries.prove_history(daemon)


@contextlib.contextmanager
def watching_sick(host, changes=None, service=None):
    """As watching(), of a host that need not be healthy."""
    with resus.serving(host, settings(changes, service)) as daemon:
        yield daemon
        prove_audit(daemon)
        recoveries.prove_history(daemon)


def settings(changes=None, service=None):
    laid = resus._merged(QUICK, changes or {})
    return resus._merged(laid, {"services": {resus.SERVICE: service}}) if service else laid


def extended(host):
    """The settings of one service with the longer list of commands, and the host's consent to it."""
    host.allow_extended_commands()
    return {"commands": "extended"}


# What was done


def intents(daemon, *operations):
    """The intent lines so far: every action stands there before it begins. None named: all."""
    return [line["operation"] for line in daemon.audit()
            if line["event_type"] == "intent" and (not operations or line["operation"] in operations)]


def incidents(daemon):
    """What a human was called for, in the audit's words."""
    return [line["reason"] for line in daemon.audit()
            if line["operation"] == "manual-intervention-required"]


def outcome(daemon, operation, event="auto_recovery", seconds=15):
    """The outcome line of OPERATION, with its intent before it."""
    def is_it(line):
        return (line["operation"] == operation and line["event_type"] == event
                and line["result"] is not None)

    found = daemon.wait_for_audit(is_it, seconds)
    before = [line for line in daemon.audit() if line["request_id"] == found["request_id"]]
    assert before[0]["event_type"] == "intent", before
    return found


class Untouched:
    """The unit as it was when this was made; check() proves that nobody restarted it since."""

    PROPERTIES = "InvocationID,NRestarts,MainPID"

    def __init__(self, host, daemon):
        self.host = host
        self.daemon = daemon
        self.before = host.show(self.PROPERTIES)

    def check(self, *allowed):
        """ALLOWED: actions that may have been tried and leave the unit alone."""
        now = self.host.show(self.PROPERTIES)
        assert now == self.before, f"the unit was touched: {self.before} -> {now}"
        assert_nothing_done(self.daemon, *allowed)


def assert_nothing_done(daemon, *allowed):
    done = [name for name in intents(daemon) if name not in allowed]
    assert not done, f"done: {done}"


def look(daemon, times=3):
    """Has Resus look again, completely, TIMES times: so often it had the occasion to act."""
    for _ in range(times):
        seen = daemon.cli("refresh", resus.SERVICE)
        assert seen.status in (0, 3), f"{seen.status}: {seen.stdout}{seen.stderr}"


def quiet(daemon):
    """Recovery has nothing under way and plans nothing."""
    return daemon.cli("recovery", "status").json["phase"] in ("idle", "exhausted")


def wait_until_quiet(daemon, seconds=15):
    wait_until(lambda: quiet(daemon), "recovery to rest", seconds, (KeyError, TypeError))


# What was said


def expect(daemon, cause, overall, restart=None, withheld=None, seconds=15):
    """Waits for the cause and checks what else is said of it, `resus check` included."""
    health = daemon.wait_for_cause(cause, seconds)
    assert health["overall_status"] == overall, health
    assert restart in (None, health["cause"]["restart"]), health["cause"]
    if withheld is not None:
        daemon.wait_for_health(
            lambda seen: (seen["auto_recovery"]["withheld"] or {}).get("reason_code") == withheld,
            f"withheld {withheld}")
    checked = daemon.cli("check")
    seen = checked.json["overall_status"]
    assert checked.status == check_status(checked.json), (checked.status, seen)
    if checked.json["cause"]["code"] == cause:
        assert seen == overall, checked.json
    return health


def check_status(health):
    """What `resus check` exits with for HEALTH."""
    withheld = (health["auto_recovery"]["withheld"] or {}).get("reason_code")
    if health["cause"]["code"] == "stopped_on_purpose":
        return 1
    if health["overall_status"] == "healthy" and withheld in UNGUARDED:
        return 1
    return CHECK_STATUS[health["overall_status"]]


def evidence(health):
    return "\n".join(health["cause"]["evidence"])


def wait_for_evidence(daemon, text, seconds=15):
    return daemon.wait_for_health(lambda health: text in evidence(health), f"evidence {text!r}", seconds)


def wait_for_human(daemon, cause, seconds=15):
    """A human is called for CAUSE, by one incident line and no more."""
    daemon.wait_for_audit(lambda line: line["operation"] == "manual-intervention-required"
                          and line["reason"].startswith(f"{cause}: "), seconds)
    called = [reason for reason in incidents(daemon) if reason.startswith(f"{cause}: ")]
    assert len(called) == 1, called
    health = daemon.health()
    assert health["auto_recovery"]["requires_manual_intervention"], health["auto_recovery"]


# The record


def prove_audit(daemon):
    """The chain holds, and the runbook's lines count what they are meant to count."""
    verified = daemon.cli("audit", "verify")
    assert verified.status == 0 and verified.json["intact"], verified.stdout
    lines = daemon.audit()
    for line in lines:
        assert (line["event_type"] == "intent") == (line["result"] is None and line["event_type"] in (
            "intent", "service_operation", "auto_recovery")), line
    _prove_count(daemon, "service_operation", "operation", lines)
    _prove_count(daemon, "auto_recovery", "recovery_level", lines)
    failures = sum(1 for line in lines if line["result"] and not line["result"]["success"])
    found = _shell(daemon, """grep '"success": false' "$1" | wc -l""")
    assert int(found) == failures, (found, failures)


def _prove_count(daemon, word, member, lines):
    """`grep WORD FILE | jq -r .MEMBER | sort | uniq -c` of the runbook."""
    counts = {}
    for line in lines:
        if line["event_type"] == word:
            counts[line[member]] = counts.get(line[member], 0) + 1
    text = _shell(daemon, f"""grep "{word}" "$1" | jq -r '.{member}' | sort | uniq -c""")
    found = {}
    for row in text.splitlines():
        number, name = row.split(maxsplit=1)
        found[None if name == "null" else name] = int(number)
    assert found == counts, (found, counts)


def _shell(daemon, command):
    done = subprocess.run(["sh", "-c", command, "sh", str(daemon.audit_file)], capture_output=True,
                          text=True, timeout=20)
    assert done.stderr == "", done.stderr
    return done.stdout


def text_of(value):
    return json.dumps(value, ensure_ascii=False)
