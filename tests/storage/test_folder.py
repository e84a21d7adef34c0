"""A folder keeps a file whole or not at all."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from purvey import storage
from purvey.kit.errors import TooLarge
from purvey.settings import Settings, SettingsError
from purvey.storage.folder import Folder


async def blocks(*contents: bytes, then: Exception | None = None) -> AsyncIterator[bytes]:
    for content in contents:
        yield content
    if then:
        raise then


async def put(folder: Folder, key: str, chunks: AsyncIterator[bytes], limit: int = 10**9) -> storage.Stored:
    return await folder.put(key, chunks, mime_type="text/plain", file_name="a.txt", limit_bytes=limit)


async def read(folder: Folder, key: str, **part: int) -> bytes:
    return b"".join([block async for block in folder.read(key, **part)])


async def test_what_is_put_is_read_whole_and_in_parts(tmp_path: Path) -> None:
    folder, content = Folder(tmp_path), bytes(range(256)) * 5000
    stored = await put(folder, "files/a/b", blocks(content[:7], content[7:]))
    assert stored == storage.Stored(len(content), sha256(content).digest())
    assert await read(folder, "files/a/b") == content
    assert await read(folder, "files/a/b", start=1000) == content[1000:]
    assert await read(folder, "files/a/b", start=5, end=300_000) == content[5:300_000]
    assert await read(folder, "files/a/b", start=5, end=5) == b""


async def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert (await put(folder, "empty", blocks())).size_bytes == 0
    assert await read(folder, "empty") == b""


async def test_a_broken_or_too_large_stream_leaves_nothing(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with pytest.raises(TooLarge):
        await put(folder, "files/large", blocks(b"x" * 11), limit=10)
    with pytest.raises(ConnectionError):
        await put(folder, "files/broken", blocks(b"x" * 2_000_000, then=ConnectionError()))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert (await put(folder, "files/exact", blocks(b"x" * 10), limit=10)).size_bytes == 10


async def test_deleting_forgets_the_file_and_what_a_crash_left_of_it(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    await put(folder, "a", blocks(b"1"))
    folder.part("a").write_bytes(b"half")
    await folder.delete("a")
    await folder.delete("a")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(storage.NoSuchObject):
        await read(folder, "a")
    with pytest.raises(storage.NoSuchObject):
        await read(folder, "a/b")


def test_the_settings_name_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(url: str | None) -> storage.Storage:
        return storage.open_storage(Settings(home=tmp_path, secret_key="k", storage_url=url))

    folder, elsewhere = opened(None), opened(f"file://{tmp_path}/my%20files")
    assert isinstance(folder, Folder) and folder.root == tmp_path / "files"
    assert isinstance(elsewhere, Folder) and elsewhere.root == tmp_path / "my files"
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "shop")
    for url in ("s3://bucket/prefix", "s3://bucket?endpoint=http://127.0.0.1:1&region=auto", "az://container"):
        assert type(opened(url)).__name__ == "Bucket"
    for wrong in ("s3://", "s3://bucket?key=secret"):
        with pytest.raises(SettingsError, match="PURVEY_STORAGE_URL"):
            opened(wrong)


async def test_the_folder_is_nobody_elses_to_look_into(tmp_path: Path) -> None:
    await put(Folder(tmp_path / "files"), "files/a/b", blocks(b"goods"))
    assert (tmp_path / "files").stat().st_mode & 0o077 == 0
