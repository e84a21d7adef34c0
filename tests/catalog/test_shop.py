"""The public shop: what buyers see, and how little it costs to look."""

import itertools
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest

from purvey import catalog
from purvey.catalog.shop import Shape, Sort, counted_shelf
from purvey.catalog.shop import shelf as shelf_statement
from purvey.kit.db import Queries
from purvey.kit.errors import NotFound
from purvey.kit.pages import Asked
from tests.vocabulary.shop import Person, Shop


@pytest.fixture
async def ana(shop: Shop) -> Person:
    return await shop.author("ana")


async def shelf(shop: Shop, person: Person, **query: Any) -> dict[str, Any]:
    answer = await shop.http.get(f"/v1/s/{person.name}/shop", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def names(page: dict[str, Any]) -> list[str]:
    return [product["name"] for product in page["data"]]


@pytest.mark.feature("A9")
async def test_the_shop_lists_active_products_in_their_time_the_featured_first(shop: Shop, ana: Person) -> None:
    soon, past = (shop.now + timedelta(days=1)).isoformat(), (shop.now - timedelta(days=1)).isoformat()
    await ana.sells("Field Atlas", displayOrder=2)
    await ana.sells("Star Map", displayOrder=1)
    await ana.sells("Globe", isFeatured=True, displayOrder=9)
    await ana.sells("Draft", isActive=False)
    await ana.sells("Free tier", isSystem=True)
    await ana.sells("To come", availableFrom=soon)
    await ana.sells("Over", availableUntil=past)
    assert names(await shelf(shop, ana)) == ["Globe", "Star Map", "Field Atlas"]
    assert names(await shelf(shop, ana, include="upcoming")) == ["Globe", "To come", "Star Map", "Field Atlas"]
    shop.days_pass(2)
    assert "To come" in names(await shelf(shop, ana))


@pytest.mark.feature("A9")
async def test_the_shop_is_sorted_and_filtered_as_one_asks(shop: Shop, ana: Person) -> None:
    await ana.sells("beta", price=300, productType="EBOOK")
    await ana.sells("Alpha", price=100)
    gamma = await ana.sells("gamma", price=200, stock=5)
    await shop.db.do("update products set sold_count = 4 where id = $1", gamma["id"])
    sorted_by = {
        "newest": ["gamma", "Alpha", "beta"],
        "price": ["Alpha", "gamma", "beta"],
        "-price": ["beta", "gamma", "Alpha"],
        "name": ["Alpha", "beta", "gamma"],
    }
    for sort, expected in sorted_by.items():
        assert names(await shelf(shop, ana, sort=sort)) == expected, sort
    assert names(await shelf(shop, ana, sort="best-selling"))[0] == "gamma"
    assert names(await shelf(shop, ana, productType="EBOOK")) == ["beta"]
    for wrong in ({"sort": "cheap"}, {"productType": "BOOK"}, {"include": "all"}, {"perPage": 101}, {"page": 0}):
        answer = await shop.http.get(f"/v1/s/{ana.name}/shop", params=wrong)
        assert answer.status_code == 400, answer.text
        assert next(iter(wrong)) in answer.json()["errors"][0]["pointer"], answer.text


@pytest.mark.feature("A9")
@pytest.mark.parametrize("sort", ["featured", "newest", "price", "-price", "name", "best-selling"])
async def test_pages_follow_each_other_without_gap_or_repeat_while_products_come_and_go(
    shop: Shop, ana: Person, sort: str
) -> None:
    for n in range(7):
        await ana.sells(f"Map {n % 3}", price=100 * (n % 2), isFeatured=n % 2 == 0, slug=f"map-{n}")
    whole = [product["id"] for product in (await shelf(shop, ana, sort=sort))["data"]]
    by_page = [await shelf(shop, ana, sort=sort, perPage=3, page=page) for page in (1, 2, 3)]
    assert [product["id"] for page in by_page for product in page["data"]] == whole
    assert by_page[2]["nextCursor"] is None
    first = await shelf(shop, ana, sort=sort, perPage=3, count="true")
    assert first["total"] == 7
    gone = first["data"][0]["id"]
    assert (await ana.delete(f"/v1/sites/{ana.site['id'] if ana.site else ''}/products/{gone}")).status_code == 204
    second = await shelf(shop, ana, sort=sort, perPage=3, cursor=first["nextCursor"])
    assert second["page"] == 2
    third = await shelf(shop, ana, sort=sort, perPage=3, cursor=second["nextCursor"])
    seen = [product["id"] for page in (first, second, third) for product in page["data"]]
    assert seen == whole, "the cursor knows its place, however many rows before it are gone"


@pytest.mark.feature("A9")
async def test_a_cursor_of_elsewhere_and_a_page_too_deep_are_refused(shop: Shop, ana: Person) -> None:
    for n in range(3):
        await ana.sells(f"Map {n}")
    cursor = (await shelf(shop, ana, perPage=2))["nextCursor"]
    unreadable = [{"cursor": cursor, "sort": "name"}, {"cursor": "nonsense"}, {"cursor": "WzFd"}]
    for query, status in [*((each, 400) for each in unreadable), ({"page": 501}, 422)]:
        answer = await shop.http.get(f"/v1/s/{ana.name}/shop", params=query)
        assert answer.status_code == status, answer.text
        assert answer.json()["errors"][0]["pointer"].startswith("query:")
    assert (await shop.http.get(f"/v1/s/{ana.name}/shop", params={"page": 500})).json()["data"] == []


@pytest.mark.feature("A9")
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("field", True),
        ("FIELD atl", True),
        ("atlas of the North", True),
        ("v1.2", True),
        ("hand-drawn", True),
        ("drawn", True),
        ("fie atlas", False),
        ("sea", False),
        ("   ", True),
        ("'", False),
        ("a' | b:* & !c <-> (d", False),
        ("\\", False),
        ("%_", False),
        ("🗺️", False),
        ("field:*", True),
        ("x" * 200, False),
    ],
)
async def test_search_finds_words_begun_and_survives_anything_typed(
    shop: Shop, ana: Person, typed: str, found: bool
) -> None:
    await ana.sells("Field Atlas v1.2", shortDesc="of the north", description="Hand-drawn maps.")
    assert bool(names(await shelf(shop, ana, q=typed))) is found


@pytest.mark.feature("A9")
async def test_search_refuses_what_is_too_long_or_cannot_be_text(shop: Shop, ana: Person) -> None:
    path = f"/v1/s/{ana.name}/shop"
    for query in ("q=" + "x" * 201, "q=%00", "q=%FF%FE"):
        answer = await shop.http.get(f"{path}?{query}")
        assert answer.status_code in (200, 400), answer.text
    assert (await shop.http.get(f"{path}?q={'x' * 201}")).status_code == 400


@pytest.mark.feature("A9", "A10")
async def test_who_has_the_newest_page_is_told_so_without_a_body(shop: Shop, ana: Person) -> None:
    atlas = await ana.sells("Atlas", stock=2)
    for path in (f"/v1/s/{ana.name}/shop", f"/v1/s/{ana.name}/shop/atlas"):
        first = await shop.http.get(path)
        assert first.headers["cache-control"].startswith("public")
        tag = first.headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await shop.http.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        await shop.db.do("update stock set sold = sold + 1 where product_id = $1", atlas["id"])
        assert (await shop.http.get(path, headers={"If-None-Match": tag})).status_code == 200


@pytest.mark.feature("A10")
async def test_badges_say_what_a_buyer_should_notice(shop: Shop, ana: Person) -> None:
    soon, past = (shop.now + timedelta(days=1)).isoformat(), (shop.now - timedelta(days=1)).isoformat()
    await ana.sells("Sale", price=100, comparePrice=150)
    await ana.sells("No sale", price=100, comparePrice=100)
    await ana.sells("Soon", availableFrom=soon)
    await ana.sells("Ended", availableUntil=past)
    few = await ana.sells("Few", stock=5)
    out = await ana.sells("Out", stock=5)
    await shop.db.do("update stock set sold = 1, reserved = 1 where product_id = $1", few["id"])
    await shop.db.do("update stock set sold = 5 where product_id = $1", out["id"])
    expected = {
        "sale": (["sale"], None),
        "no-sale": ([], None),
        "soon": (["scheduled"], None),
        "ended": (["ended"], None),
        "few": (["limitedStock"], 3),
        "out": (["soldOut"], 0),
    }
    for slug, (badges, remaining) in expected.items():
        product = (await shop.http.get(f"/v1/s/{ana.name}/shop/{slug}")).json()
        assert (product["badges"], product["remaining"]) == (badges, remaining), slug
    assert "Out" in names(await shelf(shop, ana)), "what is sold out is still shown"


@pytest.mark.feature("A10")
async def test_a_buyer_reads_everything_but_what_only_owners_may_have(shop: Shop, ana: Person) -> None:
    sku = f"{ana.name}-year"
    old = f"{ana.name}-old"
    whole = await ana.sells(
        "Atlas",
        description="Maps",
        thankYouMessage="secret thanks",
        redirectUrl="https://example.com/secret",
        useRedirectUrl=True,
        licenseEnabled=True,
        licenseText="For you alone",
        permissions={"secret": ["x"]},
        isPayWhatYouWant=True,
        minimumAmount=100,
        prices=[
            {"sku": sku, "amount": 900, "recurring": {"interval": "year"}},
            {"sku": old, "amount": 800},
        ],
    )
    assert ana.site is not None
    path = f"/v1/sites/{ana.site['id']}/products/{whole['id']}"
    assert (await ana.put(path, {"prices": [{"sku": old, "isArchived": True}]})).status_code == 200
    answer = await shop.http.get(f"/v1/s/{ana.name}/shop/atlas")
    assert "secret" not in answer.text
    product = answer.json()
    assert (product["price"], product["suggestion"], product["minimumAmount"]) == (1200, 1200, 100)
    assert "licenseText" not in product and "For you alone" not in answer.text
    assert product["kind"] == "recurring"
    assert [price["sku"] for price in product["prices"]] == [f"{ana.name}/atlas", sku]
    assert product["prices"][1]["recurring"] == {"interval": "year", "intervalCount": 1}
    assert product["files"] == []
    assert not {"storageKey", "downloadUrl", "thankYouMessage", "redirectUrl", "permissions"} & set(product)


@pytest.mark.feature("A9", "A10")
async def test_there_is_no_shop_where_there_is_none(shop: Shop, ana: Person) -> None:
    for path in ("nobody/shop", "nobody/shop/atlas", f"{ana.name}/shop/atlas", "%00/shop", "%ff/shop"):
        assert (await shop.http.get(f"/v1/s/{path}")).status_code in (400, 404), path
    assert (await shop.http.get("/v1/s/nobody/shop")).json()["code"] == "not_found"
    assert (await shelf(shop, ana))["data"] == []


class Counted(Queries):
    """A database that counts what it is asked."""

    def __init__(self, real: Queries) -> None:
        self.real, self.statements = real, 0

    @property
    def connection(self) -> Any:
        self.statements += 1
        return self.real.connection

    def one_moment(self) -> AbstractAsyncContextManager[Queries]:
        return self.real.one_moment()


@pytest.mark.feature("A9", "A10")
async def test_each_public_page_costs_one_statement_found_or_not(shop: Shop, ana: Person) -> None:
    await ana.sells("Atlas", stock=3)
    db = Counted(shop.db)
    tills = await shop.world.gateways.tills(db, ana.name)
    await catalog.shop_page(db, ana.name, tills=tills, asked=Asked(), now=shop.now)
    assert db.statements == 1
    await catalog.shop_product(db, ana.name, "atlas", tills=tills, now=shop.now)
    assert db.statements == 2
    with pytest.raises(NotFound):
        await catalog.shop_page(db, "nobody", tills=tills, asked=Asked(), now=shop.now)
    with pytest.raises(NotFound):
        await catalog.shop_product(db, ana.name, "nothing", tills=tills, now=shop.now)
    assert db.statements == 4


@pytest.mark.feature("A9")
async def test_every_shape_of_the_shelf_is_a_statement_that_postgres_takes(shop: Shop) -> None:
    flags = (False, True)
    async with shop.db.pool.acquire() as connection:
        for sort, *asked in itertools.product(Sort, *[flags] * 5):
            shape = Shape(sort, 21, *asked)
            await connection.prepare(shelf_statement(shape))
            await connection.prepare(counted_shelf(shape))
