"""Everything that can go wrong with a Redis host, made on purpose. Machine.reset() undoes all of it.

A fault leaves the unit as it says; `restart_expecting_failure` and the like are the test's to call. Clients
that a fault has to keep open are returned: they are the caller's to close.
"""

import contextlib
import math
import os
import signal
import subprocess
import sys

from machine import NOT_YET
from redis_client import Closed, ReplyError
from waiting import wait_until

BATCH_KEYS = 50_000


# The process


def signal_redis(host, name):
    host.run("kill", f"-{name}", str(host.main_pid()))


def kill(host):
    """As the OOM killer or a crash does. A stock unit is started again by systemd after 100 ms."""
    signal_redis(host, "KILL")


def freeze(host):
    """Connects and never answers: the kernel completes the handshake from the backlog."""
    signal_redis(host, "STOP")


def thaw(host):
    signal_redis(host, "CONT")


def without_restart(host):
    """The documents' host: systemd leaves a dead Redis alone."""
    host.drop_in("restart", "[Service]\nRestart=no\n")


def crash_until_start_limit(host):
    """Dies again and again until systemd gives up: failed, `Start request repeated too quickly.` Nothing
    but systemd's limit keeps it down then."""

    def refusals():
        return host.run("journalctl", "--no-pager", "-u", host.unit).stdout.count("repeated too quickly")

    before = refusals()

    def given_up():
        # A watcher may have started it again already: that one is not to be killed.
        if refusals() > before:
            return True
        pid = host.main_pid()
        if pid:
            host.run("kill", "-KILL", str(pid), check=False)
        return host.state() == "failed"

    wait_until(given_up, "systemd to give up", 15)


def fails_at_every_start(host):
    """From now on every start ends at once, and no log says why."""
    host.drop_in("fails", "[Service]\nExecPaths=/usr/bin/false\nExecStartPre=/usr/bin/false\n")


# The unit and its files


def bad_directive(host):
    """An unknown word in the configuration: Redis refuses it at its next start. Version 8 takes it for a
    setting of a module that is not there, and says so in its log; older ones and Valkey say it on stderr."""
    host.add_config("bogus-directive yes")


def bad_value(host):
    """A known word with a value that cannot be: refused at the next start by every version, on stderr."""
    host.add_config("maxclients none")


def start_expecting_failure(host):
    """Starts until systemd gives up; the unit ends as `failed`."""
    host.run("systemctl", "start", host.unit, check=False)
    host.wait_for_state("failed", seconds=20)


def port_taken(host):
    """Another Redis, not the unit's, answers on the port; the unit fails to start."""
    host.systemctl("stop", host.unit)
    # The unit's own program: `redis-server` is `valkey-server` elsewhere.
    host.start_inside("port", f"/usr/bin/{host.flavour.unit}", "--port", "6379", "--bind", "0.0.0.0",
                      "--protected-mode", "no", "--save", "", "--dir", "/tmp")
    host.wait_for_pong()
    start_expecting_failure(host)


def _stopped_with_saved_keys(host):
    fill(host, 2000, 64)
    host.systemctl("stop", host.unit)


def truncated_rdb(host):
    """Half of dump.rdb is missing; the unit fails."""
    _stopped_with_saved_keys(host)
    _truncate_to_half(host, f"{host.flavour.data}/dump.rdb")
    start_expecting_failure(host)


def corrupt_rdb(host):
    """Rubbish in the middle of dump.rdb; the unit fails. Uncompressed and without the built-in check of the
    sum, an RDB could also load wrong: here a type byte becomes one that there is not."""
    _stopped_with_saved_keys(host)
    path = f"{host.flavour.data}/dump.rdb"
    host.run("dd", f"of={path}", "bs=1", "seek=2000", "conv=notrunc", text_in="\x7f" * 400)
    start_expecting_failure(host)


def not_an_rdb(host):
    """dump.rdb holds something else; the unit fails with the log's `Wrong signature`."""
    host.systemctl("stop", host.unit)
    path = f"{host.flavour.data}/dump.rdb"
    host.write(path, "this is not a dump\n" * 10)
    host.run("chown", f"{host.flavour.user}:", path)
    start_expecting_failure(host)


def _with_aof(host):
    host.add_config("appendonly yes")
    host.systemctl("restart", host.unit)
    host.wait_for_pong()
    _stopped_with_saved_keys(host)
    listed = host.run("sh", "-c", f"ls {host.flavour.data}/appendonlydir/*.incr.aof").stdout.split()
    return listed[-1]


def truncated_aof(host):
    """The last command of the AOF is cut, as after a power failure: Redis starts and drops it."""
    host.run("truncate", "--size=-5", _with_aof(host))
    host.systemctl("start", host.unit)
    host.wait_for_pong()


def aof_without_its_base(host):
    """The manifest names a file that is gone; the unit fails."""
    _with_aof(host)
    host.run("sh", "-c", f"rm {host.flavour.data}/appendonlydir/*.base.*")
    start_expecting_failure(host)


def corrupt_aof(host):
    """Rubbish in the middle of the AOF; the unit fails and asks for redis-check-aof."""
    path = _with_aof(host)
    host.run("dd", f"of={path}", "bs=1", "seek=5000", "conv=notrunc", text_in="rubbish" * 10)
    start_expecting_failure(host)


def _truncate_to_half(host, path):
    size = int(host.run("stat", "--format=%s", path).stdout)
    host.run("truncate", f"--size={size // 2}", path)


def unreadable_data(host):
    """Redis may not enter its data folder; the unit fails."""
    host.systemctl("stop", host.unit)
    host.run("chown", "root:root", host.flavour.data)
    host.run("chmod", "0000", host.flavour.data)
    start_expecting_failure(host)


def time_out_stop(host, seconds):
    """Debian's unit waits without limit (TimeoutStopSec=0); this one gives up."""
    host.drop_in("stop", f"[Service]\nTimeoutStopSec={seconds}\n")


# Persistence


def save_fails(host):
    """MISCONF: the data folder cannot be written, a BGSAVE failed, writes and PING are refused."""
    host.run("chown", "root:root", host.flavour.data)
    host.run("chmod", "0555", host.flavour.data)
    with host.redis() as client:
        client.call("SET", "unsaved", "1")
        client.call("BGSAVE")
        wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", "a failed save")


def save_works_again(host):
    """The folder's owner is put right; Redis notices at its next save."""
    host.run("chown", f"{host.flavour.user}:", host.flavour.data)
    host.run("chmod", "0750", host.flavour.data)


def disk_full(host):
    """Like save_fails, by a full disk of its own."""
    host.systemctl("stop", host.unit)
    host.run("mount", "-t", "tmpfs", "-o", f"size=1m,mode=0750,uid={_uid(host)}", "tmpfs", host.flavour.data)
    host.systemctl("start", host.unit)
    host.wait_for_pong()
    with host.redis() as client:
        client.call("CONFIG", "SET", "rdbcompression", "no")
    fill(host, 4000, 1000)
    with host.redis() as client:
        with contextlib.suppress(ReplyError):
            client.call("BGSAVE")
        wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", "a failed save")


def _uid(host):
    return host.run("id", "-u", host.flavour.user).stdout.strip()


# Load


def fill(host, keys, value_bytes):
    """KEYS keys of about VALUE_BYTES, written in batches that stay below the busy threshold."""
    script = ("for i = ARGV[1], ARGV[2] do local piece = 'v' .. i "
              "redis.call('SET', 'key:' .. i, string.rep(piece, math.ceil(ARGV[3] / #piece))) end")
    with host.redis(seconds=60) as client:
        for first in range(1, keys + 1, BATCH_KEYS):
            client.call("EVAL", script, 0, first, min(first + BATCH_KEYS - 1, keys), value_bytes)


def slow_load(host, seconds):
    """From now on every start of Redis stays in LOADING for about SECONDS and reports its progress.

    Redis' own test settings slow it down, so no large data are needed."""
    keys = 2000
    fill(host, keys, 1000)
    with host.redis(seconds=60) as client:
        client.call("SAVE")
    host.add_config(f"key-load-delay {int(seconds * 1e6 / keys)}")
    host.add_config("loading-process-events-interval-bytes 1024")


def _client_in_script(host, script):
    client = host.redis(seconds=60)
    client.send("EVAL", script, 0)
    return client


def busy_script(host, threshold_ms=5000):
    """A script without end. Silence until the threshold (5 s as shipped), then BUSY. SCRIPT KILL ends it."""
    with host.redis() as client:
        client.call("CONFIG", "SET", "busy-reply-threshold", threshold_ms)
    return _client_in_script(host, "while true do end")


def busy_script_that_wrote(host, threshold_ms=5000):
    """As above, but UNKILLABLE: only SHUTDOWN NOSAVE ends it, with data loss."""
    with host.redis() as client:
        client.call("CONFIG", "SET", "busy-reply-threshold", threshold_ms)
    return _client_in_script(host, "redis.call('SET', 'written', '1') while true do end")


def wait_for_reply(host, code, seconds=20):
    """Waits until PING is answered by the error CODE."""

    def answered():
        try:
            host.ping()
        except ReplyError as error:
            return error.code == code
        return False

    wait_until(answered, code, seconds, NOT_YET)


def hanging_restart(host):
    """`systemctl restart` that never ends: Redis is in a script and does not hear SIGTERM."""
    client = busy_script(host, threshold_ms=100)
    wait_for_reply(host, "BUSY")
    host.systemctl("restart", "--no-block", host.unit)
    host.wait_for_state("deactivating")
    return client


def hanging_restart_by_failing_save(host):
    """`systemctl restart` that never ends: Redis refuses to go without having saved."""
    save_fails(host)
    host.systemctl("restart", "--no-block", host.unit)
    host.wait_for_state("deactivating")


# Long commands, and processes that cannot answer


SETS_COMPARED = 400  # for measuring; a round of them takes some tens of milliseconds


def _compare(client, sets):
    """Each member of one set is looked for in so many others: time and no memory."""
    client.send("SDIFF", "few", *["others"] * sets)


def _processor_seconds(client):
    cpu = client.info("cpu")
    return float(cpu["used_cpu_sys"]) + float(cpu["used_cpu_user"])


def long_command(host, seconds):
    """A read command that keeps Redis busy for SECONDS of processor time, however busy the machine is while that is
    measured. Returns the client that waits for it."""
    with host.redis(seconds=60) as client:
        for first in range(0, 20_000, 1000):
            numbers = range(first, first + 1000)
            client.call("SADD", "few", *[f"member:{n}" for n in numbers])
            client.call("SADD", "others", *[f"other:{n}" for n in numbers])
        before = _processor_seconds(client)
        _compare(client, SETS_COMPARED)
        client.reply()
        sets = math.ceil(SETS_COMPARED * seconds / (_processor_seconds(client) - before))
    # Resus sees it work by its share of a core, and a loaded machine shares its cores out.
    pid = host.main_pid()
    host.run("sh", "-c", f"chrt --rr --pid 1 {pid} || renice -n -10 -p {pid}")
    client = host.redis(seconds=seconds * 10 + 60)
    _compare(client, sets)
    return client


def debug_sleep(host, seconds):
    """A hang in a system call: asleep, no processor time. enable-debug-command has to be on."""
    client = host.redis(seconds=60)
    client.send("DEBUG", "SLEEP", seconds)
    return client


def allow_debug(host):
    host.add_config("enable-debug-command yes")
    host.systemctl("restart", host.unit)
    host.wait_for_pong()


TRACER = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
pid = int(sys.argv[1])
def ptrace(request):
    if libc.ptrace(request, pid, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
ptrace(16)  # ATTACH
os.waitpid(pid, 0)
print("attached", flush=True)
sys.stdin.read()
ptrace(17)  # DETACH
"""


@contextlib.contextmanager
def unit_file_gone(host):
    """Somebody removed it, as `apt remove` does, and told systemd so; Redis runs on."""
    unit = host.run("systemctl", "show", "--property=FragmentPath", "--value", host.unit).stdout.strip()
    # systemd makes a unit of a script for /etc/init.d when there is no other.
    files = [unit, f"/etc/init.d/{host.unit}"]
    files = [file for file in files if host.run("test", "-e", file, check=False).returncode == 0]
    try:
        for number, file in enumerate(files):
            host.run("mv", file, f"/root/removed-{number}")
        host.systemctl("daemon-reload")
        yield
    finally:
        for number, file in enumerate(files):
            host.run("mv", f"/root/removed-{number}", file)
        host.systemctl("daemon-reload")


@contextlib.contextmanager
def traced(host):
    """As gdb, gcore and strace do: the main thread is held in state t."""
    # The host's processes, our own Python: the host need not have one.
    command = ["nsenter", "--target", str(host.leader), "--pid", "--", sys.executable, "-c", TRACER,
               str(host.main_pid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tracer:
        try:
            assert tracer.stdout.readline() == "attached\n", "ptrace did not attach"
            yield
        finally:
            tracer.stdin.close()
            tracer.wait(10)


@contextlib.contextmanager
def disk_on_loop(host):
    """The data folder is a file system of its own, and every write waits for its disk."""
    image = f"/tmp/resus-disk-{os.getpid()}"
    subprocess.run(["truncate", "--size=64M", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    device = subprocess.run(["losetup", "--find", "--show", image], check=True, capture_output=True,
                            text=True).stdout.strip()
    number = os.minor(os.stat(device).st_rdev)
    try:
        host.add_config("appendonly yes")
        host.add_config("appendfsync always")
        host.systemctl("stop", host.unit)
        host.run("mknod", "/dev/resus-test-disk", "b", "7", str(number))
        host.run("mount", "/dev/resus-test-disk", host.flavour.data)
        host.run("chown", f"{host.flavour.user}:", host.flavour.data)
        host.systemctl("start", host.unit)
        host.wait_for_pong()
        yield
    finally:
        host.run("sh", "-c", f"fsfreeze -u {host.flavour.data}; rm -f /dev/resus-test-disk", check=False)
        host.run("systemctl", "kill", "--signal=KILL", host.unit, check=False)
        host.run("umount", "-l", host.flavour.data, check=False)
        subprocess.run(["losetup", "--detach", device], check=False)
        os.unlink(image)


def freeze_disk(host):
    """Every write to the data folder waits, in state D, until thaw_disk."""
    host.run("fsfreeze", "-f", host.flavour.data)


def thaw_disk(host):
    host.run("fsfreeze", "-u", host.flavour.data)


# The path to Redis


def reject_port(host, port):
    """The host refuses packets of ours to PORT by ICMP, as a firewall's REJECT does; it can reach itself."""
    # Else the kernel drops them without a word.
    subprocess.run(["nsenter", "--target", str(host.leader), "--net", "--", "sh", "-c",
                    "echo 1 >/proc/sys/net/ipv4/conf/host0/forwarding"], check=True)
    host.run("ip", "rule", "add", "pref", "5", "from", "10.77.0.1", "ipproto", "6", "dport", str(port),
             "prohibit")
    # The table of its own addresses is looked at before every rule, unless it comes later.
    host.run("ip", "rule", "add", "pref", "6", "lookup", "local")
    host.run("ip", "rule", "del", "pref", "0")


def reject_port_end(host):
    host.run("ip", "rule", "add", "pref", "0", "lookup", "local")
    host.run("ip", "rule", "del", "pref", "6")
    host.run("ip", "rule", "del", "pref", "5")


def listen_on_loopback_only(host):
    """A wrong `bind` after a change: Redis serves, and no other machine reaches it."""
    config = host.read(host.flavour.config)
    host.write(host.flavour.config, config.replace("\nbind 0.0.0.0\n", "\nbind 127.0.0.1\n"))
    host.systemctl("restart", host.unit)


def restrict_key(host, options):
    """OPTIONS before Resus' key in authorized_keys; open sessions end."""
    path = "/home/autobot/.ssh/authorized_keys"
    host.write(path, f"{options} {host.read(path)}")
    end_ssh_sessions(host)


def accounted(host):
    """systemctl status shows the unit's processor time, as where systemd keeps accounts of it: this
    container has none, so the line is made from what the kernel says about the process."""
    host.write("/usr/local/bin/systemctl", ACCOUNTING)
    host.run("chmod", "0755", "/usr/local/bin/systemctl")


ACCOUNTING = """#!/bin/sh
out=$(/bin/systemctl "$@"); code=$?
pid=$(printf '%s\\n' "$out" | sed -n 's/^ *Main PID: \\([0-9]*\\) (.*/\\1/p')
time=$([ -n "$pid" ] && awk '{ sub(/.*\\) /, ""); printf "%.3f", ($12 + $13) / 100 }' "/proc/$pid/stat")
printf '%s\\n' "$out" | sed "s/^     CGroup:/        CPU: ${time}s\\n     CGroup:/"
exit $code
"""


def accounted_end(host):
    host.run("rm", "-f", "/usr/local/bin/systemctl")


# Limits and access


def clients_exhausted(host, limit=10):
    """Every place is taken. Returns the clients that take them."""
    kept = [host.redis()]
    kept[0].call("CONFIG", "SET", "maxclients", limit)
    while len(kept) < limit * 2:
        client = host.redis()
        try:
            client.call("PING")
        except (ReplyError, Closed, OSError):
            client.close()
            break
        kept.append(client)
    return kept


def memory_full(host):
    """maxmemory with noeviction: reads and PING work, writes get OOM."""
    with host.redis() as client:
        client.call("CONFIG", "SET", "maxmemory-policy", "noeviction")
        client.call("CONFIG", "SET", "maxmemory", 1)


def require_password(host, password):
    """NOAUTH for everybody without it; survives a restart."""
    host.add_config(f"requirepass {password}")
    host.systemctl("restart", host.unit)


def protected_mode(host):
    """DENIED for everybody who does not come from the host itself."""
    host.add_config("protected-mode yes")
    host.systemctl("restart", host.unit)


def stop_ssh(host):
    """The way to the host's systemd is gone; Redis answers. Sessions that are open stay open."""
    host.systemctl("stop", "ssh.service")


def end_ssh_sessions(host):
    """Those too."""
    host.run("pkill", "-KILL", "-x", "-f", "sshd(-session)?: autobot.*", check=False)


def start_ssh(host):
    host.systemctl("start", "ssh.service")


@contextlib.contextmanager
def systemd_that_answers_nobody(host):
    """Process 1 stands still, as after "Freezing execution" or on a disk that hangs: systemctl waits. Whoever runs
    something of systemd's meanwhile waits too."""
    os.kill(host.leader, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(host.leader, signal.SIGCONT)


@contextlib.contextmanager
def strangers_in_front_of_sshd(host):
    """They hold every place that sshd has for those who have not logged in yet: it drops all others."""
    limits = "/etc/ssh/sshd_config.d/resus-test.conf"
    host.write(limits, "MaxStartups 2:100:2\n")
    host.systemctl("restart", "ssh.service")
    host.start_inside("strangers", "bash", "-c",
                      "for i in 1 2 3 4 5 6; do exec {place}<>/dev/tcp/127.0.0.1/22; done; sleep 100")
    try:
        yield
    finally:
        host.run("rm", limits)
        host.systemctl("stop", "resus-test-strangers")
        host.systemctl("restart", "ssh.service")


def change_host_key(host):
    """The host shows another key from now on, as if it were another host. Open sessions stay open."""
    host.run("sh", "-c", "rm -f /etc/ssh/ssh_host_*_key* && ssh-keygen -q -t ed25519 -N '' -f "
             "/etc/ssh/ssh_host_ed25519_key && logger -t sshd 'resus-test key changed'")
    host.systemctl("restart", "ssh.service")
