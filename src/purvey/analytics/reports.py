"""What is reported: sums, days without a gap, and who earned what."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from purvey.analytics.rules import Period


class Sums(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Money in minor units. `gross` is what buyers would have paid without discounts; `tax` is the tax in it.

    `refunds` is what went back to buyers, by refunds and by lost disputes. `units` are goods, not billing units.
    """

    orders: int = 0
    units: int = 0
    gross: int = 0
    discounts: int = 0
    refunds: int = 0
    net: int = 0
    tax: int = 0


class Day(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The sums of one day."""

    day: date
    orders: int = 0
    units: int = 0
    gross: int = 0
    discounts: int = 0
    refunds: int = 0
    net: int = 0
    tax: int = 0


class CurrencySales(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Sales in one currency: over the days asked for, each of these days, and ever since."""

    currency_code: str
    totals: Sums
    lifetime: Sums
    days: Sequence[Day]


class BestSeller(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product that sold in these days."""

    product_id: UUID
    name: str
    slug: str
    currency_code: str
    totals: Sums


class RevenueGroup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one product or series earned, or the whole site, in one currency."""

    id: UUID
    name: str
    slug: str
    currency_code: str
    totals: Sums
    days: Sequence[Day]


Row = Mapping[str, Any]


def sums_of(row: Row | None) -> Sums:
    """The sums in a row; zeros when there is none."""
    return Sums(**{name: int(row[name] or 0) for name in Sums.__struct_fields__}) if row else Sums()


def days_of(rows: Sequence[Row], period: Period) -> list[Day]:
    """Every day of the period, those without a sale as zeros."""
    known = {date.fromisoformat(row["day"]): row for row in rows}
    return [
        Day(day=day, **msgspec.structs.asdict(sums_of(known[day]))) if day in known else Day(day=day)
        for day in period.days
    ]


def sales_of(rows: Sequence[Row], period: Period, *, usual: str) -> list[CurrencySales]:
    """Sales per currency, the usual one first even when nothing was sold in it."""
    known: dict[str, Row] = {row["currency"]: row for row in rows}
    currencies = [usual, *sorted(known.keys() - {usual})]
    return [
        CurrencySales(
            currency_code=currency,
            totals=sums_of((known.get(currency) or {}).get("totals")),
            lifetime=sums_of((known.get(currency) or {}).get("lifetime")),
            days=days_of((known.get(currency) or {}).get("days") or [], period),
        )
        for currency in currencies
    ]
