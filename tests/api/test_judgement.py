"""control: process reads the evidence about its own child, and asks it over loopback: no command is needed."""

import os
import signal
import socket
import time

from daemon import Daemon, wait_until

SECONDS = 20  # of the long command
HEALED_SECONDS = 12


def cause(served):
    return served.good("health")["cause"]["code"]


def actions(served):
    """Of automatic recovery alone: the start of the test's own Redis is an intent, too."""
    return [line["operation"] for line in served.audit()
            if line["event_type"] == "intent" and line["recovery_level"] is not None]


def command(*words):
    encoded = [word.encode() for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)


def ask(connection, *words):
    """Waits for a reply, reads its first line and leaves the rest."""
    connection.sendall(command(*words))
    return connection.recv(64)


def busy_for(served, seconds):
    """A command of about SECONDS that needs no memory: sets compared member by member."""
    with socket.create_connection(("127.0.0.1", served.port), 60) as connection:
        for name in ("few", "others"):
            for first in range(0, 20_000, 1000):
                ask(connection, "SADD", name, *[f"{name}:{number}" for number in range(first, first + 1000)])
        began = time.monotonic()
        ask(connection, "SDIFFSTORE", "result", "few", *["others"] * 400)
        rounds = int(400 * seconds / (time.monotonic() - began))
    connection = socket.create_connection(("127.0.0.1", served.port), 600)
    connection.sendall(command("SDIFFSTORE", "result", "few", *["others"] * rounds))
    return connection


def wait_for_a_long_command(served):
    served.good("refresh")
    before = served.good("status")["pid"]
    with busy_for(served, SECONDS) as connection:
        wait_until(lambda: cause(served) == "busy_command", "busy_command", SECONDS)
        assert served.good("health")["cause"]["restart"] == "harmful"
        assert connection.recv(64).startswith(b":"), "the command was cut short"
    wait_until(lambda: cause(served) == "ok", "the end of it")
    assert served.good("status")["pid"] == before
    assert actions(served) == []


def stop_the_process(served):
    served.good("refresh")
    before = served.good("status")["pid"]
    began = time.monotonic()
    os.kill(before, signal.SIGSTOP)
    wait_until(lambda: served.good("status")["pid"] not in (None, before), "a new process", 30)
    took = time.monotonic() - began
    wait_until(lambda: cause(served) == "ok", "health")
    assert took < HEALED_SECONDS * 2, took
    assert actions(served)[-1] == "restart", served.audit()


def test_long_command_of_our_own_process_is_waited_for(_):
    with Daemon() as served:
        wait_for_a_long_command(served)


def test_stopped_process_of_our_own_is_restarted_soon(_):
    with Daemon() as served:
        stop_the_process(served)
