"""A purchase's checkout at its gateway: opened by the payment's id, closed on the gateway's word only (ruling 19)."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey import payments
from purvey.kit.db import Database
from purvey.kit.errors import Conflict, NotFound
from purvey.kit.failpoints import reach
from purvey.payments import CheckoutOrder, Gateway, GatewayRefused, Gateways, Payment, Standing, State
from purvey.purchases import store
from purvey.purchases.settling import settle

SUBJECT = "purchase"


class CheckoutClosed(Conflict):
    """The purchase was cancelled while its checkout was being opened."""

    code = "checkout_closed"


async def open_checkout(db: Database, gateways: Gateways, payment: Payment, *, base_url: str, now: datetime) -> Payment:
    """A payment's checkout at its gateway; the same one however often it is asked for."""
    gateway = await gateways.named(db, payment.tenant_id, payment.provider)
    order = await order_of(db, payment, base_url=base_url)
    try:
        checkout = await gateway.open_checkout(order)
    except GatewayRefused as refused:
        nothing = Standing(state=State.FAILED, failure=refused.detail)
        async with db.transaction() as tx:
            await settle(tx, payment.id, nothing, actor=f"gateway:{payment.provider}", now=now)
        raise
    reach("purchase.opened")
    if not await payments.save_checkout(
        db, payment.id, url=checkout.url, reference=checkout.reference, expires_at=checkout.expires_at, now=now
    ):
        return await given_up(db, gateway, payment)
    reach("purchase.checkout_saved")
    return msgspec.structs.replace(payment, checkout_url=checkout.url, expires_at=checkout.expires_at)


async def given_up(db: Database, gateway: Gateway, payment: Payment) -> Payment:
    """The purchase was closed while its checkout was opened: nobody shall pay there."""
    closed = await payments.find(db, payment.id)
    assert closed is not None
    if closed.paid_at is not None:
        return closed
    await gateway.expire(closed.references)
    raise CheckoutClosed("This purchase was cancelled; start again")


async def order_of(db: Database, payment: Payment, *, base_url: str) -> CheckoutOrder:
    """What the gateway is asked for, made anew from what is written, so that it is always the same."""
    subject = await store.checkout_subject(db, payment.subject_id)
    page = f"{base_url}/purchases/{payment.subject_id}"
    return CheckoutOrder(
        payment_id=payment.id,
        tenant_id=payment.tenant_id,
        payer_id=payment.payer_id,
        amount=payment.money,
        description=subject.item_name,
        email=subject.email,
        success_url=page,
        cancel_url=f"{page}?checkout=left",
        expires_at=payment.expires_at,
        account=payment.account,
    )


async def close_checkout(db: Database, gateways: Gateways, purchase_id: UUID, *, actor: str, now: datetime) -> Payment:
    """Ask the gateway to close a purchase's checkout, and release what was held for it; the payment as it is then.

    Money that came meanwhile is money: the payment is SUCCEEDED then. GatewayDown leaves everything held.
    """
    payment = await payments.of_subject(db, SUBJECT, purchase_id)
    if payment is None:
        raise NotFound("There is no such purchase")
    if payment.closed_at is not None:
        return payment
    gateway = await gateways.named(db, payment.tenant_id, payment.provider)
    standing = await gateway.expire(payment.references)
    reach("checkout.expired")
    if standing.state is State.UNKNOWN and payment.checkout_reference is None:
        standing = Standing(state=State.EXPIRED)  # it never had one
    async with db.transaction() as tx:
        called_off = payment.expires_at > now
        applied = await settle(tx, payment.id, standing, actor=actor, now=now, called_off=called_off)
    reach("purchase.settled")
    return applied.after
