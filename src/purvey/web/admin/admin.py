"""The platform's own pages: every product, every payment, the queues, the audit log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from purvey import access, catalog, parking, payments, purchases
from purvey.access import Identity, Sought
from purvey.catalog import Filters, SetStatus
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import NotFound, Refusal
from purvey.payments import Payment, Status
from purvey.purchases import OrderRefund, ReleasePayment
from purvey.web import display
from purvey.web.forms import Form, body, only_once, posted
from purvey.web.rendering import go, page
from purvey.web.session import Page, page_admin
from purvey.web.shop.shop import one_of

ADMIN = [page_admin]
PER_PAGE = 50
JOBS_SHOWN = 100
STANDINGS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "": ("All but archived", {}),
    "on": ("Switched on", {"is_active": True}),
    "off": ("Switched off", {"is_active": False}),
    "archived": ("Archived", {"archived": True}),
}
Number = Annotated[int, QueryParameter(name="page")]


def asked_for(number: int) -> lists.Asked:
    return lists.asked(min(max(number, 1), lists.DEPTH_MAX // PER_PAGE), PER_PAGE)


@get("/admin/products", guards=ADMIN)
async def products(
    *,
    request: Page,
    db: NamedDependency[Database],
    q: FromQuery[str] = "",
    standing: Annotated[str, QueryParameter(name="state")] = "",
    number: Number = 1,
) -> Response[str]:
    """Every product of the platform."""
    return await products_page(request, db, q=q, standing=standing, number=number)


async def products_page(
    request: Page,
    db: Database,
    *,
    q: str = "",
    standing: str = "",
    number: int = 1,
    refused: Refusal | None = None,
) -> Response[str]:
    words, state = q.strip()[:100], standing if standing in STANDINGS else ""
    found = await catalog.list_all_products(
        db, filters=Filters(q=words or None, **STANDINGS[state][1]), asked=asked_for(number)
    )
    return page(
        request,
        "admin/products.html",
        refused=refused,
        products=found,
        asked={"q": words, "state": state},
        states=[(key, words) for key, (words, _) in STANDINGS.items()],
    )


@post("/admin/products/{product_id:uuid}/status", guards=ADMIN)
async def set_status(
    request: Page,
    product_id: FromPath[UUID],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Off the shop by the platform's word, or free again."""
    form = await posted(request)
    on = form.text("to") == "on"
    try:
        wish = body(SetStatus, {"isActive": on, "reason": form.maybe("reason")})
        await catalog.set_status(db, me, product_id=product_id, form=wish, now=now)
    except Refusal as no:
        return await products_page(request, db, refused=no)
    return go("/admin/products", done="reinstated" if on else "suspended")


@get("/admin/payments", guards=ADMIN)
async def all_payments(
    request: Page, db: NamedDependency[Database], status: FromQuery[str] = "", number: Number = 1
) -> Response[str]:
    """Every payment of the platform, newest first."""
    return await payments_page(request, db, status=status, number=number)


async def payments_page(
    request: Page,
    db: Database,
    *,
    status: str = "",
    number: int = 1,
    refused: Refusal | None = None,
    form: Form | None = None,
) -> Response[str]:
    asked, wanted = asked_for(number), one_of(Status, status)
    rows = await payments.listed(db, (wanted, None, None, None, None), asked)
    found = lists.page_of(rows, lambda row: row, asked=asked, order=payments.NEWEST_PAYMENTS)
    return page(
        request,
        "admin/payments.html",
        refused=refused,
        form=form,
        payments=found,
        wanted=wanted or "",
        statuses=[(each, display.STATES[each][0]) for each in Status],
    )


@post("/admin/payments/{payment_id:uuid}/refund", guards=ADMIN)
async def refund(
    request: Page,
    payment_id: FromPath[UUID],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Money back, all of it or a part."""
    form = await posted(request)
    payment: Payment | None = await payments.find(db, payment_id)
    if payment is None:
        raise NotFound("There is no such payment")
    try:
        amount = form.minor("amount", payment.currency)
        wish = body(OrderRefund, {"amount": amount, "reason": form.text("reason")})
        await only_once(db, form, now=now)
        await purchases.execute_refund(db, me, payment.subject_id, amount=wish.amount, reason=wish.reason, now=now)
    except Refusal as no:
        return await payments_page(request, db, refused=no, form=form)
    return go("/admin/payments", done="refunded")


@post("/admin/payments/{payment_id:uuid}/release", guards=ADMIN)
async def release(
    request: Page,
    payment_id: FromPath[UUID],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Keep the money of a payment on hold, and hand over what it was for."""
    form = await posted(request)
    payment = await payments.find(db, payment_id)
    if payment is None:
        raise NotFound("There is no such payment")
    try:
        wish = body(ReleasePayment, {"reason": form.text("reason")})
        await purchases.release(db, me, payment.subject_id, reason=wish.reason, now=now)
    except Refusal as no:
        return await payments_page(request, db, refused=no, form=form)
    return go("/admin/payments", done="released")


@get("/admin/queues", guards=ADMIN)
async def queues(request: Page, db: NamedDependency[Database]) -> Response[str]:
    """What waits, what runs, and what is parked because its retries are spent."""
    parked = await parking.parked_jobs(db, limit=JOBS_SHOWN)
    return page(
        request,
        "admin/queues.html",
        counts=await parking.queue_counts(db),
        parked=[(job, as_text(job.event), as_text(job.error)) for job in parked],
    )


def as_text(value: Any) -> str:
    """Whatever a job carries, for people to look at."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


@post("/admin/queues/replay", guards=ADMIN)
async def replay(
    request: Page, db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> Response[str]:
    """A parked job begins anew; what is not parked is left alone."""
    form = await posted(request)
    job_id = form.whole("job")
    async with db.transaction() as tx:
        if job_id is not None and await parking.replay_jobs(tx, [job_id]):
            await access.audit(
                tx, me, action="job.replayed", subject_type="job", subject_id=str(job_id), detail={}, now=now
            )
    return go("/admin/queues", done="replayed")


@get("/admin/audit", guards=ADMIN)
async def audit_log(
    *,
    request: Page,
    db: NamedDependency[Database],
    action: FromQuery[str] = "",
    subject: FromQuery[str] = "",
    number: Number = 1,
) -> Response[str]:
    """What members and admins changed, newest first."""
    asked = asked_for(number)
    sought = Sought(action=action.strip()[:100] or None, subject_id=subject.strip()[:100] or None)
    rows = await access.entries(db, sought, asked)
    found = lists.page_of(rows, lambda row: row, asked=asked, order=access.NEWEST_ENTRIES)
    return page(
        request,
        "admin/audit.html",
        entries=found,
        details={entry.id: as_text(entry.detail) for entry in found.data if entry.detail},
        asked={"action": sought.action or "", "subject": sought.subject_id or ""},
    )


pages = [products, set_status, all_payments, refund, release, queues, replay, audit_log]
