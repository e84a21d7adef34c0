"""Opening a site, its settings, and the team that works on it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from purvey import tenants
from purvey.access import Identity, Permission, email_of
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.kit.ids import slug_of
from purvey.kit.money import exponents
from purvey.tenants import Role, Site, Tenant
from purvey.tenants.forms import AcceptInvitation, ChangeMember, ChangeSite, ChangeTenant, CreateSite, Invite
from purvey.web.forms import TEXT_BYTES, Form, body, changed, posted
from purvey.web.rendering import go, page
from purvey.web.session import Page, page_signed_in
from purvey.web.studio.scope import is_everywhere, page_may, studio_page

COMMON = ["EUR", "USD", "GBP", "INR", "JPY", "CHF", "CAD", "AUD", "SEK", "PLN", "BRL", "USDC"]
ROLES = {
    Role.OWNER: "Owner: everything, the team too",
    Role.MANAGER: "Manager: products, sales, refunds, discounts",
    Role.EDITOR: "Editor: products",
    Role.SUPPORT: "Support: sales, and approving refunds",
    Role.VIEWER: "Viewer: looks at products",
}
TEAM_SHOWN = 100


@get("/sites/new", guards=[page_signed_in])
async def new_form(request: Page) -> Response[str]:
    """What a site needs: a name and a currency."""
    return new_page(request)


def new_page(request: Page, *, refused: Refusal | None = None, form: Form | None = None) -> Response[str]:
    others = sorted(set(exponents()) - set(COMMON))
    return page(
        request, "studio/new_site.html", refused=refused, form=form, values={"currencyCode": "EUR"},
        currencies=[(code, code) for code in [*COMMON, *others]],
    )  # fmt: skip


@post("/sites/new", guards=[page_signed_in])
async def new(
    request: Page, db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> Response[str]:
    """A site of one's own, and on to its first product."""
    form = await posted(request)
    try:
        wish = body(CreateSite, {
            "name": form.text("name"),
            "slug": form.maybe("slug") or slug_of(form.text("name"), default=me.username)[:60].strip("-"),
            "currencyCode": form.text("currencyCode"),
            "description": form.maybe("description"),
        })  # fmt: skip
        site = await tenants.create_site(
            db,
            me,
            slug=wish.slug,
            name=wish.name,
            currency=wish.currency_code,
            description=wish.description,
            personal_name=me.display_name,
            now=now,
        )
    except Refusal as no:
        return new_page(request, refused=no, form=form)
    return go(f"/products?site={site.slug}", done="created")


@get("/sites/{site_id:uuid}/settings", guards=[page_may(Permission.EDIT_BILLING_DETAILS)])
async def settings_form(
    request: Page, site_id: FromPath[UUID], site: NamedDependency[Site], db: NamedDependency[Database]
) -> Response[str]:
    """A site's settings, and its tenant's taxes."""
    return await settings_page(request, site, db)


async def settings_page(
    request: Page, site: Site, db: Database, *, refused: Refusal | None = None, form: Form | None = None
) -> Response[str]:
    tenant = await tenants.find_tenant(db, site.tenant_id)
    return await studio_page(
        request,
        "studio/settings.html",
        refused=refused,
        form=form,
        tenant=tenant,
        may_tax=await is_everywhere(request, site),
        values=site_values(site) | tax_values(tenant),
    )


def site_values(site: Site) -> dict[str, Any]:
    """A site's settings as their forms show them."""
    return {
        "name": site.name,
        "description": site.description,
        "refundWindowDays": site.refund_window_days,
        "saleNotice": site.sale_notice,
        "verifiedEmailForLimited": site.verified_email_for_limited,
        "payoutWallet": site.payout_wallet,
    }


def tax_values(tenant: Tenant) -> dict[str, Any]:
    return {"taxRate": f"{tenant.tax_rate_bps / 100:g}", "taxInclusive": tenant.tax_inclusive}


@post(
    "/sites/{site_id:uuid}/settings",
    guards=[page_may(Permission.EDIT_BILLING_DETAILS)],
    request_max_body_size=TEXT_BYTES,
)
async def change_settings(
    *,
    request: Page,
    site_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Other settings, unless somebody changed them meanwhile."""
    form = await posted(request)
    try:
        fields = {
            "name": form.text("name"),
            "description": form.maybe("description"),
            "refundWindowDays": form.whole("refundWindowDays") or 0,
            "saleNotice": form.ticked("saleNotice"),
            "verifiedEmailForLimited": form.ticked("verifiedEmailForLimited"),
        }
        wish = body(ChangeSite, changed(form, site_values(site), fields) | {"version": form.whole("version")})
        await tenants.change_site(
            db,
            me,
            site_id,
            name=wish.name,
            description=wish.description,
            refund_window_days=wish.refund_window_days,
            sale_notice=wish.sale_notice,
            verified_email_for_limited=wish.verified_email_for_limited,
            version=wish.version,
            now=now,
        )
    except Refusal as no:
        return await settings_page(request, site, db, refused=no, form=form)
    return go(f"/sites/{site_id}/settings", done="saved")


@post("/sites/{site_id:uuid}/taxes", guards=[page_may(Permission.EDIT_BILLING_DETAILS, everywhere=True)])
async def change_taxes(
    *,
    request: Page,
    site_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Another tax for what is quoted from now on."""
    form = await posted(request)
    try:
        shown = tax_values(await tenants.find_tenant(db, site.tenant_id))
        typed = {"taxRate": form.hundredths("taxRate"), "taxInclusive": form.ticked("taxInclusive")}
        wanted = changed(form, shown, typed)
        if "taxRate" in wanted:
            wanted["taxRateBps"] = wanted.pop("taxRate")
        wish = body(ChangeTenant, wanted)
        await tenants.change_tenant(
            db, me, site.tenant_id, tax_rate_bps=wish.tax_rate_bps, tax_inclusive=wish.tax_inclusive, now=now
        )
    except Refusal as no:
        return await settings_page(request, site, db, refused=no, form=form)
    return go(f"/sites/{site_id}/settings", done="saved")


@post("/sites/{site_id:uuid}/payout-wallet", guards=[page_may(Permission.MANAGE_KEYS)])
async def change_payout_wallet(
    *,
    request: Page,
    site_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Where what agents pay goes from now on."""
    form = await posted(request)
    try:
        wanted = changed(form, site_values(site), {"payoutWallet": form.maybe("payoutWallet")})
        wish = body(ChangeSite, wanted | {"version": form.whole("version")})
        await tenants.change_site(db, me, site_id, payout_wallet=wish.payout_wallet, version=wish.version, now=now)
    except Refusal as no:
        return await settings_page(request, site, db, refused=no, form=form)
    return go(f"/sites/{site_id}/settings", done="saved")


@get("/sites/{site_id:uuid}/team", guards=[page_may(everywhere=True)])
async def team(
    request: Page,
    site_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Who works here."""
    return await team_page(request, site, db, now)


async def team_page(
    request: Page, site: Site, db: Database, now: datetime, *, refused: Refusal | None = None, form: Form | None = None
) -> Response[str]:
    asked = lists.asked(1, TEAM_SHOWN)
    return await studio_page(
        request,
        "studio/team.html",
        refused=refused,
        form=form,
        values={"role": Role.EDITOR},
        members=(await tenants.members_of(db, site.tenant_id, asked))[:TEAM_SHOWN],
        invitations=(await tenants.invitations_of(db, site.tenant_id, asked, now=now))[:TEAM_SHOWN],
        roles=list(ROLES.items()),
    )


TEAM = [page_may(Permission.MANAGE_MEMBERS, everywhere=True)]


@post("/sites/{site_id:uuid}/team/invite", guards=TEAM)
async def invite(
    *,
    request: Page,
    site_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """A place in the team for an address; the mail follows."""
    form = await posted(request)
    try:
        only_here = [str(site_id)] if form.ticked("onlyHere") else None
        wish = body(Invite, {"email": form.text("email"), "role": form.text("role"), "siteIds": only_here})
        await tenants.invite(
            db,
            me,
            site.tenant_id,
            email=email_of(wish.email),
            role=wish.role,
            site_ids=wish.site_ids,
            email_verified=me.email_verified,
            now=now,
        )
    except Refusal as no:
        return await team_page(request, site, db, now, refused=no, form=form)
    return go(f"/sites/{site_id}/team", done="invited")


@post("/sites/{site_id:uuid}/team/invitations/{invitation_id:uuid}/revoke", guards=TEAM)
async def revoke(
    *,
    request: Page,
    site_id: FromPath[UUID],
    invitation_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The invitation is taken back."""
    await posted(request)
    await tenants.revoke_invitation(db, me, site.tenant_id, invitation_id, now=now)
    return go(f"/sites/{site_id}/team", done="removed")


@post("/sites/{site_id:uuid}/team/{user_id:uuid}", guards=TEAM)
async def change_member(
    *,
    request: Page,
    site_id: FromPath[UUID],
    user_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Another role."""
    form = await posted(request)
    try:
        wish = body(ChangeMember, {"role": form.text("role")})
        await tenants.change_member(db, me, site.tenant_id, user_id, role=wish.role, now=now)
    except Refusal as no:
        return await team_page(request, site, db, now, refused=no)
    return go(f"/sites/{site_id}/team", done="saved")


@post("/sites/{site_id:uuid}/team/{user_id:uuid}/remove", guards=TEAM)
async def remove_member(
    *,
    request: Page,
    site_id: FromPath[UUID],
    user_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Out of the team."""
    await posted(request)
    try:
        await tenants.remove_member(db, me, site.tenant_id, user_id, now=now)
    except Refusal as no:
        return await team_page(request, site, db, now, refused=no)
    return go(f"/sites/{site_id}/team" if user_id != me.user_id else "/", done="removed")


@get("/invitations/accept", guards=[page_signed_in])
async def invitation(request: Page, token: FromQuery[str] = "") -> Response[str]:
    """The link of the mail: one button."""
    return page(request, "studio/invitation.html", values={"token": token})


@post("/invitations/accept", guards=[page_signed_in])
async def accept(
    request: Page, db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> Response[str]:
    """Into the team."""
    form = await posted(request)
    try:
        wish = body(AcceptInvitation, {"token": form.text("token")})
        await tenants.accept_invitation(
            db, me, token=wish.token, email=me.email, email_verified=me.email_verified, now=now
        )
    except Refusal as no:
        return page(request, "studio/invitation.html", refused=no, form=form)
    return go("/products", done="joined")


pages = [
    new_form, new, settings_form, change_settings, change_taxes, change_payout_wallet,
    team, invite, revoke, change_member, remove_member, invitation, accept,
]  # fmt: skip
