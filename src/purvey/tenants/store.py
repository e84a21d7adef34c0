"""The SQL of tenants and their sites."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import UniqueViolationError

from purvey.kit.db import Queries, Tx
from purvey.kit.errors import NotFound
from purvey.kit.pages import Asked, Order
from purvey.tenants.model import Role, Site, Tenant

SITE = """
    id, tenant_id, slug, slug_may_change, name, description, currency, refund_window_days, sale_notice,
    verified_email_for_limited, payout_wallet, created_by, created_at, updated_at, version
"""
TENANT = "id, name, is_personal, is_platform, tax_rate_bps, tax_inclusive, limits, created_at"

# A site by its id.
SITE_BY_ID = f"select {SITE} from sites where id = $1"

# A site by its public word.
SITE_BY_SLUG = f"select {SITE} from sites where slug = $1"

# A tenant by its id.
TENANT_BY_ID = f"select {TENANT} from tenants where id = $1"


async def find_site(db: Queries, site_id: UUID) -> Site:
    """A site by its id; NotFound."""
    return found(await db.maybe(Site, SITE_BY_ID, site_id))


async def find_site_by_slug(db: Queries, slug: str) -> Site:
    """A site by its public word; NotFound."""
    return found(await db.maybe(Site, SITE_BY_SLUG, slug))


async def find_tenant(db: Queries, tenant_id: UUID) -> Tenant:
    """A tenant by its id; NotFound."""
    tenant = await db.maybe(Tenant, TENANT_BY_ID, tenant_id)
    if tenant is None:
        raise NotFound("There is no such tenant")
    return tenant


def found(site: Site | None) -> Site:
    if site is None:
        raise NotFound("There is no such site")
    return site


# The sites there are, for the front page.
SITES = f"select {SITE} from sites order by sort_key(name), id limit $1"


async def sites_on_show(db: Queries, *, limit: int) -> list[Site]:
    """Every site, by name, up to a limit."""
    return await db.rows(Site, SITES, limit)


# Whoever makes something for themselves does one thing at a time.
LOCK_USER = "select id from users where id = $1 for no key update"

# The tenant that a person's own sites are in.
PERSONAL = f"""
select {TENANT}
from tenants
where is_personal
    and id in (select tenant_id from memberships where user_id = $1 and role = 'OWNER')
order by created_at, id
limit 1
"""

# A new tenant.
ADD_TENANT = f"""
insert into tenants (id, name, is_personal, tax_rate_bps, tax_inclusive, limits, created_at)
values ($1, $2, $3, $4, $5, $6, $7)
returning {TENANT}
"""

# A tenant that is about to be changed, or whose team is.
LOCK_TENANT = f"select {TENANT} from tenants where id = $1 for no key update"

# What may change of a tenant.
CHANGE_TENANT = f"""
update tenants
set name = $2,
    tax_rate_bps = $3,
    tax_inclusive = $4
where id = $1
returning {TENANT}
"""

# A new site; no row when its slug is taken.
ADD_SITE = f"""
insert into sites (id, tenant_id, slug, name, description, currency, created_by, payout_wallet, slug_may_change,
    created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
on conflict do nothing
returning {SITE}
"""

# A site that is about to be changed.
LOCK_SITE = f"select {SITE} from sites where id = $1 for no key update"

# What may change of a site.
CHANGE_SITE = f"""
update sites
set name = $2,
    description = $3,
    refund_window_days = $4,
    sale_notice = $5,
    verified_email_for_limited = $6,
    payout_wallet = $7,
    slug = $8,
    slug_may_change = $9,
    updated_at = $10,
    version = version + 1
where id = $1
returning {SITE}
"""

OLDEST_TENANT: Order[Tenant] = Order("tenants", ("id",), (UUID,), lambda tenant: (tenant.id,))
OLDEST_SITE: Order[Site] = Order("sites", ("id",), (UUID,), lambda site: (site.id,))

MINE = "id in (select tenant_id from memberships where user_id = $1) and ($2::uuid is null or id = $2)"

# A page of the tenants that a person belongs to.
TENANTS = f"""
select {TENANT}
from tenants
where {MINE}
    and {OLDEST_TENANT.beyond(3)}
order by {OLDEST_TENANT.by}
limit $4 offset $5
"""

# How many those are.
COUNT_TENANTS = f"select count(*) from tenants where {MINE}"

OF_MINE = """
exists (
    select from memberships m
    where m.tenant_id = sites.tenant_id
        and m.user_id = $1
        and (m.site_ids is null or sites.id = any(m.site_ids))
)
and ($2::uuid is null or tenant_id = $2)
"""

# A page of the sites that a person works on.
MY_SITES = f"""
select {SITE}
from sites
where {OF_MINE}
    and {OLDEST_SITE.beyond(3)}
order by {OLDEST_SITE.by}
limit $4 offset $5
"""

# How many those are.
COUNT_MY_SITES = f"select count(*) from sites where {OF_MINE}"


# The platform's own tenant, unless there is one: whose sales the installation's own gateway keys collect.
MAKE_PLATFORM = f"""
update tenants
set is_platform = true
where id = $1
    and not exists (select from tenants where is_platform)
returning {TENANT}
"""

# One at a time asks whether there is a platform's own tenant yet.
LOCK_PLATFORM = "select pg_advisory_xact_lock(hashtextextended('the platform''s own tenant', 0))"


async def make_platform(tx: Tx, tenant: Tenant) -> Tenant:
    """The tenant, which is the platform's own from now on if there was none."""
    await tx.value(LOCK_PLATFORM)
    return await tx.maybe(Tenant, MAKE_PLATFORM, tenant.id) or tenant


async def add_tenant(
    tx: Tx, *, id: UUID, name: str, is_personal: bool, tax_rate_bps: int, tax_inclusive: bool,
    limits: Mapping[str, Any], now: datetime,
) -> Tenant:  # fmt: skip
    return await tx.one(Tenant, ADD_TENANT, id, name, is_personal, tax_rate_bps, tax_inclusive, dict(limits), now)


async def lock_tenant(tx: Tx, tenant_id: UUID) -> Tenant:
    """The tenant, which nobody else changes until the transaction ends; NotFound."""
    tenant = await tx.maybe(Tenant, LOCK_TENANT, tenant_id)
    if tenant is None:
        raise NotFound("There is no such tenant")
    return tenant


async def change_tenant(tx: Tx, tenant: Tenant) -> Tenant:
    t = tenant
    return await tx.one(Tenant, CHANGE_TENANT, t.id, t.name, t.tax_rate_bps, t.tax_inclusive)


async def add_site(
    tx: Tx, *, id: UUID, tenant_id: UUID, slug: str, name: str, description: str | None, currency: str,
    created_by: UUID, payout_wallet: str | None, slug_may_change: bool, now: datetime,
) -> Site | None:  # fmt: skip
    """The site, or None when the slug is taken."""
    return await tx.maybe(
        Site, ADD_SITE, id, tenant_id, slug, name, description, currency, created_by, payout_wallet, slug_may_change,
        now,
    )  # fmt: skip


async def lock_site(tx: Tx, site_id: UUID) -> Site:
    """The site, which nobody else changes until the transaction ends; NotFound."""
    return found(await tx.maybe(Site, LOCK_SITE, site_id))


async def change_site(tx: Tx, site: Site, *, now: datetime) -> Site | None:
    """The site in its next version; None, and the transaction is lost, when its slug is taken."""
    try:
        return await tx.one(
            Site, CHANGE_SITE, site.id, site.name, site.description, site.refund_window_days, site.sale_notice,
            site.verified_email_for_limited, site.payout_wallet, site.slug, site.slug_may_change, now,
        )  # fmt: skip
    except UniqueViolationError:
        return None


async def tenants_of(db: Queries, user_id: UUID, asked: Asked, *, only: UUID | None = None) -> list[Tenant]:
    """The tenants somebody belongs to; `only` is the one that a key was made for."""
    return await db.rows(Tenant, TENANTS, user_id, only, *asked.place(OLDEST_TENANT), asked.limit, asked.offset)


async def sites_of(db: Queries, user_id: UUID, asked: Asked, *, only: UUID | None = None) -> list[Site]:
    """The sites somebody works on; `only` is the tenant that a key was made for."""
    return await db.rows(Site, MY_SITES, user_id, only, *asked.place(OLDEST_SITE), asked.limit, asked.offset)


# The sites that are somebody's own, the oldest first.
OWNED_SITES = f"""
select {SITE}
from sites
where tenant_id in (select tenant_id from memberships where user_id = $1 and role = 'OWNER')
order by id
limit $2
"""


async def owned_sites(db: Queries, user_id: UUID, *, limit: int) -> list[Site]:
    """The sites of every tenant that somebody owns, up to a limit."""
    return await db.rows(Site, OWNED_SITES, user_id, limit)


# Who is told of a site's sales: whoever opened it while they are of its team and see its sales, else an owner.
KEEPER = """
select m.user_id
from memberships m
join users u on u.id = m.user_id
where m.tenant_id = $1
    and (m.site_ids is null or $2 = any(m.site_ids))
    and m.role in ('OWNER', 'MANAGER', 'SUPPORT')
    and u.email is not null
order by m.user_id = $3 desc, m.role = 'OWNER' desc, m.created_at, m.user_id
limit 1
"""


async def keeper_of(db: Queries, site: Site) -> UUID | None:
    """Who hears of what is sold on a site and asked of it, or None when nobody there has an address."""
    found: UUID | None = await db.value(KEEPER, site.tenant_id, site.id, site.created_by)
    return found


# What somebody is in a whole tenant.
ROLE = "select role from memberships where tenant_id = $1 and user_id = $2 and site_ids is null"


async def role_of(db: Queries, tenant_id: UUID, user_id: UUID) -> Role | None:
    """Somebody's role in a whole tenant, or None."""
    role = await db.value(ROLE, tenant_id, user_id)
    return None if role is None else Role(role)
