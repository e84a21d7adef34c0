"""Buying by a tool: asked without a payment it says what to pay, as x402 over MCP has it; asked with one it sells."""

from hashlib import sha256
from typing import Any, Final

import msgspec

from purvey import purchases
from purvey.agents.amounts import Shown as Units
from purvey.agents.amounts import shown as units
from purvey.agents.buying import BuyHere, delivered, in_words, on_its_way, wish_of
from purvey.agents.mcp.calls import Answer, Call, Id
from purvey.agents.paying import till_of
from purvey.kit.own_keys import OwnKey
from purvey.payments import x402
from purvey.payments.x402 import MalformedPayment, PaymentNeeded, Settlement, Shown
from purvey.purchases import Asking, Duplicate, Pending

PAYMENT: Final = "x402/payment"
RESPONSE: Final = "x402/payment-response"
RESOURCE: Final = "mcp://tool/buy_product"


class Buy(BuyHere, kw_only=True, frozen=True, forbid_unknown_fields=True):
    product_id: Id


class Quoted(msgspec.Struct):
    """What a purchase would cost now: `amount` is all that is paid. Nothing is kept for anybody by asking."""

    success: bool
    price: Units
    discount_amount: Units
    tax_amount: Units
    amount: Units
    currency: str
    networks: list[str]


async def quote(call: Call, form: Buy) -> Quoted:
    till = till_of(call.world)
    price = await purchases.price_by_wallet(till, asking_of(call, form, shown=None))
    return Quoted(
        success=True,
        price=units(price.amount.minor),
        discount_amount=units(price.discount_amount.minor),
        tax_amount=units(price.tax_amount.minor),
        amount=units(price.final_amount.minor),
        currency=price.final_amount.currency,
        networks=[*till.rail.tokens],
    )


async def buy(call: Call, form: Buy) -> Answer:
    till, shown = till_of(call.world), shown_by(call)
    try:
        made = await purchases.buy_by_wallet(till, asking_of(call, form, shown=shown))
    except PaymentNeeded as needed:
        return Answer(x402.payment_required_v2(needed.quotes, error=needed.detail), is_error=True)
    except Duplicate as no:
        raise in_words(no) from None
    if isinstance(made, Pending):
        return Answer(on_its_way(made), meta=meta_of(made.settlement))
    told = delivered(await purchases.bought(call.world.db, made.purchase_id, buyer_id=made.buyer_id))
    return Answer(told, meta=meta_of(made.settlement))


def asking_of(call: Call, form: Buy, *, shown: Shown | None) -> Asking:
    return Asking(
        wish=wish_of(form, form.product_id, fee_accrues=True),
        shown=shown,
        me=call.visitor,
        keys=keys_of(form, shown),
        resource=RESOURCE,
        asker=call.asker,
        now=call.world.clock(),
    )


def shown_by(call: Call) -> Shown | None:
    """The payment beside the arguments; MalformedPayment."""
    said = call.meta.get(PAYMENT)
    if said is None:
        return None
    try:
        return x402.of_payload(said)
    except ValueError as error:
        raise MalformedPayment(f"The payment cannot be read: {error}. Send what an x402 client makes") from None


def keys_of(form: Buy, shown: Shown | None) -> tuple[OwnKey, ...]:
    """By what this payment's own identifier is known again."""
    if shown is None or shown.payment_identifier is None:
        return ()
    body = sha256(msgspec.json.encode(form)).digest()
    return (OwnKey(f"wallet:{shown.payer}", f"payment-identifier:{shown.payment_identifier}", RESOURCE, body),)


def meta_of(settlement: Settlement | None) -> dict[str, Any]:
    return {} if settlement is None else {RESPONSE: x402.settled(settlement)}
