"""A hundred sites with a thousand products each, put there by a few statements."""

from uuid import uuid4

import asyncpg

SITES = 100
PRODUCTS = 1000

FILL = f"""
with author as (
    insert into users (id, email, email_verified_at, username, display_name, created_at)
    values ($1, 'author@bench.example', now(), 'bench-author', 'Author', now())
), tenant as (
    insert into tenants (id, name, created_at)
    select gen_random_uuid(), 'tenant ' || n, now() from generate_series(1, {SITES}) as n
    returning id, name
), site as (
    insert into sites (id, tenant_id, slug, name, currency, created_by, created_at, updated_at)
    select gen_random_uuid(), id, 'site-' || split_part(name, ' ', 2), name, 'EUR', $1, now(), now() from tenant
    returning id, tenant_id, slug
), product as (
    insert into products (id, tenant_id, site_id, author_id, name, slug, short_desc, description, product_type,
        category, currency, default_amount, is_featured, display_order, created_at, updated_at)
    select gen_random_uuid(), tenant_id, id, $1, 'Product ' || n, 'product-' || n, 'One of a thousand',
        repeat('What it is, and why you would want it. ', 5), 'EBOOK', 'ebook', 'EUR', 1200, n % 50 = 0, n % 100,
        now() - n * interval '1 minute', now()
    from site, generate_series(1, {PRODUCTS}) as n
    returning id, tenant_id, slug, site_id
), priced as (
    select id as product_id, tenant_id, gen_random_uuid() as price_id, gen_random_uuid() as version_id, slug, site_id
    from product
), price as (
    insert into prices (id, tenant_id, product_id, ref, sku, is_default, current_version_id, created_at)
    select price_id, tenant_id, product_id, 'default', site_id || '/' || slug, true, version_id, now() from priced
)
insert into price_versions (id, price_id, amount, currency, compare_at_amount, created_at)
select version_id, price_id, 1200, 'EUR', 1500, now() from priced
"""


async def fill(connection: asyncpg.Connection) -> None:
    """Put them there, and let the planner know."""
    await connection.execute(FILL.replace("$1", f"'{uuid4()}'"))
    await connection.execute("vacuum analyze")
