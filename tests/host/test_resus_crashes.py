"""Resus itself is killed in the middle of a recovery: what it had begun is told, counted and finished."""

import faults
import recoveries
from recoveries import watching
from waiting import wait_until


def killed_while_it_restarts(host, daemon):
    """Returns the intent whose outcome nobody wrote. The restart waits for a load meanwhile."""
    faults.kill(host)
    daemon.wait_for_cause("loading")
    intent, = recoveries.intents(daemon)
    assert recoveries.outcomes(daemon) == []
    daemon.kill()
    return intent


def test_dangling_intent_is_closed_as_not_known_and_the_load_is_left_alone(host):
    faults.without_restart(host)
    faults.slow_load(host, seconds=8)
    with watching(host) as daemon:
        intent = killed_while_it_restarts(host, daemon)
        before = recoveries.identity(host)
        daemon.start()
        recoveries.wait_for_actions(daemon, [("hard", "restart", False)])
        outcome, = recoveries.outcomes(daemon)
        assert outcome["request_id"] == intent["request_id"]
        assert "not known" in outcome["result"]["error"]
        assert daemon.health()["auto_recovery"]["attempts"] == 1
        host.wait_for_pong(20)
        daemon.wait_for_cause("ok")
        recoveries.assert_untouched(host, before)
        assert len(recoveries.intents(daemon)) == 1
        daemon.stop()
        daemon.start()
        daemon.wait_for_cause("ok")
        assert len(recoveries.outcomes(daemon)) == 1, "closed once, not at every start"


def test_attempts_survive_and_the_service_is_healed_after_the_delay(host):
    faults.without_restart(host)
    faults.slow_load(host, seconds=4)
    with watching(host, {"retry_delay_seconds": 3}) as daemon:
        killed_while_it_restarts(host, daemon)
        faults.kill(host)
        clock = recoveries.Clock(host)
        daemon.start()
        waiting = recoveries.wait_for_recovery(daemon, lambda r: r["phase"] == "backoff", "the backoff")
        assert waiting["attempts"] == 1
        clock.pong("kill -9 of Resus and of Redis, retry delay 3 s, load 4 s", 30)
        recoveries.wait_for_actions(daemon, [("hard", "restart", False), ("hard", "restart", True)])
        assert daemon.health()["auto_recovery"]["attempts"] == 2
        daemon.wait_for_cause("ok")


def test_record_has_no_gap_after_four_kills_of_resus(host):
    faults.without_restart(host)
    host.drop_in("limit", "[Unit]\nStartLimitIntervalSec=0\n")
    often = {"retry_delay_seconds": 0, "max_attempts": 10,
             "circuit_breaker": {"recoveries": 8, "window_seconds": 1}}
    with watching(host, often) as daemon:
        for _ in range(4):
            told = len(recoveries.intents(daemon))
            faults.kill(host)
            wait_until(lambda seen=told: len(recoveries.intents(daemon)) > seen, "an intent")
            daemon.kill()
            daemon.start()
            host.wait_for_pong()
        daemon.wait_for_cause("ok")
        wait_until(lambda: len(recoveries.outcomes(daemon)) == len(recoveries.intents(daemon)), "outcomes")
        assert len(recoveries.actions(daemon)) >= 4
