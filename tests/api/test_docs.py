"""docs/api.md and docs/incidents.md: a newcomer copies the lines from the first to the last, and each does what the page
says."""

import email.utils
import os
import re
import signal
import subprocess

import people
from daemon import PROGRAM, SCALE, TREE, Skip, wait_until
from mailbox_of import mailbox, mails


def blocks(page="api.md"):
    return re.findall(r"^```sh\n(.*?)^```$", (TREE / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)


def run(served, script):
    # An answer of 400 and above is a failure here but where the page shows a refusal.
    return subprocess.run(["/bin/bash", "-euo", "pipefail", "-c", script], cwd=served.folder, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=120 * SCALE)


def test_docs_lines_to_copy_work(served):
    if subprocess.run(["which", "curl", "jq"], capture_output=True).returncode != 0:
        raise Skip("curl or jq is not there")
    people.add_all(served)
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
    own = {"URL": f"https://127.0.0.1:{served.https_port}", "CA": str(served.folder / "state/tls/certificate.pem"),
           "EMAIL": people.address_of("admin"), "PASSWORD": f"'{people.PASSWORD}'"}
    script, lines = "", 0
    for block in blocks():
        for line in block.splitlines():
            name = line.partition("=")[0]
            script += (f"{name}={own[name]}" if name in own else line) + "\necho; echo ----\n"
            lines += 1
    done = run(served, script)
    assert done.returncode == 0 and not done.stderr, (done.stdout[-800:], done.stderr)
    said = done.stdout.split("----\n")
    assert lines > 25 and len(said) == lines + 1, (lines, len(said))
    refused = [text for text in said if '"error"' in text]
    assert not refused, refused
    for expected in ('"success": true', '"allowed": true', '"confirmation_required"', '"stopped"', '"running"', '"role": "admin"',
                     '"overall_status": "healthy"'):
        assert expected in done.stdout, (expected, done.stdout)


def test_docs_the_pin_is_the_one_that_is_checked(served):
    line, = re.findall(r"`(openssl x509 .*?)`", (TREE / "docs" / "api.md").read_text())
    pin = run(served, line.replace("certificate.pem", str(served.folder / "state/tls/certificate.pem"))).stdout.strip()
    url = f"https://127.0.0.1:{served.https_port}"
    assert served.cli("services", "--url", url, "--pin", f"sha256/{pin}").status == 0
    assert served.cli("services", "--url", url, "--pin", "sha256/" + "A" * 43 + "=").status == 3
    token = served.folder / "token"
    token.write_text(people.api_token(served, "operator")["token"] + "\n")
    token.chmod(0o600)
    elsewhere = ("--url", url, "--ca-file", str(served.folder / "state/tls/certificate.pem"), "--token-file", str(token))
    for words in (("status",), ("health",), ("events",), ("recovery", "status"), ("preflight", "restart"),
                  ("restart", "--reason", "from elsewhere")):
        found = served.cli(*words, *elsewhere)
        assert found.status == 0 and found.json, (words, found)
    assert served.cli("stop", "--confirm", "STOP", *elsewhere).status == 1
    assert any(entry["operation"] == "restart" and entry["reason"] == "from elsewhere" and entry["user"]["role"] == "operator"
               for entry in served.audit())


def test_docs_an_incident_is_walked_from_the_first_call_to_the_post_mortem(served):
    if subprocess.run(["which", "jq"], capture_output=True).returncode != 0:
        raise Skip("jq is not there")
    with mailbox(served, resolve_after_seconds=1):
        served.settings["auto_recovery"]["enabled"] = False
        served.settings["escalation"] = {"levels": [{"name": "Operations", "channels": ["mail"]}]}
        served.stop()
        served.start()
        wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
        os.kill(served.good("status")["pid"], signal.SIGKILL)
        wait_until(lambda: served.good("incident", "list")["items"], "the incident")
        own = f'resus() {{ "{PROGRAM}" "$@" --config "{served.config}"; }}\n'
        known, said = "", ""
        for block in blocks("incidents.md"):
            if "incident resolve $N" in block:
                wait_until(lambda: served.good("incident", "list", "all")["items"][-1]["status"] == "mitigated", "the end")
            # `diagnose` ends with 1 when it finds something, which is what it is asked for here.
            script = block.replace("resus diagnose redis", "resus diagnose redis || [ $? = 1 ]")
            done = run(served, own + known + script)
            assert done.returncode == 0 and not done.stderr, (block, done.stdout[-2000:], done.stderr)
            known += "".join(f"{line}\n" for line in block.splitlines() if line.startswith("N="))
            said += done.stdout
            if "N=" in block:  # the number stays the same when the incident is no longer the first of the list
                known = f"N={served.good('incident', 'list')['items'][0]['id']}\n"
        for part in ("acknowledged", "mitigated", "resolved", "Takes command"):
            assert part in said, (part, said)
        review, = served.folder.glob("incident-*.md")
        text = review.read_text()
        for part in ("## Root cause\n\nkill -9 on the wrong host", "on my way", "the kernel log has no OOM line", "Redis is being started"):
            assert part in text, (part, text)
        assert [i["status"] for i in served.good("incident", "list", "all")["items"]] == ["resolved", "closed"]
        assert [m for m in mails(served) if "Redis is being started" in m.get_content()], [m["Subject"] for m in mails(served)]


def test_docs_pages_for_whoever_is_on_call_can_be_copied(served):
    wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
    # These end with 1 when they find something, which is what they are asked for; a host without systemd has no unit to reload.
    own = (f'resus() {{ "{PROGRAM}" "$@" --config "{served.config}" || case $1 in doctor|diagnose|bundle) [ $? = 1 ];; *) false;; esac; }}\n'
           "systemctl() { echo \"systemctl $*\"; }\n")
    text = (TREE / "docs" / "troubleshooting.md").read_text()
    parts = blocks("troubleshooting.md")
    assert len(parts) == 5, parts
    for block in parts:
        done = run(served, own + block)
        assert done.returncode == 0 and not done.stderr, (block, done.stdout[-800:], done.stderr)
    assert (served.folder / "bundle.json").stat().st_size > 1000
    # What stands in the sentences and in the table is a command, too.
    verbs = served.run("help").stdout
    for line in set(re.findall(r"`resus ([a-z]+)", text + (TREE / "docs" / "comparison.md").read_text())):
        assert re.search(rf"^  {line}\b", verbs, re.MULTILINE), line


def test_docs_planning_gives_a_certificate_and_a_hook_that_work(served):
    made = subprocess.run(["openssl", "x509", "-in", str(served.certificate), "-noout", "-startdate", "-enddate"], text=True, capture_output=True)
    first, last = (email.utils.parsedate_to_datetime(_mail_date(line.partition("=")[2])) for line in made.stdout.splitlines())
    assert (last - first).days == 824, made.stdout
    trust, hook = blocks("planning.md")
    done = run(served, f'URL=https://127.0.0.1:{served.https_port}\nCA="{served.certificate}"\n{trust}')
    assert done.returncode == 0 and not done.stderr, done
    issued, to = served.folder / "issued", served.folder / "to"
    issued.mkdir()
    to.mkdir()
    (issued / "fullchain.pem").write_text(served.certificate.read_text())
    (issued / "privkey.pem").write_text((served.certificate.parent / "key.pem").read_text())
    own = {"TO": str(to), "OWNER": str(os.getuid())}
    lines = [f"{name}={own[name]}" if (name := line.partition("=")[0]) in own else line for line in hook.splitlines()]
    done = run(served, f'systemctl() {{ kill -HUP {served.process.pid}; }}\nRENEWED_LINEAGE={issued}\n' + "\n".join(lines))
    assert done.returncode == 0 and not done.stderr, done
    assert (to / "key.pem").stat().st_mode & 0o777 == 0o600 and (to / "chain.pem").read_text() == served.certificate.read_text()


def _mail_date(text):
    """"Nov 29 12:00:00 2026 GMT" as mail writes it."""
    month, day, clock, year, _ = text.split()
    return f"{day} {month} {year} {clock} +0000"
