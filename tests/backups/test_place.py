"""The restore helper with real servers: a backup in the place of the old data, with and without an append-only file, and back."""

import contextlib
import hashlib
import json
import pathlib
import random
import subprocess

import parts

KEYS = 3000
OLD = 7
OK, RUNNING, DAMAGED, NOTHING, MISMATCH = 0, 3, 4, 6, 9


class Host:
    """A data folder, a server that may run in it, and the helper."""

    def __init__(self, path, aof, program):
        self.data, self.aof, self.program = path / "data", aof, program
        self.path, self.server = path, None
        self.data.mkdir(mode=0o750)
        (path / "restore-helper.conf").write_text(
            f"[redis-server]\ndir {self.data}\nconfig {self.data}/redis.conf\nreserve_bytes 1000\n")

    def start(self):
        config = f"databases 16\nappendonly {'yes' if self.aof else 'no'}\n"
        self.server = parts.Server(self.data, config, self.program)
        parts.until("the load", lambda: self.server.info("loading") == "0")

    def stop(self):
        self.server.say("SHUTDOWN", "NOSAVE")
        self.server.process.wait(parts.WAIT_SECONDS)

    def run(self, command, given=b"", kill_after=None):
        argv = [str(parts.DRIVER.parents[1] / "unit/placement/restore-helper-here"), command, "redis-server"]
        process = subprocess.Popen(argv, cwd=self.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(given, timeout=kill_after or parts.WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        assert process.returncode in (-9, 0) or err.startswith(b"resus-restore-helper: "), err
        return process.returncode, out.decode()

    def stage(self, rdb):
        status, out = self.run("stage", f"{len(rdb)} {hashlib.sha256(rdb).hexdigest()}\n".encode() + rdb)
        assert status == OK, (status, out)
        return out.split()[1]

    def place(self, name, **more):
        return self.run("place-aof" if self.aof else "place-rdb", f"{name}\n".encode(), **more)[0]

    def undo(self, name):
        return self.run("undo", f"{name}\n".encode())[0]

    def keys(self):
        return int(self.server.say("DBSIZE")) + int(self.server.say("DBSIZE", db=3))


@contextlib.contextmanager
def host(aof, flavour=None):
    with parts.folder() as path:
        program = parts.wrapped(path, flavour) if flavour else pathlib.Path("/usr/bin/redis-server")
        h = Host(path, aof, program)
        try:
            yield h
        finally:
            if h.server:
                h.server.kill()


def backup_and_old(h):
    """The bytes of a backup with KEYS keys; the folder holds OLD others, and the server is stopped."""
    h.start()
    h.server.say("DEBUG", "POPULATE", KEYS - 1)
    h.server.say("SET", "there", "1", db=3)
    h.server.say("SAVE")
    rdb = (h.data / "dump.rdb").read_bytes()
    h.server.say("FLUSHALL")
    for i in range(OLD):
        h.server.say("SET", f"old{i}", i)
    if not h.aof:
        h.server.say("SAVE")
    h.stop()
    return rdb


def there_and_back(aof, flavour=None):
    with host(aof, flavour) as h:
        rdb = backup_and_old(h)
        name = h.stage(rdb)
        assert h.place(name) == OK and h.place(name) == OK
        facts = json.loads(h.run("facts")[1])
        assert facts["newest_aside"] == name and facts["appendonly"] is aof and not facts["running"], facts
        h.start()
        assert h.keys() == KEYS
        h.server.say("SET", "later", 1)
        assert h.undo(name) == RUNNING and h.place(name) == RUNNING
        if not aof:
            h.server.say("SAVE")
        h.stop()
        h.start()  # what was written since is kept as well
        assert h.keys() == KEYS + 1
        h.server.say("BGREWRITEAOF")
        parts.until("the rewrite", lambda: h.server.info("aof_rewrite_in_progress") == "0"
                    and h.server.info("aof_rewrite_scheduled") == "0")
        h.stop()
        assert h.undo(name) == OK and h.undo(name) == OK
        h.start()
        assert h.keys() == OLD and h.server.say("GET", "old3") == "3"
        h.stop()
        assert not list(h.data.glob("resus-aside-*")) and list(h.data.glob("resus-undone-*"))


def test_a_backup_takes_the_place_of_dump_rdb_and_goes_back():
    there_and_back(False)


def test_a_backup_becomes_the_base_of_the_append_only_file_and_goes_back():
    there_and_back(True)


def test_redis_8_loads_it_as_base():
    there_and_back(True, "debian13-redis")


def test_valkey_8_loads_it_as_base():
    there_and_back(True, "debian13-valkey")


def test_a_server_never_starts_empty_whenever_the_helper_is_killed():
    dice = random.Random(20261130)
    for aof in (False, True):
        with host(aof) as h:
            rdb = backup_and_old(h)
            for _ in range(4):
                name = h.stage(rdb)
                status = h.place(name, kill_after=dice.uniform(0.0005, 0.01))
                assert status in (-9, OK), status
                h.start()
                assert h.keys() in (OLD, KEYS), h.keys()
                h.stop()
                assert h.undo(name) == OK
                h.start()
                assert h.keys() == OLD
                h.stop()


def test_what_is_wrong_is_refused_before_a_file_is_touched():
    with host(False) as h:
        rdb = backup_and_old(h)
        before = sorted(p.name for p in h.data.iterdir())
        wrong = f"{len(rdb)} {'0' * 64}\n".encode() + rdb
        assert h.run("stage", wrong)[0] == DAMAGED
        assert h.run("stage", wrong[:-1])[0] == DAMAGED
        assert h.run("stage", b"hello\n")[0] == 64
        assert h.run("place-rdb", b"20261129T023000.000Z\n")[0] == NOTHING
        assert sorted(p.name for p in h.data.iterdir()) == before
        name = h.stage(rdb)
        assert h.run("place-aof", f"{name}\n".encode())[0] == MISMATCH
        assert h.run("drop", f"{name}\n".encode())[0] == OK
        assert sorted(p.name for p in h.data.iterdir()) == before
        h.start()
        assert h.keys() == OLD
