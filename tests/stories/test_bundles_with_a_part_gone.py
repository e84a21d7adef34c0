"""A bundle can be had when everything in it can: pages, doors, tools and feeds all say so, and ask for no money."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from tests.vocabulary.shop import Person, Shop
from tests.web.browsing import Browser
from tests.web.test_machines import page_of, schema_org

Json = dict[str, Any]
Change = Callable[[Shop, Person, Json], Awaitable[Any]]


async def changes(author: Person, product: Json, **fields: Any) -> None:
    assert author.site
    answer = await author.put(f"/v1/sites/{author.site['id']}/products/{product['id']}", fields)
    assert answer.status_code == 200, answer.text


async def archived(shop: Shop, ana: Person, song: Json) -> None:
    assert ana.site
    assert (await ana.delete(f"/v1/sites/{ana.site['id']}/products/{song['id']}")).status_code == 204


async def suspended(shop: Shop, ana: Person, song: Json) -> None:
    root = await shop.person("root", admin=True)
    answer = await root.put(f"/v1/admin/products/{song['id']}/status", {"isActive": False, "reason": "A complaint"})
    assert answer.status_code == 200, answer.text


async def switched_off(shop: Shop, ana: Person, song: Json) -> None:
    await changes(ana, song, isActive=False)


async def sold_out(shop: Shop, ana: Person, song: Json) -> None:
    await changes(ana, song, isLimited=True, totalQuantity=0)


async def ended(shop: Shop, ana: Person, song: Json) -> None:
    await changes(ana, song, availableUntil=(shop.now - timedelta(hours=1)).isoformat())


async def not_begun(shop: Shop, ana: Person, song: Json) -> None:
    await changes(ana, song, availableFrom=(shop.now + timedelta(days=1)).isoformat())


class Gone(NamedTuple):
    """What happens to a part, and what is told of the bundle: refusal, badge, schema.org's and a page's words."""

    happens: Change
    code: str
    badge: str
    word: str = "OutOfStock"
    says: str = "not on sale at the moment"


GONE = {
    "archived": Gone(archived, "not_for_sale", "unavailable"),
    "suspended": Gone(suspended, "not_for_sale", "unavailable"),
    "switched off": Gone(switched_off, "not_for_sale", "unavailable"),
    "sold out": Gone(sold_out, "sold_out", "soldOut", "SoldOut", "is sold, or held"),
    "ended": Gone(ended, "sale_ended", "ended", "Discontinued", "Its sale ended on"),
    "not begun": Gone(not_begun, "not_available_yet", "scheduled", "PreOrder", "It goes on sale on"),
}


async def bundle_of(ana: Person, price: int = 2000) -> tuple[Json, Json]:
    atlas, song = await ana.sells("Atlas", price=price), await ana.sells("Song", price=price)
    return await ana.sells("Both", productType="BUNDLE", memberIds=[atlas["id"], song["id"]], price=price), song


@pytest.mark.feature("A26", "A10")
@pytest.mark.parametrize("how", GONE)
async def test_a_bundle_with_a_part_gone_is_sold_to_nobody_and_every_page_says_so(shop: Shop, how: str) -> None:
    gone = GONE[how]
    ana, ben = await shop.author("ana"), await shop.person("ben")
    both, song = await bundle_of(ana)
    at, browser = page_of(ana, both), Browser(shop, ben)
    assert 'id="buy"' in (await browser.open(at)).text
    before = (await shop.http.get(f"/v1{at}")).json()
    assert (before["badges"], [each["isAvailable"] for each in before["members"]]) == ([], [True, True])
    await gone.happens(shop, ana, song)
    refused_ = await ben.asks_to_buy(both)
    assert (refused_.status_code, refused_.json()["code"]) == (409, gone.code)
    page = (await browser.open(at)).text
    assert 'id="buy"' not in page and gone.says in page
    now = (await shop.http.get(f"/v1{at}")).json()
    assert gone.badge in now["badges"]
    assert [each["isAvailable"] for each in now["members"]] == [True, False]
    listed = (await shop.http.get(f"/v1{page_of(ana)}?include=upcoming")).json()["data"]
    shown = [each["badges"] for each in listed if each["name"] == "Both"]
    assert shown == ([] if gone.badge == "ended" else [now["badges"]])
    (offer,) = (await schema_org(shop, at))["offers"]
    assert offer["availability"] == f"https://schema.org/{gone.word}"


@pytest.mark.feature("A26")
async def test_a_bundle_with_nothing_in_it_takes_no_money(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    box, song = await ana.sells("Box", productType="BUNDLE", price=900), await ana.sells("Song")
    at, edit = page_of(ana, box), f"/products/{box['id']}/edit"
    refused_ = await ben.asks_to_buy(box)
    assert (refused_.status_code, refused_.json()["code"]) == (409, "not_for_sale")
    assert (await shop.http.get(f"/v1{at}")).json()["badges"] == ["unavailable"]
    assert "There is nothing in this bundle yet." in (await Browser(shop, ben).open(at)).text
    assert "There is nothing in it yet." in (await Browser(shop, ana).open(edit)).text
    await changes(ana, box, memberIds=[song["id"]])
    assert "Nobody can buy this bundle" not in (await Browser(shop, ana).open(edit)).text
    assert (await ben.has(box))["status"] == "SUCCEEDED"
    await switched_off(shop, ana, song)
    assert "Off sale in it: Song." in (await Browser(shop, ana).open(edit)).text


@pytest.mark.feature("A26")
async def test_a_bundle_has_as_many_as_the_rarest_thing_in_it(shop: Shop) -> None:
    ana = await shop.author("ana")
    both, song = await bundle_of(ana)
    await changes(ana, song, isLimited=True, totalQuantity=3)
    assert ana.site
    shown = (await shop.http.get(f"/v1{page_of(ana, both)}")).json()
    assert (shown["remaining"], shown["badges"]) == (3, ["limitedStock"])
    await changes(ana, both, isLimited=True, totalQuantity=2)
    assert (await shop.http.get(f"/v1{page_of(ana, both)}")).json()["remaining"] == 2
    told = (await shop.http.get(f"/s/{ana.site['slug']}/llms.txt")).text
    await switched_off(shop, ana, song)
    assert "not on sale" not in told
    assert "not to be had at the moment" in (await shop.http.get(f"/s/{ana.site['slug']}/llms.txt")).text


@pytest.mark.feature("A26")
async def test_what_comes_back_brings_the_bundle_back(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    both, song = await bundle_of(ana)
    await not_begun(shop, ana, song)
    shop.days_pass(2)
    assert (await ben.has(both))["status"] == "SUCCEEDED"
