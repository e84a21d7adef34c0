"""What the team of a site reads of its products."""

from uuid import UUID

from purvey.catalog import store
from purvey.catalog.views import ProductView, view_of
from purvey.kit.db import Queries
from purvey.kit.errors import NotFound


async def find_product(db: Queries, site_id: UUID, product_id: UUID) -> ProductView:
    """A product of this site, whole; NotFound."""
    return view_of(await store.find(db, site_id, product_id))


# Which site sells a product.
SITE_OF = "select site_id from products where id = $1"


async def find_site_of(db: Queries, product_id: UUID) -> UUID:
    """The site that a product is sold on; NotFound."""
    site_id: UUID | None = await db.value(SITE_OF, product_id)
    if site_id is None:
        raise NotFound("There is no such product")
    return site_id
