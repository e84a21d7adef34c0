"""Pages for people: shop, account, studio, admin. They compose every slice below.

A page is a function beside its template. It calls the same front doors as the JSON doors, works without a script,
and says a refusal where the mistake was made.
"""

from typing import Any

from litestar import Router

from purvey.web.account import account, signing
from purvey.web.assets import static
from purvey.web.reader import purchases
from purvey.web.refusals import APP_HANDLERS, PAGE_HANDLERS
from purvey.web.shop import buying, home, shop
from purvey.web.studio import discounts, products, series, sites, uploads
from purvey.web.studio.scope import SITE
from purvey.world import World

__all__ = ["APP_HANDLERS", "pages"]
CHAPTERS = [home, shop, buying, purchases, signing, account, products, uploads, discounts, series, sites]


def pages(world: World) -> list[Any]:
    """Every page."""
    handlers = [static, *(page for chapter in CHAPTERS for page in chapter.pages)]
    return [
        Router(
            "/",
            route_handlers=handlers,
            dependencies=SITE,
            exception_handlers=PAGE_HANDLERS,
            include_in_schema=False,
        )
    ]
