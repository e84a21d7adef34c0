"""Lists of products as their teams and platform admins see them, and prices found by their SKUs (A1, A19, C6, C14)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

import msgspec

from purvey.catalog.model import Category, Kind, Price, ProductType
from purvey.catalog.search import words_of
from purvey.catalog.store import TERMS
from purvey.catalog.views import Suspension
from purvey.kit.absolute import whole
from purvey.kit.db import Queries
from purvey.kit.errors import NotFound
from purvey.kit.pages import Asked, Order, Page, page_of

MAX_SKUS = 100


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which products are meant; None is any. `archived` ones are listed by themselves."""

    q: str | None = None
    site_id: UUID | None = None
    author_id: UUID | None = None
    product_type: ProductType | None = None
    kind: Kind | None = None
    is_active: bool | None = None
    is_system: bool | None = None
    archived: bool = False


class ProductSummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product in a list of its team. `remaining` is of limited ones."""

    id: UUID
    tenant_id: UUID
    site_id: UUID
    author_id: UUID
    name: str
    slug: str
    short_desc: str | None
    product_type: ProductType
    category: Category
    kind: Kind
    price: int
    compare_price: int | None
    currency_code: str
    price_id: UUID
    sku: str
    is_pay_what_you_want: bool
    is_limited: bool
    total_quantity: int | None
    remaining: int | None
    sold_count: int
    is_active: bool
    suspension: Suspension | None
    deleted_at: datetime | None
    available_from: datetime | None
    available_until: datetime | None
    display_order: int
    is_featured: bool
    is_system: bool
    cover_image_url: str | None
    version: int
    created_at: datetime
    updated_at: datetime

    def whole_at(self, base_url: str) -> Self:
        return msgspec.structs.replace(self, cover_image_url=whole(self.cover_image_url, base_url))


class FoundPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price found by its SKU, with what it is a price of."""

    tenant_id: UUID
    site_id: UUID
    product_id: UUID
    product_name: str
    product_active: bool
    price: Price


ALL_OF = """
from products p
join prices r on r.product_id = p.id and r.is_default
join price_versions v on v.id = r.current_version_id
left join stock k on k.product_id = p.id and p.is_limited
where ($1::uuid is null or p.site_id = $1)
    and ($2::uuid is null or p.author_id = $2)
    and ($3::text is null or p.product_type = $3)
    and ($4::text is null or p.kind = $4)
    and ($5::boolean is null or p.is_active = $5)
    and ($6::boolean is null or p.is_system = $6)
    and (p.deleted_at is not null) = $7
    and ($8::text is null or p.searchable @@ to_tsquery('simple', $8))
"""

SUMMARY = f"""
select p.id, p.tenant_id, p.site_id, p.author_id, p.name, p.slug, p.short_desc, p.product_type, p.category, p.kind,
    v.amount as price, v.compare_at_amount as compare_price, v.currency as currency_code, r.id as price_id, r.sku,
    p.is_pay_what_you_want, p.is_limited, p.total_quantity,
    k.total - k.reserved - k.sold as remaining,
    coalesce(k.sold, p.sold_count) as sold_count,
    p.is_active,
    case when p.suspended_at is not null then
        jsonb_build_object('suspendedAt', p.suspended_at, 'reason', p.suspended_reason)
    end as suspension,
    p.deleted_at, p.available_from, p.available_until, p.display_order, p.is_featured, p.is_system,
    p.cover ->> 'url' as cover_image_url,
    p.version, p.created_at, p.updated_at
{ALL_OF}
"""

BY_DISPLAY_ORDER = Order[ProductSummary](
    "display",
    sql=("p.display_order", "p.id"),
    kinds=(int, UUID),
    place=lambda product: (product.display_order, product.id),
)
BY_AGE = Order[ProductSummary](
    "age", sql=("p.id",), kinds=(UUID,), place=lambda product: (product.id,), descending=True
)


def listed(order: Order[ProductSummary]) -> str:
    """A page of products in this order."""
    return f"{SUMMARY} and {order.beyond(11)} order by {order.by} limit $9 offset $10"


OF_SITE = listed(BY_DISPLAY_ORDER)
OF_PLATFORM = listed(BY_AGE)
COUNT = f"select count(*) {ALL_OF}"

# Prices by their SKUs, of every site or of one.
BY_SKU = f"""
select p.tenant_id, p.site_id, p.id as product_id, p.name as product_name,
    p.is_active and p.deleted_at is null as product_active,
    jsonb_build_object(
        'id', r.id, 'ref', r.ref, 'sku', r.sku, 'is_default', r.is_default, 'position', r.position,
        'version_id', v.id, 'archived_at', r.archived_at, 'terms', {TERMS}
    ) as price
from prices r
join price_versions v on v.id = r.current_version_id
join products p on p.id = r.product_id
where r.sku = any($1::text[])
    and ($2::uuid is null or p.site_id = $2)
order by r.sku
"""


async def list_products(db: Queries, *, filters: Filters, asked: Asked) -> Page[ProductSummary]:
    """A site's products in the order of its shelf."""
    assert filters.site_id is not None, "a list for a team is of one site"
    return await page(db, OF_SITE, BY_DISPLAY_ORDER, filters, asked)


async def list_all_products(db: Queries, *, filters: Filters, asked: Asked) -> Page[ProductSummary]:
    """Products of the whole platform, the newest first."""
    return await page(db, OF_PLATFORM, BY_AGE, filters, asked)


async def page(
    db: Queries, statement: str, order: Order[ProductSummary], filters: Filters, asked: Asked
) -> Page[ProductSummary]:
    values = (
        filters.site_id,
        filters.author_id,
        filters.product_type,
        filters.kind,
        filters.is_active,
        filters.is_system,
        filters.archived,
        words_of(filters.q),
    )
    rows = await db.rows(ProductSummary, statement, *values, asked.limit, asked.offset, *asked.place(order))
    total = await db.value(COUNT, *values) if asked.count else None
    return page_of(rows, lambda row: row, asked=asked, order=order, total=total)


async def find_prices_by_sku(db: Queries, skus: Sequence[str], *, site_id: UUID | None = None) -> list[FoundPrice]:
    """The prices that have these SKUs, of every site or of one; each SKU has at most one."""
    return await db.rows(FoundPrice, BY_SKU, list(skus), site_id)


async def find_price_by_sku(db: Queries, sku: str, *, site_id: UUID | None = None) -> FoundPrice:
    """The one price that has this SKU; NotFound."""
    found = await find_prices_by_sku(db, [sku], site_id=site_id)
    if not found:
        raise NotFound(f"No price has the SKU {sku!r}", extra={"sku": sku})
    return found[0]
