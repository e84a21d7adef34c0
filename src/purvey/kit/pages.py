"""A list is read in pages of a stable order: by number for people, by an opaque cursor for machines.

A page is fetched with one row too many, so that it knows whether another follows without counting.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from purvey.kit.errors import Invalid, Malformed
from purvey.kit.times import is_near

T = TypeVar("T")
R = TypeVar("R")

PER_PAGE = 20
PER_PAGE_MAX = 100
DEPTH_MAX = 10_000
CURSOR_MAX = 1_000

PageNumber = Annotated[int, QueryParameter(ge=1, le=DEPTH_MAX, description="Which page; the cursor goes deeper.")]
PerPage = Annotated[int, QueryParameter(name="perPage", ge=1, le=PER_PAGE_MAX, description="Rows a page.")]
CursorParameter = Annotated[
    str | None, QueryParameter(max_length=CURSOR_MAX, description="`nextCursor` of the page before; instead of `page`.")
]
Count = Annotated[bool, QueryParameter(description="Also count all rows, as `total`.")]


FIRST: Mapping[type, Any] = {
    bool: False,
    int: -(2**63),
    str: "",
    UUID: UUID(int=0),
    datetime: datetime(1, 1, 1, tzinfo=UTC),
}
LAST: Mapping[type, Any] = {
    bool: True,
    int: 2**63 - 1,
    UUID: UUID(int=2**128 - 1),
    datetime: datetime(9999, 12, 31, tzinfo=UTC),
}
SQL_TYPES = {bool: "boolean", int: "bigint", str: "text", UUID: "uuid", datetime: "timestamptz"}


class Order(msgspec.Struct, Generic[R], frozen=True):
    """A total order of rows. `sql` are expressions, never null, the last one unique; all go up, or all go down.

    `kinds` are their Python types, and `place` takes the same values from a row.
    """

    name: str
    sql: tuple[str, ...]
    kinds: tuple[type, ...]
    place: Callable[[R], tuple[Any, ...]]
    descending: bool = False

    @property
    def by(self) -> str:
        """What follows `order by`."""
        return ", ".join(f"{each} desc" if self.descending else each for each in self.sql)

    def beyond(self, first: int) -> str:
        """The condition of rows beyond a place whose values are bound as `$first` and the ones after it.

        It is one row comparison, so that an index on the order goes straight to the place.
        """
        values = ", ".join(f"${first + at}::{SQL_TYPES[kind]}" for at, kind in enumerate(self.kinds))
        return f"({', '.join(self.sql)}) {'<' if self.descending else '>'} ({values})"

    @property
    def start(self) -> tuple[Any, ...]:
        """The place before every row."""
        return tuple((LAST if self.descending else FIRST)[kind] for kind in self.kinds)


class Asked(msgspec.Struct, frozen=True):
    """Which page was asked for. `after` is the place of the last row before it, when a cursor was sent."""

    page: int = 1
    per_page: int = PER_PAGE
    cursor: str | None = None
    count: bool = False

    @property
    def offset(self) -> int:
        return 0 if self.cursor else (self.page - 1) * self.per_page

    @property
    def limit(self) -> int:
        """One more than a page holds."""
        return self.per_page + 1

    def place(self, order: Order[Any]) -> tuple[Any, ...]:
        """The values to bind for `order.beyond(…)`; Malformed for a cursor that is not of this list."""
        return order.start if self.cursor is None else read_cursor(self.cursor, order)[1]


class Page(msgspec.Struct, Generic[T], rename="camel", kw_only=True):
    """A page of a list. `next_cursor` is null at the end; `total` is there with `?count=true`."""

    data: list[T]
    page: int
    per_page: int
    next_cursor: str | None
    total: int | msgspec.UnsetType = msgspec.UNSET


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor says: in which order, on which page it goes on, after which row."""

    order: str
    page: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    place: list[Any]


async def paging(
    page: PageNumber = 1, per_page: PerPage = PER_PAGE, cursor: CursorParameter = None, count: Count = False
) -> Asked:
    """The dependency `paging`: which page the query asks for."""
    return asked(page, per_page, cursor, count=count)


PAGING = {"paging": Provide(paging)}
Paging = NamedDependency[Asked]


def asked(page: int = 1, per_page: int = PER_PAGE, cursor: str | None = None, *, count: bool = False) -> Asked:
    """Which page is meant; Invalid when it lies too deep for a number."""
    if cursor is None and page * per_page > DEPTH_MAX:
        raise Invalid.field(
            "query:page", f"page times perPage goes to {DEPTH_MAX}; beyond that follow nextCursor", code="too_deep"
        )
    return Asked(page, per_page, cursor or None, count)


def page_of(
    rows: Sequence[R], view: Callable[[R], T], *, asked: Asked, order: Order[R], total: int | None = None
) -> Page[T]:
    """A page of views from `asked.limit` rows in this order."""
    shown = rows[: asked.per_page]
    page = read_cursor(asked.cursor, order)[0] if asked.cursor else asked.page
    more = len(rows) > len(shown)
    return Page(
        data=[view(row) for row in shown],
        page=page,
        per_page=asked.per_page,
        next_cursor=write_cursor(Cursor(order.name, page + 1, list(order.place(shown[-1])))) if more else None,
        total=msgspec.UNSET if total is None else total,
    )


async def total_of(asked: Asked, count: Callable[[], Awaitable[int]]) -> int | None:
    """The count, when it was asked for."""
    return await count() if asked.count else None


def write_cursor(cursor: Cursor) -> str:
    return urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str, order: Order[Any]) -> tuple[int, tuple[Any, ...]]:
    """The page and place that a cursor names; Malformed when it is none, or one of another list or order."""
    try:
        cursor = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Cursor)
        place: tuple[Any, ...] = tuple(
            msgspec.convert(value, kind) for value, kind in zip(cursor.place, order.kinds, strict=True)
        )
    except (ValueError, msgspec.MsgspecError):
        raise bad_cursor() from None
    if cursor.order != order.name or not all(map(can_be_bound, place)):
        raise bad_cursor()
    return cursor.page, place


def can_be_bound(value: Any) -> bool:
    """Whether a value of a cursor, which anybody can write, is one that the database could have given."""
    match value:
        case datetime():
            return value.tzinfo is not None and is_near(value)
        case int():
            return -(2**63) <= value < 2**63
        case str():
            return "\x00" not in value
    return True


def bad_cursor() -> Malformed:
    return Malformed.field(
        "query:cursor", "is no cursor of this list in this order; start again without one", code="invalid_cursor"
    )
