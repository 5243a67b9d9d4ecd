"""A mail server on loopback that insists on TLS and a login, and keeps what it is given."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from launcher.private_file import write_private
from localcluster.certificates import Authority
from tests.integration.servers.processes import LOOPBACK, PATIENCE, eventually

_ENCODING: Final = "utf-8"


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A message as it came, and who has logged in to send it."""

    username: str
    password: str = field(repr=False)
    message: EmailMessage

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None, "the message has no text"
        return body.get_content()

    @property
    def has_html(self) -> bool:
        return self.message.get_body(("html",)) is not None


@dataclass(kw_only=True)
class MailServer:
    """A running server."""

    port: int
    authority: Path
    """The certificate that signs the server's own."""
    received: list[Mail] = field(default_factory=list)

    def until(self, accept: Callable[[Mail], bool], why: str) -> Mail:
        """Wait for a mail that `accept` wants, and give the first such one."""
        return eventually(lambda: [one for one in list(self.received) if accept(one)], why, within=PATIENCE)[0]


@contextmanager
def running(folder: Path) -> Generator[MailServer]:
    """Run a server whose certificate lies in `folder`, and stop it at the end."""
    authority = Authority("mail")
    pair = authority.serving("mail", hosts=["localhost"], addresses=[LOOPBACK])
    certificate, key, root = (folder / name for name in ("mail.crt", "mail.key", "authority.crt"))
    certificate.write_bytes(pair.certificate)
    write_private(key, pair.key)
    root.write_bytes(authority.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    received: list[Mail] = []

    class Handler(_Conversation):
        tls, mails = context, received

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield MailServer(port=server.server_address[1], authority=root, received=received)
        finally:
            server.shutdown()
            thread.join()


class _Conversation(socketserver.StreamRequestHandler):
    """What https://www.rfc-editor.org/rfc/rfc5321 asks of a server, with STARTTLS and AUTH PLAIN."""

    tls: ssl.SSLContext
    mails: list[Mail]

    def setup(self) -> None:
        super().setup()
        self._is_encrypted, self._login = False, ("", "")

    def handle(self) -> None:
        self._say("220 ready")
        while line := self.rfile.readline().decode(_ENCODING).rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            if verb.upper() == "QUIT":
                self._say("221 closing")
                return
            self._answer(verb.upper(), rest)

    def _answer(self, verb: str, rest: str) -> None:
        if verb == "EHLO":
            self._say("250-localhost", "250 AUTH PLAIN" if self._is_encrypted else "250 STARTTLS")
        elif verb == "STARTTLS":
            self._say("220 go ahead")
            self.request = self.tls.wrap_socket(self.request, server_side=True)
            self._is_encrypted = True
            super().setup()
        elif not self._is_encrypted:
            self._say("530 STARTTLS first")
        elif verb == "AUTH":
            _, user, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode(_ENCODING).split("\0")
            self._login = (user, password)
            self._say("235 welcome")
        elif verb == "DATA":
            self._say("354 go on")
            self._keep()
            self._say("250 kept")
        else:
            self._say("250 fine" if self._login[0] else "530 log in first")

    def _keep(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(Mail(username=self._login[0], password=self._login[1], message=message))

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode(_ENCODING))
