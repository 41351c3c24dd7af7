"""What other accounts can change is not acted on, and the engine keeps its memory to itself."""

import base64
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import people
from daemon import PROGRAM, SCALE, TREE, Skip, free_port, wait_until

NOBODY = 65534


def run(*words, program=PROGRAM):
    return subprocess.run([str(program), *words], capture_output=True, text=True, timeout=60 * SCALE)


@contextlib.contextmanager
def changed(path, mode=None, owner=None):
    before = path.stat()
    if mode is not None:
        path.chmod(mode)
    if owner is not None:
        os.chown(path, owner, before.st_gid)
    try:
        yield
    finally:
        os.chown(path, before.st_uid, before.st_gid)
        path.chmod(before.st_mode & 0o7777)


def settings_file(served):
    """Settings of another daemon, with a program and a password of its own."""
    home = served.folder / "other"
    for name in (home, home / "state", home / "redis", home / "bin"):
        name.mkdir(mode=0o755)
    shutil.copy(shutil.which("redis-server"), home / "bin/redis-server")
    (home / "password").write_text("secret\n")
    (home / "password").chmod(0o600)
    (home / "redis.conf").write_text("")
    config = home / "resus.yaml"
    config.write_text(f"server: {{state_dir: {home}/state, control_socket: {home}/control.sock, "
                      f"listen: '127.0.0.1:{free_port()}'}}\n"
                      f"audit: {{file: {home}/state/audit.log}}\n"
                      f"services:\n"
                      f"  a:\n"
                      f"    address: 127.0.0.1:{free_port()}\n"
                      f"    control: process\n"
                      f"    redis: {{password_file: {home}/password}}\n"
                      f"    process: {{program: {home}/bin/redis-server, directory: {home}/redis,\n"
                      f"              config_file: {home}/redis.conf}}\n")
    return home, config


def test_what_other_accounts_can_change_is_refused_with_the_command_that_helps(served):
    home, config = settings_file(served)
    good = run("serve", "--check", "--config", str(config))
    assert good.returncode == 0, good
    rows = [(config, 0o666, None, f"{config}:1:1: ", f"chmod o-w {config}"),
            (home, 0o777, None, f"{config}:1:1: ", f"chmod o-w {home}"),
            (home / "state", 0o777, None, f"{config}:1:10: ", f"chmod o-w {home}/state"),
            (home / "bin/redis-server", 0o777, None, f"{config}:8:", f"chmod o-w {home}/bin/redis-server"),
            (home / "bin", 0o777, None, f"{config}:8:", f"chmod o-w {home}/bin"),
            (home / "redis", 0o777, None, f"{config}:8:", f"chmod o-w {home}/redis"),
            (home / "redis.conf", 0o666, None, f"{config}:9:", f"chmod o-w {home}/redis.conf")]
    if os.geteuid() == 0:
        rows += [(config, None, NOBODY, f"{config}:1:1: ", f"chown 0 {config}"),
                 (home / "password", None, NOBODY, f"{config}:7:", f"chown 0 {home}/password"),
                 (home / "bin/redis-server", None, NOBODY, f"{config}:8:", f"chown 0 {home}/bin/redis-server")]
    for path, mode, owner, place, remedy in rows:
        with changed(path, mode, owner):
            checked = run("serve", "--check", "--config", str(config))
            assert checked.returncode == 2 and remedy in checked.stderr, (path, mode, owner, checked)
            assert any(line.startswith(place) for line in checked.stderr.splitlines()), (place, checked)
            started = run("serve", "--config", str(config))  # it has no other service, so it ends
            assert started.returncode == 2 and remedy in started.stderr, (path, mode, owner, started)


def test_check_judges_the_files_of_a_redis_as_the_account_that_it_runs_as(served):
    if os.geteuid() != 0:
        raise Skip("needs root")
    home = pathlib.Path(tempfile.mkdtemp(prefix="resus-user-"))
    try:
        home.chmod(0o755)
        for name in ("state", "redis", "bin"):
            (home / name).mkdir(mode=0o755)
        os.chown(home / "redis", NOBODY, NOBODY)
        shutil.copy(shutil.which("redis-server"), home / "bin/redis-server")
        (home / "redis.conf").write_text("")
        config = home / "resus.yaml"
        config.write_text(f"server: {{state_dir: {home}/state}}\naudit: {{file: {home}/state/audit.log}}\n"
                          f"services:\n  a:\n    address: 127.0.0.1:{free_port()}\n    control: process\n"
                          f"    process: {{user: nobody, program: {home}/bin/redis-server, directory: {home}/redis,\n"
                          f"              config_file: {home}/redis.conf}}\n")

        def check():
            return run("serve", "--check", "--config", str(config))

        assert check().returncode == 0, check()
        rows = [(home / "redis.conf", 0o600, None, "process.config_file", "read"),
                (home / "bin/redis-server", 0o700, None, "process.program", "run"),
                (home / "bin", 0o700, None, "process.program", "run"),
                (home / "redis", 0o755, 0, "process.directory", "write")]
        for path, mode, owner, key, what in rows:
            with changed(path, mode, owner):
                checked = check()
                assert checked.returncode == 2, (path, checked)
                assert f"user nobody cannot {what} {home}" in checked.stderr, (path, checked)
        assert check().returncode == 0, check()
    finally:
        shutil.rmtree(home)


def test_an_audit_log_that_others_can_change_is_not_written_and_stops_no_watch(served):
    served.stop()
    served.audit_file.chmod(0o666)
    checked = run("serve", "--check", "--config", str(served.config))
    assert checked.returncode == 2 and f"chmod o-w {served.audit_file}" in checked.stderr, checked
    served.start()
    assert served.good("status", "redis")["service"] == "redis"
    refused = served.cli("pause", "--for", "10m", "--reason", "test").json
    assert refused["code"] == "not_stored" and f"chmod o-w {served.audit_file}" in refused["message"], refused
    item, = [item for item in served.cli("doctor").json["items"] if item["check"] == "audit"]
    assert item["status"] == "fail" and "lines wait" in item["message"], item
    served.audit_file.chmod(0o640)
    wait_until(lambda: served.cli("pause", "--for", "10m", "--reason", "test").status == 0, "the log")
    assert served.good("audit", "verify")["intact"]


def test_a_link_is_judged_by_what_it_leads_to_and_by_its_folder(served):
    home, config = settings_file(served)
    shared = served.folder / "shared"
    shared.mkdir()
    link = shared / "resus.yaml"
    link.symlink_to(config)
    assert run("serve", "--check", "--config", str(link)).returncode == 0
    with changed(config, 0o666):
        assert f"chmod o-w {config}" in run("serve", "--check", "--config", str(link)).stderr
    with changed(shared, 0o777):
        assert f"chmod o-w {shared}" in run("serve", "--check", "--config", str(link)).stderr
    with changed(shared, 0o1777):
        assert run("serve", "--check", "--config", str(link)).returncode == 0
    assert home.exists()


def test_doctor_and_a_reload_name_what_was_opened_to_others_meanwhile(served):
    with changed(served.config, 0o606):
        found = [item for item in served.cli("doctor").json["items"] if item["status"] == "fail"]
        assert any(f"chmod o-w {served.config}" in item["message"] for item in found), found
        served.hang_up()
        wait_until(lambda: "config: not reloaded" in served.output(), "the refusal")
        assert f"chmod o-w {served.config}" in served.output()
    served.hang_up()
    wait_until(lambda: "config: reloaded" in served.output(), "the reload")
    assert not [item for item in served.cli("doctor").json["items"]
                if item["check"] == "configuration" and item["status"] != "pass"]


@contextlib.contextmanager
def daemon_of_nobody(*, more=(), program=PROGRAM):
    """A daemon of an account that is not root, with its Redis; yields its process id."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="resus-nobody-"))
    (home / "state").mkdir()
    config = home / "resus.yaml"
    config.write_text(f"server: {{state_dir: {home}/state, control_socket: {home}/control.sock, "
                      f"listen: '127.0.0.1:{free_port()}'}}\naudit: {{file: {home}/state/audit.log}}\n"
                      f"services: {{redis: {{address: '127.0.0.1:{free_port()}', control: process}}}}\n")
    for path in (home, home / "state", config):
        os.chown(path, NOBODY, NOBODY)
    with open(home / "output", "wb") as output:
        process = subprocess.Popen([str(program), "serve", "--config", str(config)], user=NOBODY, group=NOBODY,
                                   extra_groups=[], pass_fds=more, stdout=output, stderr=output,
                                   stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: run("services", "--config", str(config)).returncode == 0, "the daemon")
        assert run("start", "--config", str(config)).returncode == 0
        yield process.pid
    finally:
        stopped = run("stop", "--confirm", "STOP", "--force", "--config", str(config))
        process.send_signal(signal.SIGTERM)
        process.wait(15 * SCALE)
        shutil.rmtree(home, ignore_errors=True)
    assert stopped.returncode == 0, stopped


def without_sanitizer():
    """The program under test, or the same as `./dev test` built it for the simulator: a sanitizer traces its own
    process, so the engine cannot forbid that there."""
    for program in (PROGRAM, TREE / "build/resus"):
        if program.exists() and not any(mark in program.read_bytes() for mark in (b"__asan_init", b"__tsan_init")):
            return program
    raise Skip("needs a build without a sanitizer: ./dev build")


def as_nobody(function):
    """Its result's truth, in a child of that account."""
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        os._exit(0 if function() else 1)
    return os.waitpid(child, 0)[1] == 0


def is_refused(path):
    try:
        os.close(os.open(path, os.O_RDONLY))
    except PermissionError:
        return True
    return False


def test_another_process_of_the_account_reads_no_memory_of_the_engine(served):
    if os.geteuid() != 0:
        raise Skip("needs root, to be another account")
    with daemon_of_nobody(program=without_sanitizer()) as pid:
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert [line.split()[4:6] for line in limits.splitlines() if "core file" in line] == [["0", "0"]], limits
        for name in ("mem", "environ", "maps"):
            assert as_nobody(lambda name=name: is_refused(f"/proc/{pid}/{name}")), name
        libc = ctypes.CDLL(None)
        attach = 16  # PTRACE_ATTACH
        assert as_nobody(lambda: libc.ptrace(attach, pid, 0, 0) == -1)


def test_what_the_caller_left_open_reaches_neither_redis_nor_the_web_process(served):
    if os.geteuid() != 0:
        raise Skip("needs root, to be another account")
    secret = os.memfd_create("inherited")
    with daemon_of_nobody(more=(secret,)) as pid:
        processes = [pid] + [int(name) for name in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        assert len(processes) == 3, processes
        for process in processes:
            names = [os.readlink(file) for file in pathlib.Path(f"/proc/{process}/fd").iterdir()]
            assert not [name for name in names if "inherited" in name], (process, names)
    os.close(secret)


def test_redis_of_another_account_is_recovered_and_stays_that_account_s(served):
    if os.geteuid() != 0:
        raise Skip("needs root, to be another account")
    served.folder.chmod(0o711)
    served.good("stop", "--confirm", "STOP", "--force")
    served.stop()
    redis = served.settings["services"]["redis"]["process"]
    (served.folder / "redis.conf").chmod(0o644)
    redis |= {"user": "nobody", "directory": str(served.folder / "of-nobody")}
    (served.folder / "redis.conf").write_text((served.folder / "redis.conf").read_text().replace(
        f"{served.folder}/redis", f"{served.folder}/of-nobody"))
    served.start()
    served.good("start", "--force")
    first = served.good("status")["pid"]
    assert os.stat(f"/proc/{first}").st_uid == NOBODY and (served.folder / "of-nobody").stat().st_uid == NOBODY
    os.kill(first, signal.SIGKILL)
    second = wait_until(lambda: (pid := served.good("status").get("pid")) not in (None, first) and pid, "its recovery")
    assert os.stat(f"/proc/{second}").st_uid == NOBODY
    served.stop()
    served.start()  # the next daemon finds it
    assert wait_until(lambda: served.good("status").get("pid"), "the status") == second


def test_no_answer_line_or_file_repeats_a_secret_of_the_settings(served):
    people.add_all(served)
    folder = served.folder / "secrets"
    folder.mkdir(mode=0o700)
    words = {name: f"hidden-{name}-0123456789abcdef" for name in ("slack", "hook", "alive", "mail", "keyid", "s3", "redis", "primary")}
    words["hook"] = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    files = {}
    for name, word in words.items():
        files[name] = str(folder / name)
        text = {"slack": f"https://127.0.0.1:9/services/{word}", "alive": f"https://127.0.0.1:9/{word}"}.get(name, word)
        (folder / name).write_text(text + "\n")
        (folder / name).chmod(0o600)
    served.settings["alerts"] = {
        "channels": {"chat": {"type": "slack", "url_file": files["slack"]},
                     "hook": {"type": "webhook", "url": "https://127.0.0.1:9/hook", "secret_file": files["hook"]},
                     "post": {"type": "smtp", "url": "smtp://127.0.0.1:9", "tls": "none", "from": "resus@example.org",
                              "to": ["ops@example.org"], "username": "resus", "password_file": files["mail"]}},
        "heartbeat": {"url_file": files["alive"]}}
    served.settings["backup"] = {"copies": [{
        "name": "far", "type": "s3", "endpoint": "https://127.0.0.1:9", "bucket": "b", "region": "r",
        "access_key_file": files["keyid"], "secret_key_file": files["s3"]}]}
    served.redis("CONFIG", "SET", "masterauth", words["primary"])
    served.redis("CONFIG", "SET", "requirepass", words["redis"])
    served.settings["services"]["redis"]["redis"] = {"password_file": files["redis"]}
    served.stop()
    served.start()
    wait_until(lambda: served.good("health", "redis")["overall_status"] == "healthy", "health")
    served.run("backup", "create")
    wait_until(lambda: served.good("backup", "status")["copies"][0]["state"] == "failing", "the failure of the copy")
    served.run("alert", "test")
    headers = people.bearer(people.login(served, "admin")["token"])
    said = {}
    for path, item in served.ask("openapi")[1]["paths"].items():
        if "get" in item and not item["get"].get("x-websocket"):
            for what in (people.PARAMETERS["what"], "slowlog", "clients") if "{what}" in path else (None,):
                place = people.place_of(path, **({"what": what} if what else {}))
                said[place] = json.dumps(served.https("GET", place, headers=headers).body)
    for verb in (("doctor",), ("bundle", "-o", "/dev/stdout"), ("status",), ("serve", "--check"), ("alert", "test"), ("backup", "status")):
        done = served.run(*verb)
        said[verb] = done.stdout + done.stderr
    said["output"] = served.output()
    for file in (served.folder / "state").rglob("*"):
        if file.is_file():
            said[file] = file.read_bytes().decode("latin-1")
    assert len(said) > 50, list(said)
    repeated = [(place, name) for place, text in said.items() for name, word in words.items() if word in text]
    assert not repeated, repeated
