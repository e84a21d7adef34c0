"""The shelf of limited products, when somebody takes from it and gives back at the same moment."""

import asyncio
import re
from pathlib import Path
from uuid import UUID

import pytest

import purvey
from purvey import catalog
from purvey.catalog import Taken
from tests.vocabulary.shop import Shop, eventually


@pytest.mark.feature("A25")
async def test_the_last_copy_given_back_while_a_buyer_waits_for_it_is_held_for_that_buyer(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells("Field Atlas", stock=1)
    wanted = [Taken(product_id=UUID(atlas["id"]), quantity=1, counted=True)]
    share = catalog.share("select $1::uuid")
    async with shop.db.transaction() as tx:
        await catalog.reserve(await catalog.shared(tx, share, UUID(atlas["id"])), wanted)

    async def reserve_in_turn() -> None:
        async with shop.db.transaction() as tx:
            await catalog.reserve(await catalog.shared(tx, share, UUID(atlas["id"])), wanted)

    async def waits() -> bool:
        return bool(await shop.db.value("select count(*) from pg_locks where not granted"))

    async with shop.db.transaction() as tx:
        await catalog.release(await catalog.shared(tx, share, UUID(atlas["id"])), wanted)
        waiting = asyncio.create_task(reserve_in_turn())
        await eventually(waits)
    await waiting

    assert await shop.stock_of(atlas) == (1, 1, 0)


@pytest.mark.feature("A25")
async def test_a_product_that_was_sold_before_it_was_limited_keeps_true_books(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas")
    assert ana.site
    door = f"/v1/sites/{ana.site['id']}/products/{atlas['id']}"
    await ben.has(atlas)
    for limits in ({"isLimited": True, "totalQuantity": 9}, {"isLimited": False}):
        assert (await ana.put(door, limits)).status_code == 200
        await shop.books_agree(ana)
        await (await shop.person("eve")).has(atlas)

    assert (await ana.put(door, {"isLimited": True, "totalQuantity": 4})).status_code == 200
    assert await shop.stock_of(atlas) == (4, 0, 3)
    await shop.books_agree(ana)


@pytest.mark.feature("A25")
async def test_whatever_moves_units_or_writes_a_purchase_has_shared_the_goods_first(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas, song = await ana.sells("Field Atlas", stock=1), await ana.sells("Birdsong", stock=1)
    wanted = [Taken(product_id=UUID(song["id"]), quantity=1, counted=True)]
    async with shop.db.transaction() as tx:
        goods = await catalog.shared(tx, catalog.share("select $1::uuid"), UUID(atlas["id"]))
        for move in (catalog.reserve, catalog.sell_at_once, catalog.sell, catalog.release, catalog.put_back):
            with pytest.raises(AssertionError, match=song["id"]):
                await move(goods, wanted)
    assert await shop.stock_of(song) == (1, 0, 0)

    source = {file: file.read_text() for file in Path(purvey.__file__).parent.rglob("*.py")}
    assert sum(len(re.findall(r"\bSharedGoods\(", text)) for text in source.values()) == 1, "only the lock makes it"
    writing = {file.name: text for file, text in source.items() if "insert into purchases" in text}
    assert writing.keys() == {"store.py"} and "async def insert(\n    goods: SharedGoods," in writing["store.py"]


@pytest.mark.feature("A27")
@pytest.mark.parametrize("page", [1, 3, 20])
async def test_names_stand_as_people_sort_them_and_no_page_loses_one(shop: Shop, page: int) -> None:
    ana = await shop.author("ana")
    assert ana.site
    sorted_names = [
        "“Aardvark”", "Æsop", "Ähre", "Apfel", "äpfel 2", "APFEL 10", "Çilek", "Éclair", "eclair 2", "Éclair 10",
        "Łódź", "Øre", "Part 1", "part 2", "Part 02b", "Part 10", "Straße", "Strasse 2", "Zebra",
        "Ёлка", "Жук", "яблоко",
    ]  # fmt: skip
    for name in sorted(sorted_names, reverse=True):
        await ana.sells(name)
    found: list[str] = []
    asked: dict[str, str | int] = {"sort": "name", "perPage": page}
    while True:
        answer = (await shop.http.get(f"/v1/s/{ana.site['slug']}/shop", params=asked)).json()
        found += [product["name"] for product in answer["data"]]
        if answer["nextCursor"] is None:
            break
        asked["cursor"] = answer["nextCursor"]
    assert found == sorted_names
