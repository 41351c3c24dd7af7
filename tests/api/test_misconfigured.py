"""What Resus cannot use is named at the start, and holds up nothing but itself."""

import json
import subprocess

from daemon import PROGRAM, SCALE, free_port, wait_until


def cause(served, service):
    return served.cli("health", service).json["cause"]


def serve(config):
    """The exit status and the words of a daemon that does not start."""
    done = subprocess.run([str(PROGRAM), "serve", "--config", str(config)], capture_output=True, text=True,
                          timeout=60 * SCALE)
    return done.returncode, done.stdout + done.stderr


def test_a_misconfigured_service_is_named_and_the_others_are_watched(served):
    password = served.folder / "password"
    served.stop()
    before = json.dumps(served.settings)
    served.settings["services"]["second"] = {"address": f"127.0.0.1:{free_port()}",
                                             "redis": {"password_file": str(password)}}
    served.start()
    try:
        items = {item["id"]: item for item in served.good("services")["items"]}
        assert items["second"]["cause"] == "misconfigured" and items["second"]["overall_status"] == "unknown", items
        wait_until(lambda: cause(served, "redis")["code"] == "ok", "the watch of the other one")
        seen = cause(served, "second")
        assert str(password) in seen["summary"] and seen["summary"].startswith("misconfigured: "), seen
        assert f"{served.config}:1:" in seen["summary"], "the place in the file"
        assert str(password) in seen["evidence"][0] and seen["restart"] == "useless", seen
        check = served.run("check", "second")
        assert check.returncode == 3 and "misconfigured" in check.stdout and str(password) in check.stdout, check
        # What would ask it is refused at once, and does not wait for a deadline.
        assert served.cli("start", "second").json["code"] == "misconfigured"
        assert served.cli("refresh", "second").json["health"]["cause"]["code"] == "misconfigured"
        assert served.cli("logs", "second").status != 0
        assert served.cli("inspect", "slowlog", "second").status != 0
        found = [item for item in served.cli("doctor", "second").json["items"] if item["status"] == "fail"]
        assert any("misconfigured" in item["message"] and str(password) in item["message"] for item in found), found
        explained = served.cli("recovery", "explain", "second").json
        assert not explained["would_act"], explained
        checked = served.run("serve", "--check")
        assert checked.returncode == 2 and f"{served.config}:1:" in checked.stderr, checked
        assert str(password) in checked.stderr, checked
        # It is tried again at a reload, and stays what it is until the file is there.
        served.hang_up()
        wait_until(lambda: served.output().count("config: reloaded ") == 1, "the first reload")
        assert cause(served, "second")["code"] == "misconfigured"
        password.write_text("secret\n")
        password.chmod(0o600)
        served.hang_up()
        wait_until(lambda: cause(served, "second")["code"] not in ("misconfigured", "unknown"), "the watch to begin")
        assert served.run("serve", "--check").returncode == 0
    finally:
        served.stop()
        served.settings = json.loads(before)
        served.start()


def test_a_daemon_without_one_usable_service_does_not_start(served):
    other = served.folder / "other.yaml"
    other.write_text(f"server: {{state_dir: {served.folder}/other-state, control_socket: {served.folder}/other.sock, "
                     f"listen: '127.0.0.1:{free_port()}'}}\naudit: {{file: {served.folder}/other-audit.log}}\n"
                     f"services:\n  a:\n    redis: {{password_file: {served.folder}/none}}\n")
    status, words = serve(other)
    assert status == 2 and f"{other}:5:13: service a: " in words, words


def test_check_names_everything_that_serve_would_refuse(served):
    folder, config = served.folder, served.folder / "wrong.yaml"
    (folder / "file").write_text("")
    config.write_text(f"server: {{state_dir: {folder}/file/state, tls_certificate: {folder}/no.pem, tls_key: {folder}/no.key}}\n"
                      f"audit: {{file: {folder}/wrong-audit.log}}\n"
                      f"services:\n"
                      f"  a: {{control: ssh, ssh: {{host: 192.0.2.1, user: u, key: {folder}/none, known_hosts: {folder}/none}}}}\n"
                      f"  b: {{redis: {{tls: {{ca_file: {folder}/none}}}}}}\n"
                      f"  c: {{control: process, process: {{program: {folder}/none}}}}\n")
    checked = subprocess.run([str(PROGRAM), "serve", "--check", "--config", str(config)], capture_output=True, text=True)
    assert checked.returncode == 2, checked
    lines = checked.stderr.splitlines()
    for place, word in ((f"{config}:1:", "state"), (f"{config}:4:", "SSH key"), (f"{config}:4:", "ssh-keyscan"),
                        (f"{config}:5:", "service b"), (f"{config}:6:", "service c")):
        assert any(line.startswith(place) and word in line for line in lines), (place, word, lines)
    config.write_text(config.read_text().replace(f"{folder}/file/state", f"{folder}/new-state"))
    checked = subprocess.run([str(PROGRAM), "serve", "--check", "--config", str(config)], capture_output=True, text=True)
    assert any(f"{folder}/no." in line for line in checked.stderr.splitlines()), checked
    assert not (folder / "new-state").exists(), "a check makes nothing"


def test_a_second_daemon_says_that_one_runs_before_any_advice(served):
    """Not even the key that does not exist is worth a word: its advice would be for the wrong account."""
    other = served.folder / "second.yaml"
    settings = json.loads(json.dumps(served.settings))
    settings["services"]["redis"] |= {"control": "ssh", "ssh": {"host": "192.0.2.1", "user": "u", "key": "/none"}}
    del settings["services"]["redis"]["process"]
    other.write_text(json.dumps(settings))
    status, words = serve(other)
    assert status == 2 and f"process {served.process.pid} uses {served.folder}/control.sock" in words, words
    assert "runs already" in words and "systemctl" in words and "ssh-keygen" not in words and "chown" not in words, words
    # Another socket does not make another daemon of it: the state is the same.
    settings["server"]["control_socket"] = str(served.folder / "second.sock")
    other.write_text(json.dumps(settings))
    status, words = serve(other)
    assert status == 2 and f"another process uses {served.folder}/state" in words, words
    assert served.good("services")["items"], "the first one goes on"
