"""A file goes straight to the store, and is sold only once it is known to be what was asked for."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import psutil
import pytest

from purvey import storage
from purvey.storage.folder import Folder
from tests.catalog.archives import archive, named, overlapping
from tests.catalog.test_files import MEGABYTE, kept_bytes, kept_files, limited
from tests.vocabulary import Person, Shop
from tests.vocabulary.uploading import begins_upload, confirms, product_path, puts

PACK = archive()


async def agent_shop(shop: Shop) -> Person:
    """An author whose limits are the second source's."""
    ana = await shop.author("ana")
    await limited(
        shop, ana, products=10, maxFileBytes=500 * MEGABYTE, storageBytes=5 * 1024**3, images=8, uploadsPerDay=100,
        zipOnly=True,
    )  # fmt: skip
    return ana


@pytest.mark.feature("B12")
async def test_a_file_is_asked_for_put_and_confirmed(shop: Shop) -> None:
    ana = await agent_shop(shop)
    pack = await ana.sells()
    ticket = await begins_upload(ana, pack)
    assert ticket["maxBytes"] == 500 * MEGABYTE
    assert ticket["uploadUrl"].startswith(shop.base_url)
    assert (await ana.get(product_path(ana, pack))).json()["files"] == []
    assert (await puts(ana, ticket, PACK)).status_code == 200
    assert (await ana.get(product_path(ana, pack))).json()["files"] == []
    answer = await confirms(ana, pack, ticket)
    assert answer.status_code == 200, answer.text
    file = answer.json()
    assert (file["fileName"], file["sizeBytes"], file["mimeType"]) == ("pack.zip", len(PACK), "application/zip")
    assert file["sha256"] == sha256(PACK).hexdigest()
    assert await kept_bytes(shop, file["id"]) == PACK
    assert (await ana.get(product_path(ana, pack))).json()["files"] == [file]
    used = await shop.db.value("select bytes from storage_use where tenant_id = $1", UUID(ana.site["tenantId"]))
    assert used == len(PACK)
    assert (await confirms(ana, pack, ticket)).json() == file, "again is nothing"
    assert len(kept_files(shop, pack)) == 1
    assert not (shop.world.storage.root / "staging" / ticket["id"]).exists()  # type: ignore[attr-defined]


@pytest.mark.feature("B12")
async def test_the_next_upload_is_a_new_version_which_owners_get(shop: Shop) -> None:
    ana, ben = await agent_shop(shop), await shop.person("ben")
    pack = await ana.sells(price=0)
    for content in (PACK, archive({"new.txt": b"new"})):
        ticket = await begins_upload(ana, pack, "pack.zip" if content is PACK else "second.zip")
        await puts(ana, ticket, content)
        assert (await confirms(ana, pack, ticket)).status_code == 200
    file = (await ana.get(product_path(ana, pack))).json()["files"]
    assert [(each["number"], each["fileName"]) for each in file] == [(2, "second.zip")]
    purchase = await ben.buys(pack)
    assert (await ben.get(f"/v1/purchases/{purchase['id']}/download")).content == archive({"new.txt": b"new"})


@pytest.mark.feature("B12")
async def test_of_several_files_the_one_that_is_named_is_replaced(shop: Shop) -> None:
    ana = await shop.author("ana")
    pack = await ana.sells()
    one, two = await ana.adds_file(pack, "one.pdf"), await ana.adds_file(pack, "two.pdf")
    for name, more, expected in (
        ("two.pdf", {}, {"one.pdf": 1, "two.pdf": 2}),
        ("uno.pdf", {"replaces": one["id"]}, {"uno.pdf": 2, "two.pdf": 2}),
        ("three.pdf", {}, {"uno.pdf": 2, "two.pdf": 2, "three.pdf": 1}),
    ):
        ticket = await begins_upload(ana, pack, name, "application/pdf", **more)
        await puts(ana, ticket, b"%PDF-1.7 again")
        assert (await confirms(ana, pack, ticket)).status_code == 200
        files = (await ana.get(product_path(ana, pack))).json()["files"]
        assert {each["fileName"]: each["number"] for each in files} == expected
    wrong = {"fileName": "a", "contentType": "b/c", "replaces": pack["id"]}
    assert (await ana.post(f"{product_path(ana, pack)}/uploads", wrong)).status_code == 404
    assert two["number"] == 1


@pytest.mark.feature("B12")
@pytest.mark.parametrize("content", [named("../../x"), overlapping(), b"%PDF-1.7", b"", PACK[:-30]])
async def test_what_is_no_sound_archive_is_never_attached_and_leaves_nothing(shop: Shop, content: bytes) -> None:
    ana = await agent_shop(shop)
    pack = await ana.sells()
    ticket = await begins_upload(ana, pack)
    await puts(ana, ticket, content)
    answer = await confirms(ana, pack, ticket)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_zip"), answer.text
    assert isinstance(shop.world.storage, Folder)
    assert not (shop.world.storage.root / "staging" / ticket["id"]).exists()
    assert (await confirms(ana, pack, ticket)).json()["code"] == "not_uploaded"
    assert kept_files(shop, pack) == []
    assert (await ana.get(product_path(ana, pack))).json()["files"] == []
    assert (await ana.post(f"{product_path(ana, pack)}/files", files={"file": ("a.zip", content)})).status_code == 422
    assert kept_files(shop, pack) == []


@pytest.mark.feature("B12")
async def test_a_tenant_that_may_sell_anything_may_send_anything_but_no_broken_archive(shop: Shop) -> None:
    ana = await shop.author("ana")
    book = await ana.sells()
    for name, kind, content, status in (
        ("a.pdf", "application/pdf", b"%PDF-1.7", 200),
        ("b.zip", "application/zip", b"%PDF-1.7", 422),
        ("c.pdf", "application/pdf", named("../x"), 422),
        ("d.pdf", "application/pdf", b"%PDF-1.7" + named("../x"), 422),
        ("e.zip", "application/pdf", b"%PDF-1.7", 422),
    ):
        ticket = await begins_upload(ana, book, name, kind)
        await puts(ana, ticket, content)
        assert (await confirms(ana, book, ticket)).status_code == status
    bob = await agent_shop(shop)
    body = {"fileName": "a.pdf", "contentType": "application/pdf"}
    answer = await bob.post(f"{product_path(bob, await bob.sells())}/uploads", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/contentType")


@pytest.mark.feature("B12")
async def test_an_address_opens_once_for_one_upload_until_it_expires(shop: Shop) -> None:
    ana = await agent_shop(shop)
    pack = await ana.sells()
    ticket, other = await begins_upload(ana, pack), await begins_upload(ana, pack)
    url = ticket["uploadUrl"]
    for forged in (
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace(ticket["id"], other["id"]),
        url.replace("expires=", "expires=9"),
        url.split("&signature=")[0] + "&signature=é",
    ):
        assert (await puts(ana, {"uploadUrl": forged}, PACK)).status_code == 404
    assert (await puts(ana, {"uploadUrl": url.split("?")[0]}, PACK)).status_code == 400
    assert (await confirms(ana, pack, ticket)).json()["code"] == "not_uploaded"
    assert (await puts(ana, ticket, PACK)).status_code == 200
    again = await puts(ana, ticket, archive({"other": b"x"}))
    assert (again.status_code, again.json()["code"]) == (409, "upload_over")
    shop.minutes_pass(61)
    late = await puts(ana, other, PACK)
    assert (late.status_code, late.json()["code"]) == (409, "upload_over")
    assert (await confirms(ana, pack, ticket)).status_code == 200, "what was put in time may be confirmed later"
    shop.days_pass(0.9)
    gone = await confirms(ana, pack, other)
    assert (gone.status_code, gone.json()["code"]) == (409, "upload_over")


@pytest.mark.feature("B12")
async def test_an_upload_is_its_own_product_s_and_its_own_team_s(shop: Shop) -> None:
    ana, bob = await agent_shop(shop), await agent_shop(shop)
    one, two, his = await ana.sells("One"), await ana.sells("Two"), await bob.sells()
    ticket = await begins_upload(ana, one)
    await puts(ana, ticket, PACK)
    assert (await confirms(ana, two, ticket)).status_code == 404
    assert (await confirms(bob, his, ticket)).status_code == 404
    assert (await bob.post(f"{product_path(ana, one)}/uploads/{ticket['id']}/confirm")).status_code == 404
    viewer = await shop.person("vic")
    await shop.joins(viewer, ana.site["tenantId"], "VIEWER")
    body = {"fileName": "a.zip", "contentType": "application/zip"}
    assert (await viewer.post(f"{product_path(ana, one)}/uploads", body)).status_code == 403
    assert (await confirms(ana, one, ticket)).status_code == 200


@pytest.mark.feature("B12")
async def test_two_who_confirm_at_once_make_one_version(shop: Shop) -> None:
    ana = await agent_shop(shop)
    pack = await ana.sells()
    ticket = await begins_upload(ana, pack)
    await puts(ana, ticket, PACK)
    answers = await asyncio.gather(*(confirms(ana, pack, ticket) for _ in range(8)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[200] >= 1 and set(statuses) <= {200, 409}
    assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 409)
    assert (await confirms(ana, pack, ticket)).json()["number"] == 1
    assert len(kept_files(shop, pack)) == 1


@pytest.mark.feature("B12")
async def test_two_who_confirm_when_the_first_is_slow_make_one_version(shop: Shop) -> None:
    """The lease is over before the first has done: both look through a copy of their own, and one is kept."""
    ana = await agent_shop(shop)
    pack = await ana.sells()
    ticket = await begins_upload(ana, pack)
    await puts(ana, ticket, PACK)
    kept, reached, go_on = shop.world.storage, asyncio.Event(), asyncio.Event()
    assert isinstance(kept, Folder)
    put, first = kept.put, True

    async def slow(key: str, *args: object, **kwargs: object) -> storage.Stored:
        nonlocal first
        if first and key.startswith("files/"):
            first = False
            reached.set()
            await go_on.wait()
        return await put(key, *args, **kwargs)  # type: ignore[arg-type]

    kept.put = slow  # type: ignore[assignment]
    try:
        slow_one = asyncio.create_task(confirms(ana, pack, ticket))
        await reached.wait()
        await shop.db.do("update uploads set confirming_until = null where id = $1", UUID(ticket["id"]))
        assert (await confirms(ana, pack, ticket)).status_code == 200
        go_on.set()
        answer = await slow_one
    finally:
        del kept.put  # type: ignore[attr-defined]
    assert answer.status_code in (200, 409)
    assert (await confirms(ana, pack, ticket)).json()["number"] == 1
    assert len(kept_files(shop, pack)) == 1


@pytest.mark.feature("B12")
async def test_what_is_put_in_its_place_while_it_is_looked_through_is_not_what_is_sold(shop: Shop) -> None:
    ana = await agent_shop(shop)
    pack = await ana.sells()
    ticket = await begins_upload(ana, pack)
    await puts(ana, ticket, PACK)
    kept = shop.world.storage
    assert isinstance(kept, Folder)
    put = kept.put

    async def replaced_after(key: str, *args: object, **kwargs: object) -> storage.Stored:
        stored = await put(key, *args, **kwargs)  # type: ignore[arg-type]
        if key.startswith("files/"):
            (kept.root / "staging" / ticket["id"]).write_bytes(named("../evil"))
        return stored

    kept.put = replaced_after  # type: ignore[assignment]
    try:
        answer = await confirms(ana, pack, ticket)
    finally:
        del kept.put  # type: ignore[attr-defined]
    assert answer.status_code == 200, answer.text
    assert await kept_bytes(shop, answer.json()["id"]) == PACK


@pytest.mark.feature("B12")
async def test_a_hundred_uploads_a_day_are_a_hundred_however_many_ask_at_once(shop: Shop) -> None:
    ana = await agent_shop(shop)
    pack = await ana.sells()
    body = {"fileName": "a.zip", "contentType": "application/zip"}
    answers = await asyncio.gather(*(ana.post(f"{product_path(ana, pack)}/uploads", body) for _ in range(150)))
    assert Counter(answer.status_code for answer in answers) == {201: 100, 429: 50}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status_code == 429)
    shop.days_pass(1.05)
    assert (await ana.post(f"{product_path(ana, pack)}/uploads", body)).status_code == 201


@pytest.mark.feature("B12")
async def test_ten_products_are_ten_however_many_are_made_at_once(shop: Shop) -> None:
    ana = await agent_shop(shop)
    path = f"/v1/sites/{ana.site['id']}/products"
    answers = await asyncio.gather(*(ana.post(path, {"name": f"Pack {n}", "price": 100}) for n in range(15)))
    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 5}


@pytest.mark.feature("B12")
async def test_the_account_s_room_is_never_passed(shop: Shop) -> None:
    ana = await shop.author("ana")
    room = 3 * len(PACK) + 5
    await limited(shop, ana, storageBytes=room, zipOnly=True)
    products = [await ana.sells(f"Pack {n}") for n in range(6)]
    tickets = [await begins_upload(ana, product) for product in products]
    assert {ticket["maxBytes"] for ticket in tickets} == {room}
    for ticket in tickets:
        assert (await puts(ana, ticket, PACK)).status_code == 200
    answers = await asyncio.gather(*(confirms(ana, *each) for each in zip(products, tickets, strict=True)))
    assert Counter(answer.status_code for answer in answers) == {200: 3, 413: 3}
    used = await shop.db.value("select bytes from storage_use where tenant_id = $1", UUID(ana.site["tenantId"]))
    assert used == 3 * len(PACK)
    assert sum(len(kept_files(shop, product)) for product in products) == 3


@pytest.mark.feature("B12")
async def test_a_file_over_the_limit_is_stopped_where_it_passes_it(shop: Shop) -> None:
    ana = await shop.author("ana")
    await limited(shop, ana, maxFileBytes=2 * MEGABYTE, zipOnly=True)
    pack = await ana.sells()
    ticket = await begins_upload(ana, pack)

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * MEGABYTE

    assert (await puts(ana, ticket, b"x" * (2 * MEGABYTE + 1))).status_code == 413
    assert (await puts(ana, ticket, unannounced())).status_code == 413
    assert isinstance(shop.world.storage, Folder)
    assert not list((shop.world.storage.root / "staging").glob(f"{ticket['id']}*"))
    assert (await puts(ana, ticket, PACK)).status_code == 200, "what was refused may be sent again"


@pytest.mark.feature("B12")
async def test_a_large_upload_streams_with_constant_memory(shop: Shop) -> None:
    ana = await shop.author("ana")
    film = await ana.sells()
    ticket = await begins_upload(ana, film, "film.mkv", "video/x-matroska")
    me, most, block, digest = psutil.Process(), 0, b"0123456789abcdef" * 65536, sha256()

    async def measured() -> AsyncIterator[bytes]:
        nonlocal most
        for _ in range(150):
            digest.update(block)
            most = max(most, me.memory_info().rss)
            yield block

    before = me.memory_info().rss
    assert (await puts(ana, ticket, measured())).status_code == 200
    assert (await confirms(ana, film, ticket)).json()["sha256"] == digest.hexdigest()
    assert max(most, me.memory_info().rss) - before < 40 * MEGABYTE


@pytest.mark.feature("B12")
async def test_what_is_never_confirmed_is_swept(shop: Shop) -> None:
    ana = await agent_shop(shop)
    pack = await ana.sells()
    ticket = await begins_upload(ana, pack)
    await puts(ana, ticket, PACK)
    assert isinstance(shop.world.storage, Folder)
    staged = shop.world.storage.root / "staging" / ticket["id"]
    await storage.sweep_strays(shop.db, shop.world.storage, now=shop.now)
    assert staged.exists()
    await storage.sweep_strays(shop.db, shop.world.storage, now=shop.now + timedelta(hours=25))
    assert not staged.exists()
