#!/usr/bin/python3
"""The calendar of maintenance windows as others read it: by the rules of RFC 5545, and by python3-icalendar.

usage: calendar.py CALENDAR_SAMPLE      the program of calendar_sample.c
"""

import datetime
import json
import random
import re
import subprocess
import sys

try:
    import icalendar
except ImportError:
    icalendar = None

STATUS = ["TENTATIVE", "CONFIRMED", "CONFIRMED", "CONFIRMED", "CONFIRMED", "CANCELLED"]
ALPHABET = "abc ,;:\\\"\n'äöü€😀—\u00a0日本語" + "x" * 10
REQUIRED = {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "STATUS", "SUMMARY", "X-MAINTNOTE-PROVIDER",
            "X-MAINTNOTE-ACCOUNT", "X-MAINTNOTE-MAINTENANCE-ID", "X-MAINTNOTE-OBJECT-ID", "X-MAINTNOTE-IMPACT"}
ONCE = REQUIRED - {"X-MAINTNOTE-OBJECT-ID"}


def made_up(dice, alphabet):
    def text(most):
        return "".join(dice.choice(alphabet) for _ in range(dice.randint(1, most)))

    events = []
    for number in range(dice.randint(0, 12)):
        starts = dice.randint(1_700_000_000, 2_100_000_000)
        events.append({
            "window": f"w{number}", "date": "2026-12-06", "title": text(200), "details": text(400),
            "phase": dice.randrange(6), "impact": dice.randrange(4), "sequence": dice.randrange(20),
            "changed": starts - 86400, "starts": starts, "ends": starts + 60 * dice.randint(1, 1440),
            "services": [f"service-{i}" for i in range(dice.randint(1, 5))]})
    return {"instance": "resus-1", "organizer": "ops@example.org", "link": "https://resus.example.org/x?y=1,2;3", "events": events}


def moment(second):
    return datetime.datetime.fromtimestamp(second, datetime.timezone.utc)


def unescaped(value):
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value, flags=re.DOTALL)


def strictly_read(raw):
    """[[(name, value)]] of each event. Every rule is an assertion."""
    assert raw.endswith(b"\r\n")
    lines = raw[:-2].split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines), "a line end that is not CRLF"
    assert all(0 < len(line) <= 75 for line in lines), "a line of more than 75 bytes"
    for line in lines:
        line.decode("utf-8")  # no character is cut
    unfolded = raw[:-2].replace(b"\r\n ", b"").decode("utf-8").split("\r\n")
    properties = [tuple(line.split(":", 1)) for line in unfolded]
    assert all(re.fullmatch("[A-Z-]+", name) for name, _ in properties)
    assert properties[0] == ("BEGIN", "VCALENDAR") and properties[-1] == ("END", "VCALENDAR")
    assert ("VERSION", "2.0") in properties and "METHOD" not in dict(properties)
    events, current = [], None
    for name, value in properties[1:-1]:
        if (name, value) == ("BEGIN", "VEVENT"):
            current = []
        elif (name, value) == ("END", "VEVENT"):
            events.append(current)
            current = None
        elif current is not None:
            current.append((name, value))
    return events


def check_strictly(raw, wanted):
    events = strictly_read(raw)
    assert len(events) == len(wanted["events"])
    assert len({dict(e)["UID"] for e in events}) == len(events), "an id twice"
    for found, event in zip(events, wanted["events"], strict=True):
        names = [name for name, _ in found]
        assert set(names) >= REQUIRED and all(names.count(name) == 1 for name in ONCE), names
        values = dict(found)
        assert unescaped(values["SUMMARY"]) == event["title"], values["SUMMARY"]
        assert unescaped(values["DESCRIPTION"]) == event["details"]
        assert values["DTSTART"] == moment(event["starts"]).strftime("%Y%m%dT%H%M%SZ")
        assert values["DTEND"] == moment(event["ends"]).strftime("%Y%m%dT%H%M%SZ")
        assert values["STATUS"] == STATUS[event["phase"]] and values["SEQUENCE"] == str(event["sequence"])
        assert [v for n, v in found if n == "X-MAINTNOTE-OBJECT-ID"] == event["services"]


def check_with_library(raw, wanted):
    calendar = icalendar.Calendar.from_ical(raw)
    events = calendar.walk("VEVENT")
    assert len(events) == len(wanted["events"])
    for found, event in zip(events, wanted["events"], strict=True):
        assert str(found["SUMMARY"]) == event["title"], (str(found["SUMMARY"]), event["title"])
        assert str(found["DESCRIPTION"]) == event["details"]
        assert found["DTSTART"].dt == moment(event["starts"]) and found["DTEND"].dt == moment(event["ends"])
        assert str(found["UID"]) == f"{event['window']}/{event['date']}@resus-1"
        assert int(found["SEQUENCE"]) == event["sequence"] and str(found["STATUS"]) == STATUS[event["phase"]]
        assert str(found["ORGANIZER"]) == "mailto:ops@example.org"
        assert str(found["URL"]) == wanted["link"]


def main():
    dice = random.Random(1)
    # The library takes the n after a backslash of the text for a line end (4.0.3): it gets texts without backslashes.
    cases = [made_up(dice, ALPHABET.replace("\\", "") if n % 2 else ALPHABET) for n in range(100)]
    files = [subprocess.run([sys.argv[1]], input=json.dumps(case).encode(), capture_output=True, check=True, timeout=60).stdout
             for case in cases]
    checks = [("the file keeps the rules of RFC 5545", check_strictly), ("python3-icalendar reads what was written", check_with_library)]
    print(f"1..{len(checks)}")
    bad = 0
    for number, (promise, check) in enumerate(checks, 1):
        if check is check_with_library and icalendar is None:
            print(f"ok {number} - {promise} # SKIP python3-icalendar is not installed")
            continue
        try:
            for number_of_case, (raw, case) in enumerate(zip(files, cases, strict=True)):
                if check is check_strictly or number_of_case % 2:
                    check(raw, case)
            print(f"ok {number} - {promise}")
        except AssertionError as problem:
            bad = 1
            print(f"not ok {number} - {promise}\n# {problem!r}"[:2000])
    return bad


if __name__ == "__main__":
    sys.exit(main())
