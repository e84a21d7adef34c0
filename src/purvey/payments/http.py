"""The JSON doors of payments: what gateways tell us, and what a platform admin sees."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from purvey.access.guards import PUBLIC, admin
from purvey.kit.db import Database
from purvey.kit.errors import NotFound
from purvey.kit.events import publish
from purvey.kit.failpoints import reach
from purvey.kit.ids import Id
from purvey.kit.pages import Page, Paging, page_of, total_of
from purvey.payments import refund_store, store
from purvey.payments.events import GatewayNotified, StripeNotified
from purvey.payments.gateway import Gateways, Notice
from purvey.payments.model import Dispute, DisputeStatus, Move, Payment, Refund, RefundStatus, Status, StrayRefund
from purvey.payments.stripe.http import doors as stripe_doors

HOOK: dict[str, Any] = {**PUBLIC, "idempotency": "exempt"}
ProviderName = Annotated[str | None, QueryParameter(name="provider", max_length=40)]


class PaymentView(msgspec.Struct, rename="camel", kw_only=True):
    """A payment as an admin sees it; amounts in minor units."""

    id: UUID
    tenant_id: UUID
    subject_type: str
    subject_id: UUID
    payer_id: UUID
    type: str
    provider: str
    amount: int
    refunded_amount: int
    refunding_amount: int
    currency_code: str
    status: Status
    dispute_open: bool
    reference: str | None
    checkout_reference: str | None
    failure: str | None  # also why it is ON_HOLD
    expires_at: datetime
    paid_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, payment: Payment) -> Self:
        names = set(cls.__struct_fields__) - {"currency_code"}
        return cls(currency_code=payment.currency, **{name: getattr(payment, name) for name in names})


class RefundLine(msgspec.Struct, rename="camel", kw_only=True):
    """A refund, and who asked for it."""

    id: UUID
    amount: int
    status: RefundStatus
    reason: str
    refunded_by: UUID | None
    reference: str | None
    failure: str | None
    created_at: datetime

    @classmethod
    def of(cls, refund: Refund) -> Self:
        names = set(cls.__struct_fields__) - {"refunded_by"}
        return cls(refunded_by=refund.requested_by, **{name: getattr(refund, name) for name in names})


class StrayLine(msgspec.Struct, rename="camel", kw_only=True):
    """A refund that the gateway made of more than was left: it is not in these books."""

    reference: str
    amount: int
    currency_code: str
    seen_at: datetime
    parked_at: datetime | None
    settled_at: datetime | None

    @classmethod
    def of(cls, stray: StrayRefund) -> Self:
        names = set(cls.__struct_fields__) - {"currency_code"}
        return cls(currency_code=stray.currency, **{name: getattr(stray, name) for name in names})


class DisputeLine(msgspec.Struct, rename="camel", kw_only=True):
    reference: str
    amount: int
    status: DisputeStatus
    reason: str | None
    opened_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, dispute: Dispute) -> Self:
        return cls(**{name: getattr(dispute, name) for name in cls.__struct_fields__})


class PaymentDetail(msgspec.Struct, rename="camel", kw_only=True):
    """A payment with its whole life, so that somebody can decide about it."""

    payment: PaymentView
    moves: list[Move]
    refunds: list[RefundLine]
    stray_refunds: list[StrayLine]
    disputes: list[DisputeLine]


class Received(msgspec.Struct):
    """The notice is kept; what it means is found out afterwards."""

    received: bool = True


@post("/webhooks/{provider:str}", opt=HOOK, status_code=200)
async def receive(
    provider: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    now: NamedDependency[datetime],
) -> Received:
    """A gateway's webhook, for the platform's own account there."""
    return await take(request, provider, None, db=db, gateways=gateways, now=now)


@post("/webhooks/{provider:str}/{tenant_id:uuid}", opt=HOOK, status_code=200)
async def receive_for_tenant(
    *,
    provider: FromPath[str],
    tenant_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    now: NamedDependency[datetime],
) -> Received:
    """A gateway's webhook, for a tenant's own account there."""
    return await take(request, provider, tenant_id, db=db, gateways=gateways, now=now)


async def take(
    request: Request[Any, Any, Any],
    provider: str,
    tenant_id: UUID | None,
    *,
    db: Database,
    gateways: Gateways,
    now: datetime,
) -> Received:
    """Verify, keep, and answer at once; a notice that came before changes nothing."""
    gateway = await gateways.named(db, tenant_id, provider)
    body = await request.body()
    notice = gateway.read_notice(dict(request.headers), body, now=now)
    reach("notice.verified")
    async with db.transaction() as tx:
        if await store.receive(tx, gateway.name, notice, tenant_id=tenant_id, body=body, now=now):
            publish(tx, notified(gateway.name, notice, tenant_id=tenant_id, now=now))
    reach("notice.received")
    return Received()


def notified(provider: str, notice: Notice, *, tenant_id: UUID | None, now: datetime) -> GatewayNotified:
    kind = StripeNotified if provider == "stripe" else GatewayNotified
    return kind(
        subject_id=notice.payment_id or UUID(int=0),
        tenant_id=tenant_id,
        at=now,
        provider=provider,
        notice_id=notice.id,
        kind=notice.kind,
        payment_id=notice.payment_id,
        checkout_reference=notice.checkout_reference,
        reference=notice.reference,
    )


@get("/admin/payments", guards=[admin])
async def list_payments(
    *,
    db: NamedDependency[Database],
    paging: Paging,
    status: FromQuery[Status | None] = None,
    provider: ProviderName = None,
    tenantId: FromQuery[Id | None] = None,  # noqa: N803 - the query's own name
    payerId: FromQuery[Id | None] = None,  # noqa: N803
    purchaseId: FromQuery[Id | None] = None,  # noqa: N803
) -> Page[PaymentView]:
    """Payments of every tenant, newest first."""
    filters = (status, provider, tenantId, payerId, purchaseId)
    rows = await store.listed(db, filters, paging)
    total = await total_of(paging, lambda: store.count(db, filters))
    return page_of(rows, PaymentView.of, asked=paging, order=store.NEWEST, total=total)


@get("/admin/payments/{payment_id:uuid}", guards=[admin])
async def get_payment(payment_id: FromPath[UUID], db: NamedDependency[Database]) -> PaymentDetail:
    """One payment, with everything that happened to it: why it is on hold, say."""
    payment = await store.find(db, payment_id)
    if payment is None:
        raise NotFound("There is no such payment")
    return PaymentDetail(
        payment=PaymentView.of(payment),
        moves=await store.moves_of(db, payment_id),
        refunds=[RefundLine.of(refund) for refund in await refund_store.refunds_of(db, payment_id)],
        stray_refunds=[StrayLine.of(stray) for stray in await refund_store.strays_of(db, payment_id)],
        disputes=[DisputeLine.of(dispute) for dispute in await refund_store.disputes_of(db, payment_id)],
    )


doors: list[Any] = [receive, receive_for_tenant, list_payments, get_payment, *stripe_doors]
