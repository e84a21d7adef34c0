"""The JSON doors of tenants: their settings and sites."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from purvey.access import Identity, Permission
from purvey.access.guards import in_person, may, refuse_keys, refuse_missing, signed_in, within
from purvey.kit.db import Database
from purvey.kit.pages import Page, Paging, page_of, total_of
from purvey.kit.versions import IfMatch, etagged, refuse_changed, same
from purvey.tenants import actions, http_team, store
from purvey.tenants.forms import (
    SITE_READ_ONLY,
    TENANT_READ_ONLY,
    ChangeSite,
    ChangeTenant,
    CreateSite,
    CreateTenant,
    SiteView,
    TenantView,
    site_view,
    tenant_view,
)

Asking = Request[Any, Any, Any]


@post("/tenants", guards=[in_person], tags=["Tenants"])
async def create_tenant(
    data: JSONBody[CreateTenant],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> TenantView:
    """Open a tenant; whoever does is its owner."""
    tenant = await actions.create_tenant(
        db, me, name=data.name, tax_rate_bps=data.tax_rate_bps, tax_inclusive=data.tax_inclusive, now=now
    )
    return tenant_view(tenant)


@get("/tenants", guards=[signed_in], tags=["Tenants"])
async def list_tenants(
    db: NamedDependency[Database], me: NamedDependency[Identity], paging: Paging
) -> Page[TenantView]:
    """The tenants I belong to."""
    rows = await store.tenants_of(db, me.user_id, paging, only=me.key_tenant_id)
    total = await total_of(paging, lambda: db.value(store.COUNT_TENANTS, me.user_id, me.key_tenant_id))
    return page_of(rows, tenant_view, asked=paging, order=store.OLDEST_TENANT, total=total)


@get("/tenants/{tenant_id:uuid}", guards=[may()], tags=["Tenants"])
async def read_tenant(tenant_id: FromPath[UUID], db: NamedDependency[Database]) -> TenantView:
    """A tenant and its settings."""
    return tenant_view(await store.find_tenant(db, tenant_id))


@patch("/tenants/{tenant_id:uuid}", guards=[may(Permission.EDIT_BILLING_DETAILS)], tags=["Tenants"])
async def change_tenant(
    tenant_id: FromPath[UUID],
    data: JSONBody[ChangeTenant],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> TenantView:
    """Change a tenant's name or taxes. What was quoted before keeps the tax it was quoted with."""
    refuse_changed(data, tenant_view(await store.find_tenant(db, tenant_id)), *TENANT_READ_ONLY)
    tenant = await actions.change_tenant(
        db, me, tenant_id, name=data.name, tax_rate_bps=data.tax_rate_bps, tax_inclusive=data.tax_inclusive, now=now
    )
    return tenant_view(tenant)


@post("/sites", guards=[signed_in], tags=["Sites"])
async def create_site(
    request: Asking,
    data: JSONBody[CreateSite],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> SiteView:
    """Open a storefront, in one's own tenant or in one whose billing details one may edit."""
    if data.tenant_id is None:
        refuse_keys(me)
    else:
        me = await within(request, data.tenant_id, Permission.EDIT_BILLING_DETAILS)
    site = await actions.create_site(
        db,
        me,
        slug=data.slug,
        name=data.name,
        currency=data.currency_code,
        description=data.description,
        tenant_id=data.tenant_id,
        personal_name=me.display_name,
        now=now,
    )
    return site_view(site)


@get("/sites", guards=[signed_in], tags=["Sites"])
async def list_sites(db: NamedDependency[Database], me: NamedDependency[Identity], paging: Paging) -> Page[SiteView]:
    """The sites I work on."""
    rows = await store.sites_of(db, me.user_id, paging, only=me.key_tenant_id)
    total = await total_of(paging, lambda: db.value(store.COUNT_MY_SITES, me.user_id, me.key_tenant_id))
    return page_of(rows, site_view, asked=paging, order=store.OLDEST_SITE, total=total)


@get("/sites/{site_id:uuid}", guards=[may()], tags=["Sites"])
async def read_site(site_id: FromPath[UUID], db: NamedDependency[Database]) -> Response[SiteView]:
    """A site and its settings; its ETag is for If-Match."""
    site = await store.find_site(db, site_id)
    return Response(site_view(site), headers=etagged(site.version))


@patch("/sites/{site_id:uuid}", guards=[may(Permission.EDIT_BILLING_DETAILS)], tags=["Sites"])
async def change_site(
    *,
    site_id: FromPath[UUID],
    data: JSONBody[ChangeSite],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
    if_match: IfMatch = None,
) -> Response[SiteView]:
    """Change a site's settings. Its currency stays for ever; only an owner changes where its money goes."""
    before = site_view(await store.find_site(db, site_id))
    refuse_changed(data, before, *SITE_READ_ONLY)
    if not same(data.payout_wallet, before.payout_wallet):
        refuse_keys(me)
        refuse_missing(me, [Permission.MANAGE_KEYS])
    site = await actions.change_site(
        db,
        me,
        site_id,
        slug=data.slug,
        name=data.name,
        description=data.description,
        refund_window_days=data.refund_window_days,
        sale_notice=data.sale_notice,
        verified_email_for_limited=data.verified_email_for_limited,
        payout_wallet=data.payout_wallet,
        version=data.version,
        if_match=if_match,
        now=now,
    )
    return Response(site_view(site), headers=etagged(site.version))


doors: list[Any] = [
    create_tenant,
    list_tenants,
    read_tenant,
    change_tenant,
    create_site,
    list_sites,
    read_site,
    change_site,
    *http_team.doors,
]
