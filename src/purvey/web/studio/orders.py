"""What a site sold, order by order: fulfilling, downloads, money back (A33)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from purvey import downloads, purchases
from purvey.access import Identity, Permission
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import NotFound, Refusal
from purvey.payments import Status
from purvey.purchases import FULFILMENT_LIFE, Fulfilment, MoveFulfilment, OrderRefund, ReleasePayment, SaleDetail
from purvey.tenants import Site
from purvey.web import display
from purvey.web.forms import TEXT_BYTES, Form, body, only_once, posted
from purvey.web.rendering import go
from purvey.web.session import Page
from purvey.web.shop.shop import one_of
from purvey.web.studio.scope import page_may, studio_page

PER_PAGE = 50
DOWNLOADS_SHOWN = 20
VIEW, EDIT = [page_may(Permission.VIEW_BILLING_DETAILS)], [page_may(Permission.EDIT_BILLING_DETAILS)]
REFUND = [page_may(Permission.MANAGE_REFUNDS)]
ORDER = "/orders/{purchase_id:uuid}"
OWED = {Status.SUCCEEDED, Status.PARTIALLY_REFUNDED, Status.CHARGEBACK_WON}


@get("/orders", guards=VIEW)
async def orders(
    *,
    request: Page,
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    status: FromQuery[str] = "",
    far: FromQuery[str] = "",
    number: Annotated[int, QueryParameter(name="page")] = 1,
) -> Response[str]:
    """A site's orders, newest first."""
    asked = lists.asked(min(max(number, 1), lists.DEPTH_MAX // PER_PAGE), PER_PAGE)
    wanted, stage = one_of(Status, status), one_of(Fulfilment, far)
    rows = await purchases.of_site(db, (site.id, wanted, None, stage), asked)
    found = lists.page_of(rows, lambda row: row, asked=asked, order=purchases.NEWEST_PURCHASES)
    return await studio_page(
        request,
        "studio/orders.html",
        orders=found,
        asked={"status": wanted or "", "far": stage or ""},
        statuses=[(each, display.STATES[each][0]) for each in Status],
        stages=[(each, display.STATES[each][0]) for each in Fulfilment],
    )


@get(ORDER, guards=VIEW)
async def order(
    request: Page, purchase_id: FromPath[UUID], site: NamedDependency[Site], db: NamedDependency[Database]
) -> Response[str]:
    """One order, with who bought it and what they asked for."""
    return await order_page(request, site, db, purchase_id)


async def found_order(db: Database, site: Site, purchase_id: UUID) -> SaleDetail:
    """An order of the site; NotFound."""
    found = await purchases.sale(db, purchase_id, site_id=site.id)
    if found is None:
        raise NotFound("There is no such order")
    return found


async def order_page(
    request: Page,
    site: Site,
    db: Database,
    purchase_id: UUID,
    *,
    refused: Refusal | None = None,
    form: Form | None = None,
) -> Response[str]:
    found = await found_order(db, site, purchase_id)
    log = await downloads.list_downloads(
        db, site_id=site.id, purchase_id=purchase_id, asked=lists.asked(1, DOWNLOADS_SHOWN)
    )
    here = found.fulfilment_state
    return await studio_page(
        request,
        "studio/order.html",
        refused=refused,
        form=form,
        values={"state": here, "note": found.fulfilment_note},
        order=found,
        owed=found.status in OWED,
        held=found.status is Status.ON_HOLD,
        log=log.data,
        moves=[
            (each, display.STATES[each][0])
            for each in Fulfilment
            if here and (each is here or FULFILMENT_LIFE.allows(here, each))
        ],
    )


@post(f"{ORDER}/fulfilment", guards=EDIT, request_max_body_size=TEXT_BYTES)
async def fulfil(
    *,
    request: Page,
    purchase_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """How far it is; the buyer sees it."""
    form = await posted(request)
    try:
        before = (await found_order(db, site, purchase_id)).fulfilment_note
        note = before if form.is_as_shown("note", before) else form.raw("note").strip() or None
        wish = body(MoveFulfilment, {"state": form.text("state"), "note": note})
        await purchases.fulfil(db, me, purchase_id, site_id=site.id, state=wish.state, note=wish.note, now=now)
    except Refusal as no:
        return await order_page(request, site, db, purchase_id, refused=no, form=form)
    return go(f"/orders/{purchase_id}?site={site.slug}", done="moved")


@post(f"{ORDER}/downloads/reset", guards=EDIT)
async def reset_downloads(
    *,
    request: Page,
    purchase_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The buyer downloads as often as at first."""
    await posted(request)
    await downloads.reset_downloads(db, me, site_id=site.id, purchase_id=purchase_id, now=now)
    return go(f"/orders/{purchase_id}?site={site.slug}", done="downloads-reset")


@post(f"{ORDER}/refund", guards=REFUND)
async def refund(
    *,
    request: Page,
    purchase_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Money back, all of it or a part."""
    form = await posted(request)
    found = await found_order(db, site, purchase_id)
    try:
        amount = form.minor("amount", found.currency_code)
        wish = body(OrderRefund, {"amount": amount, "reason": form.text("reason")})
        await only_once(db, form, now=now)
        await purchases.execute_refund(db, me, purchase_id, amount=wish.amount, reason=wish.reason, now=now)
    except Refusal as no:
        return await order_page(request, site, db, purchase_id, refused=no, form=form)
    return go(f"/orders/{purchase_id}?site={site.slug}", done="refunded")


@post(f"{ORDER}/release", guards=EDIT)
async def release(
    *,
    request: Page,
    purchase_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Keep the money of a payment on hold, and hand over what it was for."""
    form = await posted(request)
    await found_order(db, site, purchase_id)
    try:
        wish = body(ReleasePayment, {"reason": form.text("reason")})
        await purchases.release(db, me, purchase_id, reason=wish.reason, now=now)
    except Refusal as no:
        return await order_page(request, site, db, purchase_id, refused=no, form=form)
    return go(f"/orders/{purchase_id}?site={site.slug}", done="released")


pages = [orders, order, fulfil, reset_downloads, refund, release]
