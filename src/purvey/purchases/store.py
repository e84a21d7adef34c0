"""The SQL of purchases: what is sought, what is written, what is locked. Lists are in `reads`."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from purvey.catalog import GOODS, PRODUCT_OFFER, SharedGoods, Taken, share, shared
from purvey.content import CHAPTER_OFFER
from purvey.kit.db import Queries, Tx
from purvey.pricing import Quote
from purvey.purchases.model import ItemType, Order, Purchase, Sought

# One buyer begins one purchase at a time, so that the count of open ones holds.
BUYER = "pg_advisory_xact_lock(hashtextextended('purvey buyer ' || {id}::uuid::text, 0))"
LOCK_BUYER = f"select {BUYER.format(id='$1')}"

# The goods first, shared with other buyers, then the buyer.
LOCK_TO_BUY = share(GOODS, then=BUYER.format(id="$2"))

# What a payment's purchase takes: whether it is counted stays as it is.
SHARE_TAKEN = share("""
    select i.product_id
    from payments pay
    join purchase_items i on i.purchase_id = pay.subject_id
    where pay.id = $1
""")

# What open checkouts hold of a product that no shelf counted is counted from now on. Nobody buys it meanwhile.
COUNT_HELD = """
with counted as (
    update purchase_items i
    set counted = true
    from purchases p
    where i.product_id = $1
        and not i.counted
        and p.id = i.purchase_id
        and p.goods = 'HELD'
    returning i.quantity
)
select coalesce(sum(quantity), 0)::bigint
from counted
"""


def seek_sql(offer: str, item: str) -> str:
    """What is on offer, and how the buyer in $3 stands to it."""
    return f"""
with offer as ({offer})
select offer.*,
    exists (
        select
        from entitlements
        where user_id = $3
            and {item} = offer.item_id
            and state = 'LIVE'
    ) or (cardinality(offer.member_ids) > 0 and not exists (
        select
        from unnest(offer.member_ids) as member (id)
        where not exists (
            select
            from entitlements
            where user_id = $3
                and product_id = member.id
                and state = 'LIVE'
        )
    )) as owned,
    (select id from purchases where buyer_id = $3 and {item} = offer.item_id and goods = 'HELD') as open_id,
    (
        select p.id
        from purchases p
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id and pay.provider = 'x402'
        where p.buyer_id = $3
            and p.goods = 'HELD'
            and exists (
                select
                from purchase_items i
                where i.purchase_id = p.id
                    and i.product_id = any(offer.member_ids || offer.item_id)
            )
        limit 1
    ) as settling_id,
    (select count(*) from purchases where buyer_id = $3 and goods = 'HELD') as open_count,
    (
        select coalesce(sum(i.quantity), 0)::bigint
        from purchases p
        join purchase_items i on i.purchase_id = p.id and i.counted
        where p.buyer_id = $3
            and p.goods = 'HELD'
    ) as held_units,
    coalesce((
        select jsonb_agg(jsonb_build_object(
            'product_id', capped.id, 'name', capped.name, 'most', capped.max_per_buyer, 'has', (
                select coalesce(sum(i.quantity), 0)::bigint
                from purchases p
                join purchase_items i on i.purchase_id = p.id and i.product_id = capped.id
                where p.buyer_id = $3
                    and p.goods in ('HELD', 'SOLD')
                    and p.status not in ('REFUNDED', 'CHARGEBACK_LOST')
            )
        ) order by capped.id)
        from products capped
        where capped.id = any(offer.member_ids || offer.item_id)
            and capped.max_per_buyer is not null
    ), '[]') as caps,
    (select id from customers where tenant_id = offer.tenant_id and user_id = $3) as customer_id
from offer
"""


SEEK = {
    ItemType.PRODUCT: seek_sql(PRODUCT_OFFER, "product_id"),
    ItemType.CHAPTER: seek_sql(CHAPTER_OFFER, "chapter_id"),
}

# A customer when they are new here, the purchase, and what it takes, together, with what is promised of them now.
INSERT = """
with customer as (
    insert into customers (id, tenant_id, user_id, created_at)
    select $3, $4, $6, $30
    where $2::uuid is null
    on conflict (tenant_id, user_id) do update set user_id = excluded.user_id
    returning id
), items as (
    insert into purchase_items (purchase_id, product_id, quantity, counted, max_downloads)
    select $1, i.product_id, i.quantity, i.counted, coalesce(sold.max_downloads, m.max_downloads)
    from unnest($27::uuid[], $28::bigint[], $29::boolean[]) as i (product_id, quantity, counted)
    join products m on m.id = i.product_id
    join products sold on sold.id = $8
)
insert into purchases (
    id, customer_id, tenant_id, site_id, buyer_id, item_type, product_id, chapter_id, price_version_id, item_name,
    product_type, quantity, units, unit_amount, amount, discount_amount, tax_rate_bps, tax_inclusive, tax_amount,
    final_amount, currency, discount_code_id, shipping_address, brief, buyer_name, license_text,
    refund_window_days, status, goods, created_at, updated_at)
select $1, coalesce($2, (select id from customer)), $4, $5, $6, $7, $8, $9, $10, $11,
    $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $31,
    (select refund_window_days from sites where id = $5), 'PENDING', 'HELD', $30, $30
"""

PURCHASE = """
    p.id, p.tenant_id, p.site_id, p.order_number, p.buyer_id, p.item_type, p.product_id, p.chapter_id,
    p.price_version_id, p.item_name, p.product_type, p.quantity, p.final_amount, p.currency, p.discount_code_id,
    p.status, p.goods, p.fulfilment_state, p.fulfilment_note, p.shipping_address, p.brief, p.buyer_name,
    p.delivered_at, p.refunded_at, p.refunded_by, p.refund_reason,
    (select price_id from price_versions where id = p.price_version_id) as price_id,
    coalesce((select restock_on_refund from products where id = p.product_id), true) as restock_on_refund,
    coalesce((
        select jsonb_agg(to_jsonb(i) - 'purchase_id' order by i.product_id)
        from purchase_items i
        where i.purchase_id = p.id
    ), '[]') as items
"""
BY_ID = f"select {PURCHASE} from purchases p where p.id = $1"
LOCK = f"{BY_ID} for update of p"

SAVE = """
update purchases
set status = $2, goods = $3, fulfilment_state = $4, fulfilment_note = $5, delivered_at = $6, refunded_at = $7,
    refunded_by = $8, refund_reason = $9, updated_at = $10
where id = $1
"""

# Which of these a shelf counted when they were sold late.
COUNTED = "update purchase_items set counted = product_id = any($2::uuid[]) where purchase_id = $1"

CHECKOUT_SUBJECT = """
select p.item_name, u.email
from purchases p
join users u on u.id = p.buyer_id
where p.id = $1
"""

# A buyer's checkouts that can be closed. What was signed for a chain cannot.
OPEN_OF = f"""
select {PURCHASE}
from purchases p
join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
where p.buyer_id = $1
    and p.goods = 'HELD'
    and pay.provider <> 'x402'
order by p.id
"""


class CheckoutSubject(msgspec.Struct, frozen=True):
    """What a buyer reads at the gateway, and where its receipt goes."""

    item_name: str
    email: str | None


async def lock_buyer(tx: Tx, buyer_id: UUID) -> None:
    await tx.do(LOCK_BUYER, buyer_id)


async def lock_to_buy(tx: Tx, item_id: UUID, *, buyer_id: UUID) -> SharedGoods:
    """Nobody makes these goods limited, and this buyer begins nothing else, until the transaction ends."""
    return await shared(tx, LOCK_TO_BUY, item_id, buyer_id)


async def share_taken(tx: Tx, payment_id: UUID) -> SharedGoods:
    """Nobody makes what this payment is for limited until the transaction ends."""
    return await shared(tx, SHARE_TAKEN, payment_id)


async def count_held(tx: Tx, product_id: UUID) -> int:
    """How many of a product, which the caller has alone, open checkouts hold uncounted; they count from now on."""
    held: int = await tx.value(COUNT_HELD, product_id)
    return held


async def seek(db: Queries, order: Order, *, buyer_id: UUID) -> Sought | None:
    """What is on offer, in one statement; None when there is no such thing."""
    return await db.maybe(Sought, SEEK[order.item_type], order.item_id, order.price_id, buyer_id)


async def insert(
    goods: SharedGoods,
    purchase_id: UUID,
    *,
    customer_id: UUID,
    sought: Sought,
    order: Order,
    buyer_id: UUID,
    quote: Quote,
    discount_code_id: UUID | None,
    items: list[Taken],
    now: datetime,
) -> None:
    is_product = order.item_type is ItemType.PRODUCT
    address: Any = None if order.shipping_address is None else msgspec.to_builtins(order.shipping_address)
    await goods.covering(items).do(
        INSERT,
        purchase_id,
        sought.customer_id,
        customer_id,
        sought.tenant_id,
        sought.site_id,
        buyer_id,
        order.item_type,
        sought.item_id if is_product else None,
        None if is_product else sought.item_id,
        sought.price_version_id,
        sought.name,
        sought.product_type,
        quote.quantity,
        quote.units,
        quote.unit_amount.minor,
        quote.amount.minor,
        quote.discount_amount.minor,
        quote.tax_rate_bps,
        quote.tax_inclusive,
        quote.tax_amount.minor,
        quote.final_amount.minor,
        sought.currency,
        discount_code_id,
        address,
        order.brief,
        order.buyer_name,
        [item.product_id for item in items],
        [item.quantity for item in items],
        [item.counted for item in items],
        now,
        sought.license_text,
    )


async def find(db: Queries, purchase_id: UUID) -> Purchase | None:
    return await db.maybe(Purchase, BY_ID, purchase_id)


async def lock(tx: Tx, purchase_id: UUID) -> Purchase:
    """The purchase, locked; its payment is locked before it (ruling 23)."""
    return await tx.one(Purchase, LOCK, purchase_id)


async def save(tx: Tx, purchase: Purchase, *, now: datetime) -> None:
    await tx.do(
        SAVE,
        purchase.id,
        purchase.status,
        purchase.goods,
        purchase.fulfilment_state,
        purchase.fulfilment_note,
        purchase.delivered_at,
        purchase.refunded_at,
        purchase.refunded_by,
        purchase.refund_reason,
        now,
    )


async def note_counted(tx: Tx, purchase_id: UUID, counted: set[UUID]) -> None:
    await tx.do(COUNTED, purchase_id, sorted(counted))


async def seek_again(db: Queries, purchase: Purchase) -> Sought:
    """What was bought as it is on offer now, and how its buyer stands to it now."""
    order = Order(item_type=purchase.item_type, item_id=purchase.item_id, price_id=purchase.price_id)
    sought = await seek(db, order, buyer_id=purchase.buyer_id)
    assert sought is not None, "what was sold is gone"
    return sought


async def open_of(db: Queries, buyer_id: UUID) -> list[Purchase]:
    return await db.rows(Purchase, OPEN_OF, buyer_id)


async def checkout_subject(db: Queries, purchase_id: UUID) -> CheckoutSubject:
    return await db.one(CheckoutSubject, CHECKOUT_SUBJECT, purchase_id)
