"""Redis cannot save: a restart would hang or lose data, so nothing of the kind is ever tried."""

import faults
from redis_client import ReplyError
from tap import on_every
from watching import (Untouched, evidence, expect, incidents, intents, look, outcome, wait_for_human,
                      watching, watching_sick)
from waiting import wait_until


def save(host):
    """By somebody else than Resus: Redis may be at it already, by itself or for Resus."""
    def begun():
        with host.redis() as client:
            client.call("BGSAVE")
        return True

    wait_until(begun, "a save of somebody's", 10, (ReplyError,))


def bgsaves(daemon):
    return intents(daemon, "bgsave")


@on_every
def test_failing_save_is_tried_again_and_never_restarted(host):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        faults.save_fails(host)
        health = expect(daemon, "persistence_failing", "critical", "harmful")
        assert "MISCONF" in evidence(health), health
        wait_for_human(daemon, "persistence_failing")
        told = outcome(daemon, "bgsave")["result"]
        assert not told["success"] and "failed" in told["error"], told
        look(daemon)
        untouched.check("bgsave")
        faults.save_works_again(host)
        # The next try is a minute away; an admin who fixed the disk need not wait for it.
        before = len(bgsaves(daemon))
        assert daemon.cli("recovery", "reset", "--reason", "the folder is repaired").status == 0
        expect(daemon, "ok", "healthy")
        assert len(bgsaves(daemon)) == before + 1
        untouched.check("bgsave")
        with host.redis() as client:
            assert client.call("SET", "writes", "work") == "OK"


def test_failing_save_that_redis_mends_itself_needs_no_human_any_more(host):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        faults.save_fails(host)
        expect(daemon, "persistence_failing", "critical", "harmful")
        faults.save_works_again(host)
        save(host)
        expect(daemon, "ok", "healthy")
        daemon.wait_for_health(
            lambda health: not health["auto_recovery"]["requires_manual_intervention"], "nobody needed")
        assert len(incidents(daemon)) == 1, incidents(daemon)
        untouched.check("bgsave")


def test_full_disk_is_a_failing_save(host):
    with watching_sick(host) as daemon:
        faults.disk_full(host)
        untouched = Untouched(host, daemon)
        expect(daemon, "persistence_failing", "critical", "harmful")
        # INFO may have told it before the next PING does.
        daemon.wait_for_health(lambda health: "MISCONF" in evidence(health), "the reply to PING")
        wait_for_human(daemon, "persistence_failing")
        look(daemon)
        assert host.show(untouched.PROPERTIES) == untouched.before
        assert not intents(daemon, "restart", "reload"), daemon.audit()
        host.run("mount", "-o", "remount,size=100m", host.flavour.data)
        save(host)
        expect(daemon, "ok", "healthy")


def test_restart_and_stop_by_a_person_are_refused_while_the_save_fails(host):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        faults.save_fails(host)
        expect(daemon, "persistence_failing", "critical")
        for words in (("restart",), ("stop", "--confirm", "STOP")):
            answer = daemon.cli(*words)
            assert answer.status == 1, answer
            assert "cannot save to disk" in answer.stdout, answer
            preflight = daemon.cli("preflight", words[0])
            assert preflight.status == 1 and not preflight.json["allowed"], preflight
            assert any("cannot save" in text for text in preflight.json["blockers"]), preflight
            refused = daemon.wait_for_audit(lambda line: line["operation"] == words[0]
                                            and line["event_type"] == "service_operation")
            assert not refused["result"]["success"], refused
            assert "cannot save" in refused["result"]["error"], refused
            assert refused["user"]["id"] == "root" and refused["source_ip"] == "local", refused
        look(daemon)
        untouched.check("bgsave")
        assert not daemon.status().get("stopped_by")


def test_restart_by_hand_that_hangs_in_the_save_is_left_to_a_human(host):
    with watching(host) as daemon:
        before = host.main_pid()
        faults.hanging_restart_by_failing_save(host)
        health = expect(daemon, "stop_hanging", "critical", "useless", "restart_useless", seconds=30)
        assert "deactivating" in evidence(health), health
        wait_for_human(daemon, "stop_hanging")
        look(daemon)
        assert not intents(daemon, "start", "restart", "reload"), daemon.audit()
        assert host.main_pid() == before
        # What a human does then: Redis goes without a save, and the restart that hung completes.
        faults.save_works_again(host)
        with host.redis() as client:
            client.send("SHUTDOWN", "NOSAVE")
        wait_until(lambda: host.state() == "active" and host.main_pid() not in (0, before), "the restart")
        expect(daemon, "ok", "healthy")
        assert not intents(daemon, "start", "restart", "reload"), daemon.audit()
