"""Which bytes a request means (RFC 9110 §13, §14), and which file."""

import re
from collections.abc import Sequence
from uuid import UUID

import msgspec

from purvey.downloads.model import Access, Holding, OwnedFile, Part, Wanted, view_of
from purvey.kit.errors import Conflict, NotAllowed, NotFound, Stale

ONE_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.ASCII)


class Unsatisfiable(Exception):
    """The range lies outside the file."""


class NotPaid(NotAllowed):
    """Nothing is owned yet."""

    code = "not_paid"


class AccessEnded(NotAllowed):
    """It was refunded or charged back."""

    code = "access_ended"


class AccessSuspended(NotAllowed):
    """A dispute is open."""

    code = "access_suspended"


class NothingToDownload(NotFound):
    """The purchase has no such file, or none at all."""

    code = "no_file"


class ChooseFile(Conflict):
    """There are several."""

    code = "choose_file"


def open_to_owner(holding: Holding) -> Sequence[OwnedFile]:
    """The files that may be downloaded now; NotPaid, AccessEnded or AccessSuspended when nothing is owned now."""
    if Access.LIVE in holding.access:
        return [file for file in holding.files if file.access is Access.LIVE]
    if Access.SUSPENDED in holding.access:
        raise AccessSuspended("Downloads wait while the payment is disputed")
    if Access.ENDED in holding.access:
        raise AccessEnded("This purchase was given back, and its downloads with it")
    raise NotPaid("This purchase is not paid; pay first, then download")


def choose(files: Sequence[OwnedFile], file_id: UUID | None) -> OwnedFile:
    """The file that is meant: the one named, or the only one there is. ChooseFile lists what there is."""
    if file_id is not None:
        named = next((file for file in files if file.file_id == file_id), None)
        if named is None:
            raise NothingToDownload("This purchase has no such file")
        return named
    current = [file for file in files if not file.is_removed] or files
    if not current:
        raise NothingToDownload("There is nothing to download here yet")
    if len(current) > 1:
        listed = [msgspec.to_builtins(view_of(file)) for file in files]
        raise ChooseFile("There are several files; name one by fileId", extra={"files": listed})
    return current[0]


def part_of(wanted: Wanted, *, size: int, etag: str) -> Part | None:
    """The one range that is asked for; None for the whole file.

    Several ranges, other units and what is no range at all mean the whole file, as does an If-Range
    that is not the file's strong tag. Raises Unsatisfiable.
    """
    match = ONE_RANGE.fullmatch(wanted.range or "")
    if match is None or (wanted.if_range is not None and wanted.if_range.strip() != etag):
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        return suffix(int(last), size)
    start, end = int(first), size if not last else min(int(last) + 1, size)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Part(start, end)


def suffix(length: int, size: int) -> Part:
    """The last so many bytes."""
    if not length or not size:
        raise Unsatisfiable
    return Part(max(0, size - length), size)


def has_it(wanted: Wanted, etag: str) -> bool:
    """Whether the asker says they have these very bytes; Stale when they want only others, which are gone."""
    if wanted.if_match is not None and not listed(wanted.if_match, etag, weakly=False):
        raise Stale("The file has a new version; start its download again")
    return wanted.if_none_match is not None and listed(wanted.if_none_match, etag, weakly=True)


def listed(header: str, etag: str, *, weakly: bool) -> bool:
    tags = [tag.strip() for tag in header.split(",")]
    return etag in ([tag.removeprefix("W/") for tag in tags] if weakly else tags) or "*" in tags
