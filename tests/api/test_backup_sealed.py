"""Sealed backups: made with public keys alone, opened with a secret one, also where there is nothing else."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from daemon import PROGRAM, wait_until


def make_keys(folder, wrong=0):
    """Types the end of the recovery key, after so many wrong tries; returns what was printed and the exit status."""
    process = subprocess.Popen([str(PROGRAM), "key", "backup", "-o", str(folder)], text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    printed = ""
    while "type its last" not in printed:
        character = process.stdout.read(1)
        assert character, printed
        printed += character
    key, = re.findall(r"resus-secret-key-1 [0-9a-f]{72}", printed)
    rest, _ = process.communicate("nonsense\n" * wrong + key[-8:] + "\n", timeout=30)
    return key, printed + rest, process.returncode


def seal_for(served):
    """Keys, and the settings that name them; returns the folder and the recovery key."""
    folder = served.folder / "keys"
    recovery, printed, code = make_keys(folder)
    assert code == 0, printed
    served.settings["backup"] = {"recipients": [str(folder / "backup.pub"), str(folder / "recovery.pub")]}
    reload(served)
    return folder, recovery


def reload(served):
    before = served.output().count("config: reloaded")
    served.write_settings()
    served.hang_up()
    wait_until(lambda: served.output().count("config: reloaded") > before, "the reload")


def create(served, wanted=0):
    done = served.run("backup", "create", "--json")
    assert done.returncode == wanted, done
    return json.loads(done.stdout)


def shown(served, backup):
    return served.good("backup", "show", backup)


def verify(served, backup):
    done = served.run("backup", "verify", backup, "--json")
    return done.returncode, json.loads(done.stdout)


def check_rdb(file):
    done = subprocess.run(["redis-check-rdb", str(file)], capture_output=True, text=True)
    return done.returncode == 0 and "RDB looks OK" in done.stdout


def test_keys_are_written_once_the_recovery_key_is_confirmed(served):
    folder = served.folder / "keys"
    _, printed, code = make_keys(folder, wrong=3)
    assert code == 1 and "no key was written" in printed and list(folder.iterdir()) == [], printed
    key, printed, code = make_keys(folder, wrong=2)
    assert code == 0 and sorted(x.name for x in folder.iterdir()) == ["backup.key", "backup.pub", "recovery.pub"]
    assert (folder / "backup.key").stat().st_mode & 0o777 == 0o600
    assert key not in "".join(x.read_text() for x in folder.iterdir())
    again = subprocess.run([str(PROGRAM), "key", "backup", "-o", str(folder)], capture_output=True, text=True)
    assert again.returncode == 1 and "is there already" in again.stderr and "secret" not in again.stdout, again


def test_a_sealed_backup_is_proved_before_and_holds_no_open_data(served):
    subprocess.run(["redis-cli", "-p", str(served.port), "set", "needle", "haystack" * 10], check=True,
                   capture_output=True)
    folder, _ = seal_for(served)
    last = create(served)
    assert last["result"] == "proved", last
    backup = shown(served, last["backup"])
    assert backup["sealed"] and backup["proved"] == "loaded", backup
    own = pathlib.Path(backup["folder"])
    assert sorted(x.name for x in own.iterdir()) == ["dump.rdb.rs", "manifest.json"], list(own.iterdir())
    data = (own / "dump.rdb.rs").read_bytes()
    assert data.startswith(b"RESUSBK1") and b"needle" not in data and b"REDIS" not in data
    file = json.loads((own / "manifest.json").read_text())["files"][0]
    assert file["name"] == "dump.rdb.rs" and len(file["sealed_for"]) == 2 and file["plain_sha256"] != file["sha256"], file
    # The daemon has the key, so it proves what is inside, and leaves nothing of it behind.
    code, result = verify(served, last["backup"])
    assert code == 0 and result["result"] == "good", result
    assert not [x for x in own.parents[1].rglob("*") if x.name.endswith(".rdb") and x.is_file()]
    # Without its key there is no verdict, and it says where to look.
    os.rename(folder / "backup.key", served.folder / "elsewhere")
    code, result = verify(served, last["backup"])
    assert code == 4 and "key of a recipient" in result["message"], result
    assert shown(served, last["backup"])["check_reason"] == "key_absent"
    assert shown(served, last["backup"])["proved"] == "loaded"


def test_a_copy_and_the_recovery_key_are_enough(served):
    folder, recovery = seal_for(served)
    nas = served.folder / "nas"
    nas.mkdir()
    served.settings["backup"]["copies"] = [{"name": "nas", "type": "folder", "path": str(nas)}]
    reload(served)
    backup = create(served)["backup"]
    wait_until(lambda: shown(served, backup)["copies"][0]["state"] == "copied", "the copy")
    own = pathlib.Path(shown(served, backup)["folder"])
    plain = json.loads((own / "manifest.json").read_text())["files"][0]["plain_sha256"]
    # All that is left: the copy, the key on paper, the program.
    left = served.folder / "left"
    shutil.copytree(nas / "redis" / "manual" / backup, left)
    shutil.rmtree(folder)
    key = served.folder / "key"
    key.write_text(recovery + "\n")
    key.chmod(0o600)
    done = subprocess.run([str(PROGRAM), "backup", "unseal", str(left), "--key", str(key), "-o", str(left / "dump.rdb")],
                          capture_output=True, text=True, env={"RESUS_CONFIG": "/nowhere"})
    assert done.returncode == 0 and plain in done.stdout, done
    assert check_rdb(left / "dump.rdb") and (left / "dump.rdb").stat().st_mode & 0o777 == 0o600
    over = subprocess.run([str(PROGRAM), "backup", "unseal", str(left), "--key", str(key), "-o", str(left / "dump.rdb")],
                          capture_output=True, text=True)
    assert over.returncode == 1 and "File exists" in over.stderr, over


def test_unseal_names_what_is_wrong_and_leaves_nothing(served):
    folder, recovery = seal_for(served)
    own = pathlib.Path(shown(served, create(served)["backup"])["folder"])
    out = served.folder / "out.rdb"

    def unseal(key, file):
        done = served.run("backup", "unseal", str(file), "--key", str(key), "-o", str(out))
        assert done.returncode == 1 and not out.exists(), done
        return done.stderr

    other = served.folder / "other"
    make_keys(other)
    assert "sealed for" in unseal(other / "backup.key", own)
    assert "public key" in unseal(folder / "backup.pub", own) or "can be read by others" in unseal(folder / "backup.pub", own)
    (folder / "backup.key").chmod(0o644)
    assert "chmod 600" in unseal(folder / "backup.key", own)
    (folder / "backup.key").chmod(0o600)
    cut = served.folder / "cut.rs"
    cut.write_bytes((own / "dump.rdb.rs").read_bytes()[:-1])
    assert "damaged" in unseal(folder / "backup.key", cut)


def test_a_key_that_cannot_be_read_stops_the_backup_before_it_begins(served):
    folder, _ = seal_for(served)
    (folder / "recovery.pub").write_text("resus-public-key-1 00\n")
    last = create(served, wanted=1)
    assert last["result"] == "failed" and "recovery.pub" in last["message"], last
    assert served.good("backup", "list")["items"] == []


def test_a_damaged_sealed_backup_is_bad(served):
    seal_for(served)
    backup = create(served)["backup"]
    file = pathlib.Path(shown(served, backup)["folder"]) / "dump.rdb.rs"
    data = bytearray(file.read_bytes())
    data[-20] ^= 1
    file.write_bytes(data)
    code, result = verify(served, backup)
    assert code == 1 and result["result"] == "bad", result
