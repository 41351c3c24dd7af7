"""A fault on a host reaches the people who are called, and so does its end; what Resus heals itself calls nobody."""

import contextlib
import importlib
import json
import pathlib
import shutil
import sys
import tempfile

import faults
from resus import TREE
from tap import on_every
from waiting import wait_until
from watching import expect, intents, look, outcome, watching

sys.path.insert(0, str(TREE / "tests" / "notify"))
receivers = importlib.import_module("receivers")
sys.path.remove(str(TREE / "tests" / "notify"))


@contextlib.contextmanager
def paged(host, well=2):
    """A daemon with a pager and a chat on a receiver in the host's network, as (daemon, receiver)."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="resus-secrets-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        with host.net.entered():
            receiver = stack.enter_context(receivers.Receiver())
        for name, text in (("key", receivers.ROUTING_KEY), ("chat", f"{receiver.url}/slack/T0SECRET")):
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)
        pager = {"type": "pagerduty", "routing_key_file": str(folder / "key"), "url": f"{receiver.url}/pagerduty"}
        chat = {"type": "slack", "url_file": str(folder / "chat")}
        # A loaded machine answers slowly, which is not what these tests are about.
        routes = [{"severities": ["P1"], "channels": ["pager", "chat"]}, {"severities": ["P2"], "channels": ["chat"]},
                  {"severities": ["P3", "P4"], "channels": []}]
        alerts = {"channels": {"pager": pager, "chat": chat}, "routes": routes, "resolve_after_seconds": well}
        daemon = stack.enter_context(watching(host, {"alerts": alerts, "server": {"name": "here"}}))
        yield daemon, receiver


def pages(receiver, action=None):
    """What the pager was sent, whether it answered or not."""
    events = [json.loads(r["raw"]) for r in receiver.requests if r["path"] == "/pagerduty"]
    return [event for event in events if action in (None, event["event_action"])]


def chats(receiver):
    return [r["raw"].decode() for r in receiver.requests if r["path"].startswith("/slack")]


def assert_all_were_taken(receiver):
    assert all(r["verdict"][0] in (200, 202) for r in receiver.requests), receiver.requests


def break_for_good(host, daemon):
    """Redis dies, and no start helps until a person corrects its settings."""
    faults.without_restart(host)
    faults.bad_value(host)
    faults.kill(host)
    expect(daemon, "config_error", "critical", "useless")


def repair(host, daemon):
    host.repair(host.flavour.config)
    host.systemctl("reset-failed", host.unit)
    host.systemctl("start", host.unit)
    expect(daemon, "ok", "healthy", seconds=30)


@on_every
def test_fault_that_needs_a_person_is_paged_once_and_its_end_resolves_the_page(host):
    with paged(host) as (daemon, receiver):
        break_for_good(host, daemon)
        page = wait_until(lambda: pages(receiver, "trigger"), "the page", 15)[0]
        assert page["dedup_key"] == "resus/here/redis/availability/1", page
        assert page["payload"]["severity"] == "critical", page
        assert "Redis Service" in page["payload"]["summary"] and host.address in page["payload"]["summary"], page
        wait_until(lambda: receiver.open_keys == {page["dedup_key"]}, "the pager to keep it open")
        look(daemon)
        assert not pages(receiver, "resolve"), pages(receiver)
        repair(host, daemon)
        end = wait_until(lambda: pages(receiver, "resolve"), "the end", 20)[0]
        assert end["dedup_key"] == page["dedup_key"] and not receiver.open_keys, end
        wait_until(lambda: len(chats(receiver)) >= 2, "the chat to hear of it")
        look(daemon)
        assert len(pages(receiver, "trigger")) == len(pages(receiver, "resolve")) == 1, pages(receiver)
        assert_all_were_taken(receiver)


@on_every
def test_kill_that_is_healed_pages_nobody(host):
    faults.without_restart(host)
    with paged(host) as (daemon, receiver):
        faults.kill(host)
        outcome(daemon, "restart")
        expect(daemon, "ok", "healthy")
        # The chat hears that it is over: by then a page would have been decided.
        line = wait_until(lambda: chats(receiver), "the chat's line", 30)[0]
        assert "Automatic recovery has repaired it" in line and "was killed or crashed" in line, line
        look(daemon)
        daemon.stop()
        assert not pages(receiver) and len(chats(receiver)) == 1, receiver.requests
        assert_all_were_taken(receiver)
        assert intents(daemon) == ["restart"], daemon.audit()
        daemon.start()


@on_every
def test_kill_of_resus_between_sending_and_marking_repeats_the_same_key_once(host):
    with paged(host) as (daemon, receiver):
        # Pager and chat take what they get; what they answer never comes.
        receiver.fail_next(hang=True)
        receiver.fail_next(hang=True)
        break_for_good(host, daemon)
        wait_until(lambda: pages(receiver), "the page to arrive")
        wait_until(lambda: len(chats(receiver)) == 1, "the chat's line to arrive")
        daemon.kill()
        daemon.start()
        first, again = wait_until(lambda: len(pages(receiver)) > 1 and pages(receiver), "the page again", 30)
        assert first["dedup_key"] == again["dedup_key"] == "resus/here/redis/availability/1", (first, again)
        wait_until(lambda: len(chats(receiver)) == 2, "the chat's line again")
        assert "may be a repeat" in chats(receiver)[1], chats(receiver)
        assert "may be a repeat" not in chats(receiver)[0], chats(receiver)
        look(daemon)
        daemon.stop()
        daemon.start()
        repair(host, daemon)
        end = wait_until(lambda: pages(receiver, "resolve"), "the end", 30)[0]
        assert end["dedup_key"] == first["dedup_key"] and not receiver.open_keys, end
        assert len(pages(receiver, "trigger")) == 2 and len(pages(receiver, "resolve")) == 1, pages(receiver)
        assert_all_were_taken(receiver)
