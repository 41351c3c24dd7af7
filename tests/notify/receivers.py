"""Receivers of messages: one HTTP server that plays PagerDuty, Slack, Teams, a webhook and a dead-man service, holds
every body against its vendor's limits, and fails as it is told to; and the mail servers."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

from suite import free_port, wait_until

ROUTING_KEY = "R0123456789abcdef0123456789abcde"
WEBHOOK_SECRET = b"0123456789abcdef0123456789abcdef"


class Refused(Exception):
    """What the vendor would answer to such a body."""


def want(condition, text, code=400):
    if not condition:
        raise Refused(code, text)


def check_pagerduty(event, _headers, _raw, kept):
    want(event.get("routing_key") == ROUTING_KEY, "invalid routing key")
    want(event.get("event_action") in ("trigger", "resolve", "acknowledge"), "event_action")
    key = event.get("dedup_key")
    want(isinstance(key, str) and 0 < len(key) <= 255, "dedup_key")
    if event["event_action"] == "resolve":
        want("payload" not in event, "payload only with trigger")
        kept.setdefault("open", set()).discard(key)
    else:
        payload = event["payload"]
        want(0 < len(payload["summary"]) <= 1024, "summary")
        want(payload["source"], "source")
        want(payload["severity"] in ("critical", "error", "warning", "info"), "severity")
        want(isinstance(payload.get("custom_details", {}), dict), "custom_details")
        for link in event.get("links", []):
            want(set(link) == {"href", "text"}, "links")
        kept.setdefault("open", set()).add(key)
    return 202, json.dumps({"status": "success", "message": "Event processed", "dedup_key": key})


def check_slack(message, _headers, raw, _kept):
    want(isinstance(message.get("text"), str) and message["text"], "no_text")
    blocks = [block for a in message.get("attachments", []) for block in a["blocks"]]
    want(len(blocks) <= 50, "too many blocks")
    total = len(message["text"])
    for block in blocks:
        want(block["type"] == "section", "invalid_blocks")
        texts = [block["text"]] if "text" in block else []
        want(len(texts) + len(block.get("fields", [])) > 0, "invalid_blocks")
        want(len(block.get("fields", [])) <= 10, "invalid_blocks")
        for text, limit in [(t, 3000) for t in texts] + [(f, 2000) for f in block.get("fields", [])]:
            want(text["type"] == "mrkdwn" and 0 < len(text["text"]) <= limit, "invalid_blocks")
            total += len(text["text"])
            want("<!" not in text["text"], "a command of Slack's was not escaped")
    want(total < 13200, "msg_blocks_too_long")
    want(len(raw) < 100000, "invalid_payload")
    return 200, "ok"


def check_teams(message, _headers, raw, _kept):
    want(len(raw) <= 24000, "RequestEntityTooLarge", 413)
    want(message["type"] == "message" and len(message["attachments"]) == 1, "message")
    attachment = message["attachments"][0]
    want(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "contentType")
    want(attachment["contentUrl"] is None, "contentUrl")
    card = attachment["content"]
    want(card["type"] == "AdaptiveCard" and card["version"] == "1.2" and card["fallbackText"], "card")
    for block in card["body"]:
        want(block["type"] in ("RichTextBlock", "FactSet"), "element")
        for run in block.get("inlines", []):
            want(run["type"] == "TextRun" and isinstance(run["text"], str), "TextRun")
        for fact in block.get("facts", []):
            want(set(fact) == {"title", "value"}, "fact")
    for action in card.get("actions", []):
        want(action["type"] == "Action.OpenUrl" and action["url"].startswith("http"), "action")
    return 202, ""


def check_webhook(message, headers, raw, _kept):
    identity, stamp = headers["webhook-id"], headers["webhook-timestamp"]
    want(identity and "." not in identity, "webhook-id", 401)
    want(abs(time.time() - int(stamp)) < 300, "webhook-timestamp", 401)
    mac = hmac.new(WEBHOOK_SECRET, f"{identity}.{stamp}.".encode() + raw, hashlib.sha256).digest()
    want(f"v1,{base64.b64encode(mac).decode()}" in headers["webhook-signature"].split(" "), "signature", 401)
    want(len(raw) <= 20000, "too long", 413)
    want({"type", "timestamp", "data"} == set(message), "members")
    return 204, ""


def check_ping(_message, _headers, _raw, _kept):
    return 200, "OK"


CHECKS = {"/pagerduty": check_pagerduty, "/slack/T0SECRET": check_slack, "/teams/T0SECRET": check_teams,
          "/webhook": check_webhook, "/ping/T0SECRET": check_ping, "/ping/T0SECRET/fail": check_ping}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.take()

    def do_POST(self):
        self.take()

    def judge(self, raw):
        check = CHECKS.get(self.path.split("?")[0])
        if check is None:
            return 404, "no such path"
        try:
            message = json.loads(raw) if raw and "/ping" not in self.path else None
            with self.server.lock:
                return check(message, self.headers, raw, self.server.kept)
        except Refused as refused:
            return refused.args[0], refused.args[1]
        except (KeyError, TypeError, ValueError) as wrong:
            return 400, f"{type(wrong).__name__}: {wrong}"

    def take(self):
        server = self.server
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        code, body = self.judge(raw)
        with server.lock:
            server.requests.append({"method": self.command, "path": self.path, "headers": dict(self.headers),
                                    "raw": raw, "verdict": (code, body)})
            fault = server.faults.pop(0) if server.faults else {}
        if fault.get("cut"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if fault.get("hang"):
            server.ending.wait()
            # Else the sender would wait for a reply until its timeout.
            self.close_connection = True
            return
        code, body = fault.get("code", code), fault.get("body", body).encode()
        self.send_response(code)
        for name, value in fault.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + (100 if fault.get("stall") else 0)))
        self.end_headers()
        self.wfile.write(body)
        if fault.get("stall"):
            self.wfile.flush()
            server.ending.wait()
        while fault.get("drip") and not server.ending.wait(0.05):
            self.wfile.write(b".")
            self.wfile.flush()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a sender that gives up is part of the tests


class Receiver:
    def __enter__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.lock = threading.Lock()
        self.server.requests, self.server.faults, self.server.kept = [], [], {}
        self.server.ending = threading.Event()
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return self

    def __exit__(self, *_):
        self.server.ending.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def requests(self):
        with self.server.lock:
            return list(self.server.requests)

    @property
    def open_keys(self):
        with self.server.lock:
            return set(self.server.kept.get("open", ()))

    def fail_next(self, **fault):
        with self.server.lock:
            self.server.faults.append(fault)


def listens(port):
    def ready():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0
    return ready


class Tunnel:
    """An HTTP proxy that connects to where it is asked to, or refuses with `code`."""

    def __init__(self, code=200):
        self.code, self.asked = code, []

    def __enter__(self):
        tunnel = self

        class Connect(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_CONNECT(self):
                tunnel.asked.append(self.path)
                self.send_response(tunnel.code)
                self.end_headers()
                if tunnel.code != 200:
                    return
                self.wfile.flush()
                host, _, port = self.path.partition(":")
                with socket.create_connection((host, int(port))) as there:
                    back = threading.Thread(target=self.copy, args=(there, self.connection), daemon=True)
                    back.start()
                    self.copy(self.connection, there)
                    back.join()

            @staticmethod
            def copy(source, target):
                try:
                    while data := source.recv(65536):
                        target.sendall(data)
                    target.shutdown(socket.SHUT_WR)
                except OSError:
                    pass

        self.server = Server(("127.0.0.1", 0), Connect)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Program:
    """A server of its own process, in a folder of the test."""

    def __init__(self, port, arguments, **more):
        self.port, self.arguments, self.more = port, arguments, more

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True, **self.more)

        def ready():
            assert self.process.poll() is None, f"ended: {self.arguments}"
            return listens(self.port)()

        try:
            wait_until(ready, f"port {self.port}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def smtp_sink(folder, *faults):
    """postfix's own test server; `faults` are its options."""
    port = free_port()
    kept = pathlib.Path(folder) / "mails"
    kept.mkdir(exist_ok=True)
    kept.chmod(0o777)
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin") or "smtp-sink"
    return Program(port, [program, *user, "-d", f"{kept}/%M.", *faults, f"127.0.0.1:{port}", "50"])


def mail_server(folder, *options):
    """aiosmtpd with a Maildir and the recipients' replies of mail_server.py, run by Debian's own Python."""
    port = free_port()
    return Program(port, ["/usr/bin/python3", "-B", str(pathlib.Path(__file__).with_name("mail_server.py")), str(port),
                          str(folder), *options])


def alertmanager(folder):
    port = free_port()
    config = pathlib.Path(folder) / "alertmanager.yml"
    config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    return Program(port, ["/usr/bin/prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder}/am",
                          f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="])
