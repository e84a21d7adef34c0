"""Which site a page of the studio is about, and who may use it there."""

from typing import Any, cast
from uuid import UUID

from litestar import Response
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from purvey import catalog, tenants
from purvey.access import Identity, Permission
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import NotAllowed, NotFound
from purvey.tenants import Site
from purvey.web.rendering import page
from purvey.web.session import Connection, Page, known, someone, world_of

MOST_SITES = 100


class NoSiteYet(Exception):
    """The page is about a site of one's own, and there is none; the handler leads to opening one."""


def page_may(*needed: Permission, everywhere: bool = False) -> Guard:
    """A member of the team of the page's site whose role has all of these permissions.

    The site is named by the path, by the product in the path, or by `?site=`; otherwise it is one's first.
    `everywhere`: the page is about all of the tenant, and a role at some of its sites is not enough.
    """

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        me = await someone(connection)
        state: dict[str, Any] = connection.scope["state"]
        site = state["site"] = await site_of(connection, me)
        scoped = await known(connection, site_id=site.id)
        if scoped is None or not scoped.belongs:
            raise NotFound("There is no such page, or it is not yours")
        state["identity"] = scoped
        missing = [permission for permission in needed if permission not in scoped.permissions]
        if missing:
            raise NotAllowed(f"Your role at {site.name} lacks the permission {missing[0]}")
        if everywhere and not await is_everywhere(connection, site):
            raise NotAllowed("Your role is for some sites alone, and this is about all sites of their owner")

    cast(Any, guard).needs = needed  # so that a test can walk every door
    return guard


async def is_everywhere(connection: Connection, site: Site) -> bool:
    """Whether the visitor's role is for every site of this site's tenant."""
    me = await known(connection, tenant_id=site.tenant_id)
    return me is not None and me.belongs


async def site_of(connection: Connection, me: Identity) -> Site:
    """The site that the page is about."""
    db, params = world_of(connection).db, connection.path_params
    if isinstance(params.get("site_id"), UUID):
        return await tenants.find_site(db, params["site_id"])
    if isinstance(params.get("product_id"), UUID):
        return await tenants.find_site(db, await catalog.find_site_of(db, params["product_id"]))
    if slug := connection.query_params.get("site"):
        return await tenants.find_site_by_slug(db, slug)
    mine = await tenants.sites_of(db, me.user_id, lists.asked(1, 1))
    if not mine:
        raise NoSiteYet
    return mine[0]


def site(request: Page) -> Site:
    """The dependency `site`: what the guard found."""
    return cast(Site, request.scope["state"]["site"])


async def studio_page(request: Page, template: str, **context: Any) -> Response[str]:
    """A page of the studio, with its site and the others one could turn to."""
    db: Database = world_of(request).db
    me: Identity = request.scope["state"]["identity"]
    mine = await tenants.sites_of(db, me.user_id, lists.asked(1, MOST_SITES))
    here = site(request)
    if here.id not in {each.id for each in mine}:
        mine = [here, *mine]
    may = {name: permission in me.permissions for name, permission in Permission.__members__.items()}
    everywhere = await is_everywhere(request, here)
    return page(request, template, site=here, sites=mine, may=may, everywhere=everywhere, **context)


SITE = {"site": Provide(site, sync_to_thread=False)}
