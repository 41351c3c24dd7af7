"""Mail: what arrives, and what each reply of a server means."""

import email
import email.policy
import pathlib
import shutil
import subprocess
import tempfile
import time

from driver import Driver, message
from receivers import Tunnel, mail_server, smtp_sink
from suite import Skip, free_port, wait_until

TO = ["ops@example.org", "night@example.org"]


class Folder:
    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="resus-mail-"))
        self.path.chmod(0o755)
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path)


def driver(port, to=None, **more):
    return Driver({"mail": {"type": "smtp", "url": f"smtp://127.0.0.1:{port}", "from": "resus@example.org",
                            "to": to or TO, "tls": "none", "timeout_seconds": 20, **more}})


def maildir(folder):
    found = sorted((folder / "Maildir" / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns)
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in found]


def certificate(folder, name="cert"):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem"), "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True,
                   capture_output=True)
    return str(folder / f"{name}.pem"), str(folder / f"{name}.key")


def need_sink():
    if shutil.which("smtp-sink", path="/usr/sbin:/usr/bin") is None:
        raise Skip("needs smtp-sink (postfix)")


def test_a_mail_arrives_with_its_headers_and_every_recipient():
    with Folder() as folder, mail_server(folder) as server, driver(server.port) as d:
        result = d.send("mail", "d-17")
        assert (result["class"], result["code"], result["receipt"]) == ("delivered", 250, "4Xy12Z"), result
        [mail] = maildir(folder)
        assert mail["X-RcptTo"] == ", ".join(TO) and mail["To"] == ", ".join(TO)
        assert mail["From"] == "Resus <resus@example.org>"
        assert mail["Message-ID"] == "<d-17.resus-1@example.org>"
        assert mail["Auto-Submitted"] == "auto-generated" and mail["X-Auto-Response-Suppress"] == "All"
        assert abs(mail["Date"].datetime.timestamp() - time.time()) < 300
        assert mail["Subject"] == ("P1 Redis Service on 172.16.168.23:6379: Redis has crashed and does not start")
        text = mail.get_content()
        for fact in ("three restarts have failed", "redis-server.service: failed", "1204 unsaved changes",
                     "312 client connections", "resus recovery reset redis", message()["link"], message()["cause_link"]):
            assert fact in text, (fact, text)
        assert "Out Of Memory" not in text


def test_all_mails_of_an_alert_are_one_thread():
    with Folder() as folder, mail_server(folder) as server, driver(server.port) as d:
        for number, kind in enumerate(("trigger", "update", "resolve")):
            d.send("mail", f"d{number}", kind=kind)
        d.send("mail", "other", key="resus/resus-1/redis/availability/8")
        mails = maildir(folder)
        roots = [mail["In-Reply-To"] for mail in mails]
        assert len(mails) == 4 and roots[0] == roots[1] == roots[2] != roots[3]
        assert [mail["References"] for mail in mails] == roots
        assert len({mail["Message-ID"] for mail in mails}) == 4


def test_any_text_comes_through_whole():
    lines = ["dots: . .. ...", "Fr\u00fch \u2014 \u65e5\u672c\u8a9e \U0001F525", "From here = there", "." * 300,
             "x" * 400]
    with Folder() as folder, mail_server(folder) as server, driver(server.port) as d:
        d.send("mail", title="Gr\u00fc\u00dfe \u65e5\u672c\u8a9e \U0001F525 " * 4, evidence=lines, text="\n".join(lines))
        [mail] = maildir(folder)
        text = mail.get_content()
        for line in lines:
            assert line in text, (line, text)
        assert "Gr\u00fc\u00dfe \u65e5\u672c\u8a9e \U0001F525" in mail["Subject"]
        raw = next((folder / "Maildir" / "new").glob("*")).read_bytes()
        assert max(len(line) for line in raw.splitlines()) <= 78


def test_a_line_end_in_a_header_gives_the_built_in_text_and_says_so():
    with Folder() as folder, mail_server(folder) as server, driver(server.port) as d:
        result = d.send("mail", title="crashed\r\nBcc: all@example.org")
        assert result["class"] == "delivered" and result["replaced"], result
        assert "built-in text was sent" in result["error"] and "Subject" in result["error"]
        [mail] = maildir(folder)
        assert mail["Bcc"] is None and "three restarts have failed" in mail.get_content()


def test_refused_recipients_are_named_and_the_others_get_it_once():
    with Folder() as folder, mail_server(folder) as server:
        with driver(server.port, to=["ops@example.org", "later@example.org", "never@example.org"]) as d:
            result = d.send("mail", "part")
            assert (result["class"], result["code"]) == ("later", 450), result
            assert "later@example.org was refused (450), never@example.org was refused (550)" in result["error"]
            (folder / "later-is-now").touch()
            result = d.send("mail", "part")
            assert result["class"] == "delivered", result
            assert [mail["X-RcptTo"] for mail in maildir(folder)] == ["ops@example.org", "later@example.org"]


def test_when_no_recipient_is_taken_the_refusal_decides():
    with Folder() as folder, mail_server(folder) as server:
        with driver(server.port, to=["never@example.org"]) as d:
            result = d.send("mail")
            assert (result["class"], result["code"]) == ("final", 550), result
        with driver(server.port, to=["never@example.org", "later@example.org"]) as d:
            result = d.send("mail")
            assert (result["class"], result["code"]) == ("later", 450), result
        assert not maildir(folder)


def test_starttls_is_required_and_verified():
    with Folder() as folder:
        cert, key = certificate(folder)
        with mail_server(folder, "tls", cert, key) as server:
            with driver(server.port, tls="required", ca_file=certificate(folder, "other")[0]) as d:
                result = d.send("mail")
                assert result["class"] == "later" and "certificate is not trusted" in result["error"], result
            with driver(server.port, tls="required", ca_file=cert) as d:
                assert d.send("mail")["class"] == "delivered"
        with mail_server(folder) as server, driver(server.port, tls="required", ca_file=cert) as d:
            result = d.send("mail")
            assert result["class"] == "later", result
        assert len(maildir(folder)) == 1


def test_tls_from_the_first_byte_is_taken_too():
    with Folder() as folder:
        cert, key = certificate(folder)
        with mail_server(folder, "smtps", cert, key) as server:
            made = driver(server.port, tls="required", ca_file=cert)
            made.alerts["channels"]["mail"]["url"] = f"smtps://localhost:{server.port}"
            with made as d:
                result = d.send("mail")
                assert result["class"] == "delivered", result


def test_mail_goes_through_the_proxy_of_the_settings():
    with Folder() as folder, mail_server(folder) as server:
        with Tunnel() as tunnel, driver(server.port, proxy=tunnel.url) as d:
            assert d.send("mail")["class"] == "delivered"
            assert tunnel.asked == [f"127.0.0.1:{server.port}"]
        with Tunnel(code=407) as tunnel, driver(server.port, proxy=tunnel.url) as d:
            result = d.send("mail")
            assert result["class"] == "later" and result["error"], result


def test_a_login_goes_over_tls_and_a_wrong_one_can_be_tried_again():
    with Folder() as folder:
        cert, key = certificate(folder)
        with mail_server(folder, "tls", cert, key, "login", "resus", "pass word") as server:
            for password, wanted in (("pass word", "delivered"), ("wr0ngSECRET", "later")):
                made = driver(server.port, tls="required", ca_file=cert, username="resus", password_file="mail")
                made.secret("mail", password)
                with made as d:
                    result = d.send("mail")
                    assert result["class"] == wanted, result
                    assert wanted == "delivered" or ("the login" in result["error"] and result["code"] == 535), result
                    assert "SECRET" not in result["error"] + d.output()


def test_replies_of_a_faulty_server():
    need_sink()
    rows = [(["-r", "MAIL"], "later", 450), (["-f", "MAIL"], "final", 500), (["-f", "RCPT"], "final", 500),
            (["-r", "RCPT"], "later", 450), (["-r", "DATA"], "later", 450), (["-f", "DATA"], "final", 500),
            (["-r", "."], "later", 450), (["-f", "."], "final", 500), (["-q", "."], "unknown", 0),
            (["-Q", "MAIL"], "later", 421), (["-q", "DATA"], "later", 0), (["-q", "RCPT"], "later", 0)]
    with Folder() as folder:
        for options, verdict, code in rows:
            with smtp_sink(folder, *options) as server, driver(server.port) as d:
                result = d.send("mail")
                assert (result["class"], result["code"]) == (verdict, code), (options, result)
                assert result["error"], options


def test_a_server_silent_after_the_mail_holds_up_nothing_and_is_unknown():
    need_sink()
    with Folder() as folder, smtp_sink(folder, "-W", ".:600") as server, driver(server.port, timeout_seconds=2) as d:
        result = d.send("mail")
        assert result["class"] == "unknown", result
        assert d.ask(do="status")["late_ms"] < 500


def test_a_mail_under_way_is_broken_off_at_the_end():
    need_sink()
    with Folder() as folder, smtp_sink(folder, "-W", ".:600") as server, driver(server.port, timeout_seconds=300) as d:
        d.begin("mail")
        wait_until(lambda: list((folder / "mails").glob("*")), "the mail")
        d.tell(do="drop")


def test_no_server_means_later():
    with driver(free_port()) as d:
        result = d.send("mail")
        assert (result["class"], result["error"]) == ("later", "cannot connect: Connection refused"), result
