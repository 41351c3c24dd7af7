"""Busy is not hung, and unreachable is not dead: what Resus does, what it leaves alone, and how it knows."""

import contextlib

import faults
import recoveries
from proxies import Proxy
from recoveries import note, watching
from tap import Skip, on_every
from waiting import wait_until

NAMED_SECONDS = 12  # pulse, three probes, and what a script has to show itself
BLIND_SECONDS = 30


def extended(host):
    host.allow_extended_commands()
    return {"commands": "extended"}


def expect(daemon, host, cause, what, restart, seconds=NAMED_SECONDS, overall="critical"):
    """CAUSE is named, and says of a restart what it has to."""
    clock = recoveries.Clock(host)
    health = daemon.wait_for_cause(cause, seconds)
    note(f"{what}: {cause} named after {clock.so_far():.1f} s")
    assert health["overall_status"] == overall, health
    assert health["cause"]["restart"] == restart, health["cause"]
    return health


def evidence(health):
    return "\n".join(health["cause"]["evidence"])


@contextlib.contextmanager
def left_alone(host, daemon):
    """The process is the same afterwards, and nothing was even tried."""
    before = recoveries.identity(host)
    yield before
    daemon.wait_for_cause("ok", 30)
    recoveries.watch_on(daemon, 2)
    recoveries.assert_untouched(host, before)
    recoveries.assert_nothing_done(daemon)


def wait_for_human(daemon, cause):
    daemon.wait_for_audit(lambda line: line["operation"] == "manual-intervention-required"
                          and line["reason"].startswith(f"{cause}: "), 30)


# Busy


def events_that_name(daemon, word):
    return [event for event in recoveries.events(daemon) if word in event.get("message", "")]


def test_command_of_a_minute_is_waited_for_and_named_afterwards(host):
    with watching(host, service=extended(host)) as daemon, left_alone(host, daemon) as before:
        with faults.long_command(host, 60) as client:
            health = expect(daemon, host, "busy_command", "command of 60 s, extended", "harmful")
            wait_for_human(daemon, "busy_command")
            recoveries.assert_untouched(host, before)
            recoveries.assert_nothing_done(daemon)
            assert len(client.reply()) > 0
        daemon.wait_for_cause("ok", 30)
        note(f"evidence: {evidence(health)}")
        wait_until(lambda: events_that_name(daemon, "SDIFF"), "the command to be named", 30)


def test_processor_time_in_the_units_status_is_evidence_enough(host):
    faults.accounted(host)
    try:
        with watching(host) as daemon, left_alone(host, daemon):
            with faults.long_command(host, 45) as client:
                expect(daemon, host, "busy_command", "command of 45 s, CPU line of status", "harmful")
                assert len(client.reply()) > 0
    finally:
        faults.accounted_end(host)


def test_command_that_nothing_is_known_about_has_half_a_minute(host):
    """By the clock on the wall, as that half minute is: processor time takes longer on a machine that is loaded."""
    faults.allow_debug(host)
    with watching(host) as daemon, left_alone(host, daemon):
        with faults.debug_sleep(host, BLIND_SECONDS - 10) as client:
            assert client.reply() == "OK"


# Hung


def restarted(host, daemon, before, what, seconds):
    clock = recoveries.Clock(host)
    took = clock.pong(what, seconds)
    daemon.wait_for_audit(lambda line: line["operation"] == "restart" and line["result"] is not None
                          and line["result"]["success"], 30)
    daemon.wait_for_cause("ok", 30)
    assert recoveries.starts(host) == before + 1
    return took


@on_every
def test_stopped_process_is_restarted_soon_where_its_state_is_seen(host):
    with watching(host, service=extended(host)) as daemon:
        before = recoveries.starts(host)
        faults.freeze(host)
        restarted(host, daemon, before, "SIGSTOP, extended", 12)


def test_process_that_sleeps_and_serves_no_client_is_restarted_soon(host):
    faults.allow_debug(host)
    with watching(host, service=extended(host)) as daemon:
        before = recoveries.starts(host)
        with faults.debug_sleep(host, 600):
            restarted(host, daemon, before, "DEBUG SLEEP, extended", 15)


def test_hang_without_evidence_is_restarted_after_half_a_minute_and_says_so(host):
    with watching(host) as daemon:
        before = recoveries.starts(host)
        faults.freeze(host)
        took = restarted(host, daemon, before, "SIGSTOP, default commands", 45)
        assert took >= BLIND_SECONDS, took
        line = recoveries.intents(daemon)[0]
        assert "evidence" in str(line), line


# Traced, blocked


def test_traced_process_is_left_to_its_tracer(host):
    with watching(host, service=extended(host)) as daemon, left_alone(host, daemon):
        with faults.traced(host):
            expect(daemon, host, "traced", "ptrace, extended", "harmful")
            recoveries.watch_on(daemon, 35)
            assert daemon.health()["cause"]["code"] == "traced"
            recoveries.assert_nothing_done(daemon)


def can_freeze(host):
    done = host.run("systemctl", "freeze", host.unit, check=False)
    host.run("systemctl", "thaw", host.unit, check=False)
    return done.returncode == 0


def test_frozen_unit_is_left_to_a_human(host):
    if not can_freeze(host):
        raise Skip("systemd freezes units on hosts with version 2 of cgroups only")
    with watching(host) as daemon, left_alone(host, daemon):
        host.systemctl("freeze", host.unit)
        try:
            health = expect(daemon, host, "frozen", "systemctl freeze", "harmful")
            assert "(frozen)" in evidence(health), health
            wait_for_human(daemon, "frozen")
            recoveries.watch_on(daemon, BLIND_SECONDS + 5)
            recoveries.assert_nothing_done(daemon)
        finally:
            host.systemctl("thaw", host.unit)


# Which process is Redis?


def behind_a_wrapper(host):
    """The unit's main process is a shell that waits for Redis."""
    server = f"/usr/bin/{host.flavour.package} {host.flavour.config} --supervised no --daemonize no"
    host.drop_in("wrapper", "[Service]\nType=simple\nNoExecPaths=\nExecStart=\n"
                            f"ExecStart=/bin/sh -c '{server}; exit $$?'\n")
    host.systemctl("restart", host.unit)
    host.wait_for_pong()


def is_well(host, service):
    with watching(host, service=service, health={"interval_seconds": 1}) as daemon, left_alone(host, daemon):
        recoveries.watch_on(daemon, 10)
        assert daemon.health()["cause"]["code"] == "ok"


def test_redis_behind_a_wrapper_is_its_units(host):
    behind_a_wrapper(host)
    is_well(host, None)
    is_well(host, extended(host))


def test_process_that_waits_for_its_disk_is_left_to_a_human(host):
    try:
        with faults.disk_on_loop(host), watching(host, service=extended(host)) as daemon:
            before = recoveries.identity(host)
            with host.redis(seconds=120) as client:
                faults.freeze_disk(host)
                client.send("SET", "key", "value")
                expect(daemon, host, "io_blocked", "frozen file system, extended", "useless")
                wait_for_human(daemon, "io_blocked")
                recoveries.watch_on(daemon, 35)
                recoveries.assert_nothing_done(daemon)
                faults.thaw_disk(host)
                assert client.reply() == "OK"
            daemon.wait_for_cause("ok", 30)
            recoveries.assert_untouched(host, before)
            recoveries.assert_nothing_done(daemon)
    except FileNotFoundError as error:
        raise Skip(f"no loop device here: {error}") from None


# The path


def broken_path(host, daemon, what, make, repair):
    with left_alone(host, daemon):
        make()
        health = expect(daemon, host, "path_broken", what, "useless", seconds=15)
        assert "127.0.0.1:6379" in evidence(health), evidence(health)
        wait_for_human(daemon, "path_broken")
        recoveries.watch_on(daemon, 5)
        recoveries.assert_nothing_done(daemon)
        repair()


@on_every
def test_proxy_that_died_before_a_healthy_redis_is_a_broken_path(host):
    with Proxy(host) as proxy:
        with watching(host, service={"address": f"127.0.0.1:{proxy.port}"}) as daemon:
            broken_path(host, daemon, "proxy died, default commands", proxy.die, proxy.start)


def test_port_that_a_firewall_drops_is_a_broken_path(host):
    with watching(host) as daemon:
        broken_path(host, daemon, "firewall drops", lambda: host.drop_port(6379), host.drop_port_end)


def test_port_that_a_firewall_rejects_is_a_broken_path(host):
    with watching(host, service=extended(host)) as daemon:
        broken_path(host, daemon, "firewall rejects, extended", lambda: faults.reject_port(host, 6379),
                    lambda: faults.reject_port_end(host))


@on_every
def test_redis_that_listens_on_loopback_only_is_a_broken_path(host):
    with watching(host) as daemon:
        faults.listen_on_loopback_only(host)
        before = recoveries.identity(host)
        health = expect(daemon, host, "path_broken", "bind 127.0.0.1", "useless", seconds=20)
        assert "127.0.0.1:6379" in evidence(health), evidence(health)
        wait_for_human(daemon, "path_broken")
        recoveries.watch_on(daemon, 15)
        recoveries.assert_untouched(host, before)
        recoveries.assert_nothing_done(daemon)


@on_every
def test_proxy_that_died_where_nobody_can_be_asked_restarts_nothing_and_calls_a_human(host):
    faults.restrict_key(host, "restrict")
    with Proxy(host) as proxy:
        with watching(host, service={"address": f"127.0.0.1:{proxy.port}"}) as daemon, left_alone(host, daemon):
            proxy.die()
            health = expect(daemon, host, "connection_refused", "proxy died, restricted key", "useless", seconds=15)
            for words in (f"127.0.0.1:{proxy.port}", "permitopen"):
                assert words in health["cause"]["summary"], health["cause"]
            for words in ("permitopen", "via: ssh", "commands: extended"):
                assert words in health["cause"]["advice"], health["cause"]
            wait_for_human(daemon, "connection_refused")
            explained = daemon.cli("recovery", "explain").json
            assert not explained["would_act"] and "permitopen" in str(explained["reasons"]), explained
            recoveries.watch_on(daemon, BLIND_SECONDS + 5)
            assert daemon.health()["cause"]["code"] == "connection_refused"
            recoveries.assert_nothing_done(daemon)
            proxy.start()


def test_key_that_may_reach_loopback_alone_is_a_witness(host):
    faults.restrict_key(host, 'restrict,port-forwarding,permitopen="127.0.0.1:6379"')
    with Proxy(host) as proxy:
        with watching(host, service={"address": f"127.0.0.1:{proxy.port}"}) as daemon:
            broken_path(host, daemon, "proxy died, permitopen", proxy.die, proxy.start)


# The doctor


def of_doctor(daemon, check):
    items = daemon.cli("doctor").json["items"]
    return [item for item in items if item["check"] == check]


@on_every
def test_doctor_proves_the_evidence(host):
    with watching(host, service=extended(host)) as daemon:
        for check, words in (("evidence", "state and processor time"), ("witness", "127.0.0.1:6379")):
            found = of_doctor(daemon, check)
            assert [item["status"] for item in found] == ["pass"], found
            assert words in found[0]["message"], found


def test_doctor_names_what_the_key_may_not(host):
    faults.restrict_key(host, "restrict")
    with watching(host) as daemon:
        found = of_doctor(daemon, "witness")
        assert [item["status"] for item in found] == ["warning"], found
        assert 'permitopen="127.0.0.1:6379"' in found[0]["fix"], found
        found = of_doctor(daemon, "evidence")
        assert [item["status"] for item in found] == ["warning"], found
        assert "commands: extended" in found[0]["fix"], found
