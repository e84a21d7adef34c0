"""The author's discount codes (A24)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import UNSET

from purvey import discounts
from purvey.access import Identity, Permission
from purvey.discounts import DiscountCode, DiscountType
from purvey.discounts.forms import CreateDiscountCode, UpdateDiscountCode
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.kit.money import exponents
from purvey.tenants import Site
from purvey.web.display import field_moment, money, plain_amount
from purvey.web.forms import TEXT_BYTES, Form, body, changed, given, posted
from purvey.web.rendering import go
from purvey.web.session import Page
from purvey.web.studio import shelf
from purvey.web.studio.scope import page_may, studio_page

PER_PAGE = 50
VIEW, MANAGE = [page_may(Permission.VIEW_PRODUCTS)], [page_may(Permission.MANAGE_DISCOUNTS)]
KINDS = [(DiscountType.PERCENTAGE, "Percentage"), (DiscountType.FIXED_AMOUNT, "Fixed amount")]


@get("/discounts", guards=VIEW)
async def codes(
    request: Page,
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    number: Annotated[int, QueryParameter(name="page")] = 1,
) -> Response[str]:
    """A site's codes, newest first."""
    asked = lists.asked(min(max(number, 1), lists.DEPTH_MAX // PER_PAGE), PER_PAGE)
    rows = await discounts.codes_of(db, site.id, prefix=None, is_active=None, asked=asked)
    found = lists.page_of(rows, lambda row: row, asked=asked, order=discounts.NEWEST_CODES)
    return await studio_page(request, "studio/discounts.html", codes=found, worth=worth)


def worth(code: DiscountCode) -> str:
    """What a code takes off, in words."""
    if code.basis_points is not None:
        return f"{code.basis_points / 100:g} %"
    return money(code.amount, code.currency or "")


@get("/discounts/create", guards=MANAGE)
async def create_form(request: Page, site: NamedDependency[Site], db: NamedDependency[Database]) -> Response[str]:
    """An empty code."""
    return await form_page(request, site, db)


@post("/discounts/create", guards=MANAGE, request_max_body_size=TEXT_BYTES)
async def create(
    request: Page,
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """A new code."""
    form = await posted(request)
    try:
        wish = body(CreateDiscountCode, create_body(form, site))
        await discounts.create(db, me, site=site, form=wish, now=now)
    except Refusal as no:
        return await form_page(request, site, db, refused=no, form=form)
    return go(f"/discounts?site={site.slug}", done="created")


@get("/discounts/{code_id:uuid}/edit", guards=MANAGE)
async def edit_form(
    request: Page, code_id: FromPath[UUID], site: NamedDependency[Site], db: NamedDependency[Database]
) -> Response[str]:
    """A code as it is."""
    return await form_page(request, site, db, code=await discounts.get(db, site.id, code_id))


@post("/discounts/{code_id:uuid}/edit", guards=MANAGE, request_max_body_size=TEXT_BYTES)
async def edit(
    *,
    request: Page,
    code_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Other terms; who bought with it paid what they paid."""
    form = await posted(request)
    before = await discounts.get(db, site.id, code_id)
    try:
        wish = body(UpdateDiscountCode, update_body(form, before, site))
        await discounts.change(db, me, site.id, code_id, form=wish, if_match=None, now=now)
    except Refusal as no:
        return await form_page(request, site, db, code=before, refused=no, form=form)
    return go(f"/discounts?site={site.slug}", done="saved")


@post("/discounts/{code_id:uuid}/delete", guards=MANAGE)
async def delete(
    *,
    request: Page,
    code_id: FromPath[UUID],
    site: NamedDependency[Site],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Nobody can use it again."""
    await posted(request)
    await discounts.remove(db, me, site.id, code_id, if_match=None, now=now)
    return go(f"/discounts?site={site.slug}", done="removed")


def create_body(form: Form, site: Site) -> dict[str, Any]:
    """What the door that makes a code takes."""
    fields = fields_of(form, form.maybe("currencyCode") or site.currency)
    return given(form, fields) | {"currencyCode": currency_of(form, fields, site)}


def update_body(form: Form, before: DiscountCode, site: Site) -> dict[str, Any]:
    """What the door that changes a code takes: what somebody changed, amounts with their currency."""
    fields = fields_of(form, form.maybe("currencyCode") or before.currency or site.currency)
    wanted = changed(form, values_of(before, site), fields | {"currencyCode": form.maybe("currencyCode")})
    if "currencyCode" in wanted or "discountType" in wanted or "value" in wanted:
        wanted |= given(form, {name: fields[name] for name in ("discountType", "value")})
    if "currencyCode" in wanted:
        wanted |= given(form, {"minimumAmount": fields["minimumAmount"]})
    if before.currency is None or "currencyCode" in wanted:
        wanted |= {"currencyCode": currency_of(form, fields, site)}
    return wanted | {"version": form.whole("version") or UNSET}


def currency_of(form: Form, fields: Mapping[str, Any], site: Site) -> str | None:
    """What was chosen; an amount without a currency is in the site's."""
    is_amount = fields["discountType"] == DiscountType.FIXED_AMOUNT or fields["minimumAmount"]
    return form.maybe("currencyCode") or (site.currency if is_amount else None)


def fields_of(form: Form, currency: str) -> dict[str, Any]:
    """The fields that both bodies have; an amount is typed in whole units of the currency."""
    kind = form.text("discountType")
    by_amount = kind == DiscountType.FIXED_AMOUNT
    value = form.minor("value", currency) if by_amount else form.hundredths("value")
    return {
        "code": form.text("code"),
        "discountType": kind,
        "value": (value or 0) if by_amount else (value or 0) / 100,
        "startsAt": form.moment("startsAt"),
        "endsAt": form.moment("endsAt"),
        "maxUses": form.whole("maxUses"),
        "maxUsesPerBuyer": form.whole("maxUsesPerBuyer"),
        "minimumAmount": form.minor("minimumAmount", currency),
        "productIds": form.all("productIds") or None,
        "isActive": form.ticked("isActive"),
    }


def values_of(code: DiscountCode, site: Site) -> Mapping[str, Any]:
    """A code as its form shows it."""
    currency = code.currency or site.currency
    percent = None if code.basis_points is None else f"{code.basis_points / 100:g}"
    return {
        "code": code.code,
        "discountType": code.discount_type,
        "value": percent or plain_amount(code.amount, currency),
        "currencyCode": code.currency,
        "startsAt": field_moment(code.starts_at),
        "endsAt": field_moment(code.ends_at),
        "maxUses": code.max_uses,
        "maxUsesPerBuyer": code.max_uses_per_buyer,
        "minimumAmount": plain_amount(code.minimum_amount, currency),
        "productIds": code.product_ids or [],
        "isActive": code.is_active,
    }


async def form_page(
    request: Page,
    site: Site,
    db: Database,
    *,
    code: DiscountCode | None = None,
    refused: Refusal | None = None,
    form: Form | None = None,
) -> Response[str]:
    """The form of a code, new or there."""
    chosen = form.all("productIds") if form else [str(id) for id in code.product_ids or []] if code else []
    return await studio_page(
        request,
        "studio/discount.html",
        code=code,
        refused=refused,
        form=form,
        values=values_of(code, site) if code else {"discountType": DiscountType.PERCENTAGE, "isActive": True},
        kinds=KINDS,
        currencies=[(each, each) for each in [site.currency, *sorted(set(exponents()) - {site.currency})]],
        products=await shelf.choices(db, site, chosen),
        chosen=chosen,
    )


pages = [codes, create_form, create, edit_form, edit, delete]
