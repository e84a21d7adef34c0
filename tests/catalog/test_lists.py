"""What teams and platform admins see of their products, and prices found by SKU."""

from typing import Any

import pytest

from tests.vocabulary.shop import Person, Shop


def door(person: Person) -> str:
    assert person.site is not None
    return f"/v1/sites/{person.site['id']}/products"


async def listed(person: Person, path: str, **query: Any) -> list[str]:
    answer = await person.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [product["name"] for product in answer.json()["data"]]


@pytest.fixture
async def ana(shop: Shop) -> Person:
    return await shop.author("ana")


@pytest.mark.feature("A1", "C14")
async def test_a_team_lists_and_filters_its_products(ana: Person) -> None:
    monthly = {"interval": "month"}
    await ana.sells("Atlas", productType="EBOOK", stock=3)
    await ana.sells("Draft", isActive=False)
    await ana.sells("Club", price=None, prices=[{"sku": f"{ana.name}-m", "amount": 5, "recurring": monthly}])
    await ana.sells("Base", isSystem=True)
    path = door(ana)
    assert await listed(ana, path) == ["Atlas", "Draft", "Club", "Base"]
    assert await listed(ana, path, productType="EBOOK") == ["Atlas"]
    assert await listed(ana, path, isActive="false") == ["Draft"]
    assert await listed(ana, path, q="dra") == ["Draft"]
    assert await listed(ana, path, kind="recurring") == ["Club"]
    assert await listed(ana, path, kind="one-time", system="false") == ["Atlas", "Draft"]
    assert await listed(ana, path, system="true") == ["Base"]
    assert await listed(ana, path, archived="true") == []
    page = (await ana.get(path, params={"perPage": 3, "count": "true"})).json()
    assert (page["total"], page["page"], page["perPage"]) == (4, 1, 3)
    assert await listed(ana, path, perPage=3, cursor=page["nextCursor"]) == ["Base"]
    atlas = page["data"][0]
    assert (atlas["remaining"], atlas["sku"], atlas["kind"]) == (3, f"{ana.name}/atlas", "one-time")


@pytest.mark.feature("A1", "A3", "C19")
async def test_only_members_see_a_sites_products(shop: Shop, ana: Person) -> None:
    atlas = await ana.sells("Atlas")
    stranger, viewer = await shop.author("ben"), await shop.person("vic")
    assert ana.site is not None
    await shop.joins(viewer, ana.site["tenantId"], "VIEWER")
    one = f"{door(ana)}/{atlas['id']}"
    for path in (door(ana), one):
        assert (await shop.http.get(path)).status_code == 401
        assert (await stranger.get(path)).status_code == 404
        assert (await viewer.get(path)).status_code == 200
    assert (await viewer.post(door(ana), {"name": "Map", "price": 1})).status_code == 403
    assert (await viewer.put(one, {"name": "Map"})).status_code == 403
    assert (await viewer.delete(one)).status_code == 403
    elsewhere = f"{door(stranger)}/{atlas['id']}"
    for answer in (
        await stranger.get(elsewhere),
        await stranger.put(elsewhere, {"name": "Mine"}),
        await stranger.delete(elsewhere),
        await stranger.post(f"{elsewhere}/restore"),
    ):
        assert answer.status_code == 404, "a product of another site does not exist here"


@pytest.mark.feature("A19")
async def test_platform_admins_list_every_catalog(shop: Shop, ana: Person) -> None:
    root, ben = await shop.person("root", admin=True), await shop.author("ben")
    await ana.sells(f"Atlas of {ana.name}", productType="EBOOK")
    await ana.sells("Hidden", isActive=False)
    await ben.sells("Theirs")
    assert ana.site is not None
    site = {"siteId": ana.site["id"]}
    path = "/v1/admin/products"
    assert await listed(root, path, **site) == ["Hidden", f"Atlas of {ana.name}"]
    assert await listed(root, path, authorId=str(ben.id)) == ["Theirs"]
    assert await listed(root, path, **site, isActive="true") == [f"Atlas of {ana.name}"]
    assert await listed(root, path, **site, productType="EBOOK", q="atlas") == [f"Atlas of {ana.name}"]
    assert (await ana.get(path)).status_code == 403
    assert (await shop.http.get(path)).status_code == 401
    assert (await root.get(path, params={"siteId": "x"})).json()["data"] == []  # as of an id that no site has


@pytest.mark.feature("C6")
async def test_a_sku_finds_its_one_price_for_the_team_that_owns_it(shop: Shop, ana: Person) -> None:
    ben = await shop.author("ben")
    skus = [f"{ana.name}/a b?&#/ü", f"{ana.name}-2"]
    plan = await ana.sells("Plan", price=None, prices=[{"sku": sku, "amount": 7} for sku in skus])
    assert ana.site is not None
    assert ben.site is not None
    mine, theirs = (f"/v1/sites/{site['id']}/prices" for site in (ana.site, ben.site))
    found = await ana.get(f"{mine}/by-sku", params={"sku": skus[0]})
    assert found.status_code == 200, found.text
    assert found.json()["productId"] == plan["id"]
    assert found.json()["price"] == plan["prices"][0]
    missing = await ben.get(f"{theirs}/by-sku", params={"sku": skus[0]})
    assert (missing.status_code, missing.json()["sku"]) == (404, skus[0])
    batch = (await ana.get(mine, params={"sku": [*skus, "nothing"]})).json()
    assert {each["price"]["sku"] for each in batch["data"]} == set(skus)
    assert batch["missing"] == ["nothing"]
    assert (await ana.get(mine, params={"sku": [f"s{n}" for n in range(101)]})).status_code == 400
    assert (await ana.get(mine)).status_code == 400
