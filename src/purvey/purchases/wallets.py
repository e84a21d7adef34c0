"""Selling to a wallet, in USDC by x402: everything is asked before money moves, and nothing is refused after.

Look for what this payment or key has begun before; else ask every rule, match the payment with a quote of ours, verify,
hold (`wallet_holds`), let the money move, and settle. Whoever dies in between has lost nothing: the chain is asked.
"""

from typing import Final
from uuid import UUID

import msgspec

from purvey import access, catalog, discounts, fees, payments
from purvey.access import Identity
from purvey.catalog import WayToPay
from purvey.fees import Credit, Unfit
from purvey.kit import own_keys
from purvey.kit.errors import Conflict, Unauthenticated
from purvey.kit.failpoints import reach
from purvey.kit.money import USDC, Money
from purvey.payments import x402
from purvey.payments.x402 import AlreadyEntered, Ask, PaymentNeeded, PaymentRefused, Quote, Settlement
from purvey.pricing import Quote as Price
from purvey.purchases import quoting, rules, store
from purvey.purchases.buying import TRIES, InTheWay, Meanwhile
from purvey.purchases.checkouts import SUBJECT, close_checkout
from purvey.purchases.model import Goods, ItemType, Order, Purchase, Sought
from purvey.purchases.recovery import catch_up
from purvey.purchases.wallet_holds import MadeBefore, details_of, hold, take_for_nothing
from purvey.purchases.wishes import Asking, Duplicate, MoneyOwed, Pending, Sold, Till, refuse_other_wallets

NOBODY: Final = UUID(int=0)
USED_NONCE: Final = "invalid_exact_evm_nonce_already_used"
DOLLAR: Final = 1_000_000
CAP: Final = (
    " Clients of x402 refuse to pay more than $1 at once by default: raise your client's limit "
    "(spend_controls.max_amount_per_payment; maxValue in version 1)."
)
FEE_FIRST: Final = " It also takes a platform fee, paid before: POST /api/platform/fee."


class NoPayoutWallet(Conflict):
    """The seller has named no wallet."""

    code = "no_payout_wallet"


class ReceiptNeeded(Unauthenticated):
    """What costs nothing has no payment that would prove whose it is."""

    code = "receipt_needed"


class Made(msgspec.Struct, frozen=True):
    """What was begun before by this payment or key. `proven`: the asker is its buyer. `shown`: by this very payment."""

    purchase: Purchase
    settlement: Settlement | None
    proven: bool
    shown: bool


async def buy(till: Till, asking: Asking) -> Sold | Pending:
    """Sell one product to a wallet, once, however often and by however many it is asked.

    PaymentNeeded is the answer to whoever has not paid. Besides: the refusals of `rules`, of fees and of discounts,
    OtherWallet, Duplicate, BeingSettled, MoneyOwed; none of them once money has moved for something that is there.
    """
    refuse_other_wallets(asking)
    for _ in range(TRIES):
        made = await made_before(till, asking)
        answer = await go_on(till, asking, made) if made else None
        if answer is not None:
            return answer
        try:
            return await begin(till, asking)
        except InTheWay as other:
            await make_way(till, asking, other.purchase_id)
        except (Meanwhile, AlreadyEntered, MadeBefore):
            continue
    raise Conflict("You are buying this in several places at once; try again", code="busy", retry_after_seconds=1)


async def made_before(till: Till, asking: Asking) -> Made | None:
    """What this key, or this very payment, has begun; Duplicate when the payment was for something else."""
    for key in asking.keys:
        purchase_id = await own_keys.found(till.db, key)
        purchase = await store.find(till.db, purchase_id) if purchase_id else None
        if purchase is not None:
            settlement = await settlement_of(till, purchase)
            nonce = asking.shown.nonce if asking.shown else None
            return Made(purchase, settlement, True, settlement is not None and settlement.nonce == nonce)
    settlement = await till.rail.find(till.db, asking.shown) if asking.shown else None
    if settlement is None:
        return await bought_with_fee(till, asking)
    bought = await store.find(till.db, settlement.subject_id) if settlement.subject_type == SUBJECT else None
    if bought is None:
        raise Duplicate("This payment was a platform fee", extra={"id": str(settlement.subject_id)})
    if bought.product_id != asking.wish.product_id:
        raise Duplicate.of(bought)
    return Made(bought, settlement, is_buyer(asking.me, bought), True)


async def bought_with_fee(till: Till, asking: Asking) -> Made | None:
    """What the fee that is named has bought, for its payer who lost the answer and asks from the start."""
    wish, me = asking.wish, asking.me
    if wish.fee_tx is None or me is None or me.wallet is None:
        return None
    credit = await fees.of_transaction(till.db, wish.fee_tx, me.wallet)
    purchase = await store.find(till.db, credit.purchase_id) if credit and credit.purchase_id else None
    if purchase is None or purchase.product_id != wish.product_id or not is_buyer(me, purchase):
        return None
    return Made(purchase, await settlement_of(till, purchase), True, False)


async def settlement_of(till: Till, purchase: Purchase) -> Settlement | None:
    """By what it was paid; None when it cost nothing."""
    entered = await x402.of_subject(till.db, SUBJECT, purchase.id)
    return entered[-1] if entered else None


def is_buyer(me: Identity | None, purchase: Purchase) -> bool:
    return me is not None and me.user_id == purchase.buyer_id


async def go_on(till: Till, asking: Asking, made: Made) -> Sold | Pending | None:
    """What became of it; None when nothing did, and nothing can any more."""
    if made.settlement is None:
        return Sold(purchase_id=made.purchase.id, buyer_id=made.purchase.buyer_id, settlement=None, replayed=True)
    settlement = made.settlement
    if settlement.unknown:
        settlement = await till.rail.carry_out(till.db, settlement, now=asking.now)
    ended = await end(till, asking, made.purchase.id, settlement, proven=made.proven, replayed=True)
    if ended is None and made.shown:
        raise await payment_failed(till, asking, settlement)
    return ended


async def end(
    till: Till, asking: Asking, purchase_id: UUID, settlement: Settlement, *, proven: bool, replayed: bool = False
) -> Sold | Pending | None:
    """Let the purchase follow the chain, and say how it stands; None when no money moved."""
    payment = await payments.of_subject(till.db, SUBJECT, purchase_id)
    assert payment is not None, "a purchase without a payment"
    behind = payment.closed_at is None or (settlement.settled and payment.paid_at is None)
    if not settlement.unknown and behind:
        await catch_up(till.db, till.gateways, payment, now=asking.now)
    purchase = await store.find(till.db, purchase_id)
    assert purchase is not None
    if settlement.unknown:
        return Pending(purchase=purchase, settlement=settlement)
    if settlement.failed:
        return None
    if purchase.goods is Goods.RELEASED:
        raise MoneyOwed(
            "The payment arrived when this was gone; the seller owes it to your wallet, and sends it back by hand",
            extra={"id": str(purchase.id), "transaction": settlement.tx_hash},
        )
    if not proven:
        raise Duplicate.of(purchase)
    return Sold(purchase_id=purchase.id, buyer_id=purchase.buyer_id, settlement=settlement, replayed=replayed)


async def begin(till: Till, asking: Asking) -> Sold | Pending:
    """Ask every rule; then for money, or take what is shown."""
    way, sought, order = await sought_by(till, asking)
    shown, wish = asking.shown, asking.wish
    quote = None
    if shown is not None:
        quote = await x402.matched(
            till.db, shown, purpose=SUBJECT, request_key=wish.request_key, now=asking.now
        )  # fmt: skip
    if shown is None or quote is None:
        return await ask_for_money(till, asking, way, sought, order)
    credit = await credit_for(till, asking, Money(quote.amount, USDC))
    used_before = await verified(till, asking, quote)
    reach("sale.verified")
    purchase_id, settlement = await hold(till, asking, order, quote, credit)
    reach("sale.held")
    settlement = await till.rail.carry_out(till.db, settlement, now=asking.now)
    reach("sale.carried_out")
    proven = not used_before
    ended = await end(till, asking, purchase_id, settlement, proven=proven or await owns(till, asking, purchase_id))
    if ended is None:
        raise await payment_failed(till, asking, settlement)
    return ended


async def owns(till: Till, asking: Asking, purchase_id: UUID) -> bool:
    purchase = await store.find(till.db, purchase_id)
    return purchase is not None and is_buyer(asking.me, purchase)


async def verified(till: Till, asking: Asking, quote: Quote) -> bool:
    """Whether somebody has handed the payment in before us, so that showing it proves nothing any more.

    PaymentNeeded for a payment that would not go through: nothing was taken.
    """
    assert asking.shown is not None
    try:
        await till.rail.verify(asking.shown, quote, now=asking.now)
    except PaymentRefused as refused:
        if refused.reason == USED_NONCE:
            return True
        raise PaymentNeeded(refused.detail, quotes=[quote], code=refused.reason) from None
    return False


async def sought_by(till: Till, asking: Asking) -> tuple[WayToPay, Sought, Order]:
    """The product as it stands to this buyer, and the order for it; the first reason why it cannot be sold."""
    wish, now = asking.wish, asking.now
    way = await catalog.way_to_pay(till.db, wish.product_id)
    order = Order(
        item_type=ItemType.PRODUCT,
        item_id=wish.product_id,
        price_id=way.price_id,
        amount=wish.chosen_amount,
        discount_code=wish.discount_code,
        buyer_name=wish.buyer_name,
    )
    sought = await store.seek(till.db, order, buyer_id=await buyer_of(till, asking))
    assert sought is not None, "a price of nothing"
    if sought.open_id is not None:
        open_payment = await payments.of_subject(till.db, SUBJECT, sought.open_id)
        assert open_payment is not None
        rules.refuse_while_settling(open_payment)
    rules.refuse_impossible(sought, order, email_verified=verified_email(asking), now=now)
    if way.payout_wallet is None:
        raise NoPayoutWallet("This shop cannot be paid in USDC yet: its owner has to name a payout wallet")
    return way, sought, order


async def buyer_of(till: Till, asking: Asking) -> UUID:
    found = await access.find_user_of_wallet(till.db, asking.payer) if asking.payer else None
    return found or NOBODY


def verified_email(asking: Asking) -> bool:
    return asking.me is not None and asking.me.email_verified


async def ask_for_money(till: Till, asking: Asking, way: WayToPay, sought: Sought, order: Order) -> Sold:
    """PaymentNeeded with what it comes to now; or the purchase, when that is nothing."""
    if asking.wish.discount_code is not None:
        await discounts.limit_guesses(till.db, asking.asker, now=asking.now)
    buyer_id = await buyer_of(till, asking)
    code, price = await quoting.priced(till.db, sought, order, buyer_id=buyer_id, now=asking.now)
    if not price.final_amount:
        if asking.me is None or asking.me.wallet is None or asking.payer is None:
            raise ReceiptNeeded("Sign in with your wallet first (SIWA): nothing else proves whose this free copy is")
        credit = await credit_for(till, asking, price.final_amount)
        return await take_for_nothing(till, asking, order, price, code_id=code.id if code else None, credit=credit)
    assert way.payout_wallet is not None
    ask = Ask(
        purpose=SUBJECT,
        request_key=asking.wish.request_key,
        pay_to=way.payout_wallet,
        amount=price.final_amount.minor,
        sku=way.sku,
        resource=asking.resource,
        description=way.name,
        details=details_of(sought, price, code.id if code else None),
    )
    fault = await fault_of_fee(till, asking, price.final_amount)
    why = why_pay(asking, price.final_amount, way, fault)
    quotes = await till.rail.quoted(till.db, ask, now=asking.now)
    raise PaymentNeeded(why, quotes=quotes, errors=fault.errors if fault else ())


async def price(till: Till, asking: Asking) -> Price:
    """What a wish comes to now, for who only wants to know; the first reason why it cannot be sold."""
    _, sought, order = await sought_by(till, asking)
    if sought.minimum_amount is None:
        order = msgspec.structs.replace(order, amount=None)
    if order.discount_code is not None:
        await discounts.limit_guesses(till.db, asking.asker, now=asking.now)
    _, found = await quoting.priced(
        till.db, sought, order, buyer_id=await buyer_of(till, asking), now=asking.now
    )  # fmt: skip
    return found


def why_pay(asking: Asking, money: Money, way: WayToPay, fault: Unfit | None) -> str:
    """What a person reads in a 402: how much, for what, and what else it takes."""
    if asking.shown is not None:
        why = f"This payment answers no offer of ours that is still good, and was not taken; {way.name} costs {money}."
    else:
        why = f"{way.name} costs {money}: pay it to the shop's wallet, and ask again with the payment."
    if fault is not None:
        why += f" Sign nothing yet: {fault.detail}." if asking.wish.fee_tx else FEE_FIRST
    return why + (CAP if money.minor > DOLLAR else "")


async def fault_of_fee(till: Till, asking: Asking, money: Money) -> Unfit | None:
    """Why the fee that is named will not do, so that it is known before anything is signed."""
    try:
        await credit_for(till, asking, money)
    except Unfit as fault:
        return fault
    return None


async def credit_for(till: Till, asking: Asking, money: Money) -> Credit | None:
    """The fee that was paid for a purchase of so much; None where none is asked. Unfit."""
    if asking.wish.fee_accrues or not fees.takes_any(till.rates):
        return None
    return await fees.fit(till.db, asking.wish.fee_tx or "", payer=asking.payer or "", amount=money)


async def payment_failed(till: Till, asking: Asking, settlement: Settlement) -> PaymentNeeded:
    """Nothing was taken, and cannot be by this authorization: what is asked now is a new one."""
    quote = await x402.quote(till.db, settlement.quote_id)
    return PaymentNeeded(
        f"The payment did not go through ({settlement.reason}), and nothing was taken: sign a new one",
        quotes=[quote],
        code=settlement.reason and "payment_failed",
    )


async def make_way(till: Till, asking: Asking, purchase_id: UUID) -> None:
    """Close the buyer's other checkout of the same thing, whose payment is not on its way."""
    payment = await payments.of_subject(till.db, SUBJECT, purchase_id)
    assert payment is not None
    rules.refuse_while_settling(payment)
    await close_checkout(
        till.db, till.gateways, purchase_id, actor=f"buyer:{payment.payer_id}", now=asking.now
    )  # fmt: skip
