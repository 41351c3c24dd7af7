"""A Redis that works and cannot answer here: a long command, a path that broke, a debugger. Nothing may
be done to any of them."""

import contextlib
import ctypes
import os
import select
import socket
import threading
import time

import recoveries
from recoveries import watching
from tap import on_every
from waiting import wait_until

LOOP = "for i = 1, tonumber(ARGV[1]) do end return 'done'"
CALIBRATION = 200_000_000
BUSY_SECONDS = 60
PTRACE_ATTACH, PTRACE_DETACH = 16, 17


class Proxy:
    """TCP in front of Redis, where the daemon is. The end of it resets nothing and refuses all."""

    def __init__(self, host):
        self.host = host
        self._pairs = []
        with host.net.entered():
            self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(16)
        self.port = self._listener.getsockname()[1]
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        peers = {}
        while True:
            ready, _, _ = select.select([self._listener, self._wake, *peers], [], [])
            if self._wake in ready:
                break
            for one in ready:
                if one is self._listener:
                    here, _ = one.accept()
                    there = self.host.net.connect((self.host.address, 6379), 5)
                    peers[here], peers[there] = there, here
                elif one in peers:
                    self._forward(one, peers)
        for one in (*peers, self._listener):
            one.close()

    @staticmethod
    def _forward(one, peers):
        try:
            data = one.recv(65536)
            if data:
                peers[one].sendall(data)
                return
        except OSError:
            pass
        other = peers.pop(one)
        peers.pop(other, None)
        one.close()
        other.close()

    def close(self):
        if self._thread.is_alive():
            os.write(self._woken, b"x")
            self._thread.join()


@contextlib.contextmanager
def traced(host):
    """As gdb or gcore do it: the process is stopped and held."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    # The number of the process outside of the container.
    outside = outside_pid(host)
    if libc.ptrace(PTRACE_ATTACH, outside, None, None) != 0:
        raise OSError(ctypes.get_errno(), "PTRACE_ATTACH")
    os.waitpid(outside, 0x40000000)  # __WALL
    try:
        yield
    finally:
        libc.ptrace(PTRACE_DETACH, outside, None, None)


def outside_pid(host):
    inside = host.main_pid()
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError), open(f"/proc/{name}/status") as status:
            lines = status.read()
            if f"\t{inside}\n" not in lines or "redis-server" not in lines and "valkey-server" not in lines:
                continue
            numbers = next(line for line in lines.splitlines() if line.startswith("NSpid:")).split()[1:]
            if numbers[-1] == str(inside) and len(numbers) > 1 and net_of(name) == net_inside(host):
                return int(name)
    raise AssertionError(f"process {inside} of the host was not found")


def net_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def net_inside(host):
    return host.run("readlink", f"/proc/{host.main_pid()}/ns/net").stdout.strip()


def told_of_long_command(daemon):
    return [line["reason"] for line in daemon.audit() if line["operation"] == "long-command"]


@on_every
def test_a_long_command_is_waited_for_and_named_afterwards(host):
    host.allow_extended_commands()
    with host.redis() as client:
        client.call("CONFIG", "SET", "lua-time-limit", 0)  # no BUSY ever: as any other command
        began = time.monotonic()
        client.call("EVAL", LOOP, 0, CALIBRATION)
        turns = int(CALIBRATION * BUSY_SECONDS / (time.monotonic() - began))
    with watching(host, service={"commands": "extended"},
                  health={"busy_alert_seconds": 15}) as daemon, host.redis(seconds=180) as client:
        before = recoveries.identity(host)
        client.send("EVAL", LOOP, 0, turns)
        health = daemon.wait_for_cause("busy_command", 20)
        assert health["overall_status"] == "critical" and health["cause"]["restart"] == "harmful", health
        evidence = "\n".join(health["cause"]["evidence"])
        assert "processor time" in evidence and "on its own host: silent" in evidence, evidence
        daemon.wait_for_audit(lambda line: line["operation"] == "manual-intervention-required", 20)
        assert client.reply() == "done"
        daemon.wait_for_cause("ok", 20)
        recoveries.assert_untouched(host, before)
        recoveries.assert_nothing_done(daemon)
        said = wait_until(lambda: told_of_long_command(daemon), "the command to be named")
        assert len(said) == 1 and "EVAL from " in said[0] and " took " in said[0], said
        recoveries.note(said[0])
        assert any(said[0] in advice for advice in daemon.health()["recommendations"])
        assert daemon.health()["auto_recovery"]["requires_manual_intervention"] is False


@on_every
def test_a_path_that_broke_is_named_and_redis_is_not_touched(host):
    proxy = Proxy(host)
    with watching(host, service={"address": f"127.0.0.1:{proxy.port}"}) as daemon:
        before = recoveries.identity(host)
        proxy.close()
        health = daemon.wait_for_cause("path_broken", 20)
        assert health["overall_status"] == "critical" and health["cause"]["restart"] == "useless", health
        evidence = "\n".join(health["cause"]["evidence"])
        assert "PING: refused" in evidence and "on its own host: answers PONG at" in evidence, evidence
        recoveries.note(evidence.replace("\n", " | "))
        daemon.wait_for_audit(lambda line: line["operation"] == "manual-intervention-required", 20)
        recoveries.watch_on(daemon, 35)
        recoveries.assert_untouched(host, before)
        recoveries.assert_nothing_done(daemon)


def test_a_process_that_a_debugger_holds_is_left_alone(host):
    host.allow_extended_commands()
    with watching(host, service={"commands": "extended"}) as daemon:
        before = recoveries.identity(host)
        with traced(host):
            health = daemon.wait_for_cause("traced", 20)
            assert health["cause"]["restart"] == "harmful", health
            recoveries.watch_on(daemon, 35)
        daemon.wait_for_cause("ok", 20)
        recoveries.assert_untouched(host, before)
        recoveries.assert_nothing_done(daemon)
