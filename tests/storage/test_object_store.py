"""On a real S3 server: what is put is kept whole or not at all, and leaves by links that nobody can bend."""

import asyncio
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256

import httpx
import psutil
import pytest

from purvey import storage
from purvey.kit.errors import TooLarge
from purvey.kit.ids import new_id
from purvey.settings import Settings
from purvey.storage import Storage
from tests.catalog.archives import archive, named
from tests.catalog.test_files import limited
from tests.conftest import fresh_database, served
from tests.downloads.owning import Story
from tests.storage.rgw import KEY, SECRET, Gateway, gateway
from tests.vocabulary.shop import Clock, Shop
from tests.vocabulary.uploading import begins_upload, confirms

MEGABYTE = 1024 * 1024
FIVE_MINUTES = timedelta(minutes=5)
NAME = 'Ünï "Atlas".pdf'


@pytest.fixture(scope="session")
def s3() -> Gateway:
    return gateway()


class Bucket:
    """A bucket of one test's own."""

    def __init__(self, s3: Gateway, store: Storage, name: str, settings: Settings) -> None:
        self.s3, self.store, self.name, self.settings = s3, store, name, settings

    async def put(self, key: str, chunks: AsyncIterator[bytes], limit: int = 10**9) -> storage.Stored:
        return await self.store.put(key, chunks, mime_type="application/pdf", file_name=NAME, limit_bytes=limit)

    async def read(self, key: str, **part: int) -> bytes:
        return b"".join([block async for block in self.store.read(key, **part)])

    async def link(self, key: str, expires: timedelta = FIVE_MINUTES) -> str:
        link = await self.store.link(key, expires=expires)
        assert link is not None
        return link

    @property
    def lies_there(self) -> bool:
        """Whether anything does, even a part of an unfinished upload."""
        return '"idx"' in self.s3.index(self.name)


@pytest.fixture
def bucket(s3: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    name = f"b{new_id()}"
    settings = Settings(
        home=tmp_path_factory.mktemp("s3-home"),
        secret_key="k" * 40,
        storage_url=s3.bucket(name),
        test_bank=True,
        sign_up_limit=0,
    )
    return Bucket(s3, storage.open_storage(settings), name, settings)


async def blocks(count: int, size: int = MEGABYTE, then: Exception | None = None) -> AsyncIterator[bytes]:
    for number in range(count):
        yield bytes([number % 256]) * size
    if then:
        raise then


async def test_what_is_put_is_read_whole_and_in_parts(bucket: Bucket) -> None:
    content = b"".join([block async for block in blocks(3, 70_001)])
    stored = await bucket.put("files/a/b", blocks(3, 70_001))
    assert stored == storage.Stored(len(content), sha256(content).digest())
    assert await bucket.read("files/a/b") == content
    assert await bucket.read("files/a/b", start=5, end=100_000) == content[5:100_000]
    assert await bucket.read("files/a/b", start=200_000) == content[200_000:]
    assert await bucket.read("files/a/b", start=5, end=5) == b""
    assert (await bucket.put("files/a/empty", blocks(0))).size_bytes == 0
    assert await bucket.read("files/a/empty") == await bucket.read("files/a/empty", end=0) == b""
    assert httpx.get(await bucket.link("files/a/empty")).content == b""
    for key in ("files/a/b", "files/a/empty", "files/a/empty"):
        await bucket.store.delete(key)
    with pytest.raises(storage.NoSuchObject):
        await bucket.read("files/a/b")


async def test_a_large_stream_goes_up_in_parts_with_constant_memory(bucket: Bucket) -> None:
    me, most, digest = psutil.Process(), 0, sha256()

    async def measured() -> AsyncIterator[bytes]:
        nonlocal most
        async for block in blocks(120):
            most = max(most, me.memory_info().rss)
            digest.update(block)
            yield block

    before = me.memory_info().rss
    stored = await bucket.put("files/large", measured())
    assert stored == storage.Stored(120 * MEGABYTE, digest.digest())
    assert most - before < 90 * MEGABYTE, f"grew by {(most - before) / MEGABYTE:.0f} MB"
    link, got = await bucket.link("files/large"), sha256()
    with httpx.stream("GET", link) as answer:
        for chunk in answer.iter_raw():
            got.update(chunk)
    assert got.digest() == digest.digest()


async def test_a_broken_or_too_large_stream_leaves_no_object_and_no_part(bucket: Bucket) -> None:
    with pytest.raises(ConnectionError):
        await bucket.put("files/broken", blocks(40, then=ConnectionError()))
    with pytest.raises(TooLarge):
        await bucket.put("files/large", blocks(40), limit=39 * MEGABYTE)
    small = asyncio.create_task(bucket.put("files/cancelled", never_ending()))
    await asyncio.sleep(0)
    small.cancel()
    with pytest.raises(asyncio.CancelledError):
        await small
    assert not bucket.lies_there


async def never_ending() -> AsyncIterator[bytes]:
    yield b"x"
    await asyncio.Event().wait()


async def test_a_link_opens_one_object_for_reading_until_it_expires(bucket: Bucket) -> None:
    await bucket.put("files/one", blocks(1, 1000))
    await bucket.put("files/two", blocks(2, 1000))
    link = await bucket.link("files/one")
    whole = httpx.get(link)
    assert (whole.status_code, whole.content) == (200, b"\0" * 1000)
    assert whole.headers["content-type"] == "application/pdf"
    assert whole.headers["content-disposition"] == storage.content_disposition(NAME)
    part = httpx.get(link, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, b"\0" * 10)
    assert httpx.get(link.replace("files/one", "files/two")).status_code == 403
    assert httpx.get(link[:-1] + ("0" if link[-1] != "0" else "1")).status_code == 403
    assert httpx.get(link.split("?")[0]).status_code == 403
    assert httpx.put(link, content=b"mine").status_code == 403
    assert httpx.delete(link).status_code == 403
    brief = await bucket.link("files/one", expires=timedelta(seconds=1))
    async with asyncio.timeout(10):
        while httpx.get(brief).status_code == 200:
            await asyncio.sleep(0.2)
    assert httpx.get(brief).status_code == 403


async def test_an_address_takes_one_object_by_put_until_it_expires(bucket: Bucket) -> None:
    link = await bucket.store.put_link("staging/one", expires=FIVE_MINUTES)
    assert link is not None
    assert httpx.put(link, content=b"bytes", headers={"Content-Type": "text/html"}).status_code == 200
    assert await bucket.read("staging/one") == b"bytes"
    assert httpx.put(link.replace("staging/one", "files/one"), content=b"x").status_code == 403
    assert httpx.get(link).status_code == httpx.delete(link).status_code == 403


@pytest.mark.feature("B12")
async def test_an_upload_goes_straight_to_s3_and_is_sold_as_it_was_checked(
    bucket: Bucket, postgres: str, worker_id: str
) -> None:
    dsn = await fresh_database(postgres, f"s3_uploads_{worker_id}")
    async with (
        served(bucket.settings, dsn=dsn, clock=Clock()) as (world, base_url),
        httpx.AsyncClient(base_url=base_url, timeout=60) as http,
    ):
        shop = Shop(world, base_url=base_url, clock=world.clock, http=http)  # type: ignore[arg-type]
        ana, ben = await shop.author("ana"), await shop.person("ben")
        await limited(shop, ana, maxFileBytes=30 * MEGABYTE, zipOnly=True)
        pack = await ana.sells(price=0)
        content = archive({f"{n}.bin": bytes([n]) * 997 * 4001 for n in range(5)}, method=zipfile.ZIP_STORED)
        ticket = await begins_upload(ana, pack)
        assert ticket["uploadUrl"].startswith(bucket.s3.endpoint), "the shop is not between"
        html = {"Content-Type": "text/html", "Content-Disposition": "inline"}
        assert httpx.put(ticket["uploadUrl"], content=content, headers=html).status_code == 200
        confirmed = await confirms(ana, pack, ticket)
        assert confirmed.status_code == 200, confirmed.text
        assert confirmed.json()["sha256"] == sha256(content).hexdigest()

        assert httpx.put(ticket["uploadUrl"], content=b"something else").status_code == 200
        purchase = await ben.buys(pack)
        link = (await ben.get(f"/v1/purchases/{purchase['id']}/download")).headers["location"]
        got = httpx.get(link)
        assert got.content == content
        assert got.headers["content-type"] == "application/zip"
        assert got.headers["content-disposition"].startswith("attachment")

        for wrong, status in ((named("../x"), 422), (b"x" * (30 * MEGABYTE + 1), 413)):
            ticket = await begins_upload(ana, pack)
            assert (await confirms(ana, pack, ticket)).json()["code"] == "not_uploaded"
            assert httpx.put(ticket["uploadUrl"], content=wrong).status_code == 200
            assert (await confirms(ana, pack, ticket)).status_code == status
        await storage.sweep_strays(shop.db, world.storage, now=shop.now + timedelta(hours=25))
        assert bucket.s3.index(bucket.name).count('"idx"') == 1, "only what is sold lies there"


async def test_a_store_that_does_not_answer_is_said_to_be_away(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    store = storage.open_storage(bucket.settings)
    with pytest.raises(storage.StorageAway):
        await store.put("files/a", blocks(1), mime_type="a/b", file_name="a", limit_bytes=10**9)
    with pytest.raises(storage.StorageAway):
        [block async for block in store.read("files/a")]
    assert not bucket.lies_there


@pytest.mark.feature("A6", "A14")
async def test_a_shop_on_s3_sends_its_buyers_there(bucket: Bucket, postgres: str, worker_id: str) -> None:
    dsn = await fresh_database(postgres, f"s3_{worker_id}")
    async with (
        served(bucket.settings, dsn=dsn, clock=Clock()) as (world, base_url),
        httpx.AsyncClient(base_url=base_url, timeout=60) as http,
    ):
        shop = Shop(world, base_url=base_url, clock=world.clock, http=http)  # type: ignore[arg-type]
        ana, ben = await shop.author("ana"), await shop.person("ben")
        content = bytes(range(256)) * 4096 * 40
        atlas = await ana.sells(price=0, maxDownloads=2)
        story = Story(ana, ben, atlas, await ana.adds_file(atlas, NAME, content))
        assert story.file["sha256"] == sha256(content).hexdigest()
        story.purchase = await ben.buys(atlas)
        sent = await ben.get(story.path)
        assert (sent.status_code, sent.content) == (302, b"")
        assert sent.headers["cache-control"] == "private, no-store"
        link = httpx.URL(sent.headers["location"])
        assert link.params["X-Amz-Expires"] == "300"
        got = httpx.get(link)
        assert got.content == content
        assert got.headers["content-disposition"] == storage.content_disposition(NAME)

        head = await ben.ask("HEAD", story.path)
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(content)))
        assert "location" not in head.headers
        resumed = [(await ben.get(story.path, headers={"Range": "bytes=1-1"})).status_code for _ in range(4)]
        assert resumed == [302, 302, 302, 302], "two links are free within the hour, then one counts and opens another"
        assert (await ben.get(story.path)).status_code == 403
        counted = await shop.db.value("select count(*) from download_log where counted")
        assert counted == 2

        before = bucket.s3.index(bucket.name).count('"idx"')
        await ana.sends_form("POST", f"/v1/sites/{ana.site['id']}/products/{atlas['id']}/files", truncated(content))
        assert bucket.s3.index(bucket.name).count('"idx"') == before
        assert await shop.db.value("select count(*) from stray_objects") == 0


async def truncated(content: bytes) -> AsyncIterator[bytes]:
    from tests.vocabulary.uploading import form

    yield form(content, end=False)
