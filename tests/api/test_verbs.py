"""What every verb gives back, and that what changes something is in the audit file."""

import errno
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

from daemon import PROGRAM, SCALE, Skip, free_port, wait_until


def is_running(served):
    return served.good("status").get("status") == "running"


def test_reading_verbs_say_what_redis_is(served):
    wait_until(lambda: is_running(served), "running")
    assert [item["id"] for item in served.good("services")["items"]] == ["redis"]
    status = served.good("status", "redis")
    assert status["pid"] > 0 and status["last_check"], status
    health = wait_until(lambda: (h := served.good("health")) and h["overall_status"] == "healthy" and h, "healthy")
    assert health["service_running"] is True and health["cause"], health
    assert wait_until(lambda: served.cli("check").status == 0, "check says 0")
    line = served.run("check").stdout
    assert re.match(r"REDIS OK - answering in [\d.]+ ms, up \d+s \| ping=\d+(\.\d*[1-9])?ms;50;100;0 memory=\d+B;", line), line
    assert served.cli("refresh").status == 0
    assert served.cli("status", "nobody").status == 1


def test_operations_act_and_are_audited(served):
    served.redis("SET", "a", "b")
    first = served.good("status")["pid"]
    restarted = served.good("restart", "--reason", "test")
    assert restarted["success"] and restarted["new_status"] == "running", restarted
    assert wait_until(lambda: served.good("status").get("pid") != first, "another process")
    assert served.redis("EXISTS", "a") == ":1"
    without = served.cli("stop")
    assert without.status != 0 and served.redis("PING") == "+PONG"
    stopped = served.good("stop", "--confirm", "STOP", "--reason", "test")
    assert stopped["success"] and stopped["new_status"] == "stopped", stopped
    assert served.good("start")["success"]
    assert served.redis("PING") == "+PONG"
    reload = served.cli("reload")
    assert reload.status == 1 and "cannot reload" in reload.json["details"]["blockers"][0], reload
    told = [event.get("message", "") for event in served.good("events")["items"]]
    assert not any(text.startswith("Degraded") for text in told), "an operation is no degradation"
    lines = served.audit()
    for operation in ("start", "stop", "restart"):
        kinds = [line["event_type"] for line in lines if line.get("operation") == operation]
        assert "intent" in kinds and "service_operation" in kinds, (operation, kinds)


def test_preflight_names_what_a_stop_costs(served):
    for operation in ("restart", "stop"):
        assert isinstance(served.good("preflight", operation), dict)


def test_recovery_is_seen_changed_and_paused(served):
    assert served.good("recovery", "status")["enabled"] is True
    assert served.good("recovery", "set", "max_attempts=5")["max_attempts"] == 5
    assert served.cli("recovery", "set", "max_attempts=99").status != 0
    assert served.cli("recovery", "set", "nonsense=1").status != 0
    assert served.good("recovery", "status")["max_attempts"] == 5
    assert served.good("recovery", "disable")["enabled"] is False
    assert served.good("recovery", "enable")["enabled"] is True
    assert served.good("recovery", "reset", "--reason", "test")["circuit_breaker"]["state"] == "closed"
    assert isinstance(served.good("recovery", "explain"), dict)
    assert served.good("recovery", "history")["items"] == []
    assert "paused_until" in served.good("pause", "--for", "1h", "--reason", "test")
    assert "paused_until" not in served.good("resume")


def test_recoveries_are_remembered_over_a_restart_of_resus(served):
    pid = served.good("status")["pid"]
    os.kill(pid, signal.SIGKILL)

    def over():
        recovery = served.good("recovery", "status")
        return recovery["metrics"]["count"] and recovery

    # The metrics are counted from what is on the disk, a moment after the recovery is over.
    before = wait_until(over, "a recovery in the history")
    assert before["recent_recoveries"] == 1 and before["recovery_status"] == "success", before
    metrics = before["metrics"]
    assert metrics["count"] == 1 and metrics["success_rate"] == 1, metrics
    assert metrics["commonest_level"] == "hard" and 0 < metrics["mean_seconds"] < 30, metrics
    history = served.good("recovery", "history")["metrics"]
    assert history | {"since": None} == metrics | {"since": None}, "24 hours up to each answer's own now"
    assert "100 % successful" in served.run("recovery", "history").stdout
    evidence = "\n".join(served.good("recovery", "history")["items"][0]["evidence"])
    # Whether the last that Redis said is the end of a connection or a refusal is a matter of the millisecond.
    assert "unit: failed" in evidence and "redis: " in evidence, evidence
    states = [(event["status"], event["overall_status"]) for event in served.good("events")["items"]
              if event["type"] == "service_status"]
    assert ("failed", "critical") in states and ("failed", "healthy") not in states, states
    assert all(one != other for one, other in zip(states, states[1:])), f"only changes are kept: {states}"
    served.stop()
    served.start()
    after = served.good("recovery", "status")
    for key in ("recent_recoveries", "last_recovery", "recovery_status", "recovery_level", "duration_seconds"):
        assert after[key] == before[key], (key, before, after)
    assert after["metrics"]["count"] == 1, after


def test_foreign_files_write_no_escape_sequences_to_a_terminal(served):
    os.kill(served.good("status")["pid"], signal.SIGKILL)
    folder = served.folder / "state" / "incidents"
    recording = wait_until(lambda: [text for text in map(pathlib.Path.read_text, folder.glob("*.jsonl")) if "\n" in text],
                           "a recording of the incident")[0]
    for evil in ("\\u001b[31m", "\\u009b31m", "\\u202e", "\\n"):
        foreign = served.folder / "foreign.jsonl"
        foreign.write_text(recording.replace('"service": "redis"', f'"service": "re{evil}dis"', 1))
        shown = served.run("replay", str(foreign))
        assert "incident of" in shown.stdout.splitlines()[0], shown
        for raw in ("\x1b", "\x9b", "\u202e"):
            assert raw not in shown.stdout + shown.stderr, (evil, shown)
    for text in ('"\\x9b31mred": 1\n', 'services: {redis: {name: "\\x9b31mred", unit: "\\x9b"}}\n'):
        config = served.folder / "foreign.yaml"
        config.write_text(text)
        check = subprocess.run([str(PROGRAM), "serve", "--check", "--config", str(config)], capture_output=True, text=True)
        assert check.returncode == 2 and "\x9b" not in check.stdout + check.stderr, check


def test_an_open_breaker_is_told_apart_from_a_cause_that_lasts(served):
    served.stop()
    served.settings["auto_recovery"]["circuit_breaker"] = {"recoveries": 1, "window_seconds": 300}
    served.start()
    os.kill(wait_until(lambda: served.good("status")["pid"], "a process"), signal.SIGKILL)
    told = wait_until(lambda: [text for text in messages(served) if "cause that needed a human" in text], "its end")
    assert "auto-recovery stays off" in told[0], told
    assert any("Redis runs again, but the circuit breaker is open" in text for text in messages(served))
    assert ", opened" in served.run("recovery", "status").stdout
    assert "intent" not in next(line for line in served.run("audit", "list").stdout.splitlines()
                                if "manual-intervention" in line)


def messages(served):
    return [event.get("message", "") for event in served.good("events")["items"]]


class Dependent(http.server.BaseHTTPRequestHandler):
    """A service that does not find its Redis again until it is told to."""
    well = threading.Event()

    def do_GET(self):
        self.send_response(200 if self.well.is_set() else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_services_that_depend_on_redis_are_looked_at_after_operations_and_recoveries(served):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Dependent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/health"
        served.settings["services"]["redis"]["affected_services"] = [{"name": "backend", "url": url}, "cache"]
        served.write_settings()
        served.hang_up()
        wait_until(lambda: "reloaded" in served.output(), "the reload")

        def backend():
            return served.good("status")["affected_services"][0]

        assert backend()["ok"] is None and backend()["url"] == url
        Dependent.well.set()
        answer = served.good("restart", "--reason", "test")
        assert [one["name"] for one in answer["affected_services"]] == ["backend", "cache"], answer
        wait_until(lambda: backend()["ok"], "a backend that is well")
        assert backend()["status"] == 200 and not backend()["checking"], backend()
        assert "backend: ok" in served.run("status").stdout
        Dependent.well.clear()
        os.kill(served.good("status")["pid"], signal.SIGKILL)
        wait_until(lambda: backend()["ok"] is False, "a backend that is not well")
        assert backend()["error"] == "HTTP status 503" and backend()["checking"], backend()
        Dependent.well.set()
        wait_until(lambda: backend()["ok"], "a backend that is well again", 20)
        messages = [event.get("message", "") for event in served.good("events", "-n", "100")["items"]]
        assert "Dependent services have recovered after the restart: backend" in messages, messages
        assert "Dependent services have recovered after the recovery: backend" in messages, messages
        lines = [line for line in served.audit() if line["operation"] == "verify-dependents"]
        assert len(lines) == 2 and all(line["result"]["success"] for line in lines), lines
        assert served.run("audit", "verify").returncode == 0
    finally:
        server.shutdown()
        server.server_close()


def test_logs_and_events_are_listed(served):
    logs = served.good("logs", "-n", "5")
    assert 0 < len(logs["logs"]) <= 5 and logs["total_lines"] == len(logs["logs"]), logs
    assert served.good("logs", "--since", "2100-01-01")["logs"] == []
    assert all(line["level"] == "error" for line in served.good("logs", "--level", "error")["logs"])
    assert served.cli("logs", "--level", "loud").status == 1 or served.cli("logs", "--level", "loud").status == 64
    assert any(event["type"] for event in served.good("events", "-n", "20")["items"])


def test_logs_are_followed(served):
    followed = served.folder / "followed"
    with open(followed, "wb") as output:
        follower = subprocess.Popen([str(PROGRAM), "logs", "-f", "--json", "--config", str(served.config)],
                                    stdout=output, stderr=subprocess.STDOUT)
    try:
        def seen():
            served.redis("BGSAVE")
            return b"Background saving" in followed.read_bytes()

        wait_until(seen, "the line of the save")
    finally:
        follower.terminate()  # not SIGINT: whoever runs us in the background has it ignored
        follower.wait(60)


def test_inspect_looks_into_redis(served):
    served.redis("SET", "large", "x" * 50000)
    served.redis("SET", "small", "x")
    assert served.good("inspect", "info")["info"]["Server"]["redis_version"]
    served.redis("CONFIG", "SET", "slowlog-log-slower-than", "0")
    served.redis("KEYS", "*")
    assert any("KEYS" in item["command"] for item in served.good("inspect", "slowlog")["items"])
    assert any(item["name"] == "resus" for item in served.good("inspect", "clients")["items"])
    keys = served.good("inspect", "bigkeys")
    assert keys["complete"] and keys["items"][0]["key"] == "large", keys
    assert keys["items"][0]["memory_bytes"] > 50000 and keys["keys_measured"] == 2
    assert any(item["command"] == "keys" for item in served.good("inspect", "commandstats")["items"])
    assert "keys measured" in served.run("inspect", "bigkeys").stdout


def test_slow_commands_are_shown_without_values_unless_asked_for(served):
    served.redis("CONFIG", "SET", "slowlog-log-slower-than", "0")
    served.redis("SET", "session:42", "customer-token")
    commands = [item["command"] for item in served.good("inspect", "slowlog")["items"]]
    assert "SET session:42 ..." in commands, commands
    shown = served.good("inspect", "slowlog", "--with-arguments")["items"]
    assert "SET session:42 customer-token" in [item["command"] for item in shown], shown
    assert served.ask("inspect", what="slowlog", with_arguments=True)[0] == 200
    bundle = served.cli("bundle").json
    assert "SET session:42 ..." in [item["command"] for item in bundle["slowlog"]], bundle["slowlog"]
    assert "customer-token" not in json.dumps(bundle)
    assert "customer-token" in json.dumps(served.cli("bundle", "--with-arguments").json["slowlog"])
    file = served.folder / "bundle.json"
    said = [served.run("bundle", "-o", str(file), *more).stdout for more in ([], ["--with-arguments"])]
    assert "no values" in said[0] and "with their values" in said[1], said


def test_a_list_of_clients_says_how_many_there_are(served):
    clients = served.good("inspect", "clients")
    assert clients["complete"] and clients["total"] == len(clients["items"]), clients
    assert "total: " in served.run("inspect", "clients").stdout
    assert served.cli("bundle").json["clients_total"] >= 1


def test_foreign_text_turns_no_line_in_json_either(served):
    turned = "evil\u202e\u009b\u2066key"
    served.redis("CONFIG", "SET", "slowlog-log-slower-than", "0")
    served.redis("SET", turned, "x" * 1000)
    for words in ("inspect bigkeys", "inspect slowlog", "bundle"):
        out = served.run(*words.split(), "--json").stdout
        assert json.loads(out) and not re.search("[\u202e\u009b\u2066]|\\\\u(202e|009b|2066)", out, re.I), words
    assert any("evil???key" in item["key"] for item in served.good("inspect", "bigkeys")["items"])
    refused = served.cli("pause", "--reason", turned)
    assert refused.status == 1 and "control characters" in refused.json["message"], refused


def test_doctor_leaves_out_what_does_not_apply(served):
    result = served.cli("doctor")
    checks = {item["check"] for item in result.json["items"]}
    assert not checks & {"ssh", "ssh key", "sudo", "unit", "journal"}, checks
    assert {"daemon", "audit", "redis", "redis rights", "clock", "persistence"} <= checks, checks
    bad = [item for item in result.json["items"] if item["status"] in ("warning", "fail")]
    assert result.status == (1 if bad else 0)
    assert all(item.get("fix") for item in bad), bad
    assert {item["check"] for item in bad} <= {"groups", "maxmemory", "state"}, bad


def test_doctor_asks_redis_itself_whether_it_wants_a_password(served):
    def exposure():
        return next(item["message"] for item in served.cli("doctor").json["items"] if item["check"] == "exposure")

    assert served.redis("ACL", "SETUSER", "watcher", "on", ">secret", "~*", "&*", "+@all") == "+OK"
    password = served.folder / "password"
    password.write_text("secret\n")
    password.chmod(0o600)
    served.settings["services"]["redis"]["redis"] = {"username": "watcher", "password_file": str(password)}
    served.stop()
    served.start()
    # We show a password; whoever shows none is let in all the same.
    assert exposure() == "without a password, but not open to every network", exposure()
    assert served.redis("CONFIG", "SET", "requirepass", "another") == "+OK"
    assert exposure() == "a password is asked for", exposure()


def test_an_unknown_service_is_refused_with_the_way_to_the_known_ones(served):
    for verb in ("status", "restart", "logs"):
        refused = served.run(verb, "rediss")
        assert refused.returncode == 1 and '"rediss"' in refused.stderr, refused
        assert "resus services lists them" in refused.stderr, refused
    assert "resus services" not in served.run("token", "revoke", "77").stderr


def test_output_that_cannot_be_written_is_no_success(served):
    with open("/dev/full", "w") as full:
        for words, status in (("status", 1), ("status --json", 1), ("sudoers", 1), ("audit list", 1), ("help", 1),
                              ("--version", 1), ("check", 3)):
            done = served.run(*words.split(), stdout=full)
            assert done.returncode == status and "standard output" in done.stderr, (words, done)
        # Ends by itself with the first line that is lost.
        follower = subprocess.Popen([str(PROGRAM), "logs", "-f", "-n", "5", "--config", str(served.config)],
                                    stdout=full, stderr=subprocess.PIPE, text=True)
        assert follower.wait(20 * SCALE) == 1 and "standard output" in follower.stderr.read()
        follower.stderr.close()
    # Whoever has read enough and gone away made no error.
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = served.run("status", stdout=writer)
        assert done.returncode == 0 and done.stderr == "", done
    finally:
        os.close(writer)


def test_a_demonstration_whose_port_is_taken_ends_and_says_what_helps(served):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run([str(PROGRAM), "demo", "--port", str(port), "--dir", str(served.folder / "demo")],
                              text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=20 * SCALE)
    assert done.returncode == 1 and str(port) in done.stderr and "--port" in done.stderr, done
    assert done.stdout == "" and not list(served.folder.glob("demo/state/processes/*.pid")), done


def test_a_demonstration_keeps_what_was_added_to_its_settings(served):
    folder, ports = served.folder / "demo", (free_port(), free_port())
    for port in ports:
        with subprocess.Popen([str(PROGRAM), "demo", "--port", str(port), "--dir", str(folder)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as demo:
            said = [demo.stdout.readline() for _ in range(3)]
            demo.terminate()
            assert demo.wait(20 * SCALE) == 0, said
        settings = (folder / "resus.yaml").read_text()
        redis = said[2].split(":")[-1].strip()
        assert f'listen: "127.0.0.1:{port}"' in settings and f'address: "127.0.0.1:{redis}"' in settings, (said, settings)
        if port == ports[0]:
            (folder / "resus.yaml").write_text(settings + "alerts: {page_after_seconds: 7}\n")
    assert settings.endswith("alerts: {page_after_seconds: 7}\n"), settings
    (folder / "resus.yaml").write_text("server: {}\n")
    done = subprocess.run([str(PROGRAM), "demo", "--port", str(ports[0]), "--dir", str(folder)], text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=20 * SCALE)
    assert done.returncode == 1 and "remove the file" in done.stderr, done


def test_local_verbs_need_no_daemon(served):
    served.stop()
    try:
        told = served.run("sudoers")
        assert told.stdout.startswith("#") and "needs none of these lines" in told.stderr, told
        assert served.run("serve", "--check").returncode == 0
        assert served.run("audit", "list").returncode == 0
        assert served.run("key", "check").returncode in (0, 1)
        assert served.run("status").returncode != 0
    finally:
        served.start()


def test_a_check_of_the_file_tells_what_would_stop_the_daemon_here(served):
    other = served.folder / "other.yaml"
    other.write_text("services: {a: {control: ssh, address: '192.0.2.1:6379', ssh: {host: 192.0.2.1, user: a, "
                     f"key: {served.folder}/none, known_hosts: {served.folder}/none}}}}}}\n"
                     "security: {timezone: Europe/Berlim}\n")
    check = subprocess.run([str(PROGRAM), "serve", "--check", "--config", str(other)], capture_output=True, text=True)
    assert check.returncode == 2, check
    assert len(served.good("serve", "--check")["warnings"]) == 0
    assert "NOPASSWD: /bin/systemctl restart redis-server" in served.good("sudoers")["sudoers"]
    assert f"{other}:1:" in check.stderr and "ssh-keygen" in check.stderr, check
    assert f"{other}:2:12: " in check.stderr and "Europe/Berlim" in check.stderr, check


def test_root_checks_the_keys_for_the_account_that_the_daemon_runs_as(served):
    if os.geteuid() != 0:
        raise Skip("needs root")
    nobody, state, key = 65534, served.folder / "other-state", served.folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    state.mkdir()
    served.folder.chmod(0o755)  # as /etc/resus: that account may look into it
    known_hosts = served.folder / "known_hosts"
    known_hosts.write_text("192.0.2.1 " + " ".join((served.folder / "key.pub").read_text().split()[:2]) + "\n")
    other = served.folder / "other.yaml"
    other.write_text(f"server: {{state_dir: {state}}}\naudit: {{file: {state}/audit.log}}\n"
                     f"services: {{a: {{control: ssh, address: '192.0.2.1:6379', "
                     f"ssh: {{host: 192.0.2.1, user: a, key: {key}, known_hosts: {known_hosts}}}}}}}\n")

    def checked(*words):
        return subprocess.run([str(PROGRAM), *words, "--config", str(other)], capture_output=True, text=True)

    assert checked("key", "check").returncode == 0
    os.chown(state, nobody, nobody)  # as the installed unit has it
    wrong = checked("key", "check")
    assert wrong.returncode == 1 and f"chown {nobody} {key}" in wrong.stdout, wrong
    assert f"chown {nobody} {key}" in checked("serve", "--check").stderr
    os.chown(key, nobody, nobody)
    assert checked("key", "check").returncode == 0
    good = checked("serve", "--check")
    assert good.returncode == 0 and "warning" not in good.stderr, good
    served.folder.chmod(0o700)
    state.rmdir()  # before the first start nobody has it: then it is for the one who asks
    assert f"chown 0 {key}" in checked("key", "check").stdout


def test_who_may_not_read_the_audit_file_has_the_daemon_read_it(served):
    if os.geteuid() != 0:
        raise Skip("needs root")
    for folder in (served.folder, served.audit_file.parent):
        folder.chmod(0o711)
    served.config.chmod(0o644)
    served.good("restart", "--reason", "audited")
    assert served.audit_file.stat().st_mode & 0o007 == 0

    def as_nobody(*words):
        return subprocess.run([str(PROGRAM), *words, "--config", str(served.config)], capture_output=True, text=True,
                              user=65534, group=65534, extra_groups=[])

    # Nobody is in no group: it is the daemon that says so, who would have read it for a member.
    for word in ("list", "report", "summary", "verify"):
        refused = as_nobody("audit", word)
        assert refused.returncode == 1 and "resus-admin" in refused.stderr, refused
    assert served.run("audit", "list").returncode == 0


COMPLETE = {
    "bash": 'source <("$0" completion bash); COMP_WORDS=(resus "$@"); COMP_CWORD=$#; _resus; printf "%s\\n" "${COMPREPLY[@]}"',
    # The function alone: zsh's own machinery wants a terminal.
    "zsh": """compdef() { :; }; compadd() { [[ $1 = -- ]] && shift; print -rl -- ${(M)@:#$current*}; }
              _files() { print -rl -- ${current}*(N); }; source <("$0" completion zsh); words=(resus "$@"); CURRENT=$#words; _resus""",
    "fish": '$argv[1] completion fish | source; complete -C (string join " " -- resus $argv[2..-1]) | string replace -r "\t.*" ""; true',
}


def offered(shell, served, *words):
    arguments = ["fish", "--no-config", "-c", COMPLETE[shell], str(PROGRAM), *words] if shell == "fish" else \
        [shell, *(["-f"] if shell == "zsh" else []), "-c", COMPLETE[shell], str(PROGRAM), *words]
    path = f"{PROGRAM.parent}:/usr/bin:/bin"
    environment = {"PATH": path, "HOME": str(served.folder), "RESUS_CONFIG": str(served.config), "LC_ALL": "C.UTF-8"}
    return subprocess.run(arguments, capture_output=True, text=True, cwd=served.folder, env=environment,
                          check=True).stdout.split()


def test_shells_complete_verbs_options_values_files_and_services(served):
    for shell in COMPLETE:
        completes(shell, served)


def completes(shell, served):
    (served.folder / "wanted.json").write_text("")
    for words in (("bundle", "-o"), ("bundle", "--output"), ("replay",), ("status", "--ca-file")):
        assert offered(shell, served, *words, "want") == ["wanted.json"], (shell, words)
    assert offered(shell, served, "repl") == ["replay"]
    assert offered(shell, served, "replay", "--js") == ["--json"]
    assert offered(shell, served, "recovery", "his") == ["history"]
    assert offered(shell, served, "user", "add", "a@example.org", "--role", "op") == ["operator"]
    assert offered(shell, served, "pause", "--re") == ["--reason"]
    assert offered(shell, served, "status", "red") == ["redis"]
    assert offered(shell, served, "help", "preq") == [] and offered(shell, served, "help", "pref") == ["preflight"]


def test_the_audit_file_is_read_and_verified(served):
    served.good("restart", "--reason", "audited")
    assert "audited" in served.run("audit", "list").stdout + served.run("audit", "list", "--json").stdout
    assert served.run("audit", "verify").returncode == 0
    assert served.run("audit", "report").returncode == 0
    assert served.run("audit", "summary").returncode == 0
    text = served.audit_file.read_text()
    served.audit_file.write_text(text.replace("audited", "changed", 1))
    assert served.run("audit", "verify").returncode == 1


def test_a_bad_file_changes_nothing_on_sighup(served):
    served.good("recovery", "status")
    served.config.write_text("services: [")
    served.hang_up()
    wait_until(lambda: "not reloaded" in served.output(), "the error in the log")
    served.settings["auto_recovery"]["max_attempts"] = 7
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "reloaded" in served.output().split("not reloaded")[-1], "the reload")
    wait_until(lambda: served.cli("recovery", "status").json["max_attempts"] == 7, "the new value")
    assert served.redis("PING") == "+PONG"


def test_a_reload_that_one_service_refuses_changes_no_other(served):
    served.stop()
    served.settings["services"]["second"] = json.loads(json.dumps(served.settings["services"]["redis"]))
    served.settings["services"]["second"]["process"]["directory"] = str(served.folder / "second")
    served.settings["services"]["second"]["address"] = f"127.0.0.1:{free_port()}"
    served.start()
    password = served.folder / "password"
    password.write_text("not what this Redis wants\n")
    password.chmod(0o600)
    served.settings["services"]["redis"]["redis"] = {"password_file": str(password)}
    # The file is good; that the second password is missing is found when it is read.
    missing = served.folder / "missing"
    served.settings["services"]["second"]["redis"] = {"password_file": str(missing)}
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "not reloaded" in served.output(), "the error in the log")
    line, = [line for line in served.output().splitlines() if "not reloaded" in line]
    assert "service second" in line and str(missing) in line, line
    status, body = served.ask("refresh", "redis")
    assert status == 200 and body["status"]["status"] == "running", body
    assert body["health"]["cause"]["code"] == "ok", body


def test_a_key_is_rotated_only_where_a_service_is_reached_by_ssh(served):
    for words in (("key", "rotate"), ("key", "rotate", "redis"), ("key", "rotate", "--continue")):
        refused = served.cli(*words)
        assert refused.status == 1 and refused.json["code"] == "not_found", refused
        assert "reached by SSH" in refused.json["message"], refused
    assert served.ask("key_rotate", step="sideways")[0] == 400
    assert not (served.folder / "state" / "key-rotations.json").exists()


def test_a_full_disk_under_the_audit_refuses_people(served):
    if os.geteuid() != 0:
        raise Skip("needs root for a small tmpfs")
    folder = served.folder / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True).returncode != 0:
        raise Skip("tmpfs cannot be mounted here")
    try:
        served.stop()
        served.settings["audit"]["file"] = str(folder / "audit.log")
        served.start()
        served.good("restart", "--reason", "room")
        filler = folder / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 512)
            except OSError:
                pass

        def refused():
            return served.cli("restart", "--reason", "x" * 400).status != 0

        wait_until(refused, "a refusal")
        assert served.redis("PING") == "+PONG"
        assert any(item["check"] == "audit" and item["status"] == "fail" for item in served.cli("doctor").json["items"])
        filler.unlink()
        wait_until(lambda: served.cli("restart").status == 0, "room again", 30)
        served.stop()
    finally:
        if served.process is not None:
            served.process.kill()
            served.process.wait()
            served.process = None
        subprocess.run(["umount", "-l", str(folder)], capture_output=True)
        served.settings["audit"]["file"] = str(served.audit_file)
        served.start()


def test_a_stranger_does_not_reach_the_control_sockets_and_can_neither_hold_up_root_nor_fill_the_log(served):
    if os.geteuid() != 0:
        raise Skip("needs root")
    served.folder.chmod(0o711)
    before = len(served.output())

    def knock(path):
        """In a child of another account; it ends with 0 when every attempt was EACCES."""
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            seen = set()
            for _ in range(20000):
                with socket.socket(socket.AF_UNIX) as stranger:
                    seen.add(stranger.connect_ex(path))
            os._exit(0 if seen == {errno.EACCES} else 1)
        return child

    knocking = [knock(str(served.folder / name)) for name in ("control.sock", "monitor.sock")]
    for _ in range(5):
        assert served.good("services")["items"]
    assert [os.waitpid(child, 0)[1] for child in knocking] == [0, 0]
    assert len(served.output()) - before < 4000, served.output()[before:]
