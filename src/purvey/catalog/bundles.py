"""A bundle entitles to its members. It holds no bundle, and only products of its own site (ruling 10).

It can be had when all its members can, and there is one.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from purvey.catalog import rules, store
from purvey.catalog.model import Product, ProductType
from purvey.kit.db import Tx
from purvey.kit.errors import FieldError, Invalid

# What the members leave of a bundle `p`: whether all are on sale, from when, until when, and how many of it there are.
PARTS = """
left join lateral (
    select bool_and(m.is_active and m.deleted_at is null and m.suspended_at is null) as on_sale,
        max(m.available_from) as available_from, min(m.available_until) as available_until,
        min(mk.total - mk.reserved - mk.sold) as remaining
    from bundle_members b
    join products m on m.id = b.member_id
    left join stock mk on mk.product_id = m.id and m.is_limited
    where b.bundle_id = p.id
        and p.product_type = 'BUNDLE'
) as parts on true
"""
# Its sale is all theirs at once: neither `greatest` nor `least` minds a null.
AVAILABLE_FROM = "greatest(p.available_from, parts.available_from)"
AVAILABLE_UNTIL = "least(p.available_until, parts.available_until)"
REMAINING = "least(k.total - k.reserved - k.sold, parts.remaining)"
WHOLE = "coalesce(parts.on_sale, p.product_type <> 'BUNDLE')"


class Candidate(msgspec.Struct, frozen=True):
    """What must be known of a product that shall be in a bundle."""

    id: UUID
    product_type: ProductType
    deleted_at: datetime | None


async def fill(tx: Tx, bundle: Product, member_ids: Sequence[UUID], *, before: Sequence[UUID] = ()) -> None:
    """Put these products into a bundle, in this order; Invalid names each that cannot be in it.

    What was in it before may stay, archived meanwhile or not.
    """
    if not member_ids:
        return
    twice = rules.repeated([str(id) for id in member_ids])
    found = {row.id: row for row in await store.lock_candidates(tx, Candidate, bundle.site_id, member_ids)}
    faults = [
        FieldError(f"/memberIds/{at}", fault)
        for at, id in enumerate(member_ids)
        if (fault := fault_of(bundle, id, found.get(id), again=at in twice, stays=id in before))
    ]
    if faults:
        raise Invalid.fields(*faults)
    await store.insert_members(tx, bundle.id, member_ids)


async def refill(tx: Tx, bundle: Product, member_ids: Sequence[UUID], *, before: Sequence[UUID]) -> None:
    """Put these in the place of a bundle's members; sales made before keep theirs."""
    await store.remove_members(tx, bundle.id)
    await fill(tx, bundle, member_ids, before=before)


async def refuse_nested(tx: Tx, product: Product) -> None:
    """Invalid when a product that is in a bundle shall become one."""
    if product.product_type is not ProductType.BUNDLE:
        return
    holder = await store.held_by(tx, product.id)
    if holder is not None:
        raise Invalid.field(
            "/productType", f"must not be BUNDLE: it is in the bundle {holder}, and a bundle holds no bundle"
        )


def fault_of(bundle: Product, id: UUID, member: Candidate | None, *, again: bool, stays: bool) -> str | None:
    """Why a product cannot be a member, or None."""
    if again:
        return "stands here twice"
    if id == bundle.id:
        return "is the bundle itself"
    if member is None or (member.deleted_at is not None and not stays):
        return "is no product of this site, or is archived"
    if member.product_type is ProductType.BUNDLE:
        return "is a bundle itself, and a bundle holds no bundle"
    return None
