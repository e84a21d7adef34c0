"""What was promised at the sale stays: refund window, limit of downloads, licence. More may be given later."""

from typing import Any

import pytest
from tests.vocabulary.shop import Person, Shop

Json = dict[str, Any]


async def changes(author: Person, product: Json, **fields: Any) -> None:
    assert author.site
    answer = await author.put(f"/v1/sites/{author.site['id']}/products/{product['id']}", fields)
    assert answer.status_code == 200, answer.text


async def window(author: Person, days: int) -> None:
    assert author.site
    answer = await author.patch(f"/v1/sites/{author.site['id']}", {"refundWindowDays": days})
    assert answer.status_code == 200, answer.text


async def asks_back(buyer: Person, purchase: Json) -> int:
    answer = await buyer.post(f"/v1/purchases/{purchase['id']}/refund-request", {"reason": "It is not what I thought"})
    return answer.status_code


async def left(buyer: Person, purchase: Json) -> set[int | None]:
    """What is left of the limit, by every door that tells it."""
    files = (await buyer.get(f"/v1/purchases/{purchase['id']}/files")).json()
    told = (await buyer.get(f"/api/purchases/{purchase['id']}")).json()["files"]
    seen = (await buyer.sees(purchase))["files"]
    files = files if isinstance(files, list) else files["files"]
    return {each["downloadsLeft"] for each in [*files, *seen]} | {each["downloads_left"] for each in told}


@pytest.mark.feature("A14", "A15")
async def test_a_shorter_refund_window_is_for_later_sales_alone(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    atlas = await ana.sells()
    before = await ben.has(atlas)
    await window(ana, 0)
    after = await eve.has(atlas)
    assert (await ben.sees(before))["refundableUntil"] == before["refundableUntil"] != after["refundableUntil"]
    shop.days_pass(13)
    assert await asks_back(eve, after) == 409
    assert await asks_back(ben, before) == 201


@pytest.mark.feature("A15")
async def test_a_longer_one_is_for_everybody(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    bought = await ben.has(await ana.sells())
    await window(ana, 30)
    shop.days_pass(29)
    assert await asks_back(ben, bought) == 201


@pytest.mark.feature("A13")
async def test_a_lower_limit_of_downloads_is_for_later_sales_alone(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    atlas = await ana.sells(price=0, maxDownloads=3)
    await ana.adds_file(atlas, "atlas.txt", b"maps")
    before = await ben.buys(atlas)
    await changes(ana, atlas, maxDownloads=1)
    after = await eve.buys(atlas)
    assert (await left(ben, before), await left(eve, after)) == ({3}, {1})
    statuses = [(await ben.get(f"/v1/purchases/{before['id']}/download")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 403]
    await changes(ana, atlas, maxDownloads=5)
    assert (await left(ben, before), await left(eve, after)) == ({2}, {5})
    await changes(ana, atlas, maxDownloads=None)
    assert (await left(ben, before), await left(eve, after)) == ({None}, {None})
    await changes(ana, atlas, maxDownloads=1)
    assert (await ben.get(f"/v1/purchases/{before['id']}/download")).status_code == 403


@pytest.mark.feature("A13")
async def test_what_was_sold_without_a_limit_gets_none(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells(price=0)
    await ana.adds_file(atlas, "atlas.txt", b"maps")
    bought = await ben.buys(atlas)
    await changes(ana, atlas, maxDownloads=1)
    assert await left(ben, bought) == {None}
    assert {(await ben.get(f"/v1/purchases/{bought['id']}/download")).status_code for _ in range(3)} == {200}


@pytest.mark.feature("A13", "A26")
async def test_a_bundle_keeps_the_limits_that_it_was_sold_with(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    song = await ana.sells("Song", maxDownloads=4)
    await ana.adds_file(song, "song.txt", b"la la")
    by_member = await ana.sells("Both", price=0, productType="BUNDLE", memberIds=[song["id"]])
    by_itself = await ana.sells("Set", price=0, productType="BUNDLE", memberIds=[song["id"]], maxDownloads=2)
    first, second = await ben.buys(by_member), await eve.buys(by_itself)
    await changes(ana, song, maxDownloads=1)
    await changes(ana, by_itself, maxDownloads=None)
    assert (await left(ben, first), await left(eve, second)) == ({4}, {2})


@pytest.mark.feature("A13", "B15")
async def test_the_licence_is_the_one_that_was_sold(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    atlas = await ana.sells(price=0, licenseEnabled=True, licenseText="Print it as often as you like.")
    before = await ben.buys(atlas)
    for text in ({"licenseText": "Look, do not print."}, {"licenseEnabled": False, "licenseText": None}):
        await changes(ana, atlas, **text)
        assert (await ben.sees(before))["licenseText"] == "Print it as often as you like."
        told = (await ben.get(f"/api/purchases/{before['id']}")).json()
        assert told["license_text"] == "Print it as often as you like."
    assert (await eve.sees(await eve.buys(atlas)))["licenseText"] is None


async def test_what_counts_is_what_was_promised_when_the_checkout_began(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells(maxDownloads=3)
    await ana.adds_file(atlas, "atlas.txt", b"maps")
    begun = await ben.buys(atlas)
    await changes(ana, atlas, maxDownloads=1)
    assert await left(ben, await ben.pays(begun) | {"id": begun["id"]}) == {3}
