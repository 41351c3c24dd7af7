"""docs/api.md: a newcomer copies its lines from the first to the last, and each does what the page says."""

import re
import subprocess

import people
from daemon import SCALE, TREE, Skip, wait_until


def blocks():
    return re.findall(r"^```sh\n(.*?)^```$", (TREE / "docs" / "api.md").read_text(), re.MULTILINE | re.DOTALL)


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
