"""Closing a checkout before its time: the gateway is asked first, and the hold goes on its word only (ruling 19)."""

from datetime import datetime
from uuid import UUID

from purvey import payments
from purvey.kit.db import Database
from purvey.kit.errors import NotFound
from purvey.kit.failpoints import reach
from purvey.payments import Gateways, Payment, Standing, State
from purvey.purchases.settling import settle


async def close_checkout(
    db: Database, gateways: Gateways, purchase_id: UUID, *, actor: str, now: datetime, called_off: bool = True
) -> Payment:
    """Ask the gateway to close a purchase's checkout, and release what was held for it; the payment as it is then.

    Money that came meanwhile is money: the payment is SUCCEEDED then. GatewayDown leaves everything held.
    """
    payment = await payments.of_subject(db, "purchase", purchase_id)
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
        applied = await settle(tx, payment.id, standing, actor=actor, now=now, called_off=called_off)
    reach("purchase.settled")
    return applied.after
