"""Buyers who ask for their money back: read, answered, approved or declined (A15, A33)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from purvey import support
from purvey.access import Identity, Permission
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.support import LIFE, Happening, TicketState
from purvey.support.forms import ApproveRefund, WriteMessage
from purvey.tenants import Site
from purvey.web import display
from purvey.web.forms import TEXT_BYTES, Form, body, posted
from purvey.web.rendering import go
from purvey.web.session import Page
from purvey.web.shop.shop import one_of
from purvey.web.studio.scope import page_may, studio_page

PER_PAGE = 50
WORDS_SHOWN = 100
VIEW, APPROVE = [page_may(Permission.VIEW_BILLING_DETAILS)], [page_may(Permission.APPROVE_REFUNDS)]
EXECUTE = [page_may(Permission.MANAGE_REFUNDS)]
REQUEST = "/refund-requests/{ticket_id:uuid}"


@get("/refund-requests", guards=VIEW)
async def requests(
    request: Page,
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    standing: Annotated[str, QueryParameter(name="state")] = "",
    number: Annotated[int, QueryParameter(name="page")] = 1,
) -> Response[str]:
    """A site's requests, newest first."""
    asked = lists.asked(min(max(number, 1), lists.DEPTH_MAX // PER_PAGE), PER_PAGE)
    wanted = one_of(TicketState, standing)
    rows = await support.list_of_site(db, site.id, wanted, asked)
    found = lists.page_of(rows, lambda row: row, asked=asked, order=support.NEWEST_TICKETS)
    return await studio_page(
        request,
        "studio/refund_requests.html",
        found=found,
        wanted=wanted or "",
        states=[(each, display.STATES[each][0]) for each in TicketState],
    )


@get(REQUEST, guards=VIEW)
async def one(
    request: Page, ticket_id: FromPath[UUID], site: NamedDependency[Site], db: NamedDependency[Database]
) -> Response[str]:
    """A request with everything that was written about it."""
    return await ticket_page(request, site, db, ticket_id)


async def ticket_page(
    request: Page,
    site: Site,
    db: Database,
    ticket_id: UUID,
    *,
    refused: Refusal | None = None,
    form: Form | None = None,
) -> Response[str]:
    ticket = await support.seen_by_team(db, site.id, ticket_id)
    return await studio_page(
        request,
        "studio/refund_request.html",
        refused=refused,
        form=form,
        ticket=ticket,
        talk=(await support.messages(db, ticket_id, lists.asked(1, WORDS_SHOWN)))[:WORDS_SHOWN],
        open_to={each.name: LIFE.allows(ticket.state, each) for each in Happening},
        is_live=ticket.state in (TicketState.OPEN, TicketState.APPROVED),
    )


@post(f"{REQUEST}/messages", guards=VIEW, request_max_body_size=TEXT_BYTES)
async def write(
    *,
    request: Page,
    ticket_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """An answer to the buyer."""
    form = await posted(request)
    try:
        wish = body(WriteMessage, {"body": form.raw("body").strip()})
        await support.answer(db, me, ticket_id, site_id=site.id, body=wish.body, now=now)
    except Refusal as no:
        return await ticket_page(request, site, db, ticket_id, refused=no, form=form)
    return go(f"/refund-requests/{ticket_id}?site={site.slug}", done="sent")


@post(f"{REQUEST}/approve", guards=APPROVE, request_max_body_size=TEXT_BYTES)
async def approve(
    *,
    request: Page,
    ticket_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The money is set aside, and sent at once by who may and wants to."""
    form = await posted(request)
    ticket = await support.seen_by_team(db, site.id, ticket_id)
    try:
        amount = form.minor("amount", ticket.currency_code)
        wish = body(ApproveRefund, {"amount": amount, "execute": form.ticked("execute")})
        await support.approve(db, me, site.id, ticket_id, amount=wish.amount, execute=wish.execute, now=now)
    except Refusal as no:
        return await ticket_page(request, site, db, ticket_id, refused=no, form=form)
    return go(f"/refund-requests/{ticket_id}?site={site.slug}", done="refunded" if wish.execute else "approved")


@post(f"{REQUEST}/decline", guards=APPROVE)
async def decline(
    *,
    request: Page,
    ticket_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """No money goes back."""
    await posted(request)
    try:
        await support.decline(db, me, site.id, ticket_id, now=now)
    except Refusal as no:
        return await ticket_page(request, site, db, ticket_id, refused=no)
    return go(f"/refund-requests/{ticket_id}?site={site.slug}", done="declined")


@post(f"{REQUEST}/execute", guards=EXECUTE)
async def execute(
    *,
    request: Page,
    ticket_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """What an approval set aside is sent."""
    await posted(request)
    try:
        await support.execute(db, me, site.id, ticket_id, now=now)
    except Refusal as no:
        return await ticket_page(request, site, db, ticket_id, refused=no)
    return go(f"/refund-requests/{ticket_id}?site={site.slug}", done="refunded")


pages = [requests, one, write, approve, decline, execute]
