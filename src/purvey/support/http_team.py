"""The team's doors: look at requests, answer, approve, decline, send the money."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from purvey import support
from purvey.access import Identity, Permission
from purvey.access.guards import may
from purvey.kit.db import Database
from purvey.kit.pages import Page, Paging, page_of, total_of
from purvey.support import MessageView, TicketView, store
from purvey.support.forms import ApproveRefund, WriteMessage
from purvey.support.http_buyer import InState, conversation

REQUESTS = "/sites/{site_id:uuid}/refund-requests"
REQUEST = REQUESTS + "/{ticket_id:uuid}"


@get(REQUESTS, guards=[may(Permission.VIEW_BILLING_DETAILS)])
async def list_requests(
    site_id: FromPath[UUID],
    db: NamedDependency[Database],
    paging: Paging,
    in_state: InState = None,
) -> Page[TicketView]:
    """A site's refund requests, newest first."""
    rows = await store.list_of_site(db, site_id, in_state, paging)
    total = await total_of(paging, lambda: store.count_of_site(db, site_id, in_state))
    return page_of(rows, lambda row: row, asked=paging, order=store.NEWEST, total=total)


@get(REQUEST, guards=[may(Permission.VIEW_BILLING_DETAILS)])
async def get_request(site_id: FromPath[UUID], ticket_id: FromPath[UUID], db: NamedDependency[Database]) -> TicketView:
    """A refund request."""
    return await support.seen_by_team(db, site_id, ticket_id)


@get(f"{REQUEST}/messages", guards=[may(Permission.VIEW_BILLING_DETAILS)])
async def list_team_messages(
    site_id: FromPath[UUID], ticket_id: FromPath[UUID], db: NamedDependency[Database], paging: Paging
) -> Page[MessageView]:
    """What was written in it, from the first message on."""
    await support.seen_by_team(db, site_id, ticket_id)
    return await conversation(db, ticket_id, paging)


@post(f"{REQUEST}/messages", guards=[may(Permission.VIEW_BILLING_DETAILS)])
async def write_team_message(
    *,
    site_id: FromPath[UUID],
    ticket_id: FromPath[UUID],
    data: JSONBody[WriteMessage],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> MessageView:
    """Answer the buyer."""
    return await support.answer(db, me, ticket_id, site_id=site_id, body=data.body, now=now)


@post(f"{REQUEST}/approve", guards=[may(Permission.APPROVE_REFUNDS)], status_code=200)
async def approve_request(
    *,
    site_id: FromPath[UUID],
    ticket_id: FromPath[UUID],
    data: JSONBody[ApproveRefund],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> TicketView:
    """Set the money aside; with `execute`, which needs ManageRefunds, send it too."""
    return await support.approve(db, me, site_id, ticket_id, amount=data.amount, execute=data.execute, now=now)


@post(f"{REQUEST}/decline", guards=[may(Permission.APPROVE_REFUNDS)], status_code=200)
async def decline_request(
    site_id: FromPath[UUID],
    ticket_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> TicketView:
    """Say no; tell the buyer why by a message before."""
    return await support.decline(db, me, site_id, ticket_id, now=now)


@post(f"{REQUEST}/execute", guards=[may(Permission.MANAGE_REFUNDS)], status_code=200)
async def execute_request(
    site_id: FromPath[UUID],
    ticket_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> TicketView:
    """Send what an approval set aside; it goes right after this answer."""
    return await support.execute(db, me, site_id, ticket_id, now=now)


doors: list[Any] = [
    list_requests,
    get_request,
    list_team_messages,
    write_team_message,
    approve_request,
    decline_request,
    execute_request,
]
