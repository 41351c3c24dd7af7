"""The server that proves a backup by loading it: harmless to the machine, and gone with its caller."""

import contextlib
import os
import pathlib
import signal

from parts import Run, folder, run, server, until


def slow_server(path):
    """One that takes its time for each key."""
    program = path / "redis-server"
    program.write_text('#!/bin/sh\nexec /usr/bin/redis-server "$@" --key-load-delay 5000 '
                       '--loading-process-events-interval-bytes 1024\n')
    program.chmod(0o755)
    (path / "redis-check-rdb").symlink_to("/usr/bin/redis-check-rdb")
    return program


def below(pid):
    """The first child of the process."""
    for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                with contextlib.suppress(OSError):
                    if "redis-server" in pathlib.Path(f"/proc/{child}/comm").read_text():
                        return int(child)
    return None


def limit(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith(name):
            return line.split()[len(name.split())]
    return None


@contextlib.contextmanager
def proving(**options):
    """(driver, pid of its server, folder) in the middle of a load."""
    with folder() as path, server() as s:
        s.say("DEBUG", "POPULATE", 2000, "key", 50)
        s.say("SAVE")
        os.rename(s.path / "dump.rdb", path / "dump.rdb")
        b = Run("prove", file=path / "dump.rdb", folder=path, server=slow_server(path), **options)
        found = []
        until("the server", lambda: found.append(below(b.process.pid)) or found[-1])
        yield b, found[-1], path


def test_it_has_no_port_little_priority_and_a_limit_of_memory():
    with proving(load_ms=60000) as (b, pid, path):
        proof = next(p for p in path.iterdir() if p.name.startswith(".proof-"))
        until("the socket", lambda: (proof / "redis.sock").exists())
        assert proof.stat().st_mode & 0o777 == 0o700
        assert pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "1000"
        assert os.getpriority(os.PRIO_PROCESS, pid) == 19
        assert 768 << 20 <= int(limit(pid, "Max address space")) < 1 << 30, limit(pid, "Max address space")
        assert int(limit(pid, "Max core file size")) == 0
        # An inode of a listening TCP socket would be in both.
        inodes = {os.readlink(f)[8:-1] for f in pathlib.Path(f"/proc/{pid}/fd").iterdir() if "socket:" in os.readlink(f)}
        listening = {line.split()[9] for name in ("tcp", "tcp6") if os.path.exists(f"/proc/net/{name}")
                     for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()[1:] if line.split()[3] == "0A"}
        assert not inodes & listening
        b.process.kill()
        b.process.wait()


def test_it_ends_with_its_caller():
    with proving(load_ms=60000) as (b, pid, _):
        b.process.kill()
        b.process.wait()
        until("the server's end", lambda: not pathlib.Path(f"/proc/{pid}").exists())


def test_a_load_that_takes_too_long_cannot_tell():
    with proving(load_ms=500) as (b, pid, path):
        check = b.end()["checks"][-1]
        assert (check["verdict"], check["reason"]) == ("cannot_tell", "too_slow"), check
        assert not pathlib.Path(f"/proc/{pid}").exists() and not list(path.glob(".proof-*"))


def test_a_server_that_is_killed_lacked_memory():
    with proving(load_ms=60000) as (b, pid, _):
        os.kill(pid, signal.SIGKILL)
        check = b.end()["checks"][-1]
        assert (check["verdict"], check["reason"]) == ("cannot_tell", "not_enough_memory"), check


def test_a_backup_is_not_changed_by_its_proof():
    with server() as s, folder() as path:
        s.say("DEBUG", "POPULATE", 100)
        s.say("SAVE")
        os.rename(s.path / "dump.rdb", path / "dump.rdb")
        before = ((path / "dump.rdb").read_bytes(), (path / "dump.rdb").stat().st_mtime_ns)
        assert run("prove", file=path / "dump.rdb", folder=path)["proved"] == "loaded"
        assert before == ((path / "dump.rdb").read_bytes(), (path / "dump.rdb").stat().st_mtime_ns)


def test_a_program_that_is_no_server_is_named():
    with server() as s, folder() as path:
        s.say("SAVE")
        os.rename(s.path / "dump.rdb", path / "dump.rdb")
        (path / "redis-server").symlink_to("/bin/false")
        (path / "redis-check-rdb").symlink_to("/usr/bin/redis-check-rdb")
        check = run("prove", file=path / "dump.rdb", folder=path, server=path / "redis-server")["checks"][-1]
        assert check["reason"] == "no_server" and "backup.server" in check["text"], check
