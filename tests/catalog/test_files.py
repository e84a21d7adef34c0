"""An author's files arrive whole or not at all, whatever their size and name."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED

import psutil
import pytest

from purvey import storage
from purvey.storage.folder import Folder
from tests.catalog.archives import archive, named
from tests.catalog.films import box
from tests.protocol.said import is_said_to_people, sentences
from tests.vocabulary.shop import Person, Shop
from tests.vocabulary.uploading import BOUNDARY, form, product_path

MEGABYTE = 1024 * 1024
ZIP, EPUB, ODT = "application/zip", "application/epub+zip", "application/vnd.oasis.opendocument.text"


async def kept_bytes(shop: Shop, file_id: str) -> bytes:
    key = await shop.db.value(
        "select storage_key from file_versions v join product_files f on f.current_version_id = v.id where f.id = $1",
        UUID(file_id),
    )
    return b"".join([block async for block in shop.world.storage.read(key)])


def kept_files(shop: Shop, product: dict[str, str]) -> list[Path]:
    assert isinstance(shop.world.storage, Folder)
    return [path for path in (shop.world.storage.root / "files" / product["id"]).rglob("*") if path.is_file()]


async def limited(shop: Shop, person: Person, **limits: int) -> None:
    assert person.site
    await shop.db.do("update tenants set limits = $2 where id = $1", UUID(person.site["tenantId"]), limits)


@pytest.mark.feature("A3")
async def test_a_file_is_kept_as_it_was_sent_and_told_to_the_team_alone(shop: Shop) -> None:
    ana, bob = await shop.author("ana"), await shop.author("bob")
    atlas = await ana.sells()
    assert atlas["files"] == []
    content = b"%PDF-1.7" + bytes(range(256)) * 4000
    file = await ana.adds_file(atlas, "Field Atlas.pdf", content)
    assert file["fileName"] == "Field Atlas.pdf"
    assert file["sizeBytes"] == len(content)
    assert file["mimeType"] == "application/pdf"
    assert file["sha256"] == sha256(content).hexdigest()
    assert file["number"] == 1
    assert await kept_bytes(shop, file["id"]) == content
    assert (await ana.get(product_path(ana, atlas))).json()["files"] == [file]
    listed = (await ana.get(f"{product_path(ana, atlas)}/files?count=true")).json()
    assert listed["data"] == [file] and listed["total"] == 1
    assert (await bob.get(f"{product_path(ana, atlas)}/files")).status_code == 404
    assert (await bob.post(f"{product_path(ana, atlas)}/files", files={"file": ("a", b"b")})).status_code == 404
    assert (await shop.http.post(f"{product_path(ana, atlas)}/files", files={"file": ("a", b"b")})).status_code == 401


@pytest.mark.feature("A27")
async def test_an_editor_may_add_files_and_a_viewer_may_only_look(shop: Shop) -> None:
    ana, eve, vic = await shop.author("ana"), await shop.person("eve"), await shop.person("vic")
    atlas = await ana.sells()
    await shop.joins(eve, ana.site["tenantId"], "EDITOR")
    await shop.joins(vic, ana.site["tenantId"], "VIEWER")
    path = f"{product_path(ana, atlas)}/files"
    assert (await eve.post(path, files={"file": ("a.txt", b"b")})).status_code == 201
    assert (await vic.post(path, files={"file": ("a.txt", b"b")})).status_code == 403
    assert len((await vic.get(path)).json()["data"]) == 1
    audited = await shop.db.record(
        "select actor_id, detail from audit_log where action = 'file.added' and subject_id = $1", atlas["id"]
    )
    assert audited and audited["actor_id"] == eve.id and audited["detail"]["files"][0]["fileName"] == "a.txt"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\\\..\\\\boot.ini", "boot.ini"),
        ("a%0D%0ASet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("the %22best%22 of.mp3", 'the "best" of.mp3'),
        ("地図 🗺️.epub", "地図 🗺️.epub"),
        ("..", "file"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
async def test_a_hostile_name_is_shown_harmlessly_and_never_becomes_a_path(shop: Shop, sent: str, shown: str) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    answer = await ana.sends_form("POST", f"{product_path(ana, atlas)}/files", form(b"bytes", filename=sent))
    assert answer.status_code == 201, answer.text
    assert answer.json()["fileName"] == shown
    assert [path.name for path in kept_files(shop, atlas)] == [answer.json()["versionId"]]


@pytest.mark.parametrize(
    ("head", "name", "mime"),
    [
        (b"", "empty.pdf", "application/octet-stream"),
        (archive(), "a.zip", ZIP),
        (archive(), "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (archive({"mimetype": b"application/epub+zip", "a": b"x"}, method=ZIP_STORED), "a", EPUB),
        (archive({"mimetype": b"application/epub+zip", "a": b"x"}, method=ZIP_DEFLATED), "a", EPUB),
        (archive({"mimetype": b"application/epub+zip", "a": b"x"}, method=ZIP_DEFLATED), "a.zip", EPUB),
        (archive({"mimetype": b"text/html", "a": b"x"}), "a.zip", ZIP),
        (archive({"mimetype": b"application/vnd.oasis.opendocument.text"}), "a.doc", ODT),
        (archive(), "book.epub", EPUB),
        (archive(), "a.cbz", "application/vnd.comicbook+zip"),
        (box(b"ftyp", b"heic\0\0\0\0mif1heic"), "a.jpg", "image/heic"),
        (box(b"ftyp", b"heix\0\0\0\0mif1"), "a.jpg", "image/heic"),
        (box(b"ftyp", b"mif1\0\0\0\0mif1heic"), "a.jpg", "image/heic"),
        (box(b"ftyp", b"mif1\0\0\0\0mif1"), "a.jpg", "image/heif"),
        (box(b"ftyp", b"avif\0\0\0\0mif1avif"), "a.mp4", "image/avif"),
        (box(b"ftyp", b"avis\0\0\0\0msf1avif"), "a.mp4", "image/avif"),
        (box(b"ftyp", b"M4A \0\0\0\0isommp42"), "a.mp4", "audio/mp4"),
        (box(b"ftyp", b"M4B \0\0\0\0isom"), "a", "audio/mp4"),
        (box(b"ftyp", b"mp42\0\0\0\0isom"), "a.m4b", "audio/mp4"),
        (box(b"ftyp", b"M4V \0\0\0\0M4V M4A mp42"), "a", "video/mp4"),
        (box(b"ftyp", b"mp42\0\0\0\0qt  3gp4isom"), "a", "video/mp4"),
        (box(b"ftyp", b"qt  \0\0\0\0qt  "), "a.mp4", "video/quicktime"),
        (box(b"ftyp", b"3gp5\0\0\0\0isom"), "a.mp4", "video/3gpp"),
        (b"ID3\x04\0\0\0\0\x01\0" + bytes(128) + b"fLaC\0\0\0\x22", "a.mp3", "audio/flac"),
        (b"ID3\x04\0\0\0\0\x01\0" + bytes(128) + b"\xff\xfb\x90\0", "a.flac.mp3", "audio/mpeg"),
        (b"ID3\x04\0\0\0\x7f\0\0" + bytes(5000), "a.flac", "audio/flac"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a.png", "image/webp"),
        (b"nothing WEBP", "a.webp", "text/plain"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm", "a.mkv", "video/webm"),
        (b"wOF2\0\x01\0\0" + bytes(40), "a.ttf", "font/woff2"),
        (b"ID3\x04", "song.exe", "audio/mpeg"),
        (b"<html><script>alert(1)</script>", "a.png", "text/plain"),
        ("Grüße".encode(), "a.md", "text/markdown"),
        (b"MZ\x90\x00", "a.pdf", "application/octet-stream"),
    ],
)
async def test_the_bytes_say_what_a_file_is(shop: Shop, head: bytes, name: str, mime: str) -> None:
    ana = await shop.author("ana")
    file = await ana.adds_file(await ana.sells(), name, head)
    assert file["mimeType"] == mime
    assert file["sizeBytes"] == len(head)
    assert await kept_bytes(shop, file["id"]) == head


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pack.zip", named("../escape.txt")),
        ("setup.exe", b"MZ" + named("../escape.txt")),
        ("book.pdf", b"%PDF-1.7" + named("/etc/passwd")),
        ("book.epub", named("..\\escape.txt")),
        ("pack.ZIP", b"%PDF-1.7"),
    ],
)
async def test_an_archive_is_looked_through_at_the_door_of_forms_too(shop: Shop, name: str, content: bytes) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    file = await ana.adds_file(atlas, "setup.exe", b"MZ" + archive())
    for method, path in (("POST", "files"), ("PUT", f"files/{file['id']}")):
        answer = await ana.sends_form(method, f"{product_path(ana, atlas)}/{path}", form(content, filename=name))
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_zip"), answer.text
    assert [path.name for path in kept_files(shop, atlas)] == [file["versionId"]], "what was refused is not kept"


async def test_a_large_file_streams_with_constant_memory(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    me, megabytes, most = psutil.Process(), 200, 0
    block, digest = b"0123456789abcdef" * 65536, sha256()

    async def body() -> AsyncIterator[bytes]:
        nonlocal most
        yield form(b"", end=False)
        for _ in range(megabytes):
            digest.update(block)
            most = max(most, me.memory_info().rss)
            yield block
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    before = me.memory_info().rss
    answer = await ana.sends_form("POST", f"{product_path(ana, atlas)}/files", body())
    assert answer.status_code == 201, answer.text
    assert answer.json()["sizeBytes"] == megabytes * MEGABYTE
    assert answer.json()["sha256"] == digest.hexdigest()
    assert most - before < 40 * MEGABYTE, f"grew by {(most - before) / MEGABYTE:.0f} MB"


@pytest.mark.parametrize(
    "body",
    [
        form(b"half of it", end=False),
        b"",
        b"no form at all",
        form(b"x", name="other"),
        form(b"x", filename=None),
        form(b"x") + b"z" * 100_000,
        b"z" * 100_000,
        form(b"x", end=False) + b"\r\n" + form(b"y"),
        f"--{BOUNDARY}--\r\n".encode(),
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{"x" * 9000}"\r\n\r\nx'.encode(),
        form(b"x", filename="atlas-name").replace(b"atlas-name", b"\xff.pdf"),
    ],
    ids=[
        "truncated",
        "empty",
        "not a form",
        "other field",
        "no file",
        "long end",
        "long start",
        "two",
        "none",
        "long head",
        "name in no UTF-8",
    ],
)
async def test_a_broken_form_is_refused_and_leaves_nothing(shop: Shop, body: bytes) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    answer = await ana.sends_form("POST", f"{product_path(ana, atlas)}/files", body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "broken_upload"
    assert all(is_said_to_people(words) for words in sentences(answer.json())), answer.text
    assert kept_files(shop, atlas) == []
    assert (await ana.get(product_path(ana, atlas))).json()["files"] == []
    plain = await ana.post(f"{product_path(ana, atlas)}/files", {"file": "x"})
    assert plain.status_code == 400


async def test_a_form_may_come_in_pieces_of_any_size(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    content = f"\r\n--{BOUNDARY[:-1]}\r\n--{BOUNDARY}x\r\r\n--".encode().replace(BOUNDARY.encode(), b"other") * 20

    async def crumbs() -> AsyncIterator[bytes]:
        for byte in form(content):
            yield bytes([byte])

    answer = await ana.sends_form("POST", f"{product_path(ana, atlas)}/files", crumbs())
    assert answer.status_code == 201, answer.text
    assert await kept_bytes(shop, answer.json()["id"]) == content


async def test_a_sender_who_goes_away_leaves_nothing(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    host, port = shop.base_url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    begun = form(b"x" * 3 * MEGABYTE, end=False)
    head = (
        f"POST {product_path(ana, atlas)}/files HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {ana.token}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(begun) + 100}\r\n\r\n"
    )
    writer.write(head.encode() + begun)
    await writer.drain()
    async with asyncio.timeout(10):
        while not [path for path in kept_files(shop, atlas) if path.stat().st_size >= 2 * MEGABYTE]:
            await asyncio.sleep(0.01)
        writer.close()
        while kept_files(shop, atlas):
            await asyncio.sleep(0.01)
        while await strays(shop, atlas):
            await asyncio.sleep(0.01)
    assert (await ana.get(product_path(ana, atlas))).json()["files"] == []


async def strays(shop: Shop, product: dict[str, str]) -> int:
    count: int = await shop.db.value("select count(*) from stray_objects where key like $1", f"files/{product['id']}/%")
    return count


async def test_a_file_over_the_tenants_limit_is_refused_early_or_as_it_comes(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    path = f"{product_path(ana, atlas)}/files"
    await limited(shop, ana, maxFileBytes=1000)
    assert (await ana.post(path, files={"file": ("a", b"x" * 1000)})).status_code == 201
    assert (await ana.post(path, files={"file": ("a", b"x" * 1001)})).status_code == 413
    assert (await ana.post(path, files={"file": ("a", b"x" * 2 * MEGABYTE)})).status_code == 413

    async def unannounced() -> AsyncIterator[bytes]:
        yield form(b"x" * 2 * MEGABYTE)

    assert (await ana.sends_form("POST", path, unannounced())).status_code == 413
    assert len(kept_files(shop, atlas)) == 1
    assert await strays(shop, atlas) == 0


async def test_many_uploads_at_once_never_pass_the_storage_limit(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    await limited(shop, ana, storageBytes=5000)
    path = f"{product_path(ana, atlas)}/files"
    answers = await asyncio.gather(*(ana.post(path, files={"file": ("a", b"x" * 1000)}) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [413] * 7
    refused = await ana.post(path, files={"file": ("a", b"x")})
    assert (refused.status_code, refused.json()["code"]) == (413, "storage_full")
    assert len(kept_files(shop, atlas)) == 5
    used = await shop.db.value("select bytes from storage_use where tenant_id = $1", UUID(ana.site["tenantId"]))
    assert used == 5000


async def test_a_day_has_so_many_uploads_and_failed_ones_do_not_count(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    await limited(shop, ana, uploadsPerDay=2)
    path = f"{product_path(ana, atlas)}/files"
    assert (await ana.sends_form("POST", path, form(b"half", end=False))).status_code == 400
    assert [(await ana.post(path, files={"file": ("a", b"x")})).status_code for _ in range(3)] == [201, 201, 429]
    shop.days_pass(1.05)
    assert (await ana.post(path, files={"file": ("a", b"x")})).status_code == 201


async def test_a_new_version_replaces_the_old_one_which_stays_on_record(shop: Shop) -> None:
    ana, bob = await shop.author("ana"), await shop.author("bob")
    atlas, other = await ana.sells("Atlas"), await ana.sells("Other")
    first = await ana.adds_file(atlas, "atlas.pdf", b"%PDF-first")
    path = f"{product_path(ana, atlas)}/files/{first['id']}"
    second = (await ana.put(path, files={"file": ("atlas v2.pdf", b"%PDF-second edition")})).json()
    assert (second["id"], second["number"], second["fileName"]) == (first["id"], 2, "atlas v2.pdf")
    assert await kept_bytes(shop, first["id"]) == b"%PDF-second edition"
    versions = (await ana.get(f"{path}/versions")).json()["data"]
    assert [(each["number"], each["fileName"], each["isCurrent"]) for each in versions] == [
        (2, "atlas v2.pdf", True),
        (1, "atlas.pdf", False),
    ]
    assert versions[1]["sha256"] == sha256(b"%PDF-first").hexdigest()
    assert len(kept_files(shop, atlas)) == 2
    for stranger, wrong in ((ana, path.replace(atlas["id"], other["id"])), (bob, path)):
        assert (await stranger.put(wrong, files={"file": ("a", b"x")})).status_code == 404
        assert (await stranger.get(f"{wrong}/versions")).status_code == 404
        assert (await stranger.delete(wrong)).status_code == 404


async def test_an_old_version_is_discarded_by_its_author_and_fills_nothing_any_more(shop: Shop) -> None:
    ana, ben, bob = await shop.author("ana"), await shop.person("ben"), await shop.author("bob")
    atlas, other = await ana.sells("Atlas"), await ana.sells("Other")
    file = await ana.adds_file(atlas, "atlas.pdf", b"%PDF-first")
    bought = await ben.has(atlas)
    path = f"{product_path(ana, atlas)}/files/{file['id']}"
    await ana.put(path, files={"file": ("atlas.pdf", b"%PDF-second edition")})
    new, old = (await ana.get(f"{path}/versions")).json()["data"]
    used = "select bytes from storage_use where tenant_id = $1"
    both = len(b"%PDF-first%PDF-second edition")
    assert await shop.db.value(used, UUID(ana.site["tenantId"])) == both

    gone = f"{path}/versions/{old['id']}"
    assert (await bob.delete(gone)).status_code == 404
    assert (await ana.delete(gone.replace(atlas["id"], other["id"]))).status_code == 404
    refused = await ana.delete(f"{path}/versions/{new['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "current_version")
    answers = await asyncio.gather(*(ana.delete(gone) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {204}
    assert await shop.db.value(used, UUID(ana.site["tenantId"])) == both - len(b"%PDF-first")
    assert [each["discardedAt"] is None for each in (await ana.get(f"{path}/versions")).json()["data"]] == [True, False]

    await storage.sweep_strays(shop.db, shop.world.storage, now=shop.now + timedelta(hours=25))
    assert len(kept_files(shop, atlas)) == 1
    got = await ben.get(f"/v1/purchases/{bought['id']}/download")
    assert got.content == b"%PDF-second edition"


async def test_versions_uploaded_at_once_are_numbered_one_after_the_other(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    path = f"{product_path(ana, atlas)}/files/{(await ana.adds_file(atlas))['id']}"
    await asyncio.gather(*(ana.put(path, files={"file": ("a", bytes([n]))}) for n in range(8)))
    page = (await ana.get(f"{path}/versions?perPage=5&count=true")).json()
    assert [each["number"] for each in page["data"]] == [9, 8, 7, 6, 5]
    assert page["total"] == 9
    rest = (await ana.get(f"{path}/versions?perPage=5&cursor={page['nextCursor']}")).json()
    assert [each["number"] for each in rest["data"]] == [4, 3, 2, 1]


async def test_files_are_put_in_order_and_taken_off(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    one, two, three = [(await ana.adds_file(atlas, name))["id"] for name in ("1.pdf", "2.pdf", "3.pdf")]
    path = f"{product_path(ana, atlas)}/files"
    ordered = await ana.put(f"{path}/order", {"ids": [three, one, two]})
    assert [file["id"] for file in ordered.json()["data"]] == [three, one, two]
    for wrong in ([one, two], [one, two, three, three], [one, one, two], [one, two, atlas["id"]]):
        assert (await ana.put(f"{path}/order", {"ids": wrong})).status_code == 422
    assert (await ana.delete(f"{path}/{one}")).status_code == 204
    assert (await ana.delete(f"{path}/{one}")).status_code == 404
    assert [file["id"] for file in (await ana.get(path)).json()["data"]] == [three, two]
    pages = [(await ana.get(f"{path}?perPage=1&page={page}")).json()["data"][0]["id"] for page in (1, 2)]
    assert pages == [three, two]


async def test_what_a_crash_leaves_is_swept_after_a_day_and_nothing_else(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    await ana.adds_file(atlas)
    assert isinstance(shop.world.storage, Folder)
    lost = f"files/{atlas['id']}/lost"
    await storage.expect(shop.db, [lost], now=shop.now)
    await shop.world.storage.put(lost, storage.once(b"lost"), mime_type="a/b", file_name="a", limit_bytes=10)
    shop.world.storage.part(lost).write_bytes(b"half")
    assert len(kept_files(shop, atlas)) == 3
    await storage.sweep_strays(shop.db, shop.world.storage, now=shop.now + timedelta(hours=23))
    assert len(kept_files(shop, atlas)) == 3
    await storage.sweep_strays(shop.db, shop.world.storage, now=shop.now + timedelta(hours=25))
    assert len(kept_files(shop, atlas)) == 1
    assert await strays(shop, atlas) == 0


async def test_an_upload_that_outlived_its_day_is_refused_and_one_that_was_kept_is_not_forgotten(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    key, tenant_id = f"files/{atlas['id']}/slow", UUID(ana.site["tenantId"])
    put = shop.world.storage.put
    await storage.expect(shop.db, [key], now=shop.now)
    await put(key, storage.once(b"x"), mime_type="a/b", file_name="a", limit_bytes=10)
    async with shop.db.transaction() as tx:
        await storage.keep(tx, [key], tenant_id=tenant_id, size_bytes=1, limit_bytes=10)
    await storage.forget(shop.db, shop.world.storage, [key])
    assert len(kept_files(shop, atlas)) == 1
    with pytest.raises(storage.TookTooLong):
        async with shop.db.transaction() as tx:
            await storage.keep(tx, [key], tenant_id=tenant_id, size_bytes=1, limit_bytes=10)


async def test_a_product_holds_a_hundred_files(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    file = await ana.adds_file(atlas)
    await shop.db.do(
        "insert into product_files (id, product_id, position, current_version_id, created_at)"
        " select gen_random_uuid(), product_id, n, current_version_id, created_at"
        " from product_files, generate_series(1, 99) n where id = $1",
        UUID(file["id"]),
    )
    refused = await ana.post(f"{product_path(ana, atlas)}/files", files={"file": ("a", b"x")})
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_files")
    assert len(kept_files(shop, atlas)) == 1
