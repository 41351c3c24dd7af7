"""Services that are added to the settings are watched after a reload, in the same process; what was known stays known."""

import json
import os
import signal
import subprocess

import people
from daemon import PROGRAM, SCALE, free_port, wait_until


def add(served, name, **more):
    folder = served.folder / name
    folder.mkdir(exist_ok=True)
    port = free_port()
    (folder / "redis.conf").write_text(f"port {port}\nbind 127.0.0.1\nsave \"\"\ndir {folder}\n")
    served.settings["services"][name] = {
        "address": f"127.0.0.1:{port}", "control": "process",
        "process": {"config_file": str(folder / "redis.conf"), "directory": str(folder)}} | more


def reloaded(served, wanted):
    served.write_settings()
    before = served.output().count(wanted)
    served.hang_up()
    wait_until(lambda: served.output().count(wanted) > before, wanted)


def listed(served):
    result = served.cli("services")
    return [item["id"] for item in result.json["items"]] if result.status == 0 else []


def test_a_service_that_is_added_is_watched_and_operated_after_a_reload(served):
    people.add_all(served)
    token = people.api_token(served, "viewer")["token"]
    served.good("pause", "--for", "1h", "--reason", "kept")
    process, pid = served.process.pid, served.good("status")["pid"]
    add(served, "alpha")
    add(served, "broken", redis={"password_file": str(served.folder / "missing")})
    reloaded(served, "3 services are watched now")
    wait_until(lambda: sorted(listed(served)) == ["alpha", "broken", "redis"], "the list")
    assert served.process.poll() is None and served.process.pid == process
    wait_until(lambda: served.cli("status", "alpha").json.get("status") == "running" or served.cli("start", "alpha").status == 0,
               "the new one runs")
    # The one that was there was not touched, and what was said of it holds.
    status = wait_until(lambda: (s := served.cli("status", "redis").json).get("pid") and s, "the old one is seen again")
    assert status["pid"] == pid and status["not_guarded"]["reason_code"] == "paused", status
    wait_until(lambda: served.good("health", "broken")["cause"]["code"] == "misconfigured", "the bad one is named")
    wait_until(served.serves_https, "HTTPS")
    answer = served.https("GET", "/api/services/alpha/events", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200, answer
    # And again: a second reload changes a policy of the new one, without opening everything again.
    served.settings["services"]["alpha"]["auto_recovery"] = {"max_attempts": 7}
    reloaded(served, "config: reloaded")
    wait_until(lambda: served.good("recovery", "status", "alpha")["max_attempts"] == 7, "the policy of the new one")
    assert served.good("audit", "verify")["intact"] is True
    served.good("stop", "alpha", "--confirm", "STOP")


def test_what_a_reload_does_not_do_is_refused_and_changes_nothing(served):
    rest = json.loads(json.dumps(served.settings["services"]))
    add(served, "alpha")
    served.settings["services"]["redis"]["address"] = f"127.0.0.1:{free_port()}"
    reloaded(served, "not reloaded, nothing changed: `services.redis.address` has changed")
    served.settings["services"]["redis"] = rest["redis"]
    listen = served.settings["server"]["listen"]
    served.settings["server"]["listen"] = f"127.0.0.1:{free_port()}"
    reloaded(served, "changed, too: server.listen")
    served.settings["server"]["listen"] = listen
    # A file that is still being written, as it may be met: its end is missing, and with it a service.
    del served.settings["services"]["redis"]
    add(served, "beta")
    served.write_settings()
    served.config.write_text(served.config.read_text().rstrip("\n"))
    served.hang_up()
    wait_until(lambda: "services.redis is gone, and the last line of" in served.output(), "the refusal")
    assert listed(served) == ["redis"] and served.redis("PING") == "+PONG"


def test_a_service_that_is_removed_is_no_longer_watched_after_a_reload(served):
    process, pid = served.process.pid, served.good("status")["pid"]
    add(served, "alpha")
    served.settings["services"]["alpha"] = {"address": f"127.0.0.1:{free_port()}", "control": "process",
                                            "process": {"program": "/bin/false", "directory": str(served.folder / "alpha")},
                                            "auto_recovery": {"enabled": False}}
    reloaded(served, "2 services are watched now")
    wait_until(lambda: {"alpha"} == {a["service"] for a in served.good("alert", "list")["items"]}, "an alert of it")
    rest = served.settings["services"].pop("alpha")
    reloaded(served, "1 service is watched now")
    wait_until(lambda: listed(served) == ["redis"], "the list")
    assert "alpha is no longer watched: the settings do not name it" in served.output()
    assert served.process.pid == process and served.process.poll() is None
    wait_until(lambda: served.cli("status").json.get("pid") == pid, "the one that stays was not touched")
    assert served.cli("status", "alpha").json["code"] == "not_found"
    # Nobody is called for what is not watched, and nobody waits for its end.
    wait_until(lambda: not served.good("alert", "list")["items"], "the end of its alerts")
    assert any(event["service"] == "alpha" for event in served.good("events")["items"]), "what happened to it stays known"
    # In another order, and the same name again: a new one.
    served.settings["services"] = {"alpha": rest} | served.settings["services"]
    reloaded(served, "2 services are watched now")
    wait_until(lambda: sorted(listed(served)) == ["alpha", "redis"], "it is back")
    served.settings["services"] = dict(reversed(served.settings["services"].items()))
    before = served.output().count("2 services are watched now")
    reloaded(served, "2 services are watched now")
    assert served.output().count("2 services are watched now") > before and served.redis("PING") == "+PONG"
    assert served.good("audit", "verify")["intact"] is True


def test_a_service_is_not_added_in_the_middle_of_an_operation(served):
    pid = served.good("status")["pid"]
    add(served, "alpha")
    os.kill(pid, signal.SIGSTOP)
    try:
        restart = subprocess.Popen([str(PROGRAM), "restart", "redis", "--force", "--config", str(served.config)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: served.cli("status", "redis").json.get("operation"), "the operation")
        reloaded(served, "an operation or a recovery of redis is under way")
        assert listed(served) == ["redis"]
    finally:
        os.kill(pid, signal.SIGCONT)
    restart.wait(60 * SCALE)
    wait_until(lambda: not served.cli("status", "redis").json.get("operation"), "its end")
    wait_until(lambda: served.cli("status", "redis").json.get("status") == "running", "it runs")

    def added():
        served.hang_up()
        return len(listed(served)) == 2

    wait_until(added, "the reload after it")


def test_settings_that_cannot_be_opened_lead_back_to_those_before(served):
    before = json.loads(json.dumps(served.settings))
    add(served, "alpha")
    for name in ("tls_certificate", "tls_key"):
        (served.folder / name).write_text("neither of the two")
        (served.folder / name).chmod(0o600)
        served.settings["server"][name] = str(served.folder / name)
    reloaded(served, "not reloaded, nothing changed: ")
    wait_until(lambda: listed(served) == ["redis"], "the settings of before")
    wait_until(lambda: served.cli("status").json.get("status") == "running", "it is watched")
    wait_until(served.serves_https, "HTTPS")
    served.settings = before
