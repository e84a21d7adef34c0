"""Slugs and SKUs: chosen by the author or made for them, and what is said when somebody has one already."""

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

import msgspec

from purvey.catalog import rules, store
from purvey.kit.db import Tx
from purvey.kit.errors import Conflict, FieldError, Invalid
from purvey.kit.ids import SLUG_MAX, slug_of

TRIES = 50


class Named(msgspec.Struct, frozen=True):
    """A price's names, and where they stand in the body; None where the author gave none."""

    pointer: str
    ref: str | None
    sku: str | None


class SlugTaken(Conflict):
    """Another product of the site has this slug, perhaps an archived one."""

    code = "slug_taken"


class SkuTaken(Conflict):
    """Some of these SKUs are in use; whose they are is not told (ruling 6)."""

    code = "sku_taken"


async def choose_slug(tx: Tx, site_id: UUID, *, wanted: str | None, name: str, product_id: UUID) -> str:
    """The slug that was asked for, or a free one made from the name; SlugTaken."""
    if wanted is not None:
        await refuse_taken_slug(tx, site_id, wanted)
        return wanted
    base = slug_of(name, default="product")
    rare = suffixed(base, product_id.hex[-12:], SLUG_MAX)
    return await store.free_slug(tx, site_id, [*numbered(base, SLUG_MAX), rare]) or rare


async def refuse_taken_slug(tx: Tx, site_id: UUID, slug: str) -> None:
    holder = await store.slug_holder(tx, site_id, slug)
    if holder is not None:
        raise slug_taken(slug, holder)


def slug_taken(slug: str, holder: store.SlugHolder) -> SlugTaken:
    detail = f"The slug {slug!r} is taken by another product of this site; choose another one"
    if holder.deleted_at is not None:
        detail = (
            f"The slug {slug!r} belongs to an archived product; restore it with "
            f"POST …/products/{holder.id}/restore, or choose another slug"
        )
    return SlugTaken(
        detail,
        errors=[FieldError("/slug", detail, "taken")],
        extra={"slug": slug, "productId": str(holder.id), "archived": holder.deleted_at is not None},
    )


async def free_sku(tx: Tx, base: str, *, product_id: UUID) -> str:
    """A SKU for who named none."""
    rare = f"{base}-{product_id.hex[-12:]}"
    return await store.free_sku(tx, [*numbered(base, None), rare]) or rare


def numbered(base: str, longest: int | None) -> Iterator[str]:
    """The word itself, then with -2, -3 …"""
    yield base
    for number in range(2, TRIES):
        yield suffixed(base, str(number), longest)


def suffixed(base: str, suffix: str, longest: int | None) -> str:
    room = None if longest is None else longest - len(suffix) - 1
    return f"{base[:room].rstrip('-')}-{suffix}"


def repeated_names(named: Sequence[Named]) -> list[FieldError]:
    """An error for every id and SKU that stands a second time in the body."""
    ids, skus = [each.ref for each in named], [each.sku for each in named]
    return [
        FieldError(f"{named[at].pointer}/{field}", "stands twice in this body: each price has its own", "duplicate")
        for field, words in (("id", ids), ("sku", skus))
        for at in rules.repeated(words)
    ]


def taken_names(named: Sequence[Named], taken: Collection[str]) -> list[FieldError]:
    """An error for every SKU that somebody has."""
    return [
        FieldError(f"{each.pointer}/sku", f"The SKU {each.sku!r} is taken; SKUs are unique across all shops", "taken")
        for each in named
        if each.sku in taken
    ]


async def refuse_repeated(tx: Tx, named: Sequence[Named]) -> None:
    """When ids or SKUs stand twice, one answer that lists them, and what is taken besides; Invalid, or SkuTaken."""
    repeated = repeated_names(named)
    if repeated:
        skus = [each.sku for each in named if each.sku]
        taken = taken_names(named, await store.taken_skus(tx, skus))
        if taken:
            raise sku_taken([*repeated, *taken])
        raise Invalid("Each id and each SKU may stand once among a product's prices", errors=repeated)


def refuse_taken(named: Sequence[Named], taken: Collection[str]) -> None:
    """SkuTaken that lists every one."""
    if errors := taken_names(named, taken):
        raise sku_taken(errors)


def sku_taken(errors: Sequence[FieldError]) -> SkuTaken:
    return SkuTaken("Choose other SKUs; `errors` lists each that cannot be had", errors=errors)
