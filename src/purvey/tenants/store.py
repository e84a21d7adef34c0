"""The SQL of tenants, sites and memberships."""

from uuid import UUID

from purvey.kit.db import Queries
from purvey.kit.errors import NotFound
from purvey.tenants.model import Site, Tenant

SITE = """
    id, tenant_id, slug, name, description, currency, refund_window_days, sale_notice,
    verified_email_for_limited, created_by, created_at, updated_at, version
"""
TENANT = "id, name, is_personal, is_platform, tax_rate_bps, tax_inclusive, limits, created_at"


async def find_site(db: Queries, site_id: UUID) -> Site:
    """A site by its id; NotFound."""
    return found(await db.maybe(Site, f"select {SITE} from sites where id = $1", site_id))


async def find_site_by_slug(db: Queries, slug: str) -> Site:
    """A site by its public word; NotFound."""
    return found(await db.maybe(Site, f"select {SITE} from sites where slug = $1", slug))


async def find_tenant(db: Queries, tenant_id: UUID) -> Tenant:
    """A tenant by its id; NotFound."""
    tenant = await db.maybe(Tenant, f"select {TENANT} from tenants where id = $1", tenant_id)
    if tenant is None:
        raise NotFound("There is no such tenant")
    return tenant


def found(site: Site | None) -> Site:
    if site is None:
        raise NotFound("There is no such site")
    return site


# The sites there are, for the front page.
SITES = f"select {SITE} from sites order by name, id limit $1"


async def sites_on_show(db: Queries, *, limit: int) -> list[Site]:
    """Every site, by name, up to a limit."""
    return await db.rows(Site, SITES, limit)
