"""What a form offers to choose from among a site's products: what is chosen already, archived or not, and the shelf."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from purvey import catalog
from purvey.catalog import Filters, NamedProduct, ProductType
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.tenants import Site

OFFERED = 100


async def choices(db: Database, site: Site, chosen: Sequence[str]) -> list[NamedProduct]:
    """The chosen ones first, in their order, so that no choice is lost for want of a place; then others."""
    kept = await catalog.named(db, site.id, list(ids_among(chosen)))
    shelf = await catalog.list_products(db, filters=Filters(site_id=site.id), asked=lists.asked(1, OFFERED))
    there = {product.id for product in kept}
    others = [NamedProduct(each.id, each.name, each.product_type) for each in shelf.data if each.id not in there]
    return [*kept, *others]


async def members(db: Database, site: Site, chosen: Sequence[str], *, bundle_id: UUID | None) -> list[NamedProduct]:
    """What may be in a bundle."""
    offered = await choices(db, site, chosen)
    return [each for each in offered if each.product_type is not ProductType.BUNDLE and each.id != bundle_id]


def ids_among(words: Iterable[str]) -> Iterable[UUID]:
    for word in words:
        try:
            yield UUID(word)
        except ValueError:
            continue
