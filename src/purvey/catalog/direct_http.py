"""The doors of files that are sent straight to the store; and our own address for stores that have none."""

from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from litestar import Request, Response, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from purvey.access import Identity, Permission
from purvey.access.guards import PUBLIC, may
from purvey.catalog import direct
from purvey.catalog.direct import BeginUpload, UploadTicket
from purvey.catalog.views import FileView
from purvey.kit.asgi import Receive
from purvey.kit.db import Database
from purvey.kit.uploads import body
from purvey.settings import Settings
from purvey.storage import Storage

EDIT = [may(Permission.EDIT_PRODUCTS)]
PRODUCT = "/sites/{site_id:uuid}/products/{product_id:uuid}"
EXEMPT = {"idempotency": "exempt"}  # the address is a secret, and confirming again is nothing by itself


@post(f"{PRODUCT}/uploads", guards=EDIT, opt=EXEMPT)
async def begin_upload(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    data: JSONBody[BeginUpload],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> UploadTicket:
    """An address to PUT a file to, straight to the store; then confirm it."""
    return await direct.begin_upload(
        db, storage, settings, me, site_id=site_id, product_id=product_id, form=data, now=now
    )


@post(f"{PRODUCT}/uploads/{{upload_id:uuid}}/confirm", guards=EDIT, status_code=200, opt=EXEMPT)
async def confirm_upload(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    upload_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> FileView:
    """Check what was uploaded, and make it a file of the product or a new version of one."""
    return await direct.confirm_upload(
        db, storage, me, site_id=site_id, product_id=product_id, upload_id=upload_id, now=now
    )


@put(
    f"{direct.PATH}/{{upload_id:uuid}}",
    opt=PUBLIC,
    status_code=200,
    request_max_body_size=None,
    include_in_schema=False,
)
async def receive_upload(
    *,
    request: Request[Any, Any, Any],
    upload_id: FromPath[UUID],
    expires: Annotated[int, QueryParameter(ge=0, le=10**11)],
    signature: FromQuery[str],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[None]:
    """The bytes of one upload, as they come. The address itself says that its bearer may."""
    direct.refuse_forged(settings, upload_id, expires=expires, signature=signature, now=now)
    chunks, announced = body(cast(Receive, request.receive)), request.headers.get("content-length", "")
    await direct.receive_upload(db, storage, upload_id=upload_id, chunks=chunks, announced=announced, now=now)
    return Response(None, status_code=200)


doors: list[Any] = [begin_upload, confirm_upload]
public_doors: list[Any] = [receive_upload]
