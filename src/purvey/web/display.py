"""How things read on a page: money, days, sizes, words for states."""

import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from purvey.kit.amounts import for_people
from purvey.kit.money import Money
from purvey.kit.urls import is_web
from purvey.pricing import Tax, paid_for

LOCALE = "en"
TINTS = 8

PRODUCT_TYPES = {
    "DIGITAL_DOWNLOAD": "Digital download",
    "BONUS_CONTENT": "Bonus content",
    "ART_PACK": "Art pack",
    "WALLPAPER_PACK": "Wallpaper pack",
    "AUDIO_CONTENT": "Audio",
    "EBOOK": "E-book",
    "BUNDLE": "Bundle",
    "MERCHANDISE": "Merchandise",
    "COMMISSION_SLOT": "Commission",
    "CUSTOM": "Something else",
}
STATES = {
    "PENDING": ("Awaiting payment", "wait"),
    "PROCESSING": ("Payment processing", "wait"),
    "REQUIRES_ACTION": ("Waiting for you at the bank", "wait"),
    "SUCCEEDED": ("Paid", "good"),
    "FAILED": ("Payment failed", "bad"),
    "EXPIRED": ("Expired", "off"),
    "REFUNDED": ("Refunded", "off"),
    "PARTIALLY_REFUNDED": ("Partly refunded", "good"),
    "DISPUTED": ("Disputed", "wait"),
    "CHARGEBACK_WON": ("Paid", "good"),
    "CHARGEBACK_LOST": ("Charged back", "bad"),
    "ON_HOLD": ("On hold", "wait"),
    "CANCELLED": ("Cancelled", "off"),
    "TO_DO": ("Not begun", "wait"),
    "IN_PROGRESS": ("In progress", "wait"),
    "SHIPPED": ("Shipped", "good"),
    "DONE": ("Done", "good"),
    "OPEN": ("Open", "wait"),
    "APPROVED": ("Approved", "good"),
    "DECLINED": ("Declined", "off"),
    "WITHDRAWN": ("Taken back", "off"),
    "CLOSED": ("Closed", "off"),
    "REQUESTED": ("Requested", "wait"),
    "SENT": ("Sent", "wait"),
}


def money(minor: int | None, currency: str) -> str:
    """An amount as people write it."""
    return "-" if minor is None else for_people(Money(minor, currency))


def plain_amount(minor: int | None, currency: str) -> str:
    """An amount as it stands in an input field: 12.50."""
    return "" if minor is None else Money(minor, currency).written


def price(minor: int, currency: str) -> str:
    """An amount to pay, or the word for none."""
    return money(minor, currency) if minor else "Free"


def with_tax(minor: int, priced: Any) -> int:
    """What is paid for a price of something that says how tax stands to it."""
    return paid_for(minor, priced.currency_code, Tax(rate_bps=priced.tax_rate_bps, inclusive=priced.tax_inclusive))


def percent(basis_points: int) -> str:
    """Hundredths of a percent as people write them: 20 %, 7.7 %."""
    return f"{Decimal(basis_points).scaleb(-2).normalize():f} %"


def day(at: datetime) -> Markup:
    """A day, with its moment for machines and on hovering."""
    at = at.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), f"{at:%-d %B %Y, %H:%M} UTC", f"{at:%-d %b %Y}"
    )


def moment(at: datetime) -> Markup:
    """A day and a time."""
    at = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), f"{at:%-d %b %Y, %H:%M} UTC"
    )


def field_moment(at: datetime | str | None) -> str:
    """A moment as a browser's datetime field takes it."""
    if at is None or isinstance(at, str):
        return at or ""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M}"


def size(count: int) -> str:
    """Bytes in the unit that keeps the number short."""
    amount = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("unreachable")


def product_type(code: str | None) -> str:
    return PRODUCT_TYPES.get(code or "", "Chapter" if code is None else str(code).replace("_", " ").capitalize())


def state(code: str) -> Markup:
    """A state as a badge."""
    words, mood = STATES.get(code, (code.replace("_", " ").capitalize(), "off"))
    return Markup('<span class="badge {}">{}</span>').format(mood, words)


def paragraphs(text: str | None) -> Markup:
    """Typed text as paragraphs; a single line end stays one."""
    blocks = [block.strip("\n") for block in (text or "").replace("\r\n", "\n").split("\n\n")]
    return Markup("\n").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in block.split("\n")))
        for block in blocks
        if block.strip()
    )


def tint(key: Any) -> str:
    """The colour of a thing without a picture: always the same for the same thing."""
    return f"tint-{zlib.crc32(str(key).encode()) % TINTS}"


def initial(name: str) -> str:
    return next((letter.upper() for letter in name if letter.isalnum()), "·")


def web_link(url: str | None) -> str | None:
    """An address that is safe to follow, or None: https and http alone, never javascript."""
    typed = (url or "").strip()
    return typed if is_web(typed) else None


def lasting(left: timedelta) -> str:
    """How long something still is, roughly."""
    minutes = max(0, int(left.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


FILTERS: Mapping[str, Callable[..., Any]] = {
    "money": money,
    "plain_amount": plain_amount,
    "price": price,
    "with_tax": with_tax,
    "percent": percent,
    "day": day,
    "moment": moment,
    "field_moment": field_moment,
    "size": size,
    "product_type": product_type,
    "state": state,
    "paragraphs": paragraphs,
    "tint": tint,
    "initial": initial,
    "web_link": web_link,
    "lasting": lasting,
}
