"""What a seller and an admin do: look at sales, fulfil them, give money back."""

from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from litestar import get, patch, post, put
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from purvey import access, payments
from purvey.access import Identity, Permission, guards
from purvey.access.guards import Connection, admin, may
from purvey.kit.addresses import Hash
from purvey.kit.asgi import Scope
from purvey.kit.db import Database
from purvey.kit.errors import NotAllowed, NotFound
from purvey.kit.fields import WITH_A_WORD
from purvey.kit.ids import Id
from purvey.kit.pages import Page, Paging, page_of, total_of
from purvey.payments import Status
from purvey.purchases import actions, reads, releasing
from purvey.purchases.model import Fulfilment
from purvey.purchases.views import RefundView, Released, SaleDetail, SaleView, refund_view

OK, ACCEPTED = 200, 202
OfProduct = Annotated[Id | None, QueryParameter(name="productId")]
OfState = Annotated[Fulfilment | None, QueryParameter(name="fulfilmentState")]


class MoveFulfilment(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """`note` is shown to the buyer: a tracking number, a word."""

    state: Fulfilment
    note: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class OrderRefund(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """`amount` in minor units; all that is left when it is left out."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=10**15)] | None = None
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=WITH_A_WORD)]


class NameTransaction(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The hash of the transaction that pays a refund."""

    transaction_hash: Hash


class ReleasePayment(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Why the money is kept; for the audit log."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=WITH_A_WORD)]


@get("/sites/{site_id:uuid}/purchases", guards=[may(Permission.VIEW_BILLING_DETAILS)])
async def list_sales(
    *,
    site_id: FromPath[UUID],
    db: NamedDependency[Database],
    paging: Paging,
    status: FromQuery[Status | None] = None,
    product_id: OfProduct = None,
    fulfilment_state: OfState = None,
) -> Page[SaleView]:
    """A site's sales, newest first."""
    filters = (site_id, status, product_id, fulfilment_state)
    rows = await reads.of_site(db, filters, paging)
    total = await total_of(paging, lambda: reads.count(db, reads.COUNT_OF_SITE, filters))
    return page_of(rows, as_it_is, asked=paging, order=reads.NEWEST, total=total)


@get("/sites/{site_id:uuid}/purchases/{purchase_id:uuid}", guards=[may(Permission.VIEW_BILLING_DETAILS)])
async def get_sale(site_id: FromPath[UUID], purchase_id: FromPath[UUID], db: NamedDependency[Database]) -> SaleDetail:
    """One sale, with who bought it and what they asked for."""
    return await sale(db, purchase_id, site_id)


@patch("/sites/{site_id:uuid}/purchases/{purchase_id:uuid}/fulfilment", guards=[may(Permission.EDIT_BILLING_DETAILS)])
async def move_fulfilment(
    *,
    site_id: FromPath[UUID],
    purchase_id: FromPath[UUID],
    data: JSONBody[MoveFulfilment],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> SaleDetail:
    """Say how far it is, what is made or sent by hand; the buyer sees it."""
    await actions.fulfil(db, me, purchase_id, site_id=site_id, state=data.state, note=data.note, now=now)
    return await sale(db, purchase_id, site_id)


@post(
    "/sites/{site_id:uuid}/purchases/{purchase_id:uuid}/refunds",
    guards=[may(Permission.MANAGE_REFUNDS)],
    status_code=ACCEPTED,
)
async def refund_sale(
    *,
    site_id: FromPath[UUID],
    purchase_id: FromPath[UUID],
    data: JSONBody[OrderRefund],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> RefundView:
    """Give a buyer's money back, all or part; it is sent right after this answer."""
    await sale(db, purchase_id, site_id)
    made = await actions.execute_refund(db, me, purchase_id, amount=data.amount, reason=data.reason, now=now)
    return refund_view(made)


@put(
    "/sites/{site_id:uuid}/purchases/{purchase_id:uuid}/refunds/{refund_id:uuid}/transaction",
    guards=[may(Permission.MANAGE_REFUNDS)],
    status_code=ACCEPTED,
)
async def name_refund_transaction(
    *,
    site_id: FromPath[UUID],
    purchase_id: FromPath[UUID],
    refund_id: FromPath[UUID],
    data: JSONBody[NameTransaction],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> RefundView:
    """Say which transaction sends USDC back from the payout wallet to the payer; it counts once the chain shows it."""
    await sale(db, purchase_id, site_id)
    named = await actions.name_transaction(db, me, purchase_id, refund_id, tx_hash=data.transaction_hash, now=now)
    return refund_view(named)


@post("/admin/payments/{payment_id:uuid}/refunds", guards=[admin], status_code=ACCEPTED)
async def refund_payment(
    payment_id: FromPath[UUID],
    data: JSONBody[OrderRefund],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> RefundView:
    """The same for a platform admin, by payment."""
    payment = await payments.find(db, payment_id)
    if payment is None:
        raise NotFound("There is no such payment")
    made = await actions.execute_refund(db, me, payment.subject_id, amount=data.amount, reason=data.reason, now=now)
    return refund_view(made)


@post(
    "/sites/{site_id:uuid}/purchases/{purchase_id:uuid}/release",
    guards=[may(Permission.EDIT_BILLING_DETAILS)],
    status_code=OK,
)
async def release_sale(
    *,
    site_id: FromPath[UUID],
    purchase_id: FromPath[UUID],
    data: JSONBody[ReleasePayment],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> SaleDetail:
    """Keep the money of a payment that is ON_HOLD, and hand over what it was for. The other way is a refund."""
    await sale(db, purchase_id, site_id)
    await releasing.release(db, me, purchase_id, reason=data.reason, now=now)
    return await sale(db, purchase_id, site_id)


@post("/admin/payments/{payment_id:uuid}/release", guards=[admin], status_code=OK)
async def release_payment(
    payment_id: FromPath[UUID],
    data: JSONBody[ReleasePayment],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Released:
    """The same for a platform admin, by payment."""
    payment = await payments.find(db, payment_id)
    if payment is None:
        raise NotFound("There is no such payment")
    after = await releasing.release(db, me, payment.subject_id, reason=data.reason, now=now)
    return Released(payment_id=after.id, purchase_id=after.subject_id, status=after.status)


async def may_see_chapter_sales(connection: Connection, _: BaseRouteHandler) -> None:
    """A member of the chapter's site who may see its sales; to others there is no such chapter."""
    app, token = connection.app.state, guards.bearer_of(cast(Scope, connection.scope))
    chapter_id = connection.path_params["chapter_id"]
    site_id = await reads.site_of_chapter(app.db, chapter_id) if isinstance(chapter_id, UUID) else None
    member = await access.identify(app.db, token or "", now=app.clock(), site_id=site_id) if site_id else None
    if member is None or not member.belongs:
        raise NotFound("There is no such chapter")
    if Permission.VIEW_BILLING_DETAILS not in member.permissions:
        raise NotAllowed(f"This needs the permission {Permission.VIEW_BILLING_DETAILS}")


@get("/chapters/{chapter_id:uuid}/purchases", guards=[guards.signed_in, may_see_chapter_sales])
async def list_chapter_sales(
    chapter_id: FromPath[UUID], db: NamedDependency[Database], paging: Paging
) -> Page[SaleView]:
    """A chapter's sales, for its author and admins."""
    filters = (chapter_id,)
    rows = await reads.of_chapter(db, filters, paging)
    total = await total_of(paging, lambda: reads.count(db, reads.COUNT_OF_CHAPTER, filters))
    return page_of(rows, as_it_is, asked=paging, order=reads.NEWEST, total=total)


def as_it_is(row: SaleView) -> SaleView:
    return row


async def sale(db: Database, purchase_id: UUID, site_id: UUID) -> SaleDetail:
    found = await reads.sale(db, purchase_id, site_id=site_id)
    if found is None:
        raise NotFound("There is no such purchase")
    return found


doors: list[Any] = [
    list_sales,
    get_sale,
    move_fulfilment,
    refund_sale,
    name_refund_transaction,
    refund_payment,
    release_sale,
    release_payment,
    list_chapter_sales,
]
