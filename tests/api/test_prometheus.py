"""Prometheus and Grafana: the text of /metrics, the shipped alarms and dashboard, the dashboards of redis_exporter."""

import contextlib
import gzip
import http.server
import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import threading

from daemon import PROGRAM, TREE, Skip, free_port, wait_until
from prometheus import ask, query, sample, scraping, text_of


def test_prometheus_text_is_clean_and_says_what_redis_says(served):
    if not shutil.which("promtool"):
        raise Skip("needs the package prometheus")
    served.redis("SET", "a", "b")
    wait_until(lambda: sample(text_of(served), "redis_db_keys").get('{service="redis",db="db0"}') == 1, "the key", 60)
    text = text_of(served)
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    assert checked.returncode == 0 and not checked.stdout and not checked.stderr, checked
    assert sample(text, "redis_up") == {'{service="redis"}': 1}
    assert sample(text, "resus_service_health")['{service="redis",status="healthy"}'] == 1
    assert sample(text, "resus_check_lateness_seconds_count")[""] > 0
    assert sample(text, "redis_memory_used_bytes")['{service="redis"}'] > 100000
    status, _, pieces = served.follow("prometheus", "redis")
    alone = "".join(pieces)
    assert status == 200 and 'service="redis"' not in alone and sample(alone, "redis_up") == {"": 1}
    served.good("stop", "--confirm", "STOP", "--reason", "test")
    down = text_of(served)
    assert sample(down, "redis_up") == {'{service="redis"}': 0} and not sample(down, "redis_memory_used_bytes")
    assert sample(down, "resus_operations_total")['{service="redis",operation="stop",result="success"}'] == 1
    served.good("start")


def _figures_of_redis(text):
    """The families of Redis that have a number."""
    return {line.split("{")[0].split()[0] for line in text.splitlines() if line.startswith("redis_")}


def test_a_redis_that_hangs_has_no_figures_and_a_new_process_has_its_own(served):
    for _ in range(50):
        served.redis("GET", "a")
    calls = '{service="redis",cmd="get"}'
    before = wait_until(lambda: sample(text_of(served), "redis_commands_total").get(calls), "the calls of GET", 60)
    assert before >= 1 and len(_figures_of_redis(text_of(served))) > 90
    pid = served.good("status")["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        silent = wait_until(lambda: (text := text_of(served)) and sample(text, "redis_up") == {'{service="redis"}': 0} and text, "silence")
        assert _figures_of_redis(silent) == {"redis_up"}, _figures_of_redis(silent)
    finally:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: served.good("status")["pid"] not in (pid, None), "a new process", 30)

    def told():
        text = text_of(served)
        assert sample(text, "redis_commands_total").get(calls, 0) == 0, "a figure of the process that was killed"
        return sample(text, "redis_commands_total") and text

    text = wait_until(told, "the commands of the new process", 60)
    assert f'process_id="{served.good("status")["pid"]}"' in text


# A program that only speaks like Redis; its one INFO is what such a one may report.
ODD_REDIS = r"""#!/usr/bin/python3
import contextlib, os, socketserver
INFO = b"\r\n".join([
    b"# Server", b'redis_version:7.0\\', b'redis_build_id:a"} 1 #', b"redis_mode:\xff\xfe\xc3(",
    b"os:" + b'"' * 100, b"process_id:%d" % os.getpid(), b"uptime_in_seconds:1e999", b"# Replication",
    b"role:ma\rst\ner\x00\x7f\x1b[2J", b"# Memory", b"used_memory:nan", b"maxmemory_policy:no\xc3\xa9" + b"\\" * 40,
    b"used_memory_rss:0x10", b"used_memory_peak:5 6", b"used_memory_lua:37", b"# Clients", b"connected_clients:" + b"9" * 400,
    b"# Keyspace", b'db0:keys=1",expires="\n,avg_ttl=\\', b"db-1:keys=1", b'db1"x:keys=7,expires=0,avg_ttl=0', b""])
ANSWERS = {b"PING": b"+PONG\r\n", b"INFO": b"$%d\r\n%s\r\n" % (len(INFO), INFO)}


class Odd(socketserver.StreamRequestHandler):
    def handle(self):
        with contextlib.suppress(ConnectionError):
            while head := self.rfile.readline():
                words = []
                for _ in range(int(head[1:])):
                    words.append(self.rfile.read(int(self.rfile.readline()[1:]) + 2)[:-2].upper())
                self.wfile.write(ANSWERS.get(words[0], b"-ERR unknown command\r\n"))


socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", PORT), Odd).serve_forever()
"""


# The whole grammar of a line: in a label's value a backslash stands before \, " and n only.
LABEL = r'[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"'
LINE = re.compile(rf'[a-z_]+(?:\{{{LABEL}(?:,{LABEL})*\}})? -?[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?')


def test_whatever_redis_says_of_itself_the_prometheus_text_stays_well_formed(served):
    port, program = free_port(), served.folder / "odd-redis"
    program.write_text(ODD_REDIS.replace("PORT", str(port)))
    program.chmod(0o755)
    served.settings["services"]["odd"] = {
        "address": f"127.0.0.1:{port}", "control": "process", "process": {"program": str(program), "directory": str(served.folder / "odd")}}
    try:
        served.stop()
        served.start()
        told_by_odd = 'redis_instance_info{service="odd"'
        read = wait_until(lambda: (text := text_of(served)) and told_by_odd in text and text, "its INFO", 60)
        lines = [line for line in read.split("\n")[:-1] if not line.startswith("#")]
        malformed = [line for line in lines if not LINE.fullmatch(line)]
        assert not malformed and read.endswith("\n"), malformed
        told = [line for line in lines if 'service="odd"' in line and line.startswith("redis_")]
        info, = [line for line in told if line.startswith(told_by_odd)]
        assert r'redis_version="7.0\\"' in info and r'redis_build_id="a\"} 1 #"' in info, info
        assert r'role="ma st' in info and "noé" in info and info.isprintable(), info
        assert sample(read, "redis_memory_used_lua_bytes")['{service="odd"}'] == 37, told
        refused = ("redis_memory_used_bytes", "redis_memory_used_rss_bytes", "redis_uptime_in_seconds",
                   "redis_memory_used_peak_bytes", "redis_connected_clients")
        assert not [line for line in told if line.startswith(refused)], told
        if shutil.which("promtool"):
            checked = subprocess.run(["promtool", "check", "metrics"], input=read, text=True, capture_output=True)
            assert checked.returncode == 0 and not checked.stdout and not checked.stderr, checked
    finally:  # it outlives the daemon, as a Redis does
        subprocess.run(["pkill", "-KILL", "-f", str(program)])



class _Text(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = text_of(self.server.served).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_real_prometheus_scrapes_it(served):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Text)
    server.served = served
    threading.Thread(target=server.serve_forever, daemon=True).start()
    scrape = {"job_name": "resus", "scrape_interval": "1s", "scrape_timeout": "1s",
              "static_configs": [{"targets": [f"127.0.0.1:{server.server_address[1]}"]}]}
    try:
        with scraping(served, scrape) as port:
            wait_until(lambda: query(port, "redis_up") == [1], "redis_up in Prometheus", 60)
            assert query(port, "up") == [1]
            assert query(port, "redis_memory_used_bytes")[0] > 100000
            assert query(port, "resus_checks_total")[0] > 0
    finally:
        server.shutdown()
        server.server_close()


def test_prometheus_scrapes_over_https_with_a_token(served):
    wait_until(lambda: sample(text_of(served), "redis_up") == {'{service="redis"}': 1}, "Redis to answer")
    status, body = served.ask("token_add", name="prometheus", role="viewer")
    assert status in (200, 201), body
    token = body["token"]
    answer = served.https("GET", "/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain"), answer
    assert sample(answer.body, "redis_up") == {'{service="redis"}': 1}
    one = served.https("GET", "/metrics?service=redis", headers={"Authorization": f"Bearer {token}"})
    assert one.status == 200 and sample(one.body, "redis_up") == {"": 1}, one.status
    assert answer.headers["Vary"] == "Accept-Encoding" and "Content-Encoding" not in answer.headers
    packed = subprocess.run(["curl", "-sS", "--fail", "--cacert", str(served.certificate), "-H", f"Authorization: Bearer {token}",
                             "-H", "Accept-Encoding: gzip", f"https://127.0.0.1:{served.https_port}/metrics"], capture_output=True)
    assert sample(gzip.decompress(packed.stdout).decode(), "redis_up") == {'{service="redis"}': 1}, packed.stderr
    assert len(packed.stdout) * 4 < len(answer.body), (len(packed.stdout), len(answer.body))
    assert served.https("GET", "/metrics").status == 401
    assert served.https("GET", "/metrics?service=nobody", headers={"Authorization": f"Bearer {token}"}).status == 404
    scrape = {"job_name": "resus", "scheme": "https", "scrape_interval": "1s", "scrape_timeout": "1s",
              "authorization": {"credentials": token},
              "tls_config": {"ca_file": str(served.folder / "state" / "tls" / "certificate.pem")},
              "static_configs": [{"targets": [f"127.0.0.1:{served.https_port}"]}]}
    with scraping(served, scrape) as port:
        wait_until(lambda: query(port, "redis_up") == [1], "redis_up in Prometheus", 60)
        assert query(port, "up") == [1]


PACKAGING = TREE / "packaging"
# The expressions of the published dashboards and alarms that Resus claims to serve, with $instance = .* and a range of a minute.
# Alarms stand without their limit: what is compared has to be there.
OF_REDIS_EXPORTER = {
    "Grafana 763": (
        'max(max_over_time(redis_uptime_in_seconds{instance=~".*"}[1m]))',
        'sum(redis_connected_clients{instance=~".*"})',
        'sum(100 * (redis_memory_used_bytes{instance=~".*"} / redis_memory_max_bytes{instance=~".*"}))',
        'sum(rate(redis_commands_total{instance=~".*"}[1m])) by (cmd)',
        'irate(redis_keyspace_hits_total{instance=~".*"}[5m])',
        'irate(redis_keyspace_misses_total{instance=~".*"}[5m])',
        'redis_memory_used_bytes{instance=~".*"}',
        'redis_memory_max_bytes{instance=~".*"}',
        'sum(rate(redis_net_input_bytes_total{instance=~".*"}[5m]))',
        'sum(rate(redis_net_output_bytes_total{instance=~".*"}[5m]))',
        'sum(redis_db_keys{instance=~".*"}) by (db, instance)',
        'sum(redis_db_keys{instance=~".*"}) by (instance) - sum(redis_db_keys_expiring{instance=~".*"}) by (instance)',
        'sum(redis_db_keys_expiring{instance=~".*"}) by (instance)',
        'sum(rate(redis_expired_keys_total{instance=~".*"}[5m])) by (instance)',
        'sum(rate(redis_evicted_keys_total{instance=~".*"}[5m])) by (instance)',
        'sum(redis_blocked_clients{instance=~".*"})',
        'sum(irate(redis_commands_duration_seconds_total{instance=~".*"}[1m])) by (cmd)'
        ' / sum(irate(redis_commands_total{instance=~".*"}[1m])) by (cmd)',
        'sum(irate(redis_commands_duration_seconds_total{instance=~".*"}[1m])) by (cmd) != 0'),
    "redis-mixin dashboard": (
        'avg(irate(redis_commands_total{instance=~".*"}[1m])) by (cmd)',
        'avg(irate(redis_commands_duration_seconds_total{instance=~".*"}[1m])) by (cmd)'
        ' / avg(irate(redis_commands_total{instance=~".*"}[1m])) by (cmd)',
        'avg(irate(redis_keyspace_hits_total{instance=~".*"}[1m]) / (irate(redis_keyspace_misses_total{instance=~".*"}[1m])'
        ' + irate(redis_keyspace_hits_total{instance=~".*"}[1m]))) by (instance)',
        'sum(redis_memory_used_bytes{instance=~".*"})',
        'sum(redis_memory_max_bytes{instance=~".*"})',
        'sum(redis_memory_used_rss_bytes{instance=~".*"})',
        'redis_memory_used_rss_bytes / redis_memory_used_bytes',  # its recording rule of the fragmentation
        'irate(redis_evicted_keys_total{instance=~".*"}[1m])',
        'sum(redis_connected_slaves{instance=~".*"}) by (instance)',
        'redis_master_last_io_seconds_ago{instance=~".*"}'),
    "redis-mixin alerts": (
        'redis_up',
        'redis_memory_used_bytes / redis_total_system_memory_bytes * 100',
        'redis_connected_clients',
        'redis_cluster_slots_fail',
        'redis_cluster_slots_pfail',
        'redis_cluster_state'),
    "other alarms in use": (
        'time() - redis_rdb_last_save_timestamp_seconds',
        'redis_connected_slave_lag_seconds',
        'redis_connected_slave_offset_bytes',
        'changes(redis_connected_slaves[1m])',
        'increase(redis_rejected_connections_total[1m])',
        'redis_connected_clients / redis_config_maxclients',
        'redis_memory_used_bytes / redis_config_maxmemory',
        'changes(redis_start_time_seconds[1m])',
        'redis_slave_info',
        'redis_slave_repl_offset{master_host=~".+", master_port=~".+"}',
        'redis_master_link_up{master_host=~".+", master_port=~".+"}',
        'redis_instance_info{role="slave", run_id=~".+", process_id=~".+", tcp_port=~".+"}',
        'rate(redis_errors_total{err="WRONGTYPE"}[1m])',
        'rate(redis_commands_failed_calls_total{cmd="lpush"}[1m])',
        'rate(redis_commands_rejected_calls_total[1m])',
        'redis_latest_fork_seconds'),
}


def _add_redis(served, name, *settings):
    """One more service with a Redis of its own; it starts with the daemon's next start."""
    folder, port = served.folder / name, free_port()
    folder.mkdir()
    lines = [f"port {port}", "bind 127.0.0.1", f"dir {folder}", "save ''", *settings]
    (served.folder / f"{name}.conf").write_text("\n".join(lines) + "\n")
    served.settings["services"][name] = {
        "address": f"127.0.0.1:{port}", "control": "process",
        "process": {"config_file": str(served.folder / f"{name}.conf"), "directory": str(folder)}}


@contextlib.contextmanager
def _busy(port):
    """A client uses Redis: hits, misses, keys that expire, and an error."""
    over = threading.Event()

    def use():
        with socket.create_connection(("127.0.0.1", port)) as redis:
            while not over.wait(0.05):
                redis.sendall(b"SET a 1 EX 1\r\nGET a\r\nGET none\r\nSET kept 1\r\nSET ending 1 EX 1000\r\nLPUSH kept 1\r\n")
                redis.recv(65536)

    user = threading.Thread(target=use)
    user.start()
    try:
        yield
    finally:
        over.set()
        user.join()


def _page(kind):
    """The lines to copy of docs/prometheus.md."""
    block, = re.findall(rf"^```{kind}\n(.*?)^```$", (TREE / "docs/prometheus.md").read_text(), re.M | re.S)
    return block


def _set_up(served):
    """By the page's own commands; returns the page's configuration, as it is here."""
    if not shutil.which("prometheus") or not shutil.which("jq"):
        raise Skip("needs the packages prometheus and jq")
    folder = served.folder / "prometheus"
    folder.mkdir()
    here = (("/etc/prometheus", str(folder)), ("/etc/resus/certificate.pem", str(served.certificate)),
            ("/usr/share/doc/resus/examples", str(PACKAGING / "prometheus")), ("resus.example.org:8443", f"127.0.0.1:{served.https_port}"),
            ("[redis]", json.dumps(sorted(served.settings["services"]))), ("[resus.rules.yml]", f"[{folder}/resus.rules.yml]"),
            ("scrape_interval: 15s", "scrape_interval: 5s"))

    def local(text):
        for there, place in here:
            text = text.replace(there, place)
        return text

    script = f'resus() {{ {PROGRAM} "$@" --config {served.config}; }}\n'
    # Where there is no such account, the file stays ours.
    script += "id prometheus >/dev/null 2>&1 || chown() { :; }\n" + local(_page("sh"))
    done = subprocess.run(["/bin/bash", "-euo", "pipefail", "-c", script], text=True, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done
    return local(_page("yaml"))


def _shown(panel):
    return [(panel["title"], target["expr"].replace("$job", "resus").replace("$service", ".*").replace("$__rate_interval", "1m").replace("$__range", "1h"))
            for target in panel.get("targets", [])]


def _dashboard():
    return json.loads((PACKAGING / "grafana/resus-dashboard.json").read_text())


def _wait_for_all(port, expressions):
    """Each gives at least one number; which do not, is said."""
    missing = list(expressions)

    def all_there():
        missing[:] = [(what, expression) for what, expression in missing
                      if all(math.isnan(value) for value in query(port, expression))]
        return not missing

    try:
        wait_until(all_there, "a number for each expression", 60)
    except AssertionError:
        raise AssertionError(f"no data: {missing}") from None


def test_every_panel_of_our_dashboard_and_of_those_for_redis_exporter_has_data(served):
    if not shutil.which("prometheus"):
        raise Skip("needs the package prometheus")
    key = served.folder / "routing-key"
    key.write_text("0" * 32)
    key.chmod(0o600)
    served.settings["alerts"] = {"channels": {"pager": {"type": "pagerduty", "routing_key_file": str(key)}}}
    _add_redis(served, "replica", f"replicaof 127.0.0.1 {served.port}")
    _add_redis(served, "node", "cluster-enabled yes", f"cluster-port {free_port()}")
    served.stop()
    served.start()
    for name in ("replica", "node"):
        wait_until(lambda: served.cli("status", name).json.get("status") == "running" or served.cli("start", name) is None,
                   f"{name} to run", 60)
    served.redis("CONFIG", "SET", "maxmemory", "100mb")
    wait_until(lambda: served.run("backup", "create", "redis").returncode == 0, "a backup", 60)
    configuration = _set_up(served)
    with _busy(served.port), scraping(served, configuration) as port:
        _wait_for_all(port, [(name, one) for name, all_of_it in OF_REDIS_EXPORTER.items() for one in all_of_it])
        _wait_for_all(port, [shown for panel in _dashboard()["panels"] for shown in _shown(panel)])
        assert set(ask(port, "label/service/values", **{"match[]": 'redis_up{job="resus"}'})) == {"redis", "replica", "node"}
        started = query(port, 'changes(redis_start_time_seconds{job="redis",instance="redis"}[1m])')
        assert started == [0], started
        assert query(port, 'count by (job) (redis_up)') == [3, 3] and query(port, 'count(resus_build_info)') == [1]
        text = text_of(served)
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
        assert checked.returncode == 0 and not checked.stdout and not checked.stderr, checked
        rules = [rule for group in ask(port, "rules")["groups"] for rule in group["rules"]]
        assert len(rules) >= 12 and {rule["health"] for rule in rules} <= {"ok", "unknown"}, rules


def test_our_dashboard_is_one_that_grafana_takes(served):
    """By its shape; the expressions are tried above."""
    dashboard = _dashboard()
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        own = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not own & cells, f"{panel['title']} lies on another panel"
        cells |= own
        assert panel["type"] == "row" or panel["targets"] and panel["datasource"]["uid"] == "${datasource}", panel["title"]
        for _, expression in _shown(panel):
            assert "$" not in expression, expression
    served.good("services")


def test_the_shipped_alarms_fire_when_they_should_and_only_then(served):
    if not shutil.which("promtool"):
        raise Skip("needs the package prometheus")
    rules = PACKAGING / "prometheus/resus.rules.yml"
    for words in (["check", "rules", rules], ["test", "rules", TREE / "tests/prometheus/rules.test.yml"]):
        done = subprocess.run(["promtool", *map(str, words)], text=True, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr
    # Each family that an alarm or a panel names is one that Resus tells, under that name.
    told = set(re.findall(r"^# TYPE (\S+)", text_of(served), re.M))
    shown = " ".join(expression for panel in _dashboard()["panels"] for _, expression in _shown(panel))
    named = set(re.findall(r"\b(?:redis|resus)_[a-z_]+", " ".join(
        line for line in re.sub(r"annotations:.*?(?=\n      -|\Z)", "", rules.read_text(), flags=re.S).splitlines()
        if not line.lstrip().startswith("#")) + shown))
    assert {re.sub("_bucket$", "", name) for name in named} <= told, named - told
