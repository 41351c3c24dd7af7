"""What Resus sees becomes messages that arrive: a real daemon, a real Redis, receivers that keep what they get."""

import contextlib
import http.server
import importlib
import json
import os
import signal
import sys
import threading
import time

from daemon import SCALE, TREE, wait_until
from web_client import WebSocket, bearer, login

sys.path.insert(0, str(TREE / "tests" / "notify"))
receivers = importlib.import_module("receivers")
sys.path.remove(str(TREE / "tests" / "notify"))


@contextlib.contextmanager
def channels(served, recovery=True, page=60, well=120, **more):
    """A receiver, and a daemon that has it as `pager` and `chat`."""
    key, slack = served.folder / "pager-key", served.folder / "slack-url"
    with receivers.Receiver() as receiver:
        for file, text in ((key, receivers.ROUTING_KEY), (slack, f"{receiver.url}/slack/T0SECRET")):
            file.write_text(text)
            file.chmod(0o600)
        served.settings["alerts"] = {
            "channels": {"pager": {"type": "pagerduty", "routing_key_file": str(key), "url": f"{receiver.url}/pagerduty"},
                         "chat": {"type": "slack", "url_file": str(slack)}},
            "page_after_seconds": page, "resolve_after_seconds": well} | more
        served.settings["auto_recovery"]["enabled"] = recovery
        served.settings["server"]["name"] = "here"
        served.stop()
        served.start()
        wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
        yield receiver


def pages(receiver, action=None):
    events = [json.loads(r["raw"]) for r in receiver.requests if r["path"] == "/pagerduty" and r["verdict"][0] == 202]
    return [e for e in events if action in (None, e["event_action"])]


def chats(receiver):
    return [r["raw"].decode() for r in receiver.requests if r["path"].startswith("/slack")]


def kill_redis(served):
    os.kill(served.good("status")["pid"], signal.SIGKILL)
    return time.monotonic()


def open_alerts(served):
    return served.good("alert", "list")["items"]


def test_alerts_a_crash_that_nobody_treats_is_paged_at_once_and_resolved_after_a_start(served):
    with channels(served, recovery=False, well=1) as receiver:
        began = kill_redis(served)
        event = wait_until(lambda: pages(receiver, "trigger"), "the page")[0]
        assert time.monotonic() - began < 2 * SCALE, "the page came late"
        assert event["dedup_key"] == "resus/here/redis/availability/1", event
        assert event["payload"]["severity"] == "critical" and f"Redis Service on 127.0.0.1:{served.port}: " in event["payload"]["summary"], event
        assert "resus start redis" in json.dumps(event["payload"]["custom_details"]), event
        alert, = wait_until(lambda: open_alerts(served), "the alert")
        assert (alert["state"], alert["severity"], alert["cause"]) == ("firing", "P1", event["payload"]["class"]), alert
        whole = wait_until(lambda: (one := served.good("alert", "show", str(alert["id"])))
                           and len(one["deliveries"]) == 2 and one, "the deliveries")
        assert {(d["channel"], d["state"], d["code"]) for d in whole["deliveries"]} == \
            {("pager", "delivered", 202), ("chat", "delivered", 200)}, whole
        assert served.cli("start").status == 0
        ended = wait_until(lambda: pages(receiver, "resolve"), "the end")[0]
        assert ended["dedup_key"] == event["dedup_key"] and not receiver.open_keys, ended
        wait_until(lambda: not open_alerts(served), "no alert")
        over = json.loads(wait_until(lambda: [text for text in chats(receiver) if "Resolved" in text], "the end in the chat")[0])
        assert "switched off" not in json.dumps(over) and "What Resus did" not in json.dumps(over), over
        past = served.good("alert", "show", str(alert["id"]))
        assert past["state"] == "resolved" and past["ended_at"], past
        assert [a["id"] for a in served.good("alert", "list", "all")["items"]] == [alert["id"]]
        assert len(pages(receiver)) == 2 and len(chats(receiver)) == 2, receiver.requests


def test_alerts_the_end_names_the_first_cause_and_how_long_it_lasted(served):
    with channels(served, recovery=False, well=1) as receiver, open(served.folder / "redis.conf", "a+") as config:
        kill_redis(served)
        first = wait_until(lambda: pages(receiver, "trigger"), "the page")[0]["payload"]["class"]
        good = config.tell()
        config.write("no-such-directive yes\n")
        config.flush()
        assert served.cli("start").status != 0
        wait_until(lambda: served.good("health")["cause"]["code"] == "config_error", "the second cause")
        config.truncate(good)
        assert first != "config_error" and served.cli("start").status == 0
        wait_until(lambda: pages(receiver, "resolve"), "the end")
        said = json.loads(wait_until(lambda: [text for text in chats(receiver) if "P1 Resolved" in text], "the end in the chat")[0])
        assert said["text"].startswith("P1 Resolved after ") and "ended" in said["text"], said["text"]
        assert f"*Cause*\\n{first}" in json.dumps(said) and "config_error" not in json.dumps(said), said


def test_alerts_the_end_does_not_count_attempts_of_which_none_will_follow(served):
    with channels(served, well=1) as receiver, open(served.folder / "redis.conf", "a+") as config:
        good = config.tell()
        config.write("no-such-directive yes\n")
        config.flush()
        kill_redis(served)
        said = wait_until(lambda: [text for text in chats(receiver) if "1 of 3 attempts" in text], "the alert in the chat")
        config.truncate(good)
        assert said and served.cli("start").status == 0
        over = wait_until(lambda: [text for text in chats(receiver) if "P1 Resolved" in text], "the end in the chat")[0]
        assert "attempts" not in over and "made 1 attempt at recovery (" in over, over


def test_alerts_a_start_by_hand_after_a_stop_pages_nobody(served):
    with channels(served, recovery=False) as receiver:
        for _ in range(6):
            before = served.output().count("-> stopped_on_purpose")
            served.good("stop", "--confirm", "STOP")
            wait_until(lambda seen=before: served.output().count("-> stopped_on_purpose") > seen, "the stop")
            served.good("start")
        assert "unit_stopped" not in served.output(), "it was shut down, and not through Resus: this is not so"
        assert pages(receiver) == [] and "availability" not in {x["class"] for x in open_alerts(served)}


def test_alerts_each_finding_is_one_message_to_people_and_closed_where_it_stays_open(served):
    everything = [{"channels": ["pager", "chat"]}]
    with channels(served, recovery=False, well=1, routes=everything) as receiver, \
            open(served.folder / "redis.conf", "a+") as config:
        assert served.cli("stop", "--confirm", "STOP").status == 0
        config.write("no-such-directive yes\n")
        config.flush()
        for reason in ("first", "second"):  # two failures of an admin, whose texts differ
            assert served.cli("start" if reason == "first" else "restart").status != 0
            wait_until(lambda: [c for c in chats(receiver) if (reason == "first" and "start of redis by root failed" in c)
                                or "restart of redis by root failed" in c], f"the {reason} finding in the chat")
        key, = {e["dedup_key"] for e in pages(receiver) if "failed_by_admin" in e["dedup_key"]}
        wait_until(lambda: [e for e in pages(receiver, "resolve") if e["dedup_key"] == key], "the end on the pager")
        assert served.good("notify", "test", "chat")["success"], "what was sent before has arrived, too"
        assert not [c for c in chats(receiver) if "Resolved" in c and "failed" in c], chats(receiver)
        first = json.loads([c for c in chats(receiver) if "start of redis by root failed" in c][0])
        assert "resus audit list" in json.dumps(first) and "What Resus did" not in json.dumps(first), first


def test_alerts_of_a_maintenance_window_wait_for_its_end_and_what_is_well_by_then_pages_nobody(served):
    with channels(served, recovery=False, well=1) as receiver:
        window = served.good("maintenance", "plan", "kernel update", "--at", "2h", "--for", "10m")["id"]
        served.good("maintenance", "begin", str(window))
        kill_redis(served)
        wait_until(lambda: served.good("health")["overall_status"] == "critical", "critical")
        assert served.cli("start").status == 0
        wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
        kill_redis(served)
        wait_until(lambda: served.good("health")["overall_status"] == "critical", "critical again")
        assert served.good("notify", "test", "chat")["success"], "what was sent before has arrived, too"
        assert not pages(receiver), receiver.requests
        served.good("maintenance", "end", str(window))
        assert wait_until(lambda: pages(receiver, "trigger"), "the page after the window")
        assert len(pages(receiver)) == 1, receiver.requests


def test_alerts_a_window_is_announced_to_the_chat_from_its_plan_to_its_summary_and_pages_nobody(served):
    with channels(served) as receiver:
        window = str(served.good("maintenance", "plan", "kernel update", "--at", "30m", "--for", "10m")["id"])
        wait_until(lambda: any("Announced: maintenance" in said for said in chats(receiver)), "the announcement")
        served.good("maintenance", "begin", window)
        wait_until(lambda: any("has begun" in said for said in chats(receiver)), "the start")
        longer = served.good("maintenance", "extend", window, "5")["ends_at"]
        until = f"changed: until {longer[:10]} {longer[11:16]} UTC"
        wait_until(lambda: any(until in said for said in chats(receiver)), "the extension")
        served.good("maintenance", "end", window)
        summary = wait_until(lambda: [said for said in chats(receiver) if "has ended" in said], "the summary")
        assert "redis: healthy" in summary[0] and "kernel update" in summary[0], summary
        words = ("Announced: ", "Changed: ", "has begun", "Changed: ", "has ended")  # the start by hand moves the window
        assert len(chats(receiver)) == len(words) and not pages(receiver), receiver.requests
        assert all(word in said for word, said in zip(words, chats(receiver))), receiver.requests


def test_alerts_what_recovery_repairs_pages_nobody_and_is_one_line_in_the_chat(served):
    with channels(served, well=1) as receiver:
        kill_redis(served)
        said = wait_until(lambda: chats(receiver), "the line in the chat")
        assert not pages(receiver) and len(said) == 1 and "repaired" in said[0], receiver.requests
        assert not open_alerts(served)


def test_alerts_a_daemon_that_is_killed_sends_the_same_key_once(served):
    with channels(served, recovery=False, well=1) as receiver:
        kill_redis(served)
        number = str(wait_until(lambda: open_alerts(served), "the alert")[0]["id"])
        wait_until(lambda: (sent := served.good("alert", "show", number)["deliveries"]) and len(sent) == 2
                   and all(d["state"] == "delivered" for d in sent), "both deliveries")
        served.good("alert", "list", "all")  # answered behind every write that was queued before
        served.process.kill()
        served.process.wait()
        served.start()
        alert, = open_alerts(served)
        assert alert["state"] == "firing" and alert["dedup_key"].endswith("/1"), alert
        assert served.cli("start").status == 0
        wait_until(lambda: pages(receiver, "resolve"), "the end")
        assert {e["dedup_key"] for e in pages(receiver)} == {"resus/here/redis/availability/1"}
        assert len(pages(receiver, "trigger")) == 1 and not receiver.open_keys


def test_alerts_those_who_follow_hear_that_the_messages_have_arrived(served):
    with channels(served, recovery=False, well=60):
        with WebSocket(served, "/ws/services/redis/status", bearer(login(served))) as seen:
            kill_redis(served)
            heard, _ = seen.until(lambda m: m["type"] == "alert" and m["alert"]["state"] == "firing")
            number = heard["alert"]["id"]

            def arrived(m):
                if m["type"] != "alert" or m["alert"]["id"] != number:
                    return False
                sent = served.good("alert", "show", str(number))["deliveries"]
                return len(sent) == 2 and all(d["state"] == "delivered" for d in sent)

            seen.until(arrived)  # asked only when a message has come


def test_alerts_a_channel_that_is_down_gets_its_message_later(served):
    with channels(served, recovery=False) as receiver:
        receiver.fail_next(code=503)
        receiver.fail_next(code=503)
        kill_redis(served)
        alert, = wait_until(lambda: open_alerts(served), "the alert")
        waiting = wait_until(lambda: [d for d in served.good("alert", "show", str(alert["id"]))["deliveries"]
                                      if d["state"] == "waiting"], "a delivery that waits")
        assert waiting[0]["code"] == 503 and waiting[0]["next_attempt_at"], waiting
        arrived = wait_until(lambda: (found := served.good("alert", "show", str(alert["id"]))["deliveries"])
                             and len(found) == 2 and all(d["state"] == "delivered" for d in found) and found, "both", 30)
        assert sum(d["attempts"] for d in arrived) == 4 == len(receiver.requests), arrived


def test_alerts_a_test_message_prints_what_each_channel_answers(served):
    nothing = served.cli("notify", "test")
    assert nothing.status == 1 and "No channel is configured" in nothing.json["message"], nothing
    with channels(served) as receiver:
        sent = served.run("notify", "test", "chat")
        assert sent.returncode == 0 and "chat" in sent.stdout and "delivered" in sent.stdout and "200" in sent.stdout, sent
        assert len(chats(receiver)) == 1 and not pages(receiver)
        receiver.fail_next(code=404, body="no_service")
        refused = served.cli("notify", "test", "chat")
        assert refused.status == 1 and refused.json["deliveries"][0]["state"] == "dead", refused
        assert refused.json["deliveries"][0]["code"] == 404 and not refused.json["success"], refused
        receiver.fail_next(code=503)
        later = served.cli("notify", "test", "chat")
        assert later.status == 1 and later.json["deliveries"][0]["state"] == "waiting", later
        assert served.cli("notify", "test", "nobody").status == 1
        assert served.cli("notify", "emergency", "all out").status == 64
        emergency = served.cli("notify", "emergency", "all out", "--reason", "fire")
        assert emergency.status == 0 and {d["channel"] for d in emergency.json["deliveries"]} == {"pager", "chat"}, emergency
        wait_until(lambda: [line for line in served.audit() if line["operation"] == "notify-emergency"
                            and "fire" in line["reason"]], "the audit line")
        states = {c["name"]: c["state"] for c in served.ask("channels")[1]["items"]}
        assert states == {"pager": "ok", "chat": "ok"}, states


LEVELS = {"levels": [{"name": "Operations Team", "channels": ["chat"]},
                     {"name": "Senior Admin", "channels": ["pager"], "after_minutes": 0.05}]}


def calls(receiver):
    return [e for e in pages(receiver) if "/incident/" in e["dedup_key"]]


def test_alerts_an_acknowledgement_stops_the_calls_and_a_person_ends_the_incident(served):
    served.settings["escalation"] = LEVELS
    chat_only = [{"severities": ["P1", "P2", "P3", "P4"], "services": ["*"], "channels": ["chat"]}]
    with channels(served, recovery=False, well=1, routes=chat_only) as receiver:
        kill_redis(served)
        # P1 calls level 1, which has the alert itself, and level 2 at once; and level 2 again as it is not resolved.
        wait_until(lambda: len([c for c in calls(receiver) if c["event_action"] == "trigger"]) == 2, "both calls")
        alert, = open_alerts(served)
        incident, = served.good("incident", "list")["items"]
        assert (incident["status"], incident["severity"], incident["escalation"]) == ("investigating", "P1", "calling"), incident
        number = str(incident["id"])
        known = served.good("alert", "ack", str(alert["id"]), "--reason", "on my way")
        assert known["acknowledged_by"] == "root", known
        wait_until(lambda: not receiver.open_keys, "the pager's calls to end")
        whole = served.good("incident", "take", number)
        assert whole["escalation"] == "acknowledged" and whole["commander"] == "root", whole
        assert [e["kind"] for e in whole["timeline"]] == ["open", "call", "call", "call", "acknowledge", "command"], whole
        served.good("incident", "set", number, "impact=no logins")
        assert served.good("incident", "update", number, "the host is being restarted")["timeline"][-1]["kind"] == "update"
        update = json.loads(wait_until(lambda: [text for text in chats(receiver) if "being restarted" in text], "the update in the chat")[0])
        assert f"Incident {number} (investigating): " in update["text"], update["text"]
        news = update["attachments"][0]["blocks"][0]["text"]["text"]  # before all that is known of the alert
        for part in ("Status: investigating. the host is being restarted\n", "Impact: no logins\n", "Incident commander: root\n",
                     "Next update: "):
            assert part in news, news
        still_bad = served.cli("incident", "resolve", number)
        assert still_bad.status == 1 and still_bad.json["code"] == "refused", still_bad
        served.process.kill()
        served.process.wait()
        served.start()
        again, = served.good("incident", "list")["items"]
        assert (again["id"], again["commander"], again["escalation"]) == (int(number), "root", "acknowledged"), again
        assert served.cli("start").status == 0
        mended = wait_until(lambda: (one := served.good("incident", "show", number))["status"] == "mitigated" and one, "mitigated")
        done, = [e for e in mended["timeline"] if e["kind"] == "action"]
        assert done["actor"] == "root" and "started" in done["text"], done
        assert served.good("incident", "set", number, "root_cause=an admin killed it")["root_cause"] == "an admin killed it"
        assert served.good("incident", "resolve", number)["status"] == "resolved"
        wait_until(lambda: [text for text in chats(receiver) if "Root cause: an admin killed it" in text], "the notice")
        notice = json.loads(chats(receiver)[-1])
        assert f"Incident {number} (resolved): " in notice["text"], notice["text"]
        assert f"Post-mortem: resus incident postmortem {number}" in json.dumps(notice), notice
        assert served.good("incident", "set", number, "status=closed")["status"] == "closed"
        assert served.good("incident", "list")["items"] == []
        past = wait_until(lambda: (one := served.good("incident", "show", number)) and one["status"] == "closed" and one, "it")
        assert past["timeline"][0]["kind"] == "open" and past["closed_at"], past
        review = served.run("incident", "postmortem", number).stdout
        for part in ("# Incident", "## Root cause\n\nan admin killed it", "| acknowledge | root |"):
            assert part in review, review
        assert not calls(receiver)[-1]["event_action"] == "trigger" and not receiver.open_keys


def test_alerts_a_person_calls_the_next_level_while_it_is_acknowledged(served):
    room = "https://meet.example.org/redis"
    levels = LEVELS["levels"][:1] + [{"name": "Senior Admin", "channels": ["pager"], "after_minutes": 30},
                                     {"name": "Engineering Team", "channels": ["chat"], "after_minutes": 120}]
    served.settings["escalation"] = {"levels": levels, "war_room": room}
    chat_only = [{"severities": ["P1", "P2", "P3", "P4"], "services": ["*"], "channels": ["chat"]}]
    with channels(served, recovery=False, well=1, routes=chat_only) as receiver:
        kill_redis(served)
        number = str(wait_until(lambda: served.good("incident", "list")["items"], "the incident")[0]["id"])
        wait_until(lambda: [c for c in chats(receiver) if f"<{room}|War room>" in c], "the war room in the message")
        assert served.good("incident", "show", number)["responded_at"] is None
        known = served.good("incident", "ack", number)
        assert known["responded_at"] and not known["response_missed"] and known["resolution_due_at"], known
        called = served.good("incident", "escalate", number, "--reason", "the code has to change")
        assert called["escalation"] == "acknowledged", called
        last = called["timeline"][-1]
        assert (last["kind"], last["actor"]) == ("call", "root") and \
            last["text"] == "Level 3 (Engineering Team) is called. the code has to change", last
        wait_until(lambda: [c for c in chats(receiver) if "the code has to change" in c], "the call in the chat")
        assert served.cli("incident", "escalate", number).status == 64
        refused = served.cli("incident", "escalate", number, "4", "--reason", "customers are hit")
        assert refused.status == 1 and "no such level" in refused.json["message"], refused
        shown = served.run("incident", "show", number).stdout
        assert "War room           " + room in shown and "Answer by" in shown and "MISSED" not in shown, shown


def test_alerts_an_incident_is_fixed_in_a_maintenance_window(served):
    with channels(served):
        number = str(served.good("incident", "open", "redis", "--severity", "P3", "--title", "slow pages")["id"])
        assert served.cli("incident", "set", number, "window=7").status == 1
        window = str(served.good("maintenance", "plan", "kernel update", "--at", "2h", "--for", "10m")["id"])
        assert served.good("incident", "set", number, f"window={window}")["window"] == int(window)
        served.good("maintenance", "begin", window)
        served.good("maintenance", "end", window)
        entries = wait_until(lambda: len(found := [e["text"] for e in served.good("incident", "show", number)["timeline"]
                                                   if e["kind"] == "action"]) == 2 and found, "both lines")
        assert "has begun" in entries[0] and "has ended" in entries[1], entries
        assert served.good("incident", "set", number, "window=0")["window"] is None
        assert served.cli("incident", "set", number, "war_room=javascript:alert(1)").status == 1


def test_alerts_an_incident_is_opened_by_hand_and_seen_by_those_who_follow(served):
    missing = served.cli("incident", "open", "redis")
    assert missing.status == 64, missing
    opened = served.good("incident", "open", "redis", "--severity", "P3", "--title", "users report slow pages")
    assert opened["status"] == "investigating" and opened["timeline"][0]["actor"] == "root", opened
    twice = served.cli("incident", "open", "redis", "--severity", "P2", "--title", "again")
    assert twice.status == 1 and "Resolve it first" in twice.json["message"], twice
    assert served.good("incident", "note", str(opened["id"]), "asked the network team")["timeline"][-1]["text"]
    events = served.good("events")["items"]
    assert [e for e in events if e["type"] == "incident"], events
    for words in (("restore", "redis", "nope", "--dry-run"), ("backup", "show", "redis", "nope")):
        odd = served.run(*words).stderr
        assert 'neither "redis" nor "nope" is a BACKUP: resus backup list' in odd, odd
    nowhere = served.cli("incident", "show", "4711")
    assert nowhere.status == 1 and "resus incident list all" in nowhere.json["message"], nowhere
    said = served.run("incident", "note", "4711", "x").stderr + served.run("procedure", "go", "redis", "4711").stderr
    assert "resus incident list all" in said and "resus procedure list" in said and "resus services" not in said, said
    status, figures, lines = served.follow("prometheus")
    text = "".join(lines) + (figures or "")
    assert status == 200 and 'resus_incidents_open{severity="P3"} 1' in text, text[:2000]


def test_alerts_the_doctor_and_a_reload_know_the_channels(served):
    with channels(served, recovery=False, well=1) as receiver:
        found = {f["check"]: f["status"] for f in served.cli("doctor").json["items"]}
        assert found["channel pager"] == found["channel chat"] == "pass", found
        receiver.fail_next(code=404, body="no_service")
        assert served.cli("notify", "test", "chat").status == 1
        finding, = [f for f in served.cli("doctor").json["items"] if f["check"] == "channel chat"]
        assert finding["status"] == "fail" and "no_service" in finding["message"], finding
        kill_redis(served)
        wait_until(lambda: receiver.open_keys, "the page")
        # The channels change places; the one that has the page is told its end all the same.
        served.settings["alerts"]["channels"] = dict(reversed(served.settings["alerts"]["channels"].items()))
        served.write_settings()
        served.hang_up()
        wait_until(lambda: "config: reloaded" in served.output(), "the reload")
        assert [c["name"] for c in served.ask("channels")[1]["items"]] == ["chat", "pager"]
        assert served.cli("start").status == 0
        wait_until(lambda: not receiver.open_keys and pages(receiver, "resolve"), "the end")
        assert len(pages(receiver, "trigger")) == 1, receiver.requests


def test_alerts_that_are_over_do_not_hold_up_the_next_start(served):
    """Nothing wakes them before their trouble comes back; the loop once waited for a time that had passed."""
    served.settings["auto_recovery"]["enabled"] = False
    served.settings["alerts"] = {"channels": {}, "resolve_after_seconds": 1}
    served.stop()
    served.start()
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
    os.kill(served.good("status")["pid"], signal.SIGKILL)
    wait_until(lambda: served.good("alert", "list")["items"], "the alert")
    served.good("start")
    wait_until(lambda: not served.good("alert", "list")["items"], "its end")
    served.stop()
    served.start()
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy after the start")


def test_alerts_reach_a_mailbox_and_an_alertmanager_hears_of_them_again_after_a_restart(served):
    heard = []
    with receivers.mail_server(served.folder) as server, state_receiver(heard) as url:
        served.settings["alerts"] = {"resolve_after_seconds": 1, "channels": {
            "mail": {"type": "smtp", "url": f"smtp://127.0.0.1:{server.port}", "from": "resus@example.org",
                     "to": ["ops@example.org"], "tls": "none"},
            "am": {"type": "alertmanager", "url": url}}}
        served.settings["auto_recovery"]["enabled"] = False
        served.settings["server"]["name"] = "here"
        served.stop()
        served.start()
        wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
        kill_redis(served)
        mail, = wait_until(lambda: list((served.folder / "Maildir" / "new").iterdir()), "the mail")
        text = mail.read_text()
        assert "Subject: P1 Redis Service" in text and "X-RcptTo: ops@example.org" in text, text
        wait_until(lambda: heard, "the alert in the Alertmanager")
        served.stop()
        heard.clear()
        served.start()
        again = wait_until(lambda: heard, "the alert once more")[0]
        assert again[0]["labels"]["service"] == "redis" and again[0]["labels"]["severity"], again


@contextlib.contextmanager
def state_receiver(heard):
    """What an Alertmanager takes: lists of alerts."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
