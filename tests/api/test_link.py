"""The engine against a web process that was taken over: it says what it likes, and is believed nothing."""

import contextlib
import json
import re
import shutil
import socket
import struct
import subprocess
import sys

import people
from daemon import PROGRAM, wait_until

# Stands where resus-web should: carries bytes between the engine's socket and the test's.
RELAY = """#!{python}
import os, selectors, socket
engine = socket.socket(fileno=os.dup(3))
listener = socket.socket(socket.AF_UNIX)
listener.bind({path!r} + str(os.getpid()))
os.rename({path!r} + str(os.getpid()), {path!r})
listener.listen()
other = listener.accept()[0]
with selectors.DefaultSelector() as waiting:
    waiting.register(engine, selectors.EVENT_READ, other)
    waiting.register(other, selectors.EVENT_READ, engine)
    while True:
        for key, _ in waiting.select():
            data = key.fileobj.recv(65536)
            if not data:
                raise SystemExit
            key.data.sendall(data)
"""


class Link:
    """What the web process can say."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rb")
        self.last = 0

    def say(self, frame):
        data = json.dumps(frame).encode()
        self.socket.sendall(struct.pack(">I", len(data)) + data)

    def ask(self, op, **more):
        self.last += 1
        self.say({"id": self.last, "op": op, "args": {}, "source_ip": "192.0.2.7", "request_id": "x"} | more)
        while True:
            length, = struct.unpack(">I", self.stream.read(4))
            frame = json.loads(self.stream.read(length))
            if frame.get("id") == self.last and "status" in frame:
                return frame["status"], frame["body"]


@contextlib.contextmanager
def taken_over(served):
    served.stop()
    folder, path = served.folder / "bin", served.folder / "web.sock"
    folder.mkdir()
    shutil.copy(PROGRAM, folder / "resus")
    (folder / "resus-web").write_text(RELAY.format(python=sys.executable, path=str(path)))
    (folder / "resus-web").chmod(0o755)
    with open(served.output_file, "ab") as output:
        served.process = subprocess.Popen([str(folder / "resus"), "serve", "--config", str(served.config)],
                                          stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    wait_until(path.exists, "the web process")
    link = Link(path)
    try:
        yield link
    finally:
        link.socket.close()


def test_link_a_scope_is_not_widened_by_naming_a_service(served):
    token = people.api_token(served, "admin", services=["redis"])["token"]
    given = {"credential": {"token": token, "cookie": False}}
    with taken_over(served) as link:
        assert link.ask("explain", service="redis", **given)[0] == 200
        for op, args in (("users", {}), ("tokens", {}), ("audit", {}), ("timing", {"service": "redis"}),
                         ("user_add", {"email": "x@example.org", "role": "admin", "password": people.PASSWORD}),
                         ("token_add", {"name": "wide", "role": "admin"})):
            status, body = link.ask(op, service="redis", **(given | {"args": args}))
            assert status in (400, 403), (op, status, body)
        assert link.ask("users", service="redis", **given)[1]["code"] == "out_of_scope"


def test_link_nobody_is_somebody_without_a_token(served):
    people.add_all(served)
    session = people.login(served, "admin")["token"]
    with taken_over(served) as link:
        assert link.ask("users")[0] == 401
        for lie in ({"user": {"id": "1", "role": "admin"}}, {"access": "admin"}, {"credential": {"role": "admin"}},
                    {"credential": {"token": "eyJhbGciOiJub25lIn0.e30.x"}}, {"credential": {"token": ""}}):
            assert link.ask("users", **lie)[0] == 401, lie
        stolen = {"credential": {"token": session, "cookie": True}}
        assert link.ask("users", **stolen)[0] == 200
        assert link.ask("restart", service="redis", **stolen)[1]["code"] == "csrf_required"
        link.say({"no": "number"})
        # By the engine's signal, or by itself when the engine's end of the link closes first.
        wait_until(lambda: re.search("the web process (was )?ended", served.output()), "the end of a link without sense")
