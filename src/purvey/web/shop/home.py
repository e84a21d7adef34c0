"""The front page: the sites that sell here."""

from litestar import Response, get
from litestar.di import NamedDependency

from purvey import tenants
from purvey.access.guards import PUBLIC
from purvey.kit.db import Database
from purvey.web.rendering import page
from purvey.web.session import Page, anyone

MOST_SITES = 60


@get("/", guards=[anyone], opt=PUBLIC)
async def home(request: Page, db: NamedDependency[Database]) -> Response[str]:
    """Every site, as doors into their shops."""
    return page(request, "shop/home.html", sites=await tenants.sites_on_show(db, limit=MOST_SITES))


pages = [home]
