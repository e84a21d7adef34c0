"""What an agent has bought, and nobody else may see. It buys at the test bank here; by x402 elsewhere."""

from typing import Any

import pytest

from purvey.agents.purchases import WORDS
from purvey.payments import Status
from tests.agents.test_dialect import MISSING, refused
from tests.agents.test_products import sells
from tests.vocabulary.shop import Shop

SECRETS = {
    "thank_you_message": "Enjoy the fields!",
    "redirect_url": "https://example.com/download",
    "license_text": "One seat, for ever.",
}


async def sold(shop: Shop, *, files: int = 1, **fields: Any) -> Any:
    """A seller, their product with files, and an agent that would buy."""
    ana, agent = await shop.author(currency="USDC"), await shop.agent()
    product = await sells(ana, license_enabled=True, **SECRETS | fields)
    for number in range(files):
        await ana.adds_file(product, f"art-{number}.psd", f"PK {number}".encode())
    return ana, agent, product


@pytest.mark.feature("B18", "B15")
async def test_what_comes_with_a_purchase_is_told_to_its_buyer_once_it_is_paid(shop: Shop) -> None:
    ana, agent, product = await sold(shop)
    begun = await agent.buys(product, buyerName="My Agent")
    path = f"/api/purchases/{begun['id']}"
    before = (await agent.get(path)).json()
    assert before["purchase"]["status"] == "pending"
    assert all(before[name] is None for name in SECRETS) and before["files"] == []
    await agent.pays(begun)
    answer = await agent.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    said = answer.json()
    purchase = said["purchase"]
    assert said["success"] is True
    assert {name: said[name] for name in SECRETS} == SECRETS
    assert (said["use_redirect_url"], said["has_downloadable_file"]) == (False, True)
    assert said["creator"] == {"username": ana.name, "display_name": "Ana"}
    found = {name: purchase[name] for name in ("id", "product_id", "product_name", "amount", "tx_hash", "status")}
    assert found == {
        "id": begun["id"],
        "product_id": product["id"],
        "product_name": product["name"],
        "amount": 9.99,
        "tx_hash": None,
        "status": "confirmed",
    }
    assert (purchase["buyer_name"], purchase["currency"]) == ("My Agent", "USDC")
    for stranger in (await shop.agent(), ana):
        refused(await stranger.get(path), 404)
        refused(await stranger.get(f"{path}/download"), 404)
        assert (await stranger.get("/api/purchases")).json()["purchases"] == []
    refused(await shop.http.get(path), 401)
    refused(await agent.get(f"/api/purchases/{MISSING}"), 404)


@pytest.mark.feature("B18")
async def test_the_list_is_the_buyer_s_own_and_goes_on_by_cursor(shop: Shop) -> None:
    ana = await shop.author(currency="USDC")
    agent = await shop.agent()
    ids = [(await agent.has(await sells(ana)))["id"] for _ in range(3)]
    first = (await agent.get("/api/purchases?limit=2")).json()
    assert [each["id"] for each in first["purchases"]] == [ids[2], ids[1]]
    rest = (await agent.get(f"/api/purchases?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["id"] for each in rest["purchases"]] == [ids[0]]
    assert rest["next_cursor"] is None
    assert not {"thank_you_message", "redirect_url", "license_text"} & set(first["purchases"][0])


@pytest.mark.feature("B18")
async def test_the_file_is_downloaded_by_the_receipt_and_counted_as_ever(shop: Shop) -> None:
    ana, agent, product = await sold(shop)
    assert ana.site is not None
    there = f"/v1/sites/{ana.site['id']}/products/{product['id']}"
    assert (await ana.put(there, {"maxDownloads": 2})).status_code == 200
    bought = await agent.has(product)
    path = f"/api/purchases/{bought['id']}/download"
    assert (await agent.ask("HEAD", path)).headers["content-length"] == "4"
    answer = await agent.get(path)
    assert (answer.status_code, answer.content) == (200, b"PK 0")
    link = (await agent.get(f"/api/purchases/{bought['id']}")).json()["files"][0]
    assert link["downloads_left"] == 1
    assert (await agent.get(link["download_url"].removeprefix(shop.base_url))).content == b"PK 0"
    refused(await agent.get(path), 403, code="no_downloads_left")
    log = await ana.get(f"/v1/sites/{ana.site['id']}/purchases/{bought['id']}/downloads")
    assert len(log.json()["data"]) == 2


@pytest.mark.feature("B18")
async def test_which_of_several_files_is_said_by_its_id(shop: Shop) -> None:
    _, agent, product = await sold(shop, files=2)
    bought = await agent.has(product)
    path = f"/api/purchases/{bought['id']}"
    assert refused(await agent.get(f"{path}/download"), 409)["code"] == "choose_file"
    files = (await agent.get(path)).json()["files"]
    contents = {(await agent.get(f"{path}/download", params={"file_id": file["id"]})).content for file in files}
    assert contents == {b"PK 0", b"PK 1"}


@pytest.mark.feature("B18", "B15")
async def test_a_refunded_purchase_keeps_its_line_and_nothing_else(shop: Shop) -> None:
    ana, agent, product = await sold(shop)
    bought = await agent.has(product)
    assert (await ana.refunds(bought, amount=1_000_000)).status_code in {200, 201, 202}
    await shop.settles()
    path = f"/api/purchases/{bought['id']}"
    said = (await agent.get(path)).json()
    assert (said["purchase"]["status"], said["purchase"]["refunded_amount"]) == ("partially_refunded", 1.0)
    assert said["thank_you_message"]
    assert (await ana.refunds(bought)).status_code in {200, 201, 202}
    await shop.settles()
    said = (await agent.get(path)).json()
    assert said["purchase"]["status"] == "refunded"
    assert all(said[name] is None for name in SECRETS) and said["files"] == []
    assert (await agent.get(f"{path}/download")).status_code in {403, 409}


@pytest.mark.feature("B18")
async def test_what_was_paid_in_another_currency_is_told_in_its_own(shop: Shop) -> None:
    ana, agent = await shop.author(), await shop.agent()
    bought = await agent.has(await ana.sells(price=1234))
    purchase = (await agent.get(f"/api/purchases/{bought['id']}")).json()["purchase"]
    assert (purchase["amount"], purchase["currency"]) == (12.34, "EUR")


def test_every_status_has_one_of_the_source_s_words() -> None:
    assert set(WORDS) == set(Status)
    assert set(WORDS.values()) == {
        "pending",
        "confirmed",
        "partially_refunded",
        "refunded",
        "disputed",
        "charged_back",
        "failed",
    }
