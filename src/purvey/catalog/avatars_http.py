"""The doors of one's own picture."""

from datetime import datetime
from typing import Any

from litestar import delete, post
from litestar.di import NamedDependency

from purvey import catalog
from purvey.access import Identity
from purvey.access.forms import UserView, user_view
from purvey.access.guards import in_person
from purvey.catalog.uploads_http import Anyone, OneFile, arriving
from purvey.kit.db import Database
from purvey.storage import Storage


@post(
    "/me/avatar",
    guards=[in_person],
    request_max_body_size=None,
    operation_class=OneFile,
    status_code=200,
    tags=["Accounts"],
)
async def set_avatar(
    request: Anyone,
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> UserView:
    """Upload a picture of myself: JPEG, PNG, WebP or GIF of up to 5 MB."""
    upload = await arriving(request, limit_bytes=catalog.IMAGE_BYTES)
    return user_view(await catalog.set_avatar(db, storage, me, upload=upload, now=now))


@delete("/me/avatar", guards=[in_person], tags=["Accounts"])
async def remove_avatar(
    me: NamedDependency[Identity], db: NamedDependency[Database], now: NamedDependency[datetime]
) -> None:
    """Show no picture of myself."""
    await catalog.remove_avatar(db, me, now=now)


doors: list[Any] = [set_avatar, remove_avatar]
