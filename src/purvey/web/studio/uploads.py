"""Files, the cover and pictures of a product, sent from its page.

The form's token is in its address, so that a forged upload is refused before a byte of it is read.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import cast
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from purvey import catalog
from purvey.access import Identity, Permission
from purvey.kit.asgi import Receive, Scope
from purvey.kit.db import Database
from purvey.kit.errors import NotFound, Refusal
from purvey.kit.uploads import Upload, receive_file, refuse_early, whole_file
from purvey.storage import Storage
from purvey.tenants import Site
from purvey.web.forms import check_upload, posted
from purvey.web.rendering import go
from purvey.web.session import Page
from purvey.web.studio.products import form_page
from purvey.web.studio.scope import page_may

EDIT = [page_may(Permission.EDIT_PRODUCTS)]
PRODUCT = "/products/{product_id:uuid}"


async def arriving(request: Page, *, limit_bytes: int) -> Upload:
    """The file of this form, as far as its first bytes."""
    scope = cast(Scope, request.scope)
    refuse_early(scope, limit_bytes=limit_bytes)
    return await receive_file(scope, cast(Receive, request.receive))


async def done_or_told(
    request: Page, site: Site, db: Database, product_id: UUID, keep: Callable[[], Awaitable[object]], *, done: str
) -> Response[str]:
    """Back to the product; with what was wrong, when it was."""
    try:
        await keep()
    except NotFound:
        raise
    except Refusal as no:
        product = await catalog.find_product(db, site.id, product_id)
        return await form_page(request, site, db, product=product, refused=no)
    return go(f"/products/{product_id}/edit", done=done)


@post(f"{PRODUCT}/files", guards=EDIT, request_max_body_size=None)
async def add_file(
    *,
    request: Page,
    product_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> Response[str]:
    """One more file for buyers."""
    check_upload(request)
    target = await catalog.find_target(db, site.id, product_id)

    async def keep() -> None:
        upload = await arriving(request, limit_bytes=target.file_bytes)
        await catalog.add_file(db, storage, me, site_id=site.id, product_id=product_id, upload=upload, now=now)

    return await done_or_told(request, site, db, product_id, keep, done="uploaded")


@post(f"{PRODUCT}/files/{{file_id:uuid}}/replace", guards=EDIT, request_max_body_size=None)
async def replace_file(
    *,
    request: Page,
    product_id: FromPath[UUID],
    file_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> Response[str]:
    """A new version of a file: every owner gets it."""
    check_upload(request)
    target = await catalog.find_target(db, site.id, product_id)

    async def keep() -> None:
        upload = await arriving(request, limit_bytes=target.file_bytes)
        await catalog.replace_file(
            db, storage, me, site_id=site.id, product_id=product_id, file_id=file_id, upload=upload, now=now
        )

    return await done_or_told(request, site, db, product_id, keep, done="uploaded")


@post(f"{PRODUCT}/files/{{file_id:uuid}}/remove", guards=EDIT)
async def remove_file(
    *,
    request: Page,
    product_id: FromPath[UUID],
    file_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Off the product; who bought before keeps it."""
    await posted(request)
    await catalog.remove_file(db, me, site_id=site.id, product_id=product_id, file_id=file_id, now=now)
    return go(f"/products/{product_id}/edit", done="removed")


@post(f"{PRODUCT}/cover", guards=EDIT, request_max_body_size=None)
async def set_cover(
    *,
    request: Page,
    product_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The picture on the card in the shop."""
    check_upload(request)

    async def keep() -> None:
        upload = await arriving(request, limit_bytes=catalog.IMAGE_BYTES)
        await catalog.set_cover(db, storage, me, site_id=site.id, product_id=product_id, upload=upload, now=now)

    return await done_or_told(request, site, db, product_id, keep, done="uploaded")


@post(f"{PRODUCT}/cover/remove", guards=EDIT)
async def remove_cover(
    *,
    request: Page,
    product_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """No cover any more."""
    await posted(request)
    await catalog.remove_cover(db, me, site_id=site.id, product_id=product_id, now=now)
    return go(f"/products/{product_id}/edit", done="removed")


@post(f"{PRODUCT}/media", guards=EDIT, request_max_body_size=None)
async def add_image(
    *,
    request: Page,
    product_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> Response[str]:
    """One more picture for the gallery."""
    check_upload(request)

    async def keep() -> None:
        upload = await arriving(request, limit_bytes=catalog.IMAGE_BYTES)
        content = await whole_file(upload, limit_bytes=catalog.IMAGE_BYTES)
        await catalog.add_image(db, storage, me, site_id=site.id, product_id=product_id, content=content, now=now)

    return await done_or_told(request, site, db, product_id, keep, done="uploaded")


@post(f"{PRODUCT}/videos", guards=EDIT)
async def add_video(
    *,
    request: Page,
    product_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The video that stands first."""
    link = (await posted(request)).text("youtubeUrl")

    async def keep() -> None:
        await catalog.add_video(db, me, site_id=site.id, product_id=product_id, link=link, now=now)

    return await done_or_told(request, site, db, product_id, keep, done="saved")


@post(f"{PRODUCT}/media/{{media_id:uuid}}/remove", guards=EDIT)
async def remove_image(
    *,
    request: Page,
    product_id: FromPath[UUID],
    media_id: FromPath[UUID],
    site: NamedDependency[Site],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """A picture less."""
    await posted(request)
    await catalog.remove_medium(db, me, site_id=site.id, product_id=product_id, media_id=media_id, now=now)
    return go(f"/products/{product_id}/edit", done="removed")


pages = [add_file, replace_file, remove_file, set_cover, remove_cover, add_image, add_video, remove_image]
