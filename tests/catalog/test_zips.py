"""A ZIP archive is looked through before it is sold: honest ones pass, whatever wrote them, and no other does."""

import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purvey import storage
from purvey.catalog import zips
from purvey.storage.folder import Folder
from tests.catalog.archives import (
    LINK,
    archive,
    moved,
    named,
    overlapping,
    patched,
    streamed,
    with_entry,
    zip64,
    zip64_entries,
)

PLAIN = archive()
CENTRAL, END = PLAIN.index(b"PK\x01\x02"), PLAIN.rindex(b"PK\x05\x06")


async def looked_through(folder: Path, content: bytes) -> int:
    store = Folder(folder)
    await store.put("a", storage.once(content), mime_type="application/zip", file_name="a.zip", limit_bytes=10**9)
    return await zips.look_through(store, "a", size_bytes=len(content))


def linked() -> bytes:
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, LINK
    return with_entry(info, b"/etc/passwd")


def two_names() -> bytes:
    """One name in the directory, another in the entry's own header."""
    return archive({"good.txt": b"x"}).replace(b"good.txt", b"../a.txt", 1)


def hidden_name() -> bytes:
    """A harmless name, and Info-ZIP's field with one that some programs take instead."""
    info = zipfile.ZipInfo("good.txt")
    bad = b"../../bad.txt"
    info.extra = b"up" + (5 + len(bad)).to_bytes(2, "little") + b"\x01\0\0\0\0" + bad
    return with_entry(info)


@pytest.mark.feature("B12")
@pytest.mark.parametrize(
    ("content", "entries"),
    [
        (PLAIN, 3),
        (archive(method=zipfile.ZIP_STORED), 3),
        (archive({"bilder/Grüße 🌍.txt": b"x"}), 1),
        (archive({"a\\b.txt": b"x", "dots..in..name.txt": b"y"}), 2),
        (archive(comment=b"made with love"), 3),
        (archive({f"{n}.txt": b"" for n in range(2000)}), 2000),
        (b"MZ, a program that unpacks itself" + PLAIN, 3),
        (moved(b"%PDF-1.7" + PLAIN, by=8), 3),
        (streamed(), 2),
        (zip64(), 3),
        (zip64_entries(), 1),
        (archive({"zeros": b"\0" * 9_000_000}), 1),
    ],
)
async def test_an_honest_archive_passes(tmp_path: Path, content: bytes, entries: int) -> None:
    assert await looked_through(tmp_path, content) == entries


@pytest.mark.feature("B12")
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no directory"),
        (b"PK\x03\x04 and nothing else", "no directory"),
        (b"no archive at all" * 100, "no directory"),
        (PLAIN[:-1], "no directory"),
        (PLAIN + b"trailing", "no directory"),
        (PLAIN[:CENTRAL] + PLAIN[CENTRAL + 1 :], "between its directory"),
        (b"PK\x03\x04" + PLAIN, "between its directory"),
        (b"MZ" + bytes(CENTRAL - 2) + b"PK\x01\x02" + PLAIN, "between its directory"),
        (b"MZ" + named("../escape.txt"), "leads out"),
        (b"MZ" + overlapping(), "share bytes"),
        (b"PK\x05\x06" + b"\0" * 18, "empty"),
        (archive(comment=b"PK\x05\x06" + b"\0" * 18), "every program finds"),
        (patched(PLAIN, END + 10, "<H", 2), "part of several"),
        (patched(patched(PLAIN, END + 8, "<H", 2), END + 10, "<H", 2), "more in it"),
        (patched(patched(PLAIN, END + 8, "<H", 4), END + 10, "<H", 4), "ends early"),
        (patched(PLAIN, CENTRAL, "<L", 0), "cannot be read"),
        (patched(PLAIN, CENTRAL + 42, "<L", 10**9), "points outside"),
        (patched(PLAIN, CENTRAL + 34, "<H", 3), "part of several"),
        (patched(PLAIN, 18, "<L", 999), "contradicts"),
        (
            patched(
                archive({"a": b"x"}, method=0), archive({"a": b"x"}, method=0).index(b"PK\x01\x02") + 24, "<L", 10**8
            ),
            "contradicts",
        ),
        (archive({f"{n}": b"" for n in range(65_536)}), "entries|part of several|contradicts"),
        (archive({"zeros": b"\0" * 20_000_000}), "unpack to 20000000"),
        (overlapping(), "share bytes"),
        (named("../escape.txt"), "leads out"),
        (named("a/../../b.txt"), "leads out"),
        (named("..\\b.txt"), "leads out"),
        (named("/etc/passwd"), "leads out"),
        (named("\\\\host\\share"), "leads out"),
        (named("C:evil.txt"), "leads out"),
        (named("a\nb.txt"), "control characters"),
        (linked(), "link"),
        (two_names(), "contradicts"),
        (hidden_name(), "leads out"),
        (archive({"same1": b"x", "same2": b"x"}).replace(b"same2", b"same1"), "twice"),
        (patched(zip64(), zip64().rindex(b"PK\x06\x07") + 8, "<Q", 3), "contradicts|ZIP64 record"),
        (patched(zip64(), zip64().rindex(b"PK\x06\x06") + 32, "<Q", 9), "part of several"),
        (patched(zip64(), zip64().rindex(b"PK\x05\x06") + 10, "<H", 9), "contradicts"),
    ],
)
async def test_a_hostile_or_broken_one_does_not(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(zips.BadZip, match=why) as refused:
        await looked_through(tmp_path, content)
    assert refused.value.errors[0].pointer == "/file"


class Counting(Folder):
    """A folder that counts what is read of it."""

    reads, most = 0, 0

    async def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        self.reads += 1
        async for block in super().read(key, start=start, end=end):
            self.most += len(block)
            yield block


async def test_a_large_archive_is_read_in_a_few_parts(tmp_path: Path) -> None:
    large = b"".join(bytes([n % 256]) * 997 for n in range(20_000))
    content = archive({f"{n}.bin": large for n in range(4)}, method=zipfile.ZIP_STORED)
    store = Counting(tmp_path)
    await store.put("a", storage.once(content), mime_type="a/b", file_name="a", limit_bytes=10**9)
    await zips.look_through(store, "a", size_bytes=len(content))
    assert store.reads <= 6, "the end, and each header"
    assert store.most < len(content) / 10


@given(at=st.integers(0, len(PLAIN) - 1), value=st.integers(0, 255), cut=st.integers(0, len(PLAIN)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
async def test_whatever_is_broken_is_refused_or_sound_and_never_a_crash(
    tmp_path: Path, at: int, value: int, cut: int
) -> None:
    for content in (PLAIN[:at] + bytes([value]) + PLAIN[at + 1 :], PLAIN[:cut]):
        try:
            await looked_through(tmp_path, content)
        except zips.BadZip:
            continue
