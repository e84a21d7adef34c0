"""API keys: what a person gives to a program. A key can do no more than its maker, and less by its scopes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from purvey.access import keyring, rules
from purvey.access.model import OWN, ApiKey, Identity, Permission
from purvey.access.store import API_KEY_PREFIX
from purvey.kit.audit_log import audit
from purvey.kit.db import Database, Queries
from purvey.kit.errors import Conflict, Invalid, NotFound, Unauthenticated
from purvey.kit.ids import new_id, new_token
from purvey.kit.words import name_of

SHOWN = len(API_KEY_PREFIX) + 8
MOST_KEYS = 100


class TooManyKeys(Conflict):
    """A person has as many keys as one may have."""

    code = "too_many_keys"


async def make_key(
    db: Database,
    me: Identity,
    *,
    name: str,
    scopes: Sequence[Permission],
    tenant_id: UUID | None,
    expires_at: datetime | None,
    now: datetime,
) -> tuple[ApiKey, str]:
    """A new key and its token, which is never shown again."""
    name = name_of(name, pointer="/name")
    if expires_at is not None and expires_at <= now:
        raise Invalid.field("/expiresAt", "must be in the future", code="past")
    token = new_token(API_KEY_PREFIX)
    async with db.transaction() as tx:
        held = await permissions_anywhere(tx, me, tenant_id=tenant_id)
        rules.check_scopes(scopes, held=held if tenant_id is None else held - OWN)
        await tx.do(keyring.LOCK_KEYS, me.user_id)
        if me.wallet is None and not await tx.value(keyring.IS_LIVE, me.credential):
            raise Unauthenticated("This session was ended a moment ago; sign in again")
        if await tx.value(keyring.COUNT_KEYS, me.user_id) >= MOST_KEYS:
            raise TooManyKeys(f"You have {MOST_KEYS} keys; revoke one that you no longer use")
        key = await keyring.add_key(
            tx, me.user_id, id=new_id(), tenant_id=tenant_id, name=name, token=token, shown=SHOWN,
            scopes=sorted(set(scopes)), now=now, expires_at=expires_at,
        )  # fmt: skip
        detail = {"name": name, "scopes": key.scopes, "prefix": key.prefix}
        await audit(
            tx, me, action="key.made", subject_type="key", subject_id=key.id, detail=detail, now=now,
            tenant_id=tenant_id,
        )  # fmt: skip
    return key, token


async def permissions_anywhere(db: Queries, me: Identity, *, tenant_id: UUID | None) -> frozenset[Permission]:
    """Everything a person may do in a tenant, or in any of theirs; NotFound for a tenant they know nothing of."""
    roles = await keyring.roles_of(db, me.user_id, tenant_id=tenant_id)
    if tenant_id is not None and not roles:
        known = me.is_admin and await db.value("select true from tenants where id = $1", tenant_id)
        if not known:
            raise NotFound("There is no such tenant")
    return me.permissions_as(None).union(*(me.permissions_as(role) for role in roles))


async def revoke_key(db: Database, me: Identity, key_id: UUID, *, now: datetime) -> None:
    """The end of a key, at once; NotFound."""
    async with db.transaction() as tx:
        row = await tx.record(keyring.REVOKE_KEY, me.user_id, key_id, now)
        if row is None:
            raise NotFound("You have no such key")
        await audit(
            tx, me, action="key.revoked", subject_type="key", subject_id=key_id, detail={"prefix": row["prefix"]},
            now=now, tenant_id=row["tenant_id"],
        )  # fmt: skip
