"""Where an agent pays the platform's fee before it buys: a credit, good for one purchase that it covers (B6)."""

from typing import Any

import msgspec
from litestar import Response, post
from litestar.params import JSONBody

from purvey import fees, purchases
from purvey.access import Identity, network_of
from purvey.access.guards import visit_of
from purvey.agents.amounts import Shown, Usdc, shown
from purvey.agents.paying import (
    ACCEPTED,
    ASKED,
    OK,
    OWN_KEY,
    PAY,
    Asked,
    Code,
    Word,
    answer,
    asker_of,
    keys_of,
    pay_first,
    receipt_of,
    resource_of,
    shown_by,
    till_of,
    world_of,
)
from purvey.fees import FeeAsking
from purvey.kit.errors import Invalid, NotAllowed
from purvey.kit.ids import Id
from purvey.kit.money import USDC, Money
from purvey.payments.x402 import PaymentNeeded
from purvey.purchases import Asking, Wish


class PayFee(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`support_amount` is what the purchase will cost. With `product_id`, what cannot be sold is refused here."""

    payer_wallet_address: Word
    support_amount: Usdc | None = None
    product_id: Id | None = None
    discount_code: Code | None = None


class FeeMade(msgspec.Struct, kw_only=True):
    """`fee_tx` goes into `platform_fee_tx`; it is null where this shop takes no fee, or while `status` is pending."""

    success: bool
    fee_tx: str | None
    amount: Shown
    status: str
    network: str | None
    payer_wallet_address: str


ANSWERS = {
    OK: answer(FeeMade, "Paid, now or before, and not used yet."),
    ACCEPTED: answer(FeeMade, "The payment is on its way: show the same one again."),
    PAY: ASKED,
}


@post("/platform/fee", opt=OWN_KEY, responses=ANSWERS, status_code=OK)
async def pay_fee(request: Asked, data: JSONBody[PayFee]) -> Response[Any]:
    """Pay the platform's fee of a purchase to come, by x402."""
    world, payment = world_of(request), shown_by(request)
    till = till_of(world)
    me = await asker_of(request, payment)
    payer = data.payer_wallet_address
    if me is not None and me.wallet is not None and me.wallet != payer.lower():
        raise NotAllowed("The receipt is another wallet's than payer_wallet_address", code="other_wallet")
    amount = await amount_of(request, data, me)
    money = fees.fee_of(amount, till.rates)
    if not money or world.settings.x402_platform_wallet is None:
        nothing = FeeMade(
            success=True, fee_tx=None, amount=0, status="confirmed", network=None, payer_wallet_address=payer
        )
        return Response(nothing, status_code=OK)
    asking = FeeAsking(
        payer=payer,
        amount=amount,
        money=money,
        rates=till.rates,
        wallet=world.settings.x402_platform_wallet,
        shown=payment,
        signed_in=me is not None and me.wallet is not None,
        keys=await keys_of(request, payer, payment),
        resource=resource_of(request),
        now=world.clock(),
    )
    try:
        paid = await fees.pay(world.db, till.rail, asking)
    except PaymentNeeded as needed:
        unused = await fees.unused_of(world.db, payer)
        covers = unused is not None and fees.fee_of(amount, unused.rates) <= unused.money
        return pay_first(needed, **({"unused_fee_tx": unused.tx_hash} if unused and covers else {}))
    credit = paid.credit
    told = FeeMade(
        success=True,
        fee_tx=credit.tx_hash,
        amount=shown(credit.amount),
        status="confirmed" if paid.counts else "pending",
        network=credit.network,
        payer_wallet_address=payer,
    )
    return Response(told, status_code=OK if paid.counts else ACCEPTED, headers=receipt_of(paid.settlement))


async def amount_of(request: Asked, data: PayFee, me: Identity | None) -> Money:
    """What the purchase will cost; with a product, at least what that comes to, and why it cannot be bought."""
    said = data.support_amount.minor if data.support_amount else None
    if data.product_id is None:
        if said is None:
            raise Invalid.field("/support_amount", "Say what the purchase will cost, or name its product_id")
        return Money(said, USDC)
    world = world_of(request)
    asking = Asking(
        wish=Wish(
            product_id=data.product_id,
            wallet=data.payer_wallet_address,
            chosen_amount=said,
            discount_code=data.discount_code,
        ),
        shown=None,
        me=me,
        keys=(),
        resource="",
        asker=str(me.user_id) if me else network_of(visit_of(request).address),
        now=world.clock(),
    )
    price = await purchases.price_by_wallet(till_of(world), asking)
    return max(Money(said or 0, USDC), price.final_amount)


doors: list[Any] = [pay_fee]
