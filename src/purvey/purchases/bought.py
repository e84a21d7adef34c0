"""What an agent reads of what it bought (B18). What comes with owning is null unless it is owned now."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey.kit.db import Queries
from purvey.kit.errors import NotFound
from purvey.kit.pages import Asked
from purvey.payments import Status
from purvey.purchases.model import ItemType
from purvey.purchases.reads import FILES, FROM, NEWEST, OWNED
from purvey.purchases.views import FileView


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase in short. `amount` is what was paid in all; `tx_hash` is there when it was paid on a chain."""

    id: UUID
    order_number: int
    item_type: ItemType
    product_id: UUID | None
    chapter_id: UUID | None
    item_name: str
    quantity: int
    amount: int
    refunded_amount: int
    currency: str
    status: Status
    network: str | None
    tx_hash: str | None
    buyer_name: str | None
    creator_username: str
    creator_display_name: str
    created_at: datetime


class BoughtWhole(Bought, frozen=True, kw_only=True):
    """The same with all that comes with it."""

    thank_you_message: str | None
    redirect_url: str | None
    use_redirect_url: bool
    license_text: str | None
    files: list[FileView]


COLUMNS = """
    p.id, p.order_number, p.item_type, p.product_id, p.chapter_id, p.item_name, p.quantity, p.final_amount as amount,
    pay.refunded_amount, p.currency, p.status, x.network, x.tx_hash, p.buyer_name,
    creator.username as creator_username, creator.display_name as creator_display_name, p.created_at
"""
SOURCE = f"""
{FROM}
join users creator on creator.id = s.created_by
left join x402_settlements x on x.payment_id = pay.id
"""

# A page of a buyer's purchases at every shop, newest first.
LIST = f"""
select {COLUMNS}
{SOURCE}
where p.buyer_id = $1
    and {NEWEST.beyond(2)}
order by {NEWEST.by}
limit $4
"""

# One of a buyer's purchases.
WHOLE = f"""
select {COLUMNS},
    case when owned then product.thank_you_message end as thank_you_message,
    case when owned then product.redirect_url end as redirect_url,
    coalesce(owned and product.use_redirect_url, false) as use_redirect_url,
    case when owned then p.license_text end as license_text,
    {FILES}
{SOURCE}
cross join lateral (select {OWNED} as owned) as ownership
where p.id = $1
    and p.buyer_id = $2
"""


async def bought_by(db: Queries, buyer_id: UUID, *, asked: Asked) -> list[Bought]:
    """What somebody bought, newest first; one row more than the page holds when there is more."""
    return await db.rows(Bought, LIST, buyer_id, *asked.place(NEWEST), asked.limit)


async def bought(db: Queries, purchase_id: UUID, *, buyer_id: UUID) -> BoughtWhole:
    """One of somebody's purchases; NotFound."""
    found = await db.maybe(BoughtWhole, WHOLE, purchase_id, buyer_id)
    if found is None:
        raise NotFound("You have no purchase with this id")
    return found
