"""Several engines share their services through etcd: each service is watched by one of them, and acted on by at most one."""

import os
import pathlib
import re
import subprocess
import tempfile
import textwrap
import time

import fleet
import resus
import side_by_side
from machine import NOT_YET
from tap import Skip
from waiting import wait_until

WATCHED_SECONDS = 20
HEALED_SECONDS = 30


def kill_redis(host, service):
    unit = {"redis": host.unit, "second": fleet.SECOND}[service]
    host.run("systemctl", "kill", "--signal=KILL", unit)


def wait_healed(engines, host, service, name, seconds):
    port = {"redis": 6379, "second": fleet.SECOND_PORT}[service]

    def answers():
        try:
            with host.redis(port) as client:
                return client.call("PING") == "PONG"
        except NOT_YET:
            return False

    wait_until(answers, f"{service} answers again", seconds)
    engines.wait_well(service, name, seconds)


def test_each_service_has_one_owner_that_the_others_name(host):
    with fleet.running(host) as engines:
        for service in fleet.SERVICES:
            owner = engines.wait_for_owner(service)
            engines.wait_well(service, owner)
            for name, engine in engines.engines.items():
                status = engine.ask("status", service)
                wait_until(lambda e=engine, s=service: e.ask("status", s)["owner"] == owner, f"{name} names {owner}", 5)
                if name != owner:
                    assert engine.ask("health", service)["cause"]["code"] == "watched_elsewhere", status
                    refused = engine.cli("restart", service)
                    assert refused.status == 1 and refused.json["owner"] == owner, refused
                    assert refused.json["owner_url"] == f"https://{owner}.example.org", refused
                    assert f"Ask it at https://{owner}.example.org." in refused.json["message"], refused
        assert engines.actions("redis") == engines.actions("second") == {}


def test_services_of_an_engine_that_died_are_watched_and_healed_by_another(host):
    with fleet.running(host) as engines:
        owner = engines.wait_for_owner("redis")
        engines.wait_well("redis", owner)
        began = time.monotonic()
        engines.engines[owner].kill()
        kill_redis(host, "redis")
        heir = engines.wait_for_owner("redis", (owner,), WATCHED_SECONDS)
        watched = time.monotonic() - began
        wait_healed(engines, host, "redis", heir, HEALED_SECONDS)
        healed = time.monotonic() - began
        print(f"# watched again after {watched:.1f} s, healed after {healed:.1f} s")
        assert watched < WATCHED_SECONDS and healed - watched < HEALED_SECONDS
        assert engines.actions("redis") == {heir: 1}, engines.actions("redis")


def test_the_death_of_etcds_leader_loses_and_doubles_no_action(host):
    with fleet.running(host) as engines:
        owners = {service: engines.wait_for_owner(service) for service in fleet.SERVICES}
        for service, owner in owners.items():
            engines.wait_well(service, owner)
        engines.etcd.kill(engines.etcd.leader())
        for service in fleet.SERVICES:
            kill_redis(host, service)
        for service in fleet.SERVICES:
            wait_until(lambda s=service: engines.actions(s), f"an action on {service}", 60)
            owner = engines.wait_for_owner(service, (), 60)
            wait_healed(engines, host, service, owner, 60)
            assert sum(engines.actions(service).values()) == 1, engines.actions(service)


def test_of_two_that_are_cut_off_from_each_other_at_most_one_acts(host):
    with fleet.running(host) as engines:
        owner = engines.wait_for_owner("redis")
        engines.wait_well("redis", owner)
        cut = engines.engines[owner]
        cut.cut_off()
        kill_redis(host, "redis")
        heir = engines.wait_for_owner("redis", (owner,), 30)
        wait_healed(engines, host, "redis", heir, HEALED_SECONDS)
        assert engines.actions("redis") == {heir: 1}, engines.actions("redis")
        cut.reconnect()
        wait_until(lambda: cut.fleet().get("sure"), "the engine that was cut off is sure again", 30)
        wait_until(lambda: engines.owner("redis"), "one owner", 30)
        assert sum(engines.actions("redis").values()) == 1, engines.actions("redis")


def test_an_engine_that_is_drained_hands_over_and_a_stop_is_known_to_the_next(host):
    with fleet.running(host, count=2) as engines:
        owner = engines.wait_for_owner("redis")
        other = next(name for name in engines.engines if name != owner)
        engines.wait_well("redis", owner)
        stopped = engines.engines[owner].cli("stop", "redis", "--confirm", "STOP", "--reason", "test")
        assert stopped.status == 0, stopped
        drained = engines.engines[other].cli("fleet", "drain", owner, "--reason", "upgrade")
        assert drained.status == 0, drained
        began = time.monotonic()
        for service in fleet.SERVICES:
            wait_until(lambda s=service: engines.owner(s) == other, f"{other} owns {service}", 10)
        print(f"# handed over after {time.monotonic() - began:.2f} s")
        wait_until(lambda: engines.engines[other].ask("health", "redis")["cause"]["code"] == "stopped_on_purpose",
                   "the stop is known", 15)
        undrained = engines.engines[owner].cli("fleet", "undrain", owner)
        assert undrained.status == 0, undrained
        assert engines.actions("redis") == {}


def test_a_stop_that_the_fleet_does_not_know_is_not_carried_out(host):
    with fleet.running(host, count=1) as engines:
        engine = engines.engines["alpha"]
        engines.wait_well("redis", "alpha")
        engine.cut_off()
        refused = engine.cli("stop", "redis", "--confirm", "STOP", "--reason", "test")
        assert refused.status == 1 and refused.json["code"] == "store_away", refused
        with host.redis() as client:
            assert client.call("PING") == "PONG"
        engine.reconnect()


def test_without_etcd_services_are_watched_and_not_acted_on(host):
    with fleet.running(host, count=1) as engines:
        engine = engines.engines["alpha"]
        engines.wait_well("redis", "alpha")
        engine.cut_off()
        wait_until(lambda: engine.fleet().get("sure") is False, "unsure", 20)
        kill_redis(host, "redis")
        withheld = wait_until(lambda: (engine.ask("recovery_status").get("withheld") or {}).get("reason_code"),
                              "withheld", 20)
        assert withheld == "ownership_unsure", withheld
        assert engine.acted("redis") == []
        engine.reconnect()
        wait_healed(engines, host, "redis", "alpha", HEALED_SECONDS)


def test_a_procedure_sets_nothing_that_the_fleet_does_not_confirm(host):
    def hz():
        with host.redis() as client:
            return client.call("CONFIG", "GET", "hz")[1]

    def order(word, number, *phases):
        engine.cli("procedure", word, "redis", str(number))
        return wait_until(lambda: (lambda one: one if one["phase"] in phases else None)(
            engine.cli("procedure", "show", "redis", str(number)).json), f"{word} leads to {phases}", 30)

    with fleet.running(host, count=1) as engines:
        engine = engines.engines["alpha"]
        engines.wait_well("redis", "alpha")
        before = hz()
        begun = engine.cli("procedure", "config", "redis", "hz", "33", "--reason", "test")
        assert begun.status == 0, begun
        number = begun.json["number"]
        engine.cut_off()
        blocked = order("go", number, "blocked", "needs_human", "watching")
        assert blocked["phase"] == "blocked" and "nothing was set" in blocked["text"], blocked
        assert hz() == before
        engine.reconnect()
        wait_until(lambda: engine.fleet().get("sure"), "sure again", 30)
        assert order("recheck", number, "ready")
        assert order("go", number, "watching")["after"] == "33"
        assert hz() == "33"
        wait_until(lambda: engines.etcd.keys("intent/") == {}, "no intent is left", 10)


PAGE = fleet.HERE.parents[1] / "docs" / "high-availability.md"


def test_the_lines_of_the_page_for_operators_work(host):
    programs = fleet.etcd_folder()
    if programs is None:
        raise Skip("no etcd 3.5 could be had: tests/etcd-root needs the network")
    with tempfile.TemporaryDirectory(prefix="resus-page-") as name:
        folder = pathlib.Path(name)

        def here(text):
            """The page's one node and its files, as they are in this test."""
            text = re.sub(r"(,(n[23]=)?https://10\.0\.0\.[23]:\d+)|,? https://10\.0\.0\.[23]:2379", "", text)
            for path in ("/etc/resus/etcd", "/etc/etcd", "/var/lib/etcd"):
                text = text.replace(path, name)
            return text.replace("10.0.0.1 10.0.0.2 10.0.0.3", "127.0.0.1").replace("10.0.0.1", "127.0.0.1")

        page = PAGE.read_text()
        blocks = [textwrap.dedent(one) for one in re.findall(r"^ *```sh\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL)]
        certificates, ask_etcd, ask_resus, drain = map(here, blocks)
        node, engine = (here(re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL)[1]) for kind in ("ini", "yaml"))

        def run(script):
            own = (f'PATH="{programs}:$PATH"\nresus() {{ "{resus.PROGRAM}" "$@" --config "{daemon.config}"; }}\n' if daemon else "")
            return subprocess.run(host.net.command("/bin/bash", "-euo", "pipefail", "-c", own + script), cwd=folder,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

        daemon = None
        made = run(certificates)
        assert made.returncode == 0 and "resus2.pem: OK" in made.stdout, made
        environment = dict(os.environ, **dict(line.split("=", 1) for line in node.splitlines()))
        etcd = subprocess.Popen(host.net.command(str(programs / "etcd")), cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                preexec_fn=side_by_side.die_with_parent)
        try:
            settings = dict(re.findall(r"^  (\w+): (.*)$", engine, re.MULTILINE))
            urls = settings.pop("etcd").strip("[]").split(", ")
            own = {key: settings.pop(key) for key in ("name", "url")}
            daemon = resus.Daemon(host, {"engine": own, "fleet": dict(settings, etcd=urls)})
            wait_until(lambda: run(ask_etcd).returncode == 0, "etcd", 30)
            asked = run(ask_etcd)
            assert "is healthy" in asked.stdout and "3.5" in asked.stdout, asked
            daemon.start()
            wait_until(lambda: daemon.ask("health").get("overall_status") == "healthy", "well", 30)
            # One node is no cluster, and the doctor says so.
            asked = run(ask_resus.replace("resus doctor", "resus doctor || true"))
            assert asked.returncode == 0 and "resus1" in asked.stdout, asked
            assert "node" in run("resus doctor").stdout
            drained = run(drain)
            assert drained.returncode == 0, drained
            daemon.stop()
        finally:
            if daemon is not None:
                daemon.remove()
            etcd.kill()
            etcd.wait()
