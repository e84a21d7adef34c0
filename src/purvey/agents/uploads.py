"""How creators send the files that they sell: an address to PUT to, then a word that it is there (B12)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from purvey.access import Permission
from purvey.access.guards import in_person
from purvey.agents.keeping import Asking, scope_of
from purvey.catalog import direct
from purvey.catalog.direct import BeginUpload
from purvey.kit.db import Database
from purvey.kit.fields import WITHOUT_NUL
from purvey.kit.ids import Id
from purvey.settings import Settings
from purvey.storage import Storage

EXEMPT = {"idempotency": "exempt"}  # the address is a secret, and confirming again is nothing by itself
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000, pattern=WITHOUT_NUL)]
ContentType = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=WITHOUT_NUL)]


class NewUpload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What will be sent, and for which product."""

    product_id: Id
    filename: Name
    content_type: ContentType


class UploadAddress(msgspec.Struct, kw_only=True):
    """PUT at most `max_bytes` to `upload_url` before `expires_at`, without a receipt; then confirm `file_id`."""

    upload_url: str
    file_id: UUID
    max_bytes: int
    expires_at: datetime


class SentUpload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An upload that is there."""

    product_id: Id
    file_id: Id


class SoldFile(msgspec.Struct, kw_only=True):
    """The file as owners of the product get it. `version` counts what was uploaded for it."""

    id: UUID
    filename: str
    file_size: int
    mime_type: str
    sha256: str
    version: int
    created_at: datetime


class Confirmed(msgspec.Struct, kw_only=True):
    success: bool
    file: SoldFile


@post("/products/upload", guards=[in_person], status_code=200, opt=EXEMPT)
async def begin(
    *,
    request: Asking,
    data: JSONBody[NewUpload],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> UploadAddress:
    """An address to PUT a product's file to."""
    me, site = await scope_of(request, db, data.product_id, Permission.EDIT_PRODUCTS)
    form = BeginUpload(file_name=data.filename, content_type=data.content_type)
    ticket = await direct.begin_upload(
        db, storage, settings, me, site_id=site.id, product_id=data.product_id, form=form, now=now
    )
    return UploadAddress(
        upload_url=ticket.upload_url, file_id=ticket.id, max_bytes=ticket.max_bytes, expires_at=ticket.expires_at
    )


@post("/products/upload/confirm", guards=[in_person], status_code=200, opt=EXEMPT)
async def confirm(
    *,
    request: Asking,
    data: JSONBody[SentUpload],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> Confirmed:
    """Check what was uploaded, and sell it from now on."""
    me, site = await scope_of(request, db, data.product_id, Permission.EDIT_PRODUCTS)
    file = await direct.confirm_upload(
        db, storage, me, site_id=site.id, product_id=data.product_id, upload_id=data.file_id, now=now
    )
    sold = SoldFile(
        id=file.id,
        filename=file.file_name,
        file_size=file.size_bytes,
        mime_type=file.mime_type,
        sha256=file.sha256,
        version=file.number,
        created_at=file.created_at,
    )
    return Confirmed(success=True, file=sold)


doors: list[Any] = [begin, confirm]
