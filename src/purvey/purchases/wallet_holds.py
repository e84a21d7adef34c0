"""The one transaction between a verified payment and its settlement: it holds all that the sale needs, or nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from purvey import access, fees, payments
from purvey.catalog import SharedGoods
from purvey.fees import Credit
from purvey.kit import own_keys
from purvey.kit.db import Tx
from purvey.kit.ids import new_id
from purvey.kit.money import Money
from purvey.payments.x402 import QUOTE_KEPT, Quote, Settlement
from purvey.pricing import Quote as Price
from purvey.purchases import rules, store
from purvey.purchases.buying import InTheWay, paid_with_nothing, seek_alone, write
from purvey.purchases.checkouts import SUBJECT
from purvey.purchases.model import Goods, Order, Sought
from purvey.purchases.rules import X402
from purvey.purchases.settling import FREE
from purvey.purchases.wishes import Asking, Sold, Till

AFTERWARDS: Final = timedelta(minutes=2)  # the chain's clock may be behind
AMOUNTS: Final = ("unit_amount", "amount", "discount_amount", "tax_amount", "final_amount")
NUMBERS: Final = ("quantity", "units", "tax_rate_bps", "tax_inclusive")


class MadeBefore(Exception):
    """Another request with the same key was faster: look at what it made."""


def details_of(sought: Sought, price: Price, code_id: UUID | None) -> dict[str, Any]:
    """The terms of a sale, to be kept with its quote."""
    return {
        "price_version_id": str(sought.price_version_id),
        "currency": sought.currency,
        "code_id": str(code_id) if code_id else None,
        **{name: getattr(price, name).minor for name in AMOUNTS},
        **{name: getattr(price, name) for name in NUMBERS},
    }


def price_in(quote: Quote) -> Price:
    """The price as it was quoted."""
    kept = quote.details
    values: dict[str, Any] = {name: Money(kept[name], kept["currency"]) for name in AMOUNTS}
    return Price(**values, **{name: kept[name] for name in NUMBERS})


async def hold(
    till: Till, asking: Asking, order: Order, quote: Quote, credit: Credit | None
) -> tuple[UUID, Settlement]:
    """Buyer, purchase, payment, unit, code, fee and the ledger's row, at the price of the quote.

    Whatever can be refused is refused here for the last time. InTheWay, Meanwhile, MadeBefore, AlreadyEntered: look
    again.
    """
    shown, now = asking.shown, asking.now
    assert shown is not None
    purchase_id, price, code_id = new_id(), price_in(quote), quote.details["code_id"]
    expires_at = datetime.fromtimestamp(shown.valid_before, UTC) + AFTERWARDS
    async with till.db.transaction() as tx:
        await claim_keys(tx, asking, purchase_id)
        buyer_id = await access.user_of_wallet(tx, shown.payer, now=now)
        goods, sought = await still_for_sale(tx, asking, order, buyer_id)
        sought = msgspec.structs.replace(sought, price_version_id=UUID(quote.details["price_version_id"]))
        payment = await write(
            goods, order, sought, purchase_id=purchase_id, buyer_id=buyer_id,
            code_id=UUID(code_id) if code_id else None, price=price, provider=X402, expires_at=expires_at,
            code_valid_at=min(now, quote.expires_at - QUOTE_KEPT), now=now,
        )  # fmt: skip
        await hold_fee(tx, till, sought, purchase_id=purchase_id, money=price.final_amount, credit=credit, now=now)
        settlement = await till.rail.enter(
            tx, shown, quote, subject_type=SUBJECT, subject_id=purchase_id, payment_id=payment.id, now=now
        )
        await payments.save_checkout(
            tx, payment.id, url=quote.resource, reference=str(settlement.id), expires_at=expires_at, now=now
        )
    return purchase_id, settlement


async def take_for_nothing(
    till: Till, asking: Asking, order: Order, price: Price, *, code_id: UUID | None, credit: Credit | None
) -> Sold:
    """The same for what costs nothing but a fee, for the holder of the wallet's receipt: it is theirs at once."""
    now, purchase_id = asking.now, new_id()
    assert asking.payer is not None
    async with till.db.transaction() as tx:
        await claim_keys(tx, asking, purchase_id)
        buyer_id = await access.user_of_wallet(tx, asking.payer, now=now)
        goods, sought = await still_for_sale(tx, asking, order, buyer_id)
        payment = await write(
            goods, order, sought, purchase_id=purchase_id, buyer_id=buyer_id, code_id=code_id, price=price,
            provider=FREE, expires_at=now, now=now,
        )  # fmt: skip
        await hold_fee(tx, till, sought, purchase_id=purchase_id, money=price.final_amount, credit=credit, now=now)
        await paid_with_nothing(tx, payment, now=now)
    return Sold(purchase_id=purchase_id, buyer_id=buyer_id, settlement=None)


async def claim_keys(tx: Tx, asking: Asking, purchase_id: UUID) -> None:
    """Let the request's keys point to this purchase, unless to one that was not let go; MadeBefore."""
    for key in sorted(asking.keys, key=lambda each: each.key):  # so that two who hold both never wait in a ring
        made = await own_keys.claim(tx, key, subject_id=purchase_id, now=asking.now)
        if made is None:
            continue
        before = await store.find(tx, made)
        if before is not None and before.goods is not Goods.RELEASED:
            raise MadeBefore
        await own_keys.point(tx, key, purchase_id)


async def still_for_sale(tx: Tx, asking: Asking, order: Order, buyer_id: UUID) -> tuple[SharedGoods, Sought]:
    """The product once more, under the locks of whoever buys."""
    goods, sought = await seek_alone(tx, order, buyer_id=buyer_id)
    if sought.open_id is not None:
        raise InTheWay(sought.open_id)
    verified = asking.me is not None and asking.me.email_verified and asking.me.user_id == buyer_id
    rules.refuse_impossible(sought, order, email_verified=verified, now=asking.now)
    return goods, sought


async def hold_fee(
    tx: Tx, till: Till, sought: Sought, *, purchase_id: UUID, money: Money, credit: Credit | None, now: datetime
) -> None:
    await fees.hold(
        tx, credit=credit, rates=till.rates, amount=money, purchase_id=purchase_id, tenant_id=sought.tenant_id,
        site_id=sought.site_id, now=now,
    )  # fmt: skip
