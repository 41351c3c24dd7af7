"""Public bug reports, made again on a real host: each is named for what it is, and nothing is done that
cannot help."""

import contextlib
import threading

import faults
import recoveries
import resus
from recoveries import watching
from resus import SERVICE
from tap import on_every
from test_refusals import a_password_file
from waiting import wait_until
from watching import Untouched, evidence, expect, look, wait_for_evidence, wait_for_human, watching_sick

START_SECONDS = 15  # of the unit that never gets its ready message


def advice(daemon):
    return daemon.health()["cause"]["advice"]


def diagnosis(daemon):
    return daemon.cli("diagnose", SERVICE).json


def findings(daemon):
    return [step for tree in diagnosis(daemon)["trees"] for step in tree["steps"] if step["status"] == "finding"]



def test_redis_that_serves_but_never_reports_ready_is_named_in_one_cycle(host):
    host.drop_in("unready", "[Service]\nExecStart=\n"
                 f"ExecStart=/usr/bin/{host.flavour.unit} {host.flavour.config} --supervised no --daemonize no\n"
                 f"Type=notify\nTimeoutStartSec={START_SECONDS}\nRestart=on-failure\n")
    with watching(host) as daemon:
        host.systemctl("restart", "--no-block", host.unit)
        health = expect(daemon, "start_timeout", "critical", restart="useless", seconds=START_SECONDS)
        assert "never got its ready message" in health["cause"]["summary"], health["cause"]
        assert "supervised systemd" in health["cause"]["advice"], health["cause"]
        wait_for_human(daemon, "start_timeout")
        assert any("ready message" in step["cause"] for step in findings(daemon)), diagnosis(daemon)
        # The next start is the same failure, and nobody is called again.
        before = host.main_pid()
        wait_until(lambda: host.main_pid() not in (0, before), "systemd's next start", 3 * START_SECONDS)
        recoveries.watch_on(daemon, 2)
        assert daemon.health()["cause"]["code"] == "start_timeout", daemon.health()["cause"]
        wait_for_human(daemon, "start_timeout")
        recoveries.assert_nothing_done(daemon)


@on_every
def test_replicaof_of_a_stranger_is_an_event_and_critical(host):
    quick = {"performance_interval_seconds": 1, "interval_seconds": 1}
    faults.fill(host, 2000, 10)
    with watching(host, health=quick) as daemon:
        wait_until(lambda: daemon.status().get("role") == "primary", "the role")
        host.start_inside("stranger", f"/usr/bin/{host.flavour.unit}", "--port", "7000", "--protected-mode", "no",
                          "--save", "", "--dir", "/tmp")
        with host.redis() as client:
            client.call("REPLICAOF", "127.0.0.1", "7000")
        health = expect(daemon, "wrong_instance", "critical", restart="useless")
        assert "has become a replica" in health["cause"]["summary"], health["cause"]
        wait_for_evidence(daemon, "primary 127.0.0.1:7000")
        notice = recoveries.wait_for_notice(daemon, "Redis was a primary and is now a replica of 127.0.0.1:7000")
        assert "keys 2000 -> " in notice["message"], notice
        wait_for_human(daemon, "wrong_instance")
        status = wait_until(lambda: daemon.status().get("role") and daemon.status(), "the role")
        assert (status["role"], status["primary"]) == ("replica", "127.0.0.1:7000"), status
        assert findings(daemon), diagnosis(daemon)
        recoveries.assert_nothing_done(daemon)
        # A restart of Resus does not make it right,
        daemon.stop()
        daemon.start()
        daemon.wait_for_cause("wrong_instance")
        # an operator's word does.
        assert daemon.cli("recovery", "reset", SERVICE).status == 0
        wait_until(lambda: daemon.health()["cause"]["code"] != "wrong_instance", "the role to be accepted")
        with host.redis() as client:
            client.call("REPLICAOF", "NO", "ONE")
        recoveries.wait_for_notice(daemon, "is now a primary")
        daemon.wait_for_cause("ok")


def test_log_file_of_root_is_a_matter_of_permissions(host):
    service = {"commands": "extended"}
    host.allow_extended_commands()
    faults.without_restart(host)
    with watching(host, service=service) as daemon:
        host.run("chown", "root:root", host.flavour.log)
        host.run("chmod", "600", host.flavour.log)
        try:
            faults.kill(host)
            health = expect(daemon, "permission_denied", "critical", restart="useless")
            assert "Can't open the log file" in evidence(health), health["cause"]
            names = [step["check"] for step in findings(daemon)]
            assert any("Permission denied" in name for name in names), names
        finally:
            host.run("chown", f"{host.flavour.user}:", host.flavour.log)
            host.run("chmod", "660", host.flavour.log)


def test_broken_command_before_the_start_is_not_the_data_folders_owner(host):
    faults.without_restart(host)
    host.write("/opt/prepare", "#!/bin/sh\n")
    with watching(host) as daemon:
        host.drop_in("prepare", "[Service]\nExecStartPre=/opt/prepare\n")  # not executable
        faults.kill(host)
        health = daemon.wait_for_health(
            lambda seen: seen["auto_recovery"]["requires_manual_intervention"], "a human to be called", 60)
        assert health["cause"]["code"] != "permission_denied", health["cause"]


@on_every
def test_fork_that_fails_is_not_a_full_disk(host):
    host.allow_extended_commands()
    with watching(host, service={"commands": "extended"}) as daemon:
        host.run("prlimit", "--pid", str(host.main_pid()), "--nproc=1:1")
        with host.redis() as client:
            client.call("SET", "unsaved", "1")
            try:
                client.call("BGSAVE")
            except Exception as refused:  # Redis answers with an error, and logs why
                recoveries.note(f"BGSAVE: {refused}")
            wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", "a failed save")
        expect(daemon, "persistence_failing", "critical", restart="harmful", seconds=60)
        wait_for_evidence(daemon, "fork")
        health = daemon.health()
        assert "overcommit" in health["cause"]["advice"] and "disk" not in health["cause"]["advice"], health["cause"]


def test_data_that_do_not_fit_into_memory_are_not_called_damaged_alone(host):
    host.allow_extended_commands()
    faults.without_restart(host)
    faults.fill(host, 400_000, 200)
    with host.redis(seconds=60) as client:
        client.call("SAVE")
    with watching(host, service={"commands": "extended"}) as daemon:
        host.drop_in("memory", "[Service]\nLimitAS=150M\n")
        faults.kill(host)
        health = daemon.wait_for_health(
            lambda seen: seen["auto_recovery"]["requires_manual_intervention"]
            and seen["cause"]["code"] in ("data_corrupt", "oom_killed"), "a human to be called", 60)
        recoveries.note(f"{health['cause']['code']}: {evidence(health)}")
        called = daemon.wait_for_audit(lambda line: line["operation"] == "manual-intervention-required")
        assert "memory limits" in called["reason"] and "kernel" not in called["reason"], called
        assert "memory limits" in health["cause"]["advice"], health["cause"]
        assert "restore a backup" not in health["cause"]["advice"], health["cause"]


@on_every
def test_info_that_is_not_allowed_is_a_note_and_not_a_healthy_silence(host):
    with host.redis() as client:
        client.call("ACL", "SETUSER", "watcher", "on", ">pw", "~*", "+@all", "-@dangerous")
    with a_password_file("pw") as path, watching_sick(host, service={
            "redis": {"username": "watcher", "password_file": path}}) as daemon:
        daemon.wait_for_cause("ok")
        untouched = Untouched(host, daemon)
        performance = wait_until(lambda: (lambda check: check if check["status"] == "warning" else None)(
            daemon.health()["health_checks"]["performance"]), "the note")
        assert "INFO is not allowed to our user" in performance["message"] and "NOPERM" in performance["message"], performance
        health = daemon.health()
        assert health["health_checks"]["connectivity"]["message"] == "PING successful", health
        assert any("ACL SETUSER watcher +info" in text for text in health["recommendations"]), health
        look(daemon)
        untouched.check()


@contextlib.contextmanager
def writing(host, port):
    """Somebody writes more than the output buffer of a replica may hold, until the end of the block."""
    over = threading.Event()

    def write():
        with host.redis(port=port) as client:
            number = 0
            while not over.is_set():
                client.call("SET", f"large:{number % 50}", "x" * 20_000)
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()


def test_replica_that_never_ends_its_sync_names_the_settings(host):
    """The primary's limit ends each full sync before it is done."""
    host.start_inside("primary", f"/usr/bin/{host.flavour.unit}", "--port", "7000", "--protected-mode", "no",
                      "--save", "", "--dir", "/tmp", "--client-output-buffer-limit", "replica 256kb 128kb 2",
                      "--repl-backlog-size", "16kb", "--rdb-key-save-delay", "2000", "--enable-debug-command",
                      "yes")
    wait_until(lambda: host.redis(port=7000).close() is None, "the other primary", 15, (OSError,))
    with host.redis(port=7000) as primary:
        primary.call("DEBUG", "POPULATE", "5000", "key", "300")
    with host.redis() as client:
        client.call("REPLICAOF", "127.0.0.1", "7000")
    with writing(host, 7000), resus.serving(host, {"health_check": {"interval_seconds": 1, "performance_interval_seconds": 1}}) as daemon:
        expect(daemon, "replica_link_down", "degraded", restart="useless", seconds=60)
        wait_for_evidence(daemon, "synchronising", 60)
        health = daemon.health()
        assert "client-output-buffer-limit" in health["cause"]["advice"], health["cause"]
        assert "repl-backlog-size" in health["cause"]["advice"], health["cause"]
        assert "primary 127.0.0.1:7000, link down" in evidence(health), health["cause"]
        assert findings(daemon), diagnosis(daemon)
