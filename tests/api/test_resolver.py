"""A name server that never answers holds up nothing."""

import os
import shutil
import subprocess
import sys

from daemon import PROGRAM, Daemon, Skip, wait_until

# In a network and a file system view of its own: the one name server is a socket that nobody reads.
SILENT = r"""
import ctypes, os, signal, socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["mount", "--bind", sys.argv[1], "/etc/resolv.conf"], check=True)
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(("127.0.0.53", 53))
if os.fork() == 0:  # Resus closes what it inherits: another process holds the socket, as long as Resus runs
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    signal.pause()
os.execv(sys.argv[2], sys.argv[2:])
"""
# So long a resolver asks before it gives up: far longer than Resus waits for a dependent service.
RESOLV_CONF = "nameserver 127.0.0.53\noptions timeout:20 attempts:3\n"
LOOP_HELD_UP_MS_MAX = 1000


class BehindASilentNameServer(Daemon):
    def start(self):
        self.write_settings()
        resolv_conf = self.folder / "resolv.conf"
        resolv_conf.write_text(RESOLV_CONF)
        with open(self.output_file, "ab") as output:
            self.process = subprocess.Popen(
                ["unshare", "--net", "--mount", sys.executable, "-c", SILENT, str(resolv_conf), str(PROGRAM), "serve",
                 "--config", str(self.config)], stdin=subprocess.DEVNULL, stdout=output, stderr=output)

        def ready():
            assert self.process.poll() is None, f"the daemon ended: {self.output()}"
            return self.cli("services").status == 0

        wait_until(ready, "the daemon")


def test_a_silent_name_server_does_not_hold_up_the_loop(_served):
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise Skip("needs root")
    daemon = BehindASilentNameServer()
    daemon.settings["services"]["redis"]["affected_services"] = [{"name": "web", "url": "http://web.example/health"}]
    with daemon as served:
        def error():
            return (served.good("status").get("affected_services") or [{}])[0].get("error")

        # The start that the block began with is followed up: the probe ends at its own limit.
        wait_until(error, "the end of the probe", 30)
        assert "timed out" in error() or "Resolving" in error(), error()
        timing = served.ask("timing")[1]
        worst = timing["late_ms"]["worst"]
        print(f"# worst lateness of the loop {worst} ms", flush=True)
        assert worst < LOOP_HELD_UP_MS_MAX, timing
