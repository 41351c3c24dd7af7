"""The Debian package of this tree on a test host: found, with the packages that it depends on, and installed by apt.

The host has no way to a mirror, so what the package depends on is fetched beforehand, once for each image and kept beside it.
"""

import contextlib
import fcntl
import hashlib
import pathlib
import re
import shutil
import subprocess
import tempfile

import image
import resus
from tap import Skip

FETCH_SECONDS_MAX = 600
INSTALL_SECONDS_MAX = 120
# $1 the image, $2 the package, $3 where the packages go. The overlay and all mounts end with the namespace.
FETCH = """
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
cat /etc/resolv.conf >/mnt/root/etc/resolv.conf
cp "$2" /mnt/root/var/tmp/resus.deb
mount -t proc proc /mnt/root/proc
mount --rbind /dev /mnt/root/dev
in_root() { DEBIAN_FRONTEND=noninteractive chroot /mnt/root "$@" </dev/null; }
in_root apt-get update -q
in_root apt-get install -q -y --no-install-recommends --download-only /var/tmp/resus.deb
find /mnt/root/var/cache/apt/archives -name '*.deb' -exec cp {} "$3" \\;
"""


def _release(host):
    return re.search(r'^VERSION_ID="?([0-9]+)', host.read("/etc/os-release"), re.MULTILINE).group(1)


def find(host):
    """The package for the host's release: of `./dev deb`, or of tests/deb-in-root."""
    found = sorted(resus.TREE.glob(f"build-deb*/resus_*~deb{_release(host)}_*.deb"))
    if not found:
        raise Skip(f"no package for Debian {_release(host)}: ./dev deb there, or tests/deb-in-root SUITE")
    return found[-1]


def _depends(package):
    return subprocess.run(["dpkg-deb", "--field", package, "Depends"], capture_output=True, text=True, check=True).stdout


def _dependencies(host, package):
    wanted = hashlib.sha256((_depends(package) + FETCH).encode()).hexdigest()[:16]
    folder = image.CACHE / f"{host.image.root.parent.name}.deb-{wanted}"
    with open(folder.with_name(folder.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            making = folder.with_name(folder.name + ".making")
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            done = subprocess.run(["unshare", "--mount", "sh", "-euc", FETCH, "sh", str(host.image.root), str(package),
                                   str(making)], capture_output=True, text=True, timeout=FETCH_SECONDS_MAX)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
            making.rename(folder)
    return sorted(folder.glob("*.deb"))


def as_next_version(package, folder):
    """The same package with a higher version."""
    unpacked = folder / "unpacked"
    subprocess.run(["dpkg-deb", "-R", package, unpacked], check=True)
    control = unpacked / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: (.*)$", r"Version: \1+next", control.read_text(), flags=re.MULTILINE))
    built = folder / "resus_next.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", unpacked, built], check=True, capture_output=True)
    return built


class Packaged:
    def __init__(self, host):
        self.host = host
        self.package = find(host)
        self.folder = pathlib.Path(f"/proc/{host.leader}/root/root/debs")

    def place(self):
        """The package and all that it needs, into /root/debs of the host."""
        self.folder.mkdir()
        for path in _dependencies(self.host, self.package):
            shutil.copy(path, self.folder)
        (self.folder / "needed").mkdir()
        for path in self.folder.glob("*.deb"):
            path.rename(self.folder / "needed" / path.name)
        shutil.copy(self.package, self.folder)
        (self.folder / "resus.deb").symlink_to(self.package.name)

    def apt(self, *words):
        # The volatile disk of the host is no place for apt's own sandbox account.
        done = self.host.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "--no-install-recommends",
                             "-o", "APT::Sandbox::User=root", *words, check=False, seconds=INSTALL_SECONDS_MAX)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def install_needed(self):
        self.place()
        needed = [f"/root/debs/needed/{path.name}" for path in sorted((self.folder / "needed").glob("*.deb"))]
        if needed:
            self.apt("install", *needed)

    def install(self):
        self.install_needed()
        return self.apt("install", "/root/debs/resus.deb")

    def upgrade(self):
        with tempfile.TemporaryDirectory(prefix="resus-packaged-") as private:
            shutil.copy(as_next_version(self.package, pathlib.Path(private)), self.folder / "next.deb")
        return self.apt("install", "/root/debs/next.deb")

    def journal(self):
        return self.host.run("journalctl", "--no-pager", "-u", "resus", "-n", "60").stdout


@contextlib.contextmanager
def on(host):
    """A host with the package placed and not installed; pristine again afterwards."""
    packaged = Packaged(host)
    try:
        yield packaged
        complaint = resus.COMPLAINT.search(packaged.journal())
        assert not complaint, complaint
    except AssertionError as error:
        error.args = (f"{error}\n--- journal:\n{packaged.journal()}",) + error.args[1:]
        raise
    finally:
        host.reboot()
