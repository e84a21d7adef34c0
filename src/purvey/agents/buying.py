"""Where an agent buys: the source's door, which takes a platform fee paid before, and a product's own, in one step."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from purvey import purchases
from purvey.access import network_of
from purvey.access.guards import visit_of
from purvey.agents.amounts import Shown, Usdc, shown
from purvey.agents.http import ExactRequest
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
from purvey.agents.purchases import WORDS
from purvey.kit.errors import Invalid
from purvey.kit.ids import Id
from purvey.payments.x402 import PaymentNeeded
from purvey.purchases import Asking, BoughtWhole, Duplicate, Pending, Wish


class BuyHere(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How a product is bought at its own address. All of it may be left out; the payment says who pays."""

    buyer_name: Word | None = None
    buyer_wallet_address: Word | None = None
    discount_code: Code | None = None
    tip_amount: Usdc | None = None
    is_free_pwyw: bool = False


class Buy(BuyHere, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`platform_fee_tx` is `fee_tx` of the fee's answer; `tip_amount` is all that is paid for pay-what-you-want."""

    product_id: Id
    buyer_wallet_address: Word
    platform_fee_tx: Word | None = None


class PurchaseMade(msgspec.Struct, kw_only=True):
    id: UUID
    product_id: UUID
    product_name: str
    amount: Shown
    tx_hash: str | None
    status: str


class Creator(msgspec.Struct, kw_only=True):
    display_name: str


class Delivered(msgspec.Struct, kw_only=True):
    """Paid and delivered. The message, the redirect and the licence are for the buyer alone."""

    success: bool
    purchase: PurchaseMade
    redirect_url: str | None
    thank_you_message: str | None
    use_redirect_url: bool
    has_downloadable_file: bool
    license_text: str | None
    creator: Creator


class OnItsWay(msgspec.Struct, kw_only=True):
    """The payment is not certain yet. Show the same one again; sign no other."""

    success: bool
    purchase: PurchaseMade
    message: str


ANSWERS = {
    OK: answer(Delivered, "Paid and delivered, now or before."),
    ACCEPTED: answer(OnItsWay, "The payment is on its way: show the same one again."),
    PAY: ASKED,
}
Answer = Response[Any]


@post("/shop/buy", opt=OWN_KEY, responses=ANSWERS, status_code=OK)
async def buy(request: Asked, data: JSONBody[Buy]) -> Answer:
    """Buy a product with USDC by x402, its platform fee paid before."""
    return await sell(request, data, data.product_id, fee_tx=data.platform_fee_tx)


@post("/products/{product_id:uuid}/buy", opt=OWN_KEY, responses=ANSWERS, status_code=OK)
async def buy_here(request: Asked, product_id: FromPath[UUID]) -> Answer:
    """Buy this product with USDC by x402, in one step. It may be asked without a body."""
    assert isinstance(request, ExactRequest)
    return await sell(request, await request.maybe(BuyHere) or BuyHere(), product_id, fee_accrues=True)


async def sell(
    request: Asked, form: BuyHere, product_id: UUID, *, fee_tx: str | None = None, fee_accrues: bool = False
) -> Answer:
    world, payment = world_of(request), shown_by(request)
    me = await asker_of(request, payment)
    wallet = form.buyer_wallet_address or (me.wallet if me else None)
    asking = Asking(
        wish=wish_of(form, product_id, fee_tx=fee_tx, fee_accrues=fee_accrues),
        shown=payment,
        me=me,
        keys=await keys_of(request, payment.payer if payment else wallet, payment),
        resource=resource_of(request),
        asker=str(me.user_id) if me else network_of(visit_of(request).address),
        now=world.clock(),
    )
    try:
        made = await purchases.buy_by_wallet(till_of(world), asking)
    except PaymentNeeded as needed:
        return pay_first(needed)
    except Duplicate as no:
        raise in_words(no) from None
    if isinstance(made, Pending):
        return Response(on_its_way(made), status_code=ACCEPTED, headers=receipt_of(made.settlement))
    told = delivered(await purchases.bought(world.db, made.purchase_id, buyer_id=made.buyer_id))
    return Response(told, status_code=OK, headers=receipt_of(made.settlement, replayed=made.replayed))


def wish_of(form: BuyHere, product_id: UUID, *, fee_tx: str | None = None, fee_accrues: bool = False) -> Wish:
    return Wish(
        product_id=product_id,
        wallet=form.buyer_wallet_address,
        chosen_amount=chosen(form),
        discount_code=form.discount_code,
        buyer_name=form.buyer_name,
        fee_tx=fee_tx,
        fee_accrues=fee_accrues,
    )


def chosen(form: BuyHere) -> int | None:
    """What is paid in all where one pays what one wants; None where the price is the seller's."""
    if not form.is_free_pwyw:
        return form.tip_amount.minor if form.tip_amount else None
    if form.tip_amount and form.tip_amount.minor:
        raise Invalid.field("/tip_amount", "What is free has no tip: leave is_free_pwyw or tip_amount out")
    return 0


def in_words(no: Duplicate) -> Duplicate:
    """The same refusal, which names the purchase and how it stands in the dialect's word."""
    bought = no.extra.pop("purchaseStatus", None)
    no.extra |= {"status": WORDS[bought]} if bought else {}
    return no


def on_its_way(made: Pending) -> OnItsWay:
    purchase = made.purchase
    assert purchase.product_id is not None
    return OnItsWay(
        success=True,
        purchase=PurchaseMade(
            id=purchase.id,
            product_id=purchase.product_id,
            product_name=purchase.item_name,
            amount=shown(purchase.final_amount),
            tx_hash=made.settlement.tx_hash,
            status=WORDS[purchase.status],
        ),
        message="The payment is on its way. Show the same payment again in a moment, and sign no other.",
    )


def delivered(found: BoughtWhole) -> Delivered:
    assert found.product_id is not None
    return Delivered(
        success=True,
        purchase=PurchaseMade(
            id=found.id,
            product_id=found.product_id,
            product_name=found.item_name,
            amount=shown(found.amount),
            tx_hash=found.tx_hash,
            status=WORDS[found.status],
        ),
        redirect_url=found.redirect_url,
        thank_you_message=found.thank_you_message,
        use_redirect_url=found.use_redirect_url,
        has_downloadable_file=bool(found.files),
        license_text=found.license_text,
        creator=Creator(display_name=found.creator_display_name),
    )


doors: list[Any] = [buy, buy_here]
