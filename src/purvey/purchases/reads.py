"""The SQL of what buyers and sellers see: each page and each detail is one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from purvey.kit.db import Queries
from purvey.kit.pages import Asked, Order
from purvey.purchases.views import OpenOrder, PurchaseDetail, PurchaseView, SaleDetail, SaleView

V = TypeVar("V", bound=PurchaseView)

NEWEST: Order[Any] = Order(
    "newest-purchase",
    ("p.created_at", "p.id"),
    (datetime, UUID),
    lambda purchase: (purchase.created_at, purchase.id),
    descending=True,
)

LINE = """
    p.id, p.order_number, p.buyer_id as reader_id, p.site_id, s.slug as site_slug,
    p.item_type, p.product_id, product.slug as product_slug,
    p.chapter_id, p.item_name, p.product_type, p.quantity, p.amount, p.discount_amount, p.tax_amount, p.final_amount,
    pay.refunded_amount, p.currency as currency_code, p.discount_code_id, pay.id as payment_id, p.status,
    p.fulfilment_state, p.delivered_at, p.download_count, p.last_download_at, p.refunded_at, p.refund_reason,
    p.created_at, p.updated_at
"""
BUYER = "p.buyer_id, u.display_name as buyer_display_name, u.email as buyer_email, p.buyer_name, p.refunded_by"
FROM = """
from purchases p
join sites s on s.id = p.site_id
join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
left join products product on product.id = p.product_id
"""
FROM_WITH_BUYER = f"{FROM} join users u on u.id = p.buyer_id"

TERMS = """
    p.unit_amount, p.units, p.tax_rate_bps, p.tax_inclusive, pay.provider, p.fulfilment_note, p.shipping_address,
    p.brief
"""
ITEMS = """
    coalesce((
        select jsonb_agg(jsonb_build_object(
            'productId', i.product_id, 'name', m.name, 'productType', m.product_type, 'quantity', i.quantity
        ) order by i.product_id <> p.product_id, i.product_id)
        from purchase_items i
        join products m on m.id = i.product_id
        where i.purchase_id = p.id
    ), '[]') as items
"""
REFUNDS = """
    coalesce((
        select jsonb_agg(jsonb_build_object(
            'id', r.id, 'amount', r.amount, 'status', r.status, 'reason', r.reason, 'createdAt', r.created_at
        ) order by r.created_at, r.id)
        from refunds r
        where r.payment_id = pay.id
    ), '[]') as refunds
"""
OWNED = "exists (select from entitlements e where e.source = 'PURCHASE' and e.source_id = p.id and e.state = 'LIVE')"

# How often each file of an item may be downloaded: as it was when sold, or more; null is without limit.
ALLOWED_NOW = "coalesce(product.max_downloads, m.max_downloads)"
MOST_DOWNLOADS = f"""
case
    when i.max_downloads is not null and {ALLOWED_NOW} is not null
    then greatest(i.max_downloads, {ALLOWED_NOW})
end
"""

FILES = f"""
    coalesce((
        select jsonb_agg(jsonb_build_object(
            'fileId', f.id, 'productId', f.product_id, 'fileName', v.file_name, 'sizeBytes', v.size_bytes,
            'mimeType', v.mime_type,
            'downloadsLeft', case
                when most.downloads is not null
                then greatest(most.downloads - coalesce(c.started, 0), 0)
            end
        ) order by f.product_id <> p.product_id, f.product_id, f.position, f.id)
        from purchase_items i
        join products m on m.id = i.product_id
        join product_files f on f.product_id = m.id and (f.removed_at is null or f.removed_at > p.created_at)
        join file_versions v on v.id = f.current_version_id
        left join download_counts c on c.purchase_id = p.id and c.file_version_id = v.id
        cross join lateral (select {MOST_DOWNLOADS} as downloads) as most
        where i.purchase_id = p.id
            and owned
    ), '[]') as files
"""

# What is paid and owned brings its message, licence and files along; before that they are null.
DETAIL = f"""
select {LINE}, {TERMS}, {ITEMS}, {REFUNDS}, p.buyer_name,
    case when pay.closed_at is null then pay.checkout_url end as checkout_url,
    case when pay.closed_at is null then pay.expires_at end as expires_at,
    case
        when pay.paid_at is not null and pay.amount > 0
        then pay.paid_at + make_interval(days => greatest(p.refund_window_days, s.refund_window_days))
    end as refundable_until,
    case when owned then product.thank_you_message end as thank_you_message,
    case when owned and product.use_redirect_url then product.redirect_url end as redirect_url,
    case when owned then p.license_text end as license_text,
    {FILES}
{FROM}
cross join lateral (select {OWNED} as owned) as ownership
where p.id = $1
    and p.buyer_id = $2
"""

# A buyer has one open checkout of a product at most.
OPEN_ORDER = """
select p.id, p.final_amount, p.currency as currency_code, pay.expires_at
from purchases p
join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
where p.buyer_id = $1
    and p.product_id = $2
    and p.goods = 'HELD'
    and pay.closed_at is null
"""

SALE = f"""
select {LINE}, {BUYER}, {TERMS}, {ITEMS}, {REFUNDS},
    case when pay.status = 'ON_HOLD' then pay.failure end as held_because
{FROM_WITH_BUYER}
where p.id = $1
    and p.site_id = $2
"""

MINE = """
    p.buyer_id = $1
    and ($2::text is null or p.status = $2)
    and ($3::text is null or p.product_type = $3)
"""
OF_SITE = """
    p.site_id = $1
    and ($2::text is null or p.status = $2)
    and ($3::uuid is null or p.product_id = $3)
    and ($4::text is null or p.fulfilment_state = $4)
"""
OF_CHAPTER = "p.chapter_id = $1"


def listed(columns: str, source: str, where: str, parameters: int) -> str:
    """A page of purchases, newest first; the filters take the first parameters."""
    return f"""
select {columns}
{source}
where {where}
    and {NEWEST.beyond(parameters + 1)}
order by {NEWEST.by}
limit ${parameters + 3}
offset ${parameters + 4}
"""


LIST_MINE = listed(LINE, FROM, MINE, 3)
LIST_OF_SITE = listed(f"{LINE}, {BUYER}", FROM_WITH_BUYER, OF_SITE, 4)
LIST_OF_CHAPTER = listed(f"{LINE}, {BUYER}", FROM_WITH_BUYER, OF_CHAPTER, 1)
COUNT_MINE = f"select count(*) from purchases p where {MINE}"
COUNT_OF_SITE = f"select count(*) from purchases p where {OF_SITE}"
COUNT_OF_CHAPTER = f"select count(*) from purchases p where {OF_CHAPTER}"

# Whose chapter it is.
CHAPTER_SITE = "select site_id from chapters where id = $1"


async def page(db: Queries, kind: type[V], sql: str, filters: Sequence[object], asked: Asked) -> list[V]:
    return await db.rows(kind, sql, *filters, *asked.place(NEWEST), asked.limit, asked.offset)


async def count(db: Queries, sql: str, filters: Sequence[object]) -> int:
    found: int = await db.value(sql, *filters)
    return found


async def detail(db: Queries, purchase_id: UUID, *, buyer_id: UUID) -> PurchaseDetail | None:
    """A purchase for its buyer; None for anybody else."""
    return await db.maybe(PurchaseDetail, DETAIL, purchase_id, buyer_id)


async def open_order(db: Queries, product_id: UUID, *, buyer_id: UUID) -> OpenOrder | None:
    """What a buyer has of a product at the checkout."""
    return await db.maybe(OpenOrder, OPEN_ORDER, buyer_id, product_id)


async def sale(db: Queries, purchase_id: UUID, *, site_id: UUID) -> SaleDetail | None:
    """A purchase for its seller; None for anybody else's."""
    return await db.maybe(SaleDetail, SALE, purchase_id, site_id)


async def mine(db: Queries, filters: Sequence[object], asked: Asked) -> list[PurchaseView]:
    """A buyer's purchases; filters are buyer, status, product type."""
    return await page(db, PurchaseView, LIST_MINE, filters, asked)


async def of_site(db: Queries, filters: Sequence[object], asked: Asked) -> list[SaleView]:
    """A site's sales; filters are site, status, product, fulfilment state."""
    return await page(db, SaleView, LIST_OF_SITE, filters, asked)


async def of_chapter(db: Queries, filters: Sequence[object], asked: Asked) -> list[SaleView]:
    """A chapter's sales; the filter is the chapter."""
    return await page(db, SaleView, LIST_OF_CHAPTER, filters, asked)


async def site_of_chapter(db: Queries, chapter_id: UUID) -> UUID | None:
    found: UUID | None = await db.value(CHAPTER_SITE, chapter_id)
    return found
