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
    assert sorted(x.name for x in own.iterdir()) == ["dump.rdb.rs", "host.json", "manifest.json"], list(own.iterdir())
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


def fill(served, keys=50):
    served.redis("CONFIG", "SET", "repl-diskless-sync-delay", "0")
    for last in range(0, keys, 20000):  # short commands: a long one would be looked at as a hang
        script = f"for i = {last + 1}, {min(last + 20000, keys)} do redis.call('SET', 'a:' .. i, string.rep(i, 40)) end"
        served.redis("EVAL", f'"{script}"', "0")


def opened(served):
    return [x for x in served.folder.rglob(".partial-opened*")]


def restore(served, *words):
    done = served.run("restore", *words, "--json")
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def test_a_sealed_backup_is_restored_both_ways_and_no_open_data_stay(served):
    fill(served)
    folder, _ = seal_for(served)
    made = create(served)["backup"]
    for method in ("keys", "file"):
        served.redis("FLUSHALL")
        code, done = restore(served, made, "--method", method, "--confirm", "redis")
        assert code == 0 and done["state"] == "done", done
        assert served.redis("DBSIZE") == ":50" and opened(served) == [], opened(served)
    # Without the key the plan says so, and nothing is touched.
    os.rename(folder / "backup.key", served.folder / "elsewhere")
    plan = served.run("restore", made, "--dry-run")
    assert plan.returncode == 1 and "no secret key that opens it" in plan.stdout, plan
    refused = served.run("restore", made, "--confirm", "redis")
    assert refused.returncode == 1 and "NAME.key" in refused.stderr and served.redis("DBSIZE") == ":50", refused


def test_a_sealed_backup_that_is_damaged_is_not_restored(served):
    fill(served)
    seal_for(served)
    made = create(served)["backup"]
    file = pathlib.Path(shown(served, made)["folder"]) / "dump.rdb.rs"
    data = bytearray(file.read_bytes())
    data[-20] ^= 1
    file.write_bytes(data)
    served.redis("SET", "new", "1")
    for method in ("keys", "file"):
        code, done = restore(served, made, "--method", method, "--confirm", "redis")
        assert code == 1 and done["state"] == "failed" and "damaged or forged" in done["message"], done
        assert served.redis("DBSIZE") == ":51" and opened(served) == [], opened(served)
    assert not list(served.folder.glob("redis/resus-*")), list(served.folder.glob("redis/*"))


def test_open_data_that_a_kill_left_are_removed_by_the_next_start(served):
    fill(served, keys=400000)
    seal_for(served)
    made = create(served)["backup"]
    status, body = served.ask("restore", "redis", confirmation="redis", b=made, method="keys", unguarded=True)
    assert status == 202, body
    wait_until(lambda: opened(served), "the opened backup")
    served.process.kill()
    served.process.wait()
    served.process = None
    left = opened(served)
    assert left and left[0].stat().st_mode & 0o777 == 0o600, left
    served.start()
    wait_until(lambda: not opened(served), "the end of the opened backup")
    assert served.good("restore", "list")["items"][0]["state"] == "interrupted"
