"""Seeds of the records of `src/alerts`: seeds.py writes them with its own."""

import json

DAY = 1796522400000  # 2026-12-05, the time of both targets

ALERT = {
    "service": "cache", "class": "availability", "detail": "", "at": DAY - 60000, "state": "firing", "severity": "P1",
    "sent_severity": "P1", "lower": "none", "cause": "crashed", "sent_cause": "crashed", "members": 0, "sent_members": 0,
    "episode": 3, "announced": True, "flap_sent": False, "acted": True, "notified": ["mail", "pager"], "closed": [],
    "bad_since": DAY - 60000, "well_since": 0, "blind_since": 0, "lower_since": 0, "updated": DAY - 50000,
    "began": DAY - 60000, "ended": 0, "returns": [DAY - 60000, DAY - 600000, 0], "acknowledged_by": "alice@example.org",
    "acknowledged": DAY - 30000, "reported": "", "facts": {"kind": "trigger", "severity": "P1", "key": "resus/here/cache/availability/3"},
    "messages": [11, 12], "deliveries": [{"channel": "mail", "state": "delivered", "code": 250}],
}
FLAPPING = {"state": "flapping", "flap_sent": True, "well_since": DAY - 5000, "lower": "P3", "lower_since": DAY - 9000}
HOST = {"service": "10.0.0.5", "class": "host", "members": 4, "sent_members": 2, "cause": "host_unreachable"}
FINDING = {"class": "security", "detail": "brute_force", "state": "clearing", "severity": "P4", "cause": "unknown",
           "reported": "192.0.2.0/24: 20 failed logins", "well_since": DAY - 1000}
INCIDENT = {
    "service": "cache", "at": DAY - 60000, "host": False, "cause": "crashed", "status": "investigating", "severity": "P1",
    "worst": "P1", "alerts": "P1", "by_hand": False, "commander": "alice@example.org", "update_ms": 900000, "reminders": 1,
    "postmortem": "none", "stable_since": 0, "resolved_at": 0, "ask_due": 0, "update_due": DAY + 840000,
    "remind_due": DAY + 240000, "opened": DAY - 60000, "mitigated_at": 0, "resolved_wall": 0, "closed_at": 0,
    "escalation": {"state": "calling", "severity": "P1", "rated": "P1", "generation": 2, "mitigated": False, "warned": False,
                   "held": False, "running": True, "recurs": False, "data_at_risk": False, "breach": False, "called": 3,
                   "unresolved_level": 1, "unacked_left": -1, "unresolved_left": -1, "unacked_due": DAY + 240000,
                   "unresolved_due": DAY + 1740000, "ack_until": 0,
                   "levels": [{"name": "Operations Team", "channels": ["mail"], "after_ms": 0},
                              {"name": "Senior Admin", "channels": ["pager"], "after_ms": 1800000}]},
    "acknowledged_by": "", "left_out": 0, "entry_last": 1, "call_last": 2,
    "texts": {"title": "Redis has crashed"}, "calls": [{"key": "resus/here/cache/incident/3.2", "channels": ["pager"]}],
    "timeline": [{"seq": 1, "at": "2026-12-05T02:00:00Z", "kind": "open", "actor": None, "text": "Redis has crashed"}],
}
ACKNOWLEDGED = {"state": "acknowledged", "ack_until": DAY + 1700000, "unacked_due": 0, "unresolved_left": 1740000, "unresolved_due": 0}


def seeds():
    def rows(whole, **changes):
        return {name: json.dumps(whole | change).encode() for name, change in ({"open": {}} | changes).items()}

    acknowledged = {"escalation": INCIDENT["escalation"] | ACKNOWLEDGED, "acknowledged_by": "alice@example.org"}
    return {
        "alert_record": rows(ALERT, flapping=FLAPPING, host=HOST, finding=FINDING, resolved={"state": "resolved", "ended": DAY}),
        "incident_record": rows(INCIDENT, acknowledged=acknowledged, mitigated={"status": "mitigated", "alerts": "none", "stable_since": DAY},
                                resolved={"status": "resolved", "commander": "", "ask_due": 0, "resolved_at": DAY}),
    }
