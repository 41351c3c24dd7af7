"""What people are sent besides alerts, read as they read it: real mails from a real daemon."""

import contextlib
import sqlite3

import people
from daemon import wait_until
from mailbox_of import mailbox, mails


def reports(served):
    return [m for m in mails(served) if m["Subject"].startswith("Notice: ")]


def test_messages_a_report_that_was_missed_is_mailed_once_at_the_start_and_never_twice(served):
    with mailbox(served, daily_summary="00:00", weekly_report="Mon 00:00"):
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
