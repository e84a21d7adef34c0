"""A ZIP is looked through before it is sold: its directory and its headers are read in parts, and nothing is unpacked.

What a buyer's program might trip over is refused: paths that lead out of the folder, links, entries that share bytes,
sizes that no honest archive has, headers that say one thing to one program and another to the next.
"""

import asyncio
import re
import stat
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from purvey.kit.errors import Invalid
from purvey.storage import Storage

MOST_ENTRIES = 65_535
AT_ONCE = 500  # entries read before others have their turn
MOST_DIRECTORY_BYTES = 16 * 1024 * 1024
MOST_TIMES = 100  # unpacked, it may be so many times as large
UNSUSPICIOUS_BYTES = 10 * 1024 * 1024  # unless all of it is no more than that
WINDOW_BYTES = 1024 * 1024

END = struct.Struct("<4s4H2LH")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = struct.Struct("<4sLQL")
ENTRY = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
LONGEST_COMMENT = 65_535
FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF  # the true number is in a ZIP64 field
ENCRYPTED, SIZES_FOLLOW, UTF_8 = 0x1, 0x8, 0x800
STORED = 0
ZIP64_FIELD, UNICODE_PATH_FIELD = 0x0001, 0x7075
BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06")
ORDINARY = {0, stat.S_IFREG, stat.S_IFDIR}


class BadZip(Invalid):
    """It is no ZIP archive that can be sold; the sentence says why."""

    code = "bad_zip"


class Entry(NamedTuple):
    """A file in the archive, as the central directory has it. Sizes and offset are in bytes."""

    raw_name: bytes
    names: Sequence[str]
    flags: int
    method: int
    packed: int
    unpacked: int
    mode: int
    offset: int


class Directory(msgspec.Struct, frozen=True):
    """Where the central directory lies, and how many entries it has. Its offsets count from `origin`, which is not
    the first byte where something was put before an archive.
    """

    start: int
    size: int
    count: int
    origin: int


class Window:
    """An object read from one place to the next: neighbours come with one request."""

    def __init__(self, store: Storage, key: str, size: int) -> None:
        self.store, self.key, self.size = store, key, size
        self.start, self.held = 0, b""

    async def read(self, start: int, length: int) -> bytes:
        """Exactly these bytes; BadZip where the object ends before."""
        if start < 0 or start + length > self.size:
            raise bad("points outside of itself")
        if not self.start <= start or start + length > self.start + len(self.held):
            end = min(self.size, start + max(length, WINDOW_BYTES))
            self.start, self.held = (
                start,
                b"".join([block async for block in self.store.read(self.key, start=start, end=end)]),
            )
        found = self.held[start - self.start :][:length]
        if len(found) < length:
            raise bad("ends early")
        return found


def bad(why: str) -> Invalid:
    return BadZip.field("/file", f"is no ZIP archive that can be sold here: it {why}", code=BadZip.code)


def begins_as_zip(head: bytes) -> bool:
    """Whether these first bytes of a file are a ZIP archive's."""
    return head.startswith(BEGINNINGS)


async def opens_as_zip(store: Storage, key: str, head: bytes, *, size_bytes: int) -> bool:
    """Whether programs take it for an archive: by its beginning or, whatever stands before, by its end."""
    if begins_as_zip(head):
        return True
    tail_start = max(0, size_bytes - END.size - LONGEST_COMMENT)
    tail = await Window(store, key, size_bytes).read(tail_start, size_bytes - tail_start)
    return any(fits(tail, at) for at in find_all(tail, b"PK\x05\x06"))


async def look_through(store: Storage, key: str, *, size_bytes: int) -> int:
    """How many entries the archive has; BadZip."""
    window = Window(store, key, size_bytes)
    directory = await find_directory(window)
    content = await window.read(directory.start, directory.size)
    entries = await asyncio.to_thread(sound_entries, content, directory.count, size_bytes=size_bytes)
    await refuse_untrue(window, entries, directory)
    return len(entries)


def sound_entries(content: bytes, count: int, *, size_bytes: int) -> Sequence[Entry]:
    entries = list(read_entries(content, count))
    refuse_unsound(entries, size_bytes=size_bytes)
    return entries


async def find_directory(window: Window) -> Directory:
    """The central directory, by the record at the very end and its ZIP64 twin."""
    tail_start = max(0, window.size - END.size - LONGEST_COMMENT)
    tail = await window.read(tail_start, window.size - tail_start)
    ends = [at for at in find_all(tail, b"PK\x05\x06") if fits(tail, at)]
    if len(ends) != 1:
        raise bad("has no end that every program finds" if ends else "has no directory at its end")
    end_at = tail_start + ends[0]
    _, disk, first_disk, here, count, size, start, _ = END.unpack_from(tail, ends[0])
    numbers, closed_at = [disk, first_disk, here, count, size, start], end_at
    locator_at = end_at - LOCATOR_64.size
    if locator_at >= 0 and (await window.read(locator_at, 4)) == b"PK\x06\x07":
        numbers, closed_at = await true_numbers(window, locator_at, numbers)
    disk, first_disk, here, count, size, start = numbers
    if disk or first_disk or here != count:
        raise bad("is one part of several")
    origin = closed_at - size - start
    if origin and (origin < 0 or await ambiguous(window, start)):
        raise bad("has something between its directory and its end")
    if not count:
        raise bad("is empty")
    if count > MOST_ENTRIES:
        raise bad(f"holds {count} entries, and {MOST_ENTRIES} are the most")
    if size > MOST_DIRECTORY_BYTES:
        raise bad(f"has a directory of {size} bytes, and {MOST_DIRECTORY_BYTES} are the most")
    return Directory(origin + start, size, count, origin)


async def ambiguous(window: Window, start: int) -> bool:
    """Whether an archive with something before it would be another one to who counts from the first byte."""
    return begins_as_zip(await window.read(0, 4)) or await window.read(start, 4) == b"PK\x01\x02"


def find_all(text: bytes, part: bytes) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def fits(tail: bytes, at: int) -> bool:
    """Whether an end record begins here: its comment reaches to the last byte."""
    return len(tail) - at >= END.size and at + END.size + END.unpack_from(tail, at)[-1] == len(tail)


async def true_numbers(window: Window, locator_at: int, numbers: Sequence[int]) -> tuple[list[int], int]:
    """The numbers of the ZIP64 end record, which the short ones may not contradict, and where it begins."""
    _, disk, start, disks = LOCATOR_64.unpack(await window.read(locator_at, LOCATOR_64.size))
    sign, length, _, _, *true = END_64.unpack(await window.read(start, END_64.size))
    if sign != b"PK\x06\x06" or disk or disks > 1 or start + 12 + length != locator_at:
        raise bad("has a ZIP64 record that is not where it should be")
    full = [FULL_16, FULL_16, FULL_16, FULL_16, FULL_32, FULL_32]
    if any(short not in (most, long) for short, most, long in zip(numbers, full, true, strict=True)):
        raise bad("contradicts itself")
    return true, start


def read_entries(directory: bytes, count: int) -> Iterator[Entry]:
    """Every entry of the central directory, which holds nothing else."""
    at = 0
    for _ in range(count):
        if len(directory) - at < ENTRY.size:
            raise bad("has a directory that ends early")
        sign, _, _, flags, method, _, _, _, packed, unpacked, *rest = ENTRY.unpack_from(directory, at)
        name_length, extra_length, comment_length, disk, _, attributes, offset = rest
        after = at + ENTRY.size + name_length + extra_length + comment_length
        if sign != b"PK\x01\x02" or after > len(directory):
            raise bad("has a directory that cannot be read")
        raw_name = directory[at + ENTRY.size :][:name_length]
        fields = extra_fields(directory[at + ENTRY.size + name_length :][:extra_length])
        unpacked, packed, offset = true_sizes([unpacked, packed, offset], fields)
        if disk not in (0, FULL_16):
            raise bad("is one part of several")
        yield Entry(
            raw_name, names_of(raw_name, flags, fields), flags, method, packed, unpacked, attributes >> 16, offset
        )
        at = after
    if at != len(directory):
        raise bad("has a directory with more in it than it says")


def extra_fields(extra: bytes) -> dict[int, bytes]:
    """The extra fields by their ids; what does not fit any more is padding."""
    found: dict[int, bytes] = {}
    at = 0
    while len(extra) - at >= 4:
        kind, length = struct.unpack_from("<2H", extra, at)
        if length > len(extra) - at - 4:
            break
        if kind in found and kind in (ZIP64_FIELD, UNICODE_PATH_FIELD):
            raise bad("contradicts itself")
        found[kind] = extra[at + 4 :][:length]
        at += 4 + length
    return found


def true_sizes(numbers: Sequence[int], fields: dict[int, bytes]) -> list[int]:
    """Sizes and offset, with those that are too large for their place taken from the ZIP64 field, in its order."""
    field = fields.get(ZIP64_FIELD, b"")
    true = []
    for number in numbers:
        if number != FULL_32 or ZIP64_FIELD not in fields:
            true.append(number)
            continue
        if len(field) < 8:
            raise bad("has a ZIP64 field that ends early")
        true.append(int.from_bytes(field[:8], "little"))
        field = field[8:]
    return true


def names_of(raw: bytes, flags: int, fields: dict[int, bytes]) -> Sequence[str]:
    """What programs may take for the entry's path: its name, and the one of Info-ZIP's field."""
    try:
        names = [raw.decode("utf-8" if flags & UTF_8 else "cp437")]
        if UNICODE_PATH_FIELD in fields:
            names.append(fields[UNICODE_PATH_FIELD][5:].decode())
    except UnicodeDecodeError:
        raise bad("has a name that is not the UTF-8 it says it is") from None
    return names


def refuse_unsound(entries: Sequence[Entry], *, size_bytes: int) -> None:
    """BadZip for paths, links and sizes that no honest archive has."""
    seen: set[str] = set()
    for entry in entries:
        for name in entry.names:
            refuse_path(name)
        path = entry.names[0].replace("\\", "/").rstrip("/")
        if path in seen:
            raise bad(f"holds `{path[:100]}` twice")
        seen.add(path)
        if stat.S_IFMT(entry.mode) not in ORDINARY:
            raise bad(f"holds `{path[:100]}`, which is a link or a device; put the file itself in")
        if entry.method == STORED and not entry.flags & ENCRYPTED and entry.packed != entry.unpacked:
            raise bad("contradicts itself")
    unpacked = sum(entry.unpacked for entry in entries)
    if unpacked > UNSUSPICIOUS_BYTES and unpacked > MOST_TIMES * size_bytes:
        raise bad(f"would unpack to {unpacked} bytes, more than {MOST_TIMES} times its size")


def refuse_path(name: str) -> None:
    """BadZip for a path that is not below the folder it is unpacked in, on any system."""
    if not name or any(ord(letter) < 0x20 for letter in name):
        raise bad("holds a name with nothing or control characters in it")
    if name[0] in "/\\" or re.match(r"[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name):
        raise bad(f"holds `{name[:100]}`, a path that leads out of it")


async def refuse_untrue(window: Window, entries: Sequence[Entry], directory: Directory) -> None:
    """BadZip where an entry's own header says other than the directory, or where two entries share bytes."""
    behind = directory.origin
    for read, entry in enumerate(sorted(entries, key=lambda each: each.offset)):
        if not read % AT_ONCE:
            await asyncio.sleep(0)
        start = directory.origin + entry.offset
        if start < behind:
            raise bad("holds entries that share bytes")
        sign, _, flags, method, _, _, _, packed, unpacked, name_length, extra_length = LOCAL.unpack(
            await window.read(start, LOCAL.size)
        )
        if sign != b"PK\x03\x04" or name_length != len(entry.raw_name):
            raise bad("contradicts itself")
        rest = await window.read(start + LOCAL.size, name_length + extra_length)
        fields = extra_fields(rest[name_length:])
        unpacked, packed = true_sizes([unpacked, packed], fields)
        sizes_follow = flags & SIZES_FOLLOW and not (packed or unpacked)
        if (
            (rest[:name_length], method) != (entry.raw_name, entry.method)
            or any(name not in entry.names for name in names_of(rest[:name_length], flags, fields))
            or (not sizes_follow and (packed, unpacked) != (entry.packed, entry.unpacked))
        ):
            raise bad("contradicts itself")
        behind = start + LOCAL.size + name_length + extra_length + entry.packed
    if behind > directory.start:
        raise bad("holds entries that share bytes")
