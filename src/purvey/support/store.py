"""The SQL of refund requests."""

from datetime import datetime
from uuid import UUID

from purvey.kit.db import Queries, Tx
from purvey.kit.pages import Asked, Order
from purvey.support.model import Ticket, TicketState
from purvey.support.views import MessageView, TicketView

TICKET = """
    id, tenant_id, site_id, purchase_id, opened_by, state, reason, refund_id, decided_by, decided_at,
    created_at, updated_at
"""
NEWEST: Order[TicketView] = Order("newest-request", ("t.id",), (UUID,), lambda row: (row.id,), descending=True)
AS_WRITTEN: Order[MessageView] = Order("messages", ("m.at", "m.id"), (datetime, UUID), lambda row: (row.at, row.id))

# A new request, unless one of the same purchase is open.
INSERT = """
insert into tickets (id, tenant_id, site_id, purchase_id, opened_by, state, reason, created_at, updated_at)
select $1, p.tenant_id, p.site_id, p.id, $3, 'OPEN', $4, $5, $5
from purchases p
where p.id = $2
on conflict (purchase_id) where state in ('OPEN', 'APPROVED') do nothing
"""

# The request of a purchase that is not decided or not done yet.
LIVE_OF = "select id from tickets where purchase_id = $1 and state in ('OPEN', 'APPROVED')"

# A request that nobody else decides until this transaction ends.
LOCK = f"select {TICKET} from tickets where id = $1 for update"

# The open requests that a refund settles: its own, and when all the money went back, any of the purchase.
LOCK_SETTLED = f"""
select {TICKET}
from tickets
where purchase_id = $1
    and state in ('OPEN', 'APPROVED')
    and ($3 or refund_id = $2)
order by id
for update
"""

SAVE = """
update tickets
set state = $2, refund_id = $3, decided_by = $4, decided_at = $5, updated_at = $6
where id = $1
"""

VIEW = """
select t.id, t.site_id, t.purchase_id, p.order_number, p.item_name, p.final_amount, p.currency as currency_code,
    t.opened_by as buyer_id, u.display_name as buyer_display_name, t.state, t.reason,
    case when r.id is not null then
        jsonb_build_object('id', r.id, 'amount', r.amount, 'status', r.status, 'failure', r.failure)
    end as refund,
    (select count(*) from ticket_messages m where m.ticket_id = t.id) as message_count,
    t.decided_at, t.created_at, t.updated_at
from tickets t
join purchases p on p.id = t.purchase_id
join users u on u.id = t.opened_by
left join refunds r on r.id = t.refund_id
"""

# A buyer's newest request for a purchase of theirs.
OF_PURCHASE = f"""
{VIEW}
where t.purchase_id = $1
    and t.opened_by = $2
order by t.id desc
limit 1
"""

OF_BUYER = f"{VIEW} where t.id = $1 and t.opened_by = $2"
OF_SITE = f"{VIEW} where t.id = $1 and t.site_id = $2"

# A site's requests, newest first.
LIST_OF_SITE = f"""
{VIEW}
where t.site_id = $1
    and ($2::text is null or t.state = $2)
    and {NEWEST.beyond(3)}
order by {NEWEST.by}
limit $4
offset $5
"""
COUNT_OF_SITE = "select count(*) from tickets where site_id = $1 and ($2::text is null or state = $2)"

# Your own requests, newest first.
LIST_OF_BUYER = f"""
{VIEW}
where t.opened_by = $1
    and ($2::text is null or t.state = $2)
    and {NEWEST.beyond(3)}
order by {NEWEST.by}
limit $4
offset $5
"""
COUNT_OF_BUYER = "select count(*) from tickets where opened_by = $1 and ($2::text is null or state = $2)"

MESSAGE = """
select m.id, m.author_id, u.display_name as author_display_name, m.author_id = t.opened_by as is_buyer, m.body, m.at
from ticket_messages m
join tickets t on t.id = m.ticket_id
join users u on u.id = m.author_id
"""

# A request's messages as they were written.
MESSAGES = f"""
{MESSAGE}
where m.ticket_id = $1
    and {AS_WRITTEN.beyond(2)}
order by {AS_WRITTEN.by}
limit $4
offset $5
"""
COUNT_MESSAGES = "select count(*) from ticket_messages where ticket_id = $1"
ONE_MESSAGE = f"{MESSAGE} where m.id = $1"

WRITE = "insert into ticket_messages (id, ticket_id, author_id, body, at) values ($1, $2, $3, $4, $5)"


async def insert(tx: Tx, ticket_id: UUID, *, purchase_id: UUID, opened_by: UUID, reason: str, now: datetime) -> bool:
    """False when a request of the same purchase is open."""
    return await tx.do(INSERT, ticket_id, purchase_id, opened_by, reason, now) == 1


async def live_of(db: Queries, purchase_id: UUID) -> UUID | None:
    found: UUID | None = await db.value(LIVE_OF, purchase_id)
    return found


async def lock(tx: Tx, ticket_id: UUID) -> Ticket | None:
    return await tx.maybe(Ticket, LOCK, ticket_id)


async def lock_settled(tx: Tx, purchase_id: UUID, *, refund_id: UUID, whole: bool) -> list[Ticket]:
    return await tx.rows(Ticket, LOCK_SETTLED, purchase_id, refund_id, whole)


async def save(tx: Tx, ticket: Ticket) -> None:
    await tx.do(
        SAVE, ticket.id, ticket.state, ticket.refund_id, ticket.decided_by, ticket.decided_at, ticket.updated_at
    )


async def of_purchase(db: Queries, purchase_id: UUID, buyer_id: UUID) -> TicketView | None:
    return await db.maybe(TicketView, OF_PURCHASE, purchase_id, buyer_id)


async def of_buyer(db: Queries, ticket_id: UUID, buyer_id: UUID) -> TicketView | None:
    return await db.maybe(TicketView, OF_BUYER, ticket_id, buyer_id)


async def of_site(db: Queries, ticket_id: UUID, site_id: UUID) -> TicketView | None:
    return await db.maybe(TicketView, OF_SITE, ticket_id, site_id)


async def list_of_site(db: Queries, site_id: UUID, state: TicketState | None, asked: Asked) -> list[TicketView]:
    return await db.rows(TicketView, LIST_OF_SITE, site_id, state, *asked.place(NEWEST), asked.limit, asked.offset)


async def count_of_site(db: Queries, site_id: UUID, state: TicketState | None) -> int:
    return int(await db.value(COUNT_OF_SITE, site_id, state))


async def list_of_buyer(db: Queries, buyer_id: UUID, state: TicketState | None, asked: Asked) -> list[TicketView]:
    return await db.rows(TicketView, LIST_OF_BUYER, buyer_id, state, *asked.place(NEWEST), asked.limit, asked.offset)


async def count_of_buyer(db: Queries, buyer_id: UUID, state: TicketState | None) -> int:
    return int(await db.value(COUNT_OF_BUYER, buyer_id, state))


async def messages(db: Queries, ticket_id: UUID, asked: Asked) -> list[MessageView]:
    return await db.rows(MessageView, MESSAGES, ticket_id, *asked.place(AS_WRITTEN), asked.limit, asked.offset)


async def count_messages(db: Queries, ticket_id: UUID) -> int:
    return int(await db.value(COUNT_MESSAGES, ticket_id))


async def write(tx: Tx, message_id: UUID, *, ticket_id: UUID, author_id: UUID, body: str, now: datetime) -> None:
    await tx.do(WRITE, message_id, ticket_id, author_id, body, now)


async def message(db: Queries, message_id: UUID) -> MessageView:
    return await db.one(MessageView, ONE_MESSAGE, message_id)
