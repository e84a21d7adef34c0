"""The JSON doors of downloads: the owner's, and those through which the seller looks on."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import HttpMethod, Request, Response, get, post, route
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from purvey import downloads
from purvey.access import Identity, Permission
from purvey.access.guards import PUBLIC, buyer, may
from purvey.downloads.links import read_link
from purvey.downloads.model import DownloadableFile, DownloadView
from purvey.kit.db import Database
from purvey.kit.ids import Id
from purvey.kit.pages import Page, Paging
from purvey.settings import Settings
from purvey.storage import Storage

SALE = "/sites/{site_id:uuid}/purchases/{purchase_id:uuid}/downloads"
WhichFile = Annotated[Id | None, QueryParameter(name="fileId", description="Which one, when there are several.")]


class FileList(msgspec.Struct):
    files: list[DownloadableFile]


def bytes_of(meaning: str) -> ResponseSpec:
    return ResponseSpec(bytes, media_type="*/*", description=meaning, generate_examples=False)


def nothing(meaning: str) -> ResponseSpec:
    return ResponseSpec(None, description=meaning, generate_examples=False)


FILE = {
    200: bytes_of("The file"),
    206: bytes_of("The part that Range asks for"),
    302: nothing("It lies at Location, for five minutes"),
    304: nothing("You have it"),
    416: nothing("Range lies outside the file"),
}


@get("/purchases/{purchase_id:uuid}/files", guards=[buyer])
async def list_files(
    purchase_id: FromPath[UUID], me: NamedDependency[Identity], db: NamedDependency[Database]
) -> FileList:
    """What the purchase entitles to download, and how often still."""
    return FileList(list(await downloads.list_files(db, me.user_id, purchase_id=purchase_id)))


@route(
    "/purchases/{purchase_id:uuid}/download",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    guards=[buyer],
    responses=FILE,
)
async def download(
    *,
    request: Request[Any, Any, Any],
    purchase_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
    file_id: WhichFile = None,
) -> Response[Any]:
    """Download a file of one's purchase, whole or from where it stopped. A bundle holds its members' files."""
    return await downloads.answer(request, db, storage, me.user_id, purchase_id=purchase_id, file_id=file_id, now=now)


@get(SALE, guards=[may(Permission.VIEW_BILLING_DETAILS)])
async def list_downloads(
    site_id: FromPath[UUID], purchase_id: FromPath[UUID], paging: Paging, db: NamedDependency[Database]
) -> Page[DownloadView]:
    """Each download of a sale: when, which file, from where, with what."""
    return await downloads.list_downloads(db, site_id=site_id, purchase_id=purchase_id, asked=paging)


@post(f"{SALE}/reset", guards=[may(Permission.EDIT_BILLING_DETAILS)], status_code=200)
async def reset_downloads(
    site_id: FromPath[UUID],
    purchase_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> FileList:
    """Let the buyer download as often as at first."""
    return FileList(list(await downloads.reset_downloads(db, me, site_id=site_id, purchase_id=purchase_id, now=now)))


@route(
    "/downloads/{word:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    opt=PUBLIC,
    responses=FILE,
)
async def follow_link(
    *,
    request: Request[Any, Any, Any],
    word: FromPath[str],
    settings: NamedDependency[Settings],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """The file of a download link, which is good for five minutes and counts like any download."""
    link = read_link(word, secret_key=settings.secret_key, now=now)
    return await downloads.answer(
        request, db, storage, link.owner_id, purchase_id=link.purchase_id, file_id=link.file_id, now=now
    )


link_doors: list[Any] = [follow_link]
doors: list[Any] = [list_files, download, list_downloads, reset_downloads]
