"""Which products are a site's own: codes, series and bundles may name no other."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from purvey.catalog.model import ProductType
from purvey.kit.db import Queries
from purvey.kit.errors import FieldError, Invalid

# Which of these products the site does not have, by their places.
STRANGERS = """
select wanted.at - 1 as at
from unnest($2::uuid[]) with ordinality as wanted (id, at)
left join products p on p.id = wanted.id and p.site_id = $1
where p.id is null
order by wanted.at
"""


# A site's products by their ids, in the order of these, archived ones too.
NAMED = """
select p.id, p.name, p.product_type, p.deleted_at is not null as is_archived
from unnest($2::uuid[]) with ordinality as wanted (id, at)
join products p on p.id = wanted.id
where p.site_id = $1
order by wanted.at
"""


class NamedProduct(msgspec.Struct, frozen=True):
    """What is chosen from: a product by its name."""

    id: UUID
    name: str
    product_type: ProductType
    is_archived: bool = False


async def named(db: Queries, site_id: UUID, product_ids: Sequence[UUID]) -> list[NamedProduct]:
    """Those of these products that the site has, in their order."""
    return await db.rows(NamedProduct, NAMED, site_id, product_ids) if product_ids else []


async def refuse_strangers(db: Queries, site_id: UUID, product_ids: Sequence[UUID], *, pointer: str) -> None:
    """Invalid, naming each place under `pointer`, when a product is not one of the site's."""
    if not product_ids:
        return
    places = [row["at"] for row in await db.records(STRANGERS, site_id, product_ids)]
    faults = [FieldError(f"{pointer}/{at}", "is no product of this site", "unknown_product") for at in places]
    if faults:
        raise Invalid.fields(*faults)
