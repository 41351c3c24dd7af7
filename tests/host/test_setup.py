"""`resus setup`: the README's lines from an installed package to a Redis that is watched, and every way to say no."""

import json
import re
import subprocess

import packaged
import resus
from tap import on
from waiting import wait_until

SETTINGS = "/etc/resus/resus.yaml"
KEY = "/etc/resus/keys/redis_key"
KNOWN_HOSTS = "/etc/resus/known_hosts"
# What a person's terminal has answered once and for all; the lines of the README stay as they are.
APT = 'APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\nAPT::Sandbox::User "root";\n'
LINE_SECONDS_MAX = 120


def _documented_lines():
    section = re.search(r"^## On your own Redis\n(.*?)^## ", (resus.TREE / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    block = re.search(r"^```\n(.*?)^```", section.group(1), re.MULTILINE | re.DOTALL).group(1)
    return [re.sub(r"\s+#.*", "", line) for line in block.splitlines()]


def _fingerprint(host):
    return subprocess.run(["ssh-keygen", "-lf", host.image.root / "etc/ssh/ssh_host_ed25519_key.pub"], capture_output=True,
                          text=True, check=True).stdout.split()[1]


def _setup(host, *words, typed=""):
    return host.run("resus", "setup", *words, check=False, text_in=typed)


def _written(host):
    """What of the three files is there."""
    return [path for path in (SETTINGS, KEY, KNOWN_HOSTS) if host.run("test", "-e", path, check=False).returncode == 0]


def _forget_the_account(host):
    """As a host is on which nobody has prepared anything for Resus but the account."""
    host.run("rm", "/etc/sudoers.d/autobot-redis", "/home/autobot/.ssh/authorized_keys")


@on("debian12-redis", "debian13-redis")
def test_the_lines_of_the_readme_lead_from_the_package_to_a_watched_redis(host):
    with packaged.on(host) as package:
        package.install_needed()
        host.write("/etc/apt/apt.conf.d/typed", APT)
        _forget_the_account(host)
        lines = _documented_lines()
        assert [line.split()[0] for line in lines] == ["apt", "resus", "systemctl", "resus"], lines

        def type_in(line, typed="", seconds=LINE_SECONDS_MAX):
            return host.run("sh", "-c", f"cd /root/debs && {line}", check=False, text_in=typed, seconds=seconds)

        installed = type_in(lines[0])
        assert installed.returncode == 0, installed.stdout + installed.stderr
        asked = type_in(lines[1], f"{host.address}\nautobot\n{host.unit}\nyes\n")
        assert asked.returncode == 0, asked.stdout + asked.stderr
        assert _fingerprint(host) in asked.stdout, asked.stdout
        owners = host.run("stat", "-c", "%a %U:%G", SETTINGS, KEY).stdout
        assert owners == "640 root:resus\n600 resus:resus\n", owners
        script = re.search(r"as root:\n\n(.*)\nThen here:\n\n(.*)", asked.stdout, re.DOTALL)
        assert script.group(2).splitlines() == lines[2:], script.group(2)
        done = host.run("sh", "-e", text_in=script.group(1), check=False)
        assert done.returncode == 0, done.stdout + done.stderr

        started = type_in(lines[2])
        assert started.returncode == 0, started.stderr
        wait_until(lambda: json.loads(host.run("resus", "status", "--json", check=False).stdout).get("status") == "running",
                   "the watch of Redis", 30)
        examined = json.loads(type_in(f"{lines[3]} --json").stdout)
        bad = [item for item in examined["items"] if item["status"] == "fail"]
        assert not bad, bad
        before = host.main_pid()
        host.run("resus", "restart", "--reason", "the test", seconds=60)
        assert host.main_pid() != before


def test_no_answer_but_yes_writes_nothing(host):
    with packaged.on(host) as package:
        package.install()
        for typed in ("no\n", "\n", "y\n", ""):
            refused = _setup(host, f"autobot@{host.address}", typed="\n" + typed)
            assert refused.returncode == 1, refused.stdout
            assert "Nothing was changed" in refused.stderr, refused.stderr
        assert _written(host) == []
        refused = _setup(host)
        assert refused.returncode == 1 and "resus setup USER@HOST" in refused.stderr, refused.stderr


def test_a_fingerprint_answers_every_question_and_another_ones_is_refused(host):
    with packaged.on(host) as package:
        package.install()
        place = f"autobot@{host.address}"
        wrong = _setup(host, place, "--fingerprint", "SHA256:" + "A" * 43)
        assert wrong.returncode == 1 and _fingerprint(host) in wrong.stderr, wrong.stderr
        assert _written(host) == []
        unnamed = json.loads(_setup(host, place, "--json").stdout)
        assert _fingerprint(host) in unnamed["message"], unnamed
        body = json.loads(_setup(host, place, "--json", "--fingerprint", _fingerprint(host)).stdout)
        assert body["file"] == SETTINGS and "ssh-ed25519 " in body["authorized_keys"], body
        assert _written(host) == [SETTINGS, KEY, KNOWN_HOSTS]
        before = host.read(SETTINGS)
        again = _setup(host, place, "--fingerprint", _fingerprint(host))
        assert again.returncode == 1 and "is there already" in again.stderr, again.stderr
        assert host.read(SETTINGS) == before


def test_a_host_that_cannot_be_reached_or_has_another_key_leaves_no_file(host):
    with packaged.on(host) as package:
        package.install()
        closed = _setup(host, "autobot@127.0.0.1:9", typed="\n")
        assert closed.returncode == 1 and "cannot reach 127.0.0.1 port 9" in closed.stderr, closed.stderr
        host.run("sh", "-c", "ssh-keygen -q -t ed25519 -N '' -f /root/other && "
                 f"echo \"{host.address} $(cut -d' ' -f1,2 /root/other.pub)\" >{KNOWN_HOSTS}")
        changed = _setup(host, f"autobot@{host.address}", typed="\nyes\n")
        assert changed.returncode == 1 and "ssh-keygen -R" in changed.stderr, changed.stderr
        assert _written(host) == [KNOWN_HOSTS]


def test_a_failure_half_way_leaves_nothing_and_the_next_run_ends_it(host):
    with packaged.on(host) as package:
        package.install()
        # The settings cannot be written; what stands before them is done by then, and is taken back.
        host.run("sh", "-c", f"mkdir -p {SETTINGS}.part/in-the-way")
        words = (f"autobot@{host.address}", "--fingerprint", _fingerprint(host))
        failed = _setup(host, *words)
        assert failed.returncode == 1 and "Nothing was changed" in failed.stderr, failed.stderr
        assert _written(host) == []
        host.run("rm", "-r", f"{SETTINGS}.part")
        assert _setup(host, *words).returncode == 0
        assert _written(host) == [SETTINGS, KEY, KNOWN_HOSTS]
