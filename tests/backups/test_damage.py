"""Damaged files: which level of the proof finds which damage; and what cannot be proved is not called bad."""

import hashlib

from parts import SAMPLE, folder, run, server, wrapped

KEYS = 400
GOOD, BAD, UNKNOWN = "good", "bad", "cannot_tell"


def dump(path, config=""):
    """A file of a real server, and where each key begins in it."""
    with server(f"rdbcompression no\n{config}", ) as s:
        for first in range(0, KEYS, 100):
            s.say("MSET", *(word for i in range(first, first + 100) for word in (f"key:{i:04}", f"value-{i:04}-" + "v" * 40)))
        s.say("SAVE")
        data = (s.path / "dump.rdb").read_bytes()
    places = sorted(data.index(b"\x00\x08key:%04d" % i) for i in range(KEYS))
    return data, places


def files(path):
    """{name: (bytes, of the sound file's SHA-256, verdicts of file, structure and loaded)}"""
    whole, places = dump(path)
    bare, bare_places = dump(path, "rdbchecksum no\n")
    middle = whole.index(b"value-0200-") + 20
    bare_middle = bare.index(b"value-0200-") + 20
    first, second = bare_places[10], bare_places[11]
    flipped = whole[:middle] + b"X" + whole[middle + 1:]
    return {
        "sound": (whole, whole, (GOOD, GOOD, GOOD)),
        "sound without a checksum": (bare, bare, (GOOD, GOOD, GOOD)),
        "a byte flipped in a value": (flipped, whole, (BAD, BAD, BAD)),
        "the tail cut": (whole[:-9], whole, (BAD, BAD, BAD)),
        "half a file": (whole[:len(whole) // 2], whole, (BAD, BAD, BAD)),
        "4 KiB zeroed": (whole[:8000] + bytes(4096) + whole[12096:], whole, (BAD, BAD, BAD)),
        "something behind the end": (whole + b"garbage", whole, (BAD, GOOD, GOOD)),
        "a value flipped, no checksum": (bare[:bare_middle] + b"X" + bare[bare_middle + 1:], bare, (BAD, GOOD, GOOD)),
        "a key flipped into another, no checksum":
            (bare[:second + 2] + bare[first + 2:first + 10] + bare[second + 10:], bare, (BAD, GOOD, BAD)),
        "half of the keys, but a valid file":
            (bare[:bare_places[KEYS // 2]] + b"\xff" + bytes(8), bare, (BAD, BAD, BAD)),
        "another file": (b"x" * 1000, whole, (BAD, BAD, BAD)),
        "an empty file": (b"", whole, (BAD, BAD, BAD)),
    }


def verdicts(file, data, **options):
    file.write_bytes(data)
    result = run("prove", file=file, folder=file.parent, go_on=1, **options)
    return tuple(check["verdict"] for check in result["checks"]), result


def test_each_damage_is_found_by_the_levels_that_can():
    with folder() as path:
        for name, (data, sound, expected) in files(path).items():
            known = {"sha256": hashlib.sha256(sound).hexdigest(), "expected": len(sound)}
            found, result = verdicts(path / "dump.rdb", data, **known)
            assert found == expected, (name, found, result)


def test_without_a_sum_from_before_only_the_bytes_speak():
    """As it is when a file was damaged on its way to us."""
    unseen = {"a value flipped, no checksum", "a key flipped into another, no checksum", "half of the keys, but a valid file"}
    with folder() as path:
        for name, (data, _, (first, *rest)) in files(path).items():
            found, result = verdicts(path / "dump.rdb", data)
            assert found == (GOOD if name in unseen else first, *rest), (name, found, result)


def test_the_proof_stops_at_the_first_damage():
    with folder() as path:
        (path / "dump.rdb").write_bytes(SAMPLE[:-1])
        result = run("prove", file=path / "dump.rdb", folder=path)
        assert [c["level"] for c in result["checks"]] == ["file"] and result["end"] == BAD, result


def why(path, **options):
    file = path / "dump.rdb"
    file.write_bytes(options.pop("data", SAMPLE))
    return run("prove", file=file, folder=path, **options)["checks"][-1]


def test_what_is_missing_for_a_proof_is_named_with_the_next_step():
    with folder() as path:
        newer = why(path, data=b"REDIS0099" + SAMPLE[9:-8] + bytes(8))
        assert (newer["verdict"], newer["reason"]) == (UNKNOWN, "needs_newer_server") and "backup.server" in newer["text"], newer
        valkey = why(path, data=b"VALKEY080" + SAMPLE[9:-8] + bytes(8))
        assert (valkey["verdict"], valkey["reason"]) == (UNKNOWN, "needs_newer_server"), valkey
        memory = why(path, memory=1000)
        assert (memory["verdict"], memory["reason"]) == (UNKNOWN, "not_enough_memory") and "machine" in memory["text"], memory
        sealed = why(path, data=b"RESUSBK1" + SAMPLE)
        assert (sealed["verdict"], sealed["reason"]) == (UNKNOWN, "key_absent") and "key" in sealed["text"], sealed
        absent = why(path, server=path / "redis-server")
        assert (absent["verdict"], absent["reason"]) == (UNKNOWN, "no_server") and "install" in absent["text"], absent


def test_data_of_a_module_need_the_module():
    # A module's field before the keys: opcode, id of the module "AAAAAAAAA" version 0, when, its end.
    head = SAMPLE[:SAMPLE.index(b"\xf5")]
    with folder() as path:
        check = why(path, data=head + b"\xf7\x81" + bytes(8) + b"\x02\x02\x00" + b"\xff" + bytes(8))
        assert (check["level"], check["reason"]) == ("loaded", "needs_module"), check
        assert "AAAAAAAAA" in check["text"], check


def test_a_server_that_runs_out_of_memory_says_nothing_against_the_file():
    # AUX used-mem says 1 MB; the data need more than the limit that follows from it.
    with server("rdbcompression yes\n") as s, folder() as path:
        s.say("SETRANGE", "large", 300 << 20, "x")
        for i in range(2):
            s.say("COPY", "large", f"large:{i}")
        s.say("SAVE")
        data = bytearray((s.path / "dump.rdb").read_bytes())
        at = data.index(b"used-mem") + 8
        assert data[at] == 0xc2, data[at]
        data[at + 1:at + 5] = (1 << 20).to_bytes(4, "little")
        check = why(path, data=bytes(data[:-8]) + bytes(8))
        assert (check["level"], check["reason"]) == ("loaded", "not_enough_memory"), check


def test_a_proof_leaves_no_server_and_no_folder():
    with folder() as path:
        assert why(path)["verdict"] == GOOD
        assert [p.name for p in path.iterdir()] == ["dump.rdb"]


def test_newer_servers_prove_older_files():
    for flavour in ("debian13-redis", "debian13-valkey"):
        with folder() as path:
            check = why(path, server=wrapped(path, flavour))
            assert (check["level"], check["verdict"], check["keys"]) == ("loaded", GOOD, 2), (flavour, check)
