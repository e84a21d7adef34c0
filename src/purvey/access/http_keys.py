"""The JSON doors of API keys and of the audit log."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from purvey.access import journal, keyring, keys
from purvey.access.forms import EntryView, KeyView, MadeKeyView, MakeKey, entry_view, key_view
from purvey.access.guards import admin, in_person, may
from purvey.access.journal import Sought
from purvey.access.model import Identity, Permission
from purvey.kit.db import Database
from purvey.kit.ids import Id
from purvey.kit.pages import Page, Paging, page_of, total_of

SECRET = {"idempotency": "exempt"}  # the answer holds the key


@post("/api-keys", guards=[in_person], opt=SECRET, tags=["API keys"])
async def make_key(
    data: JSONBody[MakeKey],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> MadeKeyView:
    """Make a key for a program. `key` is shown this once."""
    key, token = await keys.make_key(
        db, me, name=data.name, scopes=data.scopes, tenant_id=data.tenant_id, expires_at=data.expires_at, now=now
    )
    return MadeKeyView(**msgspec.structs.asdict(key_view(key)), key=token)


@get("/api-keys", guards=[in_person], tags=["API keys"])
async def list_keys(db: NamedDependency[Database], me: NamedDependency[Identity], paging: Paging) -> Page[KeyView]:
    """My keys, newest first."""
    rows = await keyring.keys_of(db, me.user_id, paging)
    total = await total_of(paging, lambda: db.value(keyring.COUNT_KEYS, me.user_id))
    return page_of(rows, key_view, asked=paging, order=keyring.NEWEST_KEY, total=total)


@delete("/api-keys/{key_id:uuid}", guards=[in_person], tags=["API keys"])
async def revoke_key(
    key_id: FromPath[UUID], db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> None:
    """End a key, at once."""
    await keys.revoke_key(db, me, key_id, now=now)


Action = Annotated[str | None, QueryParameter(max_length=100, description="Such as `site.updated`.")]
SubjectId = Annotated[str | None, QueryParameter(name="subjectId", max_length=100)]
ActorId = Annotated[Id | None, QueryParameter(name="actorId")]


@get(
    "/tenants/{tenant_id:uuid}/audit-log",
    guards=[may(Permission.MANAGE_MEMBERS)],
    tags=["Audit log"],
)
async def read_tenant_log(
    *,
    tenant_id: FromPath[UUID],
    db: NamedDependency[Database],
    paging: Paging,
    actor_id: ActorId = None,
    action: Action = None,
    subject_id: SubjectId = None,
) -> Page[EntryView]:
    """Everything that members changed in this tenant, newest first."""
    sought = Sought(tenant_id=tenant_id, actor_id=actor_id, action=action, subject_id=subject_id)
    return await log_page(db, sought, paging)


@get("/admin/audit-log", guards=[admin], tags=["Audit log"])
async def read_whole_log(
    *,
    db: NamedDependency[Database],
    paging: Paging,
    tenant_id: Annotated[Id | None, QueryParameter(name="tenantId")] = None,
    actor_id: ActorId = None,
    action: Action = None,
    subject_id: SubjectId = None,
) -> Page[EntryView]:
    """Everything that anybody changed on this platform, newest first."""
    sought = Sought(tenant_id=tenant_id, actor_id=actor_id, action=action, subject_id=subject_id)
    return await log_page(db, sought, paging)


async def log_page(db: Database, sought: Sought, paging: Paging) -> Page[EntryView]:
    rows = await journal.entries(db, sought, paging)
    total = await total_of(paging, lambda: journal.count_entries(db, sought))
    return page_of(rows, entry_view, asked=paging, order=journal.NEWEST, total=total)


doors: list[Any] = [make_key, list_keys, revoke_key, read_tenant_log, read_whole_log]
