"""A picture of a person, drawn anew as every picture is: the last one uploaded is kept (ruling 30)."""

from datetime import datetime, timedelta
from uuid import UUID

from purvey import access, storage
from purvey.access import Identity, User
from purvey.catalog import images
from purvey.catalog.uploads import placing
from purvey.kit.db import Database, Tx
from purvey.kit.ids import new_id
from purvey.kit.throttles import throttle
from purvey.kit.uploads import Upload, whole_file
from purvey.storage import Storage

A_DAY = 100
DAY = timedelta(days=1)

# The picture that somebody uploaded before, held so that of two at once each is let go.
HELD = "select storage_key from avatars where user_id = $1 for update"

# The picture that somebody uploaded last.
KEEP = """
insert into avatars (user_id, storage_key, created_at)
values ($1, $2, $3)
on conflict (user_id) do update set storage_key = excluded.storage_key, created_at = excluded.created_at
"""
FORGET = "delete from avatars where user_id = $1"


async def set_avatar(db: Database, store: Storage, me: Identity, *, upload: Upload, now: datetime) -> User:
    """Show another picture of oneself; NotAnImage, TooManyPixels, TooLarge, TooMany."""
    await throttle(db, key=f"avatar:{me.user_id}", limit=A_DAY, window=DAY, now=now)
    picture = (await images.render(await whole_file(upload, limit_bytes=images.MOST_BYTES)))[0]
    key = f"media/{new_id()}/{picture.width}.webp"
    async with placing(db, store, [key], now=now):
        await store.put(
            key,
            storage.once(picture.content),
            mime_type=images.MIME,
            file_name="avatar.webp",
            limit_bytes=len(picture.content),
        )
        async with db.shared_transaction() as tx:
            user = await access.change_me(db, me, avatar_url=f"/{key}", now=now)
            await let_go(tx, me.user_id, now=now)
            await storage.refer(tx, [key])
            await tx.do(KEEP, me.user_id, key, now)
    return user


async def remove_avatar(db: Database, me: Identity, *, now: datetime) -> User:
    """Show no picture of oneself, wherever it was."""
    async with db.shared_transaction() as tx:
        user = await access.change_me(db, me, avatar_url=None, now=now)
        await let_go(tx, me.user_id, now=now)
        await tx.do(FORGET, me.user_id)
    return user


async def let_go(tx: Tx, user_id: UUID, *, now: datetime) -> None:
    old = await tx.value(HELD, user_id)
    if old is not None:
        await storage.let_go(tx, [old], now=now)
