"""A buyer says what they think, on the page of what they bought (B14)."""

from datetime import datetime

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from purvey import catalog, reviews
from purvey.access import Identity
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.reviews import ReviewForm
from purvey.web.forms import body, posted
from purvey.web.rendering import go
from purvey.web.session import Page, page_signed_in, world_of
from purvey.web.shop.shop import product_page


@post("/s/{site_slug:str}/shop/{product_slug:str}/reviews", guards=[page_signed_in])
async def review(
    *,
    request: Page,
    site_slug: FromPath[str],
    product_slug: FromPath[str],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """One word, with one to five stars."""
    form = await posted(request)
    tills = await world_of(request).gateways.tills(db, site_slug)
    product = await catalog.shop_product(db, site_slug, product_slug, tills=tills, now=now)
    try:
        said = body(ReviewForm, {"rating": form.whole("rating"), "text": form.raw("text").strip() or None})
        await reviews.post_review(db, me, product_id=product.id, form=said, now=now)
    except Refusal as no:
        return await product_page(
            request, site_slug, product_slug, db=db, visitor=me, now=now, refused=no, form=form, refused_at="reviews"
        )
    return go(f"/s/{site_slug}/shop/{product_slug}", done="reviewed")


pages = [review]
