"""What the team of a site reads of its products."""

from uuid import UUID

from purvey.catalog import store
from purvey.catalog.views import ProductView, view_of
from purvey.kit.db import Queries


async def find_product(db: Queries, site_id: UUID, product_id: UUID) -> ProductView:
    """A product of this site, whole; NotFound."""
    return view_of(await store.find(db, site_id, product_id))
