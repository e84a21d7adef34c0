"""A buyer's doors: ask for a refund, look, talk, withdraw."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from purvey import support
from purvey.access import Identity
from purvey.access.guards import buyer
from purvey.kit.db import Database
from purvey.kit.pages import Page, Paging, page_of, total_of
from purvey.support import MessageView, TicketState, TicketView, store
from purvey.support.forms import AskForRefund, WriteMessage

InState = Annotated[TicketState | None, QueryParameter(name="state")]


@post("/purchases/{purchase_id:uuid}/refund-request", guards=[buyer])
async def ask_for_refund(
    purchase_id: FromPath[UUID],
    data: JSONBody[AskForRefund],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> TicketView:
    """Ask for your money back. No money moves until the seller decides."""
    return await support.ask_for_refund(db, me, purchase_id, reason=data.reason, now=now)


@get("/purchases/{purchase_id:uuid}/refund-request", guards=[buyer])
async def get_refund_request(
    purchase_id: FromPath[UUID], me: NamedDependency[Identity], db: NamedDependency[Database]
) -> TicketView:
    """Your newest request for a purchase, and what became of it."""
    return await support.of_purchase(db, me, purchase_id)


@get("/refund-requests", guards=[buyer])
async def list_my_requests(
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    paging: Paging,
    in_state: InState = None,
) -> Page[TicketView]:
    """Your own requests, newest first."""
    rows = await store.list_of_buyer(db, me.user_id, in_state, paging)
    total = await total_of(paging, lambda: store.count_of_buyer(db, me.user_id, in_state))
    return page_of(rows, lambda row: row, asked=paging, order=store.NEWEST, total=total)


@get("/refund-requests/{ticket_id:uuid}", guards=[buyer])
async def get_my_request(
    ticket_id: FromPath[UUID], me: NamedDependency[Identity], db: NamedDependency[Database]
) -> TicketView:
    """A request of yours."""
    return await support.seen_by_buyer(db, me, ticket_id)


@post("/refund-requests/{ticket_id:uuid}/withdraw", guards=[buyer], status_code=200)
async def withdraw_request(
    ticket_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> TicketView:
    """Take a request back, before the money is on its way."""
    return await support.withdraw(db, me, ticket_id, now=now)


@get("/refund-requests/{ticket_id:uuid}/messages", guards=[buyer])
async def list_messages(
    ticket_id: FromPath[UUID], me: NamedDependency[Identity], db: NamedDependency[Database], paging: Paging
) -> Page[MessageView]:
    """What was written in a request of yours, from the first message on."""
    await support.seen_by_buyer(db, me, ticket_id)
    return await conversation(db, ticket_id, paging)


@post("/refund-requests/{ticket_id:uuid}/messages", guards=[buyer])
async def write_message(
    ticket_id: FromPath[UUID],
    data: JSONBody[WriteMessage],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> MessageView:
    """Write to the seller."""
    return await support.answer(db, me, ticket_id, site_id=None, body=data.body, now=now)


async def conversation(db: Database, ticket_id: UUID, paging: Paging) -> Page[MessageView]:
    rows = await store.messages(db, ticket_id, paging)
    total = await total_of(paging, lambda: store.count_messages(db, ticket_id))
    return page_of(rows, lambda row: row, asked=paging, order=store.AS_WRITTEN, total=total)


doors: list[Any] = [
    ask_for_refund,
    get_refund_request,
    list_my_requests,
    get_my_request,
    withdraw_request,
    list_messages,
    write_message,
]
