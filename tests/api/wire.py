"""Bytes to the HTTPS port, as they are: what a well-behaved client library would never send."""

import contextlib
import json
import socket
import ssl
import warnings

from daemon import SCALE


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"Reply({self.status}, {self.headers}, {self.body[:300]!r})"


def connect(served, **options):
    context = ssl.create_default_context(cafile=str(served.folder / "state" / "tls" / "certificate.pem"))
    for name, value in options.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            setattr(context, name, value)
    plain = socket.create_connection(("127.0.0.1", served.https_port), 10 * SCALE)
    return context.wrap_socket(plain, server_hostname="localhost")


def read_reply(connection):
    """One reply; None when the daemon closes without a word."""
    raw = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while b"\r\n\r\n" not in raw:
            piece = connection.recv(65536)
            if not piece:
                break
            raw += piece
    head, _, body = raw.partition(b"\r\n\r\n")
    if not head:
        return None
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), []).append(value.strip())
    length = int(headers.get("content-length", ["0"])[0])
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while len(body) < length:
            piece = connection.recv(65536)
            if not piece:
                break
            body += piece
    return Reply(int(lines[0].split(" ")[1]), headers, body)


def send(served, raw):
    """The reply to these bytes on a connection of their own."""
    with contextlib.closing(connect(served)) as connection:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            connection.sendall(raw)
        return read_reply(connection)


def request(method, path, headers=(), body=b""):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if body or method in ("POST", "PATCH", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body
