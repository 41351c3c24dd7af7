"""Copies of backups at other places: whole or not there, tried again, and never in the way."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess

from daemon import Skip, wait_until


def place(served, **more):
    """A folder that gets copies, and the settings that name it."""
    folder = served.folder / "nas"
    folder.mkdir(exist_ok=True)
    served.settings["backup"] = {"copies": [{"name": "nas", "type": "folder", "path": str(folder)}], **more}
    reload(served)
    return folder


def reload(served):
    before = served.output().count("config: reloaded")
    served.write_settings()
    served.hang_up()
    wait_until(lambda: served.output().count("config: reloaded") > before, "the reload")


def status(served):
    return served.good("backup", "status")


def nas(served):
    return next(x for x in status(served)["copies"] if x["target"] == "nas")


def create(served):
    done = served.run("backup", "create", "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)["backup"]


def state_of(served, backup):
    return next(x["state"] for x in served.good("backup", "show", backup)["copies"] if x["target"] == "nas")


def files(folder):
    return sorted(str(x.relative_to(folder)) for x in folder.rglob("*") if x.is_file())


def test_a_new_backup_is_copied_byte_for_byte_noted_and_audited(served):
    folder = place(served)
    backup = create(served)
    wait_until(lambda: state_of(served, backup) == "copied", "the copy")
    own = pathlib.Path(served.good("backup", "show", backup)["folder"])
    there = folder / "redis" / "manual" / backup
    assert files(there) == ["dump.rdb", "host.json", "manifest.json"], files(there)
    assert (there / "dump.rdb").read_bytes() == (own / "dump.rdb").read_bytes()
    assert (there / "dump.rdb").stat().st_mode & 0o777 == 0o600
    wait_until(lambda: nas(served)["state"] == "up_to_date", "the end")
    assert json.loads((own / "manifest.json").read_text())["copies"][0]["target"] == "nas"
    line, = [x for x in served.audit() if x["operation"] == "backup_copy"]
    assert backup in line["reason"] and "manifest sha256" in line["reason"], line
    # What lies there is the manifest that the audit line of the backup names.
    made, = [x for x in served.audit() if x["operation"] == "backup_create"]
    digest = subprocess.run(["sha256sum", str(there / "manifest.json")], capture_output=True, text=True).stdout[:64]
    assert digest in made["reason"], (digest, made)
    shown = served.run("backup", "list").stdout
    assert shown.endswith("  nas\n") and max(map(len, shown.splitlines())) <= 80, shown


def test_a_missing_folder_is_reported_and_the_backup_stays_good(served):
    folder = place(served)
    folder.rmdir()
    backup = create(served)
    wait_until(lambda: nas(served)["state"] == "failing", "the failure")
    assert "is not there" in nas(served)["problem"], nas(served)
    # The place may have failed before there was this backup.
    wait_until(lambda: state_of(served, backup) == "failing", "the failure of this one")
    assert status(served)["last_proved"] == backup, status(served)
    refused = served.run("backup", "copy")
    assert refused.returncode == 1 and "is not there" in refused.stdout, refused
    lines = [x for x in served.audit() if x["operation"] == "backup_copy"]
    assert len(lines) == 1 and not lines[0]["result"]["success"], lines
    folder.mkdir()
    done = served.run("backup", "copy")
    assert done.returncode == 0 and state_of(served, backup) == "copied", done


def test_an_empty_folder_is_not_believed_once_it_had_copies(served):
    folder = place(served)
    backup = create(served)
    wait_until(lambda: state_of(served, backup) == "copied", "the copy")
    os.rename(folder, served.folder / "unmounted")
    folder.mkdir()
    create(served)
    wait_until(lambda: nas(served)["state"] == "failing", "the failure")
    assert "is the disk mounted?" in nas(served)["problem"] and files(folder) == [], nas(served)
    (folder / ".resus-copies").touch()
    assert served.run("backup", "copy").returncode == 0
    assert len(files(folder / "redis")) == 6, files(folder)


def test_a_full_disk_there_is_named_and_leaves_nothing_half(served):
    folder = served.folder / "nas"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True).returncode:
        raise Skip("needs root, to mount a small disk")
    try:
        place(served)
        backup = create(served)
        wait_until(lambda: nas(served)["state"] == "failing", "the failure")
        assert "is full" in nas(served)["problem"], nas(served)
        assert status(served)["last_proved"] == backup and files(folder) == [".resus-copies"], files(folder)
        subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
        assert served.run("backup", "copy").returncode == 0
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_read_only_disk_is_named(served):
    folder = served.folder / "nas"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)], capture_output=True).returncode:
        raise Skip("needs root, to mount a disk")
    try:
        place(served)
        create(served)
        wait_until(lambda: nas(served)["state"] == "failing", "the failure")
        assert "Read-only file system" in nas(served)["problem"], nas(served)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def copier_of(served):
    """The process id of the copier; None = none runs."""
    for line in subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(served.process.pid)],
                               capture_output=True, text=True).stdout.splitlines():
        if "copy-out" in line:
            return int(line.split()[0])
    return None


def halted(pid):
    """It stands still, and has not ended before it was told to."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    return False


def at_work(served, pid):
    """It has begun: a file in the place is open."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return any(os.readlink(f"/proc/{pid}/fd/{fd}").startswith(str(served.folder / "nas"))
                   for fd in os.listdir(f"/proc/{pid}/fd"))
    return False


def make_a_large_one(served):
    """A backup whose copy takes long enough to be met."""
    served.redis("CONFIG", "SET", "rdbcompression", "no")
    served.redis("SETRANGE", "blob", str(64 << 20), "x")
    return create(served)


def stop_a_copier(served):
    """Halts a copier, as a share whose server does not answer does; returns its process."""
    pids = []

    def stopped():
        served.ask("backup_copy", "redis")
        pid = copier_of(served)
        with contextlib.suppress(ProcessLookupError):
            if pid is not None and at_work(served, pid):
                os.kill(pid, signal.SIGSTOP)
                if halted(pid):
                    pids.append(pid)
        return pids

    return wait_until(stopped, "a copier")[0]


def test_a_copier_that_hangs_delays_neither_backups_nor_the_daemon(served):
    place(served)
    served.unlimited()
    make_a_large_one(served)
    pid = stop_a_copier(served)
    second = create(served)
    assert status(served)["last_proved"] == second and nas(served)["state"] == "copying", nas(served)
    assert served.good("status")["status"] == "running"
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: nas(served)["state"] == "failing", "its end")
    assert "signal 9" in nas(served)["problem"], nas(served)
    wait_until(lambda: state_of(served, second) == "copied", "the next try", 60)


def test_a_kill_between_data_and_manifest_leaves_no_copy_and_the_next_start_makes_it(served):
    folder = place(served)
    backup = create(served)
    wait_until(lambda: state_of(served, backup) == "copied", "the copy")
    # The state after such a kill: the data have their name, the manifest has none.
    there = folder / "redis" / "manual" / backup
    (there / "manifest.json").unlink()
    own = pathlib.Path(served.good("backup", "show", backup)["folder"]) / "manifest.json"
    served.process.kill()
    served.process.wait()
    manifest = json.loads(own.read_text())
    manifest["copies"] = []
    own.write_text(json.dumps(manifest))
    served.start()
    wait_until(lambda: state_of(served, backup) == "copied", "the copy")
    assert files(there) == ["dump.rdb", "host.json", "manifest.json"], files(there)


def test_a_copier_ends_with_its_daemon(served):
    place(served)
    served.unlimited()
    make_a_large_one(served)
    pid = stop_a_copier(served)
    served.process.kill()
    served.process.wait()
    wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists() or
               "State:\tZ" in pathlib.Path(f"/proc/{pid}/status").read_text(), "its end")
    served.start()


def test_a_copy_that_someone_removed_is_made_again(served):
    folder = place(served)
    backup = create(served)
    wait_until(lambda: state_of(served, backup) == "copied", "the copy")
    there = folder / "redis" / "manual" / backup
    (there / "manifest.json").unlink()
    assert served.run("backup", "copy").returncode == 0
    assert files(there) == ["dump.rdb", "host.json", "manifest.json"], files(there)


def test_damaged_data_are_not_copied_under_a_good_manifest(served):
    folder = place(served)
    folder.rmdir()
    backup = create(served)
    wait_until(lambda: nas(served)["state"] == "failing", "the failure")
    dump = pathlib.Path(served.good("backup", "show", backup)["folder"]) / "dump.rdb"
    data = bytearray(dump.read_bytes())
    data[-12] ^= 1
    dump.write_bytes(data)
    folder.mkdir()
    assert served.run("backup", "copy").returncode == 1
    assert "damaged" in nas(served)["problem"], nas(served)
    assert files(folder) == [".resus-copies"], files(folder)
    assert served.run("backup", "verify", backup).returncode == 1
    wait_until(lambda: state_of(served, backup) == "none", "the verdict")
    assert served.run("backup", "copy").returncode == 0


def test_without_a_place_copy_says_so(served):
    done = served.run("backup", "copy")
    assert done.returncode == 1 and "backup.copies" in done.stderr, done
