"""The SQL of what may be used once: the nonce of a sign-in, and the signature of a request."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from purvey.kit.db import Queries, Tx

CLOCKS_APART: Final = timedelta(hours=1)  # how far those of two machines may be

# What a wallet is to sign.
ADD = """
insert into siwa_nonces (nonce, address, chain_id, agent_id, agent_registry, user_id, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
"""

# Whether this is what the wallet was to sign, and has not brought yet.
FIND = """
select nonce from siwa_nonces
where nonce = $1
    and address = $2
    and chain_id = $3
    and agent_id is not distinct from $4
    and agent_registry is not distinct from $5
    and user_id is not distinct from $6
    and expires_at > $7
"""

# The one use of it.
USE = "delete from siwa_nonces where nonce = $1"

# Wallets that were about to become somebody's.
FORGET_LINKS = "delete from siwa_nonces where user_id = $1"

# A signed request is heard; nothing when it was heard before.
HEAR = "insert into heard_requests (digest, expires_at) values ($1, $2) on conflict do nothing"

# What nobody can use any more.
FORGET_NONCES = "delete from siwa_nonces where expires_at <= $1"

# What is refused for its age alone.
FORGET_HEARD = "delete from heard_requests where expires_at < $1"


class Nonce(msgspec.Struct, frozen=True, kw_only=True):
    """What a wallet is to sign, and for whom: `user_id` is whose wallet it is to become, None when it signs in."""

    nonce: str
    address: str
    chain_id: int
    agent_id: int | None
    agent_registry: str | None
    user_id: UUID | None


async def add(db: Queries, nonce: Nonce, *, expires_at: datetime) -> None:
    await db.do(ADD, *msgspec.structs.astuple(nonce), expires_at)


async def is_live(db: Queries, nonce: Nonce, *, now: datetime) -> bool:
    """Whether this very nonce was given to this wallet for this, and is still to be used."""
    return await db.value(FIND, *msgspec.structs.astuple(nonce), now) is not None


async def use(tx: Tx, nonce: str) -> bool:
    """Whether this is its first use."""
    return await tx.do(USE, nonce) == 1


async def hear(db: Queries, digest: bytes, *, expires_at: datetime) -> bool:
    """Whether this request is heard for the first time."""
    return await db.do(HEAR, digest, expires_at) == 1


async def forget(db: Queries, now: datetime) -> int:
    """Forget what is past its time; how many rows went."""
    return await db.do(FORGET_NONCES, now) + await db.do(FORGET_HEARD, now - CLOCKS_APART)
