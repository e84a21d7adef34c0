"""Letters leave by a real SMTP server, or land as files."""

import email
import email.policy
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from aiosmtpd.controller import Controller

from purvey.cli.doctor import Ill, the_mail
from purvey.kit.ids import new_id, new_token
from purvey.kit.mail import FolderPostman, Letter, MailRefused, SmtpPostman, message_of
from purvey.kit.secret import Secret
from purvey.settings import Settings, SettingsError, read_settings


class Mailbox:
    """What a server took; a recipient named `nobody` is refused as a real one refuses it."""

    def __init__(self) -> None:
        self.taken: list[email.message.EmailMessage] = []
        self.from_: list[str] = []

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address.startswith("spoofed"):
            return "553 sender not allowed"
        envelope.mail_from = address
        self.from_.append(address)
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"


@pytest.fixture
def smtp() -> Iterator[tuple[str, Mailbox]]:
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    yield f"smtp://127.0.0.1:{port}", mailbox
    server.stop()


def a_letter(to: str = "ben@example.com", sender: str = "shop@example.org") -> Letter:
    return Letter(id=new_id(), sender=sender, to=to, subject="Grüße\nBcc: x@y.z", text="Hällo", html="<p>Hällo</p>")


async def test_a_letter_arrives_with_both_bodies_and_no_injected_header(smtp: tuple[str, Mailbox]) -> None:
    url, mailbox = smtp
    letter = a_letter()

    await SmtpPostman(Secret(url)).send(letter, message_of(letter, host="shop.test"))

    (arrived,) = mailbox.taken
    assert arrived["Subject"] == "Grüße Bcc: x@y.z"
    assert arrived["Bcc"] is None
    assert arrived["Message-ID"] == f"<{letter.id}@shop.test>"
    plain, html = arrived.get_body(("plain",)), arrived.get_body(("html",))
    assert plain is not None
    assert plain.get_content().strip() == "Hällo"
    assert html is not None
    assert "<p>Hällo</p>" in html.get_content()


async def test_a_refused_recipient_is_told_apart_from_a_lost_server(smtp: tuple[str, Mailbox]) -> None:
    url, mailbox = smtp
    letter = a_letter("nobody@example.com")

    with pytest.raises(MailRefused):
        await SmtpPostman(Secret(url)).send(letter, message_of(letter, host="shop.test"))
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await SmtpPostman(Secret("smtp://127.0.0.1:1")).send(letter, message_of(letter, host="shop.test"))
    assert not mailbox.taken


async def test_without_a_server_a_letter_is_a_file_that_opens(tmp_path: Path) -> None:
    letter = a_letter()

    await FolderPostman(tmp_path).send(letter, message_of(letter, host="shop.test"))

    kept = email.message_from_bytes((tmp_path / f"{letter.id}.eml").read_bytes(), policy=email.policy.default)
    assert kept["To"] == "ben@example.com"


async def test_letters_in_a_folder_are_nobody_elses_to_read(tmp_path: Path) -> None:
    letter = Letter(id=new_id(), sender="shop@example.com", to="ben@example.com", subject="A link", text="t", html="h")
    await FolderPostman(tmp_path / "mail").send(letter, message_of(letter, host="example.com"))
    assert (tmp_path / "mail").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("given", "name", "address"),
    [
        ("Käthes Lädchen <shop@example.org>", "Käthes Lädchen", "shop@example.org"),
        ("本屋 <shop@example.org>", "本屋", "shop@example.org"),
        ("Müller, Söhne & Co. <shop@example.org>", "Müller, Söhne & Co.", "shop@example.org"),
        ('"Field Notes" <shop@example.org>', "Field Notes", "shop@example.org"),
        ("Field Notes <shop@münchen.example>", "Field Notes", "shop@xn--mnchen-3ya.example"),
        ("shop@example.org", "", "shop@example.org"),
        ("shop@localhost", "", "shop@localhost"),
    ],
)
async def test_a_letter_names_its_sender_and_the_address_to_answer(
    smtp: tuple[str, Mailbox], given: str, name: str, address: str
) -> None:
    url, mailbox = smtp
    kept = read_settings({"PURVEY_SECRET_KEY": new_token(), "PURVEY_MAIL_FROM": given}).mail_from
    letter = a_letter(sender=kept)

    await SmtpPostman(Secret(url)).send(letter, message_of(letter, host="shop.test"))

    (arrived,) = mailbox.taken
    (sender,) = arrived["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, address)
    assert mailbox.from_ == [address]


@pytest.mark.parametrize("given", ["Käthe", "Käthe <>", "Käthe <shop>", "a@b@c", "Käthe shop@example.org"])
def test_a_sender_without_an_address_is_refused_when_the_shop_starts(given: str) -> None:
    with pytest.raises(SettingsError, match="MAIL_FROM"):
        read_settings({"PURVEY_SECRET_KEY": new_token(), "PURVEY_MAIL_FROM": given})


async def test_the_doctor_tries_the_server_and_says_what_it_answered(smtp: tuple[str, Mailbox], tmp_path: Path) -> None:
    url, mailbox = smtp

    async def says(url: str, sender: str = "Käthe <shop@example.org>") -> str:
        return await the_mail(Settings(home=tmp_path, secret_key=Secret("k" * 40), smtp_url=url, mail_from=sender))

    assert "from Käthe <shop@example.org>" in await says(url)
    assert not mailbox.taken, "no letter is sent"
    for wrong, sender, answer in (
        ("smtp://127.0.0.1:1", "shop@example.org", "127.0.0.1 port 1"),
        (url, "spoofed@example.org", "sender not allowed"),
        (url.replace("//", "//me:my-secret@"), "shop@example.org", "AUTH|uth"),
        (url.replace("smtp:", "smtps:"), "shop@example.org", "port"),
    ):
        with pytest.raises(Ill, match=answer) as ill:
            await says(wrong, sender)
        assert "look at PURVEY_SMTP_URL" in str(ill.value)
        assert "my-secret" not in str(ill.value)
