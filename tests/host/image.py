"""Root folders of the test hosts: Debian with systemd, sshd, sudo and Redis, made once and kept.

A folder is named by a hash of its recipe, so that a changed recipe makes a new one and two trees can
share the cache. Folders are only ever read: a boot writes to an overlay in memory.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess

CACHE = pathlib.Path(os.environ.get("RESUS_TEST_CACHE", "/var/cache/resus-test"))
HERE = pathlib.Path(__file__).resolve().parent
HOST_NAME = "redis-vm"
ADDRESS = "10.77.0.3"
PREFIX_LENGTH = 24
BUILD_SECONDS_MAX = 1200


@dataclasses.dataclass(frozen=True)
class Flavour:
    """One kind of Redis host, as its distribution ships it."""

    name: str
    suite: str
    package: str
    unit: str
    config: str
    data: str
    log: str
    user: str
    cli: str


def _redis(name, suite):
    return Flavour(name, suite, "redis-server", "redis-server", "/etc/redis/redis.conf", "/var/lib/redis",
                   "/var/log/redis/redis-server.log", "redis", "redis-cli")


FLAVOURS = {
    flavour.name: flavour
    for flavour in (
        _redis("debian12-redis", "bookworm"),
        _redis("debian13-redis", "trixie"),
        Flavour("debian13-valkey", "trixie", "valkey-server", "valkey-server", "/etc/valkey/valkey.conf",
                "/var/lib/valkey", "/var/log/valkey/valkey-server.log", "valkey", "valkey-cli"),
    )
}

PACKAGES = ["systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "iproute2", "procps"]

# The operator's runbook, "Sudo Permissions", letter by letter (UNIT is redis-server there).
SUDOERS_DEFAULT = """\
# Allow autobot user to manage Redis service
autobot ALL=(ALL) NOPASSWD: /bin/systemctl start UNIT
autobot ALL=(ALL) NOPASSWD: /bin/systemctl stop UNIT
autobot ALL=(ALL) NOPASSWD: /bin/systemctl restart UNIT
autobot ALL=(ALL) NOPASSWD: /bin/systemctl reload UNIT
autobot ALL=(ALL) NOPASSWD: /bin/systemctl status UNIT
autobot ALL=(ALL) NOPASSWD: /bin/journalctl -u UNIT *
"""

# What `commands: extended` needs besides: exact lines, the log read as its owner.
SUDOERS_EXTENDED = SUDOERS_DEFAULT + """\
autobot ALL=(ALL) NOPASSWD: /bin/systemctl reset-failed UNIT
autobot ALL=(USER) NOPASSWD: /usr/bin/tail -n 50 LOG
autobot ALL=(USER) NOPASSWD: /usr/bin/tail -n 200 LOG
autobot ALL=(USER) NOPASSWD: /usr/bin/tail -n 1000 LOG
"""

NETWORK = f"""\
[Match]
Name=host0
[Network]
Address={ADDRESS}/{PREFIX_LENGTH}
LinkLocalAddressing=no
"""

# Back to the state of the first boot, without a boot. Killing first: a Redis that is stopped by signal,
# busy or unable to save would not obey a stop. DIRECTORIES are put back from an archive.
RESET = """\
#!/bin/sh
set -u
unit=$1
systemctl kill --signal=KILL "$unit" 2>/dev/null
systemctl stop "$unit" 'resus-test-*' 2>/dev/null
ip route flush table main type blackhole 2>/dev/null
ip link set host0 up
umount -l DATA 2>/dev/null
set -e
for directory in DIRECTORIES; do find "/$directory" -mindepth 1 -delete; done
tar -xpf /var/lib/resus-test/pristine.tar -C /
systemctl daemon-reload
systemctl reset-failed
journalctl --quiet --rotate --vacuum-size=1
systemctl reload-or-restart ssh
systemctl start "$unit"
"""


def sudoers(flavour, template):
    return (template.replace("UNIT", flavour.unit).replace("USER", flavour.user)
            .replace("LOG", flavour.log))


def _directories(flavour):
    """Everything that a fault may touch, relative to the root."""
    return [os.path.dirname(flavour.config), flavour.data, os.path.dirname(flavour.log), "/etc/sudoers.d",
            "/etc/systemd/system", "/etc/ssh", "/home/autobot"]


def _write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _configure_redis(root, flavour):
    path = root / flavour.config.lstrip("/")
    lines = []
    for line in path.read_text().splitlines():
        if line.startswith("bind "):
            line = "bind 0.0.0.0"
        elif line.startswith("protected-mode "):
            line = "protected-mode no"
        lines.append(line)
    path.write_text("\n".join(lines) + "\n")


def _chroot(root, *command):
    subprocess.run(["chroot", str(root), *command], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _furnish(root, flavour, public_key):
    """What an administrator does after installing: the account, its rights, the network."""
    _chroot(root, "useradd", "--create-home", "--shell", "/bin/bash", "autobot")
    ssh = root / "home/autobot/.ssh"
    _write(ssh / "authorized_keys", public_key, 0o600)
    ssh.chmod(0o700)
    _chroot(root, "chown", "-R", "autobot:autobot", "/home/autobot/.ssh")
    _write(root / "etc/sudoers.d/autobot-redis", sudoers(flavour, SUDOERS_DEFAULT), 0o440)
    _write(root / "etc/hostname", HOST_NAME + "\n")
    # Else sudo complains on every call that it cannot resolve its own host.
    _write(root / "etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {HOST_NAME}\n")
    # The name has to sort before systemd's own 80-container-host0.network.
    _write(root / "etc/systemd/network/10-host0.network", NETWORK)
    _configure_redis(root, flavour)
    _chroot(root, "systemctl", "enable", "systemd-networkd")
    _chroot(root, "systemctl", "mask", "systemd-networkd-wait-online.service")
    directories = [name.lstrip("/") for name in _directories(flavour)]
    _write(root / "usr/local/sbin/resus-test-reset", RESET.replace("DIRECTORIES", " ".join(directories))
           .replace("DATA", flavour.data), 0o755)
    (root / "var/lib/resus-test").mkdir(parents=True)
    _chroot(root, "tar", "-cpf", "/var/lib/resus-test/pristine.tar", "-C", "/", *directories)


class Image:
    """A made root folder. Holds a shared lock on it, so that no other run throws it away."""

    def __init__(self, flavour, folder, lock):
        self.flavour = flavour
        self.root = folder / "root"
        self.key = folder / "autobot_key"
        self._lock = lock

    def known_hosts(self):
        """The lines of a known_hosts file, from the host's real keys."""
        keys = sorted((self.root / "etc/ssh").glob("ssh_host_*_key.pub"))
        return "".join(f"{ADDRESS} {' '.join(key.read_text().split()[:2])}\n" for key in keys)

    def close(self):
        self._lock.close()


def _recipe_hash(flavour):
    digest = hashlib.sha256(repr(flavour).encode())
    digest.update(pathlib.Path(__file__).read_bytes())
    digest.update((HERE.parent / "debian-root").read_bytes())
    return digest.hexdigest()[:16]


def _build(flavour, folder):
    """Makes FOLDER; an interrupted making leaves only a folder of another name, removed by the next."""
    making = folder.with_name(folder.name + ".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        include = ",".join(PACKAGES + [flavour.package])
        subprocess.run([str(HERE.parent / "debian-root"), flavour.suite, str(making / "root"),
                        f"--include={include}"], check=True, timeout=BUILD_SECONDS_MAX,
                       start_new_session=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "autobot@resus-test", "-f",
                        str(making / "autobot_key")], check=True)
        _furnish(making / "root", flavour, (making / "autobot_key.pub").read_text())
        making.rename(folder)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def _remove_outdated(flavour, keep):
    """Folders of earlier recipes that nobody uses."""
    for folder in CACHE.glob(flavour.name + "-*"):
        if folder.name.split(".")[0] == keep.name or not folder.is_dir():
            continue
        with open(folder.with_name(folder.name.split(".")[0] + ".lock"), "w") as lock:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)


def obtain(flavour, log=lambda text: None):
    """The image of a flavour, made now if this recipe was never made here."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / f"{flavour.name}-{_recipe_hash(flavour)}"
    lock = open(folder.with_name(folder.name + ".lock"), "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        while not folder.is_dir():
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                log(f"making the root folder of {flavour.name} in {folder} (once)")
                _build(flavour, folder)
                _remove_outdated(flavour, folder)
            fcntl.flock(lock, fcntl.LOCK_SH)
    except BaseException:
        lock.close()
        raise
    return Image(flavour, folder, lock)
