"""The SQL of people, and of who is asking."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import UniqueViolationError

from purvey.access.model import Identity, User
from purvey.kit.db import Queries, Tx
from purvey.kit.ids import token_hash
from purvey.tenants import Role

API_KEY_PREFIX = "pk_"
SESSION_PREFIX = "ps_"
USED_EVERY = timedelta(minutes=1)

# Who a session's token belongs to, and their role in the tenant that a site or tenant id names.
BY_SESSION = """
select u.id, u.email, u.email_verified_at is not null as email_verified, u.username, u.display_name,
    u.is_admin, null::text[] as scopes, null::uuid as key_tenant_id, null::timestamptz as last_used_at,
    scope.tenant_id, m.role
from sessions s
join users u on u.id = s.user_id
left join lateral (
    select tenant_id from sites where id = $3::uuid
    union all
    select id from tenants where id = $4::uuid
) as scope on true
left join memberships m on m.tenant_id = scope.tenant_id
    and m.user_id = u.id
    and (m.site_ids is null or $3 = any(m.site_ids))
where s.token_hash = $1
    and s.expires_at > $2
"""

# The same for an API key; one made for a tenant knows no other.
BY_KEY = """
select u.id, u.email, u.email_verified_at is not null as email_verified, u.username, u.display_name,
    u.is_admin, k.scopes, k.tenant_id as key_tenant_id, k.last_used_at,
    scope.tenant_id, m.role
from api_keys k
join users u on u.id = k.user_id
left join lateral (
    select tenant_id from sites where id = $3::uuid
    union all
    select id from tenants where id = $4::uuid
) as scope on k.tenant_id is null or k.tenant_id = scope.tenant_id
left join memberships m on m.tenant_id = scope.tenant_id
    and m.user_id = u.id
    and (m.site_ids is null or $3 = any(m.site_ids))
where k.token_hash = $1
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > $2)
"""

# The same for a wallet. It never has an admin's power: what an agent's key may do, a shop's own people decide.
BY_WALLET = """
select u.id, u.email, u.email_verified_at is not null as email_verified, u.username, u.display_name,
    false as is_admin, null::text[] as scopes, null::uuid as key_tenant_id,
    scope.tenant_id, m.role
from wallets w
join users u on u.id = w.user_id
left join lateral (
    select tenant_id from sites where id = $2::uuid
    union all
    select id from tenants where id = $3::uuid
) as scope on true
left join memberships m on m.tenant_id = scope.tenant_id
    and m.user_id = u.id
    and (m.site_ids is null or $2 = any(m.site_ids))
where w.address = $1
"""

# A key's last use, once a minute at most; nobody waits for another who is just writing it.
USED = """
update api_keys
set last_used_at = $2
where token_hash in (
    select token_hash from api_keys
    where token_hash = $1
        and (last_used_at is null or last_used_at <= $3)
    for no key update skip locked
)
"""


async def identify(
    db: Queries, token: str, *, now: datetime, site_id: UUID | None = None, tenant_id: UUID | None = None
) -> Identity | None:
    """Who carries this token, in the scope of a site or tenant; None when nobody does."""
    digest = token_hash(token)
    by_key = token.startswith(API_KEY_PREFIX)
    row: Any = await db.record(BY_KEY if by_key else BY_SESSION, digest, now, site_id, tenant_id)
    if row is None:
        return None
    if by_key and (row["last_used_at"] is None or row["last_used_at"] <= now - USED_EVERY):
        await db.do(USED, digest, now, now - USED_EVERY)
    return identity_of(row, digest)


async def identify_wallet(
    db: Queries, address: str, *, credential: bytes, site_id: UUID | None = None, tenant_id: UUID | None = None
) -> Identity | None:
    """Whose wallet this is, in the scope of a site or tenant; None when it is nobody's."""
    row: Any = await db.record(BY_WALLET, address, site_id, tenant_id)
    return None if row is None else msgspec.structs.replace(identity_of(row, credential), wallet=address)


def identity_of(row: Any, credential: bytes) -> Identity:
    return Identity(
        user_id=row["id"],
        email=row["email"],
        email_verified=row["email_verified"],
        username=row["username"],
        display_name=row["display_name"],
        is_admin=row["is_admin"],
        credential=credential,
        scopes=None if row["scopes"] is None else frozenset(row["scopes"]),
        key_tenant_id=row["key_tenant_id"],
        tenant_id=row["tenant_id"],
        role=None if row["role"] is None else Role(row["role"]),
    )


USER = "id, email, email_verified_at, username, display_name, avatar_url, is_admin, created_at"

# A new person; no row when the e-mail or the user name is somebody's already.
ADD_USER = f"""
insert into users (id, email, email_verified_at, username, display_name, password_hash, is_admin, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict do nothing
returning {USER}
"""

# A person by their id.
USER_BY_ID = f"select {USER} from users where id = $1"

# A person by their e-mail.
USER_BY_EMAIL = f"select {USER} from users where email = $1"

# What a password is checked against.
PASSWORD_OF = "select id, password_hash from users where email = $1 and anonymised_at is null"

# The same for somebody who is signed in.
OWN_PASSWORD = "select id, password_hash from users where id = $1"

# A new password in place of the one that was checked, and of no other.
SET_PASSWORD = """
update users
set password_hash = $2
where id = $1
    and password_hash is not distinct from $3
"""

# A new password by a token, whatever the old one was.
REPLACE_PASSWORD = "update users set password_hash = $2 where id = $1"

# A person who is about to change what they say of themselves.
LOCK_USER = f"select {USER} from users where id = $1 for no key update"

# What a person says of themselves.
CHANGE_USER = f"""
update users
set username = $2,
    display_name = $3,
    avatar_url = $4
where id = $1
returning {USER}
"""

# The address is theirs, and was not known to be.
EMAIL_IS_THEIRS = """
update users
set email_verified_at = $3
where id = $1
    and email = $2
    and email_verified_at is null
"""


class Secret(msgspec.Struct, frozen=True):
    """Whose password it is, and its hash."""

    id: UUID
    password_hash: str | None


async def add_user(
    tx: Tx,
    *,
    id: UUID,
    email: str | None,
    username: str,
    display_name: str,
    password_hash: str | None,
    is_admin: bool,
    verified_at: datetime | None,
    now: datetime,
) -> User | None:
    """The person, or None when the e-mail or user name is taken."""
    return await tx.maybe(User, ADD_USER, id, email, verified_at, username, display_name, password_hash, is_admin, now)


async def find_user(db: Queries, user_id: UUID) -> User | None:
    """A person by their id, or None."""
    return await db.maybe(User, USER_BY_ID, user_id)


async def find_user_by_email(db: Queries, email: str) -> User | None:
    """A person by their e-mail in lower case, or None."""
    return await db.maybe(User, USER_BY_EMAIL, email)


async def password_of(db: Queries, email: str) -> Secret | None:
    return await db.maybe(Secret, PASSWORD_OF, email)


async def own_password(db: Queries, user_id: UUID) -> Secret:
    return await db.one(Secret, OWN_PASSWORD, user_id)


async def set_password(tx: Tx, user_id: UUID, fresh: str, *, instead_of: str | None) -> bool:
    """Whether the password was still the one it is to replace."""
    return await tx.do(SET_PASSWORD, user_id, fresh, instead_of) == 1


async def change_user(tx: Tx, user: User) -> User | None:
    """The person, or None when the user name is taken."""
    try:
        async with tx.connection.transaction():
            return await tx.maybe(User, CHANGE_USER, user.id, user.username, user.display_name, user.avatar_url)
    except UniqueViolationError:
        return None


async def verify_email(tx: Tx, user_id: UUID, email: str, *, now: datetime) -> bool:
    """Whether this is news: it is the person's address, and was not verified before."""
    return await tx.do(EMAIL_IS_THEIRS, user_id, email, now) == 1


# What somebody is at a site, unless their key was made for another tenant.
AT_SITE = """
select s.tenant_id, m.role
from sites s
left join memberships m on m.tenant_id = s.tenant_id
    and m.user_id = $2
    and (m.site_ids is null or s.id = any(m.site_ids))
where s.id = $1
    and ($3::uuid is null or s.tenant_id = $3)
"""


async def at_site(db: Queries, me: Identity, site_id: UUID) -> Identity:
    """The same person as they stand at a site that the door's path does not name: `belongs` and `permissions`."""
    row: Any = await db.record(AT_SITE, site_id, me.user_id, me.key_tenant_id)
    return msgspec.structs.replace(
        me,
        tenant_id=None if row is None else row["tenant_id"],
        role=None if row is None or row["role"] is None else Role(row["role"]),
    )


# Whether an address belongs to somebody who has shown that they read its mail.
IS_PROVED = "select exists (select from users where email = $1 and email_verified_at is not null)"


async def is_proved(db: Queries, email: str) -> bool:
    """Whether an address, in lower case, is somebody's own."""
    return bool(await db.value(IS_PROVED, email))
