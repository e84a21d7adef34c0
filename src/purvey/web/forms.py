"""What people type: forms read, checked for forgery, and turned into the bodies that the JSON doors take."""

import asyncio
import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec

from purvey import access
from purvey.kit import amounts, ids
from purvey.kit.db import Database
from purvey.kit.errors import FieldError, Invalid, Malformed
from purvey.kit.misreads import fault_of
from purvey.kit.times import read_time, refuse_beyond
from purvey.web.session import Page, check_form_token

T = TypeVar("T")
TOKEN_FIELD = "csrf"  # noqa: S105
BOXES_FIELD = "box"
ONCE_MAX = 64
EMPTY = "Fill this in"
ONCE_WINDOW = timedelta(days=1)
FORM_FIELDS = 600  # as many products as a code may be for, and the others
FORM_BYTES = 16_384  # of a form in which nothing long is typed
TEXT_BYTES = 100_000  # of one with a message: 5,000 letters, each percent-encoded
TEXTS_BYTES = 1_000_000  # of one with descriptions
AT_ONCE_BYTES = 32_768  # what is longer is read beside the loop
URL_ENCODED = "application/x-www-form-urlencoded"


class Form:
    """The fields of a posted form. A field that is not there reads as empty.

    A browser leaves out a box that is not ticked, so `boxes` says which ones were there to tick.
    """

    def __init__(self, fields: Mapping[str, list[str]], boxes: Collection[str] = ()) -> None:
        self.fields, self.boxes = fields, frozenset(boxes)

    def has(self, name: str) -> bool:
        """Whether the page showed this field."""
        return name in self.fields or name in self.boxes

    def is_as_shown(self, name: str, shown: Any) -> bool:
        """Whether a field comes back as the page showed it; a browser makes the ends of lines its own."""
        if isinstance(shown, bool):
            return self.ticked(name) is shown
        if isinstance(shown, list):
            return self.all(name) == [str(each) for each in shown]
        text = ("" if shown is None else str(shown)).replace("\r\n", "\n").replace("\r", "\n")
        return self.raw(name) in (text, text.replace("\n", ""))

    def text(self, name: str) -> str:
        """A field without the blanks around it."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """A field as it was typed, line ends made plain."""
        return (self.fields.get(name) or [""])[0].replace("\r\n", "\n")

    def maybe(self, name: str) -> str | None:
        """A field, or None when nothing was typed."""
        return self.text(name) or None

    def all(self, name: str) -> list[str]:
        return [value for value in self.fields.get(name, []) if value]

    def ticked(self, name: str) -> bool:
        return bool(self.text(name))

    def whole(self, name: str) -> int | None:
        """A whole number, or None when nothing was typed; Invalid names the field."""
        typed = self.text(name)
        if not typed:
            return None
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", typed):
            raise Invalid.field(f"/{name}", "Give a whole number")
        return int(typed)

    def minor(self, name: str, currency: str) -> int | None:
        """An amount of money in minor units, typed in whole ones; None when nothing was typed."""
        text = self.text(name)
        return amounts.typed(text, currency, pointer=f"/{name}").minor if text else None

    def hundredths(self, name: str) -> int | None:
        """A number with two decimals at most, in hundredths: 12.5 is 1250; None when nothing was typed."""
        typed = self.text(name).replace(",", ".").removesuffix("%").strip()
        if not typed:
            return None
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,2})?", typed):
            raise Invalid.field(f"/{name}", "Give a number with at most two decimals")
        return int(Decimal(typed) * 100)

    def moment(self, name: str) -> datetime | None:
        """A day and a time in UTC, as a browser's field gives it; None when nothing was typed."""
        typed = self.text(name)
        if not typed:
            return None
        return read_time(typed, pointer=f"/{name}")

    def id(self, name: str) -> UUID | None:
        typed = self.text(name)
        try:
            return UUID(typed) if typed else None
        except ValueError:
            raise Invalid.field(f"/{name}", "Choose one of these") from None


async def posted(page: Page) -> Form:
    """The form that was sent, once it is known to be ours; ForgedForm otherwise."""
    is_form = page.headers.get("content-type", "").startswith(URL_ENCODED)
    fields: dict[str, list[str]] = {}
    if is_form:
        body = await page.body()
        fields = await asyncio.to_thread(fields_of, body) if len(body) > AT_ONCE_BYTES else fields_of(body)
    check_form_token(page, (fields.pop(TOKEN_FIELD, None) or [""])[0])
    return Form(fields, boxes=fields.pop(BOXES_FIELD, []))


def fields_of(body: bytes) -> dict[str, list[str]]:
    """The fields of a form by their names; Malformed when there are too many. Nothing of it is kept."""
    try:
        pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=FORM_FIELDS)
    except ValueError:
        raise Malformed(f"A form has {FORM_FIELDS} fields at most") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def check_upload(page: Page) -> None:
    """The same for an upload: its token is in the form's address, so that it is checked before a byte is read."""
    check_form_token(page, page.query_params.get(TOKEN_FIELD, ""))


async def only_once(db: Database, form: Form, *, now: datetime) -> None:
    """TooMany when this very form was sent before: a button pressed twice moves money once."""
    word = form.text("once")[:ONCE_MAX]
    detail = "This form was sent already; look at what became of it before you send another"
    await access.throttle(db, key=f"form:{word}", limit=1, window=ONCE_WINDOW, now=now, detail=detail, is_secret=True)


def changed(form: Form, shown: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Of these fields of a body those that somebody changed: what a form does not show, or brings back, stays."""
    return {
        name: value for name, value in fields.items() if form.has(name) and not form.is_as_shown(name, shown.get(name))
    }


def given(form: Form, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Of these fields of a new thing's body those that the form has; the others are what they are by default."""
    return {name: value for name, value in fields.items() if form.has(name)}


def body(kind: type[T], values: Mapping[str, Any]) -> T:
    """A JSON door's body from a form; Invalid names the field that does not fit."""
    given = {name: value for name, value in values.items() if value is not msgspec.UNSET}
    try:
        sent = msgspec.convert(given, kind, dec_hook=ids.sent)
    except msgspec.ValidationError as error:
        found = fault_of(str(error), kind)
        empty = found.code == "missing" or found.detail.endswith("not null")
        fault = FieldError(found.pointer, EMPTY if empty else found.detail)
        raise Invalid("Please mend the marked field", errors=[fault]) from None
    refuse_beyond(sent)
    return sent
