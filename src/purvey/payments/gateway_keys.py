"""A tenant's own gateway keys: sealed at rest, given once, never shown again (ruling 15).

Keys that were replaced or removed are kept while a payment, a refund or a dispute of a payment that was begun
with them is open, so that its money is not lost sight of; then they are erased.
"""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import msgspec
import structlog

from purvey import tenants
from purvey.kit.audit_log import Actor, audit
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import NotFound
from purvey.kit.ids import new_id
from purvey.kit.secret import Secret
from purvey.payments.gateway import Credentials, GatewayDown

log = structlog.get_logger("purvey.payments")

NONCE_BYTES = 12
KEY_BYTES = 32
ERASE_EVERY_SECONDS = 60
GRACE = timedelta(minutes=1)  # longer than any sale that had read the key takes to write its payment down


class KeysUnreadable(GatewayDown):
    """The keys were sealed under another PURVEY_SECRET_KEY."""

    code = "gateway_keys_unreadable"


class NoKeys(NotFound):
    """The tenant has given none."""

    code = "no_gateway_keys"


class GivenKeys(msgspec.Struct, frozen=True, kw_only=True):
    """What may be told of a tenant's keys."""

    provider: str
    ending: str
    created_at: datetime


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's keys as they are kept; nulls when there are none. `in_use`: not replaced or removed."""

    is_platform: bool
    id: UUID | None
    secret: bytes | None
    webhook_secret: bytes | None
    in_use: bool


# A tenant's keys at a gateway, those in use first, then the newest; and whether it is the platform's own tenant.
OF_TENANT = """
select t.is_platform, k.id, k.secret, k.webhook_secret, k.id is not null and k.retired_at is null as in_use
from tenants t
left join gateway_keys k on k.tenant_id = t.id
    and k.provider = $2
where t.id = $1
order by in_use desc, k.created_at desc, k.id
"""

GIVEN = """
select provider, ending, created_at
from gateway_keys
where tenant_id = $1
    and provider = $2
    and retired_at is null
"""

KEEP = """
insert into gateway_keys (id, tenant_id, provider, secret, webhook_secret, ending, account, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""

# Keys that no new sale begins with.
RETIRE = """
update gateway_keys
set retired_at = $3
where tenant_id = $1
    and provider = $2
    and retired_at is null
"""

# Retired keys that nothing open was begun with.
ERASE = """
delete from gateway_keys k
where k.retired_at <= $1
    and not exists (
        select
        from payments p
        where p.tenant_id = k.tenant_id
            and p.provider = k.provider
            and p.account = k.account
            and (p.closed_at is null or p.dispute_open)
    )
    and not exists (
        select
        from payments p
        join refunds r on r.payment_id = p.id
        where p.tenant_id = k.tenant_id
            and p.provider = k.provider
            and p.account = k.account
            and r.status in ('APPROVED', 'SENT')
    )
"""


async def give(
    db: Database,
    me: Actor,
    *,
    tenant_id: UUID,
    provider: str,
    credentials: Credentials,
    secret_key: Secret,
    now: datetime,
) -> GivenKeys:
    """Sell by these keys from now on; the ones before are retired."""
    id = new_id()
    async with db.transaction() as tx:
        await retire(tx, tenant_id, provider, now=now)
        await tenants.refuse_outsider(tx, me, tenant_id)
        await tx.do(
            KEEP,
            id,
            tenant_id,
            provider,
            seal(credentials.secret, secret_key=secret_key, label=f"{id} secret"),
            seal(credentials.webhook_secret, secret_key=secret_key, label=f"{id} webhook"),
            credentials.ending,
            credentials.account,
            now,
        )
        await audit(
            tx,
            me,
            action="gateway.keys-given",
            subject_type="gateway",
            subject_id=provider,
            detail={"ending": credentials.ending},
            now=now,
        )
    return GivenKeys(provider=provider, ending=credentials.ending, created_at=now)


async def remove(db: Database, me: Actor, *, tenant_id: UUID, provider: str, now: datetime) -> None:
    """Begin no new sale by these keys; NoKeys. They are erased as soon as nothing open was made with them."""
    async with db.transaction() as tx:
        if not await retire(tx, tenant_id, provider, now=now):
            raise NoKeys("This shop has no keys of its own for this gateway")
        await audit(
            tx, me, action="gateway.keys-removed", subject_type="gateway", subject_id=provider, detail={}, now=now
        )


async def retire(tx: Tx, tenant_id: UUID, provider: str, *, now: datetime) -> int:
    # One change at a time: the tenant's row stands for its keys.
    await tx.value("select id from tenants where id = $1 for no key update", tenant_id)
    return await tx.do(RETIRE, tenant_id, provider, now)


async def given(db: Queries, tenant_id: UUID, provider: str) -> GivenKeys:
    """What may be told of the keys in use; NoKeys."""
    found = await db.maybe(GivenKeys, GIVEN, tenant_id, provider)
    if found is None:
        raise NoKeys("This shop has no keys of its own for this gateway")
    return found


async def of_tenant(db: Queries, tenant_id: UUID, provider: str) -> Sequence[Sealed]:
    """The rows of a tenant's keys; at least one when there is such a tenant."""
    return await db.rows(Sealed, OF_TENANT, tenant_id, provider)


async def erase_retired_keys(db: Queries, now: datetime) -> int:
    """Forget the retired keys that nothing needs any more; how many."""
    return await db.do(ERASE, now - GRACE)


def opened(sealed: Sealed, *, secret_key: Secret) -> Credentials:
    """The keys themselves; KeysUnreadable."""
    assert sealed.secret is not None and sealed.webhook_secret is not None
    return Credentials(
        unseal(sealed.secret, secret_key=secret_key, label=f"{sealed.id} secret"),
        unseal(sealed.webhook_secret, secret_key=secret_key, label=f"{sealed.id} webhook"),
    )


def seal(plain: Secret, *, secret_key: Secret, label: str) -> bytes:
    """AES-256-GCM, bound to its row and column: a sealed value opens nowhere else."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(sealing_key(secret_key)).encrypt(nonce, plain.reveal().encode(), label.encode())


def unseal(sealed: bytes, *, secret_key: Secret, label: str) -> Secret:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce, box = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return Secret(AESGCM(sealing_key(secret_key)).decrypt(nonce, box, label.encode()).decode())
    except InvalidTag:
        log.error("gateway keys cannot be opened: PURVEY_SECRET_KEY is not the one they were sealed under")
        raise KeysUnreadable(
            "This shop's gateway keys cannot be read any more; its owner has to give them again"
        ) from None


@cache
def sealing_key(secret_key: Secret) -> bytes:
    """A key for this purpose alone (HKDF, RFC 5869)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"purvey gateway keys").derive(
        secret_key.reveal().encode()
    )
