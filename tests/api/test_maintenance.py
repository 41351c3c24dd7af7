"""Maintenance windows: the section of the settings, and windows that open and end."""

import os
import signal
import subprocess
import time

import people
from daemon import PROGRAM, wait_until

GOOD = {"timezone": "Europe/Berlin", "announce_hours": [48, 24, 1],
        "windows": [{"name": "weekly", "when": "Sun 02:00-04:00", "services": ["*"]},
                    {"name": "monthly", "when": "first Sun 01:00-05:00", "services": ["redis"]}]}


def checked(served, section):
    other = served.folder / "other.yaml"
    other.write_text(f"maintenance: {section}\n")
    return subprocess.run([str(PROGRAM), "serve", "--check", "--config", str(other)], capture_output=True, text=True)


def test_a_check_names_what_is_wrong_with_a_window(served):
    for section, place in (
            ("{timezone: Mars/Olympus}", ':1:25: there is no time zone "Mars/Olympus"'),
            ("{windows: [{name: a, when: Snu 02:00-04:00}]}", ':1:41: `when`: "Snu 02:00-04:00", column 1: '),
            ("{windows: [{name: a, when: Sun 02:00-04:00, services: [b]}]}", ":1:69: there is no service `b`"),
            ("{windows: [{name: a, when: Sun 02:00-04:00}, {name: a, when: Mon 02:00-04:00}]}", ":1:66: there is another window `a`")):
        check = checked(served, section)
        assert check.returncode == 2 and place in check.stderr, check


def test_a_reload_with_a_window_that_never_is_changes_nothing(served):
    served.settings["maintenance"] = GOOD
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "config: reloaded" in served.output(), "the reload")
    served.settings["maintenance"] = GOOD | {"windows": [{"name": "a", "when": "day 31 02:00-04:00"}]}
    served.settings["auto_recovery"]["max_attempts"] = 7
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "not reloaded" in served.output(), "the refusal")
    line, = [line for line in served.output().splitlines() if "not reloaded" in line]
    assert "a day from 1 to 28 is wanted here" in line, line
    status, body = served.ask("recovery_status", "redis")
    assert status == 200 and body["max_attempts"] != 7, body


# ── windows that open ──


def at(minutes):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60 * minutes))


def plan(served, *more):
    return served.good("maintenance", "plan", "kernel update", "--at", "2h", "--for", "10m", *more)


def kill_redis(served):
    os.kill(served.good("status")["pid"], signal.SIGKILL)


def answers(served):
    try:
        return served.redis("PING") == "+PONG"
    except OSError:
        return False


def show(served, number):
    return served.good("maintenance", "show", str(number))


def ended(served, number):
    return wait_until(lambda: (window := show(served, number))["state"] == "ended" and window, "the end of the window")


def operations(served):
    return [line["operation"] for line in served.audit() if line["event_type"] == "maintenance"]


def test_inside_a_window_recovery_is_withheld_and_resumes_after_it(served):
    number = plan(served)["id"]
    assert served.good("maintenance", "list")["items"][0]["state"] in ("planned", "announced")
    begun = served.good("maintenance", "begin", str(number), "--reason", "the kernel")
    assert begun["state"] == "open" and begun["opened_at"], begun
    status = served.good("status")
    assert status["maintenance"]["id"] == number and status["not_guarded"]["reason_code"] == "maintenance", status
    people.add_all(served)
    viewer = people.bearer(people.login(served, "viewer")["token"])
    item, = wait_until(lambda: [item for item in served.https("GET", "/api/services", headers=viewer).body["items"]
                                if "maintenance" in item], "the list of the web process")
    assert item["maintenance"]["title"] == "kernel update" and item["maintenance"]["state"] == "open", item
    assert all("maintenance" not in item for item in served.https("GET", "/api/services").body["items"])
    check = served.run("check")
    assert check.returncode == 0 and 'maintenance "kernel update" until' in check.stdout, check
    kill_redis(served)
    wait_until(lambda: served.good("health")["overall_status"] == "critical", "the failure")
    health = served.good("health")
    assert health["auto_recovery"]["withheld"]["reason_code"] == "maintenance", health["auto_recovery"]
    check = served.run("check")
    assert check.returncode == 1 and "WARNING" in check.stdout and "no automatic recovery" in check.stdout, check
    assert not answers(served)
    assert served.cli("maintenance", "begin", str(number)).status == 1, "it is open already"
    served.good("maintenance", "end", str(number))
    window = ended(served, number)
    assert window["verified"] == "not_well" and "was healthy" in window["summary"], window
    wait_until(lambda: answers(served), "the recovery after the window")
    status = served.good("status")
    assert "maintenance" not in status, status
    assert operations(served) == ["maintenance-plan", "maintenance-opened", "maintenance-begin", "maintenance-end",
                                  "maintenance-ended"], operations(served)
    notices = [event["message"] for event in served.good("events", "-n", "100")["items"]
               if event["type"] == "notice" and event.get("kind") == "maintenance"]
    assert any("is open until" in text for text in notices) and any("has ended" in text for text in notices), notices


def test_a_daemon_that_starts_inside_a_window_holds_its_services(served):
    number = plan(served)["id"]
    served.good("maintenance", "begin", str(number))
    served.process.kill()
    served.process.wait()
    served.start()
    assert served.good("status")["maintenance"]["id"] == number
    window = show(served, number)
    assert window["state"] == "open", window
    extended = served.good("maintenance", "extend", str(number), "5")
    assert extended["ends_at"] > window["ends_at"] and extended["sequence"] == window["sequence"] + 1, extended
    refused = served.cli("maintenance", "extend", str(number), "6")
    assert refused.status == 1 and "twice" in refused.stdout, refused
    wait_until(lambda: served.good("status")["maintenance"]["ends_at"] == extended["ends_at"], "the new end")
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "health")
    served.good("maintenance", "end", str(number))
    window = ended(served, number)
    assert window["verified"] == "well" and window["after"]["redis"]["smoke"] == "off", window


def test_a_window_opens_and_ends_by_itself(served):
    served.settings["health_check"]["canary"] = True
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "config: reloaded" in served.output(), "the reload")
    status, body = served.ask("maintenance_plan", title="short", services=["redis"], starts_at=at(0),
                              duration_minutes=0.05, impact="degraded")
    assert status == 200 and body["impact"] == "degraded", body
    window = ended(served, body["id"])
    assert window["verified"] == "well" and window["after"]["redis"]["smoke"] == "passed", window
    assert window["opened_at"] and window["closed_at"], window
    assert served.redis("DBSIZE") == ":0", "the smoke test leaves nothing"


def test_rules_of_the_settings_are_planned_and_followed(served):
    served.settings["maintenance"] = GOOD
    served.write_settings()
    served.hang_up()
    items = wait_until(lambda: served.good("maintenance", "list")["items"], "the plan")
    weekly = [item for item in items if item["window"] == "weekly"]
    assert 8 <= len(weekly) <= 10 and all(item["duration_minutes"] == 120 for item in weekly), items
    served.settings["maintenance"] = {"windows": [GOOD["windows"][0] | {"when": "Sun 02:00-03:00"}]}
    served.write_settings()
    served.hang_up()

    def followed():
        items = served.good("maintenance", "list")["items"]
        waiting = [item for item in items if item["state"] in ("planned", "announced")]
        return {item["window"] for item in waiting} == {"weekly"} and \
            all(item["duration_minutes"] == 60 for item in waiting)

    wait_until(followed, "the change")
    cancelled = [item for item in served.good("maintenance", "list")["items"] if item["state"] == "cancelled"]
    assert cancelled and {item["window"] for item in cancelled} == {"monthly"}, cancelled


def test_only_admins_change_windows_and_bad_input_changes_nothing(served):
    token = people.api_token(served, "viewer")["token"]
    viewer = people.bearer(token)
    good = {"title": "a", "services": ["*"], "starts_at": at(60), "duration_minutes": 30}
    assert served.https("POST", "/api/maintenance", good, viewer).status == 403
    for change, place in (({"services": ["b"]}, "no service"), ({"services": []}, "services"),
                          ({"duration_minutes": 0}, "ends after it starts"), ({"duration_minutes": 1441}, "duration_minutes"),
                          ({"starts_at": at(-60)}, "after now"), ({"starts_at": at(500 * 1440)}, "400 days"),
                          ({"impact": "none"}, "impact"), ({"title": ""}, "title"),
                          ({"checklist": {"later": []}}, "checklist"), ({"checklist": {"before": [1]}}, "checklist"),
                          ({"checklist": {"before": ["a" * 200]}}, "checklist"), ({"color": 1}, "color")):
        status, body = served.ask("maintenance_plan", **(good | change))
        assert status == 400 and place in body["message"], (change, body)
    assert served.ask("maintenance")[1]["items"] == []
    status, window = served.ask("maintenance_plan", **good, checklist={"after": ["look"], "before": ["save"]})
    assert status == 200 and [item["text"] for item in window["checklist"]] == ["save", "look"], window
    path = f"/api/maintenance/{window['id']}"
    for method, rest, body in (("PATCH", "", {"title": "b"}), ("DELETE", "", {}), ("POST", "/begin", {}), ("POST", "/end", {}),
                               ("POST", "/extend", {"minutes": 1}), ("POST", "/checklist", {"item": 1, "done": True})):
        assert served.https(method, path + rest, body, viewer).status == 403, (method, rest)
    assert served.https("GET", path, headers=viewer).body["planned_by"] == "another user"
    assert served.ask("maintenance_show", n=10**6)[0] == 404
    for op in ("maintenance_end", "maintenance_begin"):
        assert served.ask(op, n=10**6)[0] == 404
    assert served.ask("maintenance_end", n=window["id"])[0] == 409
    status, ticked = served.ask("maintenance_checklist", n=window["id"], item=2, done=True, note="fine")
    assert status == 200 and ticked["checklist"][1]["done"] and ticked["checklist"][1]["note"] == "fine", ticked
    assert served.ask("maintenance_checklist", n=window["id"], item=3, done=True)[0] == 404
    status, moved = served.ask("maintenance_set", n=window["id"], starts_at=at(120), title="b")
    assert status == 200 and moved["title"] == "b" and moved["duration_minutes"] == 30 and moved["starts_at"] > window["starts_at"], moved
    assert served.good("maintenance", "cancel", str(window["id"]))["state"] == "cancelled"
    assert served.ask("maintenance_set", n=window["id"], title="c")[0] == 409
    assert served.ask("maintenance_begin", n=window["id"])[0] == 409


def test_a_calendar_program_reads_the_windows_with_a_token_in_its_address(served):
    import icalendar
    window = plan(served)
    token = people.api_token(served, "viewer")["token"]
    assert served.https("GET", "/maintenance.ics").status == 401
    assert served.https("GET", "/maintenance.ics?token=resus_wrong").status == 401
    assert served.https("GET", f"/api/maintenance?token={token}").status == 401, "for the calendar only"
    answer = served.https("GET", f"/maintenance.ics?token={token}")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/calendar"), answer
    event, = icalendar.Calendar.from_ical(answer.body).walk("VEVENT")
    assert event["SUMMARY"] == "kernel update" and event["DTSTART"].dt.strftime("%Y-%m-%dT%H:%M:%SZ") == window["starts_at"]
    assert token not in served.output()


def test_windows_are_read_in_words_with_their_real_end(served):
    number = served.good("maintenance", "plan", "disk", "--at", "2h", "--for", "2h")["id"]
    listed = served.run("maintenance", "list").stdout
    assert "all services" in listed and "[" not in listed, listed
    assert "until" in served.run("maintenance", "begin", str(number)).stdout
    served.good("maintenance", "end", str(number))
    wait_until(lambda: served.good("maintenance", "show", str(number))["state"] == "ended", "its end")
    window = served.good("maintenance", "show", str(number))
    shown = served.run("maintenance", "show", str(number)).stdout
    assert f"until {window['ends_at']} (ended {window['closed_at']}), all services" in shown, shown
    assert window["closed_at"] in served.run("maintenance", "list").stdout
