"""The doors of files and images. Their bodies are read as they come, never by the framework."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from litestar import Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath, JSONBody

from purvey import catalog
from purvey.access import Identity, Permission
from purvey.access.guards import may
from purvey.catalog import discarding, files, images, media
from purvey.catalog.files import VersionView
from purvey.catalog.media import Medium
from purvey.catalog.uploads import find_target
from purvey.catalog.views import FileView, MediaView, ProductView
from purvey.kit.asgi import Receive, Scope
from purvey.kit.db import Database
from purvey.kit.fields import WITHOUT_NUL
from purvey.kit.ids import Id
from purvey.kit.pages import Page, Paging
from purvey.kit.uploads import FIELD, Upload, receive_file, refuse_early, whole_file
from purvey.storage import Storage

FOREVER = "public, max-age=31536000, immutable"
EDIT, VIEW = [may(Permission.EDIT_PRODUCTS)], [may(Permission.VIEW_PRODUCTS)]
PRODUCT = "/sites/{site_id:uuid}/products/{product_id:uuid}"
Anyone = Request[Any, Any, Any]
Link = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000, pattern=WITHOUT_NUL)]


@dataclass
class OneFile(Operation):
    """The body as the schema tells of it: a form with one file."""

    def __post_init__(self) -> None:
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        form = Schema(type=OpenAPIType.OBJECT, properties={FIELD: file}, required=[FIELD])
        self.request_body = RequestBody({"multipart/form-data": OpenAPIMediaType(schema=form)}, required=True)


class NewOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them by id, in their new order."""

    ids: Annotated[list[Id], msgspec.Meta(max_length=1_000)]


class NewVideo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A link to it, as people copy them."""

    youtube_url: Link


class MediaList(msgspec.Struct):
    data: list[MediaView]

    def whole_at(self, base_url: str) -> "MediaList":
        return MediaList(data=[each.whole_at(base_url) for each in self.data])


async def arriving(request: Anyone, *, limit_bytes: int) -> Upload:
    """The file of this request, as far as its first bytes."""
    scope = cast(Scope, request.scope)
    refuse_early(scope, limit_bytes=limit_bytes)
    return await receive_file(scope, cast(Receive, request.receive))


@get(f"{PRODUCT}/files", guards=VIEW)
async def list_files(
    site_id: FromPath[UUID], product_id: FromPath[UUID], paging: Paging, db: NamedDependency[Database]
) -> Page[FileView]:
    """The files that owners download, in their order."""
    return await files.list_files(db, site_id=site_id, product_id=product_id, asked=paging)


@post(f"{PRODUCT}/files", guards=EDIT, request_max_body_size=None, operation_class=OneFile)
async def add_file(
    *,
    request: Anyone,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> FileView:
    """Upload a file: one multipart part named `file`, of up to 5 GB."""
    target = await find_target(db, site_id, product_id)
    upload = await arriving(request, limit_bytes=target.file_bytes)
    return await files.add_file(db, storage, me, site_id=site_id, product_id=product_id, upload=upload, now=now)


@put(f"{PRODUCT}/files/{{file_id:uuid}}", guards=EDIT, request_max_body_size=None, operation_class=OneFile)
async def replace_file(
    *,
    request: Anyone,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    file_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> FileView:
    """Upload a new version of a file; everyone who owns the product gets it from now on."""
    target = await find_target(db, site_id, product_id)
    await files.find_file(db, product_id, file_id)
    upload = await arriving(request, limit_bytes=target.file_bytes)
    return await files.replace_file(
        db, storage, me, site_id=site_id, product_id=product_id, file_id=file_id, upload=upload, now=now
    )


@get(f"{PRODUCT}/files/{{file_id:uuid}}/versions", guards=VIEW)
async def list_versions(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    file_id: FromPath[UUID],
    paging: Paging,
    db: NamedDependency[Database],
) -> Page[VersionView]:
    """Every version of a file, the newest first."""
    return await files.list_versions(db, site_id=site_id, product_id=product_id, file_id=file_id, asked=paging)


@delete(f"{PRODUCT}/files/{{file_id:uuid}}/versions/{{version_id:uuid}}", guards=EDIT)
async def discard_version(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    file_id: FromPath[UUID],
    version_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> None:
    """Keep an old version's bytes no longer; they fill the storage no more. It stays on record."""
    await discarding.discard_version(
        db, me, site_id=site_id, product_id=product_id, file_id=file_id, version_id=version_id, now=now
    )


@delete(f"{PRODUCT}/files/{{file_id:uuid}}", guards=EDIT)
async def remove_file(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    file_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> None:
    """Take a file off the product; who bought before keeps it."""
    await files.remove_file(db, me, site_id=site_id, product_id=product_id, file_id=file_id, now=now)


@put(f"{PRODUCT}/files/order", guards=EDIT)
async def order_files(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    data: JSONBody[NewOrder],
    paging: Paging,
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Page[FileView]:
    """Put the files into another order."""
    await files.order_files(db, me, site_id=site_id, product_id=product_id, ids=data.ids, now=now)
    return await files.list_files(db, site_id=site_id, product_id=product_id, asked=paging)


@post(f"{PRODUCT}/cover", guards=EDIT, request_max_body_size=None, operation_class=OneFile, status_code=200)
async def set_cover(
    *,
    request: Anyone,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> ProductView:
    """Upload or change the cover: JPEG, PNG, WebP or GIF of up to 5 MB."""
    upload = await arriving(request, limit_bytes=images.MOST_BYTES)
    await catalog.set_cover(db, storage, me, site_id=site_id, product_id=product_id, upload=upload, now=now)
    return await catalog.find_product(db, site_id, product_id)


@delete(f"{PRODUCT}/cover", guards=EDIT)
async def remove_cover(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> None:
    """Take the cover away."""
    await catalog.remove_cover(db, me, site_id=site_id, product_id=product_id, now=now)


@post(f"{PRODUCT}/media", guards=EDIT, request_max_body_size=None, operation_class=OneFile)
async def add_image(
    *,
    request: Anyone,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> MediaView:
    """Upload a preview image: JPEG, PNG, WebP, GIF or MP4 of up to 5 MB."""
    content = await whole_file(await arriving(request, limit_bytes=media.MOST_BYTES), limit_bytes=media.MOST_BYTES)
    return seen(
        await media.add_image(db, storage, me, site_id=site_id, product_id=product_id, content=content, now=now)
    )


@post(f"{PRODUCT}/videos", guards=EDIT)
async def add_video(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    data: JSONBody[NewVideo],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> MediaView:
    """Show the product by a video of YouTube, before its images; one is the most."""
    link = data.youtube_url
    return seen(await media.add_video(db, me, site_id=site_id, product_id=product_id, link=link, now=now))


@delete(f"{PRODUCT}/media/{{media_id:uuid}}", guards=EDIT)
async def remove_image(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    media_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> None:
    """Take a preview image away."""
    await media.remove_medium(db, me, site_id=site_id, product_id=product_id, media_id=media_id, now=now)


@put(f"{PRODUCT}/media/order", guards=EDIT)
async def order_images(
    *,
    site_id: FromPath[UUID],
    product_id: FromPath[UUID],
    data: JSONBody[NewOrder],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> MediaList:
    """Put the preview images into another order."""
    ordered = await media.order_media(db, me, site_id=site_id, product_id=product_id, ids=data.ids, now=now)
    return MediaList([seen(medium) for medium in ordered])


def seen(medium: Medium) -> MediaView:
    """As the team sees it."""
    return MediaView(**{name: getattr(medium, name) for name in MediaView.__struct_fields__})


doors: list[Any] = [
    list_files,
    add_file,
    replace_file,
    list_versions,
    discard_version,
    remove_file,
    order_files,
    set_cover,
    remove_cover,
    add_image,
    add_video,
    remove_image,
    order_images,
]
