"""Pages for people: shop, account, studio, admin. They compose every slice below.

A page is a function beside its template. It calls the same front doors as the JSON doors, works without a script,
and says a refusal where the mistake was made.
"""

from typing import Any

from litestar import Router

from purvey.web.account import account, signing, wallets
from purvey.web.admin import admin
from purvey.web.assets import static
from purvey.web.forms import FORM_BYTES
from purvey.web.reader import asking, purchases, reading
from purvey.web.refusals import APP_HANDLERS, PAGE_HANDLERS
from purvey.web.shop import buying, home, machines, reviewing, shop
from purvey.web.studio import discounts, orders, products, refund_requests, reviews, series, sites, stats, uploads
from purvey.web.studio.scope import SITE
from purvey.world import World

__all__ = ["APP_HANDLERS", "pages"]
FOR_VISITORS = [home, shop, machines, buying, reviewing, reading, signing]
FOR_BUYERS = [account, wallets, purchases, asking]
FOR_AUTHORS = [products, uploads, discounts, orders, refund_requests, reviews, stats, series, sites]
FOR_ADMINS = [admin]
ALL = [*FOR_VISITORS, *FOR_BUYERS, *FOR_AUTHORS, *FOR_ADMINS]


def pages(world: World) -> list[Any]:
    """Every page."""
    handlers = [static, *(page for part in ALL for page in part.pages)]
    return [
        Router(
            "/",
            route_handlers=handlers,
            dependencies=SITE,
            exception_handlers=PAGE_HANDLERS,
            include_in_schema=False,
            request_max_body_size=FORM_BYTES,
        )
    ]
