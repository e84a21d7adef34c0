"""The SQL of people, sessions and keys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from purvey.access.model import Identity
from purvey.kit.db import Queries
from purvey.kit.ids import token_hash
from purvey.tenants import Role

API_KEY_PREFIX = "pk_"
SESSION_PREFIX = "ps_"

# Who a session's token belongs to, and their role in the tenant that a site or tenant id names.
BY_SESSION = """
select u.id, u.email, u.email_verified_at is not null as email_verified, u.username, u.display_name,
    u.is_admin, null::text[] as scopes, scope.tenant_id, m.role
from sessions s
join users u on u.id = s.user_id
left join lateral (
    select tenant_id from sites where id = $3::uuid
    union all
    select id from tenants where id = $4::uuid
) as scope on true
left join memberships m on m.tenant_id = scope.tenant_id and m.user_id = u.id
where s.token_hash = $1
    and s.expires_at > $2
"""

# The same for an API key; one made for a tenant knows no other.
BY_KEY = """
select u.id, u.email, u.email_verified_at is not null as email_verified, u.username, u.display_name,
    u.is_admin, k.scopes, scope.tenant_id, m.role
from api_keys k
join users u on u.id = k.user_id
left join lateral (
    select tenant_id from sites where id = $3::uuid
    union all
    select id from tenants where id = $4::uuid
) as scope on k.tenant_id is null or k.tenant_id = scope.tenant_id
left join memberships m on m.tenant_id = scope.tenant_id and m.user_id = u.id
where k.token_hash = $1
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > $2)
"""


async def identify(
    db: Queries, token: str, *, now: datetime, site_id: UUID | None = None, tenant_id: UUID | None = None
) -> Identity | None:
    """Who carries this token, in the scope of a site or tenant; None when nobody does."""
    digest = token_hash(token)
    sql = BY_KEY if token.startswith(API_KEY_PREFIX) else BY_SESSION
    row: Any = await db.record(sql, digest, now, site_id, tenant_id)
    if row is None:
        return None
    return Identity(
        user_id=row["id"],
        email=row["email"],
        email_verified=row["email_verified"],
        username=row["username"],
        display_name=row["display_name"],
        is_admin=row["is_admin"],
        credential=digest,
        scopes=None if row["scopes"] is None else frozenset(row["scopes"]),
        tenant_id=row["tenant_id"],
        role=None if row["role"] is None else Role(row["role"]),
    )
