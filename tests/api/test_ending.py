"""The end of the daemon while something is under way."""

import json
import os
import pathlib
import signal
import socket
import struct

from daemon import wait_until


def _redis(served):
    return int(next((served.folder / "state/processes").glob("*.pid")).read_text().split()[0])


def _ask(served, op, **args):
    """Sends without waiting for an answer; the open connection."""
    request = json.dumps({"id": 1, "op": op, "args": args}).encode()
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(served.folder / "control.sock"))
    connection.sendall(struct.pack(">I", len(request)) + request)
    return connection


def test_ending_while_an_operation_is_under_way_is_clean(served):
    os.kill(_redis(served), signal.SIGSTOP)  # the look before a restart waits for it
    with _ask(served, "restart"):
        wait_until(lambda: "started" in json.dumps(served.cli("events").json), "the operation")
        served.stop()
        served.start()


def test_ending_while_somebody_waits_for_a_check_is_clean(served):
    os.kill(_redis(served), signal.SIGSTOP)
    with _ask(served, "refresh"), _ask(served, "bundle"), _ask(served, "events_follow"):
        assert served.cli("services").status == 0
        served.stop()
        served.start()
