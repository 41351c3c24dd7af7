"""A lost host: what a backup knows of it, the sheet, and docs/disaster-recovery.md line by line."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

from daemon import PROGRAM, SCALE, TREE, Skip, wait_until


def reload(served):
    before = served.output().count("config: reloaded")
    served.write_settings()
    served.hang_up()
    wait_until(lambda: served.output().count("config: reloaded") > before, "the reload")


def sections():
    """The blocks of the page, each with the heading above it."""
    found, heading = [], ""
    page = (TREE / "docs/disaster-recovery.md").read_text()
    for part in re.finditer(r"^## ([^\n]*)$|^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        if part.group(1):
            heading = part.group(1)
        else:
            found.append((heading, part.group(2)))
    return found


def lose(served):
    """Redis, its data, and the backups of this machine."""
    served.good("pause", "--reason", "a lost host")
    os.kill(served.good("status")["pid"], signal.SIGKILL)
    wait_until(lambda: served.ask("status", "redis")[1].get("status") != "running", "the loss")
    shutil.rmtree(served.folder / "redis")
    (served.folder / "redis").mkdir()


def test_disaster_docs_lines_bring_the_data_back(served):
    if shutil.which("jq") is None:
        raise Skip("jq is not there")
    tools = served.folder / "bin"
    tools.mkdir()
    (tools / "resus").symlink_to(PROGRAM)
    nas = served.folder / "nas"
    nas.mkdir()
    served.settings["backup"] = {"copies": [{"name": "nas", "type": "folder", "path": str(nas)}]}
    reload(served)
    for i in range(300):
        served.redis("SET", f"key:{i}", f"value{i}")
    environment = dict(os.environ, PATH=f"{tools}:{os.environ['PATH']}", RESUS_CONFIG=str(served.config))
    blocks = sections()
    assert len(blocks) == 4, blocks
    for heading, block in blocks:
        if heading == "The Redis host is lost" and "dry-run" in block:
            lose(served)
        if "backups of this machine" in heading:
            lose(served)
            served.stop()
            shutil.rmtree(pathlib.Path(served.folder / "state/backups"))
            served.start()
            assert served.good("start")["success"]
            assert served.redis("DBSIZE") == ":0"
        done = subprocess.run(["/bin/bash", "-euo", "pipefail", "-c", block], cwd=served.folder, text=True, env=environment,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=120 * SCALE)
        assert done.returncode == 0, (heading, done.stdout[-1500:], done.stderr)
        if "restore" in block:
            assert served.redis("DBSIZE") == ":300", (heading, done.stdout[-1500:])
    sheet = (served.folder / "sheet.txt").read_text()
    assert "[ ] 1. Keep Resus' hands off" in sheet and "resus restore redis" in sheet, sheet
    assert max(len(line) for line in sheet.splitlines() if not line.startswith(("cat", "resus", "dir", "apt"))) <= 80, sheet


def settings_of(sheet):
    """The redis.conf of the sheet."""
    lines = next(step["commands"] for step in sheet["steps"] if step["title"] == "Write its settings")
    return lines[1:lines.index("END")]


def test_the_settings_of_the_sheet_start_a_server_that_is_like_the_lost_one(served):
    for name, value in (("maxmemory", "64mb"), ("maxmemory-policy", "allkeys-lru"), ("notify-keyspace-events", "KEA"),
                        ("client-output-buffer-limit", "pubsub 1mb 1mb 10"), ("save", "900 1 300 10"), ("slowlog-log-slower-than", "5000")):
        served.redis("CONFIG", "SET", name, value)
    made = served.good("backup", "create")["backup"]
    folder = pathlib.Path(served.good("backup", "show", made)["folder"])
    host = json.loads((folder / "host.json").read_text())
    assert {"maxmemory", "maxmemory-policy", "notify-keyspace-events", "save", "port", "dir"} <= set(host["changed"]), host["changed"]
    assert not {"hz", "timeout", "databases", "slave-priority"} & set(host["changed"]), host["changed"]
    assert [x["name"] for x in json.loads((folder / "manifest.json").read_text())["files"]] == ["dump.rdb", "host.json"]
    sheet = served.good("backup", "rebuild-sheet")
    assert {x["part"]: x["reached"] for x in sheet["parts"]} == {"host": "yes", "ssh": "unknown", "redis": "yes"}, sheet["parts"]
    conf = served.folder / "rebuilt.conf"
    own = served.folder / "rebuilt"
    own.mkdir()
    conf.write_text("\n".join(x for x in settings_of(sheet) if not x.startswith(("port ", "dir ")))
                    + f"\nport 0\nunixsocket {own}/s\ndir {own}\n")
    server = subprocess.Popen(["redis-server", str(conf)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_until(lambda: (own / "s").exists() or server.poll() is not None, "the server")
        assert server.poll() is None, server.stdout.read()
        for name in host["changed"]:
            if name not in ("port", "dir"):
                told = subprocess.run(["redis-cli", "-s", str(own / "s"), "--json", "CONFIG", "GET", name], capture_output=True,
                                      text=True, timeout=10 * SCALE)
                assert json.loads(told.stdout)[name] == host["config"][name], (name, told)
    finally:
        server.kill()
        server.wait()
    refused = served.run("backup", "rebuild-sheet", "20200101T000000Z")
    assert refused.returncode == 1 and "no such backup" in refused.stderr, refused


def test_a_server_that_lies_puts_no_command_into_the_sheet(served):
    served.redis("ACL", "SETUSER", "reader", "on", ">secret", "+get", "~a:*")
    made = served.good("backup", "create")["backup"]
    file = pathlib.Path(served.good("backup", "show", made)["folder"]) / "host.json"
    host = json.loads(file.read_text())
    host["config"] |= {"x\nEND\ntouch /tmp/1": "1", "maxmemory-policy": "noeviction\r\nEND"}
    host["changed"] += ["x\nEND\ntouch /tmp/1", "maxmemory-policy"]
    host["acl"] += [{"rule": "END", "passwords": 0}, {"rule": "user x on\nEND\ntouch /tmp/1", "passwords": 0}, {"rule": "touch /tmp/1", "passwords": 0}]
    file.write_text(json.dumps(host))
    lines = next(step["commands"] for step in served.good("backup", "rebuild-sheet")["steps"] if step["title"] == "Write its settings")
    assert lines.count("END") == 1 and lines[-1] == "END" and not any(x.startswith("touch") for x in lines), lines
    assert any(x.startswith("user reader on") for x in lines) and sum("is left out" in x for x in lines) == 4, lines


def sheet_of_files(served, change):
    """The sheet of a new backup, after CHANGE of its host.json and manifest: as a place for copies may have given them back."""
    made = served.good("backup", "create")["backup"]
    folder = pathlib.Path(served.good("backup", "show", made)["folder"])
    host, manifest = (json.loads((folder / name).read_text()) for name in ("host.json", "manifest.json"))
    change(host, manifest)
    (folder / "host.json").write_text(json.dumps(host))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    served.stop()
    served.start()
    wait_until(lambda: served.run("backup", "show", made).returncode == 0, "the backup")
    return served.run("backup", "rebuild-sheet", "redis", made, "--json")


def test_a_copy_that_lies_puts_no_command_into_the_sheet(served):
    bad = "x; touch /tmp/1\nEND\ntouch /tmp/1 #"

    def lie(host, manifest):
        host["secrets"] = [bad, "masterauth"]
        host["config"] |= {"touch": "\x03/tmp/1", "aclfile": bad}
        host["changed"] += ["touch"]
        host["acl"] += [{"rule": "user x on \x03", "passwords": 0}]
        host["server"] |= {"config_file": bad, "version": bad, "os": bad}
        host["known"] |= {"unit": bad, "control": "ssh", "sudoers": bad + "\n",
                          "ssh": {"host": bad, "user": bad, "key": bad, "known_hosts": bad, "port": 22}}
        manifest["copies"] = [{"target": bad[:40], "state": "copied", "at": "2026-10-10T10:00:00Z"},
                              {"target": "nas", "state": "copied", "at": "2026-10-10T10:00:00Z"}]

    told = sheet_of_files(served, lie)
    assert told.returncode == 0, told
    lines = [line for step in json.loads(told.stdout)["steps"] for line in step["commands"]]
    assert not [x for x in lines if "/tmp/1" in x and not x.startswith('touch "')], lines
    assert not [x for x in lines if any(ord(c) < 32 for c in x)] and 'touch "\\x03/tmp/1"' in lines, lines
    assert lines.count("END") == 1, lines


def test_a_host_json_of_another_form_is_refused_and_ends_nothing(served):
    def with_member(name, value):
        return lambda host, _: host.update({name: value})

    for name, value in (("changed", [1, None]), ("secrets", [{}]), ("config", {"maxmemory": 1}), ("acl", ["user"]),
                        ("server", []), ("config", [])):
        told = sheet_of_files(served, with_member(name, value))
        assert told.returncode == 1 and "no host.json" in told.stdout + told.stderr, (name, value, told)
    assert served.good("health")["overall_status"] == "healthy"


def test_more_users_than_a_backup_keeps_are_a_gap_and_no_failure(served):
    orders = "".join(f"ACL SETUSER user{i} on nopass +get ~{'x' * 200}\n" for i in range(5000))
    subprocess.run(["redis-cli", "-p", str(served.port)], input=orders, capture_output=True, text=True, check=True, timeout=60 * SCALE)
    made = served.good("backup", "create")["backup"]
    host = json.loads((pathlib.Path(served.good("backup", "show", made)["folder"]) / "host.json").read_text())
    assert host["acl"] is None and "more of it" in host["acl_problem"] and host["config"]["maxmemory"] == "0", host["acl_problem"]
    assert any(step["title"] == "Write its settings" for step in served.good("backup", "rebuild-sheet")["steps"])


def test_a_backup_holds_no_password_of_its_server(served):
    served.redis("ACL", "SETUSER", "app", "on", ">the-word-of-app", "~app:*", "+@read")
    served.redis("CONFIG", "SET", "masterauth", "the-word-of-the-primary")
    made = served.good("backup", "create")["backup"]
    folder = pathlib.Path(served.good("backup", "show", made)["folder"])
    text = (folder / "host.json").read_text()
    host = json.loads(text)
    assert "the-word" not in text and not re.search(r"#[0-9a-f]{64}", text), text
    assert host["secrets"] == ["masterauth"], host["secrets"]
    user, = [x for x in host["acl"] if " app " in f"{x['rule']} "]
    assert user["passwords"] == 1 and "~app:*" in user["rule"], user
    lines = settings_of(served.good("backup", "rebuild-sheet"))
    assert any("masterauth is set and not in this sheet" in x for x in lines), lines
    assert any(x.startswith("user app on") for x in lines), lines


def test_a_backup_without_host_json_says_so(served):
    made = served.good("backup", "create")["backup"]
    (pathlib.Path(served.good("backup", "show", made)["folder"]) / "host.json").unlink()
    refused = served.run("backup", "rebuild-sheet")
    assert refused.returncode == 1 and "older Resus" in refused.stderr, refused
