"""The web process: beside nginx that serves the same bytes over TLS, with many idle connections and WebSockets, and
what the engine notices of a flood and of its death every second. Uses tests/api's daemon, no test host."""

import contextlib
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

import daemon  # noqa: E402
import web_client  # noqa: E402

STATUS = "/api/services/redis/status"
SECONDS = 4
RUNS = 3
IDLE = 1000
SOCKETS = 5000
FLOOD_SECONDS = 600  # it is ended before
FLOOD_BEGUN_CPU_SECONDS = 0.5
REPAIRS = 5  # in each of the runs


def _pid(served):
    children = pathlib.Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text()
    for pid in children.split():
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "resus-web":
                return int(pid)
    return None


def _kilobytes(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


@contextlib.contextmanager
def _served():
    served = daemon.Daemon()
    served.settings["rate_limits"] = {"status": 0, "health": 0}
    with served:
        daemon.wait_until(lambda: served.good("status")["status"] == "running", "running")
        yield served


@contextlib.contextmanager
def _nginx(served, answer):
    """One worker that serves that answer's bytes with the daemon's own certificate; gives its port."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="resus-bench-nginx-"))
    port = daemon.free_port()
    head = "".join(f"add_header {name} \"{value.replace(chr(34), '')}\" always;\n"
                   for name, value in answer.headers.items()
                   if name not in ("Content-Type", "Content-Length", "Connection"))
    (folder / "body").write_text(answer.text)
    state = served.folder / "state" / "tls"
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user root;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600; default_type application/json;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {state}/certificate.pem; ssl_certificate_key {state}/key.pem;
    {head}
    location / {{ return 200 '{answer.text}'; }}
  }}
}}
""")
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        daemon.wait_until(lambda: _connects(port), "nginx")
        workers = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield port, int(workers[0])
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _connects(port):
    with contextlib.suppress(OSError), daemon.socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


def _cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wrk(port, token, pid, seconds=SECONDS, path=STATUS):
    """(requests a second, 99th percentile in ms, requests per second of the server's processor time)."""
    before = _cpu_seconds(pid)
    done = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", "-H", f"Authorization: Bearer {token}",
                           f"https://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True)
    assert "Non-2xx" not in done.stdout, done.stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
    late, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout).groups()
    total = int(re.search(r"(\d+) requests in", done.stdout)[1])
    return rate, float(late) * {"us": 0.001, "ms": 1, "s": 1000}[unit], total / (_cpu_seconds(pid) - before)


class _Answer:
    def __init__(self, served, token):
        raw = web_client.raw(served, f"GET {STATUS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                     f"Authorization: Bearer {token}\r\n\r\n".encode()).decode()
        head, self.text = raw.split("\r\n\r\n", 1)
        self.headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])


def _beside_nginx(table, served, token):
    ours, theirs = [], []
    with _nginx(served, _Answer(served, token)) as (port, worker):
        for _ in range(RUNS):
            theirs.append(_wrk(port, token, worker))
            ours.append(_wrk(served.https_port, token, _pid(served)))
    rates = [a[0] / b[0] for a, b in zip(ours, theirs)]
    per_cpu = [a[2] / b[2] for a, b in zip(ours, theirs)]
    late = [a[1] / b[1] for a, b in zip(ours, theirs)]
    for name, runs in (("resus-web", ours), ("nginx", theirs)):
        print(f"  {name}: " + ", ".join(f"{a:.0f}/s p99 {b:.1f} ms {c:.0f}/CPU-s" for a, b, c in runs), flush=True)
    table.add("status over TLS, keep-alive, 64 connections: requests/s beside nginx",
              f"{statistics.median(rates):.2f} of nginx's ({statistics.median(a[0] for a in ours):.0f}/s)", ">= 0.7")
    table.add("the same: requests per second of processor time beside nginx",
              f"{statistics.median(per_cpu):.2f} of nginx's")
    table.add("the same: 99th percentile beside nginx", f"{statistics.median(late):.1f} times nginx's "
              f"({statistics.median(a[1] for a in ours):.1f} ms)", "<= 2")


def _idle(table, served, token):
    before = _kilobytes(_pid(served))
    connections = []
    for _ in range(IDLE):
        connection = web_client.connect(served)
        connection.sendall(f"GET {STATUS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        connection.recv(8192)
        connections.append(connection)
    each = (_kilobytes(_pid(served)) - before) / IDLE
    for connection in connections:
        connection.close()
    table.add(f"{IDLE} idle connections over TLS, memory each", f"{each:.1f} KB", "<= 20 KB")


def _sockets(table, served, token):
    before = _kilobytes(_pid(served))
    open_ones = []
    for _ in range(SOCKETS):
        one = web_client.WebSocket(served, "/ws/services/redis/status", {"Authorization": f"Bearer {token}"})
        one.message()
        one.message()
        one.connection.setblocking(False)
        open_ones.append(one)
        if len(open_ones) % 500 == 0:  # a sign of life: the server hangs up after 45 s without one
            for other in open_ones:
                other.send(web_client.PONG)
    each = (_kilobytes(_pid(served)) - before) / SOCKETS
    poll = select.epoll()
    by_fd = {one.connection.fileno(): one.connection for one in open_ones}
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    worst = []
    for turn in range(RUNS):
        # Pings and events of the opening are still under way: they are not what is waited for.
        quiet = time.monotonic() + 2
        while time.monotonic() < quiet:
            for fd, _ in poll.poll(0.2):
                with contextlib.suppress(OSError):
                    by_fd[fd].recv(65536)
        waiting = set(by_fd)
        mark = f"bench {turn}"
        began = time.monotonic()
        threading.Thread(
            target=served.ask, args=("pause", "redis"), kwargs={"for_seconds": 60, "reason": mark}).start()
        first = None
        while waiting and time.monotonic() - began < 20:
            for fd, _ in poll.poll(1):
                with contextlib.suppress(OSError):
                    if mark.encode() in by_fd[fd].recv(65536):
                        first = first or time.monotonic()
                        waiting.discard(fd)
        assert not waiting, f"{len(waiting)} clients were not told"
        worst.append(1000 * (time.monotonic() - first))
        served.ask("resume", "redis")
        for one in open_ones:
            one.send(web_client.PONG)
    poll.close()
    for one in open_ones:
        one.close()
    print(f"  first to last of {SOCKETS} clients, a Python reader: {[round(ms) for ms in worst]} ms", flush=True)
    table.add(f"{SOCKETS} WebSockets over TLS, memory each", f"{each:.1f} KB", "<= 16 KB")
    table.add("an event, from the first of them to the last (with the reader's own time)",
              f"{statistics.median(worst):.0f} ms", "<= 200 ms")


def _repair_seconds(served):
    """From kill -9 of Redis to PONG."""
    served.ask("recovery_reset", "redis")
    pid = served.good("status")["pid"]
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)

    while time.monotonic() - began < 30:
        with contextlib.suppress(OSError):
            if served.redis("PING") == "+PONG":
                return time.monotonic() - began
        # Nobody announces the first PONG; a millisecond is what the answer is told in.
        select.select([], [], [], 0.001)
    raise AssertionError("no repair within 30 s")


def _settled(served, before):
    """Waits until the watch has seen the new process."""
    daemon.wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy", seconds=30)


def _repairs(served, count=REPAIRS):
    found = []
    for _ in range(count):
        found.append(_repair_seconds(served))
        _settled(served, None)
    return found


@contextlib.contextmanager
def _flood(port):
    """As many requests as one wrk can make, from before the block to its end."""
    flood = subprocess.Popen(["wrk", "-t1", "-c256", f"-d{FLOOD_SECONDS}s", f"https://127.0.0.1:{port}{STATUS}"],
                             stdout=subprocess.DEVNULL)
    try:
        daemon.wait_until(lambda: _cpu_seconds(flood.pid) > FLOOD_BEGUN_CPU_SECONDS, "the flood")
        yield
    finally:
        flood.terminate()
        flood.wait()


def _milliseconds(times):
    return ", ".join(f"{1000 * one:.0f}" for one in sorted(times))


def _beside(times, quiet):
    middle, still = statistics.median(times), statistics.median(quiet)
    return f"{1000 * middle:.0f} ms: {middle / still:.2f} times quiet ({1000 * still:.0f} ms)"


def _under_pressure(table, served, token):
    served.settings["auto_recovery"] = {"external_stop": "recover", "max_attempts": 10,
                                        "circuit_breaker": {"recoveries": 8, "window_seconds": 1}}
    served.stop()
    served.start()
    _settled(served, None)
    quiet, flooded, others = [], [], []
    with _nginx(served, _Answer(served, token)) as (port, _):
        for _ in range(RUNS):
            quiet += _repairs(served)
            with _flood(port):
                others += _repairs(served)
            with _flood(served.https_port):
                flooded += _repairs(served)
                late = served.ask("timing")[1]["late_ms"]
    for name, times in (("quiet", quiet), ("flood of nginx", others), ("flood of resus-web", flooded)):
        print(f"  kill -9 to PONG, {name}: {_milliseconds(times)} ms", flush=True)
    table.add("flood of the web process: checks late, 99th percentile", f"{late['p99']} ms", "< 50 ms")
    table.add("the same: kill -9 of Redis to PONG", _beside(flooded, quiet), "<= 1.5 times quiet")
    table.add("the same flood of nginx in its place: kill -9 of Redis to PONG", _beside(others, quiet))
    stop = threading.Event()

    def killer():
        while not stop.wait(1):
            with contextlib.suppress(TypeError, OSError):
                os.kill(_pid(served), signal.SIGKILL)

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        killed = _repairs(served)
        late = served.ask("timing")[1]["late_ms"]
    finally:
        stop.set()
        thread.join()
    table.add("web process killed every second: checks late, 99th percentile", f"{late['p99']} ms", "< 50 ms")
    table.add("the same: kill -9 of Redis to PONG", _beside(killed, quiet), "<= 1.5 times quiet")


def web(table):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with _served() as served:
            token = web_client.login(served, "viewer")["token"]
            _beside_nginx(table, served, token)
            _idle(table, served, token)
            _sockets(table, served, token)
            _under_pressure(table, served, token)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
