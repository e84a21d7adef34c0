"""What an author tells buyers (thanks, a place to go on to, the licence) is told to buyers, and to nobody before."""

import re
from typing import Any

import pytest
from tests.access.test_every_door import doors_of
from tests.agents.test_mcp import tools_of, use
from tests.agents.test_products import sells as sells_by_dialect
from tests.catalog.archives import archive
from tests.vocabulary import Person, Shop

SECRETS = {
    "thankYouMessage": "zephyr-thanks",
    "redirectUrl": "https://example.com/zephyr-onward",
    "useRedirectUrl": True,
    "licenseEnabled": True,
    "licenseText": "zephyr-licence",
}
BODIES = {"thank_you_message", "redirect_url", "use_redirect_url", "license_enabled", "license_text"}
DIALECT = {re.sub("[A-Z]", lambda at: f"_{at[0].lower()}", name): value for name, value in SECRETS.items()}


async def everything_public(shop: Shop, site: dict[str, Any], product: dict[str, Any], kind: str, by: Person | None):  # type: ignore[no-untyped-def]
    """Each page and door that reads without a guard or for anybody signed in, asked of this product."""
    known = {
        "site_slug": site["slug"],
        "product_slug": product["slug"],
        "product_id": product["id"],
        "site_id": site["id"],
    }
    for door in doors_of(shop):
        if door.method != "GET":
            continue
        path = re.sub(r"\{(\w+):\w+\}", lambda at: known.get(at[1], "019a0000-0000-7000-8000-000000000000"), door.path)
        for query in ("", f"?q={product['slug']}&username={site['slug']}"):
            headers = {"Accept": kind}
            asked = (
                shop.http.get(path + query, headers=headers) if by is None else by.get(path + query, headers=headers)
            )
            answer = await asked
            yield f"{path}{query} {answer.status_code}", answer.text + str(answer.headers)


@pytest.mark.feature("B15")
@pytest.mark.parametrize("kind", ["text/html", "application/json"])
@pytest.mark.parametrize("who", ["nobody", "somebody", "agent"])
async def test_nobody_reads_it_before(shop: Shop, kind: str, who: str) -> None:
    ana = await shop.author("ana", currency="USDC")
    atlas = await ana.sells("Zephyr", price=9_990_000, **SECRETS)
    by = {"nobody": lambda: None, "somebody": shop.person, "agent": shop.agent}[who]()
    person = None if by is None else await by
    assert ana.site is not None
    seen = 0
    async for place, said in everything_public(shop, ana.site, atlas, kind, person):
        assert not re.search("zephyr-(thanks|onward|licence)", said), place
        seen += "Zephyr" in said
    assert seen >= 4, "the product itself is shown in many places"


@pytest.mark.feature("B15")
async def test_an_agent_s_tools_do_not_tell_it_either(shop: Shop) -> None:
    ana = await shop.author("ana", currency="USDC")
    atlas = await ana.sells("Zephyr", price=9_990_000, **SECRETS)
    async with tools_of(shop) as session:
        for tool, asked in (("search_products", {"username": ana.name}), ("get_product", {"product_id": atlas["id"]})):
            said = str(await use(session, tool, **asked))
            assert "Zephyr" in said and not re.search("zephyr-(thanks|onward|licence)", said)


@pytest.mark.feature("B15")
async def test_who_pays_reads_it_and_who_only_begins_to_does_not(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Zephyr", **SECRETS)
    await ana.adds_file(atlas, "pack.zip", archive())
    begun = await ben.buys(atlas)
    before = await ben.sees(begun)
    assert (before["thankYouMessage"], before["redirectUrl"], before["licenseText"], before["files"]) == (
        None, None, None, [],
    )  # fmt: skip
    after = await ben.pays(begun)
    assert after["thankYouMessage"] == "zephyr-thanks"
    assert after["redirectUrl"] == "https://example.com/zephyr-onward"
    assert after["licenseText"] == "zephyr-licence"
    eve = await shop.person("eve")
    assert (await eve.get(f"/v1/purchases/{begun['id']}")).status_code == 404
    listed = await ben.get("/v1/purchases")
    assert "zephyr-licence" not in listed.text


@pytest.mark.feature("B15")
async def test_an_agent_reads_it_on_its_purchase(shop: Shop) -> None:
    seller, buyer, other = await shop.agent(), await shop.agent(), await shop.agent()
    pack = await sells_by_dialect(seller, price=0, **DIALECT)
    public = await shop.http.get(f"/api/products/public/{pack['id']}")
    assert not BODIES & set(public.json()["data"])
    bought = await buyer.post("/v1/purchases", {"itemType": "product", "productId": pack["id"]})
    assert bought.status_code == 201, bought.text
    path = f"/api/purchases/{bought.json()['id']}"
    said = (await buyer.get(path)).text
    assert all(secret in said for secret in ("zephyr-thanks", "zephyr-onward", "zephyr-licence"))
    assert (await other.get(path)).status_code == 404
