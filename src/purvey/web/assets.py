"""The static files of the pages: read once, named by what is in them, kept by browsers for a year."""

import mimetypes
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from purvey.access.guards import PUBLIC
from purvey.kit.errors import NotFound

FOREVER = "public, max-age=31536000, immutable"
A_MOMENT = "public, max-age=60"
NAME_LENGTH = 12


class Asset(msgspec.Struct, frozen=True):
    """One static file. `version` is the beginning of its SHA-256."""

    body: bytes
    mime_type: str
    version: str


@cache
def assets() -> dict[str, Asset]:
    """Every static file by its path below `static/`."""
    return dict(walk(files("purvey.web") / "static", ""))


def walk(folder: Traversable, below: str) -> list[tuple[str, Asset]]:
    found: list[tuple[str, Asset]] = []
    for entry in folder.iterdir():
        name = f"{below}{entry.name}"
        if entry.is_dir():
            found += walk(entry, f"{name}/")
        else:
            body = entry.read_bytes()
            mime_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
            found.append((name, Asset(body, mime_type, sha256(body).hexdigest()[:NAME_LENGTH])))
    return found


def asset_url(name: str) -> str:
    """Where a static file is, under a name that changes with its content."""
    return f"/static/{assets()[name].version}/{name}"


@get("/static/{version:str}/{name:path}", opt=PUBLIC, include_in_schema=False)
async def static(version: FromPath[str], name: FromPath[Path]) -> Response[bytes]:
    """A static file. An old version's name gives today's file, and is not kept for long."""
    asset = assets().get(name.as_posix().strip("/"))
    if asset is None:
        raise NotFound("There is no such file")
    caching = FOREVER if version == asset.version else A_MOMENT
    headers = {"Cache-Control": caching, "X-Content-Type-Options": "nosniff", "ETag": f'"{asset.version}"'}
    return Response(asset.body, media_type=asset.mime_type, headers=headers)
