"""How long a pull takes, beside `redis-cli --rdb` on the same server, by turns; and its proof."""

import os
import pathlib
import statistics
import subprocess
import sys
import time

import figures
import resus

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "backups"))
import parts  # noqa: E402

KEYS = int(os.environ.get("BACKUP_KEYS", "700000"))  # of 270 bytes: about 200 MB
ROUNDS = int(os.environ.get("BACKUP_ROUNDS", "7"))


def timed(path, work):
    path.unlink(missing_ok=True)
    os.sync()  # the file before is not written on this one's time
    began = time.monotonic()
    work()
    return time.monotonic() - began


def backups(table):
    parts.DRIVER = resus.BUILD / "tests/backups/pull-one"
    pulls, others, answer = [], [], {}
    with parts.server("rdbcompression no\n") as server, parts.folder(dir="/var/tmp") as folder:
        server.say("DEBUG", "POPULATE", KEYS, "key", 270)
        file = folder / "dump.rdb"

        def pull():
            answer.update(parts.run("pull", host="127.0.0.1", port=server.port, file=file))
            assert answer["end"] == "ok", answer

        def other():
            subprocess.run(["redis-cli", "-p", str(server.port), "--rdb", str(file)], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        for turn in range(ROUNDS):
            for work, times in ((pull, pulls), (other, others)) if turn % 2 else ((other, others), (pull, pulls)):
                times.append(timed(file, work))
        pull_again = timed(file, pull)
        began = time.monotonic()
        proof = parts.run("prove", file=file, folder=folder)
        proved = time.monotonic() - began
        assert proof["proved"] == "loaded", proof
    figures.raw("pull", pulls + [pull_again])
    figures.raw("redis-cli --rdb", others)
    size = f"{answer['bytes'] / 1e6:.0f} MB"
    table.add(f"backup: pull of {size}, n={ROUNDS}: median / p90 / max", " / ".join(figures.summary(pulls)))
    table.add("- redis-cli --rdb, the same", " / ".join(figures.summary(others)))
    table.add("- the median, as a multiple of redis-cli's", f"{statistics.median(pulls) / statistics.median(others):.2f}",
              "<= 1.1")
    table.add("- its best, as a multiple of redis-cli's best", f"{min(pulls) / min(others):.2f}")
    table.add(f"backup: proof of {size} by loading, redis-check-rdb before it", f"{1000 * proved:.0f} ms")
