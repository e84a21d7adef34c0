"""What a buyer bought: the list, each purchase with its downloads, and what can be done with it (A29)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from purvey import access, downloads, payments, purchases, support, tenants
from purvey.access import Identity
from purvey.downloads import DownloadableFile
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import NotFound, Refusal
from purvey.kit.ids import Id
from purvey.payments import Gateways, Status
from purvey.purchases import PurchaseDetail
from purvey.storage import Storage
from purvey.support import MessageView, TicketState, TicketView
from purvey.web.forms import Form, posted
from purvey.web.rendering import go, page
from purvey.web.session import Page, page_signed_in, world_of
from purvey.web.shop.shop import one_of

PER_PAGE = 20
OPEN = {Status.PENDING, Status.PROCESSING, Status.REQUIRES_ACTION, Status.FAILED}  # a declined card may be tried again
UNPAID = {*OPEN, Status.EXPIRED, Status.CANCELLED}
PAID = {Status.SUCCEEDED, Status.PARTIALLY_REFUNDED, Status.CHARGEBACK_WON}
LIVE = {TicketState.OPEN, TicketState.APPROVED}
WORDS_SHOWN = 100
ASKS, ASKING_WINDOW = 12, timedelta(minutes=1)


@get("/purchases", guards=[page_signed_in])
async def bought(
    request: Page,
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    status: FromQuery[str] = "",
    number: Annotated[int, QueryParameter(name="page")] = 1,
) -> Response[str]:
    """Everything a person bought, at every shop, newest first."""
    asked = lists.asked(min(max(number, 1), lists.DEPTH_MAX // PER_PAGE), PER_PAGE)
    wanted = one_of(Status, status)
    rows = await purchases.mine(db, (me.user_id, wanted, None), asked)
    found = lists.page_of(rows, lambda row: row, asked=asked, order=purchases.NEWEST_PURCHASES)
    return page(request, "reader/purchases.html", purchases=found, wanted=wanted or "")


@get("/purchases/{purchase_id:uuid}", guards=[page_signed_in])
async def purchase(
    *,
    request: Page,
    purchase_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    now: NamedDependency[datetime],
) -> Response[str]:
    """One purchase. While it is open the gateway is asked first: a buyer is back before its webhook is."""
    await ask_after(db, gateways, purchase_id, me, now=now)
    return await purchase_page(request, db, me, purchase_id)


async def ask_after(db: Database, gateways: Gateways, purchase_id: UUID, me: Identity, *, now: datetime) -> None:
    """Read an open payment afresh, unless it was asked too often just now, or the gateway does not answer."""
    payment = await payments.of_subject(db, "purchase", purchase_id)
    if payment is None or payment.payer_id != me.user_id or payment.status not in OPEN:
        return
    if payment.checkout_url is None or payment.closed_at is not None:
        return
    try:
        await access.throttle(
            db, key=f"ask-after:{payment.id}", limit=ASKS, window=ASKING_WINDOW, now=now, is_secret=True
        )
        await purchases.catch_up(db, gateways, payment, now=now)
    except Refusal:
        return


async def purchase_page(
    request: Page,
    db: Database,
    me: Identity,
    purchase_id: UUID,
    *,
    refused: Refusal | None = None,
    form: Form | None = None,
) -> Response[str]:
    """The page of a purchase; after a refusal, its form as it was filled in."""
    found = await purchases.detail(db, purchase_id, buyer_id=me.user_id)
    if found is None:
        raise NotFound("There is no such purchase")
    files, why_none = await files_of(db, me, found)
    ticket, talk = await talk_of(db, me, purchase_id)
    left = "checkout" in request.query_params
    is_open = found.status in OPEN and found.expires_at is not None
    now = world_of(request).clock()
    return page(
        request,
        "reader/purchase.html",
        refused=refused,
        form=form,
        purchase=found,
        files=files,
        why_none=why_none,
        is_open=is_open,
        is_unpaid=found.status in UNPAID,
        refresh=is_open and found.status is not Status.FAILED and not left and request.method in ("GET", "HEAD"),
        left=left,
        site=await tenants.find_site(db, found.site_id),
        ticket=ticket,
        talk=talk,
        may_ask=may_ask(found, ticket, now=now),
        headers={"Cache-Control": "no-store"},
    )


async def files_of(
    db: Database, me: Identity, purchase: PurchaseDetail
) -> tuple[list[tuple[str, Sequence[DownloadableFile]]], str]:
    """The files by the product they belong to; or why there are none to be had."""
    try:
        files = await downloads.list_files(db, me.user_id, purchase_id=purchase.id)
    except NotFound:
        return [], ""
    except Refusal as no:
        return [], no.detail if purchase.status not in UNPAID else ""
    names = {item.product_id: item.name for item in purchase.items}
    groups: dict[str, list[DownloadableFile]] = {}
    for file in files:
        groups.setdefault(names.get(file.product_id, purchase.item_name), []).append(file)
    return list(groups.items()), ""


async def talk_of(db: Database, me: Identity, purchase_id: UUID) -> tuple[TicketView | None, list[MessageView]]:
    """The newest refund request of a purchase, and what was written about it."""
    try:
        ticket = await support.of_purchase(db, me, purchase_id)
    except NotFound:
        return None, []
    return ticket, (await support.messages(db, ticket.id, lists.asked(1, WORDS_SHOWN)))[:WORDS_SHOWN]


def may_ask(purchase: PurchaseDetail, ticket: TicketView | None, *, now: datetime) -> bool:
    """Whether the page offers to ask for a refund; the action decides."""
    in_time = purchase.refundable_until is not None and now < purchase.refundable_until
    left = purchase.status in PAID and purchase.final_amount > purchase.refunded_amount
    return in_time and left and (ticket is None or ticket.state not in LIVE)


@get("/purchases/{purchase_id:uuid}/download", guards=[page_signed_in])
async def download(
    *,
    request: Page,
    purchase_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
    file_id: Annotated[Id | None, QueryParameter(name="fileId")] = None,
) -> Response[Any]:
    """The same bytes as through the JSON door, for who is signed in by cookie."""
    return await downloads.answer(request, db, storage, me.user_id, purchase_id=purchase_id, file_id=file_id, now=now)


@post("/purchases/{purchase_id:uuid}/cancel", guards=[page_signed_in])
async def cancel(
    *,
    request: Page,
    purchase_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Not after all: its checkout is closed, what was held is free."""
    await posted(request)
    try:
        await purchases.cancel(db, gateways, purchase_id, buyer_id=me.user_id, now=now)
    except Refusal as no:
        return await purchase_page(request, db, me, purchase_id, refused=no)
    return go(f"/purchases/{purchase_id}", done="cancelled")


pages = [bought, purchase, download, cancel]
