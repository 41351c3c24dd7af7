"""A server that follows a script: the end of the RDB is found wherever the network cuts, and only there."""

import time

from parts import FULLRESYNC, MARK, SAMPLE, scripted

HEAD = FULLRESYNC + b"$EOF:" + MARK + b"\r\n"


def sends(*pieces):
    def answer(connection):
        for piece in pieces:
            connection.sendall(piece)
    return answer


def test_a_mark_that_is_split_at_any_byte_is_found():
    for at in range(len(MARK) + 1):
        pieces = (HEAD + SAMPLE + MARK[:at], MARK[at:] + b"*1\r\n$4\r\nPING\r\n")
        result, got = scripted(sends(*pieces))
        assert result["end"] == "ok" and got == SAMPLE, (at, result)
        assert result["by_mark"] and result["crc64"] == "ok", result


def test_a_mark_that_comes_byte_by_byte_is_found():
    whole = HEAD + SAMPLE + MARK
    result, got = scripted(sends(*(whole[i:i + 1] for i in range(len(whole)))))
    assert result["end"] == "ok" and got == SAMPLE, result


def test_a_mark_among_the_data_does_not_end_them():
    # Data of a forged RDB with the mark in it: what follows is part of it, and there is no end with a right CRC.
    result, got = scripted(sends(HEAD + SAMPLE[:100] + MARK + SAMPLE[100:] + MARK))
    assert result["end"] == "cut" and got is None, result


def test_newlines_before_the_data_are_a_sign_of_life():
    def answer(connection):
        connection.sendall(b"\n" + FULLRESYNC)
        for _ in range(10):
            time.sleep(0.1)
            connection.sendall(b"\n")
        connection.sendall(b"\n$EOF:" + MARK + b"\r\n" + SAMPLE + MARK)
    result, got = scripted(answer, forking_ms=700)
    assert result["end"] == "ok" and got == SAMPLE, result


def test_a_length_instead_of_a_mark_is_taken():
    result, got = scripted(sends(FULLRESYNC + b"\n$%d\r\n" % len(SAMPLE), SAMPLE[:7], SAMPLE[7:] + b"rest"))
    assert result["end"] == "ok" and got == SAMPLE and not result["by_mark"], result


def test_a_stream_that_ends_at_any_byte_leaves_no_file():
    whole = HEAD + SAMPLE + MARK
    for at in range(len(whole)):
        result, got = scripted(sends(whole[:at]))
        assert result["end"] == "cut" and got is None, (at, result)
        assert "prepared the copy" in result["error"] or "broke off" in result["error"], result


def test_a_damaged_rdb_is_refused():
    damaged = SAMPLE[:120] + b"?" + SAMPLE[121:]
    result, got = scripted(sends(FULLRESYNC + b"$%d\r\n" % len(damaged) + damaged))
    assert result["end"] == "damaged" and got is None and "checksum is wrong" in result["error"], result


def test_a_server_that_is_no_redis_is_refused():
    result, got = scripted(sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert result["end"] == "damaged" and got is None, result


def test_an_older_server_is_pulled_without_rdb_only():
    result, got = scripted(sends(HEAD + SAMPLE + MARK), b"-ERR Unrecognized REPLCONF option: rdb-only\r\n")
    assert result["end"] == "ok" and got == SAMPLE and not result["rdb_only"], result


def test_a_provider_without_psync_is_named():
    result, got = scripted(sends(b"-ERR unknown command 'PSYNC', with args beginning with: '?' '-1' \r\n"))
    assert result["end"] == "no_psync" and got is None and "provider" in result["error"], result


def silent(after):
    def answer(connection):
        connection.sendall(after)
        while connection.recv(100):
            pass
    return answer


def test_each_silence_has_its_deadline():
    result, got = scripted(silent(FULLRESYNC), forking_ms=200)
    assert result["end"] == "silent" and got is None and "prepared the copy" in result["error"], result
    result, got = scripted(silent(HEAD + SAMPLE[:50]), silence_ms=200)
    assert result["end"] == "silent" and got is None and "middle of the copy" in result["error"], result


def test_endless_data_end_at_the_deadline_of_the_whole():
    def answer(connection):
        connection.sendall(HEAD + SAMPLE[:-9])
        while True:
            connection.sendall(b"x" * 100)
            time.sleep(0.02)
    result, got = scripted(answer, total_ms=500)
    assert result["end"] == "silent" and got is None and "in all" in result["error"], result
