"""What programs read of a shop: the page as JSON, schema.org's words in it, and llms.txt."""

import json
import re
from typing import Any

import pytest

from tests.vocabulary.shop import Person, Shop

SCRIPT = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


def page_of(ana: Person, product: dict[str, Any] | None = None) -> str:
    return f"/s/{ana.site['slug']}/shop" + (f"/{product['slug']}" if product else "")


async def schema_org(shop: Shop, path: str) -> dict[str, Any]:
    found = SCRIPT.findall((await shop.http.get(path)).text)
    assert len(found) == 1
    said: dict[str, Any] = json.loads(found[0])
    return said


@pytest.mark.feature("B17")
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("application/json, */*;q=0.1", "application/json"),
        ("application/json;q=0.4, text/html", "text/html"),
        ("image/png", "text/html"),
        ("nonsense", "text/html"),
    ],
)
async def test_a_shop_and_a_product_answer_a_program_in_json(shop: Shop, accept: str | None, kind: str) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells(name="Atlas", price=1200)
    for path in (page_of(ana), page_of(ana, atlas)):
        headers = {"Accept": accept} if accept else {}
        answer = await shop.http.get(path, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind), (accept, path)
        assert "Accept" in answer.headers["vary"]
        if kind == "application/json":
            named = (await shop.http.get(f"/v1{path}")).json()
            assert answer.json().get("data", answer.json()) == named.get("data", named)
            again = await shop.http.get(path, headers={**headers, "If-None-Match": answer.headers["etag"]})
            assert again.status_code == 304


@pytest.mark.feature("B17")
async def test_a_product_says_in_schema_orgs_words_what_it_is_and_costs(shop: Shop) -> None:
    ana = await shop.author("ana", currency="USDC")
    atlas = await ana.sells(name="Atlas", price=9_990_000, shortDesc="All the maps", sku=f"ATLAS-{ana.name}")
    said = await schema_org(shop, page_of(ana, atlas))
    assert said["@type"] == "Product"
    assert (said["name"], said["description"], said["sku"]) == ("Atlas", "All the maps", f"ATLAS-{ana.name}")
    (offer,) = said["offers"]
    assert (offer["price"], offer["priceCurrency"]) == ("9.99", "USDC")
    assert offer["availability"] == "https://schema.org/InStock"
    assert said["url"] == offer["url"] == f"{shop.base_url}{page_of(ana, atlas)}"
    assert "image" not in said


@pytest.mark.feature("B17")
@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"isLimited": True, "totalQuantity": 0}, "SoldOut"),
        ({"isLimited": True, "totalQuantity": 3}, "InStock"),
        ({"availableFrom": "2090-01-01T00:00:00Z"}, "PreOrder"),
        ({"availableUntil": "2020-01-01T00:00:00Z"}, "Discontinued"),
    ],
)
async def test_it_says_whether_it_is_to_be_had(shop: Shop, fields: dict[str, Any], word: str) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells(name="Atlas", price=1200, **fields)
    (offer,) = (await schema_org(shop, page_of(ana, atlas)))["offers"]
    assert offer["availability"] == f"https://schema.org/{word}"


@pytest.mark.feature("B17")
async def test_no_name_ends_the_script_or_passes_for_a_link(shop: Shop) -> None:
    ana = await shop.author("ana")
    name = '</script><b>[x](https://evil.example)\u2028&"'
    atlas = await ana.sells(name=name, price=1200, shortDesc="one\n# two\n- [three](https://evil.example)")
    page = (await shop.http.get(page_of(ana, atlas))).text
    assert "</script><b>" not in page
    assert json.loads(SCRIPT.findall(page)[0])["name"] == name
    told = (await shop.http.get(f"/s/{ana.site['slug']}/llms.txt")).text
    assert "](https://evil.example)" not in told
    assert "\n# two" not in told


@pytest.mark.feature("B17")
async def test_llms_txt_leads_from_the_shops_to_their_products_and_the_ways_to_buy(shop: Shop) -> None:
    ana = await shop.author("ana", currency="USDC")
    empty = (await shop.http.get(f"/s/{ana.site['slug']}/llms.txt")).text
    assert "Nothing is on sale at the moment." in empty
    atlas = await ana.sells(name="Atlas", price=9_990_000, shortDesc="All the maps")
    await ana.sells(name="Gone", price=1, isLimited=True, totalQuantity=0)
    front = await shop.http.get("/llms.txt")
    assert front.headers["content-type"] == "text/plain; charset=utf-8"
    assert front.text.startswith("# ")
    told = await shop.http.get(f"/s/{ana.site['slug']}/llms.txt")
    assert f"- [Atlas]({shop.base_url}{page_of(ana, atlas)}): 9.99 USDC, All the maps" in told.text
    assert "sold out" in told.text
    links = re.findall(r"\]\((http[^)]*)\)", told.text)
    assert f"{shop.base_url}/api/products/public" in links
    for link in links:
        answer = await shop.http.get(link.replace("PRODUCT_ID", atlas["id"]))
        assert answer.status_code == (405 if link.endswith(("/nonce", "/mcp")) else 200), link
    assert not any(link.endswith("/buy") for link in links), "this shop takes no USDC"
    assert (await shop.http.get("/s/no-such-shop/llms.txt")).status_code == 404


@pytest.mark.feature("B17")
async def test_it_says_what_buyers_think_once_one_has_spoken(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells(name="Atlas", price=0)
    await ben.buys(atlas)
    assert "aggregateRating" not in await schema_org(shop, page_of(ana, atlas))
    answer = await ben.post(f"/v1/products/{atlas['id']}/reviews", {"rating": 4})
    assert answer.status_code == 201, answer.text
    said = (await schema_org(shop, page_of(ana, atlas)))["aggregateRating"]
    assert (said["ratingValue"], said["reviewCount"]) == (4.0, 1)


@pytest.mark.feature("B17")
@pytest.mark.parametrize(("path", "words"), [
    ("/s/no-such-shop/shop", "There is no such site"),
    ("/s/{slug}/shop/no-such-thing", "There is no such product in this shop"),
    ("/s/{slug}/no-such-place", "There is nothing at this address; GET /schema/openapi.json lists every door"),
    ("/purchases/no-such-id", "There is no such purchase"),
    ("/purchases/019a0000-0000-7000-8000-000000000000", "There is no such purchase"),
])  # fmt: skip
async def test_what_is_not_there_is_told_to_a_program_in_json_and_to_people_on_a_page(
    shop: Shop, path: str, words: str
) -> None:
    ana = await shop.author("ana")
    cookies = {"Cookie": f"purvey_session={ana.token}"}
    place = path.format(slug=ana.site["slug"])
    answer = await shop.http.get(place, headers={"Accept": "application/json"} | cookies)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == words
    page = await shop.http.get(place, headers={"Accept": "text/html"} | cookies)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert words in page.text


async def test_a_program_that_asks_for_a_page_of_its_own_is_told_to_sign_in_and_a_person_is_led_there(
    shop: Shop,
) -> None:
    answer = await shop.http.get("/purchases", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert (await shop.http.get("/purchases", headers={"Accept": "text/html"})).status_code == 303
