"""A product's cover and preview images: kept as WebP in a few widths, shown to everybody (A6)."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from purvey import storage
from purvey.access import Identity
from purvey.catalog import images
from purvey.catalog.files import refuse_other_than
from purvey.catalog.images import Rendition
from purvey.catalog.uploads import Target, find_target, hold_target, putting, tell
from purvey.catalog.views import MediaView
from purvey.kit.db import Database, Queries, Record, Tx
from purvey.kit.errors import Conflict, NotFound
from purvey.kit.ids import new_id
from purvey.kit.uploads import Upload, whole_file
from purvey.storage import Storage


class TooManyImages(Conflict):
    """A product has as many images as its tenant's limit allows."""

    code = "too_many_images"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A picture as products keep it: its largest rendition, and all of them. `size_bytes` is theirs together."""

    url: str
    width: int
    height: int
    renditions: list[dict[str, Any]]
    size_bytes: int

    @property
    def keys(self) -> Sequence[str]:
        return keys_of(self.renditions)


MEDIA = """
select m.id, m.media_type, m.position, m.external_url, m.mime_type, m.size_bytes, m.width, m.height, m.renditions
from media m
"""

FIND_MEDIUM = f"{MEDIA} where m.id = $1 and m.product_id = $2"
MEDIA_IN_ORDER = f"{MEDIA} where m.product_id = $1 order by m.position, m.id"

# A new image, after all others of the product.
ADD_IMAGE = """
insert into media
    (id, product_id, media_type, position, storage_key, mime_type, size_bytes, width, height, renditions, created_at)
select $1, $2, 'image', coalesce(max(position) + 1, 0), $3, $4, $5, $6, $7, $8, $9
from media
where product_id = $2
"""

SET_COVER = "update products set cover = $2 where id = $1"
REMOVE = "delete from media where id = $1"

PLACE = """
update media m
set position = o.n
from unnest($2::uuid[]) with ordinality as o (id, n)
where m.id = o.id
    and m.product_id = $1
"""


async def set_cover(
    db: Database, store: Storage, me: Identity, *, site_id: UUID, product_id: UUID, upload: Upload, now: datetime
) -> None:
    """Give a product its cover, or another one; NotAnImage, TooManyPixels, TooLarge."""
    target = await find_target(db, site_id, product_id)
    drawn = await images.render(await whole_file(upload, limit_bytes=images.MOST_BYTES))
    image_id = new_id()
    shown = shown_as(image_id, drawn)
    async with putting(db, store, target, shown.keys, now=now):
        await put(store, shown, drawn)
        async with db.transaction() as tx:
            target = await hold_target(tx, site_id, product_id)
            await give_up(tx, target, target.cover, now=now)
            await keep(tx, target, shown)
            await tx.do(SET_COVER, product_id, msgspec.to_builtins(shown))
            await tell(tx, me, target, action="cover.changed", changed={"cover": shown.url}, now=now)


async def remove_cover(db: Database, me: Identity, *, site_id: UUID, product_id: UUID, now: datetime) -> None:
    """Take a product's cover away; nothing happens when it has none."""
    async with db.transaction() as tx:
        target = await hold_target(tx, site_id, product_id)
        if target.cover is not None:
            await give_up(tx, target, target.cover, now=now)
            await tx.do(SET_COVER, product_id, None)
            await tell(tx, me, target, action="cover.removed", changed={"cover": None}, now=now)


async def add_image(
    db: Database, store: Storage, me: Identity, *, site_id: UUID, product_id: UUID, upload: Upload, now: datetime
) -> MediaView:
    """Add a preview image to a product; TooManyImages, NotAnImage, TooManyPixels, TooLarge."""
    target = await find_target(db, site_id, product_id)
    refuse_one_too_many(target, await list_media(db, product_id))
    drawn = await images.render(await whole_file(upload, limit_bytes=images.MOST_BYTES))
    image_id = new_id()
    shown = shown_as(image_id, drawn)
    async with putting(db, store, target, shown.keys, now=now):
        await put(store, shown, drawn)
        async with db.transaction() as tx:
            target = await hold_target(tx, site_id, product_id)
            refuse_one_too_many(target, await list_media(tx, product_id))
            await keep(tx, target, shown)
            await tx.do(ADD_IMAGE, image_id, product_id, shown.keys[-1], images.MIME, shown.size_bytes, shown.width,
                        shown.height, shown.renditions, now)  # fmt: skip
            await tell(tx, me, target, action="image.added", changed={"media": [shown.url]}, now=now)
            view = await find_medium(tx, product_id, image_id)
    return view


async def remove_medium(
    db: Database, me: Identity, *, site_id: UUID, product_id: UUID, media_id: UUID, now: datetime
) -> None:
    """Take an image off a product; its bytes go in a day, when no page shows them any longer."""
    async with db.transaction() as tx:
        target = await hold_target(tx, site_id, product_id)
        medium = await find_medium(tx, product_id, media_id)
        await give_up(tx, target, msgspec.to_builtins(medium) | {"size_bytes": medium.size_bytes or 0}, now=now)
        await tx.do(REMOVE, media_id)
        await tell(tx, me, target, action="image.removed", changed={"mediaId": str(media_id)}, now=now)


async def order_media(
    db: Database, me: Identity, *, site_id: UUID, product_id: UUID, ids: Sequence[UUID], now: datetime
) -> Sequence[MediaView]:
    """Put a product's images into this order; Invalid unless each is named once."""
    async with db.transaction() as tx:
        target = await hold_target(tx, site_id, product_id)
        refuse_other_than([medium.id for medium in await list_media(tx, product_id)], ids)
        await tx.do(PLACE, product_id, list(ids))
        await tell(tx, me, target, action="images.ordered", changed={"mediaOrder": list(map(str, ids))}, now=now)
        return await list_media(tx, product_id)


async def list_media(db: Queries, product_id: UUID) -> Sequence[MediaView]:
    """A product's images in their order."""
    return [media_view(row) for row in await db.records(MEDIA_IN_ORDER, product_id)]


async def find_medium(db: Queries, product_id: UUID, media_id: UUID) -> MediaView:
    row = await db.record(FIND_MEDIUM, media_id, product_id)
    if row is None:
        raise NotFound("There is no such image on this product")
    return media_view(row)


def media_view(row: Record) -> MediaView:
    return MediaView(**dict(row.items()))


def refuse_one_too_many(target: Target, there: Sequence[MediaView]) -> None:
    if len(there) >= target.images:
        raise TooManyImages(f"A product has at most {target.images} images; remove one first")


def shown_as(image_id: UUID, drawn: Sequence[Rendition]) -> Shown:
    found = [{"width": one.width, "height": one.height, "url": f"/media/{image_id}/{one.width}.webp"} for one in drawn]
    return Shown(
        url=str(found[-1]["url"]),
        width=drawn[-1].width,
        height=drawn[-1].height,
        renditions=found,
        size_bytes=sum(len(one.content) for one in drawn),
    )


def keys_of(renditions: Sequence[dict[str, Any]]) -> Sequence[str]:
    """Where renditions lie: their address is their key."""
    return [one["url"].removeprefix("/") for one in renditions]


async def put(store: Storage, shown: Shown, drawn: Sequence[Rendition]) -> None:
    for key, one in zip(shown.keys, drawn, strict=True):
        await store.put(
            key,
            storage.once(one.content),
            mime_type=images.MIME,
            file_name=f"{one.width}.webp",
            limit_bytes=len(one.content),
        )


async def keep(tx: Tx, target: Target, shown: Shown) -> None:
    await storage.keep(
        tx,
        shown.keys,
        tenant_id=target.tenant_id,
        size_bytes=shown.size_bytes,
        limit_bytes=target.storage_bytes,
    )


async def give_up(tx: Tx, target: Target, kept: dict[str, Any] | None, *, now: datetime) -> None:
    """What was shown is shown no more."""
    if kept and kept.get("renditions"):
        keys, size = keys_of(kept["renditions"]), kept.get("size_bytes", 0)
        await storage.abandon(tx, keys, tenant_id=target.tenant_id, size_bytes=size, now=now)


def read_image(store: Storage, image_id: UUID, width: int) -> AsyncIterator[bytes]:
    """The bytes of a rendition; NoSuchObject. Nothing but images lies under such keys."""
    return store.read(f"media/{image_id}/{width}.webp")
