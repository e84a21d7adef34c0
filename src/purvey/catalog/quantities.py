"""How many copies there are, as the author says it: never fewer than are sold or held (A25)."""

import msgspec

from purvey.catalog import store
from purvey.catalog.model import Product
from purvey.kit.db import Tx
from purvey.kit.errors import Conflict, FieldError


class TooFewCopies(Conflict):
    """More copies are sold or held than the author wants there to be."""

    code = "too_few_copies"


class Copies(msgspec.Struct, frozen=True):
    reserved: int
    sold: int


async def keep_true(tx: Tx, before: Product, after: Product) -> None:
    """Make the stock follow the product; TooFewCopies tells the numbers.

    A product that is limited no more keeps its row: open checkouts still count in it.
    """
    if not after.is_limited:
        return
    total = after.total_quantity or 0
    if not before.is_limited:
        fits = await store.open_stock(tx, after.id, total=total)
    elif total != before.total_quantity:
        fits = await store.set_total(tx, after.id, total=total)
    else:
        return
    if not fits:
        copies = await store.copies(tx, Copies, after.id, was_limited=before.is_limited)
        detail = (
            f"totalQuantity cannot be {total}: {copies.sold} copies are sold"
            f" and {copies.reserved} are held by open checkouts"
        )
        raise TooFewCopies(
            detail,
            errors=[FieldError("/totalQuantity", detail)],
            extra={"sold": copies.sold, "reserved": copies.reserved},
        )
