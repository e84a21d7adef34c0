"""The JSON doors of discounts."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from purvey import tenants
from purvey.access import Identity, Permission
from purvey.access.guards import may
from purvey.discounts import actions, forms, http_preview, rules, store
from purvey.discounts.forms import CODE_MAX, CreateDiscountCode, DiscountCodeView, UpdateDiscountCode
from purvey.discounts.model import DiscountCode
from purvey.kit.db import Database
from purvey.kit.pages import Page, Paging, page_of, total_of
from purvey.kit.versions import IfMatch, etagged

PrefixParameter = Annotated[str | None, QueryParameter(max_length=CODE_MAX, description="How the code begins.")]
ActiveParameter = Annotated[bool | None, QueryParameter(name="isActive")]


@get("/sites/{site_id:uuid}/discount-codes", guards=[may(Permission.VIEW_PRODUCTS)])
async def list_discount_codes(
    site_id: FromPath[UUID],
    db: NamedDependency[Database],
    paging: Paging,
    q: PrefixParameter = None,
    is_active: ActiveParameter = None,
) -> Page[DiscountCodeView]:
    """A site's codes, newest first."""
    prefix = None if q is None else rules.canonical(q)
    rows = await store.codes_of(db, site_id, prefix=prefix, is_active=is_active, asked=paging)
    total = await total_of(paging, lambda: store.count_codes(db, site_id, prefix=prefix, is_active=is_active))
    return page_of(rows, forms.view, asked=paging, order=store.NEWEST, total=total)


@post("/sites/{site_id:uuid}/discount-codes", guards=[may(Permission.MANAGE_DISCOUNTS)])
async def create_discount_code(
    site_id: FromPath[UUID],
    data: JSONBody[CreateDiscountCode],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[DiscountCodeView]:
    """A new code; its word is unique on the site."""
    site = await tenants.find_site(db, site_id)
    return shown(await actions.create(db, me, site=site, form=data, now=now), status=201)


@get("/sites/{site_id:uuid}/discount-codes/{code_id:uuid}", guards=[may(Permission.VIEW_PRODUCTS)])
async def get_discount_code(
    site_id: FromPath[UUID], code_id: FromPath[UUID], db: NamedDependency[Database]
) -> Response[DiscountCodeView]:
    """A code with its uses."""
    return shown(await actions.get(db, site_id, code_id))


@put("/sites/{site_id:uuid}/discount-codes/{code_id:uuid}", guards=[may(Permission.MANAGE_DISCOUNTS)])
async def update_discount_code(
    *,
    site_id: FromPath[UUID],
    code_id: FromPath[UUID],
    data: JSONBody[UpdateDiscountCode],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    if_match: IfMatch = None,
) -> Response[DiscountCodeView]:
    """Change a code; purchases that used it keep what they paid."""
    return shown(await actions.change(db, me, site_id, code_id, form=data, if_match=if_match, now=now))


@delete("/sites/{site_id:uuid}/discount-codes/{code_id:uuid}", guards=[may(Permission.MANAGE_DISCOUNTS)])
async def delete_discount_code(
    *,
    site_id: FromPath[UUID],
    code_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    if_match: IfMatch = None,
) -> None:
    """Nobody can use the code again."""
    await actions.remove(db, me, site_id, code_id, if_match=if_match, now=now)


def shown(code: DiscountCode, *, status: int = 200) -> Response[DiscountCodeView]:
    return Response(forms.view(code), status_code=status, headers=etagged(code.version))


doors: list[Any] = [
    list_discount_codes,
    create_discount_code,
    get_discount_code,
    update_discount_code,
    delete_discount_code,
    *http_preview.doors,
]
