"""What shows a product: pictures, clips, and one video of YouTube, which stays first (B13)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath, JSONBody

from purvey.access import Permission
from purvey.access.guards import in_person, signed_request
from purvey.agents.keeping import Asking, Done, scope_of
from purvey.catalog import media
from purvey.catalog.media import Medium
from purvey.catalog.youtube import id_in
from purvey.kit.absolute import whole
from purvey.kit.asgi import Receive, Scope
from purvey.kit.db import Database
from purvey.kit.errors import Malformed
from purvey.kit.ids import Id
from purvey.kit.uploads import Form, whole_form
from purvey.settings import Settings
from purvey.storage import Storage

MOST_AT_ONCE = 100
Place = Annotated[int, msgspec.Meta(ge=0, le=1_000)]


@dataclass
class MediaForm(Operation):
    """The body as the schema tells of it: a form with a file or a link."""

    def __post_init__(self) -> None:
        fields = {
            "media_type": Schema(type=OpenAPIType.STRING, enum=["image", "youtube"]),
            "file": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY),
            "youtube_url": Schema(type=OpenAPIType.STRING),
        }
        form = Schema(type=OpenAPIType.OBJECT, properties=cast(Any, fields), required=["media_type"])
        self.request_body = RequestBody({"multipart/form-data": OpenAPIMediaType(schema=form)}, required=True)


class Metadata(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Of a file, as it was sent; of a video, its id."""

    file_size: int | None = None
    mime_type: str | None = None
    youtube_video_id: str | None = None


class MediaView(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A picture, a clip (`media_type` is `image`, too) or the video. `url` is where it is shown."""

    id: UUID
    media_type: str
    storage_path: str | None = None
    external_url: str | None = None
    display_order: int
    url: str
    metadata: Metadata


class MediaList(msgspec.Struct, kw_only=True):
    success: bool
    media: list[MediaView]


class WhichMedium(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    media_id: Id


class MediaOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Id
    display_order: Place


class NewOrders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where some of them shall stand. 0 is the video's place."""

    media_orders: Annotated[list[MediaOrder], msgspec.Meta(min_length=1, max_length=MOST_AT_ONCE)]


@get("/products/{product_id:uuid}/media", guards=[in_person])
async def list_media(
    request: Asking, product_id: FromPath[UUID], db: NamedDependency[Database], settings: NamedDependency[Settings]
) -> MediaList:
    """What shows a product of mine, in its order."""
    await scope_of(request, db, product_id, Permission.VIEW_PRODUCTS)
    return MediaList(success=True, media=[seen(medium, settings) for medium in await media.list_media(db, product_id)])


@post("/products/{product_id:uuid}/media", guards=[in_person], request_max_body_size=None, operation_class=MediaForm)
async def add(
    *,
    request: Asking,
    product_id: FromPath[UUID],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> MediaView:
    """Add a picture or clip of up to 5 MB (JPEG, PNG, WebP, GIF, MP4), or the video by its link."""
    me, site = await scope_of(request, db, product_id, Permission.EDIT_PRODUCTS)
    form = await whole_form(cast(Scope, request.scope), cast(Receive, request.receive), limit_bytes=media.MOST_BYTES)
    if kind_of(form) == "youtube":
        link = form.words["youtube_url"]
        made = await media.add_video(db, me, site_id=site.id, product_id=product_id, link=link, now=now)
    else:
        content = form.file or b""
        made = await media.add_image(db, storage, me, site_id=site.id, product_id=product_id, content=content, now=now)
    return seen(made, settings)


def kind_of(form: Form) -> str:
    """`image` or `youtube`, with what belongs to it and nothing else."""
    kind = form.words.get("media_type", "")
    if kind not in ("image", "youtube"):
        raise Malformed.field("/media_type", "must be image or youtube")
    if unknown := sorted(set(form.words) - {"media_type", "youtube_url"}):
        raise Malformed.field(f"/{unknown[0]}", "is no field of this form; leave it out")
    wanted = {"image": form.file is not None, "youtube": "youtube_url" in form.words}
    if not wanted[kind]:
        raise Malformed.field(*{"image": ("/file", "is missing"), "youtube": ("/youtube_url", "is missing")}[kind])
    if wanted["image"] and wanted["youtube"]:
        raise Malformed.field("/file" if kind == "youtube" else "/youtube_url", f"does not belong to media_type {kind}")
    return kind


@delete("/products/{product_id:uuid}/media", guards=[in_person, signed_request], status_code=200)
async def remove(
    *,
    request: Asking,
    product_id: FromPath[UUID],
    data: JSONBody[WhichMedium],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Done:
    """Take a picture, clip or the video away. An agent signs this request."""
    me, site = await scope_of(request, db, product_id, Permission.EDIT_PRODUCTS)
    await media.remove_medium(db, me, site_id=site.id, product_id=product_id, media_id=data.media_id, now=now)
    return Done(success=True)


@patch("/products/{product_id:uuid}/media", guards=[in_person])
async def reorder(
    *,
    request: Asking,
    product_id: FromPath[UUID],
    data: JSONBody[NewOrders],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> MediaList:
    """Put pictures and clips into other places; the video keeps its own."""
    me, site = await scope_of(request, db, product_id, Permission.EDIT_PRODUCTS)
    places = [(each.id, each.display_order) for each in data.media_orders]
    placed = await media.place_media(db, me, site_id=site.id, product_id=product_id, places=places, now=now)
    return MediaList(success=True, media=[seen(medium, settings) for medium in placed])


def seen(medium: Medium, settings: Settings) -> MediaView:
    """As the source shows it."""
    return MediaView(
        id=medium.id,
        media_type=medium.media_type,
        storage_path=medium.storage_key,
        external_url=medium.external_url,
        display_order=medium.position,
        url=whole(medium.url, settings.base_url) or medium.url,
        metadata=Metadata(
            file_size=medium.sent_bytes,
            mime_type=medium.sent_mime_type,
            youtube_video_id=id_in(medium.external_url) if medium.external_url else None,
        ),
    )


doors: list[Any] = [list_media, add, remove, reorder]
