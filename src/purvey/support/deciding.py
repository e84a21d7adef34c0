"""The site's team decides a request: one approves, which sets the money aside, one who may manage refunds sends it."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey import access, payments, purchases
from purvey.access import Identity, Permission
from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict, NotAllowed, NotFound
from purvey.kit.events import publish
from purvey.payments import Refund, RefundStatus
from purvey.support import store
from purvey.support.asking import about, free_money, held, seen_by_team
from purvey.support.events import RefundRequestApproved, RefundRequestDeclined
from purvey.support.model import LIFE, Happening, Ticket, TicketState
from purvey.support.views import TicketView

REASON_MAX = 500  # as much of it as gateways keep


class NotApproved(Conflict):
    """There is no money set aside that could be sent: approve the request first."""

    code = "refund_not_approved"


async def approve(
    db: Database,
    me: Identity,
    site_id: UUID,
    ticket_id: UUID,
    *,
    amount: int | None,
    execute: bool,
    now: datetime,
) -> TicketView:
    """Set the money aside, all that is left when `amount` is None; and send it at once by `execute`.

    NotFound, ImpossibleMove, NotRefundable, RefundTooMuch, NotAllowed to execute.
    """
    if execute:
        refuse_executing(me)
    async with db.transaction() as tx:
        ticket = await reopened(tx, await of_site(tx, site_id, ticket_id))
        after = LIFE.after(ticket.state, Happening.APPROVED)
        refund = await purchases.request_refund(
            tx, ticket.purchase_id, amount=amount, reason=ticket.reason[:REASON_MAX], requested_by=me.user_id, now=now
        )
        ticket = msgspec.structs.replace(
            ticket, state=after, refund_id=refund.id, decided_by=me.user_id, decided_at=now, updated_at=now
        )
        await store.save(tx, ticket)
        await note(tx, me, ticket, "approved", refund, now=now)
        publish(
            tx,
            RefundRequestApproved(
                refund_id=refund.id, amount=refund.amount, currency=refund.currency, **about(ticket, now)
            ),
        )
        if execute:
            await send(tx, me, ticket, refund, now=now)
    return await seen_by_team(db, site_id, ticket_id)


async def execute(db: Database, me: Identity, site_id: UUID, ticket_id: UUID, *, now: datetime) -> TicketView:
    """Send what an approval set aside; NotFound, NotApproved, ImpossibleMove when it was sent."""
    async with db.transaction() as tx:
        ticket = await of_site(tx, site_id, ticket_id)
        refund = await payments.find_refund(tx, ticket.refund_id) if ticket.refund_id else None
        if ticket.state is not TicketState.APPROVED or refund is None:
            raise NotApproved("Approve this request first: only then is money set aside for it")
        if refund.status is RefundStatus.FAILED:
            raise NotApproved(f"What was set aside is free again: {refund.failure}. Approve this request once more")
        await send(tx, me, ticket, refund, now=now)
        await store.save(tx, msgspec.structs.replace(ticket, updated_at=now))
    return await seen_by_team(db, site_id, ticket_id)


async def decline(db: Database, me: Identity, site_id: UUID, ticket_id: UUID, *, now: datetime) -> TicketView:
    """No money goes back; what was set aside is free again. NotFound, ImpossibleMove."""
    async with db.transaction() as tx:
        ticket = await of_site(tx, site_id, ticket_id)
        after = LIFE.after(ticket.state, Happening.DECLINED)
        await free_money(tx, ticket, reason="the request was declined", now=now)
        ticket = msgspec.structs.replace(ticket, state=after, decided_by=me.user_id, decided_at=now, updated_at=now)
        await store.save(tx, ticket)
        await note(tx, me, ticket, "declined", None, now=now)
        publish(tx, RefundRequestDeclined(**about(ticket, now)))
    return await seen_by_team(db, site_id, ticket_id)


async def settled(tx: Tx, purchase_id: UUID, *, refund_id: UUID, whole: bool, now: datetime) -> None:
    """Money went back to the buyer: its request is done, and with all of the money every other."""
    for ticket in await store.lock_settled(tx, purchase_id, refund_id=refund_id, whole=whole):
        after = LIFE.after(ticket.state, Happening.MONEY_WENT_BACK)
        await store.save(tx, msgspec.structs.replace(ticket, state=after, updated_at=now))


async def reopened(tx: Tx, ticket: Ticket) -> Ticket:
    """The ticket as it was before an approval whose refund failed."""
    if ticket.state is not TicketState.APPROVED or ticket.refund_id is None:
        return ticket
    refund = await payments.find_refund(tx, ticket.refund_id)
    if refund is None or refund.status is not RefundStatus.FAILED:
        return ticket
    return msgspec.structs.replace(ticket, state=LIFE.after(ticket.state, Happening.REFUND_FAILED), refund_id=None)


async def send(tx: Tx, me: Identity, ticket: Ticket, refund: Refund, *, now: datetime) -> None:
    refuse_executing(me)
    await payments.approve_refund(tx, refund.id, now=now)
    await note(tx, me, ticket, "executed", refund, now=now)


def refuse_executing(me: Identity) -> None:
    if Permission.MANAGE_REFUNDS not in me.permissions:
        raise NotAllowed(
            f"Sending money back needs the permission {Permission.MANAGE_REFUNDS}; approve it without `execute`",
            extra={"permission": Permission.MANAGE_REFUNDS},
        )


async def of_site(tx: Tx, site_id: UUID, ticket_id: UUID) -> Ticket:
    ticket = await held(tx, ticket_id)
    if ticket.site_id != site_id:
        raise NotFound("There is no such refund request")
    return ticket


async def note(tx: Tx, me: Identity, ticket: Ticket, done: str, refund: Refund | None, *, now: datetime) -> None:
    """A line for the audit log."""
    detail: dict[str, object] = {"purchaseId": ticket.purchase_id}
    if refund is not None:
        detail |= {"refundId": refund.id, "amount": refund.amount, "currencyCode": refund.currency}
    await access.audit(
        tx, me, action=f"refund-request.{done}", subject_type="ticket", subject_id=ticket.id, detail=detail, now=now
    )
