"""A machine with nothing but its settings and a key gets its backups back from a place for copies."""

import json
import pathlib
import shutil
import subprocess

from daemon import wait_until
from test_backup_copies import create, nas, place, reload, state_of, status
from test_backup_sealed import make_keys


def lose_all(served):
    """As on an empty machine: no backup is left here."""
    directory = pathlib.Path(status(served)["directory"])
    served.stop()
    shutil.rmtree(directory)
    served.start()
    wait_until(lambda: served.good("backup", "list")["items"] == [], "the empty catalog")


def fetch(served, *words):
    return served.run("backup", "fetch", *words, "--json")


def test_fetch_lists_a_place_and_brings_one_back_proved_again(served):
    place(served)
    subprocess.run(["redis-cli", "-p", str(served.port), "set", "key", "value"], check=True, capture_output=True)
    first, second = create(served), create(served)
    wait_until(lambda: state_of(served, second) == state_of(served, first) == "copied", "the copies")
    lose_all(served)
    listed = served.run("backup", "fetch")
    assert listed.returncode == 0 and first in listed.stdout and second in listed.stdout, listed
    assert max(map(len, listed.stdout.splitlines())) <= 80, listed.stdout
    done = fetch(served, first)
    assert done.returncode == 0, done
    last = json.loads(done.stdout)
    assert last["task"] == "fetch" and last["result"] == "good" and last["backup"] == first, last
    item, = served.good("backup", "list")["items"]
    assert item["id"] == first and item["proved"] == "loaded" and item["latest"] and item["pinned_until"], item
    assert (pathlib.Path(item["folder"]) / "dump.rdb").exists()
    line, = [x for x in served.audit() if x["operation"] == "backup_fetch"]
    assert line["result"]["success"] and "manifest sha256" in line["reason"], line
    again = fetch(served, first)
    assert again.returncode == 1 and "is here already" in again.stdout, again
    # It is not sent back to where it is from.
    assert served.run("backup", "copy").returncode == 0 and state_of(served, first) == "copied"


def test_a_damaged_copy_is_not_brought_back(served):
    folder = place(served)
    backup = create(served)
    wait_until(lambda: state_of(served, backup) == "copied", "the copy")
    dump = folder / "redis" / "manual" / backup / "dump.rdb"
    data = bytearray(dump.read_bytes())
    data[-12] ^= 1
    dump.write_bytes(data)
    lose_all(served)
    done = fetch(served, backup)
    assert done.returncode == 1 and "is damaged" in json.loads(done.stdout)["message"], done
    assert served.good("backup", "list")["items"] == []
    assert not list(pathlib.Path(status(served)["directory"]).rglob("*.rdb"))


def test_a_forged_manifest_that_promises_a_proof_is_not_believed(served):
    folder = place(served)
    backup = create(served)
    wait_until(lambda: state_of(served, backup) == "copied", "the copy")
    there = folder / "redis" / "manual" / backup
    # Other data with a fitting sum, and the old verdict.
    (there / "dump.rdb").write_bytes(b"REDIS0010 and no more")
    manifest = json.loads((there / "manifest.json").read_text())
    manifest["files"][0].update(bytes=21, sha256=subprocess.run(
        ["sha256sum", str(there / "dump.rdb")], capture_output=True, text=True).stdout[:64])
    (there / "manifest.json").write_text(json.dumps(manifest))
    lose_all(served)
    done = fetch(served, backup)
    assert done.returncode == 1 and json.loads(done.stdout)["result"] == "bad", done
    assert status(served)["last_proved"] is None


def test_fetch_names_what_it_cannot_do(served):
    none = served.run("backup", "fetch")
    assert none.returncode == 1 and "backup.copies" in none.stderr, none
    folder = place(served)
    unknown = served.run("backup", "fetch", "20260101T000000Z", "--place", "far")
    assert unknown.returncode == 1 and "no such place" in unknown.stderr, unknown
    absent = served.run("backup", "fetch", "20260101T000000Z")
    assert absent.returncode == 1 and "there is no copy" in absent.stdout, absent
    shutil.rmtree(folder)
    gone = served.run("backup", "fetch")
    assert gone.returncode == 1 and "is the disk mounted?" in gone.stderr, gone


def test_a_sealed_copy_comes_back_and_is_proved_once_a_key_is_here(served):
    folder = place(served)
    keys = served.folder / "keys"
    recovery, printed, code = make_keys(keys)
    assert code == 0, printed
    served.settings["backup"]["recipients"] = [str(keys / "backup.pub"), str(keys / "recovery.pub")]
    reload(served)
    backup = create(served)
    wait_until(lambda: state_of(served, backup) == "copied", "the copy")
    (keys / "backup.key").unlink()  # it died with the machine
    lose_all(served)
    done = fetch(served, backup)
    assert done.returncode == 4 and "key of a recipient" in json.loads(done.stdout)["message"], done
    (keys / "recovery.key").write_text(recovery + "\n")
    (keys / "recovery.key").chmod(0o600)
    verified = served.run("backup", "verify", backup, "--json")
    assert verified.returncode == 0 and json.loads(verified.stdout)["result"] == "good", verified
    assert status(served)["last_proved"] == backup and nas(served)["state"] == "up_to_date"
    assert folder.exists()
