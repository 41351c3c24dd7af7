"""Copies by SFTP, to a real sshd, and to S3, to a double that verifies every signature."""

import contextlib
import getpass
import hashlib
import json
import os
import pathlib
import subprocess

import s3_double
from daemon import Skip, free_port, wait_until

SSHD = pathlib.Path("/usr/sbin/sshd")


def reload(served):
    before = served.output().count("config: reloaded")
    served.write_settings()
    served.hang_up()
    wait_until(lambda: served.output().count("config: reloaded") > before, "the reload")


def status(served):
    return served.good("backup", "status")["copies"][0]


def create(served):
    done = served.run("backup", "create", "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)["backup"]


def copied(served, backup):
    return served.good("backup", "show", backup)["copies"][0]["state"] == "copied"


def own(served, backup, name):
    return (pathlib.Path(served.good("backup", "show", backup)["folder"]) / name).read_bytes()


# ── SFTP ──


class Sshd:
    """A private sshd that serves SFTP to this account, and a key that it takes."""

    def __init__(self, folder):
        if not SSHD.exists():
            raise Skip("needs openssh-server")
        self.folder, self.port = folder, free_port()
        folder.mkdir(mode=0o700)
        for name in ("host", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
        (folder / "authorized").write_text((folder / "key.pub").read_text())
        (folder / "authorized").chmod(0o600)
        (folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nStrictModes no\n"
            f"AuthorizedKeysFile {folder}/authorized\nPasswordAuthentication no\nUsePAM no\n"
            f"Subsystem sftp internal-sftp\n")
        self.known_hosts = folder / "known_hosts"
        public = (folder / "host.pub").read_text().split()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {public[0]} {public[1]}\n")
        self.process = None

    def __enter__(self):
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.process = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(self.folder / "config")],
                                        stdout=subprocess.DEVNULL, stderr=open(self.folder / "log", "w"))
        wait_until(lambda: "listening" in (self.folder / "log").read_text(), "sshd")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def target(self, path):
        return {"name": "far", "type": "sftp", "host": "127.0.0.1", "port": self.port, "user": getpass.getuser(),
                "key": str(self.folder / "key"), "known_hosts": str(self.known_hosts), "path": str(path)}


@contextlib.contextmanager
def by_sftp(served):
    with Sshd(served.folder / "sshd") as sshd:
        there = served.folder / "there"
        there.mkdir()
        served.settings["backup"] = {"copies": [sshd.target(there)]}
        reload(served)
        yield sshd, there


def test_sftp_copies_are_the_same_bytes_and_whole(served):
    with by_sftp(served) as (_, there):
        backup = create(served)
        wait_until(lambda: copied(served, backup), "the copy")
        folder = there / "redis" / "manual" / backup
        assert sorted(x.name for x in folder.iterdir()) == ["dump.rdb", "host.json", "manifest.json"]
        assert (folder / "dump.rdb").read_bytes() == own(served, backup, "dump.rdb")
        assert (folder / "dump.rdb").stat().st_mode & 0o777 == 0o600
        (folder / "manifest.json").unlink()
        assert served.run("backup", "copy").returncode == 0 and (folder / "manifest.json").exists()


def test_sftp_to_another_host_key_sends_nothing(served):
    with by_sftp(served) as (sshd, there):
        other = (sshd.folder / "key.pub").read_text().split()
        sshd.known_hosts.write_text(f"[127.0.0.1]:{sshd.port} {other[0]} {other[1]}\n")
        backup = create(served)
        wait_until(lambda: status(served)["state"] == "failing", "the refusal")
        assert "host key CHANGED" in status(served)["problem"] and not copied(served, backup), status(served)
        sshd.known_hosts.write_text("")
        served.run("backup", "copy")
        assert "ssh-keyscan" in status(served)["problem"] and list(there.rglob("*.rdb")) == [], status(served)


def test_sftp_without_the_folder_or_the_key_says_so(served):
    with by_sftp(served) as (sshd, there):
        there.rmdir()
        create(served)
        wait_until(lambda: status(served)["state"] == "failing", "the failure")
        assert "no folder" in status(served)["problem"], status(served)
        (sshd.folder / "authorized").write_text("")
        assert served.run("backup", "copy").returncode == 1
        assert "authorized_keys" in status(served)["problem"], status(served)


def test_an_sftp_server_that_goes_is_found_again(served):
    with by_sftp(served) as (sshd, there):
        sshd.process.terminate()
        sshd.process.wait()
        backup = create(served)
        wait_until(lambda: status(served)["state"] == "failing", "the failure")
        assert "cannot connect" in status(served)["problem"], status(served)
        with sshd:
            wait_until(lambda: copied(served, backup), "the next try", 60)
        assert (there / "redis" / "manual" / backup / "manifest.json").exists()
        sshd.__enter__()


# ── S3 ──


@contextlib.contextmanager
def by_s3(served, **more):
    with s3_double.Bucket() as bucket:
        for name, text in (("id", s3_double.KEY_ID), ("secret", s3_double.SECRET)):
            (served.folder / name).write_text(text + "\n")
            (served.folder / name).chmod(0o600)
        served.settings["backup"] = {"copies": [{
            "name": "far", "type": "s3", "endpoint": bucket.url, "bucket": s3_double.BUCKET, "region": s3_double.REGION,
            "path": "resus/prod", "access_key_file": str(served.folder / "id"),
            "secret_key_file": str(served.folder / "secret")}], **more}
        reload(served)
        yield bucket


def test_s3_takes_each_object_by_its_own_sum_and_the_manifest_last(served):
    with by_s3(served) as bucket:
        backup = create(served)
        wait_until(lambda: copied(served, backup), "the copy")
        prefix = f"resus/prod/redis/manual/{backup}/"
        assert sorted(bucket.objects) == [prefix + "dump.rdb", prefix + "host.json", prefix + "manifest.json"], sorted(bucket.objects)
        assert bucket.objects[prefix + "dump.rdb"] == own(served, backup, "dump.rdb")
        digest = hashlib.sha256(bucket.objects[prefix + "manifest.json"]).hexdigest()
        assert any(digest in (x["reason"] or "") for x in served.audit()), digest
        puts = [path for method, path in bucket.seen if method == "PUT"]
        assert puts[-1].endswith("manifest.json") and len(puts) == 3, puts
        # Listed in pages: nothing is sent twice.
        more = [create(served) for _ in range(3)]
        wait_until(lambda: all(copied(served, x) for x in more), "the copies")
        assert len([1 for method, _ in bucket.seen if method == "PUT"]) == 12
        del bucket.objects[prefix + "manifest.json"]
        assert served.run("backup", "copy").returncode == 0 and prefix + "manifest.json" in bucket.objects


def test_s3_with_a_wrong_secret_says_so_without_it(served):
    with by_s3(served) as bucket:
        (served.folder / "secret").write_text("notTheSecret\n")
        create(served)
        wait_until(lambda: status(served)["state"] == "failing", "the refusal")
        assert "SignatureDoesNotMatch" in status(served)["problem"] and bucket.objects == {}, status(served)
        assert "notTheSecret" not in served.output() and "notTheSecret" not in json.dumps(status(served))
        (served.folder / "secret").chmod(0o644)
        served.run("backup", "copy")
        assert "chmod 600" in status(served)["problem"], status(served)


def test_s3_down_half_way_leaves_no_copy_and_is_tried_again(served):
    with by_s3(served) as bucket:
        bucket.refuse, bucket.status = {"PUT"}, 503
        backup = create(served)
        wait_until(lambda: status(served)["state"] == "failing", "the failure")
        assert "503" in status(served)["problem"] and bucket.objects == {}, status(served)
        bucket.refuse = set()
        assert served.run("backup", "copy").returncode == 0 and copied(served, backup)


def test_s3_needs_no_right_to_delete(served):
    with by_s3(served, keep={"last": 2}, minimum=1) as bucket:
        backup = create(served)
        wait_until(lambda: copied(served, backup), "the copy")
        # Scheduled backups of other days, of which the rules keep two.
        manifest = json.loads(bucket.objects[f"resus/prod/redis/manual/{backup}/manifest.json"])
        for day in (1, 2, 3):
            old = manifest | {"id": f"2026010{day}T000000Z", "kind": "daily", "started_at": f"2026-01-0{day}T00:00:00Z"}
            bucket.objects[f"resus/prod/redis/daily/{old['id']}/manifest.json"] = json.dumps(old).encode()
            bucket.objects[f"resus/prod/redis/daily/{old['id']}/dump.rdb"] = b"data"
        bucket.refuse = {"DELETE"}
        assert served.run("backup", "copy").returncode == 0
        assert "old copies stay there" in status(served)["note"] and len(bucket.objects) == 9, status(served)
        bucket.refuse = set()
        assert served.run("backup", "copy").returncode == 0
        assert status(served)["note"] is None and len(bucket.objects) == 7, sorted(bucket.objects)
        assert not [key for key in bucket.objects if "20260101" in key]
