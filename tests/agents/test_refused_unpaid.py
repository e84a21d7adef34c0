"""What cannot be bought is refused before anybody pays, in the source's words, at every door that takes money (B11)."""

from typing import Any

import pytest

from tests.agents.test_dialect import MISSING, refused
from tests.agents.test_discounts import offers_code
from tests.agents.test_products import sells
from tests.vocabulary.paying import BUY, FEE, Market

FUTURE, PAST = "2035-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
WORDS = [
    ("not yet", {"scheduled_at": FUTURE}, 400, "Product is not available yet"),
    ("ended", {"sale_ends_at": PAST}, 400, "This sale has ended"),
    ("sold out", {"max_quantity": 0}, 400, "This product is sold out"),
    ("switched off", {"is_active": False}, 404, "Product not found"),
]


def doors(product_id: str, wallet: str, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    """Each door that takes money for a product, and how it is asked."""
    fee = {"support_amount": 9.99, "payer_wallet_address": wallet, "product_id": product_id, **more}
    buy = {"product_id": product_id, "buyer_name": "My Agent", "buyer_wallet_address": wallet, **more}
    return [(FEE, fee), (BUY, buy), (f"/api/products/{product_id}/buy", {"buyer_wallet_address": wallet, **more})]


@pytest.mark.feature("B8", "B11")
@pytest.mark.parametrize(("fields", "status", "error"), [row[1:] for row in WORDS], ids=[row[0] for row in WORDS])
async def test_what_is_not_on_sale_is_refused_unpaid(
    market: Market, fields: dict[str, Any], status: int, error: str
) -> None:
    creator, wallet = await market.agent(), (await market.buyer()).address
    product = await sells(creator, **fields)
    for path, body in doors(product["id"], wallet):
        refused(await market.http.post(path, json=body), status, error)


@pytest.mark.feature("B8", "B10")
async def test_a_code_that_does_not_apply_is_refused_unpaid(market: Market) -> None:
    creator, wallet = await market.agent(), (await market.buyer()).address
    product = await sells(creator)
    await offers_code(creator, code="OVER", endsAt=PAST)
    for code in ("OVER", "NONE"):
        for path, body in doors(product["id"], wallet, discount_code=code):
            said = refused(await market.http.post(path, json=body), 400, "Invalid discount code")
            assert said["errors"][0]["pointer"] == "/discount_code"


@pytest.mark.feature("B8")
async def test_what_is_not_there_is_refused_unpaid(market: Market) -> None:
    wallet = (await market.buyer()).address
    for path, body in doors(MISSING, wallet):
        refused(await market.http.post(path, json=body), 404, "Product not found", "product_not_found")


@pytest.mark.feature("B7", "B18", "B15")
async def test_what_an_agent_sells_another_agent_buys_reads_and_downloads(market: Market) -> None:
    creator, buyer = await market.agent(), await market.buyer()
    product = await sells(creator, price=2.5, thank_you_message="Enjoy the fields!")
    agent = await buyer.signs_in()
    path = f"/api/products/{product['id']}/buy"
    unpaid = await market.http.post(path)
    assert unpaid.status_code == 402
    bought = await buyer.pays(path, {})
    assert bought.status_code == 200, bought.text
    purchase = bought.json()["purchase"]
    assert await market.chain.balance(creator.address) == 2_500_000
    found = (await agent.get(f"/api/purchases/{purchase['id']}")).json()
    assert {name: found["purchase"][name] for name in purchase} == purchase
    assert found["purchase"]["tx_hash"] and found["purchase"]["network"] == market.chain.network
    assert found["thank_you_message"] == bought.json()["thank_you_message"] == "Enjoy the fields!"
    assert [each["id"] for each in (await agent.get("/api/purchases")).json()["purchases"]] == [purchase["id"]]
