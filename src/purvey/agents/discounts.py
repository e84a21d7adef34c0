"""A code tried on a product before it is bought (B10)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from purvey import access, catalog, discounts
from purvey.access import Identity, network_of
from purvey.access.guards import optional, visit_of
from purvey.agents.amounts import Shown, Usdc, shown
from purvey.discounts import Preview, TypedCode
from purvey.kit.addresses import Address
from purvey.kit.db import Database
from purvey.kit.errors import FieldError
from purvey.kit.ids import Id
from purvey.kit.money import USDC

POINTS_A_PERCENT = 100
Percentage = Annotated[float, Meta(description="Null for a code that takes off a fixed amount")]


class TryCode(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`wallet_address` would buy: a code may be limited to so many uses of one buyer.

    `tip_amount` is all that would be paid, where one pays what one wants.
    """

    code: TypedCode
    product_id: Id
    tip_amount: Usdc | None = None
    wallet_address: Address | None = None


class Verdict(msgspec.Struct, kw_only=True):
    """What the product costs with the code. `final_amount` is what is paid, tax and all.

    `minimum_amount` is what the code lowers the least to, where one pays what one wants; `message` is for a person.
    """

    valid: bool
    discount_percentage: Percentage | None
    original_price: Shown
    discounted_price: Shown
    discount_amount: Shown
    tax_amount: Shown
    final_amount: Shown
    minimum_amount: Shown | None
    message: str | None
    currency: str


@post("/discounts/validate", guards=[optional], status_code=200)
async def validate(
    request: Request[Any, Any, Any],
    data: JSONBody[TryCode],
    visitor: NamedDependency[Identity | None],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Verdict:
    """Try a code on a product. It holds nothing; whoever guesses is slowed down."""
    asker = str(visitor.user_id) if visitor else network_of(visit_of(request).address)
    await discounts.limit_guesses(db, asker, now=now)
    product = await catalog.market_product(db, data.product_id)
    tried = await discounts.preview(
        db,
        code=data.code,
        product_id=product.id,
        price_id=product.price_id,
        amount=data.tip_amount.minor if data.tip_amount else None,
        buyer_id=await buyer_of(db, data.wallet_address, visitor),
        now=now,
    )
    return verdict(tried)


async def buyer_of(db: Database, wallet: str | None, visitor: Identity | None) -> UUID | None:
    """Who would buy: the wallet that is named, or who asks; None for somebody who has not been here."""
    if wallet is not None:
        return await access.find_user_of_wallet(db, wallet)
    return visitor.user_id if visitor else None


def verdict(tried: Preview) -> Verdict:
    if tried.code is None:
        assert tried.refusal is not None
        tried.refusal.errors = (FieldError("/code", tried.refusal.detail, tried.refusal.reason),)
        raise tried.refusal
    price, points = tried.price, tried.code.basis_points
    return Verdict(
        valid=True,
        discount_percentage=None if points is None else points / POINTS_A_PERCENT,
        original_price=shown(price.amount.minor),
        discounted_price=shown((price.amount - price.discount_amount).minor),
        discount_amount=shown(price.discount_amount.minor),
        tax_amount=shown(price.tax_amount.minor),
        final_amount=shown(price.final_amount.minor),
        minimum_amount=None if tried.least is None else shown(tried.least.minor),
        message=tried.message,
        currency=USDC,
    )


doors: list[Any] = [validate]
