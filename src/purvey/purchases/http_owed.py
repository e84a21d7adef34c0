"""USDC that a seller owes to payers: only the payee can send it, by hand, and names the transaction (ruling 22)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from purvey.access import Permission
from purvey.access.guards import may
from purvey.kit.db import Database
from purvey.kit.pages import Order, Page, Paging, page_of, total_of
from purvey.payments import RefundStatus


class Owed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Money to be sent to `payer`, in minor units of USDC. A `transactionHash` that was named is looked for."""

    refund_id: UUID
    purchase_id: UUID
    order_number: int
    item_name: str
    payer: str
    network: str
    asset: str
    amount: int
    currency_code: str
    reason: str
    status: RefundStatus
    transaction_hash: str | None
    created_at: datetime


NEWEST: Order[Owed] = Order(
    "newest-owed", ("r.created_at", "r.id"), (datetime, UUID), lambda owed: (owed.created_at, owed.refund_id),
    descending=True,
)  # fmt: skip
OPEN = """
from refunds r
join payments pay on pay.id = r.payment_id and pay.provider = 'x402'
join purchases p on p.id = pay.subject_id
join x402_settlements s on s.payment_id = pay.id
left join x402_refunds named on named.refund_id = r.id
where p.site_id = $1
    and r.status in ('APPROVED', 'SENT')
"""

# What a site owes, newest first.
LIST = f"""
select r.id as refund_id, p.id as purchase_id, p.order_number, p.item_name, s.payer, s.network, s.asset, r.amount,
    r.currency as currency_code, r.reason, r.status, named.tx_hash as transaction_hash, r.created_at
{OPEN}
    and {NEWEST.beyond(2)}
order by {NEWEST.by}
limit $4
offset $5
"""

# How many those are.
COUNT = f"select count(*) {OPEN}"


@get("/sites/{site_id:uuid}/owed", guards=[may(Permission.VIEW_BILLING_DETAILS)])
async def list_owed(site_id: FromPath[UUID], db: NamedDependency[Database], paging: Paging) -> Page[Owed]:
    """USDC to be sent back by hand: refunds, and payments that came when what they were for was gone; newest first."""
    rows = await db.rows(Owed, LIST, site_id, *paging.place(NEWEST), paging.limit, paging.offset)
    total = await total_of(paging, lambda: db.value(COUNT, site_id))
    return page_of(rows, lambda row: row, asked=paging, order=NEWEST, total=total)


doors: list[Any] = [list_owed]
