"""Slack, Teams, PagerDuty, the webhook and the heartbeat: what they take, and how they fail."""

import json
import time

from driver import Driver, message
from receivers import ROUTING_KEY, Receiver, Tunnel
from suite import free_port, wait_until

HTTP = ("slack", "teams", "pager", "hook")


def channels(receiver, **more):
    """Files are made in the driver's folder: their names are enough."""
    return {
        "slack": {"type": "slack", "url_file": "slack", **more},
        "teams": {"type": "teams", "url_file": "teams", **more},
        "pager": {"type": "pagerduty", "routing_key_file": "pager", "url": f"{receiver.url}/pagerduty", **more},
        "hook": {"type": "webhook", "url": f"{receiver.url}/webhook", "secret_file": "hook", **more},
    }


def driver(receiver, base=None, **more):
    made = Driver(channels(base or receiver, **more))
    for name in ("slack", "teams"):
        made.secret(name, f"{receiver.url}/{name}/T0SECRET")
    return made


def judged(receiver):
    return [request["verdict"] for request in receiver.requests]


def test_every_kind_of_message_is_taken_by_every_vendor():
    kinds = ("trigger", "update", "reminder", "resolve", "announce", "test", "emergency", "digest")
    with Receiver() as receiver, driver(receiver) as d:
        for kind in kinds:
            for channel in HTTP:
                result = d.send(channel, f"{kind}-{channel}", kind=kind)
                wanted = "accepted" if channel == "teams" else "delivered"
                assert result["class"] == wanted and not result["error"], (kind, result, judged(receiver)[-1])


def test_long_hostile_and_empty_messages_stay_within_the_limits():
    long = {name: ("<!channel> & \u202e\u00e9\U0001F600 `x` *_[a](b) \x1b[31m" * 200) for name in (
        "title", "summary", "action", "stake", "command", "text", "author", "host", "service_name")}
    long.update(evidence=["<!here>" * 200] * 20, log_lines=["\u00e9" * 600] * 40)
    empty = {name: "" for name in ("title", "summary", "action", "stake", "command", "host", "service_name", "service",
                                   "cause", "link", "cause_link", "key")}
    with Receiver() as receiver, driver(receiver, log_lines=True) as d:
        escaped = {name: "&<>" * 700 for name in ("title", "summary", "action", "stake", "command", "text", "author")}
        escaped.update(evidence=["&" * 500] * 8, log_lines=["\u0001\"\\" * 160] * 20)
        control = {name: "\u0001" * 2000 for name in ("title", "summary", "action", "stake", "command", "text", "link")}
        for number, changes in enumerate((long, empty, escaped, control, {**long, "severity": "P4"})):
            for channel in HTTP:
                result = d.send(channel, f"n{number}", **changes)
                assert result["class"] in ("delivered", "accepted"), (channel, result, judged(receiver)[-1])


def test_log_lines_go_to_channels_for_admins_only():
    with Receiver() as receiver:
        for allowed in (False, True):
            with driver(receiver, log_lines=allowed) as d:
                for channel in HTTP:
                    d.send(channel)
                    assert (b"Out Of Memory" in receiver.requests[-1]["raw"]) == allowed, channel


def test_severity_decides_the_length():
    with Receiver() as receiver, driver(receiver) as d:
        for channel in ("slack", "teams", "pager"):
            lengths = []
            for severity in ("P1", "P3", "P4"):
                d.send(channel, evidence=[f"line {n}" for n in range(8)], severity=severity)
                lengths.append(len(receiver.requests[-1]["raw"]))
            assert lengths == sorted(lengths, reverse=True) and len(set(lengths)) == 3, (channel, lengths)


def test_pagerduty_has_one_open_alert_a_key_and_none_after_the_resolve():
    with Receiver() as receiver, driver(receiver) as d:
        d.send("pager", "a")
        d.send("pager", "b", kind="update")
        assert receiver.open_keys == {message()["key"]}
        result = d.send("pager", "c", kind="resolve")
        assert receiver.open_keys == set() and result["receipt"] == message()["key"], result
        severities = [json.loads(r["raw"])["payload"]["severity"] for r in receiver.requests[:1]]
        assert severities == ["critical"]


def test_a_webhooks_id_stays_at_every_attempt_and_both_secrets_sign_while_exchanged():
    with Receiver() as receiver, driver(receiver) as d:
        first = (d.folder / "hook").read_text()
        d.secret("hook", "whsec_" + "A" * 32 + "\n" + first.strip())
        assert d.ask(do="reload") == {"reload": ""}
        receiver.fail_next(code=503)
        assert d.send("hook", "same")["class"] == "later"
        assert d.send("hook", "same")["class"] == "delivered"
        heads = [r["headers"] for r in receiver.requests]
        assert [h["webhook-id"] for h in heads] == ["same", "same"]
        assert all(len(h["webhook-signature"].split(" ")) == 2 for h in heads)


def test_codes_mean_what_the_vendors_say():
    wanted = {"slack": {200: "later", 400: "final", 403: "final", 404: "final", 410: "final", 429: "later",
                        500: "unknown", 503: "later", 302: "later"},
              "teams": {200: "accepted", 202: "accepted", 400: "final", 401: "final", 413: "final", 429: "later"},
              "pager": {202: "delivered", 200: "later", 400: "final", 429: "later", 502: "unknown", 503: "later", 504: "unknown"},
              "hook": {201: "delivered", 400: "later", 404: "later", 410: "final", 429: "later", 500: "unknown", 503: "later"}}
    with Receiver() as receiver, driver(receiver) as d:
        for channel, codes in wanted.items():
            for code, verdict in codes.items():
                receiver.fail_next(code=code, body="nonsense \x1b[31m", headers={"Location": f"{receiver.url}/ping"})
                result = d.send(channel)
                assert (result["class"], result["code"]) == (verdict, code), (channel, code, result)
                assert "\x1b" not in result["error"]
        assert not any(r["path"] == "/ping" for r in receiver.requests), "a redirect was followed"


def test_retry_after_is_handed_on_in_both_forms():
    with Receiver() as receiver, driver(receiver) as d:
        receiver.fail_next(code=429, headers={"Retry-After": "120"})
        assert d.send("slack")["retry_after_ms"] == 120000
        day = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 600))
        receiver.fail_next(code=503, headers={"Retry-After": day})
        assert 500000 < d.send("hook")["retry_after_ms"] <= 600000
        receiver.fail_next(code=429, headers={"Retry-After": "99999999999999999999"})
        assert d.send("pager")["retry_after_ms"] <= 3600000
        receiver.fail_next(code=429, headers={"Retry-After": "soon"})
        assert d.send("pager")["retry_after_ms"] == -1


def test_an_answer_that_never_ends_is_judged_by_its_code():
    with Receiver() as receiver, driver(receiver, timeout_seconds=1) as d:
        receiver.fail_next(code=200, body="", stall=True)
        assert d.send("slack")["class"] == "delivered"
        receiver.fail_next(code=202, drip=True)
        assert d.send("pager")["class"] == "delivered"
        receiver.fail_next(code=503, body="x" * 100000)
        assert d.send("hook")["class"] == "later"


def test_what_was_sent_without_an_answer_is_unknown_and_holds_up_nothing():
    with Receiver() as receiver, driver(receiver, timeout_seconds=1) as d:
        for channel in HTTP:
            receiver.fail_next(hang=True)
            result = d.send(channel)
            assert result["class"] == "unknown" and "timed out" in result["error"], result
            receiver.fail_next(cut=True)
            assert d.send(channel)["class"] == "unknown"
        assert d.ask(do="status")["late_ms"] < 500
        status = {c["channel"]: c for c in d.ask(do="status")["channels"]}
        assert status["slack"]["failures"] == 2 and not status["slack"]["succeeded"]
        d.send("slack")
        status = {c["channel"]: c for c in d.ask(do="status")["channels"]}
        assert status["slack"]["failures"] == 0 and status["slack"]["succeeded"]


def test_a_receiver_that_is_not_there_has_nothing():
    with Receiver() as receiver:
        class Gone:
            url = f"http://127.0.0.1:{free_port()}"
        with driver(Gone, base=Gone) as d:
            for channel in HTTP:
                result = d.send(channel)
                assert result["class"] == "later" and result["error"] == "cannot connect: Connection refused", result
        assert not receiver.requests


def test_a_hanging_receiver_delays_no_other_channel():
    with Receiver() as slow, Receiver() as receiver, driver(receiver) as d:
        d.secret("slack", f"{slow.url}/slack/T0SECRET")
        assert d.ask(do="reload") == {"reload": ""}
        slow.fail_next(hang=True)
        d.begin("slack", "slow")
        wait_until(lambda: slow.requests, "the slow request")
        assert d.send("hook", "quick")["delivery"] == "quick"
        slow.server.ending.set()
        assert d.answer()["delivery"] == "slow"


def test_addresses_and_keys_are_in_no_error():
    with Receiver() as receiver, driver(receiver) as d:
        for channel in HTTP:
            for code in (400, 404, 500):
                receiver.fail_next(code=code, body=f"you sent {receiver.url}/slack/T0SECRET {receiver.url}/teams/T0SECRET"
                                                   f" {receiver.url}/webhook and {ROUTING_KEY}")
                result = d.send(channel)
                own = {"slack": "slack/T0SECRET", "teams": "teams/T0SECRET", "pager": ROUTING_KEY, "hook": "/webhook"}
                assert own[channel] not in result["error"], result
        everything = d.output() + json.dumps(d.ask(do="status"))
        assert "T0SECRET" not in d.output() and ROUTING_KEY not in d.output(), everything


def test_a_repeat_is_marked_where_receivers_know_no_ids():
    with Receiver() as receiver, driver(receiver) as d:
        for channel in HTTP:
            d.send(channel, repeat=True)
            marked = b"may be a repeat" in receiver.requests[-1]["raw"]
            assert marked == (channel in ("slack", "teams")), channel


def test_a_link_local_address_is_not_connected_to_in_any_spelling():
    class Metadata:
        url = "http://2852039166"  # 169.254.169.254, as curl reads it
    made = Driver({"hook": {"type": "webhook", "url": f"{Metadata.url}/x", "secret_file": "hook"}})
    with made as d:
        result = d.send("hook")
        assert result["class"] == "later" and "link-local" in result["error"], result


def test_the_proxy_is_that_of_the_settings():
    with Receiver() as proxy:
        made = Driver({"hook": {"type": "webhook", "url": "http://receiver.invalid/webhook", "secret_file": "hook",
                                "proxy": proxy.url}})
        with made as d:
            proxy.fail_next(code=204, body="")
            assert d.send("hook")["class"] == "delivered"
        assert proxy.requests[0]["path"] == "http://receiver.invalid/webhook"


def test_a_proxy_that_refuses_has_sent_nothing_on():
    with Tunnel(code=407) as tunnel:
        made = Driver({"hook": {"type": "webhook", "url": "https://receiver.invalid/webhook", "secret_file": "hook",
                                "proxy": tunnel.url}})
        with made as d:
            result = d.send("hook")
            assert (result["class"], result["error"]) == ("later", "the proxy answered 407"), result


def test_a_reload_ends_nothing_and_a_bad_one_changes_nothing():
    with Receiver() as receiver, driver(receiver) as d:
        receiver.fail_next(hang=True)
        d.begin("slack", "slow")
        wait_until(lambda: receiver.requests, "the request")
        d.alerts["channels"]["slack"]["url_file"] = "missing"
        d.write_settings()
        why = d.ask(do="reload")["reload"]
        assert "`url_file`" in why and "missing" in why, why
        assert d.send("slack", "after")["class"] == "delivered"
        del d.alerts["channels"]["slack"]
        d.write_settings()
        assert d.ask(do="reload") == {"reload": ""}
        assert "there is no channel" in d.send("slack", "gone")["error"]
        receiver.server.ending.set()
        assert d.answer()["delivery"] == "slow"


def test_the_heartbeat_goes_on_until_resus_is_unwell():
    with Receiver() as receiver:
        made = Driver({}, heartbeat={"url_file": "beat", "interval_seconds": 1})
        made.secret("beat", f"{receiver.url}/ping/T0SECRET")
        with made as d:
            wait_until(lambda: len(receiver.requests) >= 2, "two requests")
            assert {r["path"] for r in receiver.requests} == {"/ping/T0SECRET"}
            wait_until(lambda: d.ask(do="status")["channels"][-1]["succeeded"], "the answer")
            d.alerts["heartbeat"]["report_failure"] = True
            d.write_settings()
            d.tell(do="unwell", text="the store is 90 s late")
            assert d.ask(do="reload") == {"reload": ""}
            wait_until(lambda: receiver.requests[-1]["path"].endswith("/fail"), "a failure")
            assert receiver.requests[-1]["raw"] == b"the store is 90 s late"


def test_what_is_under_way_at_the_end_is_dropped():
    with Receiver() as receiver, driver(receiver) as d:
        receiver.fail_next(hang=True)
        d.begin("hook")
        wait_until(lambda: receiver.requests, "the request")
        d.tell(do="drop")
