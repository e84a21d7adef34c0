"""What a body means for the prices that are there: which it changes, adds, archives. Pure (C1, rulings 5 and 8)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from purvey.catalog import rules
from purvey.catalog.forms import MAX_PRICES, ChangedPrice, UpdateProduct
from purvey.catalog.model import Price, Terms
from purvey.catalog.naming import Named
from purvey.kit.errors import FieldError, Invalid
from purvey.kit.ids import new_id
from purvey.kit.money import known_currency
from purvey.kit.versions import READ_ONLY, same

MAX_PRICES_EVER = 1_000
TERM_OF = {
    "amount": "amount",
    "currency_code": "currency",
    "compare_at_amount": "compare_at_amount",
    "recurring": "recurring",
    "quantity_transform": "transform",
}
FLAT = {"price": "amount", "compare_price": "compare_at_amount", "currency_code": "currency"}
WIRE = {"price": "price", "compare_price": "comparePrice", "currency_code": "currencyCode"}


class PriceList(msgspec.Struct, frozen=True, kw_only=True):
    """The prices of a product as they shall be, and how that differs from what is there."""

    before: Sequence[Price]
    after: Sequence[Price]
    added: Sequence[Named]

    @property
    def old(self) -> dict[UUID, Price]:
        return {price.id: price for price in self.before}

    @property
    def new(self) -> list[Price]:
        return [price for price in self.after if price.id not in self.old]

    @property
    def reworded(self) -> list[Price]:
        """Those that get another version."""
        return [price for price in self.changed if price.version_id != self.old[price.id].version_id]

    @property
    def changed(self) -> list[Price]:
        return [price for price in self.after if price.id in self.old and price != self.old[price.id]]

    @property
    def default(self) -> Price:
        return next(price for price in self.after if price.is_default)

    @property
    def offered(self) -> list[Terms]:
        return [price.terms for price in self.after if price.archived_at is None]

    @property
    def differs(self) -> bool:
        return bool(self.new or self.changed)


def repriced(before: Sequence[Price], form: UpdateProduct, *, now: datetime) -> PriceList:
    """The prices as the body wants them; Invalid names every entry that cannot be."""
    faults: list[FieldError] = []
    after = {price.id: price for price in before}
    added: list[Named] = []
    touched: set[UUID] = set()
    currency = default_of(before).terms.currency
    for at, entry in enumerate(form.prices or []):
        pointer = f"/prices/{at}"
        price = match(before, entry)
        faults += list(entry_faults(entry, price, pointer, touched))
        if faults:
            continue
        if price is None:
            price = new_price(entry, position=len(after), currency=currency)
            added.append(Named(pointer, given(entry), entry.sku or None))
        after[price.id] = reworded(price, entry, pointer=pointer, now=now)
        touched.add(price.id)
    refuse(faults)
    prices = with_default(list(after.values()), form)
    prices = with_flat(before, prices, form)
    refuse(list(list_faults(prices)))
    found = PriceList(before=before, after=prices, added=added)
    refuse([fault for price in [*found.new, *found.reworded] for fault in fineness(price, form, prices)])
    return found


def fineness(price: Price, form: UpdateProduct, prices: Sequence[Price]) -> Iterator[FieldError]:
    """What is finer than it can be charged, by its place in the body."""
    listed = enumerate(form.prices or [])
    place = next((f"/prices/{at}" for at, entry in listed if match(prices, entry) == price), None)
    return rules.fineness(price.terms, place)


def given(entry: ChangedPrice) -> str | None:
    """The creator's own name for a price."""
    return entry.id or entry.ref or None


def match(prices: Sequence[Price], entry: ChangedPrice) -> Price | None:
    """The price that an entry is about: by its id, its creator's name for it, or its SKU."""
    by_id = [price for price in prices if entry.id and entry.id in (str(price.id), price.ref)]
    by_sku = [price for price in prices if not entry.id and entry.sku and entry.sku == price.sku]
    return next(iter([*by_id, *by_sku]), None)


def entry_faults(entry: ChangedPrice, price: Price | None, pointer: str, touched: set[UUID]) -> Iterator[FieldError]:
    if price is None:
        if not entry.sku:
            yield FieldError(f"{pointer}/sku", "No price has this id; a new price needs a sku", "missing")
        if entry.amount is UNSET:
            yield FieldError(f"{pointer}/amount", "No price has this id or SKU; a new one needs an amount", "missing")
        return
    if price.id in touched:
        yield FieldError(f"{pointer}/id", "This price stands twice in the body", "duplicate")
    if entry.sku and entry.sku != price.sku:
        yield FieldError(f"{pointer}/sku", f"A SKU is for ever: this price is {price.sku!r}", "read_only")
    if entry.ref and entry.ref != price.ref:
        yield FieldError(f"{pointer}/ref", f"A price keeps its name: this one is {price.ref!r}", "read_only")
    if not same(entry.version_id, price.version_id):
        yield FieldError(f"{pointer}/versionId", READ_ONLY, "read_only")


def new_price(entry: ChangedPrice, *, position: int, currency: str) -> Price:
    id = new_id()
    assert entry.sku and entry.amount is not UNSET
    return Price(
        id=id,
        ref=given(entry) or str(id),
        sku=entry.sku,
        is_default=False,
        position=position,
        version_id=new_id(),
        archived_at=None,
        terms=Terms(amount=entry.amount, currency=currency),
    )


def reworded(price: Price, entry: ChangedPrice, *, pointer: str, now: datetime) -> Price:
    """A price with what an entry says of it; other terms make another version."""
    if entry.currency_code:
        known_currency(entry.currency_code, pointer=f"{pointer}/currencyCode")
    sent = {name: getattr(entry, name) for name in TERM_OF}
    price = on_terms(price, {TERM_OF[name]: value for name, value in sent.items() if value is not UNSET})
    if entry.is_archived is UNSET or entry.is_archived == (price.archived_at is not None):
        return price
    return msgspec.structs.replace(price, archived_at=now if entry.is_archived else None)


def on_terms(price: Price, changes: dict[str, Any]) -> Price:
    terms = msgspec.structs.replace(price.terms, **changes)
    return price if terms == price.terms else msgspec.structs.replace(price, terms=terms, version_id=new_id())


def with_default(prices: list[Price], form: UpdateProduct) -> list[Price]:
    """The prices with the default that the body names, if it names another."""
    old = default_of(prices)
    said = {
        price.id: (at, entry.is_default)
        for at, entry in enumerate(form.prices or [])
        if entry.is_default is not UNSET and (price := match(prices, entry))
    }
    chosen = [id for id, (_, is_default) in said.items() if is_default and id != old.id]
    if len(chosen) > 1:
        raise Invalid.field(f"/prices/{said[chosen[1]][0]}/isDefault", "One price is the default")
    if not chosen and said.get(old.id, (0, True))[1] is False:
        raise Invalid.field(f"/prices/{said[old.id][0]}/isDefault", "Say which other price is the default instead")
    return [msgspec.structs.replace(price, is_default=price.id == chosen[0]) for price in prices] if chosen else prices


def with_flat(before: Sequence[Price], prices: list[Price], form: UpdateProduct) -> list[Price]:
    """The flat fields are the default price's; who sends them back as they were read changes nothing by it."""
    was, default = default_of(before), default_of(prices)
    changes: dict[str, Any] = {}
    for name, term in FLAT.items():
        sent, old, new = getattr(form, name), getattr(was.terms, term), getattr(default.terms, term)
        if sent is UNSET or sent in (old, new):
            continue
        if new != old and default.id == was.id:
            raise Invalid.field(f"/{WIRE[name]}", f"It says {sent}, and prices say {new}; send one of the two")
        changes[term] = sent
    if form.currency_code:
        known_currency(form.currency_code)
    if form.sku and form.sku not in (was.sku, default.sku):
        raise Invalid.field("/sku", f"A SKU is for ever: the default price is {was.sku!r}", code="read_only")
    return [on_terms(price, changes) if price.is_default else price for price in prices]


def list_faults(prices: Sequence[Price]) -> Iterator[FieldError]:
    if default_of(prices).archived_at is not None:
        yield FieldError("/prices", "The default price is on offer always; make another one the default first")
    if sum(price.archived_at is None for price in prices) > MAX_PRICES:
        yield FieldError("/prices", f"A product offers at most {MAX_PRICES} prices; archive some")
    if len(prices) > MAX_PRICES_EVER:
        yield FieldError("/prices", f"A product has at most {MAX_PRICES_EVER} prices, archived ones too")


def default_of(prices: Sequence[Price]) -> Price:
    return next(price for price in prices if price.is_default)


def refuse(faults: Sequence[FieldError]) -> None:
    if faults:
        raise Invalid.fields(*faults)
