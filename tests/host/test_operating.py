"""What people do through Resus: start, restart, stop, one at a time; and what is refused."""

import concurrent.futures

import faults
import recoveries
from recoveries import watching
from resus import SERVICE
from tap import on_every
from waiting import wait_until


def lines_of(daemon, operation):
    return [line for line in daemon.audit() if line["operation"] == operation]


def test_start_of_a_running_redis_is_a_success_that_touches_nothing(host):
    with watching(host) as daemon:
        before = recoveries.identity(host)
        done = daemon.cli("start", SERVICE)
        assert done.status == 0 and done.json["success"] is True
        assert "already running" in done.json["message"]
        assert done.json["new_status"] == "running"
        recoveries.assert_untouched(host, before)
        line = daemon.wait_for_audit(lambda line: line["event_type"] == "service_operation")
        assert line["operation"] == "start" and line["result"]["success"] is True


@on_every
def test_restart_gives_a_new_process_and_says_what_it_cost(host):
    with watching(host) as daemon:
        before = host.main_pid()
        uptime = daemon.status()["uptime_seconds"]
        with host.redis() as first, host.redis() as second:
            assert first.call("PING") == second.call("PING") == "PONG"
            done = daemon.cli("restart", SERVICE, "--reason", "new configuration")
        assert done.status == 0, done.stdout
        answer = done.json
        assert answer["success"] is True and answer["new_status"] == "running"
        assert answer["previous_uptime_seconds"] >= uptime
        assert answer["connections_terminated"] >= 3, "ours and Resus' own"
        assert host.main_pid() != before and host.ping() == "PONG"
        intent, outcome = lines_of(daemon, "restart")
        assert intent["event_type"] == "intent" and outcome["event_type"] == "service_operation"
        assert intent["request_id"] == outcome["request_id"] == answer["operation_id"]
        assert intent["reason"] == outcome["reason"] == "new configuration"
        assert outcome["result"] == {**outcome["result"], "success": True, "exit_code": 0}
        told = [(event["event"], event["result"]) for event in recoveries.events(daemon, "service_event")]
        assert told == [("restart", "started"), ("restart", "success")]
        recoveries.watch_on(daemon, 3)
        recoveries.assert_nothing_done(daemon)
        recoveries.note(f"restart through Resus: {answer['duration_seconds']} s")


def test_second_operation_meanwhile_is_refused_and_told_whose_the_first_is(host):
    faults.slow_load(host, seconds=5)
    with watching(host) as daemon, concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(daemon.cli, "restart", SERVICE)
        running = wait_until(lambda: daemon.status().get("operation"), "the operation")
        assert running["operation"] == "restart" and running["user"]
        for words in (("restart",), ("start",), ("stop", "--confirm", "STOP")):
            refused = daemon.cli(words[0], SERVICE, *words[1:])
            assert refused.status == 1, refused.stdout
            assert refused.json["code"] == "operation_running"
            assert refused.json["operation"]["operation"] == "restart"
            assert refused.json["operation"]["since"] and refused.json["operation"]["user"]
        wait_until(lambda: daemon.status().get("operation", {}).get("percent", 0) > 0, "the load's progress")
        done = first.result()
        assert done.status == 0, done.stdout
        assert host.ping() == "PONG"
        assert len(lines_of(daemon, "restart")) == 2 and lines_of(daemon, "stop") == []


def test_stop_without_confirmation_is_refused_and_names_who_suffers(host):
    with watching(host, service={"affected_services": ["backend", "cache"]}) as daemon:
        before = recoveries.identity(host)
        refused = daemon.cli("stop", SERVICE)
        assert refused.status == 1
        assert refused.json["code"] == "confirmation_required"
        assert refused.json["confirmation_required"] is True
        assert refused.json["affected_services"] == ["backend", "cache"]
        recoveries.assert_untouched(host, before)
        assert lines_of(daemon, "stop") == []


def test_crash_during_a_restart_by_a_person_is_that_persons_restart(host):
    """The watch sees Redis go and come back; recovery does not interfere."""
    faults.without_restart(host)
    with watching(host) as daemon:
        before = recoveries.starts(host)
        for _ in range(3):
            assert daemon.cli("restart", SERVICE).status == 0
        daemon.wait_for_cause("ok")
        recoveries.watch_on(daemon, 2)
        recoveries.assert_nothing_done(daemon)
        assert recoveries.starts(host) == before + 3


def test_restart_that_sudo_refuses_is_a_failure_that_touched_nothing(host):
    with watching(host) as daemon:
        before = recoveries.identity(host)
        host.run("rm", "/etc/sudoers.d/autobot-redis")
        for operation in ("restart", "reload"):
            done = daemon.cli(operation, SERVICE)
            assert done.status == 1, done
            assert done.json["code"] == "command_failed", done.json
            assert done.json["details"]["exit_code"] == 1 and "password" in done.json["details"]["stderr"], done.json
            line = lines_of(daemon, operation)[-1]
            assert line["result"]["success"] is False, line
        recoveries.assert_untouched(host, before)
