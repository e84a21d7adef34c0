"""What follows when a payment moved, in its transaction: purchase, goods, the code's use, entitlement."""

from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from purvey import catalog, discounts, entitlements, fees, payments
from purvey.catalog import BY_HAND, SharedGoods, SoldOut
from purvey.entitlements import Source
from purvey.kit.db import Tx
from purvey.kit.errors import Refusal
from purvey.kit.events import publish
from purvey.kit.failpoints import reach
from purvey.payments import Applied, Happening, Payment, Refund, RefundStatus, Standing, Status
from purvey.purchases import rules, store
from purvey.purchases.events import OneTimePurchaseCompleted, PurchaseClosed, PurchaseRefunded
from purvey.purchases.model import Fulfilment, Goods, Purchase

log = structlog.get_logger("purvey.purchases")
TOO_LATE = "The money came after the checkout was over, and what it was for is gone"
NOT_SENT = "The gateway could not send it back"
FREE = "none"
WITH_FEES = {rules.X402, FREE}  # agents pay by these
SUSPENDING = {Status.DISPUTED, Status.ON_HOLD}
ENDING = {Status.REFUNDED, Status.CHARGEBACK_LOST}


async def settle(
    tx: Tx, payment_id: UUID, standing: Standing, *, actor: str, now: datetime, called_off: bool = False
) -> Applied:
    """Believe what the gateway said, and let everything follow. Saying it twice changes nothing the second time."""
    goods = await store.share_taken(tx, payment_id)
    applied = await payments.apply(tx, payment_id, standing, actor=actor, now=now, called_off=called_off)
    reach("payment.applied")
    if applied.moved or applied.closed or applied.refunds:
        purchase = await store.lock(tx, applied.after.subject_id)
        purchase = await follow(goods, purchase, applied)
        await store.save(tx, purchase, now=applied.at)
        reach("purchase.followed")
    return applied


async def hold(tx: Tx, payment_id: UUID, *, reason: str, now: datetime) -> None:
    """Money that was counted is gone: what was sold for it is suspended until somebody decides, or it comes back."""
    goods = await store.share_taken(tx, payment_id)
    payment = await payments.lock(tx, payment_id)
    if not payments.LIFE.allows(payment.status, Happening.PUT_ON_HOLD):
        return
    payment = await payments.put_on_hold(tx, payment_id, reason=reason, now=now)
    purchase = await store.lock(tx, payment.subject_id)
    purchase, now = msgspec.structs.replace(purchase, status=payment.status), payment.updated_at
    await store.save(tx, await adjust_ownership(goods, purchase, payment, now=now), now=now)


async def let_on(tx: Tx, payment_id: UUID, *, reason: str, now: datetime) -> None:
    """The money that was missed is there again: a payment on hold for that and nothing else is not any more."""
    goods = await store.share_taken(tx, payment_id)
    payment = await payments.lock(tx, payment_id)
    if payment.status is not Status.ON_HOLD or payment.failure != reason:
        return
    applied = await payments.release(tx, payment_id, actor="purvey", reason="it came right", now=now)
    purchase = await store.lock(tx, payment.subject_id)
    await store.save(tx, await follow(goods, purchase, applied), now=applied.at)


async def follow(goods: SharedGoods, purchase: Purchase, applied: Applied) -> Purchase:
    """The purchase as it is once its payment moved."""
    tx, payment, now = goods.tx, applied.after, applied.at
    purchase = msgspec.structs.replace(purchase, status=payment.status)
    why_not = await why_unsold(goods.tx, purchase, payment, now=now) if applied.money_came else None
    if applied.money_came and why_not is None:
        purchase = await deliver(goods, purchase, payment, now=now)
    elif applied.closed:
        purchase = await let_go(goods, purchase, payment, now=now)
    purchase = note_refunds(tx, purchase, applied, now=now)
    if applied.before.paid_at is not None or payment.status in SUSPENDING:
        purchase = await adjust_ownership(goods, purchase, payment, now=now)
    if (
        purchase.goods is Goods.RELEASED
        and payment.status in payments.PAID
        and payment.refundable
        and payment.gives_back
    ):
        purchase = await give_up_money(tx, purchase, applied, why=why_not or TOO_LATE, now=now)
    return purchase


async def why_unsold(tx: Tx, purchase: Purchase, payment: Payment, *, now: datetime) -> str | None:
    """What a new checkout of the same thing would be refused by, now that this one is paid.

    What a chain settles was asked that when it was handed in, under the same locks; its buyer may have come to own
    the thing since then. What is free is paid in the transaction that asked.
    """
    if payment.provider == FREE:
        return None
    await store.lock_buyer(tx, purchase.buyer_id)
    sought = await store.seek_again(tx, purchase)
    try:
        rules.refuse_second(sought, purchase)
        if payment.provider != rules.X402 or purchase.goods is not Goods.HELD:
            rules.refuse_unsold(sought, now=now)
        if purchase.goods is Goods.RELEASED:
            rules.refuse_over_share(sought, purchase.quantity)
    except Refusal as refusal:
        return f"It was not for sale to its buyer any more when the money came: {refusal.detail}"
    return None


async def deliver(goods: SharedGoods, purchase: Purchase, payment: Payment, *, now: datetime) -> Purchase:
    """The money is here: the buyer owns it from now on, unless it came too late."""
    tx = goods.tx
    if purchase.goods is Goods.HELD:
        await catalog.sell(goods, purchase.items)
        if purchase.discount_code_id is not None:
            await discounts.use(tx, purchase.id, now=now)
    elif not await sell_late(goods, purchase, now=now):
        return purchase
    await grant(tx, purchase, now=now)
    if payment.provider in WITH_FEES:
        await fees.settle(tx, purchase.id, now=now)
    publish(
        tx,
        OneTimePurchaseCompleted(
            subject_id=purchase.id,
            tenant_id=purchase.tenant_id,
            at=now,
            site_id=purchase.site_id,
            buyer_id=purchase.buyer_id,
            product_id=purchase.product_id,
            chapter_id=purchase.chapter_id,
            payment_id=payment.id,
            amount=payment.amount,
            currency=payment.currency,
        ),
    )
    return msgspec.structs.replace(
        purchase,
        goods=Goods.SOLD,
        delivered_at=now,
        fulfilment_state=Fulfilment.TO_DO if purchase.product_type in BY_HAND else None,
    )


async def sell_late(goods: SharedGoods, purchase: Purchase, *, now: datetime) -> bool:
    """Whether late money can be honoured: enough is left, and the code too."""
    tx = goods.tx
    try:
        counted = await catalog.sell_at_once(goods, purchase.items)
    except SoldOut:
        return False
    items = [msgspec.structs.replace(item, counted=item.product_id in counted) for item in purchase.items]
    if purchase.discount_code_id is not None and not await discounts.use(tx, purchase.id, now=now):
        await catalog.put_back(goods, items)
        return False
    await store.note_counted(tx, purchase.id, counted)
    return True


async def give_up_money(tx: Tx, purchase: Purchase, applied: Applied, *, why: str, now: datetime) -> Purchase:
    """Nothing was sold for this money: it goes back. When that failed, somebody has to find another way."""
    failed = [refund for refund in applied.refunds if refund.status is RefundStatus.FAILED]
    if not failed:
        await send_back(tx, applied.after, why=why, now=now)
        return purchase
    payment = await payments.put_on_hold(tx, applied.after.id, reason=failed[-1].failure or NOT_SENT, now=now)
    return msgspec.structs.replace(purchase, status=payment.status)


async def send_back(tx: Tx, payment: Payment, *, why: str, now: datetime) -> None:
    refund = await payments.request_refund(tx, payment.id, amount=None, reason=why, requested_by=None, now=now)
    await payments.approve_refund(tx, refund.id, now=now)
    log.info(
        "money for nothing goes back",
        why=why,
        payment=str(payment.id),
        amount=payment.amount,
        currency=payment.currency,
    )


async def grant(tx: Tx, purchase: Purchase, *, now: datetime) -> None:
    await entitlements.grant(
        tx,
        tenant_id=purchase.tenant_id,
        user_id=purchase.buyer_id,
        product_ids=[item.product_id for item in purchase.items],
        chapter_ids=[purchase.chapter_id] if purchase.chapter_id else [],
        source=Source.PURCHASE,
        source_id=purchase.id,
        now=now,
    )


async def let_go(goods: SharedGoods, purchase: Purchase, payment: Payment, *, now: datetime) -> Purchase:
    """Nothing came of it: what was held is free again."""
    tx = goods.tx
    if purchase.goods is not Goods.HELD:
        return purchase
    await catalog.release(goods, purchase.items)
    if purchase.discount_code_id is not None:
        await discounts.release(tx, purchase.id, now=now)
    if payment.provider in WITH_FEES:
        await fees.drop(tx, purchase.id, now=now)
    publish(
        tx,
        PurchaseClosed(
            subject_id=purchase.id,
            tenant_id=purchase.tenant_id,
            at=now,
            site_id=purchase.site_id,
            buyer_id=purchase.buyer_id,
            product_id=purchase.product_id,
            chapter_id=purchase.chapter_id,
            status=purchase.status,
        ),
    )
    return msgspec.structs.replace(purchase, goods=Goods.RELEASED)


def note_refunds(tx: Tx, purchase: Purchase, applied: Applied, *, now: datetime) -> Purchase:
    """Each refund that arrived, and loudly each that did not."""
    arrived = [refund for refund in applied.refunds if refund.status is RefundStatus.SUCCEEDED]
    for refund in applied.refunds:
        if refund.status is RefundStatus.FAILED:
            log.error(
                "a refund failed; the buyer's money is still here", refund=str(refund.id), purchase=str(purchase.id),
                payment=str(refund.payment_id), status=applied.after.status, why=refund.failure,
            )  # fmt: skip
            if not applied.after.refunded_amount:
                purchase = msgspec.structs.replace(purchase, refunded_at=None, refunded_by=None, refund_reason=None)
    for refund in arrived:
        whole = refund is arrived[-1] and applied.after.refunded_amount == applied.after.amount
        purchase = note_refund(tx, purchase, refund, whole=whole, now=now)
    return purchase


def note_refund(tx: Tx, purchase: Purchase, refund: Refund, *, whole: bool, now: datetime) -> Purchase:
    """Who sent money back, when and why."""
    publish(
        tx,
        PurchaseRefunded(
            subject_id=purchase.id,
            tenant_id=purchase.tenant_id,
            at=now,
            site_id=purchase.site_id,
            buyer_id=purchase.buyer_id,
            product_id=purchase.product_id,
            chapter_id=purchase.chapter_id,
            refund_id=refund.id,
            amount=refund.amount,
            currency=refund.currency,
            whole=whole,
        ),
    )
    return msgspec.structs.replace(
        purchase, refunded_at=now, refunded_by=refund.requested_by, refund_reason=refund.reason
    )


async def adjust_ownership(goods: SharedGoods, purchase: Purchase, payment: Payment, *, now: datetime) -> Purchase:
    """Ownership follows the money: suspended while it is disputed, ended when it is gone (ruling 21)."""
    tx = goods.tx
    if payment.status in ENDING:
        await entitlements.end(tx, source=Source.PURCHASE, source_id=purchase.id, now=now)
        if payment.status is Status.REFUNDED and purchase.goods is Goods.SOLD and purchase.restock_on_refund:
            await catalog.put_back(goods, purchase.items)
            return msgspec.structs.replace(purchase, goods=Goods.RETURNED)
    elif payment.status in SUSPENDING:
        await entitlements.suspend(tx, source=Source.PURCHASE, source_id=purchase.id, now=now)
    elif not payment.dispute_open:
        await entitlements.restore(tx, source=Source.PURCHASE, source_id=purchase.id, now=now)
    return purchase
