"""Three engines, three etcd nodes with certificates of their own, and a host with two Redis."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import resus
import side_by_side
from tap import Skip
from waiting import wait_until

HERE = pathlib.Path(__file__).resolve().parent
NODES = ("n1", "n2", "n3")
CLIENT = {"n1": 23791, "n2": 23792, "n3": 23793}
PEER = {"n1": 23801, "n2": 23802, "n3": 23803}
ENGINES = ("alpha", "beta", "gamma")
SECOND = "redis-server@second"
SECOND_PORT = 6380
SERVICES = ("redis", "second")


def etcd_folder():
    """Where etcd 3.5 is, or None: tests/etcd-root makes it and needs the network."""
    done = subprocess.run([str(HERE.parent / "etcd-root")], capture_output=True, text=True)
    return pathlib.Path(done.stdout.strip()) if done.returncode == 0 else None


def _openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def make_certificates(folder):
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    _openssl(folder, "req", "-x509", *curve, "-days", "2", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
    # The gateway of etcd shows the server's certificate as a client.
    (folder / "node.ext").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    (folder / "engine.ext").write_text("extendedKeyUsage=clientAuth\n")
    for name in ("node", "engine"):
        _openssl(folder, "req", *curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                 "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        (folder / f"{name}.key").chmod(0o600)


class Etcd:
    def __init__(self, host, programs):
        self.host = host
        self.programs = programs
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="resus-etcd-"))
        self.processes = {}
        make_certificates(self.folder)
        for node in NODES:
            self.start(node)
        wait_until(lambda: self.leader(), "etcd", 30)

    def start(self, node):
        cluster = ",".join(f"{name}=https://127.0.0.1:{PEER[name]}" for name in NODES)
        url, peer = f"https://127.0.0.1:{CLIENT[node]}", f"https://127.0.0.1:{PEER[node]}"
        certificates = ["--cert-file", "node.pem", "--key-file", "node.key", "--trusted-ca-file", "ca.pem",
                        "--client-cert-auth", "--peer-cert-file", "node.pem", "--peer-key-file", "node.key",
                        "--peer-trusted-ca-file", "ca.pem", "--peer-client-cert-auth"]
        with open(self.folder / f"{node}.log", "ab") as log:
            self.processes[node] = subprocess.Popen(
                self.host.net.command(str(self.programs / "etcd"), "--name", node, "--data-dir", node,
                                      "--initial-cluster", cluster, "--listen-client-urls", url,
                                      "--advertise-client-urls", url, "--listen-peer-urls", peer,
                                      "--initial-advertise-peer-urls", peer, *certificates),
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=side_by_side.die_with_parent)

    def ctl(self, *words):
        endpoints = ",".join(f"https://127.0.0.1:{CLIENT[node]}" for node in self.processes)
        return subprocess.run(
            self.host.net.command(str(self.programs / "etcdctl"), "--endpoints", endpoints, "--cacert", "ca.pem",
                                  "--cert", "engine.pem", "--key", "engine.key", "--command-timeout=3s", *words),
            cwd=self.folder, capture_output=True, text=True)

    def leader(self):
        done = self.ctl("endpoint", "status", "-w", "json")
        try:
            statuses = json.loads(done.stdout)
        except ValueError:
            return None
        for one in statuses:
            if one["Status"]["leader"] == one["Status"]["header"]["member_id"]:
                port = int(one["Endpoint"].rsplit(":", 1)[1])
                return next(node for node in NODES if CLIENT[node] == port)
        return None

    def kill(self, node):
        process = self.processes.pop(node)
        process.kill()
        process.wait()

    def keys(self, prefix):
        lines = self.ctl("get", "--prefix", f"/resus/1/{prefix}").stdout.splitlines()
        return dict(zip(lines[::2], lines[1::2]))

    def close(self):
        for node in list(self.processes):
            self.kill(node)
        shutil.rmtree(self.folder, ignore_errors=True)


class Engine(resus.Daemon):
    """One of them, whose way to etcd is a relay of its own."""

    def __init__(self, host, etcd, number, name):
        self.name = name
        self.relay = None
        self.ports = {node: CLIENT[node] + 100 * (number + 1) for node in NODES}
        second = resus.default_settings(host, pathlib.Path("."))["services"]["redis"]
        super().__init__(host, {
            "engine": {"name": name, "url": f"https://{name}.example.org"},
            "server": {"listen": f"127.0.0.1:{8443 + number}"},
            "fleet": {"etcd": [f"https://127.0.0.1:{self.ports[node]}" for node in NODES]},
        })
        for file in ("ca.pem", "engine.pem", "engine.key"):
            shutil.copyfile(etcd.folder / file, self.folder / file)
            (self.folder / file).chmod(0o600)
        self.settings["fleet"].update(ca_file=str(self.folder / "ca.pem"), certificate=str(self.folder / "engine.pem"),
                                      key=str(self.folder / "engine.key"))
        self.settings["services"]["second"] = dict(
            second, name="Second", unit=SECOND, address=f"{host.address}:{SECOND_PORT}",
            ssh=self.settings["services"]["redis"]["ssh"])
        self.write_settings()
        self.open_relay()

    def open_relay(self):
        pairs = [f"{self.ports[node]}={CLIENT[node]}" for node in NODES]
        self.relay = subprocess.Popen(
            self.host.net.command(sys.executable, str(HERE / "relay.py"), *pairs),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True,
            preexec_fn=side_by_side.die_with_parent)
        assert self.relay.stdout.readline() == b"ready\n"

    def cut_off(self):
        os.killpg(self.relay.pid, signal.SIGSTOP)

    def reconnect(self):
        os.killpg(self.relay.pid, signal.SIGCONT)

    def remove(self):
        super().remove()
        if self.relay is not None:
            with contextlib.suppress(OSError):
                os.killpg(self.relay.pid, signal.SIGKILL)
            self.relay.wait()
            self.relay.stdout.close()

    def fleet(self):
        return self.ask("fleet")

    def owned(self):
        return {one["service"] for one in self.fleet().get("services", []) if one["state"] == "here"}

    def acted(self, service):
        """Audit lines of commands that automatic recovery sent."""
        return [line for line in self.audit()
                if line["event_type"] == "auto_recovery" and line["service"] == service]


class Fleet:
    def __init__(self, host, programs, count=3):
        self.host = host
        make_second(host)
        self.etcd = Etcd(host, programs)
        self.engines = {}
        try:
            for number, name in enumerate(ENGINES[:count]):
                self.engines[name] = Engine(host, self.etcd, number, name)
                self.engines[name].start()
            wait_until(lambda: all(self.owner(service) for service in SERVICES), "owners", 30)
        except BaseException:
            self.close()
            raise

    def owner(self, service, but=()):
        """The engine that says that it owns the service and sees it well or ill."""
        owners = [name for name, engine in self.engines.items()
                  if name not in but and engine.process is not None and service in engine.owned()]
        return owners[0] if len(owners) == 1 else None

    def wait_for_owner(self, service, but=(), seconds=20):
        return wait_until(lambda: self.owner(service, but), f"an owner of {service}", seconds)

    def wait_well(self, service, engine, seconds=30):
        def well():
            health = self.engines[engine].ask("health", service)
            return health.get("overall_status") == "healthy"
        wait_until(well, f"{service} well by {engine}", seconds)

    def actions(self, service):
        return {name: len(engine.acted(service)) for name, engine in self.engines.items() if engine.acted(service)}

    def close(self):
        for engine in self.engines.values():
            with contextlib.suppress(resus.DaemonFailed):
                engine.stop()
            engine.remove()
        self.etcd.close()

    def output(self):
        return "".join(f"--- {name}:\n{engine.output()[-3000:]}" for name, engine in self.engines.items())


def make_second(host):
    """A second Redis, of Debian's template, and the account's rights to it."""
    unit, user, config = host.unit, host.flavour.user, host.flavour.config
    second = config.replace(".conf", "-second.conf")
    host.run("sh", "-c", f"sed -e 's/^port .*/port {SECOND_PORT}/; s#^pidfile .*#pidfile /run/{user}-second/{unit}.pid#; "
             f"s#^logfile .*#logfile /var/log/{user}/{unit}-second.log#; s#^dbfilename .*#dbfilename second.rdb#' "
             f"{config} >{second}; chown {user}:{user} {second}")
    host.run("sh", "-c", f"sed 's/{unit}$/{unit}@second/; s/-u {unit} /-u {unit}@second /' "
             "/etc/sudoers.d/* >/tmp/second && install -m 0440 /tmp/second /etc/sudoers.d/second")
    for name in (unit, f"{unit}@"):
        host.write(f"/etc/systemd/system/{name}.service.d/no-restart.conf", "[Service]\nRestart=no\n")
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "start", f"{unit}@second")


@contextlib.contextmanager
def running(host, count=3):
    programs = etcd_folder()
    if programs is None:
        raise Skip("no etcd 3.5 could be had: tests/etcd-root needs the network")
    fleet = Fleet(host, programs, count)
    try:
        yield fleet
    except BaseException as error:
        if isinstance(error, Exception):
            error.args = (f"{error}\n{fleet.output()}",) + error.args[1:]
        raise
    finally:
        fleet.close()
        with contextlib.suppress(Exception):
            host.run("systemctl", "stop", SECOND)
