"""A daemon whose messages go to a real mail server, and what it took."""

import contextlib
import email
import email.policy
import importlib
import sys

from daemon import TREE, wait_until

sys.path.insert(0, str(TREE / "tests" / "notify"))
receivers = importlib.import_module("receivers")
sys.path.remove(str(TREE / "tests" / "notify"))


def mails(served):
    found = sorted((served.folder / "Maildir" / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns)
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in found]


@contextlib.contextmanager
def mailbox(served, also=None, **more):
    """A daemon that sends mail; `mails` reads what the server took. `also`: {name: recipient} of more such channels."""
    with receivers.mail_server(served.folder) as server:
        served.settings["alerts"] = {"channels": {name: {
            "type": "smtp", "url": f"smtp://127.0.0.1:{server.port}", "from": "resus@example.org",
            "to": [to], "tls": "none"} for name, to in ({"mail": "ops@example.org"} | (also or {})).items()}} | more
        served.settings["server"]["name"] = "here"
        served.stop()
        served.start()
        wait_until(lambda: served.good("health")["overall_status"] == "healthy", "healthy")
        yield server
