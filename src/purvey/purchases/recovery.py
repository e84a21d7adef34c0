"""What nobody finished: open payments are asked after, later each time, and closed at their deadline; refunds too.

A sweep, not a timer for each purchase: docs/decisions/0003-sweep-not-timers.md says why.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from purvey import payments
from purvey.kit.db import Database
from purvey.kit.errors import NotFound, Refusal
from purvey.kit.failpoints import reach
from purvey.payments import (
    AwaitsSeller,
    GatewayNotified,
    Gateways,
    Payment,
    Refund,
    RefundStanding,
    RefundStatus,
    Standing,
    State,
)
from purvey.purchases import store
from purvey.purchases.checkouts import close_checkout, open_checkout
from purvey.purchases.rules import X402, is_unsold
from purvey.purchases.settling import settle

log = structlog.get_logger("purvey.purchases")
BATCH = 50
AT_ONCE = 5
NO_KEYS = "The shop has no keys for this gateway any more: give them again, or send it back there"
FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=1)

ByOne = Callable[[Any], Awaitable[None]]


async def sweep_payments(db: Database, gateways: Gateways, *, base_url: str, now: datetime) -> int:
    """Ask after a batch of open payments whose time has come; how many were asked after."""

    async def look_after(payment: Payment) -> None:
        if payment.expires_at <= now or await is_in_vain(db, payment, now=now):
            await close_checkout(db, gateways, payment.subject_id, actor="sweep", now=now)
        elif payment.checkout_url is None:
            await open_checkout(db, gateways, payment, base_url=base_url, now=now)
        else:
            await catch_up(db, gateways, payment, now=now)

    due = await payments.due(db, now=now, limit=BATCH, first=FIRST, longest=LONGEST)
    return await each(look_after, [payment for payment in due if payment.subject_type == "purchase"])


async def is_in_vain(db: Database, payment: Payment, *, now: datetime) -> bool:
    """Whether nobody could begin this checkout now, so that what is paid there would only go back."""
    purchase = await store.find(db, payment.subject_id)
    assert purchase is not None
    return payment.provider != X402 and is_unsold(await store.seek_again(db, purchase), now=now)


async def close_owned(db: Database, gateways: Gateways, buyer_id: UUID, *, now: datetime) -> None:
    """Close a buyer's checkouts of what they own by now; GatewayDown."""
    for purchase in await store.open_of(db, buyer_id):
        sought = await store.seek_again(db, purchase)
        if sought.owned and not sought.by_hand:
            await close_checkout(db, gateways, purchase.id, actor="purvey", now=now)


async def sweep_refunds(db: Database, gateways: Gateways, *, now: datetime) -> int:
    """Send what was approved and not sent, ask after what was sent and has not arrived."""

    async def look_after(refund: Refund) -> None:
        await go_on_with_refund(db, gateways, refund, now=now)

    due = await payments.refunds_due(db, now=now, limit=BATCH, first=FIRST, longest=LONGEST)
    return await each(look_after, due)


async def each(look_after: ByOne, things: list[Any]) -> int:
    """One that cannot be settled now waits for its next turn, and does not keep the others."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(thing: Any) -> None:
        async with places:
            try:
                await look_after(thing)
            except Refusal as refusal:
                log.warning("asked in vain; asking again later", id=str(thing.id), why=refusal.detail)
            except Exception as error:
                log.error("could not be settled; asking again later", id=str(thing.id), exc_info=error)

    await asyncio.gather(*(one(thing) for thing in things))
    return len(things)


async def catch_up(
    db: Database, gateways: Gateways, payment: Payment, *, now: datetime, notice: GatewayNotified | None = None
) -> None:
    """Read a payment afresh at its gateway and believe it; `notice` is the webhook that gave cause to, if one did."""
    gateway = await gateways.named(db, payment.tenant_id, payment.provider)
    standing = await gateway.look_up(payment.references)
    reach("payment.looked_up")
    async with db.transaction() as tx:
        await settle(tx, payment.id, standing, actor=f"gateway:{payment.provider}", now=now)
        if notice is not None:
            await payments.handled(tx, notice.provider, notice.notice_id, tenant_id=notice.tenant_id, now=now)
    reach("purchase.settled")


async def go_on_with_refund(db: Database, gateways: Gateways, refund: Refund, *, now: datetime) -> None:
    """Send an approved refund, keyed by its id so that it is sent once; then read how it stands."""
    payment = await payments.find(db, refund.payment_id)
    assert payment is not None
    if refund.status is RefundStatus.SENT:
        await catch_up(db, gateways, payment, now=now)
    elif refund.status is RefundStatus.APPROVED:
        async with db.transaction() as tx:
            may_go = await payments.begin_sending(tx, refund.id, now=now)
        reach("refund.begun")
        await (send_back if may_go else let_rest)(db, gateways, payment, refund, now=now)


async def send_back(db: Database, gateways: Gateways, payment: Payment, refund: Refund, *, now: datetime) -> None:
    try:
        sent = await send(db, gateways, payment, refund)
    except AwaitsSeller:
        return
    reach("refund.sent")
    async with db.transaction() as tx:
        standing = Standing(state=State.UNKNOWN, refunds=(sent,))
        await settle(tx, payment.id, standing, actor=f"gateway:{payment.provider}", now=now)
    reach("refund.noted")
    if sent.state == "failed" and sent.failure != NO_KEYS:  # for money that went back at the gateway itself, say
        await catch_up(db, gateways, payment, now=now)


async def let_rest(db: Database, gateways: Gateways, payment: Payment, refund: Refund, *, now: datetime) -> None:
    """A bank decides over what was to go back. It may have been sent before that: the gateway knows."""
    await catch_up(db, gateways, payment, now=now)
    async with db.transaction() as tx:
        await store.share_taken(tx, payment.id)
        if await payments.is_over(tx, refund.id, now=now):
            ended = RefundStanding(str(refund.id), refund.id, refund.money, "failed", payments.THE_BANK_DECIDES)
            standing = Standing(state=State.UNKNOWN, refunds=(ended,))
            await settle(tx, payment.id, standing, actor="purvey", now=now)


async def send(db: Database, gateways: Gateways, payment: Payment, refund: Refund) -> RefundStanding:
    """Ask the payment's gateway to send it; it fails where the seller has no keys for that gateway any more."""
    try:
        gateway = await gateways.named(db, payment.tenant_id, payment.provider)
    except NotFound:
        if payment.account is None:
            raise
        return RefundStanding(str(refund.id), refund.id, refund.money, "failed", NO_KEYS)
    return await gateway.refund(payment.references, refund_id=refund.id, amount=refund.money, reason=refund.reason)
