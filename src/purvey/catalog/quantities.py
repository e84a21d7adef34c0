"""How many copies there are, as the author says it: never fewer than are sold or held (A25)."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec

from purvey.catalog import stock, store
from purvey.catalog.model import Product
from purvey.kit.db import Tx
from purvey.kit.errors import Conflict, FieldError


class TooFewCopies(Conflict):
    """More copies are sold or held than the author wants there to be."""

    code = "too_few_copies"


# How many copies open checkouts hold that no shelf counts; it counts them from now on. Whoever sells knows.
CountHeld = Callable[[Tx, UUID], Awaitable[int]]


class Copies(msgspec.Struct, frozen=True):
    reserved: int
    sold: int


async def keep_true(tx: Tx, before: Product, after: Product, *, count_held: CountHeld) -> None:
    """Make the stock follow the product; TooFewCopies tells the numbers.

    A product that becomes limited counts what was sold of it and what open checkouts hold, and nobody buys it
    meanwhile. One that is limited no more keeps its row: what was counted still counts in it.
    """
    if before.is_limited is not after.is_limited:
        await stock.have_alone(tx, after.id)
    if not after.is_limited:
        return
    total, held = after.total_quantity or 0, 0
    if not before.is_limited:
        held = await count_held(tx, after.id)
        fits = await store.open_stock(tx, after.id, total=total, held=held)
    elif total != before.total_quantity:
        fits = await store.set_total(tx, after.id, total=total)
    else:
        return
    if not fits:
        copies = await store.copies(tx, Copies, after.id, was_limited=before.is_limited, held=held)
        detail = (
            f"totalQuantity cannot be {total}: {copies.sold} copies are sold"
            f" and {copies.reserved} are held by open checkouts; it can be {copies.sold + copies.reserved} or more"
        )
        raise TooFewCopies(
            detail,
            errors=[FieldError("/totalQuantity", detail)],
            extra={"sold": copies.sold, "reserved": copies.reserved},
        )
