"""Series and chapters as readers come to them (A32): a chapter opens by the access check, or says what it takes."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from purvey import content, reading, tenants
from purvey.access import Identity
from purvey.access.guards import PUBLIC
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import NotFound, Refusal
from purvey.payments import Gateways
from purvey.purchases import BuyChapter, ItemType, Order, Started
from purvey.reading import NoAccess
from purvey.settings import Settings
from purvey.web.forms import Form, body, posted
from purvey.web.rendering import go, page
from purvey.web.session import Page, anyone, page_signed_in, world_of
from purvey.web.shop.buying import onward
from purvey.web.shop.summary import begun_or_shown

PER_PAGE = 24
SERIES = "/s/{site_slug:str}/series/{series_slug:str}"


@get("/s/{site_slug:str}/series", guards=[anyone], opt=PUBLIC)
async def all_series(
    request: Page,
    site_slug: FromPath[str],
    db: NamedDependency[Database],
    number: Annotated[int, QueryParameter(name="page")] = 1,
) -> Response[str]:
    """What a site has to read."""
    site = await tenants.find_site_by_slug(db, site_slug)
    asked = lists.asked(min(max(number, 1), lists.DEPTH_MAX // PER_PAGE), PER_PAGE)
    found = await content.public_series(db, site_slug, asked)
    return page(request, "reader/all_series.html", site=site, found=found)


@get(SERIES, guards=[anyone], opt=PUBLIC)
async def series(
    request: Page, site_slug: FromPath[str], series_slug: FromPath[str], db: NamedDependency[Database]
) -> Response[str]:
    """A series and its chapters."""
    site = await tenants.find_site_by_slug(db, site_slug)
    found = await content.public_series_detail(db, site_slug, series_slug)
    return page(request, "reader/series.html", site=site, series=found)


@get(f"{SERIES}/{{chapter_slug:str}}", guards=[anyone], opt=PUBLIC)
async def chapter(
    *,
    request: Page,
    site_slug: FromPath[str],
    series_slug: FromPath[str],
    chapter_slug: FromPath[str],
    db: NamedDependency[Database],
    visitor: NamedDependency[Identity | None],
) -> Response[str]:
    """A chapter, or what it takes to read it."""
    return await chapter_page(request, site_slug, series_slug, chapter_slug, db=db, reader=visitor)


async def chapter_page(
    request: Page,
    site_slug: str,
    series_slug: str,
    chapter_slug: str,
    *,
    db: Database,
    reader: Identity | None,
    refused: Refusal | None = None,
    form: Form | None = None,
) -> Response[str]:
    site = await tenants.find_site_by_slug(db, site_slug)
    series = await content.public_series_detail(db, site_slug, series_slug)
    at = next((at for at, each in enumerate(series.chapters) if each.slug == chapter_slug), None)
    if at is None:
        raise NotFound("There is no such chapter in this series")
    line = series.chapters[at]
    access = await reading.check_access(db, reader, line.id)
    text = (await reading.read_chapter(db, reader, line.id)).body if access.has_access else None
    tills = await world_of(request).gateways.tills(db, site_slug)
    return page(
        request,
        "reader/chapter.html",
        payable=not access.price or tills.at_checkout(access.currency_code),
        refused=refused,
        form=form,
        site=site,
        series=series,
        chapter=line,
        access=access,
        text=text,
        previous=series.chapters[at - 1] if at else None,
        following=series.chapters[at + 1] if at + 1 < len(series.chapters) else None,
    )


@get("/chapters/{chapter_id:uuid}", guards=[anyone], opt=PUBLIC)
async def bought_chapter(
    request: Page,
    chapter_id: FromPath[UUID],
    db: NamedDependency[Database],
    visitor: NamedDependency[Identity | None],
) -> Response[str]:
    """A chapter by itself: what somebody bought stays readable when it is off the site."""
    try:
        found = await reading.read_chapter(db, visitor, chapter_id)
    except NoAccess:
        raise NotFound("There is no such chapter, or it is not yours") from None
    return page(request, "reader/bought_chapter.html", chapter=found)


@post(f"{SERIES}/{{chapter_slug:str}}/buy", guards=[page_signed_in])
async def buy(
    *,
    request: Page,
    site_slug: FromPath[str],
    series_slug: FromPath[str],
    chapter_slug: FromPath[str],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    settings: NamedDependency[Settings],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """Hold the chapter, and on to the payment."""
    form = await posted(request)
    series = await content.public_series_detail(db, site_slug, series_slug)
    chapter_id = next((each.id for each in series.chapters if each.slug == chapter_slug), None)
    if chapter_id is None:
        raise NotFound("There is no such chapter in this series")
    try:
        wish = body(BuyChapter, {"discountCode": form.maybe("discountCode")})
        order = Order(item_type=ItemType.CHAPTER, item_id=chapter_id, discount_code=wish.discount_code)
        begun = await begun_or_shown(
            request, order, form, site_slug=site_slug, back=f"/s/{site_slug}/series/{series_slug}/{chapter_slug}",
            db=db, gateways=gateways, settings=settings, me=me, now=now,
        )  # fmt: skip
    except Refusal as no:
        return await chapter_page(
            request, site_slug, series_slug, chapter_slug, db=db, reader=me, refused=no, form=form
        )
    if not isinstance(begun, Started):
        return begun
    if begun.checkout_url is None:
        return go(f"/s/{site_slug}/series/{series_slug}/{chapter_slug}", done="yours")
    return onward(begun)


pages = [all_series, series, chapter, bought_chapter, buy]
