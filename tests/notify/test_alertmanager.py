"""Debian's Alertmanager: it is told what is so, as long as it is so."""

import json
import os
import pathlib
import shutil
import tempfile
import urllib.request

from driver import Driver, message
from receivers import alertmanager
from suite import Skip, wait_until


class Manager:
    def __enter__(self):
        if not os.path.exists("/usr/bin/prometheus-alertmanager"):
            raise Skip("needs prometheus-alertmanager")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="resus-am-"))
        self.program = alertmanager(self.folder)
        self.program.__enter__()
        self.url = f"http://127.0.0.1:{self.program.port}"
        wait_until(self.ready, "the Alertmanager")
        return self

    def __exit__(self, *_):
        self.program.__exit__()
        shutil.rmtree(self.folder)

    def ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready") as answer:
                return answer.status == 200
        except OSError:
            return False

    def alerts(self):
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts") as answer:
            return json.loads(answer.read())


def driver(manager, **more):
    return Driver({"am": {"type": "alertmanager", "url": manager.url + "/"}}, **more)


def test_an_alert_is_open_until_its_resolve():
    with Manager() as manager, driver(manager) as d:
        assert d.send("am")["class"] == "delivered"
        [alert] = manager.alerts()
        assert alert["labels"] == {"alertname": "Resus_availability", "service": "redis", "severity": "P1",
                                   "instance": "resus-1"}
        assert "three restarts have failed" in alert["annotations"]["description"]
        assert (alert["startsAt"][:19], alert["generatorURL"]) == ("2026-01-15T02:10:03", message()["link"]), alert
        assert d.send("am", "d2", kind="resolve")["class"] == "delivered"
        wait_until(lambda: not manager.alerts(), "the end of the alert")


def test_open_alerts_are_repeated_to_one_that_was_started_again():
    with Manager() as manager, driver(manager, resend_ms=200) as d:
        for number in range(3):
            d.send("am", f"d{number}", key=f"resus/resus-1/redis/class{number}/1")
        d.send("am", "over", key="resus/resus-1/redis/class1/1", kind="resolve")
        port = manager.program.port
        manager.program.__exit__()
        shutil.rmtree(manager.folder / "am")
        wait_until(lambda: d.ask(do="status")["channels"][0]["failures"] > 0, "a repetition that fails")
        manager.program.arguments = [a for a in manager.program.arguments]
        assert manager.program.port == port
        manager.program.__enter__()
        wait_until(manager.ready, "the Alertmanager")
        wait_until(lambda: {a["labels"]["alertname"] for a in manager.alerts()} ==
                   {"Resus_class0", "Resus_class2"}, "the open alerts")
        assert d.ask(do="reload") == {"reload": ""}
        before = {a["labels"]["alertname"]: a["updatedAt"] for a in manager.alerts()}
        wait_until(lambda: all(a["updatedAt"] > before[a["labels"]["alertname"]] for a in manager.alerts()),
                   "a repetition after the reload")


def test_an_end_before_the_start_is_taken():
    with Manager() as manager, driver(manager) as d:
        result = d.send("am", kind="resolve", began_at="2026-01-15T02:10:03Z", ended_at="2026-01-14T02:10:03Z")
        assert result["class"] == "delivered", result


def test_a_resolve_that_comes_late_does_not_close_the_next_episode():
    with Manager() as manager, driver(manager, resend_ms=200) as d:
        d.send("am", "a", key="resus/resus-1/redis/availability/7")
        d.send("am", "b", key="resus/resus-1/redis/availability/8")
        assert d.send("am", "c", key="resus/resus-1/redis/availability/7", kind="resolve")["class"] == "delivered"
        first = manager.alerts()
        assert len(first) == 1, first
        wait_until(lambda: manager.alerts() and manager.alerts()[0]["updatedAt"] > first[0]["updatedAt"], "a repetition")
        d.send("am", "d", key="resus/resus-1/redis/availability/8", kind="resolve")
        wait_until(lambda: not manager.alerts(), "the end")
