"""Nasty ways in which a healthy Redis looks dead: it is never restarted, and what is said of it is so."""

import contextlib

import faults
import recoveries
from proxies import Proxy
from recoveries import watching
from tap import on_every
from test_judgement import evidence, expect, extended, left_alone, wait_for_human
from test_refusals import a_password_file
from waiting import wait_until

OTHER_PORT = 6390


# Another port


def move_port(host, port):
    config = host.read(host.flavour.config)
    host.write(host.flavour.config, config.replace("\nport 6379\n", f"\nport {port}\n"))
    host.systemctl("restart", host.unit)


def serves_at(host, port):
    with host.redis(port=port) as client:
        return client.call("PING") == "PONG"


def moved_away(host, daemon):
    """The unit is another process now, which serves at OTHER_PORT: from here on nobody touches it."""
    wait_until(lambda: serves_at(host, OTHER_PORT), "Redis at its new port", 10, (OSError,))
    before = recoveries.identity(host)
    health = expect(daemon, host, "path_broken", "port changed", "useless", seconds=25)
    assert f"127.0.0.1:{OTHER_PORT}" in evidence(health), evidence(health)
    assert f"answers at 127.0.0.1:{OTHER_PORT}" in health["cause"]["summary"], health["cause"]
    wait_for_human(daemon, "path_broken")
    recoveries.watch_on(daemon, 15)
    recoveries.assert_untouched(host, before)
    recoveries.assert_nothing_done(daemon)


@on_every
def test_redis_whose_port_was_changed_is_a_broken_path(host):
    with watching(host) as daemon:
        move_port(host, OTHER_PORT)
        moved_away(host, daemon)


def test_redis_whose_port_was_changed_is_a_broken_path_with_the_longer_list_too(host):
    with watching(host, service=extended(host)) as daemon:
        move_port(host, OTHER_PORT)
        moved_away(host, daemon)


def test_redis_whose_port_is_changed_while_it_runs_is_a_broken_path(host):
    with watching(host, service=extended(host)) as daemon:
        before = recoveries.identity(host)
        with host.redis() as client:
            client.call("CONFIG", "SET", "port", OTHER_PORT)
            with contextlib.suppress(Exception):
                client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            moved_away(host, daemon)
            client.call("CONFIG", "SET", "port", 6379)
        daemon.wait_for_cause("ok", 30)
        recoveries.assert_untouched(host, before)


def test_two_that_swapped_their_ports_are_both_left_alone(host):
    with watching(host, service=extended(host)) as daemon:
        move_port(host, OTHER_PORT)
        host.start_inside("other", f"/usr/bin/{host.flavour.unit}", "--port", "6379", "--bind", "0.0.0.0",
                          "--protected-mode", "no", "--save", "", "--dir", "/tmp")
        before = recoveries.identity(host)
        daemon.wait_for_cause("wrong_instance", 40)
        host.run("systemctl", "stop", "resus-test-other")
        moved_away(host, daemon)
        recoveries.assert_untouched(host, before)


# Clients that are paused


def paused(host, daemon, what):
    with left_alone(host, daemon), host.redis(seconds=60) as client:
        client.call("CLIENT", "PAUSE", 40_000, "ALL")
        health = expect(daemon, host, "path_broken", what, "useless", seconds=20)
        assert "they are paused (CLIENT PAUSE)" in health["cause"]["summary"], health["cause"]
        assert "clients are paused" in evidence(health), evidence(health)
        wait_for_human(daemon, "path_broken")
        assert client.call("PING") == "PONG", "the end of the pause"


@on_every
def test_redis_that_makes_its_clients_wait_is_no_hang(host):
    with watching(host) as daemon:
        paused(host, daemon, "CLIENT PAUSE")


def test_redis_that_makes_its_clients_wait_is_no_hang_by_the_longer_list(host):
    with watching(host, service=extended(host)) as daemon:
        paused(host, daemon, "CLIENT PAUSE, extended")


def test_pause_behind_a_password_is_not_called_a_broken_path_for_sure(host):
    with a_password_file("open-sesame") as path:
        faults.require_password(host, "open-sesame")
        with watching(host, service={"redis": {"password_file": path}}) as daemon, left_alone(host, daemon), \
                host.redis(seconds=60) as client:
            client.call("AUTH", "open-sesame")
            client.call("CLIENT", "PAUSE", 30_000, "ALL")
            health = expect(daemon, host, "path_broken", "CLIENT PAUSE, password", "useless", seconds=20)
            assert "paused (CLIENT PAUSE), or the path" in health["cause"]["summary"], health["cause"]
            assert client.call("PING") == "PONG", "the end of the pause"


def not_to_be_asked_and_paused(host, daemon, client, what, words):
    """The key may not reach the port on the host: whether its clients are paused shows from here alone."""
    client.call("CLIENT", "PAUSE", 45_000, "ALL")
    health = expect(daemon, host, "path_broken", what, "useless", seconds=20)
    assert words in health["cause"]["summary"], health["cause"]
    assert "from here: " in evidence(health) and "on its own host: could not be asked" in evidence(health), health
    wait_for_human(daemon, "path_broken")
    assert client.call("PING") == "PONG", "the end of the pause"


def test_redis_that_makes_its_clients_wait_is_no_hang_where_nobody_can_be_asked(host):
    faults.restrict_key(host, "restrict")
    with watching(host) as daemon, left_alone(host, daemon), host.redis(seconds=60) as client:
        not_to_be_asked_and_paused(host, daemon, client, "CLIENT PAUSE, restricted key",
                                   "they are paused (CLIENT PAUSE)")


def test_nor_behind_a_password_where_nobody_can_be_asked(host):
    faults.restrict_key(host, "restrict")
    with a_password_file("open-sesame") as path:
        faults.require_password(host, "open-sesame")
        with watching(host, service={"redis": {"password_file": path}}) as daemon, left_alone(host, daemon), \
                host.redis(seconds=60) as client:
            client.call("AUTH", "open-sesame")
            not_to_be_asked_and_paused(host, daemon, client, "CLIENT PAUSE, password, restricted key",
                                       "paused (CLIENT PAUSE), or the path")


# Writes that wait


@on_every
def test_writes_that_wait_are_named_although_ping_is_answered(host):
    with watching(host, health={"performance_interval_seconds": 1}) as daemon, left_alone(host, daemon), \
            host.redis(seconds=60) as client, host.redis(seconds=60) as writer:
        client.call("CLIENT", "PAUSE", 60_000, "WRITE")
        writer.send("SET", "key", "value")
        health = expect(daemon, host, "writes_paused", "CLIENT PAUSE WRITE", "unneeded", seconds=20, overall="degraded")
        assert "CLIENT PAUSE" in health["cause"]["summary"], health["cause"]
        assert "CLIENT UNPAUSE" in health["cause"]["advice"], health["cause"]
        # Valkey reports the pause; of Redis it is known by a command that waits and never does so by itself.
        assert "writes: " in evidence(health), health["cause"]
        assert ("s left" if "valkey" in host.flavour.name else "SET") in evidence(health), health["cause"]
        recoveries.watch_on(daemon, 3)
        recoveries.assert_nothing_done(daemon)
        client.call("CLIENT", "UNPAUSE")
        assert writer.reply() == "OK"


def test_clients_that_wait_for_a_key_are_no_pause(host):
    with watching(host, health={"performance_interval_seconds": 1}) as daemon, host.redis(seconds=60) as worker:
        worker.send("BLPOP", "queue", 0)
        recoveries.watch_on(daemon, 12)
        assert "writes_paused" not in recoveries.causes_told(daemon), recoveries.causes_told(daemon)
        assert daemon.health()["cause"]["code"] == "ok", daemon.health()


# Proxies


def test_proxy_that_accepts_and_is_silent_is_a_broken_path(host):
    with Proxy(host) as proxy:
        with watching(host, service={"address": f"127.0.0.1:{proxy.port}"}) as daemon, left_alone(host, daemon):
            proxy.hold()
            health = expect(daemon, host, "path_broken", "proxy silent", "useless", seconds=20)
            assert "127.0.0.1:6379" in evidence(health), evidence(health)
            wait_for_human(daemon, "path_broken")
            recoveries.watch_on(daemon, 35)
            recoveries.assert_nothing_done(daemon)
            proxy.let_go()


def test_proxy_that_answers_slowly_is_never_a_hang(host):
    with Proxy(host) as proxy:
        with watching(host, service={"address": f"127.0.0.1:{proxy.port}"}) as daemon, left_alone(host, daemon):
            proxy.delay = 4
            recoveries.watch_on(daemon, 45)
            assert daemon.health()["cause"]["code"] == "path_broken", daemon.health()
            recoveries.assert_nothing_done(daemon)
            proxy.delay = 0
