"""Opening tenants and sites, and changing their settings."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from purvey.kit.addresses import checked
from purvey.kit.audit_log import Actor, audit, changes
from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict, FieldError, Malformed
from purvey.kit.ids import SLUG, new_id
from purvey.kit.money import known_currency
from purvey.kit.throttles import throttle
from purvey.kit.versions import refuse_stale
from purvey.kit.words import name_of
from purvey.tenants import store, teams
from purvey.tenants.model import Role, Site, Tenant

MADE_A_DAY = 500


class SlugTaken(Conflict):
    """Another site has this slug."""

    code = "slug_taken"

    @classmethod
    def of(cls, slug: str) -> "SlugTaken":
        detail = f"The slug {slug!r} is taken; choose another"
        return cls(detail, errors=[FieldError("/slug", detail, "slug_taken")], extra={"slug": slug})


class SlugForEver(Conflict):
    """Links lead to the site by its slug, so it stays; only a name that was a wallet's may be bettered, once."""

    code = "slug_for_ever"


async def create_tenant(
    db: Database, me: Actor, *, name: str, tax_rate_bps: int = 0, tax_inclusive: bool = False, now: datetime
) -> Tenant:
    """A tenant of which one is the owner."""
    await throttle(db, key=f"new-tenant:{me.user_id}", limit=MADE_A_DAY, window=timedelta(days=1), now=now)
    async with db.transaction() as tx:
        return await open_tenant(
            tx, me, name=name_of(name, pointer="/name"), is_personal=False, tax_rate_bps=tax_rate_bps,
            tax_inclusive=tax_inclusive, now=now,
        )  # fmt: skip


async def open_tenant(
    tx: Tx,
    me: Actor,
    *,
    name: str,
    is_personal: bool,
    tax_rate_bps: int = 0,
    tax_inclusive: bool = False,
    limits: Mapping[str, Any] = {},
    now: datetime,
) -> Tenant:
    """A new tenant. The first one that a platform admin opens is the platform's own (ruling 15)."""
    tenant = await store.add_tenant(
        tx, id=new_id(), name=name, is_personal=is_personal, tax_rate_bps=tax_rate_bps, tax_inclusive=tax_inclusive,
        limits=limits, now=now,
    )  # fmt: skip
    await teams.add_member(tx, tenant.id, me.user_id, Role.OWNER, site_ids=None, now=now)
    await audit(
        tx, me, action="tenant.created", subject_type="tenant", subject_id=tenant.id, detail={"name": name}, now=now,
        tenant_id=tenant.id,
    )  # fmt: skip
    return await store.make_platform(tx, tenant) if me.is_admin else tenant


async def change_tenant(
    db: Database,
    me: Actor,
    tenant_id: UUID,
    *,
    name: str | UnsetType = UNSET,
    tax_rate_bps: int | UnsetType = UNSET,
    tax_inclusive: bool | UnsetType = UNSET,
    now: datetime,
) -> Tenant:
    """Other settings; what is UNSET stays. A sale keeps the tax it was quoted with."""
    async with db.transaction() as tx:
        before = await store.lock_tenant(tx, tenant_id)
        after = msgspec.structs.replace(
            before,
            name=before.name if name is UNSET else name_of(name, pointer="/name"),
            tax_rate_bps=before.tax_rate_bps if tax_rate_bps is UNSET else tax_rate_bps,
            tax_inclusive=before.tax_inclusive if tax_inclusive is UNSET else tax_inclusive,
        )
        if after == before:
            return before
        await audit(
            tx, me, action="tenant.updated", subject_type="tenant", subject_id=tenant_id,
            detail=changes(before, after), now=now, tenant_id=tenant_id,
        )  # fmt: skip
        return await store.change_tenant(tx, after)


async def create_site(
    db: Database,
    me: Actor,
    *,
    slug: str,
    name: str,
    currency: str,
    description: str | None = None,
    tenant_id: UUID | None = None,
    personal_name: str,
    now: datetime,
) -> Site:
    """A storefront of a tenant, or of one's personal tenant, which is made at the first (`personal_name`).

    Whether one may open a site in the tenant is for the door to ask. Raises SlugTaken.
    """
    slug, name = slug_of_site(slug), name_of(name, pointer="/name")
    known_currency(currency)
    await throttle(db, key=f"new-site:{me.user_id}", limit=MADE_A_DAY, window=timedelta(days=1), now=now)
    async with db.transaction() as tx:
        owner_id = tenant_id or (await personal_tenant(tx, me, name=personal_name, now=now)).id
        site = await open_site(
            tx, me, tenant_id=owner_id, slug=slug, name=name, description=description, currency=currency, now=now
        )
        if site is None:
            raise SlugTaken.of(slug)
    return site


async def open_site(
    tx: Tx,
    me: Actor,
    *,
    tenant_id: UUID,
    slug: str,
    name: str,
    description: str | None = None,
    currency: str,
    wallet: str | None = None,
    now: datetime,
) -> Site | None:
    """A new storefront of a tenant, None when its slug is taken; an agent's is paid to its wallet, renamed once."""
    site = await store.add_site(
        tx, id=new_id(), tenant_id=tenant_id, slug=slug, name=name, description=description, currency=currency,
        created_by=me.user_id, payout_wallet=wallet, slug_may_change=wallet is not None, now=now,
    )  # fmt: skip
    if site is not None:
        await audit(
            tx, me, action="site.created", subject_type="site", subject_id=site.id,
            detail={"slug": slug, "name": name, "currency": currency}, now=now, tenant_id=tenant_id,
        )  # fmt: skip
    return site


async def personal_tenant(tx: Tx, me: Actor, *, name: str, limits: Mapping[str, Any] = {}, now: datetime) -> Tenant:
    """The tenant that holds one's own sites; one at a time makes it, so that there is but one."""
    await tx.do(store.LOCK_USER, me.user_id)
    kept = await tx.maybe(Tenant, store.PERSONAL, me.user_id)
    return kept or await open_tenant(tx, me, name=name, is_personal=True, limits=limits, now=now)


def slug_of_site(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise Malformed.field(
            "/slug", "must be small letters a to z, digits and single hyphens between them", code="invalid_slug"
        )
    return text


async def change_site(
    db: Database,
    me: Actor,
    site_id: UUID,
    *,
    slug: str | UnsetType = UNSET,
    name: str | UnsetType = UNSET,
    description: str | UnsetType | None = UNSET,
    refund_window_days: int | UnsetType = UNSET,
    sale_notice: bool | UnsetType = UNSET,
    verified_email_for_limited: bool | UnsetType = UNSET,
    payout_wallet: str | UnsetType | None = UNSET,
    version: int | UnsetType = UNSET,
    if_match: str | None = None,
    now: datetime,
) -> Site:
    """Other settings; what is UNSET stays. SlugForEver, SlugTaken; Stale or StaleVersion: somebody was faster."""
    async with db.transaction() as tx:
        before = await store.lock_site(tx, site_id)
        await teams.refuse_outsider(tx, me, before.tenant_id)
        refuse_stale(before.version, sent=version, if_match=if_match)
        wanted = {
            "name": name if name is UNSET else name_of(name, pointer="/name"),
            "description": description,
            "refund_window_days": refund_window_days,
            "sale_notice": sale_notice,
            "verified_email_for_limited": verified_email_for_limited,
            "payout_wallet": checked(payout_wallet, pointer="/payoutWallet") if payout_wallet else payout_wallet,
        }
        after = msgspec.structs.replace(
            before, **{field: value for field, value in wanted.items() if value is not UNSET}
        )
        if slug is not UNSET:
            after = renamed(after, slug_of_site(slug))
        if after == before:
            return before
        await audit(
            tx, me, action="site.updated", subject_type="site", subject_id=site_id, detail=changes(before, after),
            now=now, tenant_id=before.tenant_id,
        )  # fmt: skip
        changed = await store.change_site(tx, after, now=now)
        if changed is None:
            raise SlugTaken.of(after.slug)
        return changed


def renamed(site: Site, slug: str) -> Site:
    """The site with another slug, if it may have one."""
    if slug == site.slug:
        return site
    if not site.slug_may_change:
        raise SlugForEver.field("/slug", f"stays {site.slug!r}, for links lead there")
    return msgspec.structs.replace(site, slug=slug, slug_may_change=False)
