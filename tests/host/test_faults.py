"""Each fault shows what a real Redis host shows then: the truth table that the verdicts rest on."""

import faults
from redis_client import Closed, ReplyError
from tap import on, only_on
from waiting import wait_until

EVERY_FLAVOUR = ("debian12-redis", "debian13-redis", "debian13-valkey")


def refusal(host):
    """The first word of the error reply to PING."""
    try:
        host.ping()
    except ReplyError as error:
        return error.code
    raise AssertionError("PING was answered by PONG")


def log_of(host):
    return host.read(host.flavour.log)


def journal_of(host):
    return host.run("journalctl", "--no-pager", "-u", host.unit).stdout


def assert_silent(host):
    try:
        host.ping(seconds=0.5)
    except TimeoutError:
        return
    raise AssertionError("PING was answered")


def test_frozen_redis_accepts_and_never_answers(host):
    faults.freeze(host)
    assert_silent(host)
    assert host.state() == "active"
    faults.thaw(host)
    host.wait_for_pong()


@on(*EVERY_FLAVOUR)
def test_crash_loop_ends_at_the_start_limit(host):
    faults.crash_until_start_limit(host)
    assert "Start request repeated too quickly" in journal_of(host)


@only_on("debian12-redis", "debian13-valkey")
def test_unknown_directive_is_in_the_journal_and_not_in_the_log(host):
    faults.bad_directive(host)
    host.systemctl("stop", host.unit)
    faults.start_expecting_failure(host)
    assert "FATAL CONFIG FILE ERROR" in journal_of(host)
    assert "bogus-directive" not in log_of(host)


@only_on("debian13-redis")
def test_unknown_directive_is_in_the_log_and_not_in_the_journal(host):
    faults.bad_directive(host)
    host.systemctl("stop", host.unit)
    faults.start_expecting_failure(host)
    assert ">>> 'bogus-directive yes'" in log_of(host)
    assert "bogus-directive" not in journal_of(host)


@on(*EVERY_FLAVOUR)
def test_bad_value_is_in_the_journal_and_goes_with_the_repair(host):
    faults.bad_value(host)
    host.systemctl("stop", host.unit)
    faults.start_expecting_failure(host)
    assert "FATAL CONFIG FILE ERROR" in journal_of(host)
    assert "maxclients none" in journal_of(host)
    host.repair(host.flavour.config)
    host.systemctl("reset-failed", host.unit)
    host.systemctl("start", host.unit)
    host.wait_for_pong()


@on(*EVERY_FLAVOUR)
def test_taken_port_answers_pong_while_the_unit_fails(host):
    faults.port_taken(host)
    assert host.ping() == "PONG"
    assert host.state() == "failed"
    assert "Address already in use" in log_of(host)


@on(*EVERY_FLAVOUR)
def test_truncated_rdb(host):
    faults.truncated_rdb(host)
    assert "Unexpected EOF reading RDB file" in log_of(host) + journal_of(host)


def test_something_else_than_an_rdb(host):
    faults.not_an_rdb(host)
    assert "Wrong signature trying to load DB from file" in log_of(host)


@on(*EVERY_FLAVOUR)
def test_corrupt_aof(host):
    faults.corrupt_aof(host)
    assert "Bad file format reading the append only file" in log_of(host)


def test_aof_without_its_end_starts(host):
    faults.truncated_aof(host)
    assert "Truncating the AOF" in log_of(host)


def test_unreadable_data_folder(host):
    faults.unreadable_data(host)
    assert "Permission denied" in log_of(host) + journal_of(host)


@on(*EVERY_FLAVOUR)
def test_failing_save_refuses_ping(host):
    faults.save_fails(host)
    assert refusal(host) == "MISCONF"
    assert host.state() == "active"
    faults.save_works_again(host)
    with host.redis() as client:
        client.call("BGSAVE")
    host.wait_for_pong()


def test_full_disk_refuses_ping(host):
    faults.disk_full(host)
    assert refusal(host) == "MISCONF"
    assert "No space left on device" in log_of(host)


@on(*EVERY_FLAVOUR)
def test_slow_load_answers_loading_with_progress(host):
    faults.slow_load(host, seconds=6)
    faults.kill(host)
    faults.wait_for_reply(host, "LOADING")
    assert host.state() == "activating"
    with host.redis() as client:
        def loaded():
            return float(client.info("persistence").get("loading_loaded_perc", 100))

        wait_until(lambda: loaded() > 5, "progress")
    host.wait_for_pong(20)


@on(*EVERY_FLAVOUR)
def test_busy_script_is_silent_then_busy_then_killable(host):
    with faults.busy_script(host, threshold_ms=1500):
        assert_silent(host)
        faults.wait_for_reply(host, "BUSY")
        with host.redis() as client:
            assert client.call("SCRIPT", "KILL") == "OK"
        host.wait_for_pong()


def test_script_that_wrote_is_unkillable(host):
    with faults.busy_script_that_wrote(host, threshold_ms=100):
        faults.wait_for_reply(host, "BUSY")
        with host.redis() as client:
            try:
                client.call("SCRIPT", "KILL")
                raise AssertionError("killed")
            except ReplyError as error:
                assert error.code == "UNKILLABLE"
            client.send("SHUTDOWN", "NOSAVE")
            try:
                client.reply()
            except (Closed, OSError):
                pass
        host.wait_for_pong()


@on(*EVERY_FLAVOUR)
def test_restart_hangs_in_a_script_and_script_kill_releases_it(host):
    with faults.hanging_restart(host):
        with host.redis() as client:
            client.call("SCRIPT", "KILL")
        host.wait_for_state("active")
        host.wait_for_pong()


def test_restart_hangs_when_saving_fails(host):
    faults.hanging_restart_by_failing_save(host)
    wait_until(lambda: "Error trying to save the DB, can't exit" in log_of(host), "the refusal to exit")
    assert host.show("SubState")["SubState"] == "stop-sigterm"


def test_impatient_unit_is_killed(host):
    faults.time_out_stop(host, 1)
    with faults.hanging_restart(host):
        wait_until(lambda: "State 'stop-sigterm' timed out" in journal_of(host), "systemd's patience")
        host.wait_for_pong()


@on(*EVERY_FLAVOUR)
def test_exhausted_clients_refuse_new_ones_and_keep_the_old(host):
    kept = faults.clients_exhausted(host)
    try:
        assert refusal(host) == "ERR"
        assert kept[0].call("PING") == "PONG"
    finally:
        for client in kept:
            client.close()


@on(*EVERY_FLAVOUR)
def test_full_memory_refuses_writes_only(host):
    faults.memory_full(host)
    assert host.ping() == "PONG"
    with host.redis() as client:
        try:
            client.call("SET", "a", "b")
            raise AssertionError("written")
        except ReplyError as error:
            assert error.code == "OOM"


@on(*EVERY_FLAVOUR)
def test_password_and_protected_mode(host):
    faults.protected_mode(host)
    faults.wait_for_reply(host, "DENIED")
    host.repair(host.flavour.config)
    faults.require_password(host, "s3cret")
    faults.wait_for_reply(host, "NOAUTH")
    with host.redis() as client:
        assert client.call("AUTH", "s3cret") == "OK"
        assert client.call("PING") == "PONG"


def test_without_ssh_redis_still_answers(host):
    faults.stop_ssh(host)
    assert host.ssh("true").returncode == 255
    assert host.ping() == "PONG"
    faults.start_ssh(host)
    assert host.ssh("true").returncode == 0
