"""What a code would do to a price: asked before buying, promising nothing (A24, B10)."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from purvey import access, catalog
from purvey.discounts import actions
from purvey.discounts.model import DiscountCode, Reason
from purvey.discounts.rules import InvalidDiscount
from purvey.kit.db import Queries
from purvey.kit.errors import NotFound
from purvey.pricing import Quote, quote

TRIES = 60
TRIES_WINDOW = timedelta(minutes=10)


class Preview(msgspec.Struct, frozen=True):
    """The price with the code, or why it does not apply; `code` is None then."""

    code: DiscountCode | None
    price: Quote
    refusal: InvalidDiscount | None = None

    @property
    def reason(self) -> Reason | None:
        return self.refusal.why if self.refusal else None


async def limit_guesses(db: Queries, asker: str, *, now: datetime) -> None:
    """Codes are secrets of a kind: who guesses is slowed down; TooMany."""
    await access.throttle(
        db,
        key=f"codes:{asker}",
        limit=TRIES,
        window=TRIES_WINDOW,
        now=now,
        detail="Too many codes tried; wait a little, then try again",
    )


async def preview(
    db: Queries,
    *,
    code: str,
    product_id: UUID,
    price_id: UUID | None = None,
    quantity: int = 1,
    amount: int | None = None,
    buyer_id: UUID | None,
    now: datetime,
) -> Preview:
    """What a product comes to with a code; `amount` is chosen in pay-what-you-want. NotFound, Invalid."""
    offer = await catalog.find_offer(db, product_id, price_id)
    if offer is None or not offer.on_sale:
        raise NotFound("There is no such product on sale, or no such price of it")
    terms = offer.terms(quantity=quantity, chosen_amount=amount)
    whole = quote(msgspec.structs.replace(terms, chosen_amount=None))
    try:
        found = await actions.redeemable(
            db,
            site_id=offer.site_id,
            code=code,
            product_id=product_id,
            amount=whole.amount,
            buyer_id=buyer_id,
            now=now,
        )
    except InvalidDiscount as refusal:
        return Preview(None, whole, refusal)
    return Preview(found, quote(msgspec.structs.replace(terms, discount=found.terms)))
