"""A control group of its own for one test host, where no systemd of this machine gives it one.

systemd-nspawn puts the container below the group it was started in. Two containers in one group would find
each other's `system.slice/redis-server.service`: units then fail with status 219/CGROUP, and kills with
"Input/output error".
"""

import contextlib
import os
import pathlib


def _mounts():
    """[(options, kind, root, folder)] of the mounted hierarchies."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            yield options, kind, fields.split()[3], fields.split()[4]


def _own_folders():
    """Where this process is in the hierarchies that systemd keeps its units in: its own one of version 1,
    and version 2. The controllers of version 1 are left alone: the containers make no groups there."""
    places = {}
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, name, path = line.split(":", 2)
        places[name] = path
    for options, kind, root, folder in _mounts():
        name = "" if kind == "cgroup2" else "name=systemd"
        if name in places and (kind == "cgroup2" or name in options.split(",")):
            yield pathlib.Path(folder) / os.path.relpath(places[name], root)


class Group:
    def __init__(self, name):
        self._folders = [(folder / name).resolve() for folder in _own_folders()]
        for folder in self._folders:
            folder.mkdir()

    def enter(self):
        """Moves the calling process; it is called between fork and exec."""
        for folder in self._folders:
            with open(folder / "cgroup.procs", "w") as file:
                file.write("0")

    def close(self):
        """Once its processes are gone. A group is an empty folder with files that cannot be removed."""
        for folder in self._folders:
            _remove(folder)


def _remove(folder):
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(path)


def remove_orphans(is_orphan):
    """Groups of runs that were killed before they could clean up."""
    for parent in _own_folders():
        for folder in parent.resolve().iterdir():
            if folder.is_dir() and is_orphan(folder.name):
                _remove(folder)
