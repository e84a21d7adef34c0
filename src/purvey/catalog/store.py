"""The SQL of products, prices, stock and bundles."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from purvey.catalog.model import Price, Product
from purvey.catalog.views import Whole
from purvey.kit.db import Queries, Tx
from purvey.kit.errors import NotFound

T = TypeVar("T")

KEPT_ELSEWHERE = {"sold_count", "deleted_at", "active_when_deleted", "suspended_at", "suspended_reason"}
KEPT_FOR_EVER = {"id", "tenant_id", "site_id", "author_id", "version", "created_at", "updated_at"}
COLUMNS = Product.__struct_fields__
WRITTEN = tuple(name for name in COLUMNS if name not in KEPT_ELSEWHERE)

# Who creates products in a tenant goes one after the other, so that its limit holds and slugs are seen.
LOCK_TENANT = """
select (limits ->> 'products')::bigint as most
from tenants
where id = $1
for no key update
"""

# Products of a tenant that are not archived, counted no further than needed.
COUNT_PRODUCTS = """
select count(*)
from (
    select 1
    from products
    where tenant_id = $1
        and deleted_at is null
    limit $2
) as p
"""

# Who has this slug on the site.
SLUG_HOLDER = """
select id, deleted_at
from products
where site_id = $1
    and slug = $2
"""

# The first of these slugs that is free on the site.
FREE_SLUG = """
select c.slug
from unnest($2::text[]) with ordinality as c (slug, n)
where not exists (select from products p where p.site_id = $1 and p.slug = c.slug)
order by c.n
limit 1
"""

# The first of these SKUs that is free.
FREE_SKU = """
select c.sku
from unnest($1::text[]) with ordinality as c (sku, n)
where not exists (select from prices p where p.sku = c.sku)
order by c.n
limit 1
"""

TAKEN_SKUS = "select sku from prices where sku = any($1::text[])"

INSERT_PRODUCT = f"""
insert into products ({", ".join(WRITTEN)})
values ({", ".join(f"${n}" for n in range(1, len(WRITTEN) + 1))})
"""

# What an author may change of a product; its version counts up.
CHANGED = tuple(name for name in WRITTEN if name not in KEPT_FOR_EVER)
UPDATE_PRODUCT = f"""
update products
set {", ".join(f"{name} = ${n}" for n, name in enumerate(CHANGED, start=3))},
    version = version + 1, updated_at = $2
where id = $1
returning {", ".join(COLUMNS)}
"""

# Whether a product stands on the shop: by its team's word, and by the platform's.
SET_STANDING = f"""
update products
set is_active = $3, deleted_at = $4, active_when_deleted = $5, suspended_at = $6, suspended_reason = $7,
    first_active_at = coalesce(first_active_at, case when $3 then $2::timestamptz end),
    version = version + 1, updated_at = $2
where id = $1
returning {", ".join(COLUMNS)}
"""

# A product, held until the transaction ends. Sales go on meanwhile.
LOCK = f"""
select {", ".join(COLUMNS)}
from products
where id = $1
    and ($2::uuid is null or site_id = $2)
for no key update
"""

# New prices, in the order of their SKUs, so that two who want the same ones wait and never deadlock.
# A SKU that is taken does not come back.
INSERT_PRICES = """
insert into prices (id, tenant_id, product_id, ref, sku, is_default, position, current_version_id, created_at)
select p.id, $2, $3, p.ref, p.sku, p.is_default, p.position, p.version_id, $4
from jsonb_to_recordset($1::jsonb)
    as p (id uuid, ref text, sku text, is_default boolean, position int, version_id uuid)
order by p.sku
on conflict (sku) do nothing
returning sku
"""

# The terms of prices, each a version that never changes again.
INSERT_VERSIONS = """
insert into price_versions (id, price_id, amount, currency, compare_at_amount,
    recurring_interval, recurring_interval_count, divide_by, round, created_at)
select p.version_id, p.id, (p.terms ->> 'amount')::bigint, p.terms ->> 'currency',
    (p.terms ->> 'compare_at_amount')::bigint,
    p.terms #>> '{recurring,interval}', (p.terms #>> '{recurring,intervalCount}')::int,
    (p.terms #>> '{transform,divideBy}')::bigint, p.terms #>> '{transform,round}', $2
from jsonb_to_recordset($1::jsonb) as p (id uuid, version_id uuid, terms jsonb)
"""

# A product has one default at any moment, so the old one steps down first.
CLEAR_DEFAULT = """
update prices
set is_default = false
where product_id = $1
    and is_default
    and id <> $2
"""

UPDATE_PRICES = """
update prices p
set is_default = n.is_default, current_version_id = n.version_id, archived_at = n.archived_at
from jsonb_to_recordset($2::jsonb) as n (id uuid, is_default boolean, version_id uuid, archived_at timestamptz)
where p.id = n.id
    and p.product_id = $1
    and (p.is_default, p.current_version_id, p.archived_at)
        is distinct from (n.is_default, n.version_id, n.archived_at)
"""

# The price by which a product stands on the agents' market.
PUT_ON_MARKET = """
update products
set usdc_price_id = $2
where id = $1
    and usdc_price_id is distinct from $2
"""

# Another number of copies, unless more are sold and held than that.
SET_TOTAL = """
update stock
set total = $2
where product_id = $1
    and reserved + sold <= $2
"""

# What was ever sold of `p`, also what is not rolled up yet.
EVER_SOLD = """
greatest(p.sold_count + coalesce((select sum(t.quantity) from sold_tallies t where t.product_id = p.id), 0), 0)::bigint
"""

# A product becomes limited: what was sold before counts, and so many that are held ($3), unless it is more than
# there shall be. What its shelf counted one by one when it was limited before, it goes on counting so.
OPEN_STOCK = f"""
insert into stock (product_id, total, reserved, sold, sold_before)
select p.id, $2, $3, {EVER_SOLD}, {EVER_SOLD}
from products p
where p.id = $1
    and {EVER_SOLD} + $3 <= $2
on conflict (product_id) do update
set total = excluded.total, reserved = stock.reserved + excluded.reserved, sold = excluded.sold,
    sold_before = excluded.sold - (stock.sold - stock.sold_before)
where stock.reserved + excluded.reserved + excluded.sold <= excluded.total
"""

# What stands in the way of fewer copies: by its stock when it was limited ($2), else by all it ever sold.
COPIES = f"""
select coalesce(s.reserved, 0) + $3 as reserved,
    case when $2 then s.sold else {EVER_SOLD} end as sold
from products p
left join stock s on s.product_id = p.id
where p.id = $1
"""

INSERT_STOCK = "insert into stock (product_id, total, sold, sold_before) values ($1, $2, $3, $3)"

# Products that shall be in a bundle, held so that none becomes a bundle meanwhile.
LOCK_CANDIDATES = """
select id, product_type, deleted_at
from products
where site_id = $1
    and id = any($2::uuid[])
order by id
for share
"""

INSERT_MEMBERS = """
insert into bundle_members (bundle_id, member_id, position)
select $1, m.id, m.n
from unnest($2::uuid[]) with ordinality as m (id, n)
"""

# The bundles that hold a product.
HELD_BY = "select bundle_id from bundle_members where member_id = $1 order by bundle_id limit 1"

# A version's terms as `model.Terms`.
TERMS = """
jsonb_build_object(
    'amount', v.amount,
    'currency', v.currency,
    'compare_at_amount', v.compare_at_amount,
    'recurring', case when v.recurring_interval is not null then
        jsonb_build_object('interval', v.recurring_interval, 'intervalCount', v.recurring_interval_count) end,
    'transform', case when v.divide_by is not null then
        jsonb_build_object('divideBy', v.divide_by, 'round', v.round) end
)
"""

# The prices of `p`, the default first, those no longer offered last.
PRICES = f"""
(
    select jsonb_agg(
        jsonb_build_object(
            'id', r.id, 'ref', r.ref, 'sku', r.sku, 'is_default', r.is_default, 'position', r.position,
            'version_id', v.id, 'archived_at', r.archived_at, 'terms', {TERMS}
        )
        order by r.is_default desc, r.archived_at is not null, r.position, r.id
    )
    from prices r
    join price_versions v on v.id = r.current_version_id
    where r.product_id = p.id
)
"""

# A product with everything that hangs on it.
WHOLE = f"""
select to_jsonb(p) - 'searchable' as product,
    {PRICES} as prices,
    (
        select jsonb_build_object(
            'total', s.total, 'reserved', s.reserved, 'sold', s.sold, 'remaining', s.total - s.reserved - s.sold
        )
        from stock s
        where s.product_id = p.id
            and p.is_limited
    ) as stock,
    (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'id', f.id, 'versionId', v.id, 'number', v.number, 'fileName', v.file_name,
                    'sizeBytes', v.size_bytes, 'mimeType', v.mime_type, 'sha256', encode(v.sha256, 'hex'),
                    'createdAt', v.created_at
                )
                order by f.position, f.id
            ),
            '[]'
        )
        from product_files f
        join file_versions v on v.id = f.current_version_id
        where f.product_id = p.id
            and f.removed_at is null
    ) as files,
    (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'id', m.id, 'mediaType', m.media_type, 'position', m.position, 'externalUrl', m.external_url,
                    'url', coalesce(m.external_url, '/' || m.storage_key),
                    'mimeType', m.mime_type, 'sizeBytes', m.size_bytes, 'width', m.width, 'height', m.height,
                    'renditions', m.renditions
                )
                order by m.position, m.id
            ),
            '[]'
        )
        from media m
        where m.product_id = p.id
    ) as media,
    (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'id', o.id, 'name', o.name, 'slug', o.slug, 'productType', o.product_type,
                    'isActive', o.is_active
                )
                order by b.position
            ),
            '[]'
        )
        from bundle_members b
        join products o on o.id = b.member_id
        where b.bundle_id = p.id
    ) as members,
    p.cover ->> 'url' as cover_image_url
from products p
"""

FIND = f"{WHOLE} where p.id = $1 and p.site_id = $2"


async def lock_tenant(tx: Tx, tenant_id: UUID) -> int | None:
    """Wait for one's turn; the tenant's own limit of products, when it has one."""
    limit: int | None = await tx.value(LOCK_TENANT, tenant_id)
    return limit


async def count_products(db: Queries, tenant_id: UUID, *, at_most: int) -> int:
    return int(await db.value(COUNT_PRODUCTS, tenant_id, at_most))


class SlugHolder(msgspec.Struct, frozen=True):
    id: UUID
    deleted_at: datetime | None


async def slug_holder(db: Queries, site_id: UUID, slug: str) -> SlugHolder | None:
    return await db.maybe(SlugHolder, SLUG_HOLDER, site_id, slug)


async def free_slug(db: Queries, site_id: UUID, candidates: Sequence[str]) -> str | None:
    found: str | None = await db.value(FREE_SLUG, site_id, candidates)
    return found


async def free_sku(db: Queries, candidates: Sequence[str]) -> str | None:
    found: str | None = await db.value(FREE_SKU, candidates)
    return found


async def taken_skus(db: Queries, skus: Sequence[str]) -> set[str]:
    return {row["sku"] for row in await db.records(TAKEN_SKUS, skus)}


async def insert_product(tx: Tx, product: Product) -> None:
    await tx.do(INSERT_PRODUCT, *(getattr(product, name) for name in WRITTEN))


async def lock(tx: Tx, site_id: UUID, product_id: UUID) -> Product:
    """A product of this site, held; NotFound."""
    return found(await tx.maybe(Product, LOCK, product_id, site_id))


async def lock_anywhere(tx: Tx, product_id: UUID) -> Product:
    """A product of any site, held; NotFound."""
    return found(await tx.maybe(Product, LOCK, product_id, None))


def found(product: Product | None) -> Product:
    if product is None:
        raise NotFound("There is no such product on this site")
    return product


async def update_product(tx: Tx, product: Product, *, now: datetime) -> Product:
    """Write what an author changed; the product in its next version."""
    return await tx.one(Product, UPDATE_PRODUCT, product.id, now, *(getattr(product, name) for name in CHANGED))


async def set_standing(tx: Tx, product: Product, *, now: datetime) -> Product:
    return await tx.one(
        Product,
        SET_STANDING,
        product.id,
        now,
        product.is_active,
        product.deleted_at,
        product.active_when_deleted,
        product.suspended_at,
        product.suspended_reason,
    )


async def insert_prices(tx: Tx, product: Product, prices: Sequence[Price], *, now: datetime) -> set[str]:
    """Add these prices with their first versions; the SKUs that somebody had before, whereupon nothing may be kept."""
    rows = [as_row(price) for price in prices]
    won = await tx.records(INSERT_PRICES, rows, product.tenant_id, product.id, now)
    taken = {price.sku for price in prices} - {row["sku"] for row in won}
    if not taken:
        await tx.do(INSERT_VERSIONS, rows, now)
    return taken


async def insert_versions(tx: Tx, prices: Sequence[Price], *, now: datetime) -> None:
    await tx.do(INSERT_VERSIONS, [as_row(price) for price in prices], now)


async def update_prices(tx: Tx, product_id: UUID, prices: Sequence[Price]) -> None:
    default = next(price for price in prices if price.is_default)
    await tx.do(CLEAR_DEFAULT, product_id, default.id)
    await tx.do(UPDATE_PRICES, product_id, [as_row(price) for price in prices])


async def put_on_market(tx: Tx, product_id: UUID, price: Price | None) -> None:
    """Agents pay this price of the product, or do not find it."""
    await tx.do(PUT_ON_MARKET, product_id, price.id if price else None)


def as_row(price: Price) -> Mapping[str, Any]:
    row: Mapping[str, Any] = msgspec.to_builtins(price)
    return row


async def insert_stock(tx: Tx, product_id: UUID, *, total: int, sold: int = 0) -> None:
    await tx.do(INSERT_STOCK, product_id, total, sold)


async def lock_candidates(tx: Tx, kind: type[T], site_id: UUID, ids: Sequence[UUID]) -> list[T]:
    return await tx.rows(kind, LOCK_CANDIDATES, site_id, ids)


async def set_total(tx: Tx, product_id: UUID, *, total: int) -> bool:
    return await tx.do(SET_TOTAL, product_id, total) == 1


async def open_stock(tx: Tx, product_id: UUID, *, total: int, held: int) -> bool:
    return await tx.do(OPEN_STOCK, product_id, total, held) == 1


async def copies(tx: Tx, kind: type[T], product_id: UUID, *, was_limited: bool, held: int) -> T:
    return await tx.one(kind, COPIES, product_id, was_limited, held)


async def held_by(tx: Tx, product_id: UUID) -> UUID | None:
    bundle_id: UUID | None = await tx.value(HELD_BY, product_id)
    return bundle_id


async def remove_members(tx: Tx, bundle_id: UUID) -> None:
    await tx.do("delete from bundle_members where bundle_id = $1", bundle_id)


async def insert_members(tx: Tx, bundle_id: UUID, member_ids: Sequence[UUID]) -> None:
    await tx.do(INSERT_MEMBERS, bundle_id, member_ids)


async def find(db: Queries, site_id: UUID, product_id: UUID) -> Whole:
    """A product of this site, whole; NotFound."""
    whole = await db.maybe(Whole, FIND, product_id, site_id)
    if whole is None:
        raise NotFound("There is no such product on this site")
    return whole
