"""Mail leaves by SMTP, or lands as .eml files in the home where nothing else is set."""

import quopri
import ssl
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.utils import formataddr, formatdate
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib
import msgspec
import structlog

from purvey.kit.secret import Secret
from purvey.kit.words import split_sender

log = structlog.get_logger("purvey.mail")
TIMEOUT_SECONDS = 15


class MailRefused(Exception):
    """The server took the letter for nobody; trying again would change nothing."""


class MailServerIll(Exception):
    """The server cannot be reached, does not let us in, or takes nothing from our sender."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One mail to one person. `id` becomes its Message-ID, so that a letter sent twice is seen as one."""

    id: UUID
    sender: str
    to: str
    subject: str
    text: str
    html: str


class Postman(Protocol):
    """Whoever carries letters."""

    async def send(self, letter: Letter, message: Message) -> None:
        """Hand the letter over; an error means that it was not."""
        ...


class FolderPostman:
    """Keeps letters as files that any mail program opens, and names each in the log.

    They carry links that open accounts: nobody else on the machine may look into the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def send(self, letter: Letter, message: Message) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.folder / f".{letter.id}.part"
        part.write_bytes(message.as_bytes())
        target = self.folder / f"{letter.id}.eml"
        part.replace(target)
        log.info("mail kept", to=letter.to, subject=letter.subject, file=str(target))


class SmtpPostman:
    """Hands letters to a server: `smtp://user:password@host:587` (STARTTLS when offered) or `smtps://…:465`."""

    def __init__(self, url: Secret) -> None:
        parts = urlsplit(url.reveal())
        self.host = parts.hostname or "localhost"
        self.implicit_tls = parts.scheme == "smtps"
        self.port = parts.port or (465 if self.implicit_tls else 587)
        self.user = unquote(parts.username) if parts.username else None
        self.password = Secret(unquote(parts.password)) if parts.password else None

    async def send(self, letter: Letter, message: Message) -> None:
        try:
            async with self.server() as server:
                await server.send_message(message, sender=split_sender(letter.sender)[1], recipients=[letter.to])
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise MailRefused(f"nobody at {letter.to}: {error}") from error
        log.info("mail sent", to=letter.to, subject=letter.subject)

    async def try_out(self, sender: str) -> None:
        """Whether the server lets us in and takes mail from this sender; MailServerIll says what it answered."""
        try:
            async with self.server() as server:
                await server.mail(split_sender(sender)[1])
                await server.rset()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailServerIll(f"{self.host} port {self.port}: {error}") from error

    def server(self) -> aiosmtplib.SMTP:
        """The server, as it is met anew for each letter."""
        return aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.user,
            password=self.password.reveal() if self.password else None,
            use_tls=self.implicit_tls,
            start_tls=None,
            tls_context=ssl.create_default_context() if not is_local(self.host) else own_machine(),
            timeout=TIMEOUT_SECONDS,
        )


def is_local(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def own_machine() -> ssl.SSLContext:
    """On this machine's own server no stranger stands between, and its certificate is rarely a public one."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def open_postman(smtp_url: Secret | None, *, home: Path) -> Postman:
    """The postman that the settings name."""
    return SmtpPostman(smtp_url) if smtp_url else FolderPostman(home / "mail")


def message_of(letter: Letter, *, host: str) -> Message:
    """The letter as a message with plain text and HTML. No value can bring a header of its own.

    By the library's first kind of message: its second parses each header that it is given, which took longer than
    everything else about a receipt.
    """
    message = MIMEMultipart("alternative")
    headers = {
        "From": formataddr(split_sender(letter.sender)),
        "To": letter.to,
        "Subject": letter.subject,
        "Message-ID": f"<{letter.id}@{host}>",
        "Date": formatdate(),
        "Auto-Submitted": "auto-generated",
    }
    for name, value in headers.items():
        message[name] = " ".join(value.split())
    message.attach(part("plain", letter.text))
    message.attach(part("html", letter.html))
    return message


def part(kind: str, text: str) -> Message:
    """A body, in an encoding that people can read in the file as well."""
    body = MIMENonMultipart("text", kind, charset="utf-8")
    body["Content-Transfer-Encoding"] = "quoted-printable"
    body.set_payload(quopri.encodestring(text.encode()).decode())
    return body
