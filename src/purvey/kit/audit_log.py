"""Whatever a member or an admin changes leaves a row: who, what, when, from where. Rows are only ever added."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from purvey.kit.db import Tx
from purvey.kit.ids import new_id


class Actor(Protocol):
    """Who did it, in which tenant, and from where; `access.Identity` is one."""

    @property
    def user_id(self) -> UUID: ...
    @property
    def tenant_id(self) -> UUID | None: ...
    @property
    def is_admin(self) -> bool: ...
    @property
    def address(self) -> str | None: ...
    @property
    def request_id(self) -> str | None: ...


RECORD = """
insert into audit_log (id, tenant_id, actor_id, action, subject_type, subject_id, detail, address, request_id, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


async def audit(
    tx: Tx,
    me: Actor | None,
    *,
    action: str,
    subject_type: str,
    subject_id: UUID | str,
    detail: Mapping[str, Any],
    now: datetime,
    tenant_id: UUID | None = None,
) -> None:
    """Record a change in its own transaction, such as `action="product.updated"`; `me` is None for the command line.

    `tenant_id` is needed only where the door's path names no tenant or site. `detail` holds plain values, no secrets.
    """
    await tx.do(
        RECORD,
        new_id(),
        tenant_id or (me.tenant_id if me else None),
        me.user_id if me else None,
        action,
        subject_type,
        str(subject_id),
        msgspec.to_builtins(dict(detail)),
        me.address if me else None,
        me.request_id if me else None,
        now,
    )


def changes(before: msgspec.Struct, after: msgspec.Struct) -> dict[str, list[Any]]:
    """What differs between two versions of a thing, as `{field: [old, new]}`, without the bookkeeping fields."""
    return {
        name: msgspec.to_builtins([getattr(before, name), getattr(after, name)])
        for name in after.__struct_fields__
        if name not in ("version", "updated_at") and getattr(before, name) != getattr(after, name)
    }
