"""A letter is rendered, noted and sent: once for each event, however often its job is tried."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import jinja2
import mrml

from purvey.kit.db import Database
from purvey.kit.mail import Letter, MailRefused, Postman, message_of, open_postman
from purvey.kit.money import Money, exponents
from purvey.settings import Settings

AMOUNTS_AT_HAND = 1024
LETTERS = UUID("6f0e8f0e-7d0b-4c57-9a43-2f1a1a0c9b52")

# Noted before it is sent; a letter that was sent is not sent again.
NOTE = """
insert into mails (id, kind, recipient, subject, created_at)
values ($1, $2, $3, $4, $5)
on conflict (id) do update set kind = excluded.kind
returning sent_at
"""
SENT = "update mails set sent_at = $2 where id = $1"
HAS_SENT = "select sent_at is not null from mails where id = $1"


def letter_id(kind: str, *, about: UUID, to: str) -> UUID:
    """The same for every try to write the same letter."""
    return uuid5(LETTERS, f"{kind} {about} {to}")


class Desk:
    """Where letters are written: the templates, the sender's address, the postman."""

    def __init__(self, settings: Settings, *, postman: Postman | None = None) -> None:
        self.base_url = settings.base_url
        self.sender = settings.mail_from
        self.postman = postman or open_postman(settings.smtp_url, home=settings.home)

    async def write(
        self, db: Database, *, kind: str, about: UUID, to: str, now: datetime, words: Mapping[str, Any]
    ) -> None:
        """Send the letter `kind` about an event to one address. A refused recipient ends the matter."""
        letter = self.letter(kind, about=about, to=to, words=words)
        if await db.value(NOTE, letter.id, kind, to, letter.subject, now) is not None:
            return
        host = urlsplit(self.base_url).hostname or "localhost"
        try:
            await self.postman.send(letter, message_of(letter, host=host))
        except MailRefused:
            return
        await db.do(SENT, letter.id, now)

    async def has_written(self, db: Database, kind: str, *, about: UUID, to: str) -> bool:
        """Whether this letter has left already."""
        return bool(await db.value(HAS_SENT, letter_id(kind, about=about, to=to)))

    def letter(self, kind: str, *, about: UUID, to: str, words: Mapping[str, Any]) -> Letter:
        """The letter as text and HTML. The first line of the text template is the subject."""
        told = {"base_url": self.base_url, **words}
        plain = templates().get_template(f"{kind}.txt").render(told)
        subject, _, text = plain.partition("\n")
        frame = templates().get_template(f"{kind}.mjml").render(told)
        return Letter(
            id=letter_id(kind, about=about, to=to),
            sender=self.sender,
            to=to,
            subject=subject.strip(),
            text=text.strip() + "\n",
            html=mrml.to_html(frame).content,
        )


@cache
def templates() -> jinja2.Environment:
    """The templates; a missing word is an error, never a blank in a letter."""
    folder = files("purvey") / "letters" / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text()),
        autoescape=jinja2.select_autoescape(enabled_extensions=("mjml",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = shown
    return environment


@lru_cache(AMOUNTS_AT_HAND)
def shown(money: Money) -> str:
    """An amount as people read it, such as €12.00."""
    from babel.numbers import format_currency

    if money.currency == "USDC":
        return str(money)
    digits = exponents()[money.currency]
    pattern = "¤#,##0" + ("." + "0" * digits if digits else "")
    return format_currency(money.decimal, money.currency, format=pattern, locale="en", currency_digits=False)
