"""The SQL of what proves who somebody is: sessions, tokens in mails, API keys. All are kept hashed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from purvey.access.model import ApiKey, Purpose, Session
from purvey.kit.db import Queries, Tx
from purvey.kit.ids import token_hash
from purvey.kit.pages import Asked, Order
from purvey.tenants import Role

MOST_SESSIONS = 100

SESSION = "id, user_id, token_hash, created_at, expires_at, address, agent"

# A session, if the password that opened it is still the person's. One that is being changed is waited for.
ADD_SESSION = f"""
insert into sessions (id, user_id, token_hash, created_at, expires_at, address, agent)
select $1, id, $3, $5, $6, $7, $8
from users
where id = $2
    and password_hash is not distinct from $4
for share
returning {SESSION}
"""

# The newest stay.
PRUNE_SESSIONS = """
delete from sessions
where token_hash in (
    select token_hash from sessions
    where user_id = $1
    order by created_at desc, id desc
    offset $2
)
"""

NEWEST_SESSION: Order[Session] = Order(
    "sessions", ("created_at", "id"), (datetime, UUID), lambda one: (one.created_at, one.id), descending=True
)

# A page of a person's live sessions, newest first.
SESSIONS = f"""
select {SESSION}
from sessions
where user_id = $1
    and expires_at > $2
    and {NEWEST_SESSION.beyond(3)}
order by {NEWEST_SESSION.by}
limit $5 offset $6
"""

# How many live sessions a person has.
COUNT_SESSIONS = "select count(*) from sessions where user_id = $1 and expires_at > $2"

# One session, by its token.
END_SESSION = "delete from sessions where token_hash = $1"

# One of a person's sessions, by its id.
END_ONE = "delete from sessions where user_id = $1 and id = $2"

# All of a person's sessions.
END_ALL = "delete from sessions where user_id = $1"

# All of a person's sessions but one.
END_OTHERS = "delete from sessions where user_id = $1 and token_hash <> $2"


async def add_session(tx: Tx, session: Session, *, password_hash: str | None) -> Session | None:
    """The session, or None when the password has changed meanwhile."""
    s = session
    kept = await tx.maybe(
        Session, ADD_SESSION, s.id, s.user_id, s.token_hash, password_hash, s.created_at, s.expires_at, s.address,
        s.agent,
    )  # fmt: skip
    await tx.do(PRUNE_SESSIONS, s.user_id, MOST_SESSIONS)
    return kept


async def sessions_of(db: Queries, user_id: UUID, asked: Asked, *, now: datetime) -> list[Session]:
    place = asked.place(NEWEST_SESSION)
    return await db.rows(Session, SESSIONS, user_id, now, *place, asked.limit, asked.offset)


# A token for a mail, good for the address the person has now.
ADD_TOKEN = """
insert into one_time_tokens (token_hash, user_id, purpose, email, created_at, expires_at)
select $1, id, $3, email, $4, $5
from users
where id = $2
    and email is not null
"""

# What a token says, while it is good.
LOOK_AT_TOKEN = """
select t.user_id, t.email, u.username
from one_time_tokens t
join users u on u.id = t.user_id and u.email = t.email
where t.token_hash = $1
    and t.purpose = $2
    and t.used_at is null
    and t.expires_at > $3
"""

# The one use of a token; nothing when it was used, is too old, or was never one.
USE_TOKEN = """
update one_time_tokens t
set used_at = $3
from users u
where t.token_hash = $1
    and t.purpose = $2
    and t.used_at is null
    and t.expires_at > $3
    and u.id = t.user_id
    and u.email = t.email
returning t.user_id, t.email, u.username
"""

# The others of its kind are of no use then.
USE_UP_TOKENS = "update one_time_tokens set used_at = $3 where user_id = $1 and purpose = $2 and used_at is null"

# A new password ends what was asked with the old one.
DROP_MOVE = "delete from email_moves where user_id = $1"


class Claim(msgspec.Struct, frozen=True):
    """Whom a one-time token speaks of."""

    user_id: UUID
    email: str
    username: str


async def add_token(
    tx: Tx, user_id: UUID, purpose: Purpose, *, digest: bytes, now: datetime, expires_at: datetime
) -> bool:
    """Whether the person has an address that it can be mailed to."""
    return await tx.do(ADD_TOKEN, digest, user_id, purpose, now, expires_at) == 1


async def look_at_token(db: Queries, token: str, purpose: Purpose, *, now: datetime) -> Claim | None:
    return await db.maybe(Claim, LOOK_AT_TOKEN, token_hash(token), purpose, now)


async def use_token(tx: Tx, token: str, purpose: Purpose, *, now: datetime) -> Claim | None:
    return await tx.maybe(Claim, USE_TOKEN, token_hash(token), purpose, now)


KEY = "id, tenant_id, name, prefix, scopes, created_at, expires_at, last_used_at"

# One new key of a person at a time.
LOCK_KEYS = "select id from users where id = $1 for no key update"

# Whether the session that asks has not been ended meanwhile.
IS_LIVE = "select exists (select from sessions where token_hash = $1)"

# A new key.
ADD_KEY = f"""
insert into api_keys (id, user_id, tenant_id, name, prefix, token_hash, scopes, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
returning {KEY}
"""

NEWEST_KEY: Order[ApiKey] = Order(
    "keys", ("created_at", "id"), (datetime, UUID), lambda one: (one.created_at, one.id), descending=True
)

# A page of a person's keys that were not revoked, newest first.
KEYS = f"""
select {KEY}
from api_keys
where user_id = $1
    and revoked_at is null
    and {NEWEST_KEY.beyond(2)}
order by {NEWEST_KEY.by}
limit $4 offset $5
"""

# How many keys a person has.
COUNT_KEYS = "select count(*) from api_keys where user_id = $1 and revoked_at is null"

# The end of a key.
REVOKE_KEY = f"""
update api_keys
set revoked_at = $3
where user_id = $1
    and id = $2
    and revoked_at is null
returning {KEY}
"""

# The end of all of a person's keys.
REVOKE_KEYS = "update api_keys set revoked_at = $2 where user_id = $1 and revoked_at is null"

# The same, and the end of all keys that others made for the tenants that the person owns.
REVOKE_KEYS_AND_THEIRS = """
update api_keys
set revoked_at = $2
where revoked_at is null
    and (
        user_id = $1
        or tenant_id in (select tenant_id from memberships where user_id = $1 and role = 'OWNER')
    )
"""

# Every role that a person has anywhere, or in one tenant, be it for some of its sites.
ROLES = """
select distinct role
from memberships
where user_id = $1
    and ($2::uuid is null or tenant_id = $2)
"""


async def roles_of(db: Queries, user_id: UUID, *, tenant_id: UUID | None = None) -> list[Role]:
    """The roles somebody has, in one tenant or anywhere."""
    return [Role(row["role"]) for row in await db.records(ROLES, user_id, tenant_id)]


async def add_key(
    tx: Tx, user_id: UUID, *, id: UUID, tenant_id: UUID | None, name: str, token: str, shown: int,
    scopes: Sequence[str], now: datetime, expires_at: datetime | None,
) -> ApiKey:  # fmt: skip
    values = (id, user_id, tenant_id, name, token[:shown], token_hash(token), scopes, now, expires_at)
    return key_of(await tx.record(ADD_KEY, *values))


async def keys_of(db: Queries, user_id: UUID, asked: Asked) -> list[ApiKey]:
    rows = await db.records(KEYS, user_id, *asked.place(NEWEST_KEY), asked.limit, asked.offset)
    return [key_of(row) for row in rows]


def key_of(row: Any) -> ApiKey:
    return msgspec.convert(dict(row), ApiKey)
