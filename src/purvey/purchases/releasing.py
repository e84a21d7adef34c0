"""A payment on hold is released: its money is kept, and its buyer gets what it was for. The other way is a refund."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey import access, catalog, entitlements, payments
from purvey.access import Identity
from purvey.catalog import SharedGoods, SoldOut
from purvey.entitlements import Source
from purvey.kit.db import Database
from purvey.kit.errors import Conflict
from purvey.payments import Payment
from purvey.purchases import rules, store
from purvey.purchases.actions import with_payment
from purvey.purchases.model import Goods, Purchase
from purvey.purchases.settling import deliver

INSTEAD = "give the money back instead"


class NothingToHandOver(Conflict):
    """What the money was for is sold out, or its buyer has it from elsewhere."""

    code = "nothing_to_hand_over"


async def release(db: Database, me: Identity, purchase_id: UUID, *, reason: str, now: datetime) -> Payment:
    """Keep the money of a payment that is on hold, and hand over what it was for; the audit log says who and why.

    The caller has asked whether this person may. NotFound, NotReleasable, NothingToHandOver.
    """
    async with db.transaction() as tx:
        _, payment = await with_payment(tx, purchase_id)
        goods = await store.share_taken(tx, payment.id)
        applied = await payments.release(tx, payment.id, actor=f"user:{me.user_id}", reason=reason, now=now)
        purchase = await store.lock(tx, purchase_id)
        purchase = msgspec.structs.replace(purchase, status=applied.after.status)
        purchase = await hand_over(goods, purchase, applied.after, now=applied.at)
        await store.save(tx, purchase, now=applied.at)
        await access.audit(
            tx,
            me,
            action="payment.released",
            subject_type="purchase",
            subject_id=purchase_id,
            detail={"paymentId": str(payment.id), "was": payment.failure, "reason": reason},
            tenant_id=payment.tenant_id,
            now=now,
        )
    return applied.after


async def hand_over(goods: SharedGoods, purchase: Purchase, payment: Payment, *, now: datetime) -> Purchase:
    """The buyer owns it from now on, whether they never did, or did until their money went back."""
    tx = goods.tx
    await store.lock_buyer(tx, purchase.buyer_id)
    try:
        rules.refuse_second(await store.seek_again(tx, purchase), purchase)
    except rules.AlreadyOwned:
        raise NothingToHandOver(f"Its buyer has it by now, or is buying it again; {INSTEAD}") from None
    if purchase.goods is Goods.RELEASED:
        delivered = await deliver(goods, purchase, payment, now=now)
        if delivered.goods is not Goods.SOLD:
            raise NothingToHandOver(f"It is sold out, or its code used up; {INSTEAD}")
        return delivered
    if purchase.goods is Goods.RETURNED:
        purchase = await take_again(goods, purchase)
    await entitlements.give_back(tx, source=Source.PURCHASE, source_id=purchase.id, now=now)
    return purchase


async def take_again(goods: SharedGoods, purchase: Purchase) -> Purchase:
    """What was put back on the shelf is sold once more, while there is any."""
    try:
        counted = await catalog.sell_at_once(goods, purchase.items)
    except SoldOut as sold_out:
        raise NothingToHandOver(f"{sold_out.detail}; {INSTEAD}", extra=sold_out.extra) from None
    await store.note_counted(goods.tx, purchase.id, counted)
    return msgspec.structs.replace(purchase, goods=Goods.SOLD)
