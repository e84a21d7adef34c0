"""A creator who sells through `/api` has a site without having asked for one: the second source knows none."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from purvey.kit.audit_log import Actor
from purvey.kit.db import Database, Queries
from purvey.kit.errors import Conflict, FieldError, Invalid, NotFound
from purvey.kit.ids import new_id
from purvey.kit.money import USDC
from purvey.tenants import store
from purvey.tenants.actions import open_site, personal_tenant
from purvey.tenants.model import Site

SITES_NAMED = 20
SLUGS_TRIED = 10
MIB = 1024**2

# What a tenant may keep that was born through `/api` (ruling 11).
SMALL_LIMITS: Final[Mapping[str, Any]] = {
    "products": 10,
    "maxFileBytes": 500 * MIB,
    "storageBytes": 5 * 1024 * MIB,
    "images": 8,
    "uploadsPerDay": 100,
    "zipOnly": True,
}


class WhichSite(Conflict):
    """The creator has several sites, and none of their own name."""

    code = "which_site"


async def creators_site(
    db: Database, me: Actor, *, username: str, display_name: str, wallet: str | None, wanted: str | None, now: datetime
) -> Site:
    """Where a creator sells: the site they name, else their own one; made at the first, and paid to their wallet.

    WhichSite, Invalid.
    Whether they may sell on a site that they name is for the door to ask.
    """
    if wanted is not None:
        return await named_site(db, wanted)
    mine = await store.owned_sites(db, me.user_id, limit=SITES_NAMED)
    return choose(mine, username=username) or await open_first_site(
        db, me, username=username, display_name=display_name, wallet=wallet, now=now
    )


async def named_site(db: Queries, slug: str) -> Site:
    try:
        return await store.find_site_by_slug(db, slug)
    except NotFound:
        raise Invalid.field("/site", f"There is no site {slug!r}", code="unknown_site") from None


def choose(sites: Sequence[Site], *, username: str) -> Site | None:
    """The site of the creator's name, else the only one; None when there is none yet. WhichSite."""
    own = next((site for site in sites if site.slug == username), None)
    if own is None and len(sites) > 1:
        names = ", ".join(site.slug for site in sites)
        detail = f"You have several sites; say on which one to sell by `site`: {names}"
        raise WhichSite(detail, errors=[FieldError("/site", detail, "which_site")])
    return own or next(iter(sites), None)


async def open_first_site(
    db: Database, me: Actor, *, username: str, display_name: str, wallet: str | None, now: datetime
) -> Site:
    """A site of the creator's name that sells for USDC; of two requests at once, one makes it."""
    async with db.transaction() as tx:
        tenant = await personal_tenant(tx, me, name=display_name, limits=SMALL_LIMITS, now=now)
        made = choose(await store.owned_sites(tx, me.user_id, limit=SITES_NAMED), username=username)
        if made is not None:
            return made
        for slug in slugs_for(username):
            site = await open_site(
                tx, me, tenant_id=tenant.id, slug=slug, name=display_name, currency=USDC, wallet=wallet, now=now
            )
            if site is not None:
                return site
    raise WhichSite("No site of your name is free; open one by POST /v1/sites, and say which by `site`")


def slugs_for(username: str) -> Iterator[str]:
    """The creator's name, then the same with a number, then one that nobody has."""
    yield username
    yield from (f"{username}-{number}" for number in range(2, SLUGS_TRIED))
    yield f"{username}-{new_id().hex[-8:]}"
