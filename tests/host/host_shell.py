#!/usr/bin/python3
"""Boots one test host for a developer, says how to reach it and opens a shell on it.

usage: host_shell.py [FLAVOUR]     leaving the shell (exit, Ctrl-D) ends the host
"""

import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
sys.dont_write_bytecode = True

import image  # noqa: E402
from machine import Machine, why_not_here  # noqa: E402


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "debian12-redis"
    if name not in image.FLAVOURS:
        print(f"no flavour {name}: {', '.join(image.FLAVOURS)}", file=sys.stderr)
        return 64
    reason = why_not_here()
    if reason:
        print(f"host-shell: {reason}", file=sys.stderr)
        return 64
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signal_number, _frame: sys.exit(128 + signal_number))
    with Machine.boot(name, print) as host, \
            tempfile.NamedTemporaryFile("w", prefix="resus-known-hosts-") as known_hosts:
        known_hosts.write(host.image.known_hosts())
        known_hosts.flush()
        redis_cli = host.net.command("redis-cli", "-h", host.address)
        print(f"The test host {name} is up. From another terminal of this machine, as root:\n"
              f"  Redis:  {shlex.join(redis_cli)}\n"
              f"  SSH:    {shlex.join(host.ssh_command(known_hosts.name))}\n"
              f"  Resus:  {shlex.join(host.net.command('build/resus', 'serve', '--config', 'FILE'))}\n"
              f"Here is a root shell on the host; leaving it ends the host.", flush=True)
        # Ctrl-C is the shell's own affair while it runs.
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        shell = [*host.inside("bash", "-i")]
        subprocess.run(shell, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        signal.signal(signal.SIGINT, previous)
    return 0


if __name__ == "__main__":
    sys.exit(main())
