"""Figures over time, service levels, diagnosis, bundle, notices and the audit log, from outside."""

import json
import os
import re
import stat
import threading
import time

import people
from daemon import wait_until
from prometheus import sample, text_of


def known(values):
    return [value for value in values if value is not None]


def test_figures_are_kept_and_survive_a_restart_of_resus(served):
    def kept():
        body = served.ask("metrics", "redis")[1]
        return known(body["series"]["memory_bytes"]["values"]) and body

    body = wait_until(kept, "a step of the series", 60)
    assert body["step_seconds"] == 30
    lengths = {len(one["values"]) for one in body["series"].values()} | {len(one) for one in body["states"].values()}
    assert lengths == {len(body["times"])}, lengths
    assert known(body["series"]["ping_p50_ms"]["values"])[0] > 0
    assert 0 < known(body["states"]["up"])[0] <= 31
    assert body["limits"]["memory_mb"]["warning"] > 0
    assert [mark["operation"] for mark in body["marks"]] == ["start"], body["marks"]
    served.stop()
    served.start()
    after = served.ask("metrics", "redis")[1]
    assert known(after["series"]["memory_bytes"]["values"])[0] == known(body["series"]["memory_bytes"]["values"])[0]


def test_bad_ranges_and_names_of_figures_are_refused(served):
    assert served.ask("metrics", "redis", **{"from": "yesterday"})[0] == 400
    assert served.ask("metrics", "redis", **{"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"})[0] == 400
    assert served.ask("metrics", "redis", step=0)[0] == 400
    status, body = served.ask("metrics", "redis", series="memory_bytes,nonsense")
    assert status == 400 and "nonsense" in body["message"], body
    status, body = served.ask("metrics", "redis", series="keys", step=1, **{"from": "1970-01-01T00:00:00Z"})
    assert status == 200 and list(body["series"]) == ["keys"] and body["step_seconds"] % 3600 == 0, body["step_seconds"]
    assert len(body["times"]) <= 2000
    status, body = served.ask("metrics", "redis", **{"from": "2100-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"})
    assert status == 200 and not known(body["states"]["up"])


def test_service_levels_count_an_outage_and_leave_a_planned_stop_out(served):
    windows = served.good("slo")["windows"]
    assert [window["days"] for window in windows] == [1, 7, 30, 90]
    served.good("stop", "--confirm", "STOP", "--reason", "planned")
    served.good("start")

    def counted():
        window = served.good("slo")["windows"][0]
        return window["availability"]["planned_seconds"] > 0 and window

    window = wait_until(counted, "a step with the stop", 60)
    availability = window["availability"]
    assert availability["up_seconds"] > 0 and window["response_time"]["pings"] > 0, window
    # Minutes of history allow milliseconds of outage: too early to judge, whatever they were.
    assert availability["state"] == "unknown" and availability["percent"] is not None, availability
    assert window["response_time"]["state"] == "unknown", window
    assert window["response_time"]["percent"] is not None
    assert availability["budget_minutes"] >= 0
    assert "budget left" in served.run("slo").stdout


def test_diagnosis_names_the_cause_and_ends_with_1(served):
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
    well = served.cli("diagnose")
    assert [tree["tree"] for tree in well.json["trees"]] == \
        ["service_wont_start", "performance_degradation", "auto_recovery_failing"]
    assert well.status == (1 if well.json["findings"] else 0), well
    seen = {step["check"]: step["seen"] for tree in well.json["trees"] for step in tree["steps"]}
    assert re.match(r"[0-9.]+ MB of [0-9]+ MB, ", seen["memory usage"]), seen
    assert re.match(r"[0-9]+ of [0-9]+, ", seen["connection count"]), seen
    assert re.match(r"[0-9.]+ % of [0-9]+ %, |not known", seen["CPU usage"]), seen
    served.good("stop", "--confirm", "STOP", "--reason", "test")
    found = served.cli("diagnose")
    assert found.status == 1 and found.json["findings"] > 0
    causes = [step["cause"] for tree in found.json["trees"] for step in tree["steps"] if step["status"] == "finding"]
    assert "Stopped on purpose" in causes, causes
    assert "→ Start it" in served.run("diagnose").stdout
    served.good("start")


def test_the_bundle_is_closed_to_others_also_behind_a_link_to_nothing(served):
    target, link = served.folder / "target.json", served.folder / "link.json"
    link.symlink_to(target)
    before = os.umask(0o022)
    try:
        assert served.run("bundle", "-o", str(link)).returncode in (0, 1)
    finally:
        os.umask(before)
    assert link.is_symlink() and json.loads(target.read_text())["document"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600, oct(target.stat().st_mode)


def test_the_bundle_has_all_and_no_secret(served):
    served.redis("SET", "very-private-key", "very-private-value")
    file = served.folder / "bundle.json"
    done = served.run("bundle", "-o", str(file))
    assert done.returncode in (0, 1), done
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    bundle = json.loads(text)
    for part in ("resus", "settings", "status", "health", "explain", "diagnosis", "info", "slowlog", "clients",
                 "commandstats", "logs", "recoveries", "events", "metrics"):
        assert part in bundle and not (isinstance(bundle[part], dict) and "missing" in bundle[part]), part
    assert "very-private" not in text
    assert served.run("bundle").returncode == 64
    link = served.folder / "link.json"
    link.symlink_to(file)
    file.write_text("")
    assert served.run("bundle", "-o", str(link)).returncode in (0, 1)
    assert link.is_symlink() and json.loads(file.read_text())["document"], "what is no file is written into"
    out = served.run("bundle", "-o", "/dev/stdout").stdout
    assert json.loads(out[:out.rindex("}") + 1])["document"] == bundle["document"]
    assert served.run("bundle", "-o", "/nonexistent/bundle").returncode == 1


def test_a_notice_reaches_those_who_come_later_and_is_audited(served):
    status, body = served.ask("notify", message="Redis restarts in five minutes")
    assert status == 200 and body["services"] == 1, body
    assert served.ask("notify", message="again", service="redis")[0] == 200
    assert [notice["message"] for notice in served.good("status")["notices"]] == \
        ["again", "Redis restarts in five minutes"]
    assert any(event["message"] == "again" for event in served.good("events")["items"] if event["type"] == "notice")
    assert served.ask("notify", message="")[0] == 400
    assert served.ask("notify", message="x" * 501)[0] == 400
    assert served.ask("notify", message="x", service="nobody")[0] == 404
    wait_until(lambda: [line for line in served.audit() if line["operation"] == "notify-users"], "the audit line")


def test_notices_push_nothing_out_of_the_audit_log(served):
    people.add_all(served)
    operator = {"Authorization": "Bearer " + people.login(served, "operator")["token"]}
    statuses = [served.https("POST", "/api/notifications", {"message": "\U0001F6A8" * 500}, operator).status
                for _ in range(11)]
    assert statuses == [200] * 10 + [429], statuses
    lines = wait_until(lambda: [line for line in served.audit() if line["operation"] == "notify-users"], "the lines")
    assert all(len(line["reason"].encode()) <= 200 for line in lines), lines


def test_the_audit_log_is_paged_filtered_exported_and_reported(served):
    for number in range(5):
        served.ask("notify", message=f"number {number}")
    served.good("restart", "--reason", "audited")
    wait_until(lambda: [line for line in served.audit() if line["operation"] == "restart"
                        and line["event_type"] == "service_operation"], "the line of the restart")
    def told(lines):  # reading the log is a line of it, too
        return [line["seq"] for line in lines if line["operation"] != "audit"]

    whole = told(line for line in reversed(served.audit()) if line["event_type"] != "intent")
    seen, cursor, pages = [], None, 0
    while True:
        status, body = served.ask("audit", limit=2, **({"cursor": cursor} if cursor else {}))
        assert status == 200 and len(body["items"]) <= 2, body
        seen += told(body["items"])
        cursor, pages = body["next_cursor"], pages + 1
        if cursor is None:
            break
    assert seen == whole and pages >= len(whole) // 2, (seen, whole)
    restarts = served.ask("audit", operation="restart", result="success")[1]["items"]
    assert restarts and all(line["operation"] == "restart" for line in restarts)
    assert served.ask("audit", user="nobody@example.org")[1]["items"] == []
    assert served.ask("audit", since="2100-01-01T00:00:00Z")[1]["items"] == []
    assert served.ask("audit", cursor="first")[0] == 400
    _, _, pieces = served.follow("audit", format="lines")
    assert told(json.loads(line) for line in "".join(pieces).splitlines()) == whole
    for kind in ("daily", "weekly", "monthly"):
        status, report = served.ask("audit_report", kind=kind)
        assert status == 200 and report["since"], (kind, report)
    assert served.ask("audit_report", kind="weekly")[1]["operations"]["count"] >= 1


def late_checks(served):
    """How many checks began more than half a second late, since the start."""
    text = text_of(served)
    in_time = sample(text, "resus_check_lateness_seconds_bucket")['{le="0.5"}']
    return sample(text, "resus_check_lateness_seconds_count")[""] - in_time


def test_reading_a_large_audit_log_does_not_delay_the_watch(served):
    served.stop()
    line = served.audit_file.read_text().splitlines(keepends=True)[-1].encode()
    older = served.audit_file.with_name("audit.log.1")
    older.write_bytes(line * (64 * 1024 * 1024 // len(line)))
    served.start()
    wait_until(lambda: served.good("status").get("status") == "running", "running")
    before = late_checks(served)
    began = time.monotonic()
    results = []
    readers = [threading.Thread(target=lambda: results.append(served.ask("audit_report", kind="weekly")))
               for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert [status for status, _ in results] == [200, 200, 200], results
    assert results[0][1]["lines"] > 10000
    assert time.monotonic() - began > 0.5, "too little was read to show anything"
    assert late_checks(served) == before
