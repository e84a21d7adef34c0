"""Tenants: whose books these are, the sites they are shown on, and who may act for them."""

from purvey.tenants.model import Role, Site, Tenant
from purvey.tenants.store import find_site, find_site_by_slug, find_tenant, sites_on_show

__all__ = ["Role", "Site", "Tenant", "find_site", "find_site_by_slug", "find_tenant", "sites_on_show"]
