"""A product's cover: the picture on its card in the shop (A6)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from purvey.access import Identity
from purvey.catalog import images, pieces
from purvey.catalog.uploads import Target, counted, find_target, hold_target, placing, tell
from purvey.kit.db import Database, Tx
from purvey.kit.ids import new_id
from purvey.kit.uploads import Upload, whole_file
from purvey.storage import Storage

# What shows a product: its video, else its first picture, else its cover (ruling 9). A clip is no picture.
IMAGE = """
coalesce(
    (
        select case m.media_type
            when 'youtube' then 'https://i.ytimg.com/vi/' || right(m.external_url, 11) || '/hqdefault.jpg'
            else m.renditions -> -1 ->> 'url'
        end
        from media m
        where m.product_id = p.id
            and (m.media_type = 'youtube' or m.renditions <> '[]')
        order by m.position, m.id
        limit 1
    ),
    p.cover ->> 'url'
)
"""

SET_COVER = "update products set cover = $2 where id = $1"


async def set_cover(
    db: Database, store: Storage, me: Identity, *, site_id: UUID, product_id: UUID, upload: Upload, now: datetime
) -> None:
    """Give a product its cover, or another one; NotAnImage, TooManyPixels, TooLarge."""
    target = await find_target(db, site_id, product_id)
    async with counted(db, target, now=now):
        piece = await pieces.picture(new_id(), await whole_file(upload, limit_bytes=images.MOST_BYTES))
        cover: dict[str, Any] = {**piece.largest, "renditions": piece.renditions, "size_bytes": piece.size_bytes}
        async with placing(db, store, piece.keys, now=now):
            await pieces.put(store, piece)
            async with db.transaction() as tx:
                target = await hold_target(tx, site_id, product_id)
                await give_up(tx, target, now=now)
                await pieces.keep(tx, target, piece)
                await tx.do(SET_COVER, product_id, cover)
                await tell(tx, me, target, action="cover.changed", changed={"cover": cover["url"]}, now=now)


async def remove_cover(db: Database, me: Identity, *, site_id: UUID, product_id: UUID, now: datetime) -> None:
    """Take a product's cover away; nothing happens when it has none."""
    async with db.transaction() as tx:
        target = await hold_target(tx, site_id, product_id)
        if target.cover is not None:
            await give_up(tx, target, now=now)
            await tx.do(SET_COVER, product_id, None)
            await tell(tx, me, target, action="cover.removed", changed={"cover": None}, now=now)


async def give_up(tx: Tx, target: Target, *, now: datetime) -> None:
    """The cover that it had."""
    cover = target.cover or {}
    keys = pieces.keys_of(cover.get("renditions", []))
    await pieces.give_up(tx, target, keys, size_bytes=cover.get("size_bytes", 0), now=now)
