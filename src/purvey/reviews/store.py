"""The SQL of reviews that changes something."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey.kit.db import Queries, Tx
from purvey.kit.ids import new_id


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase that lets its buyer review a product."""

    purchase_id: UUID
    tenant_id: UUID
    site_id: UUID


# The newest purchase that somebody owns the product by. Who sells it does not review it.
BOUGHT = """
select e.source_id as purchase_id, p.tenant_id, p.site_id
from entitlements e
join products p on p.id = e.product_id
where e.user_id = $1
    and e.product_id = $2
    and e.state = 'LIVE'
    and e.source = 'PURCHASE'
    and not exists (select from memberships m where m.tenant_id = p.tenant_id and m.user_id = $1)
order by e.granted_at desc, e.id
limit 1
"""

# Purchases are locked before what follows from them.
HOLD_PURCHASE = "select id from purchases where id = $1 for key share"

# It is owned until the transaction ends.
STILL_OWNED = """
select id
from entitlements
where source = 'PURCHASE'
    and source_id = $1
    and product_id = $2
    and user_id = $3
    and state = 'LIVE'
for share
"""

# A review, and its stars counted with it, unless there is one of this buyer or purchase: then nothing.
POST = """
with posted as (
    insert into reviews (id, tenant_id, site_id, product_id, purchase_id, buyer_id, rating, body, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict do nothing
    returning product_id, rating
)
insert into review_stats (product_id, reviews, stars)
select product_id, 1, rating
from posted
on conflict (product_id) do update
set reviews = review_stats.reviews + 1, stars = review_stats.stars + excluded.stars
"""

ANSWER = """
update reviews
set answer = $3, answered_by = $4, answered_at = $5
where id = $1
    and site_id = $2
    and answer is null
returning product_id
"""

AT_SITE = "select id from reviews where id = $1 and site_id = $2"

TENANT_OF = "select tenant_id from reviews where id = $1"
HIDE = "update reviews set hidden_at = $2, hidden_by = $3, hidden_reason = $4 where id = $1"
HOLD = "select id from reviews where id = $1 for update"

# What somebody said of a product.
OF_BUYER = "select id from reviews where buyer_id = $1 and product_id = $2"

# Shown is what nobody hid and whose purchase is good; the statistics follow in the same statement.
JUDGE = """
with judged as (
    update reviews r
    set shown = not r.shown
    where r.id = $1
        and r.shown <> (
            r.hidden_at is null
            and exists (
                select
                from entitlements e
                where e.source = 'PURCHASE'
                    and e.source_id = r.purchase_id
                    and e.product_id = r.product_id
                    and e.state = 'LIVE'
            )
        )
    returning r.product_id, r.rating, case when r.shown then 1 else -1 end as sign
)
update review_stats s
set reviews = s.reviews + j.sign, stars = s.stars + j.sign * j.rating
from judged j
where s.product_id = j.product_id
"""

# A review whose purchase is not good any more hangs on the newest one that is, when its buyer has another.
HANG_ANEW = """
with good as (
    select e.source_id, e.granted_at, e.id
    from reviews r
    join entitlements e on e.user_id = r.buyer_id and e.product_id = r.product_id
    where r.id = $1
        and e.source = 'PURCHASE'
        and e.state = 'LIVE'
), newest as (
    select source_id
    from good
    order by granted_at desc, id
    limit 1
)
update reviews r
set purchase_id = newest.source_id
from newest
where r.id = $1
    and r.purchase_id not in (select source_id from good)
"""


async def bought(db: Queries, user_id: UUID, product_id: UUID) -> Bought | None:
    return await db.maybe(Bought, BOUGHT, user_id, product_id)


async def hold_bought(tx: Tx, user_id: UUID, product_id: UUID) -> Bought | None:
    """The same, and it stays so until the transaction ends."""
    found = await bought(tx, user_id, product_id)
    if found is not None:
        await tx.do(HOLD_PURCHASE, found.purchase_id)
        if await tx.value(STILL_OWNED, found.purchase_id, product_id, user_id) is None:
            return None
    return found


async def post(
    tx: Tx, by: Bought, *, product_id: UUID, buyer_id: UUID, rating: int, text: str | None, now: datetime
) -> UUID | None:
    """The review's id; None when this buyer or purchase has one."""
    review_id = new_id()
    done = await tx.do(
        POST, review_id, by.tenant_id, by.site_id, product_id, by.purchase_id, buyer_id, rating, text, now
    )
    return review_id if done else None


async def judge(tx: Tx, review_id: UUID) -> None:
    """Hang it on a purchase that is good, where there is one; show it, or not, as things are now that it is held."""
    await tx.value(HOLD, review_id)
    await tx.do(HANG_ANEW, review_id)
    await tx.do(JUDGE, review_id)
