"""What a code would do to a price: asked before buying, promising nothing (A24, B10)."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from purvey import access, catalog
from purvey.discounts import actions, rules
from purvey.discounts.model import DiscountCode, Reason
from purvey.discounts.rules import InvalidDiscount
from purvey.kit.db import Queries
from purvey.kit.errors import NotFound
from purvey.kit.money import Money
from purvey.pricing import Quote, least, quote

TRIES = 60
TRIES_WINDOW = timedelta(minutes=10)


class Preview(msgspec.Struct, frozen=True):
    """The price with the code, or why it does not apply; `code` is None then.

    `least` is what the code lowers the minimum to, where one pays what one wants.
    """

    code: DiscountCode | None
    price: Quote
    refusal: InvalidDiscount | None = None
    least: Money | None = None

    @property
    def message(self) -> str | None:
        """What a buyer should know: why the code does not apply, or what else it does."""
        return self.refusal.detail if self.refusal else rules.effect(self.price, self.least)

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
    try:
        found, price = await actions.redeemed(
            db, terms, site_id=offer.site_id, code=code, product_id=product_id, buyer_id=buyer_id, now=now
        )
    except InvalidDiscount as refusal:
        return Preview(None, quote(msgspec.structs.replace(terms, chosen_amount=None)), refusal)
    return Preview(found, price, least=least(msgspec.structs.replace(terms, discount=found.terms)))
