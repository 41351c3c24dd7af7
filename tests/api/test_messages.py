"""What people are sent besides alerts, read as they read it: real mails from a real daemon."""

import base64
import contextlib
import json
import os
import re
import signal
import socket
import sqlite3

import people
from daemon import TREE, free_port, wait_until
from mailbox_of import mailbox, mails, receivers


def reports(served):
    return [m for m in mails(served) if m["Subject"].startswith("Notice: ")]


def test_messages_a_report_that_was_missed_is_mailed_once_at_the_start_and_never_twice(served):
    only_p1 = [{"severities": ["P1"], "channels": ["boss", "mail"]}, {"channels": ["mail"]}]
    with mailbox(served, also={"boss": "cto@example.org"}, routes=only_p1, daily_summary="00:00", weekly_report="Mon 00:00"):
        assert served.cli("stop", "--confirm", "STOP").status == 0 and served.cli("start").status == 0
        assert served.cli("reload").status != 0, "a failed operation"
        served.good("alert", "list", "all")  # answered behind every write that was queued before
        served.stop()
        assert not reports(served), "none is due on the first day"
        with contextlib.closing(sqlite3.connect(served.folder / "state" / "resus.db")) as database, database:
            changed = database.execute("UPDATE record SET body = json_set(body, '$.due', json_extract(body, '$.due') - 9 * 86400000)"
                                       " WHERE kind = 'report'")
            assert changed.rowcount == 2, "a row for each report"
        served.start()
        both = wait_until(lambda: (found := reports(served)) and len(found) == 2 and found, "both mails")
        subjects = sorted(m["Subject"] for m in both)
        assert subjects[0].startswith("Notice: Daily summary: ") and subjects[1].startswith("Notice: Weekly report: "), subjects
        text = next(m.get_content() for m in both if "Daily" in m["Subject"])
        assert "(UTC)" in text and "Recoveries: " in text and "resus audit summary --since 20" in text, text
        assert {m["To"] for m in both} == {"ops@example.org"}, "those who get the least alerts"
        served.stop()
        served.start()
        assert served.good("notify", "test", "mail")["success"], "what was sent before has arrived, too"
        assert len(reports(served)) == 2, [m["Subject"] for m in mails(served)]


def test_messages_reports_need_a_mail_channel(served):
    served.settings["alerts"] = {"daily_summary": "07:00"}
    served.write_settings()
    refused = served.run("serve", "--check")
    assert refused.returncode == 2 and "it needs a channel of type smtp" in refused.stderr, refused


def test_messages_administrators_are_asked_for_a_role_by_mail(served):
    with mailbox(served):
        people.add_all(served)
        asked = served.https("POST", "/api/access-requests", {
            "requested_role": "operator", "justification": "on call tonight", "duration_seconds": 3600},
            people.bearer(people.login(served, "viewer")["token"]))
        assert asked.status == 200, asked
        mail, = wait_until(lambda: [m for m in mails(served) if "higher role" in m["Subject"]], "the mail")
        text = mail.get_content()
        for part in ("asks for the role operator: on call tonight", f"resus access approve {asked.body['id']}"):
            assert part in text, (part, text)


def links_of(mail):
    return dict(re.findall(r"^(Acknowledge|Console|About this cause): (\S+)$", mail.get_content(), re.MULTILINE))


LEVELS = {"levels": [{"name": "Operations Team", "channels": ["mail"]},
                     {"name": "Senior Admin", "channels": ["mail"], "after_minutes": 30}]}


def as_in_the_docs(text):
    """Without what differs from one installation and moment to the next."""
    for pattern, word in ((r"[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+(:| port )[0-9]+", r"ADDRESS\1PORT"),
                          (r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?=[0-9]{4}-)", "DAY "),
                          (r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}", "TIME"),
                          (r"/acknowledge/[A-Za-z0-9_-]+", "/acknowledge/LINK"), (r"/incidents/[0-9]+", "/incidents/N"),
                          (r"availability/[0-9]+", "availability/N")):
        text = re.sub(pattern, word, text)
    return text


def test_messages_docs_examples_of_mail_and_pagerduty_are_as_received(served):
    page = (TREE / "docs" / "alerts.md").read_text()
    mail_text = re.search(r"^```\nSubject: (P1 .*)\n\n((?:.*\n)*?)```$", page, re.MULTILINE)
    event = next(block for block in re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if "routing_key" in block)
    key = served.folder / "pager-key"
    key.write_text(receivers.ROUTING_KEY)
    key.chmod(0o600)
    served.settings["server"]["external_url"] = "https://resus.example.org/"
    served.settings["escalation"] = LEVELS | {"war_room": "https://meet.example.org/redis"}
    with mailbox(served), receivers.Receiver() as receiver, open(served.folder / "redis.conf", "a") as config:
        served.settings["server"]["name"] = "resus-1"
        served.settings["alerts"]["channels"]["pager"] = {"type": "pagerduty", "routing_key_file": str(key), "url": f"{receiver.url}/pagerduty"}
        served.stop()
        served.start()
        wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
        config.write("no-such-directive yes\n")
        config.flush()
        os.kill(served.good("status")["pid"], signal.SIGKILL)
        mail = wait_until(lambda: [m for m in mails(served) if m["Subject"].startswith("P1 ")], "the mail")[0]
        assert as_in_the_docs(mail["Subject"].strip()) == as_in_the_docs(mail_text[1])
        assert as_in_the_docs(mail.get_content()) == as_in_the_docs(mail_text[2])
        sent = json.loads(wait_until(lambda: receiver.requests, "the page")[0]["raw"])
        assert json.loads(as_in_the_docs(json.dumps(sent | {"routing_key": "..."}))) == json.loads(as_in_the_docs(event))


def test_messages_a_link_in_the_message_acknowledges_and_opening_it_does_not(served):
    served.settings["server"]["external_url"] = f"https://127.0.0.1:{served.https_port}/"
    served.settings["auto_recovery"]["enabled"] = False
    served.settings["escalation"] = LEVELS
    people.add_all(served)
    with mailbox(served, resolve_after_seconds=1):
        os.kill(served.good("status")["pid"], signal.SIGKILL)
        mail = wait_until(lambda: [m for m in mails(served) if m["Subject"].startswith("P1 ")], "the mail")[0]
        incident, = wait_until(lambda: served.good("incident", "list")["items"], "the incident")
        links = links_of(mail)
        base = f"https://127.0.0.1:{served.https_port}"
        assert links["Console"] == f"{base}/incidents/{incident['id']}", links
        path = links["Acknowledge"].removeprefix(base)
        assert path.startswith("/acknowledge/"), links
        for _ in range(2):
            page = served.https("GET", path)
            assert page.status == 200 and page.headers["Content-Type"].startswith("text/html"), page
            assert '<form method="post"><button' in page.body and "width=device-width" in page.body, page
            assert "P1, investigating" in page.body and page.headers["Cache-Control"] == "no-store", page
        assert served.good("incident", "show", str(incident["id"]))["escalation"] == "calling"
        # A browser that is logged in sends its cookie along, without the token against forged requests.
        cookie = people.cookie(people.login(served, "viewer"), csrf=False)
        done = served.https("POST", path, headers={**cookie, "Origin": "null", "Content-Type": "application/x-www-form-urlencoded"})
        assert done.status == 200 and "<h1>Acknowledged</h1>" in done.body, done
        known = served.good("incident", "show", str(incident["id"]))
        assert (known["escalation"], known["acknowledged_by"]) == ("acknowledged", "link in channel mail"), known
        line, = [x for x in served.audit() if x["operation"] == "link-acknowledge"]
        assert line["event_type"] == "incident" and "by link in channel mail" in line["reason"], line
        assert line["user"]["id"] == "link:mail" and line["result"]["success"], line
        again = served.https("GET", path)
        assert "acknowledged already" in again.body and "<form" not in again.body and "link in channel" not in again.body, again
        for wrong in (path[:-1], path + "A", path[:-1] + ("A" if path[-1] != "A" else "B"), "/acknowledge/x"):
            for method in ("GET", "POST"):
                refused = served.https(method, wrong)
                assert refused.status == 404 and "not valid" in refused.body, (wrong, refused)
        # Who gets the end has no link to acknowledge; afterwards the link opens nothing.
        assert served.cli("start").status == 0
        ended = wait_until(lambda: [m for m in mails(served) if "Resolved" in m["Subject"]], "the end")[0]
        assert list(links_of(ended)) == ["Console", "About this cause"], ended.get_content()
        served.good("incident", "take", str(incident["id"]))
        wait_until(lambda: served.good("incident", "show", str(incident["id"]))["status"] == "mitigated", "mitigated")
        served.good("incident", "resolve", str(incident["id"]))
        assert served.https("POST", path).status == 410


def test_messages_a_link_that_fails_answers_with_a_page_that_says_why(served):
    def is_page(answer, status, *parts):
        assert answer.status == status and answer.headers["Content-Type"].startswith("text/html"), answer
        assert answer.headers["Cache-Control"] == "no-store" and "width=device-width" in answer.body, answer
        for part in (*parts, "/docs/acknowledge.css"):
            assert part in answer.body, (part, answer)

    def browse(method, path):
        return served.https(method, path, headers={"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"})
    served.settings["server"]["external_url"] = f"https://127.0.0.1:{served.https_port}/"
    served.settings["auto_recovery"]["enabled"] = False
    with mailbox(served):
        os.kill(served.good("status")["pid"], signal.SIGKILL)
        mail = wait_until(lambda: [m for m in mails(served) if m["Subject"].startswith("P1 ")], "the mail")[0]
        path = links_of(mail)["Acknowledge"].removeprefix(f"https://127.0.0.1:{served.https_port}")
        assert served.https("GET", "/docs/acknowledge.css").status == 200
        is_page(browse("GET", "/acknowledge/a/b"), 404, "no such path")
        assert served.https("GET", "/acknowledge/a/b").body["code"] == "not_found", "a program"
        is_page(browse("DELETE", path), 405, "open the link again")
        # What a person orders has its line in the audit log, or does not happen.
        served.audit_file.chmod(0o646)
        served.stop()
        served.start()
        is_page(browse("POST", path), 503, "The audit log cannot be written", f'<a href="{path}">open the link again</a>')
        incident, = served.good("incident", "list")["items"]
        assert incident["acknowledged_by"] is None, incident
        served.audit_file.chmod(0o640)
        wait_until(lambda: served.cli("incident", "note", str(incident["id"]), "at work").status == 0, "the log")
        assert browse("POST", path).status == 200
        last = None
        for _ in range(60):
            last = browse("POST", path)
            if last.status == 429:
                break
        is_page(last, 429, "open the link again")
        assert int(last.headers["Retry-After"]) > 0, last


def test_messages_do_not_wait_for_a_database_that_is_held_and_are_stored_afterwards(served):
    secret = served.folder / "secret"
    secret.write_text(f"whsec_{base64.b64encode(receivers.WEBHOOK_SECRET).decode()}")
    secret.chmod(0o600)
    served.settings["auto_recovery"]["enabled"] = False
    with receivers.Receiver() as receiver:
        served.settings["alerts"] = {"channels": {
            "hook": {"type": "webhook", "secret_file": str(secret), "url": f"{receiver.url}/webhook"}}}
        served.stop()
        served.start()
        wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
        pid = served.good("status")["pid"]
        with contextlib.closing(sqlite3.connect(served.folder / "state" / "resus.db", isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            stored = "SELECT count(*) FROM record WHERE kind IN ('alert', 'delivery')"
            before = database.execute(stored).fetchone()  # a loaded machine answers slowly, which is an alert, too
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: [r for r in receiver.requests if b"/availability/" in r["raw"]], "the page, with nothing stored")
            assert database.execute(stored).fetchone() == before
            database.execute("ROLLBACK")
        alert, = wait_until(lambda: [a for a in served.good("alert", "list")["items"] if a["class"] == "availability"], "the alert")

        def delivered():
            return [d for d in served.good("alert", "show", str(alert["id"]))["deliveries"] if d["state"] == "delivered"]
        wait_until(delivered, "the delivery on the disk")
        served.stop()
        served.start()
        wait_until(delivered, "the same after a start")
        opened = [r for r in receiver.requests if json.loads(r["raw"])["type"] == "alert.opened"]
        assert len(opened) == 1, [r["raw"] for r in opened]


def test_messages_that_no_channel_delivers_end_the_heartbeat(served):
    secret, url = served.folder / "secret", served.folder / "ping"
    secret.write_text(f"whsec_{base64.b64encode(receivers.WEBHOOK_SECRET).decode()}")
    served.settings["auto_recovery"]["enabled"] = False
    with receivers.Receiver() as receiver, receivers.Receiver() as watcher:
        url.write_text(f"{watcher.url}/ping/T0SECRET")
        for file in (secret, url):
            file.chmod(0o600)
        served.settings["alerts"] = {
            "channels": {"hook": {"type": "webhook", "secret_file": str(secret), "url": f"{receiver.url}/webhook"}},
            "heartbeat": {"url_file": str(url), "interval_seconds": 1, "report_failure": True}}
        served.stop()
        served.start()

        def pings(path):
            return [r for r in watcher.requests if r["path"] == path]
        wait_until(lambda: pings("/ping/T0SECRET"), "the heartbeat")
        assert not pings("/ping/T0SECRET/fail")
        for _ in range(50):  # this receiver is away for now, and asks for the least delay
            receiver.fail_next(code=503, headers={"Retry-After": "1"})
        os.kill(served.good("status")["pid"], signal.SIGKILL)
        failed = wait_until(lambda: pings("/ping/T0SECRET/fail"), "the failure")[0]
        assert b"no channel delivers" in failed["raw"], failed
        assert "no channel delivers: alerts reach no one" in served.output()
        alert, = [a for a in served.good("alert", "list")["items"] if a["class"] == "self"]
        assert "The channel hook does not deliver" in alert["summary"], alert


def test_messages_link_to_what_their_cause_means_and_nobody_has_to_log_in(served):
    base = f"https://127.0.0.1:{served.https_port}"
    served.settings["server"]["external_url"] = base
    served.settings["auto_recovery"]["enabled"] = False
    secret = served.folder / "secret"
    secret.write_text(f"whsec_{base64.b64encode(receivers.WEBHOOK_SECRET).decode()}")
    secret.chmod(0o600)
    with receivers.Receiver() as receiver:
        served.settings["alerts"] = {"resolve_after_seconds": 1, "channels": {
            "hook": {"type": "webhook", "secret_file": str(secret), "url": f"{receiver.url}/webhook"},
            "am": {"type": "alertmanager", "url": receiver.url}}}
        served.stop()
        served.start()
        wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
        os.kill(served.good("status")["pid"], signal.SIGKILL)

        def bodies(path):
            return [json.loads(r["raw"]) for r in receiver.requests if r["path"].startswith(path) and r["raw"]]
        hook = wait_until(lambda: [b["data"] for b in bodies("/webhook") if b["type"] == "alert.opened"], "the webhook's message")[0]
        repeated = wait_until(lambda: [a for b in bodies("/api/v2/alerts") for a in b], "what Alertmanager is sent")[0]
        path, anchor = hook["cause_link"].removeprefix(base).split("#")
        assert anchor == hook["cause"] and repeated["annotations"]["runbook_url"] == hook["cause_link"], (hook, repeated)
        page = served.https("GET", path)
        assert page.status == 200 and page.headers["Content-Type"].startswith("text/html"), page
        assert f'<h4 id="{anchor}"><code>{anchor}</code></h4>' in page.body and "A signal ended the process" in page.body, page.body[:500]
        for code in re.findall(r"^\| \[`(\w+)`\]", (TREE / "docs" / "causes.md").read_text(), re.MULTILINE):
            assert f'<h4 id="{code}">' in page.body, f"{code} has no place to link to"
        style = served.https("GET", re.search(r'<link rel="stylesheet" href="([^"]+)">', page.body)[1])
        assert style.status == 200 and style.headers["Content-Type"].startswith("text/css"), style
        assert not re.search(r"\.md[\")#]", page.body), "it links to no file that is not served"


def test_messages_have_no_link_to_acknowledge_unless_an_address_is_set(served):
    served.settings["auto_recovery"]["enabled"] = False
    with mailbox(served, link="https://resus.example.org"):
        os.kill(served.good("status")["pid"], signal.SIGKILL)
        mail = wait_until(lambda: [m for m in mails(served) if m["Subject"].startswith("P1 ")], "the mail")[0]
        assert list(links_of(mail)) == ["Console", "About this cause"], mail.get_content()
        assert served.https("GET", "/acknowledge/" + "A" * 46).status == 404


def test_messages_the_doctor_tries_every_channel_and_sends_nothing(served):
    secret, url = served.folder / "secret", served.folder / "slack-url"
    secret.write_text("whsec_" + "A" * 43 + "=")
    url.write_text(f"https://127.0.0.1:{served.https_port}/x")
    for file in (secret, url):
        file.chmod(0o600)
    with receivers.Receiver() as receiver, receivers.mail_server(served.folder) as server:
        hook = {"type": "webhook", "secret_file": str(secret)}
        mail = {"type": "smtp", "from": "a@example.org", "to": ["b@example.org"], "tls": "none"}
        served.settings["alerts"] = {"channels": {
            "good": {**hook, "url": f"{receiver.url}/webhook"},
            "tls": {**hook, "url": f"https://127.0.0.1:{served.https_port}/x", "ca_file": str(served.certificate)},
            "untrusted": {**hook, "url": f"https://127.0.0.1:{served.https_port}/x"},
            "closed": {**hook, "url": f"http://127.0.0.1:{free_port()}/x"},
            "noname": {**hook, "url": "http://no-such-host.invalid/x"},
            "chat": {"type": "slack", "url_file": str(url), "ca_file": str(served.certificate)},
            "mail": {**mail, "url": f"smtp://127.0.0.1:{server.port}"},
            "nomail": {**mail, "url": f"smtp://127.0.0.1:{free_port()}"},
        }}
        served.stop()
        served.start()
        wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
        url.unlink()

        def look():
            return {f["check"].removeprefix("channel "): f for f in served.cli("doctor").json["items"] if f["check"].startswith("channel ")}

        found = look()
        assert {n: f["status"] for n, f in found.items()} == {
            "good": "pass", "tls": "pass", "mail": "pass", "untrusted": "fail", "closed": "fail", "noname": "fail",
            "chat": "fail", "nomail": "fail"}, found
        for name, words in (("good", "its server can be reached"), ("untrusted", "certificate is not trusted"),
                            ("closed", "Connection refused"), ("noname", "resolve host"), ("nomail", "Connection refused"),
                            ("chat", f"`url_file`: cannot open {url}")):
            assert words in found[name]["message"], found[name]
        assert all(f["fix"] for f in found.values() if f["status"] == "fail"), found
        assert not receiver.requests and not mails(served), "nothing is sent"


def test_messages_the_doctor_does_not_wait_for_a_receiver_that_is_silent(served):
    secret = served.folder / "secret"
    secret.write_text("whsec_" + "A" * 43 + "=")
    secret.chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        served.settings["alerts"] = {"channels": {"hook": {
            "type": "webhook", "secret_file": str(secret), "url": f"https://127.0.0.1:{silent.getsockname()[1]}/x"}}}
        served.stop()
        served.start()
        found, = [f for f in served.cli("doctor").json["items"] if f["check"] == "channel hook"]
        assert found["status"] == "fail" and "timed out" in found["message"], found


def pass_hours(served, hours):
    """The daemon ends; when it starts again, every window is so much nearer."""
    served.stop()
    with contextlib.closing(sqlite3.connect(served.folder / "state" / "resus.db")) as database, database:
        for row, body in database.execute("SELECT number, body FROM record WHERE kind = 'maintenance'").fetchall():
            body = json.loads(body)
            body["starts_ms"] -= round(hours * 3600000)
            body["ends_ms"] -= round(hours * 3600000)
            database.execute("UPDATE record SET body = ?, at = ? WHERE kind = 'maintenance' AND number = ?", (json.dumps(body), body["starts_ms"], row))
    served.start()


def notices(served):
    return [m for m in mails(served) if "Maintenance" in m["Subject"]]


def calendar_of(mail):
    attached, = mail.iter_attachments()
    assert attached.get_content_type() == "text/calendar" and attached.get_filename() == "maintenance.ics", attached
    text = attached.get_payload(decode=True).decode().replace("\r\n", "\n")
    assert "METHOD" not in text and text.startswith("BEGIN:VCALENDAR\n") and text.endswith("END:VCALENDAR\n"), text
    return dict(line.split(":", 1) for line in text.replace("\n ", "").splitlines())


def test_messages_maintenance_is_announced_by_mail_48_24_and_1_hours_before_with_a_calendar(served):
    with mailbox(served, link="https://resus.example.org"):
        number = served.good("maintenance", "plan", "kernel update", "--at", "49h", "--for", "2h")["id"]
        assert served.good("maintenance", "show", str(number))["state"] == "planned" and not notices(served)
        for hours, passed, word in ((48, 1.1, "Announced"), (24, 24, "Reminder"), (1, 23, "Reminder")):
            before = len(notices(served))
            pass_hours(served, passed)
            mail = wait_until(lambda: (found := notices(served))[before:], f"the notice of {hours} hours")[0]
            window = served.good("maintenance", "show", str(number))
            text = mail.get_body().get_content()
            starts = window["starts_at"]
            assert f'{word}: maintenance "kernel update" of all services from {starts[:10]} {starts[11:16]} UTC' in text, text
            assert f"Console: https://resus.example.org/maintenance/{number}" in text, text
            when = window["starts_at"].replace("T", " ")[:16]
            assert mail["Subject"] == f'Notice: Redis Service: Maintenance "kernel update" on {when} UTC', mail["Subject"]
            event = calendar_of(mail)
            assert event["DTSTART"] == window["starts_at"].replace("-", "").replace(":", "").split(".")[0].rstrip("Z") + "Z", event
            assert "kernel update" in event["SUMMARY"] and event["UID"].endswith("@here"), event
        assert served.good("notify", "test", "mail")["success"], "what was sent before has arrived, too"
        assert len(notices(served)) == 3, [m.get_body().get_content() for m in notices(served)]
        uid = calendar_of(notices(served)[0])["UID"]
        served.good("maintenance", "cancel", str(number))
        cancelled = wait_until(lambda: notices(served)[3:], "the cancellation")[0]
        event = calendar_of(cancelled)
        assert (event["STATUS"], event["UID"]) == ("CANCELLED", uid), event
        assert "Cancelled: maintenance" in cancelled.get_body().get_content()
