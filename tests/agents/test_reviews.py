"""Reviews in the source's words: field for field, and only by who can show that the wallet is theirs."""

from typing import Any

import httpx
import pytest

from tests.agents.test_products import sells
from tests.vocabulary.agents import Agent
from tests.vocabulary.shop import Shop


async def reviews(agent: Agent, product: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"rating": 5, "review_text": "Great product, highly recommend!", "buyer_wallet_address": agent.address}
    return await agent.post(f"/api/products/{product['id']}/reviews", body | more)


async def gets_free(agent: Agent, product: dict[str, Any]) -> None:
    answer = await agent.post("/v1/purchases", {"itemType": "product", "productId": product["id"]})
    assert answer.status_code == 201, answer.text


@pytest.mark.feature("B14")
async def test_the_source_s_bodies(shop: Shop) -> None:
    seller, buyer = await shop.agent(), await shop.agent()
    art = await sells(seller, price=0)
    path = f"/api/products/{art['id']}/reviews"
    nothing = (await shop.http.get(path)).json()
    assert nothing["reviews"] == [] and nothing["stats"] == {"average_rating": 0, "review_count": 0}
    await gets_free(buyer, art)
    posted = await reviews(buyer, art)
    assert posted.status_code == 201, posted.text
    review = posted.json()["review"]
    assert posted.json()["success"] is True
    assert {"id", "rating", "review_text", "created_at"} <= set(review)
    assert (review["rating"], review["review_text"]) == (5, "Great product, highly recommend!")
    listed = (await shop.http.get(path)).json()
    assert listed["stats"] == {"average_rating": 5, "review_count": 1}
    assert {"id", "buyer_name", "rating", "review_text", "created_at"} <= set(listed["reviews"][0])
    again = await reviews(buyer, art, rating=1)
    assert (again.status_code, again.json()["error"]) == (409, "Already reviewed")


@pytest.mark.feature("B14")
async def test_a_wallet_is_public_so_its_address_alone_says_nothing(shop: Shop) -> None:
    seller, buyer, thief = await shop.agent(), await shop.agent(), await shop.agent()
    art = await sells(seller, price=0)
    await gets_free(buyer, art)
    path = f"/api/products/{art['id']}/reviews"
    body = {"rating": 1, "buyer_wallet_address": buyer.address}
    assert (await shop.http.post(path, json=body)).status_code == 401
    assert (await thief.post(path, body)).status_code == 401
    own = await reviews(thief, art)
    assert (own.status_code, own.json()["error"]) == (403, "Cannot review")
    assert (await reviews(buyer, art, buyer_wallet_address=buyer.address.lower())).status_code == 201
    assert (await shop.http.get(path)).json()["stats"]["review_count"] == 1


@pytest.mark.feature("B14")
async def test_what_is_wrong_is_said_in_the_dialect(shop: Shop) -> None:
    seller, buyer = await shop.agent(), await shop.agent()
    art = await sells(seller, price=0)
    await gets_free(buyer, art)
    for more, pointer in (
        ({"rating": 6}, "/rating"),
        ({"rating": 4.5}, "/rating"),
        ({"review_text": "x" * 501}, "/review_text"),
        ({"buyer_wallet_address": "0x12"}, "/buyer_wallet_address"),
        ({"stars": 1}, "/stars"),
    ):
        refused = await reviews(buyer, art, **more)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer)
    missing = await reviews(buyer, {"id": "019a0000-0000-7000-8000-000000000000"})
    assert (missing.status_code, missing.json()["error"]) == (404, "Product not found")
    unknown = await shop.http.get("/api/products/019a0000-0000-7000-8000-000000000000/reviews")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "Product not found")


@pytest.mark.feature("B14")
async def test_the_name_that_was_given_with_the_purchase_is_shown(shop: Shop) -> None:
    seller, buyer = await shop.agent(), await shop.agent()
    art = await sells(seller, price=0)
    await gets_free(buyer, art)
    await shop.db.do("update purchases set buyer_name = 'My Agent' where buyer_id = $1", buyer.id)
    await reviews(buyer, art)
    listed = (await shop.http.get(f"/api/products/{art['id']}/reviews")).json()
    assert listed["reviews"][0]["buyer_name"] == "My Agent"
