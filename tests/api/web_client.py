"""TLS, raw bytes and WebSockets towards a served daemon, with the standard library alone."""

import base64
import contextlib
import json
import os
import socket
import ssl
import struct

from daemon import SCALE

PASSWORD = "a horse that staples batteries 7"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
PINGS_MOST = 4  # one every 30 s


def certificate(served):
    return served.certificate


def connect(served, small=False, **limits):
    context = ssl.create_default_context(cafile=str(certificate(served)))
    for name, value in limits.items():
        setattr(context, name, value)
    plain = socket.socket()
    plain.settimeout(30 * SCALE)
    if small:  # little fits on the way
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    plain.connect(("127.0.0.1", served.https_port))
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def raw(served, request):
    """Sends bytes and gives back everything that comes until the end."""
    with connect(served) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(request)
        answer = b""
        with contextlib.suppress(OSError):
            while piece := connection.recv(65536):
                answer += piece
        return answer


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


def login(served, role="admin", email=None):
    """A new user of that role, logged in: the answer's body."""
    email = email or f"{role}@example.com"
    file = served.folder / f"password-{email}"
    file.write_text(PASSWORD + "\n")
    file.chmod(0o600)
    served.good("user", "add", email, "--role", role, "--password-file", str(file))
    answer = served.https("POST", "/api/auth/login", {"email": email, "password": PASSWORD})
    assert answer.status == 200, answer
    return answer.body


def bearer(session):
    return {"Authorization": f"Bearer {session['token']}"}


class Refused(Exception):
    """The upgrade was answered with something else than 101."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text[:300]}")
        self.status = status


class WebSocket:
    def __init__(self, served, path, headers=None, small=False):
        self.connection = connect(served, small)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{served.https_port}", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.connection.makefile("rb")
        first = self.stream.readline().decode()
        status = int(first.split(" ")[1]) if first else 0
        head = first
        while (line := self.stream.readline()) not in (b"\r\n", b""):
            head += line.decode()
        if status != 101:
            with contextlib.suppress(OSError):
                head += self.stream.read().decode(errors="replace")
            self.close()
            raise Refused(status, head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.connection.close()

    def frame(self):
        """(opcode, payload) of the next frame; (None, b"") at the end of the connection."""
        try:
            head = self.stream.read(2)
        except OSError:
            head = b""
        if len(head) < 2:
            return None, b""
        length = head[1] & 0x7F
        if length == 126:
            length, = struct.unpack(">H", self.stream.read(2))
        elif length == 127:
            length, = struct.unpack(">Q", self.stream.read(8))
        return head[0] & 0x0F, self.stream.read(length)

    def message(self):
        """The next JSON object; pings are answered. AssertionError at the end, or when only pings come."""
        for _ in range(PINGS_MOST):
            opcode, payload = self.frame()
            if opcode == PING:
                self.send(PONG, payload)
            elif opcode == TEXT:
                return json.loads(payload)
            else:
                raise AssertionError(f"ended: {opcode} {payload!r}")
        raise AssertionError("nothing but pings came")

    def until(self, condition, most=200):
        """The first message that satisfies it, with those before it."""
        before = []
        for _ in range(most):
            message = self.message()
            if condition(message):
                return message, before
            before.append(message)
        raise AssertionError(f"not among {most} messages: {before[-3:]}")

    def end_code(self):
        """Reads on until the server closes: its code, None without one."""
        while True:
            opcode, payload = self.frame()
            if opcode == CLOSE:
                return struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else None
            if opcode is None:
                return None

    def send(self, opcode, payload=b""):
        mask = os.urandom(4)
        length = len(payload)
        head = bytes([0x80 | opcode])
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 65536:
            head += struct.pack(">BH", 0x80 | 126, length)
        else:
            head += struct.pack(">BQ", 0x80 | 127, length)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.connection.sendall(head + mask + masked)
