"""The settings are read again while something is under way: whatever loses its connection ends, and the watch goes on."""

import json
import shutil
import signal
import threading

import faults
import recoveries
from recoveries import watching
from waiting import wait_until

# The restart takes this long, as a load does.
SLOW_START = "[Service]\nExecStartPre=+/bin/sleep 5\n"

OUR_SESSION = "sshd(-session)?: autobot.*"


def another_known_hosts(daemon):
    """A changed setting that needs a new SSH session, to the same host."""
    ssh = daemon.settings["services"]["redis"]["ssh"]
    other = daemon.folder / "known_hosts_2"
    shutil.copyfile(daemon.folder / "known_hosts", other)
    ssh["known_hosts"] = str(other)


def reload(daemon):
    seen = daemon.output().count("reloaded ")
    daemon.reload()
    wait_until(lambda: daemon.output().count("reloaded ") > seen, "the reload")


def unit_age_ms(daemon):
    return float(daemon.cli("recovery", "explain").json["facts"]["unit_age_ms"])


def begin_a_slow_restart(host, daemon):
    faults.kill(host)
    recoveries.wait_for_recovery(daemon, lambda r: r["phase"] == "acting", "the restart")
    host.wait_for_state("activating")


def the_next_crash_is_healed(host, daemon):
    daemon.wait_for_cause("ok", 30)
    pid = host.main_pid()
    faults.kill(host)
    host.wait_for_pong(30)
    assert host.main_pid() != pid
    daemon.wait_for_cause("ok", 30)


def test_a_restart_whose_session_is_closed_by_a_reload_is_verified_and_the_next_crash_healed(host):
    faults.without_restart(host)
    host.drop_in("slow", SLOW_START)
    with watching(host) as daemon:
        begin_a_slow_restart(host, daemon)
        another_known_hosts(daemon)
        reload(daemon)
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)], 30)
        the_next_crash_is_healed(host, daemon)


def test_a_new_name_closes_no_session_and_the_restart_ends_as_if_nothing_was(host):
    faults.without_restart(host)
    host.drop_in("slow", SLOW_START)
    with watching(host) as daemon:
        begin_a_slow_restart(host, daemon)
        daemon.settings["services"]["redis"]["name"] = "Another name"
        reload(daemon)
        recoveries.wait_for_actions(daemon, [("hard", "restart", True)], 30)
        assert daemon.output().count("session open") == 1, daemon.output()
        the_next_crash_is_healed(host, daemon)


def test_a_look_that_is_lost_in_a_reload_does_not_blind_the_watch(host):
    """The old session hangs, with a look at the unit on its way, as on a slow line."""
    faults.without_restart(host)
    with watching(host, health={"systemd_interval_seconds": 1}) as daemon:
        host.run("pkill", "-STOP", "-x", "-f", OUR_SESSION)
        try:
            wait_until(lambda: unit_age_ms(daemon) > 2500, "a look without an answer")
            another_known_hosts(daemon)
            reload(daemon)
            wait_until(lambda: unit_age_ms(daemon) < 1500, "the unit to be seen again")
            daemon.wait_for_cause("ok")
            the_next_crash_is_healed(host, daemon)
        finally:
            host.run("pkill", "-CONT", "-x", "-f", OUR_SESSION, check=False)


def test_a_stop_and_a_start_around_a_reload_on_a_session_that_hangs_end_healthy(host):
    """A slow line: the stop is seen late or never, and what was asked in between has no answer."""
    faults.without_restart(host)
    with watching(host, {"external_stop": "respect"}, health={"systemd_interval_seconds": 1}) as daemon:
        host.run("pkill", "-STOP", "-x", "-f", OUR_SESSION)
        try:
            host.systemctl("stop", host.unit)
            wait_until(lambda: daemon.health()["connectivity"] is False, "the stop to be noticed")
            another_known_hosts(daemon)
            reload(daemon)
            host.systemctl("start", host.unit)
            daemon.wait_for_cause("ok")
            the_next_crash_is_healed(host, daemon)
        finally:
            host.run("pkill", "-CONT", "-x", "-f", OUR_SESSION, check=False)


def test_a_persons_restart_whose_session_is_closed_by_a_reload_is_verified(host):
    faults.without_restart(host)
    host.drop_in("slow", SLOW_START)
    with watching(host) as daemon:
        pid = host.main_pid()
        answers = []
        person = threading.Thread(target=lambda: answers.append(daemon.cli("restart", "--force")))
        person.start()
        host.wait_for_state("activating")
        another_known_hosts(daemon)
        reload(daemon)
        person.join()
        assert answers[0].status == 0, answers
        assert host.main_pid() != pid
        the_next_crash_is_healed(host, daemon)


def refused(daemon, text, words):
    """Reads TEXT as its settings, refuses it with WORDS, and goes on as before."""
    seen = daemon.output().count("not reloaded")
    daemon.config.write_text(text)
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.output().count("not reloaded") > seen, "the refusal")
    line = [line for line in daemon.output().splitlines() if "not reloaded" in line][-1]
    assert words in line, line
    daemon.write_settings()
    doctor = daemon.cli("doctor").json
    found = [item["message"] for item in doctor["items"] if item["check"] == "configuration"]
    assert any("reload was refused" in message and words in message for message in found), found


def test_a_file_that_is_empty_or_moves_the_service_is_refused_and_the_watch_goes_on(host):
    faults.without_restart(host)
    with watching(host) as daemon:
        before = recoveries.identity(host)
        settings = json.dumps(daemon.settings)
        refused(daemon, "", "is empty")
        refused(daemon, "# an editor that truncates first\n", "is empty")
        refused(daemon, json.dumps({"audit": daemon.settings["audit"]}), "names no service")
        moved = json.loads(settings)
        del moved["services"]["redis"]["control"]
        refused(daemon, json.dumps(moved), "`services.redis.control` has changed")
        moved = json.loads(settings)
        moved["services"]["redis"]["ssh"]["host"] = "10.77.0.99"
        refused(daemon, json.dumps(moved), "`services.redis.ssh.host` has changed")
        moved["services"]["other"] = moved["services"].pop("redis")
        refused(daemon, json.dumps(moved), "services.redis is gone, and the last line")  # cut while it was written?
        recoveries.assert_untouched(host, before)
        daemon.settings["services"]["redis"]["name"] = "Another name"
        reload(daemon)
        doctor = daemon.cli("doctor").json
        assert not any("reload was refused" in item["message"] for item in doctor["items"]), doctor
        the_next_crash_is_healed(host, daemon)
