"""A download over HTTP, for the JSON door and for the page's."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.response import Stream

from purvey.downloads.model import Delivery, Wanted
from purvey.downloads.opening import open_download
from purvey.kit.db import Database
from purvey.storage import Storage


async def answer(
    request: Request[Any, Any, Any],
    db: Database,
    storage: Storage,
    owner_id: UUID,
    *,
    purchase_id: UUID,
    file_id: UUID | None,
    now: datetime,
) -> Response[Any]:
    """What `open_download` gives for the headers of this request."""
    delivery = await open_download(
        db, storage, owner_id, purchase_id=purchase_id, file_id=file_id, wanted=wanted_by(request), now=now
    )
    return response_of(delivery)


def wanted_by(request: Request[Any, Any, Any]) -> Wanted:
    header = request.headers.get
    return Wanted(
        is_head=request.method == "HEAD",
        range=header("range"),
        if_range=header("if-range"),
        if_match=header("if-match"),
        if_none_match=header("if-none-match"),
        address=request.client.host if request.client else None,
        agent=header("user-agent"),
    )


def response_of(delivery: Delivery) -> Response[Any]:
    kind = delivery.headers.get("content-type", "application/octet-stream")
    headers = {name: value for name, value in delivery.headers.items() if name != "content-type"}
    if delivery.chunks is None:
        return Response(b"", status_code=delivery.status, headers=headers, media_type=kind)
    return Stream(delivery.chunks, status_code=delivery.status, headers=headers, media_type=kind)
