"""The JSON doors of reading: open to everybody, for a chapter may be free."""

from typing import Any
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from purvey import reading
from purvey.access import Identity
from purvey.access.guards import optional
from purvey.kit.db import Database
from purvey.reading import Access, Chapter


@get("/chapters/{chapter_id:uuid}/access-check", guards=[optional])
async def check_access(
    chapter_id: FromPath[UUID], visitor: NamedDependency[Identity | None], db: NamedDependency[Database]
) -> Access:
    """Whether you may read a chapter, and else what it takes."""
    return await reading.check_access(db, visitor, chapter_id)


@get("/chapters/{chapter_id:uuid}", guards=[optional])
async def read_chapter(
    chapter_id: FromPath[UUID], visitor: NamedDependency[Identity | None], db: NamedDependency[Database]
) -> Chapter:
    """A chapter with its text; 403 with the access check's answer when it must be bought first."""
    return await reading.read_chapter(db, visitor, chapter_id)


doors: list[Any] = [check_access, read_chapter]
