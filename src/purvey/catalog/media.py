"""What shows a product: pictures in a few widths, clips, and at most one video of YouTube, the first of all (B13)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from purvey.access import Identity
from purvey.catalog import images, pieces
from purvey.catalog.files import refuse_other_than
from purvey.catalog.sniff import mime_of
from purvey.catalog.uploads import Target, counted, find_target, hold_target, placing, tell
from purvey.catalog.youtube import video_of, watch_link
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import Conflict, Invalid, NotFound
from purvey.kit.ids import new_id
from purvey.storage import Storage

VIDEO = "youtube"
MOST_BYTES = images.MOST_BYTES


class TooManyImages(Conflict):
    """A product has as many images as its tenant's limit allows."""

    code = "too_many_images"


class OneVideo(Conflict):
    """A product has its video already."""

    code = "one_video"


class Medium(msgspec.Struct, frozen=True, kw_only=True):
    """A picture, clip or video of a product. What was sent is told by `sent_mime_type` and `sent_bytes`; what is kept,
    by the others, where `size_bytes` is of all renditions together.
    """

    id: UUID
    media_type: str
    position: int
    url: str
    storage_key: str | None
    external_url: str | None
    mime_type: str | None
    size_bytes: int | None
    width: int | None
    height: int | None
    renditions: list[dict[str, Any]]
    sent_mime_type: str | None
    sent_bytes: int | None

    @property
    def is_video(self) -> bool:
        """Of YouTube, and not a clip of our own."""
        return self.media_type == VIDEO

    @property
    def keys(self) -> Sequence[str]:
        """Where its bytes lie."""
        if self.renditions:
            return pieces.keys_of(self.renditions)
        return [self.storage_key] if self.storage_key else []


MEDIA = """
select m.id, m.media_type, m.position, coalesce(m.external_url, '/' || m.storage_key) as url, m.storage_key,
    m.external_url, m.mime_type, m.size_bytes, m.width, m.height, m.renditions, m.sent_mime_type, m.sent_bytes
from media m
"""

FIND_MEDIUM = f"{MEDIA} where m.id = $1 and m.product_id = $2"
MEDIA_IN_ORDER = f"{MEDIA} where m.product_id = $1 order by m.position, m.id"

# A new picture or clip, after all others of the product. Place 0 is the video's.
ADD_IMAGE = """
insert into media
    (id, product_id, media_type, position, storage_key, mime_type, size_bytes, width, height, renditions,
    sent_mime_type, sent_bytes, created_at)
select $1, $2, 'image', coalesce(max(position) + 1, 1), $3, $4, $5, $6, $7, $8, $9, $10, $11
from media
where product_id = $2
"""

ADD_VIDEO = """
insert into media (id, product_id, media_type, position, external_url, created_at)
values ($1, $2, 'youtube', 0, $3, $4)
"""

REMOVE = "delete from media where id = $1"

# The pictures and clips that are named, each to its place; the video stays where it is.
PLACE = """
update media m
set position = o.position
from unnest($2::uuid[], $3::int[]) as o (id, position)
where m.id = o.id
    and m.product_id = $1
    and m.media_type = 'image'
"""


async def add_image(
    db: Database, store: Storage, me: Identity, *, site_id: UUID, product_id: UUID, content: bytes, now: datetime
) -> Medium:
    """Add a picture or clip to a product; TooManyImages, NotAnImage, NotAClip, TooManyPixels."""
    target = await find_target(db, site_id, product_id)
    refuse_one_too_many(target, await list_media(db, product_id))
    piece_id = new_id()
    async with counted(db, target, now=now):
        piece = await pieces.picture_or_clip(piece_id, content)
        async with placing(db, store, piece.keys, now=now):
            await pieces.put(store, piece)
            async with db.transaction() as tx:
                target = await hold_target(tx, site_id, product_id)
                refuse_one_too_many(target, await list_media(tx, product_id))
                await pieces.keep(tx, target, piece)
                await tx.do(ADD_IMAGE, piece_id, product_id, piece.keys[-1], piece.mime_type, piece.size_bytes,
                            piece.largest.get("width"), piece.largest.get("height"), piece.renditions,
                            mime_of(content[:4096], ""), len(content), now)  # fmt: skip
                medium = await find_medium(tx, product_id, piece_id)
                await tell(tx, me, target, action="image.added", changed={"media": [medium.url]}, now=now)
    return medium


async def add_video(db: Database, me: Identity, *, site_id: UUID, product_id: UUID, link: str, now: datetime) -> Medium:
    """Show a product by a video of YouTube, first of all; OneVideo, NotAVideo."""
    url = watch_link(video_of(link))
    async with db.transaction() as tx:
        target = await hold_target(tx, site_id, product_id)
        if any(medium.is_video for medium in await list_media(tx, product_id)):
            raise OneVideo("A product has one video: remove it first, then add another")
        video_id = new_id()
        await tx.do(ADD_VIDEO, video_id, product_id, url, now)
        await tell(tx, me, target, action="video.added", changed={"media": [url]}, now=now)
        return await find_medium(tx, product_id, video_id)


async def remove_medium(
    db: Database, me: Identity, *, site_id: UUID, product_id: UUID, media_id: UUID, now: datetime
) -> None:
    """Take a picture, clip or video off a product."""
    async with db.transaction() as tx:
        target = await hold_target(tx, site_id, product_id)
        medium = await find_medium(tx, product_id, media_id)
        await pieces.give_up(tx, target, medium.keys, size_bytes=medium.size_bytes or 0, now=now)
        await tx.do(REMOVE, media_id)
        await tell(tx, me, target, action="image.removed", changed={"mediaId": str(media_id)}, now=now)


async def order_media(
    db: Database, me: Identity, *, site_id: UUID, product_id: UUID, ids: Sequence[UUID], now: datetime
) -> Sequence[Medium]:
    """Put a product's pictures and clips into this order; Invalid unless each is named once. A video stays first."""
    async with db.transaction() as tx:
        target = await hold_target(tx, site_id, product_id)
        there = [medium.id for medium in await list_media(tx, product_id) if not medium.is_video]
        refuse_other_than(there, ids)
        return await placed(tx, me, target, {id: place for place, id in enumerate(ids, start=1)}, now=now)


async def place_media(
    db: Database,
    me: Identity,
    *,
    site_id: UUID,
    product_id: UUID,
    places: Sequence[tuple[UUID, int]],
    now: datetime,
) -> Sequence[Medium]:
    """Give some of a product's pictures and clips another place; Invalid where two would share one."""
    async with db.transaction() as tx:
        target = await hold_target(tx, site_id, product_id)
        there = {medium.id: medium for medium in await list_media(tx, product_id)}
        refuse_misplaced(there, places)
        return await placed(tx, me, target, dict(places), now=now)


def refuse_misplaced(there: Mapping[UUID, Medium], places: Sequence[tuple[UUID, int]]) -> None:
    """Invalid for what is not there, for a video that shall move, and for a place that is taken."""
    standing = {medium.position: id for id, medium in there.items() if id not in dict(places)}
    named: set[UUID] = set()
    for at, (id, place) in enumerate(places):
        pointer = f"/mediaOrders/{at}"
        if id not in there:
            raise Invalid.field(f"{pointer}/id", "is no picture, clip or video of this product", code="unknown_medium")
        if id in named:
            raise Invalid.field(f"{pointer}/id", "is named twice: give each one place", code="duplicate")
        if there[id].is_video != (place == 0):
            raise Invalid.field(
                f"{pointer}/displayOrder", "must be 1 or more for a picture or clip, and 0 for the video", code="pinned"
            )
        if place in standing:
            raise Invalid.field(
                f"{pointer}/displayOrder",
                "is taken by another picture or clip: give that one a new place in the same request",
                code="duplicate",
            )
        named.add(id)
        standing[place] = id


async def placed(
    tx: Tx, me: Identity, target: Target, places: Mapping[UUID, int], *, now: datetime
) -> Sequence[Medium]:
    await tx.do(PLACE, target.id, list(places), list(places.values()))
    await tell(tx, me, target, action="images.ordered", changed={"mediaOrder": [str(id) for id in places]}, now=now)
    return await list_media(tx, target.id)


async def list_media(db: Queries, product_id: UUID) -> Sequence[Medium]:
    """What shows a product, in its order: the video first."""
    return await db.rows(Medium, MEDIA_IN_ORDER, product_id)


async def find_medium(db: Queries, product_id: UUID, media_id: UUID) -> Medium:
    found = await db.maybe(Medium, FIND_MEDIUM, media_id, product_id)
    if found is None:
        raise NotFound("There is no such picture, clip or video on this product")
    return found


def refuse_one_too_many(target: Target, there: Sequence[Medium]) -> None:
    if len([medium for medium in there if not medium.is_video]) >= target.images:
        raise TooManyImages(f"A product has at most {target.images} images; remove one first")


def read_piece(
    store: Storage, piece_id: UUID, name: str, *, start: int = 0, end: int | None = None
) -> AsyncIterator[bytes]:
    """The bytes of a rendition or clip; NoSuchObject. Nothing else lies under such keys."""
    return store.read(f"media/{piece_id}/{name}", start=start, end=end)
