"""A buyer asks for their money back, and both sides talk about it. No money moves by that."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from purvey import access, payments, purchases
from purvey.access import Identity
from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict, NotFound
from purvey.kit.events import publish
from purvey.kit.ids import new_id
from purvey.payments import RefundStatus
from purvey.support import rules, store
from purvey.support.events import RefundRequestAnswered, RefundRequested, RefundRequestWithdrawn
from purvey.support.model import LIFE, Happening, Ticket
from purvey.support.views import MessageView, TicketView

MESSAGES_AN_HOUR = 60
HOUR = timedelta(hours=1)


class OnItsWay(Conflict):
    """The money was sent; it cannot be called back."""

    code = "refund_on_its_way"


async def ask_for_refund(db: Database, me: Identity, purchase_id: UUID, *, reason: str, now: datetime) -> TicketView:
    """Open a request for a purchase of one's own; NotFound, NothingToRefund, WindowOver, AlreadyAsked."""
    ticket_id = new_id()
    async with db.transaction() as tx:
        purchase = await purchases.detail(tx, purchase_id, buyer_id=me.user_id)
        if purchase is None:
            raise NotFound("There is no such purchase")
        rules.refuse_request(purchase, now=now)
        if not await store.insert(
            tx, ticket_id, purchase_id=purchase_id, opened_by=me.user_id, reason=reason.strip(), now=now
        ):
            raise rules.already_asked(await store.live_of(tx, purchase_id))
        ticket = await held(tx, ticket_id)
        publish(tx, RefundRequested(**about(ticket, now)))
    return await seen_by_buyer(db, me, ticket_id)


async def withdraw(db: Database, me: Identity, ticket_id: UUID, *, now: datetime) -> TicketView:
    """The buyer thinks better of it; what was set aside for them is free again. NotFound, ImpossibleMove."""
    async with db.transaction() as tx:
        ticket = await held(tx, ticket_id)
        if ticket.opened_by != me.user_id:
            raise NotFound("There is no such refund request")
        after = LIFE.after(ticket.state, Happening.WITHDRAWN)
        await free_money(tx, ticket, reason="withdrawn by the buyer", now=now)
        await store.save(tx, msgspec.structs.replace(ticket, state=after, updated_at=now))
        publish(tx, RefundRequestWithdrawn(**about(ticket, now)))
    return await seen_by_buyer(db, me, ticket_id)


async def answer(
    db: Database, me: Identity, ticket_id: UUID, *, site_id: UUID | None, body: str, now: datetime
) -> MessageView:
    """Write a message: as one of the site's team when `site_id` is given, else as the buyer.

    NotFound, TicketClosed, TooManyMessages, TooMany.
    """
    message_id = new_id()
    async with db.transaction() as tx:
        ticket = await held(tx, ticket_id)
        mine = ticket.opened_by == me.user_id if site_id is None else ticket.site_id == site_id
        if not mine:
            raise NotFound("There is no such refund request")
        rules.refuse_message(ticket, written=await store.count_messages(tx, ticket_id))
        await access.throttle(
            tx, key=f"messages:{me.user_id}", limit=MESSAGES_AN_HOUR, window=HOUR, now=now,
            detail="You wrote many messages; wait a little, then go on",
        )  # fmt: skip
        await store.write(tx, message_id, ticket_id=ticket_id, author_id=me.user_id, body=body.strip(), now=now)
        publish(tx, RefundRequestAnswered(message_id=message_id, author_id=me.user_id, **about(ticket, now)))
    return await store.message(db, message_id)


async def seen_by_buyer(db: Database, me: Identity, ticket_id: UUID) -> TicketView:
    """A request of one's own; NotFound."""
    return there(await store.of_buyer(db, ticket_id, me.user_id))


async def seen_by_team(db: Database, site_id: UUID, ticket_id: UUID) -> TicketView:
    """A request of a site; NotFound."""
    return there(await store.of_site(db, ticket_id, site_id))


async def of_purchase(db: Database, me: Identity, purchase_id: UUID) -> TicketView:
    """One's newest request for a purchase of one's own; NotFound."""
    return there(await store.of_purchase(db, purchase_id, me.user_id))


async def held(tx: Tx, ticket_id: UUID) -> Ticket:
    """A request that nobody else decides until this transaction ends; NotFound."""
    ticket = await store.lock(tx, ticket_id)
    if ticket is None:
        raise NotFound("There is no such refund request")
    return ticket


async def free_money(tx: Tx, ticket: Ticket, *, reason: str, now: datetime) -> None:
    """What an approval set aside is free again; OnItsWay when it was sent. Only who holds the ticket sends it."""
    refund = await payments.find_refund(tx, ticket.refund_id) if ticket.refund_id else None
    if refund is None or refund.status is RefundStatus.FAILED:
        return
    if refund.status is not RefundStatus.REQUESTED:
        raise OnItsWay("The money is on its way already")
    await payments.turn_down_refund(tx, refund.id, reason=reason, now=now)


def there(ticket: TicketView | None) -> TicketView:
    if ticket is None:
        raise NotFound("There is no such refund request")
    return ticket


def about(ticket: Ticket, now: datetime) -> dict[str, Any]:
    """What every event of a request carries."""
    return {
        "subject_id": ticket.id,
        "tenant_id": ticket.tenant_id,
        "at": now,
        "site_id": ticket.site_id,
        "purchase_id": ticket.purchase_id,
        "buyer_id": ticket.opened_by,
    }
