"""The bytes of pictures and clips: what is kept of what was sent, and where it lies."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from purvey import storage
from purvey.catalog import clips, images
from purvey.catalog.uploads import Target
from purvey.kit.db import Tx
from purvey.storage import Storage


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A picture or clip: its bytes by their keys, the last one being the largest, and its renditions."""

    mime_type: str
    objects: dict[str, bytes]
    renditions: list[dict[str, Any]] = []

    @property
    def keys(self) -> list[str]:
        return list(self.objects)

    @property
    def size_bytes(self) -> int:
        """Of all of them together."""
        return sum(map(len, self.objects.values()))

    @property
    def largest(self) -> dict[str, Any]:
        """Width, height and address; a clip has none."""
        return self.renditions[-1] if self.renditions else {}


async def picture(piece_id: UUID, content: bytes) -> Piece:
    """A picture drawn in its widths; NotAnImage, TooManyPixels."""
    drawn = await images.render(content)
    found = [{"width": one.width, "height": one.height, "url": f"/media/{piece_id}/{one.width}.webp"} for one in drawn]
    kept = [one.content for one in drawn]
    return Piece(mime_type=images.MIME, objects=dict(zip(keys_of(found), kept, strict=True)), renditions=found)


async def picture_or_clip(piece_id: UUID, content: bytes) -> Piece:
    """A picture, or an MP4 film as it came; its address tells its size. NotAnImage, TooManyPixels, NotAClip."""
    if not clips.begins_as_film(content):
        return await picture(piece_id, content)
    clips.refuse_broken(content)
    return Piece(mime_type=clips.MIME, objects={f"media/{piece_id}/{len(content)}.mp4": content})


def keys_of(renditions: Sequence[dict[str, Any]]) -> list[str]:
    """Where renditions lie: their address is their key."""
    return [one["url"].removeprefix("/") for one in renditions]


async def put(store: Storage, piece: Piece) -> None:
    for key, content in piece.objects.items():
        name = key.rpartition("/")[2]
        await store.put(key, storage.once(content), mime_type=piece.mime_type, file_name=name, limit_bytes=len(content))


async def keep(tx: Tx, target: Target, piece: Piece) -> None:
    """Rows refer to it from now on; StorageFull."""
    await storage.keep(
        tx, piece.keys, tenant_id=target.tenant_id, size_bytes=piece.size_bytes, limit_bytes=target.storage_bytes
    )


async def give_up(tx: Tx, target: Target, keys: Sequence[str], *, size_bytes: int, now: datetime) -> None:
    """What was shown is shown no more; its bytes go in a day, when no page shows them any longer."""
    if keys:
        await storage.abandon(tx, keys, tenant_id=target.tenant_id, size_bytes=size_bytes, now=now)
