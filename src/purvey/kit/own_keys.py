"""Idempotency keys of doors that call the outside between two transactions (ruling 25).

The key's row is written in the first transaction and points to what was made; the answer is rendered
from its state, so that a retry goes on where the first request stopped. While a request is in flight
it holds a lease; others are told to come back.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import msgspec

from purvey.kit.asgi import Scope
from purvey.kit.db import Queries, Tx
from purvey.kit.idempotency import RETRY_AFTER_SECONDS, InFlight, KeyReused, door_of, key_of, name_of

LEASE = timedelta(seconds=30)
REUSED = "This Idempotency-Key was sent with another request; use a fresh one for each"


class OwnKey(msgspec.Struct, frozen=True):
    """A request that may be sent again: whose, its key, and what exactly was asked."""

    owner: str
    key: str
    door: str
    body_hash: bytes


class Pointer(msgspec.Struct, frozen=True):
    door: str
    body_hash: bytes
    subject_id: UUID


def own_key(scope: Scope, body: bytes, *, owner: str) -> OwnKey | None:
    """The request's key, or None when it was sent without one; Invalid when malformed."""
    key = key_of(scope)
    return None if key is None else OwnKey(owner, key, door_of(scope), sha256(body).digest())


# One request at a time, at any door: a second waits here until the first has committed, or is told to come back.
LOCK = "select pg_advisory_xact_lock(hashtextextended($1, 0))"

# The first to write the key does the work.
CLAIM = """
insert into idempotency_keys (owner, key, door, body_hash, subject_id, leased_until, created_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (owner, key) do nothing
"""

FIND = """
select door, body_hash, subject_id
from idempotency_keys
where owner = $1
    and key = $2
    and subject_id is not null
"""

POINT = "update idempotency_keys set subject_id = $3 where owner = $1 and key = $2"

# Only one request at a time goes on with what a key points to.
TAKE = """
update idempotency_keys
set leased_until = $3
where owner = $1
    and key = $2
    and (leased_until is null or leased_until <= $4)
"""

GIVE_BACK = "update idempotency_keys set leased_until = null where owner = $1 and key = $2"


async def claim(tx: Tx, key: OwnKey | None, *, subject_id: UUID, now: datetime) -> UUID | None:
    """Be the first with this key, for `subject_id`, under a lease; or learn what the first one made.

    KeyReused when the key was sent with another request.
    """
    if key is None:
        return None
    await tx.do(LOCK, name_of(key.owner, key.key))
    if await tx.do(CLAIM, key.owner, key.key, key.door, key.body_hash, subject_id, now + LEASE, now):
        return None
    kept = await found(tx, key)
    if kept is None:
        raise KeyReused(REUSED)
    return kept


async def found(db: Queries, key: OwnKey) -> UUID | None:
    """What the first request with this key made; None when there was none. KeyReused for another request."""
    kept = await db.maybe(Pointer, FIND, key.owner, key.key)
    if kept is None:
        return None
    if kept.door != key.door or kept.body_hash != key.body_hash:
        raise KeyReused(REUSED)
    return kept.subject_id


async def point(tx: Tx, key: OwnKey | None, subject_id: UUID) -> None:
    """The request turned out to be about something that was there already."""
    if key is not None:
        await tx.do(POINT, key.owner, key.key, subject_id)


async def take_lease(db: Queries, key: OwnKey | None, *, now: datetime) -> None:
    """Go on with an unfinished request, alone; InFlight while somebody else does."""
    if key is not None and not await db.do(TAKE, key.owner, key.key, now + LEASE, now):
        raise InFlight("The same request is still being answered", retry_after_seconds=RETRY_AFTER_SECONDS)


async def give_back(db: Queries, key: OwnKey | None) -> None:
    """The request is answered, or failed in a way that a retry may mend at once."""
    if key is not None:
        await db.do(GIVE_BACK, key.owner, key.key)
