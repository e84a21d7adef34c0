"""A letter is rendered, noted and sent: once for each event, however often its job is tried.

Every letter passes `Desk.write`: there it is known whether its recipient has proved the address. To anybody else no
word that somebody typed stands in the subject or the greeting, and few letters go in a day.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import jinja2
import mrml
import structlog

from purvey import access
from purvey.kit.amounts import for_people
from purvey.kit.db import Database
from purvey.kit.mail import Letter, MailRefused, Postman, message_of, open_postman
from purvey.letters.budgets import is_within
from purvey.settings import Settings

log = structlog.get_logger("purvey.letters")
LETTERS = UUID("6f0e8f0e-7d0b-4c57-9a43-2f1a1a0c9b52")

# Noted before it is sent; a letter that was sent is not sent again, nor is one that was held back.
NOTE = """
insert into mails (id, kind, recipient, subject, created_at)
values ($1, $2, $3, $4, $5)
on conflict (id) do update set kind = excluded.kind
returning sent_at is not null or held_at is not null as is_over, xmax = 0 as is_new
"""
HELD = "update mails set held_at = $2 where id = $1"
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
        """Send the letter `kind` about an event to one address. A refused recipient ends the matter, a full day too."""
        is_proved = await access.is_proved(db, to)
        letter = self.letter(kind, about=about, to=to, words=words, is_proved=is_proved)
        if not await self.may_leave(db, letter, kind, is_proved=is_proved, now=now):
            return
        host = urlsplit(self.base_url).hostname or "localhost"
        try:
            await self.postman.send(letter, message_of(letter, host=host))
        except MailRefused:
            return
        await db.do(SENT, letter.id, now)

    async def may_leave(self, db: Database, letter: Letter, kind: str, *, is_proved: bool, now: datetime) -> bool:
        """Note the letter, and count it at its first try; False when it left before, or is held back."""
        async with db.transaction() as tx:
            noted: Any = await tx.record(NOTE, letter.id, kind, letter.to, letter.subject, now)
            if noted["is_over"]:
                return False
            if noted["is_new"] and not await is_within(tx, kind, to=letter.to, is_proved=is_proved, now=now):
                await tx.do(HELD, letter.id, now)
                log.warning("mail held back", kind=kind, letter=str(letter.id))
                return False
        return True

    async def has_written(self, db: Database, kind: str, *, about: UUID, to: str) -> bool:
        """Whether this letter has left already."""
        return bool(await db.value(HAS_SENT, letter_id(kind, about=about, to=to)))

    def letter(self, kind: str, *, about: UUID, to: str, words: Mapping[str, Any], is_proved: bool) -> Letter:
        """The letter as text and HTML. The first line of the text template is the subject."""
        hello = f"Hello {words['name']}," if is_proved and words.get("name") else "Hello,"
        told = {"base_url": self.base_url, **words, "is_proved": is_proved, "hello": hello}
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
    environment.filters["money"] = for_people
    return environment
