"""A name server that never answers holds up nothing."""

import os
import pathlib
import shutil
import sys
import tempfile

from driver import Driver
from suite import Skip

# In a network and a file system view of its own: the one name server is a socket that no one reads.
SILENT = r"""
import ctypes, os, signal, socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["mount", "--bind", sys.argv[1], "/etc/resolv.conf"], check=True)
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(("127.0.0.53", 53))
if os.fork() == 0:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    os.dup2(os.open("/dev/null", os.O_RDWR), 1)
    signal.pause()
os.execv(sys.argv[2], sys.argv[2:])
"""
RESOLV_CONF = "nameserver 127.0.0.53\noptions timeout:20 attempts:3\n"


def test_a_silent_name_server_does_not_hold_up_the_loop():
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise Skip("needs root")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="resus-resolver-"))
    try:
        (folder / "resolv.conf").write_text(RESOLV_CONF)
        prefix = ["unshare", "--net", "--mount", sys.executable, "-c", SILENT, str(folder / "resolv.conf")]
        made = Driver({"hook": {"type": "webhook", "url": "http://receiver.example/", "secret_file": "hook",
                                "timeout_seconds": 2},
                       "mail": {"type": "smtp", "url": "smtp://relay.example", "from": "a@b.example",
                                "to": "c@d.example", "timeout_seconds": 2}}, prefix=prefix)
        with made as d:
            for channel in ("hook", "mail"):
                result = d.send(channel)
                assert result["class"] == "later" and result["error"] == "timed out", result
            assert d.ask(do="status")["late_ms"] < 1000
    finally:
        shutil.rmtree(folder)
