"""A product is changed, archived, restored, switched off by the platform."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.vocabulary.shop import Person, Shop


def door(person: Person, product: dict[str, Any] | None = None) -> str:
    assert person.site is not None
    return f"/v1/sites/{person.site['id']}/products" + (f"/{product['id']}" if product else "")


@pytest.fixture
async def ana(shop: Shop) -> Person:
    return await shop.author("ana")


async def changed(person: Person, product: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = await person.put(door(person, product), fields)
    assert answer.status_code == 200, answer.text
    after: dict[str, Any] = answer.json()
    return after


async def told(shop: Shop, person: Person) -> list[tuple[str, dict[str, Any]]]:
    """What was published of this person's tenant after its products were made."""
    rows = await shop.db.records(
        "select type, payload from events where tenant_id = $1 and type not in ('PRODUCT_CREATED', 'PRICE_CREATED')"
        " order by id",
        person.site["tenantId"] if person.site else None,
    )
    return [(row["type"], row["payload"]) for row in rows]


@pytest.mark.feature("A4")
async def test_what_is_missing_stays_and_null_clears(shop: Shop, ana: Person) -> None:
    atlas = await ana.sells("Atlas", description="Maps", shortDesc="Maps", comparePrice=1500)
    after = await changed(ana, atlas, name="  Atlas II ", description=None, comparePrice=None)
    assert (after["name"], after["description"], after["shortDesc"]) == ("Atlas II", None, "Maps")
    assert (after["price"], after["comparePrice"]) == (1200, None)
    assert after["version"] == 2
    assert after["slug"] == "atlas", "a new name is no new address"
    [(first, product), (second, price)] = await told(shop, ana)
    assert (first, product["changed"]) == ("PRODUCT_UPDATED", {"name": "Atlas II", "description": None})
    assert (second, price["sku"], price["compare_at_amount"]) == ("PRICE_UPDATED", atlas["sku"], None)
    assert price["previous_version_id"] == atlas["prices"][0]["versionId"]
    assert price["version_id"] == after["prices"][0]["versionId"] != atlas["prices"][0]["versionId"]


@pytest.mark.feature("A4")
async def test_a_product_sent_back_as_it_was_read_changes_nothing(shop: Shop, ana: Person) -> None:
    member = await ana.sells("Member")
    sku = f"{ana.name}-more"
    monthly = {"interval": "month", "intervalCount": 1}
    whole = await ana.sells(
        "Atlas",
        stock=5,
        productType="BUNDLE",
        memberIds=[member["id"]],
        permissions={"a": ["b"]},
        prices=[{"id": "more", "sku": sku, "amount": 3, "recurring": monthly}],
        availableFrom="2020-01-01T00:00:00+02:00",
    )
    assert await changed(ana, whole, **whole) == whole
    assert await told(shop, ana) == []
    busy = whole | {"soldCount": 12, "updatedAt": "2020-01-01T00:00:00Z", "stock": None}
    assert await changed(ana, whole, **busy) == whole, "what is counted meanwhile does not matter"
    stranger = await ana.put(door(ana, whole), whole | {"siteId": member["id"]})
    assert (stranger.status_code, stranger.json()["errors"][0]["pointer"]) == (422, "/siteId")


@pytest.mark.feature("A4")
async def test_a_stale_write_is_refused_and_changes_nothing(ana: Person) -> None:
    atlas = await ana.sells("Atlas")
    await changed(ana, atlas, name="Second")
    stale = await ana.put(door(ana, atlas), {"name": "Third", "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    failed = await ana.put(door(ana, atlas), {"name": "Third"}, headers={"If-Match": '"1"'})
    assert failed.status_code == 412
    assert (await ana.get(door(ana, atlas))).json()["name"] == "Second"
    fresh = await ana.put(door(ana, atlas), {"name": "Third"}, headers={"If-Match": '"1", "2"'})
    assert (fresh.status_code, fresh.headers["etag"]) == (200, '"3"')


@pytest.mark.feature("A4")
async def test_of_twenty_writers_of_one_version_exactly_one_wins(ana: Person) -> None:
    atlas = await ana.sells("Atlas")
    answers = await asyncio.gather(*(ana.put(door(ana, atlas), {"name": f"Name {n}", "version": 1}) for n in range(20)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 19}
    assert (await ana.get(door(ana, atlas))).json()["version"] == 2


@pytest.mark.feature("A4")
async def test_an_address_can_move_where_it_is_free(ana: Person) -> None:
    atlas, other = await ana.sells("Atlas"), await ana.sells("Other")
    taken = await ana.put(door(ana, atlas), {"slug": "other"})
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")
    moved = await changed(ana, atlas, slug="new-atlas")
    assert moved["sku"] == f"{ana.name}/atlas", "a SKU is for ever"
    assert (await ana.sells("Atlas", slug="atlas"))["sku"] == f"{ana.name}/atlas-2"
    answers = await asyncio.gather(
        *(ana.put(door(ana, product), {"slug": "wanted"}) for product in (atlas, other) for _ in range(5))
    )
    winners = {answer.json()["id"] for answer in answers if answer.status_code == 200}
    assert len(winners) == 1
    assert {answer.status_code for answer in answers} == {200, 409}


@pytest.mark.feature("C1", "A4")
async def test_prices_are_changed_added_archived_and_keep_their_skus(shop: Shop, ana: Person) -> None:
    base = ana.name
    plan = await ana.sells(
        "Plan", price=None, prices=[{"id": "a", "sku": f"{base}-a", "amount": 100}, {"sku": f"{base}-b", "amount": 200}]
    )
    a, b = plan["prices"]
    yearly = {"interval": "year", "intervalCount": 1}
    after = await changed(
        ana,
        plan,
        prices=[
            {"id": "a", "amount": 150},
            {"id": b["id"], "isArchived": True},
            {"sku": f"{base}-c", "amount": 300, "recurring": yearly},
        ],
    )
    by_sku = {price["sku"]: price for price in after["prices"]}
    assert (by_sku[f"{base}-a"]["amount"], after["price"]) == (150, 150)
    assert by_sku[f"{base}-a"]["id"] == a["id"]
    assert by_sku[f"{base}-b"]["isArchived"]
    assert by_sku[f"{base}-c"]["recurring"] == yearly
    assert after["kind"] == "recurring"
    types = [type for type, _ in await told(shop, ana)]
    assert types == ["PRODUCT_UPDATED", "PRICE_UPDATED", "PRICE_DELETED"]
    versions = await shop.db.value("select count(*) from price_versions where price_id = $1", a["id"])
    assert versions == 2, "the version that somebody bought is still there"

    swapped = await changed(ana, plan, prices=[{"sku": f"{base}-c", "isDefault": True}])
    assert (swapped["sku"], swapped["price"]) == (f"{base}-c", 300)
    again = await changed(ana, plan, prices=[{"id": "a", "isArchived": True}, {"id": b["id"], "isArchived": False}])
    assert [price["isArchived"] for price in again["prices"]] == [False, False, True]
    flat = await changed(ana, plan, price=333)
    assert flat["prices"][0]["amount"] == 333
    assert flat["prices"][0]["recurring"] == yearly


@pytest.mark.feature("C1")
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"prices": [{"id": "a", "sku": "other"}]}, "/prices/0/sku"),
        ({"prices": [{"id": "a", "ref": "z"}]}, "/prices/0/ref"),
        ({"prices": [{"id": "a", "amount": 1}, {"sku": "NAME-a", "amount": 2}]}, "/prices/1/id"),
        ({"prices": [{"id": "new", "amount": 1}]}, "/prices/0/sku"),
        ({"prices": [{"sku": "NAME-new"}]}, "/prices/0/amount"),
        ({"prices": [{"id": "a", "isArchived": True}]}, "/prices"),
        ({"prices": [{"id": "a", "isDefault": False}]}, "/prices/0/isDefault"),
        ({"prices": [{"id": "b", "isDefault": True}, {"id": "c", "isDefault": True}]}, "/prices/1/isDefault"),
        ({"price": 5, "prices": [{"id": "a", "amount": 6}]}, "/price"),
        ({"sku": "another"}, "/sku"),
        ({"prices": [{"id": "a", "currencyCode": "XXZ"}]}, "/prices/0/currencyCode"),
        ({"currencyCode": "ABC"}, "/currencyCode"),
        ({"prices": [{"sku": "NAME-n", "amount": 1}, {"sku": "NAME-n", "amount": 1}]}, "/prices/1/sku"),
    ],
)
async def test_what_cannot_be_done_to_prices_is_named(ana: Person, body: dict[str, Any], pointer: str) -> None:
    base = ana.name
    prices = [{"id": ref, "sku": f"{base}-{ref}", "amount": 1} for ref in "abc"]
    plan = await ana.sells("Plan", price=None, prices=prices)
    for price in body.get("prices", []):
        if "sku" in price:
            price["sku"] = price["sku"].replace("NAME", base)
    answer = await ana.put(door(ana, plan), body)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert (await ana.get(door(ana, plan))).json() == plan


@pytest.mark.feature("C19")
async def test_an_editor_changes_everything_but_prices(shop: Shop, ana: Person) -> None:
    ed = await shop.person("ed")
    assert ana.site is not None
    await shop.joins(ed, ana.site["tenantId"], "EDITOR")
    atlas = await ana.sells("Atlas", isPayWhatYouWant=True)
    ed.site = ana.site
    assert (await changed(ed, atlas, name="Better", price=1200))["name"] == "Better"
    for body in ({"price": 1}, {"isPayWhatYouWant": False}, {"minimumAmount": 1}, {"comparePrice": 5000}):
        refused = await ed.put(door(ana, atlas), body)
        assert (refused.status_code, refused.json()["permission"]) == (403, "EditProductPrice")


@pytest.mark.feature("A25")
async def test_copies_are_never_fewer_than_are_sold_or_held(shop: Shop, ana: Person) -> None:
    atlas = await ana.sells("Atlas", stock=10)
    await shop.db.do("update stock set reserved = 2, sold = 3 where product_id = $1", atlas["id"])
    short = await ana.put(door(ana, atlas), {"totalQuantity": 4})
    assert short.status_code == 409
    assert (short.json()["code"], short.json()["sold"], short.json()["reserved"]) == ("too_few_copies", 3, 2)
    assert (await ana.get(door(ana, atlas))).json()["totalQuantity"] == 10
    after = await changed(ana, atlas, totalQuantity=5)
    assert after["stock"] == {"total": 5, "reserved": 2, "sold": 3, "remaining": 0}
    assert after["soldCount"] == 3


@pytest.mark.feature("A25")
async def test_a_product_becomes_limited_and_unlimited_without_losing_count(shop: Shop, ana: Person) -> None:
    atlas = await ana.sells("Atlas")
    assert atlas["stock"] is None
    await shop.db.do("update products set sold_count = 4 where id = $1", atlas["id"])
    await shop.db.do("insert into sold_tallies (product_id, quantity) values ($1, 3)", atlas["id"])
    short = await ana.put(door(ana, atlas), {"isLimited": True, "totalQuantity": 6})
    assert (short.status_code, short.json()["sold"]) == (409, 7)
    limited = await changed(ana, atlas, isLimited=True, totalQuantity=10)
    assert limited["stock"]["remaining"] == 3
    await shop.db.do("update stock set reserved = 1 where product_id = $1", atlas["id"])
    free = await changed(ana, atlas, isLimited=False)
    assert free["stock"] is None
    held = await shop.db.value("select reserved from stock where product_id = $1", atlas["id"])
    assert held == 1, "an open checkout still counts where it began"
    again = await changed(ana, atlas, isLimited=True, totalQuantity=20)
    assert again["stock"] == {"total": 20, "reserved": 1, "sold": 7, "remaining": 12}
    nothing = await ana.put(door(ana, atlas), {"totalQuantity": None})
    assert (nothing.status_code, nothing.json()["errors"][0]["pointer"]) == (422, "/totalQuantity")


@pytest.mark.feature("A5")
async def test_an_archived_product_leaves_the_shop_keeps_its_slug_and_can_come_back(shop: Shop, ana: Person) -> None:
    atlas = await ana.sells("Atlas")
    assert (await ana.delete(door(ana, atlas))).status_code == 204
    assert (await ana.delete(door(ana, atlas))).status_code == 204, "again is nothing"
    gone = (await ana.get(door(ana, atlas))).json()
    assert not gone["isActive"]
    assert gone["deletedAt"]
    assert (await shop.http.get(f"/v1/s/{ana.name}/shop/atlas")).status_code == 404
    assert (await ana.get(door(ana))).json()["data"] == []
    assert [row["id"] for row in (await ana.get(door(ana) + "?archived=true")).json()["data"]] == [atlas["id"]]
    assert [type for type, _ in await told(shop, ana)] == ["PRODUCT_DELETED"]

    clash = await ana.post(door(ana), {"name": "Atlas", "slug": "atlas", "price": 1})
    assert clash.status_code == 409
    assert clash.json()["archived"]
    assert f"{atlas['id']}/restore" in clash.json()["detail"]
    frozen = await ana.put(door(ana, atlas), {"isActive": True})
    assert (frozen.status_code, frozen.json()["code"]) == (409, "archived")

    back = await ana.post(door(ana, atlas) + "/restore")
    assert back.status_code == 200
    assert back.json()["isActive"]
    assert back.json()["deletedAt"] is None
    assert (await shop.http.get(f"/v1/s/{ana.name}/shop/atlas")).status_code == 200


@pytest.mark.feature("A5")
async def test_a_hidden_product_comes_back_hidden(ana: Person) -> None:
    draft = await ana.sells("Draft", isActive=False)
    await ana.delete(door(ana, draft), headers={"If-Match": '"1"'})
    assert not (await ana.post(door(ana, draft) + "/restore")).json()["isActive"]


@pytest.mark.feature("A20")
async def test_the_platform_switches_a_product_off_and_its_author_cannot_switch_it_on(shop: Shop, ana: Person) -> None:
    root = await shop.person("root", admin=True)
    atlas = await ana.sells("Atlas")
    status = f"/v1/admin/products/{atlas['id']}/status"
    assert (await ana.put(status, {"isActive": False})).status_code == 403
    off = await root.put(status, {"isActive": False, "reason": "Stolen maps"})
    assert off.status_code == 200, off.text
    seen = (await ana.get(door(ana, atlas))).json()
    assert not seen["isActive"]
    assert seen["suspension"]["reason"] == "Stolen maps"
    assert (await shop.http.get(f"/v1/s/{ana.name}/shop/atlas")).status_code == 404
    refused = await ana.put(door(ana, atlas), {"isActive": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "suspended")
    assert "Stolen maps" in refused.json()["detail"]
    assert (await changed(ana, atlas, name="My own maps"))["name"] == "My own maps"
    await ana.delete(door(ana, atlas))
    assert not (await ana.post(door(ana, atlas) + "/restore")).json()["isActive"], "archiving is no way around"
    on = await root.put(status, {"isActive": True})
    assert (on.json()["isActive"], on.json()["suspension"]) == (True, None)
    audited = await shop.db.records(
        "select action, actor_id, detail from audit_log where subject_id = $1 and tenant_id = $2 order by at, id",
        atlas["id"],
        ana.site["tenantId"] if ana.site else None,
    )
    actions = [row["action"] for row in audited]
    assert actions == [
        "product.created",
        "product.suspended",
        "product.updated",
        "product.archived",
        "product.restored",
        "product.reinstated",
    ]
    assert audited[1]["actor_id"] == root.id
    assert audited[1]["detail"]["reason"] == "Stolen maps"


@pytest.mark.feature("A20")
async def test_the_platform_does_not_bring_back_what_its_author_archived(shop: Shop, ana: Person) -> None:
    root = await shop.person("root", admin=True)
    atlas = await ana.sells("Atlas")
    await ana.delete(door(ana, atlas))
    answer = await root.put(f"/v1/admin/products/{atlas['id']}/status", {"isActive": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "archived")
