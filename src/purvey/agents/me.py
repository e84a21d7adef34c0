"""What creators and buyers say of themselves (ruling 30)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET, UnsetType

from purvey import access, catalog
from purvey.access import Identity, User
from purvey.access.forms import Name, Url, Username
from purvey.access.guards import in_person, signed_request
from purvey.catalog.uploads_http import OneFile, arriving
from purvey.kit.absolute import whole
from purvey.kit.db import Database
from purvey.kit.fields import Time
from purvey.kit.ids import Id
from purvey.kit.versions import refuse_changed, same
from purvey.settings import Settings
from purvey.storage import Storage


class ChangeMe(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What is missing stays; null takes the picture away."""

    display_name: Name | UnsetType = UNSET
    username: Username | UnsetType = UNSET
    avatar_url: Url | UnsetType | None = UNSET

    id: Id | UnsetType = UNSET
    wallet: Any = UNSET
    created_at: Time | UnsetType = UNSET


READ_ONLY = ("id", "wallet", "created_at")


class UserView(msgspec.Struct, kw_only=True):
    """`wallet` is the one that this request's receipt is for."""

    id: UUID
    username: str
    display_name: str
    avatar_url: str | None
    wallet: str | None
    created_at: datetime


class OneUser(msgspec.Struct, kw_only=True):
    success: bool
    user: UserView


@get("/me", guards=[in_person])
async def read_me(
    me: NamedDependency[Identity], db: NamedDependency[Database], settings: NamedDependency[Settings]
) -> OneUser:
    """Who is asking."""
    return answered(await access.find_user(db, me.user_id), me, settings)


@patch("/me", guards=[in_person])
async def change_me(
    data: JSONBody[ChangeMe],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> OneUser:
    """Change what others see of me."""
    before = answered(await access.find_user(db, me.user_id), me, settings).user
    refuse_changed(data, before, *READ_ONLY)
    picture = UNSET if same(data.avatar_url, before.avatar_url) else data.avatar_url
    user = await access.change_me(
        db, me, display_name=data.display_name, username=data.username, avatar_url=picture, now=now
    )
    return answered(user, me, settings)


@post("/me/avatar", guards=[in_person], request_max_body_size=None, operation_class=OneFile, status_code=200)
async def set_avatar(
    *,
    request: Request[Any, Any, Any],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> OneUser:
    """Upload a picture of myself: JPEG, PNG, WebP or GIF of up to 5 MB."""
    upload = await arriving(request, limit_bytes=catalog.IMAGE_BYTES)
    return answered(await catalog.set_avatar(db, storage, me, upload=upload, now=now), me, settings)


@delete("/me/avatar", guards=[in_person, signed_request], status_code=200)
async def remove_avatar(
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> OneUser:
    """Show no picture of myself."""
    return answered(await catalog.remove_avatar(db, me, now=now), me, settings)


def answered(user: User | None, me: Identity, settings: Settings) -> OneUser:
    assert user is not None, "who asks is there"
    view = UserView(
        id=user.id,
        username=user.username,
        display_name=user.display_name,
        avatar_url=whole(user.avatar_url, settings.base_url),
        wallet=me.wallet,
        created_at=user.created_at,
    )
    return OneUser(success=True, user=view)


doors: list[Any] = [read_me, change_me, set_avatar, remove_avatar]
