"""The command line for several services and several daemons: the overview, `top`, contexts and versions."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

import people
from daemon import PROGRAM, SCALE, TREE, free_port, wait_until


def add_services(served):
    """Two more that are not there to be reached, beside the one that runs."""
    for name in ("alpha", "omega-with-a-name-that-is-longer-than-any-column-of-a-terminal"):
        (served.folder / name).mkdir()
        served.settings["services"][name] = {
            "address": f"127.0.0.1:{free_port()}", "control": "process", "group": "shop", "tags": ["eu"],
            "process": {"program": "/bin/false", "directory": str(served.folder / name)}}
    served.settings["services"]["redis"] |= {"group": "chat", "tags": ["eu", "gold"]}
    served.stop()
    served.start()
    if served.cli("status", "redis").json.get("status") != "running":
        served.cli("start", "redis")
    wait_until(lambda: states(served).get("redis") == "healthy", "redis")


def states(served, *words):
    return {item["id"]: item["overall_status"] for item in served.good("list", *words)["items"]}


def elsewhere(served, role="viewer"):
    token = served.folder / "token"
    token.write_text(people.api_token(served, role)["token"] + "\n")
    token.chmod(0o600)
    return {"URL": f"https://127.0.0.1:{served.https_port}", "CA": str(served.certificate), "TOKEN": str(token)}


def run(served, *words, **variables):
    """Without --config, in an environment of its own."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(served.folder), "TZ": "UTC"} | variables
    return subprocess.run([str(PROGRAM), *words], text=True, capture_output=True, env=environment,
                          stdin=subprocess.DEVNULL, timeout=60 * SCALE)


def test_status_of_several_services_has_the_worst_first_and_can_be_narrowed(served):
    add_services(served)
    wait_until(lambda: states(served).get("alpha") in ("critical", "unknown"), "alpha is seen to be down")
    items = served.good("status")["items"]
    ranks = [("critical", "unknown", "degraded", "healthy").index(item["overall_status"]) for item in items]
    assert items[-1]["id"] == "redis" and ranks == sorted(ranks), items
    found = items[-1]
    assert found["group"] == "chat" and found["tags"] == ["eu", "gold"], found
    wait_until(lambda: served.good("list", "redis")["items"][0]["memory_mb"], "figures")
    found, = served.good("list", "redis")["items"]
    assert found["connections"] >= 1 and found["response_time_ms"] > 0 and found["cause_since"], found
    assert list(states(served, "--group", "chat")) == ["redis"]
    assert set(states(served, "--tag", "eu")) == {"redis", "alpha"} | {name for name in states(served) if "omega" in name}
    assert list(states(served, "--state", "healthy")) == ["redis"]
    assert served.good("status", "redis")["pid"], "one by its name is still shown whole"
    told = run(served, "status", RESUS_CONFIG=str(served.config), COLUMNS="80")
    assert told.returncode == 0 and re.match(r"3 services: .*; \d\d:\d\d:\d\d UTC\n", told.stdout), told
    assert max(map(len, told.stdout.splitlines())) <= 80, told.stdout
    assert [line.split()[1] for line in told.stdout.splitlines()[2:]][-1] == "redis", told.stdout
    # A stranger sees neither figures nor causes nor groups.
    stranger = served.https("GET", "/api/services").body["items"]
    assert {key for item in stranger for key in item} == {"id", "name", "status", "overall_status", "last_check"}, stranger


def test_check_events_and_doctor_of_several_services_need_no_name(served):
    add_services(served)
    wait_until(lambda: states(served).get("alpha") == "critical", "alpha is seen to be down")
    told = served.run("check")
    assert told.returncode in (2, 3) and told.stdout.count("\n") == 1, told
    assert told.stdout.startswith("REDIS ") and " | services=3;;;0 " in told.stdout and "alpha" in told.stdout, told.stdout
    told = served.run("check", "--group", "chat")
    assert told.returncode == 0 and told.stdout.startswith("REDIS OK - 1 service is healthy | services=1;;;0 "), told
    assert served.run("check", "--group", "nobody").stdout == "REDIS UNKNOWN - no service matches\n"
    assert served.run("check", "redis", "--group", "chat").returncode == 3
    assert [item["id"] for item in served.cli("check", "--tag", "gold").json["items"]] == ["redis"]
    # Events of all of them, newest first, and each names its service.
    served.good("restart", "redis", "--reason", "several")
    events = served.good("events", "-n", "20")["items"]
    times = [event["timestamp"] for event in events]
    assert {"redis", "alpha"} <= {event["service"] for event in events} and times == sorted(times, reverse=True), events
    assert len(served.good("events", "-n", "2")["items"]) == 2
    assert {event["service"] for event in served.good("events", "redis")["items"]} == {"redis"}
    told = run(served, "events", "-n", "5", RESUS_CONFIG=str(served.config))
    assert told.returncode == 0 and told.stdout.endswith("\nTimes are UTC.\n"), told.stdout
    # A token for one service sees the events of that one.
    token = served.good("token", "create", "one", "--role", "viewer", "--services", "redis")["token"]
    answer = served.https("GET", "/api/events?limit=50", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200 and {event["service"] for event in answer.body["items"]} == {"redis"}, answer
    assert served.https("GET", "/api/events").status == 401
    # The doctor looks at all of them, one after the other.
    found = served.cli("doctor")
    assert [one["service"] for one in found.json["services"]][-1] == "redis" and len(found.json["services"]) == 3, found
    told = served.run("doctor")
    assert told.returncode == 1 and re.search(r"\n3 services: \d+ findings? in \d of them\.\n$", told.stdout), told.stdout
    assert re.search(r"^redis$", told.stdout, re.MULTILINE) and re.search(r"^alpha$", told.stdout, re.MULTILINE), told.stdout


def test_events_of_several_services_are_followed_without_a_name(served):
    add_services(served)
    there = elsewhere(served)
    followers = [subprocess.Popen([str(PROGRAM), "events", "-f", "--json", *words], text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"]})
                 for words in (["--config", str(served.config)],
                               ["--url", there["URL"], "--ca-file", there["CA"], "--token-file", there["TOKEN"]])]
    try:
        for follower in followers:
            seen = set()
            reader = threading.Thread(target=lambda pipe=follower.stdout, seen=seen: seen.update(json.loads(line)["service"] for line in pipe),
                                      daemon=True)
            reader.start()

            def both_are_heard(seen=seen):
                """What comes before it follows is not shown: so it happens again."""
                served.cli("pause", "redis", "--for", "1m", "--reason", "followed")
                served.cli("pause", "alpha", "--for", "1m", "--reason", "followed")
                return {"redis", "alpha"} <= seen
            wait_until(both_are_heard, "events of both services", 60)
            assert follower.poll() is None, follower.communicate()
    finally:
        for follower in followers:
            follower.kill()
            follower.wait()


def test_a_stop_on_purpose_is_told_in_the_list_to_those_who_may_know(served):
    people.add_all(served)
    served.good("stop", "--confirm", "STOP", "--reason", "new memory")
    item, = served.good("list")["items"]
    assert item["stopped_by"] and item["stopped_at"] and item["stop_reason"] == "new memory", item
    viewer = people.api_token(served, "viewer")["token"]
    seen, = served.https("GET", "/api/services", headers={"Authorization": f"Bearer {viewer}"}).body["items"]
    assert seen["stopped_by"] == "another user" and seen["stopped_at"] == item["stopped_at"] and "stop_reason" not in seen, seen
    for stranger in (served.https("GET", "/api/services").body["items"][0], served.https("GET", "/api/services/redis/status").body):
        assert stranger["stopped_at"] == item["stopped_at"] and not {"stopped_by", "stop_reason"} & set(stranger), stranger
    served.good("start")
    wait_until(lambda: "stopped_by" not in served.good("list")["items"][0], "it runs")


class Screen:
    """`resus top` on a terminal of its own; `text` is what the screen shows."""

    def __init__(self, served, *words, rows=24, columns=80):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.environ.update(TERM="xterm", RESUS_CONFIG=str(served.config), TZ="UTC")
            os.environ.pop("COLUMNS", None)
            os.environ.pop("LINES", None)
            os.execv(str(PROGRAM), [str(PROGRAM), "top", *words])
        self.raw = ""
        self.resize(rows, columns)

    def resize(self, rows, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, wait=0.2):
        with contextlib.suppress(OSError):
            while select.select([self.terminal], [], [], wait)[0]:
                part = os.read(self.terminal, 65536).decode(errors="replace")
                if not part:
                    break
                self.raw += part

    @property
    def text(self):
        """The last whole picture, as lines without colours."""
        self.read()
        pictures = self.raw.split("\x1b[H")
        whole = [picture for picture in pictures if picture.endswith("\x1b[J") or "\x1b[J" in picture]
        last = whole[-1].partition("\x1b[J")[0] if whole else ""
        return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in last.split("\r\n")]

    def press(self, keys):
        os.write(self.terminal, keys.encode())

    def end(self):
        """Exit status, once it has ended; what it leaves on the terminal is in `raw`."""
        deadline = time.monotonic() + 30 * SCALE
        while time.monotonic() < deadline:
            self.read(0.05)
            child, status = os.waitpid(self.child, os.WNOHANG)
            if child:
                os.close(self.terminal)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.child, signal.SIGKILL)
        raise AssertionError("top does not end")


def test_top_is_drawn_to_size_scrolls_and_leaves_the_terminal_as_it_was(served):
    add_services(served)
    screen = Screen(served)
    wait_until(lambda: any("● redis" in line for line in screen.text), "the list")
    assert "\x1b[?1049h" in screen.raw and max(map(len, screen.text)) <= 80, screen.text
    assert screen.text[-1] == "q quits", screen.text
    screen.resize(6, 60)
    wait_until(lambda: "1 to 1 of 3" in screen.text[-1] or "1 to 2 of 3" in screen.text[-1], "the smaller screen")
    assert len(screen.text) <= 6 and max(map(len, screen.text)) <= 60, screen.text
    screen.press("\x1b[F")
    wait_until(lambda: "of 3" in screen.text[-1] and "● redis" in "\n".join(screen.text), "the end of the list")
    screen.press("q")
    assert screen.end() == 0
    assert screen.raw.rstrip().endswith("\x1b[?7h\x1b[?25h\x1b[?1049l"), screen.raw[-60:]
    # By a signal: the terminal is given back all the same.
    screen = Screen(served)
    wait_until(lambda: any("● redis" in line for line in screen.text), "the list again")
    os.kill(screen.child, signal.SIGTERM)
    assert screen.end() == -signal.SIGTERM
    assert "\x1b[?1049l" in screen.raw


def test_top_keeps_the_last_list_while_the_daemon_is_away(served):
    add_services(served)
    screen = Screen(served)
    wait_until(lambda: any("● redis" in line for line in screen.text), "the list")
    served.stop()
    wait_until(lambda: "the daemon does not run here" in screen.text[0], "the trouble")
    assert any("● redis" in line for line in screen.text), screen.text
    served.start()
    wait_until(lambda: "3 services" in screen.text[0], "the daemon is back")
    screen.press("q")
    assert screen.end() == 0


def test_contexts_and_variables_name_the_daemon_that_is_asked(served):
    own = elsewhere(served)
    added = run(served, "context", "add", "prod", "--url", own["URL"], "--ca-file", own["CA"], "--token-file", own["TOKEN"])
    assert added.returncode == 0, added
    kept = served.folder / ".config" / "resus" / "contexts.json"
    token = (served.folder / "token").read_text().strip()
    assert kept.stat().st_mode & 0o777 == 0o600 and token not in kept.read_text(), kept.read_text()
    assert run(served, "status").returncode == 3, "it is not asked before it is chosen"
    assert "● Running" in run(served, "status", "--context", "prod").stdout
    assert "● Running" in run(served, "status", RESUS_CONTEXT="prod").stdout
    assert run(served, "context", "use", "prod").returncode == 0
    assert "● Running" in run(served, "status").stdout
    assert run(served, "status", "--context", "local").returncode == 3
    assert run(served, "status", RESUS_CONTEXT="local").returncode == 3
    stop = run(served, "stop", "--confirm", "STOP")
    assert stop.returncode == 1 and "yours is viewer" in stop.stderr, stop
    assert json.loads(run(served, "context", "list", "--json").stdout)["current"] == "prod"
    by_url = {"RESUS_URL": own["URL"], "RESUS_CA_FILE": own["CA"], "RESUS_TOKEN_FILE": own["TOKEN"]}
    assert run(served, "context", "remove", "prod").returncode == 0
    assert run(served, "status").returncode == 3
    assert "● Running" in run(served, "status", **by_url).stdout
    (served.folder / "token").chmod(0o644)
    shown = run(served, "context", "add", "prod", "--url", own["URL"], "--token-file", own["TOKEN"])
    assert shown.returncode == 2 and "token" in shown.stderr, shown
    check = run(served, "check", "--context", "prod")
    assert check.returncode == 3 and check.stdout.startswith("REDIS UNKNOWN - "), check


def test_version_names_both_builds_here_and_elsewhere(served):
    here = served.good("version")
    assert here["command_line"]["version"] == here["daemon"]["version"] and here["daemon"]["schema"] > 0, here
    own = elsewhere(served)
    there = ("--url", own["URL"], "--ca-file", own["CA"])
    assert served.good("version", *there, "--token-file", own["TOKEN"])["daemon"] == here["daemon"]
    assert "version" not in served.good("version", *there)["daemon"], "a stranger is not told"
    told = run(served, "version", RESUS_CONFIG=str(served.config))
    assert told.returncode == 0 and "restart" not in told.stdout and told.stdout.count(", database schema ") == 2, told


def test_docs_command_line_can_be_copied(served):
    add_services(served)
    text = (TREE / "docs" / "command-line.md").read_text()
    own = elsewhere(served) | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": str(served.folder)}
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3, blocks
    for block, more in zip(blocks, ({"RESUS_CONFIG": str(served.config)}, {"RESUS_CONFIG": str(served.config)}, {})):
        done = subprocess.run(["/bin/bash", "-euo", "pipefail", "-c", block], text=True, capture_output=True,
                              env=own | more, stdin=subprocess.DEVNULL, timeout=120 * SCALE)
        assert done.returncode == 0 and not done.stderr, done
    assert "database schema" in done.stdout and "* prod" not in done.stdout, done.stdout
