"""aiosmtpd on a port: a Maildir, and replies by the recipient's name.

usage: mail_server.py PORT FOLDER [tls|smtps CERTIFICATE KEY] [login USER PASSWORD]

later@... is answered 450, never@... 550. What was accepted lies in FOLDER/Maildir/new.
"""

import mailbox
import pathlib
import signal
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Keeper:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.maildir = mailbox.Maildir(self.folder / "Maildir", create=True)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        name = address.split("@")[0]
        if name == "later" and not (self.folder / "later-is-now").exists():
            return "450 4.2.0 Greylisted, try again"
        if name == "never":
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server, _session, envelope):
        message = mailbox.MaildirMessage(envelope.original_content)
        message["X-RcptTo"] = ", ".join(envelope.rcpt_tos)
        self.maildir.add(message)
        return "250 2.0.0 Ok: queued as 4Xy12Z"


def main():
    port, folder, *options = sys.argv[1:]
    more = {}
    for kind in {"tls", "smtps"} & set(options):
        at = options.index(kind)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options[at + 1], options[at + 2])
        more.update({"tls_context": context, "require_starttls": True} if kind == "tls" else {"ssl_context": context})
    if "login" in options:
        at = options.index("login")
        user, password = options[at + 1].encode(), options[at + 2].encode()

        def check(_server, _session, _envelope, _mechanism, data):
            good = (data.login, data.password) == (user, password)
            return AuthResult(success=good, handled=good)  # not handled: the server itself says 535

        more.update(authenticator=check, auth_required=True)
    controller = Controller(Keeper(folder), hostname="127.0.0.1", port=int(port), **more)
    controller.start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    controller.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
