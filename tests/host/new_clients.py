"""Faults that every new client meets and an open connection does not, and how long it takes until Resus names
them. Only the time between two checks decides: the bench has it as shipped.

Each fault is a context: the event has happened when it is entered, and is undone when it is left.
"""

import contextlib
import dataclasses
import datetime
import pathlib
import subprocess
import tempfile
import threading
import time

from redis_client import ReplyError
from waiting import wait_until

GOAL_SECONDS = 31
TLS_PORT = 6380
SHIPPED = {"health_check": None}
# A fifth of the time between two checks; figures are judged every 30 s, however the checks fall.
FIFTH = {"health_check": {"interval_seconds": 6, "systemd_interval_seconds": 12,
                          "performance_interval_seconds": 120}}
FIFTH_GOAL_SECONDS = 10  # a check, and what a loaded machine takes to say what it found


@dataclasses.dataclass(frozen=True)
class Fault:
    what: str
    make: object  # a context of (host, an open client)
    codes: tuple  # the causes that name it


@contextlib.contextmanager
def _set(client, name, value):
    before = client.call("CONFIG", "GET", name)[1]
    client.call("CONFIG", "SET", name, value)
    try:
        yield
    finally:
        client.call("CONFIG", "SET", name, before)


def password(_, client):
    return _set(client, "requirepass", "s3cret")


def clients(_, client):
    return _set(client, "maxclients", 1)


def bind(_, client):
    return _set(client, "bind", "127.0.0.1")


def memory(_, client):
    return _set(client, "maxmemory", 1_000_000)


@contextlib.contextmanager
def memory_with_a_writer(host, client):
    over = threading.Event()

    def write():
        with host.redis() as writer:
            while not over.wait(0.1):
                with contextlib.suppress(ReplyError):
                    writer.call("SET", "key", "value")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        with memory(host, client):
            yield
    finally:
        over.set()
        thread.join()


FAULTS = (
    Fault("`CONFIG SET requirepass`", password, ("access_refused",)),
    Fault("`maxclients` reached", clients, ("clients_exhausted",)),
    Fault("`CONFIG SET bind 127.0.0.1`", bind, ("path_broken",)),
    Fault("`maxmemory` reached, `noeviction`, no client writes", memory, ("memory_high",)),
    # Last: refused writes are errors, and those count for an hour.
    Fault("the same, a client writes", memory_with_a_writer, ("writes_refused_memory",)),
)


def just_checked(client):
    """The worst moment for a fault: a new connection came just now."""
    def connections():
        return int(client.info("stats")["total_connections_received"])

    before = connections()
    wait_until(lambda: connections() > before, "the next full check", 40)


def seconds_until_named(daemon, codes, since):
    """From SINCE (time.monotonic()) until the health shows one of CODES."""
    daemon.wait_for_health(lambda seen: seen["cause"]["code"] in codes, " or ".join(codes), 60)
    return time.monotonic() - since


def measure(host, daemon, client, fault):
    just_checked(client)
    with fault.make(host, client):
        seconds = seconds_until_named(daemon, fault.codes, time.monotonic())
        health = daemon.health()
    daemon.wait_for_health(lambda seen: seen["cause"]["code"] not in (*fault.codes, "connections_high"), "the end of it", 60)
    return seconds, health


# The certificate


CA_SETTINGS = """
[ca]
default_ca = d
[d]
database = {0}/index.txt
serial = {0}/serial
new_certs_dir = {0}
certificate = {0}/ca.crt
private_key = {0}/ca.key
default_md = sha256
policy = p
[p]
commonName = supplied
"""


class Authority:
    """Signs certificates for one host that end when the test wants."""

    def __init__(self, host):
        self.host = host
        self.folder = tempfile.TemporaryDirectory(prefix="resus-ca-")
        self.path = pathlib.Path(self.folder.name)
        (self.path / "index.txt").write_text("")
        (self.path / "serial").write_text("1000\n")
        (self.path / "ca.cnf").write_text(CA_SETTINGS.format(self.path))
        (self.path / "san.ext").write_text(f"subjectAltName=IP:{host.address}\n")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                      "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.path, check=True, capture_output=True)

    @property
    def file(self):
        return str(self.path / "ca.crt")

    def serve(self, client, ends):
        """Redis serves a new certificate that is good until ENDS (time.time()) on TLS_PORT."""
        until = datetime.datetime.fromtimestamp(ends, datetime.timezone.utc).strftime("%Y%m%d%H%M%SZ")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key",
                      "-out", "server.csr", "-subj", f"/CN=redis {ends:.0f}")
        self._openssl("ca", "-batch", "-config", "ca.cnf", "-in", "server.csr", "-out", "server.crt", "-notext",
                      "-extfile", "san.ext", "-startdate", "20200101000000Z", "-enddate", until)
        data = self.host.flavour.data
        for name in ("server.key", "server.crt", "ca.crt"):
            self.host.write(f"{data}/{name}", (self.path / name).read_text())
            self.host.run("chown", f"{self.host.flavour.user}:", f"{data}/{name}")
        client.call("CONFIG", "SET", "tls-cert-file", f"{data}/server.crt", "tls-key-file", f"{data}/server.key",
                    "tls-ca-cert-file", f"{data}/ca.crt", "tls-auth-clients", "no", "tls-port", TLS_PORT)


def tls_service(host, authority):
    """The settings of a service that is reached over TLS."""
    return {"address": f"{host.address}:{TLS_PORT}", "redis": {"tls": {"ca_file": authority.file}}}


def seconds_after_expiry(daemon, ends):
    daemon.wait_for_cause("access_refused", max(0.0, ends - time.time()) + 60)
    return time.time() - ends
