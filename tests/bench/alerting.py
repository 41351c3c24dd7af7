"""From the fault to the receiver: how long a page takes when nobody but a human can help, what a receiver that hangs
costs the others, and 10,000 alerts at once."""

import contextlib
import http.server
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from figures import raw, summary

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests" / "api"))
import daemon  # noqa: E402
sys.path.remove(str(TREE / "tests" / "api"))

REPEATS = int(os.environ.get("PAGES", "10"))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        arrived = time.monotonic()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/hangs":
            self.server.ending.wait()
            self.close_connection = True
            return
        self.server.arrived.append((arrived, body))
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextlib.contextmanager
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.arrived, server.ending = True, [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.ending.set()
        server.shutdown()
        thread.join()
        server.server_close()


def times(server, kind):
    """When what was said of the service's availability arrived."""
    return [at for at, body in list(server.arrived) if body["type"] == kind and "/availability/" in body["data"].get("key", "")]


def pages(hanging, repeats):
    """Seconds from kill -9 to the request at the receiver; `hanging` more channels never answer."""
    seconds = []
    with receiver() as server, daemon.Daemon() as served:
        secret = served.folder / "secret"
        secret.write_text("whsec_" + "A" * 43 + "=")
        secret.chmod(0o600)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        channels = {f"hangs{i}": "/hangs" for i in range(hanging)} | {"hook": "/hook"}
        served.settings["alerts"] = {"resolve_after_seconds": 1, "channels": {
            name: {"type": "webhook", "secret_file": str(secret), "url": url + path} for name, path in channels.items()}}
        served.settings["auto_recovery"]["enabled"] = False
        served.stop()
        served.start()
        for n in range(1, repeats + 1):
            daemon.wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
            pid = served.good("status")["pid"]
            killed = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            daemon.wait_until(lambda n=n: len(times(server, "alert.opened")) == n, "the page")
            seconds.append(times(server, "alert.opened")[-1] - killed)
            assert served.cli("start").status == 0
            daemon.wait_until(lambda n=n: len(times(server, "alert.resolved")) == n, "its end")
    return seconds


def many_pages(hanging):
    """Of one service, three within half an hour are flapping: each two have a daemon of their own."""
    return [one for _ in range(-(-REPEATS // 2)) for one in pages(hanging, 2)]


def flood():
    with tempfile.TemporaryDirectory(prefix="resus-bench-") as folder:
        done = subprocess.run([str(pathlib.Path(os.environ["RESUS_BUILD"]) / "tests/bench/alert-flood"), folder],
                              check=True, capture_output=True, text=True)
    print("  " + done.stdout.strip(), flush=True)
    return json.loads(done.stdout)


def alerting(table):
    alone = many_pages(0)
    raw("kill -9 to the receiver", alone)
    table.add(f"kill -9 to the first byte at a webhook, no recovery, n={REPEATS}: median / p90 / max", " / ".join(summary(alone)), "< 1 s")
    beside = many_pages(3)
    raw("the same with three channels that hang", beside)
    more = 1000 * (statistics.median(beside) - statistics.median(alone))
    table.add("the same while three other channels hang: median / p90 / max", " / ".join(summary(beside)), "< 1 s")
    table.add("its median more than without them", f"{more:.0f} ms", "< 100 ms")
    subprocess.run(["ninja", "-C", os.environ["RESUS_BUILD"], "tests/bench/alert-flood"], check=True, stdout=subprocess.DEVNULL)
    seen = flood()
    table.add("10,000 alerts at once: memory more", f"{seen['more_kb'] / 1024:.1f} MiB", "< 32 MiB")
    table.add("the P1 among them, from its posting to its channel", f"{seen['severe_ms']:.0f} ms", "< 2 s")
    table.add("a timer of the same loop late meanwhile: p99 (before it: the machine's share)",
              f"{seen['late_p99_ms']:.1f} ms ({seen['quiet_p99_ms']:.1f} ms)", "< 50 ms")
    table.add("processor time of one alert in the loop: p99 / max", f"{seen['cost_p99_ms']:.2f} / {seen['cost_max_ms']:.2f} ms")
