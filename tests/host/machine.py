"""A real Redis host: Debian with systemd as process 1, booted as a container in about a second.

    with Machine.boot("debian12-redis") as host:
        host.run("systemctl", "stop", "redis-server")
        host.redis().call("PING")

Everything that a machine is (process, namespace, disk) carries this process's id, so that runs go side by
side, and ends with it: on success, failure, Ctrl-C, SIGTERM, and by the kernel's hand on SIGKILL.
"""

import itertools
import os
import pathlib
import shlex
import signal
import subprocess
import tempfile
import time

import cgroup
import image
import network
import side_by_side
from redis_client import Closed, RedisClient, ReplyError
from waiting import SCALE, WaitedTooLong, wait_until

BOOT_SECONDS_MAX = 40
STOP_SECONDS_MAX = 10
RUN_SECONDS_MAX = 30
REDIS_PORT = 6379
# A machine has them; systemd-nspawn keeps them from a container.
ALLOWED_BESIDES = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"
NOT_YET = (OSError, Closed, ReplyError)
# What a command inside finds as its environment: nothing of ours.
INSIDE = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
          "HOME=/root"]

_numbers = itertools.count(1)


class CannotBoot(Exception):
    pass


class CommandFailed(AssertionError):
    pass


def why_not_here():
    """None, or why no test host can be booted by this process."""
    if os.geteuid() != 0:
        return "needs root"
    probe = ["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "true"]
    if subprocess.run(probe, capture_output=True).returncode != 0:
        return "needs root with the right to make namespaces"
    if not os.access("/sys/fs/cgroup", os.W_OK):
        return "needs root with writable cgroups"
    return None


def _remove_orphans():
    network.remove_orphans()
    cgroup.remove_orphans(network.is_orphan)


def _prepare_child(group):
    """Between fork and exec. SIGTERM makes systemd-nspawn power its container off in an orderly way."""
    side_by_side.die_with_parent()
    if group is not None:
        group.enter()


def _children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def _command_name(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


class Machine:
    def __init__(self, made_image):
        self.image = made_image
        self.flavour = made_image.flavour
        self.unit = made_image.flavour.unit
        self.address = image.ADDRESS
        self.net = None
        self.leader = None
        self.boots = 0
        self._process = None
        self._console = None
        self._link = None
        self._group = None

    # Life

    @classmethod
    def boot(cls, flavour="debian12-redis", log=lambda text: None):
        machine = cls(image.obtain(image.FLAVOURS[flavour], log))
        try:
            machine._start()
        except BaseException:
            machine.close()
            raise
        return machine

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Takes everything down. Signals wait meanwhile, so that a second Ctrl-C leaves nothing behind."""
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        try:
            self._stop()
            self.image.close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def reboot(self):
        """Pulls the plug and boots a pristine disk."""
        self._stop()
        self._start()

    def _start(self):
        number = next(_numbers)
        _remove_orphans()
        self.net = network.Namespace(number)
        name = f"r{os.getpid()}x{number}"
        # An interface name has at most 15 characters.
        self._link = f"ve-{name}"[:15]
        self._console = tempfile.TemporaryFile()
        command = ["systemd-nspawn", "--quiet", "--register=no", "--volatile=overlay", "--boot",
                   "--network-veth", f"--system-call-filter={ALLOWED_BESIDES}", f"--machine={name}", f"--hostname={image.HOST_NAME}",
                   f"--directory={self.image.root}"]
        if not os.path.isdir("/run/systemd/system"):
            # No systemd here that could give the container a scope of its own.
            command.insert(1, "--keep-unit")
            self._group = cgroup.Group(self.net.name)
        # The lock would keep a second machine from the folder; nothing is written to it.
        environment = dict(os.environ, SYSTEMD_NSPAWN_LOCK="0")
        self._process = subprocess.Popen(
            self.net.command(*command), stdin=subprocess.DEVNULL, stdout=self._console,
            stderr=subprocess.STDOUT, env=environment, start_new_session=True,
            preexec_fn=lambda: _prepare_child(self._group))
        self.boots += 1
        try:
            wait_until(lambda: self._alive() and self.net.has_link(self._link), "the host's link",
                       BOOT_SECONDS_MAX)
            self.net.ip("addr", "add", f"{network.HERE_ADDRESS}/{image.PREFIX_LENGTH}", "dev", self._link)
            self.net.ip("link", "set", self._link, "up")
            self.leader = wait_until(self._find_leader, "the host's process 1", BOOT_SECONDS_MAX)
            self.wait_for_pong(BOOT_SECONDS_MAX)
            # Not `running`: one failed unit of Debian's own is no reason not to test.
            self.run("systemctl", "is-system-running", "--wait", check=False)
            wait_until(self.ssh_port_answers, "sshd", BOOT_SECONDS_MAX, NOT_YET)
        except WaitedTooLong as error:
            raise CannotBoot(f"{error}\n{self.console()[-2000:]}") from error

    def _alive(self):
        if self._process.poll() is not None:
            raise CannotBoot(f"systemd-nspawn ended, {self._process.returncode}: {self.console()[-2000:]}")
        return True

    def _find_leader(self):
        self._alive()
        for pid in _children(self._process.pid):
            if _command_name(pid) == "systemd":
                return pid
        return None

    def _stop(self):
        if self._process is not None:
            # Killing process 1 of the container ends all of it at once; systemd-nspawn then tidies up.
            if self.leader is not None and self.leader in _children(self._process.pid):
                os.kill(self.leader, signal.SIGKILL)
            else:
                self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS_MAX * SCALE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
            self.leader = None
            self._console.close()
        if self._group is not None:
            self._group.close()
            self._group = None
        if self.net is not None:
            self.net.close()
            self.net = None

    def console(self):
        self._console.seek(0)
        return self._console.read().decode("utf-8", "replace")

    # State

    def reset(self):
        """Pristine again: configuration, data, logs, journal, units, link. The quick way, or by a boot."""
        try:
            self.net.ip("link", "set", self._link, "up")
            self.drop_port_end(check=False)
            self.run("/usr/local/sbin/resus-test-reset", self.unit)
            self.wait_for_pong()
            if not self._is_pristine():
                raise CommandFailed("not pristine after a reset")
        except (AssertionError, OSError, subprocess.SubprocessError):
            self.reboot()

    def _is_pristine(self):
        state = self.show("ActiveState,SubState,NRestarts,DropInPaths,Result")
        wanted = {"ActiveState": "active", "SubState": "running", "NRestarts": "0", "DropInPaths": "",
                  "Result": "success"}
        with self.redis() as client:
            return state == wanted and client.call("DBSIZE") == 0 and self.ssh_port_answers()

    def show(self, properties, unit=None):
        """`systemctl show`, as {name: value}."""
        output = self.run("systemctl", "show", unit or self.unit, "-p", properties).stdout
        return dict(line.partition("=")[::2] for line in output.splitlines())

    def state(self, unit=None):
        return self.show("ActiveState", unit)["ActiveState"]

    def main_pid(self):
        return int(self.show("MainPID")["MainPID"])

    def wait_for_state(self, state, seconds=10):
        wait_until(lambda: self.state() == state, f"{self.unit} {state}", seconds)

    # Inside

    def inside(self, *command):
        """The argv that runs COMMAND on the host as its root."""
        return ["nsenter", "--target", str(self.leader), "--all", "--", *INSIDE, *command]

    def run(self, *command, check=True, seconds=RUN_SECONDS_MAX, text_in=None):
        """Runs COMMAND on the host as its root. The result has stdout, stderr, returncode."""
        bound = seconds * SCALE
        # `timeout` inside: killing nsenter would leave the command behind.
        result = subprocess.run(self.inside("timeout", "--signal=KILL", str(bound), *command), text=True,
                                capture_output=True, timeout=bound + 10, input=text_in or "")
        if check and result.returncode != 0:
            raise CommandFailed(f"{shlex.join(command)}: exit {result.returncode}: "
                                f"{result.stdout}{result.stderr}")
        return result

    def drop_in(self, name, text):
        """A drop-in of the unit, in effect from the next start (some settings at once)."""
        self.write(f"/etc/systemd/system/{self.unit}.service.d/{name}.conf", text)
        self.run("systemctl", "daemon-reload")

    def add_config(self, line):
        """One line more at the end of Redis' configuration file: read at its next start."""
        self.write(self.flavour.config, self.read(self.flavour.config) + line + "\n")

    def repair(self, path):
        """PATH as it was at boot."""
        self.run("tar", "-xpf", "/var/lib/resus-test/pristine.tar", "-C", "/", path.lstrip("/"))

    def systemctl(self, *arguments):
        self.run("systemctl", *arguments)

    def start_inside(self, name, *command):
        """Runs COMMAND on the host in the background as unit resus-test-NAME; reset() ends it."""
        self.run("systemd-run", "--quiet", "--collect", f"--unit=resus-test-{name}", "--", *command)

    def read(self, path):
        return self.run("cat", path).stdout

    def write(self, path, text):
        """Owner and mode of a file that exists stay."""
        self.run("sh", "-c", 'mkdir -p "${1%/*}" && cat >"$1"', "sh", path, text_in=text)

    # From outside

    def connect(self, port, seconds=5):
        return self.net.connect((self.address, port), seconds)

    def redis(self, port=REDIS_PORT, seconds=5):
        return RedisClient(self.connect(port, seconds))

    def ping(self, seconds=1):
        """The reply to PING; an error reply, a refusal or silence is raised."""
        with self.redis(seconds=seconds) as client:
            return client.call("PING")

    def wait_for_pong(self, seconds=10):
        started = time.monotonic()
        wait_until(lambda: self.ping() == "PONG", "PONG", seconds, NOT_YET)
        return time.monotonic() - started

    def ssh_port_answers(self):
        with self.connect(22) as connected:
            return connected.recv(4) == b"SSH-"

    def ssh_command(self, known_hosts, *command):
        """The argv of a login as autobot, as an operator would type it."""
        return self.net.command(
            "ssh", "-F", "none", "-i", str(self.image.key), "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
            "-o", f"UserKnownHostsFile={known_hosts}", "-o", "StrictHostKeyChecking=yes",
            f"autobot@{self.address}", *command)

    def ssh(self, command, seconds=RUN_SECONDS_MAX):
        """Runs one command line as autobot by a real login."""
        with tempfile.NamedTemporaryFile("w", prefix="resus-known-hosts-") as known_hosts:
            known_hosts.write(self.image.known_hosts())
            known_hosts.flush()
            return subprocess.run(self.ssh_command(known_hosts.name, command), text=True,
                                  capture_output=True, stdin=subprocess.DEVNULL, timeout=seconds * SCALE)

    # The link

    def link_down(self):
        """Cut on our side: a switch that lost power. There is no route left, so connects fail at once."""
        self.net.ip("link", "set", self._link, "down")

    def link_up(self):
        self.net.ip("link", "set", self._link, "up")

    def host_link_down(self):
        """Cut on the host's side: packets go out and nobody answers, not even ARP."""
        self.run("ip", "link", "set", "host0", "down")

    def host_link_up(self):
        self.run("ip", "link", "set", "host0", "up")

    def silent_drop(self):
        """The host hears us and its answers vanish: a broken firewall rule."""
        self.run("ip", "route", "add", "blackhole", f"{network.HERE_ADDRESS}/32")

    def silent_drop_end(self):
        self.run("ip", "route", "del", "blackhole", f"{network.HERE_ADDRESS}/32")

    def drop_port(self, port):
        """The host's answers from PORT alone vanish: a firewall rule about Redis."""
        self.run("ip", "rule", "add", "pref", "10", "ipproto", "6", "sport", str(port), "blackhole")

    def drop_port_end(self, check=True):
        self.run("ip", "rule", "del", "pref", "10", check=check)

    # Rights

    def allow_default_commands(self):
        self._set_sudoers(image.SUDOERS_DEFAULT)

    def allow_extended_commands(self):
        self._set_sudoers(image.SUDOERS_EXTENDED)

    def _set_sudoers(self, template):
        self.write("/etc/sudoers.d/autobot-redis", image.sudoers(self.flavour, template))

    def evidence(self):
        """What a person would look at first, for the report of a failed test."""
        script = (f"systemctl status --no-pager {self.unit}; tail -n 15 {self.flavour.log};"
                  f" journalctl --no-pager -n 15 -u {self.unit}")
        try:
            return self.run("sh", "-c", script, check=False, seconds=5).stdout
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            return f"(the host does not answer: {error})"
