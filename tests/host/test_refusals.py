"""Redis runs and refuses: what Resus says of each refusal, and that it leaves a running Redis alone."""

import contextlib
import tempfile
import threading

import faults
from redis_client import ReplyError
from tap import on_every
from watching import (Untouched, evidence, expect, look, wait_for_human, watching, watching_sick)
from waiting import wait_until


@contextlib.contextmanager
def a_client_that_writes(host):
    """Somebody's application: it writes on, whatever it is told."""
    over = threading.Event()

    def write():
        with host.redis() as client:
            while not over.wait(0.05):
                with contextlib.suppress(ReplyError):
                    client.call("SET", "key", "value")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()


@contextlib.contextmanager
def a_password_file(password):
    with tempfile.NamedTemporaryFile("w", prefix="resus-password-") as file:
        file.write(password)
        file.flush()
        yield file.name


def test_exhausted_clients_call_a_human_and_end_when_the_limit_is_raised(host):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        kept = faults.clients_exhausted(host)
        try:
            health = expect(daemon, "clients_exhausted", "critical", "useless", "restart_useless")
            assert "max number of clients reached" in evidence(health), health
            wait_for_human(daemon, "clients_exhausted")
            # The connection that Resus keeps goes on, and shows who holds the others.
            clients = daemon.cli("inspect", "clients")
            assert clients.status == 0 and "10.77.0.1" in clients.stdout, clients
            look(daemon)
            untouched.check()
            kept[0].call("CONFIG", "SET", "maxclients", 1000)
            expect(daemon, "ok", "healthy")
        finally:
            for client in kept:
                client.close()
        untouched.check()
        assert not daemon.health()["auto_recovery"]["requires_manual_intervention"]


def test_full_memory_calls_a_human_once_writes_are_refused(host):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        faults.memory_full(host)
        with a_client_that_writes(host):
            expect(daemon, "writes_refused_memory", "critical", "useless", "restart_useless")
            wait_for_human(daemon, "writes_refused_memory")
            look(daemon)
            untouched.check()
            with host.redis() as client:
                client.call("CONFIG", "SET", "maxmemory", 0)
            daemon.wait_for_health(lambda health: health["overall_status"] != "critical", "writes again")
        untouched.check()


def test_full_memory_with_eviction_is_nobodys_emergency(host):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        with host.redis() as client:
            client.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            faults.fill(host, 5000, 1000)
            client.call("CONFIG", "SET", "maxmemory", int(client.info("memory")["used_memory"]) - 1_000_000)
            with a_client_that_writes(host):
                wait_until(lambda: int(client.info("stats")["evicted_keys"]) > 0, "evictions")
                look(daemon)
                health = daemon.health()
        assert health["cause"]["code"] in ("ok", "memory_high", "latency_high"), health  # a busy machine is slow
        assert health["overall_status"] in ("healthy", "degraded"), health
        untouched.check()


def test_password_that_we_do_not_have_is_unknown_and_touches_nothing(host):
    faults.require_password(host, "s3cret")
    with watching_sick(host) as daemon:
        untouched = Untouched(host, daemon)
        health = expect(daemon, "access_refused", "unknown", "useless", "restart_useless")
        assert "NOAUTH" in evidence(health), health
        look(daemon)
        untouched.check()


def test_wrong_password_is_told_and_never_shown(host):
    faults.require_password(host, "s3cret")
    with a_password_file("guess-me") as path, \
            watching_sick(host, service={"redis": {"password_file": path}}) as daemon:
        untouched = Untouched(host, daemon)
        health = expect(daemon, "access_refused", "unknown", "useless", "restart_useless")
        assert "WRONGPASS" in evidence(health), health
        look(daemon)
        untouched.check()
        assert "guess-me" not in daemon.output() + daemon.audit_file.read_text() + str(daemon.health())


@on_every
def test_password_that_appears_at_run_time_is_found_by_the_next_new_connection(host):
    with watching(host) as daemon:
        untouched = Untouched(host, daemon)
        with host.redis() as client:
            client.call("CONFIG", "SET", "requirepass", "s3cret")
        look(daemon, 1)
        health = expect(daemon, "access_refused", "unknown", "useless", "restart_useless")
        assert "NOAUTH" in evidence(health), health
        look(daemon)
        untouched.check()
        with host.redis() as client:
            client.call("AUTH", "s3cret")
            client.call("CONFIG", "SET", "requirepass", "")
        expect(daemon, "ok", "healthy")
        untouched.check()


def test_protected_mode_is_unknown_and_touches_nothing(host):
    faults.protected_mode(host)
    with watching_sick(host) as daemon:
        untouched = Untouched(host, daemon)
        health = expect(daemon, "access_refused", "unknown", "useless", "restart_useless")
        assert "DENIED" in evidence(health), health
        look(daemon)
        untouched.check()
