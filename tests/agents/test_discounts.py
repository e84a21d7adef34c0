"""An agent tries a code before it buys."""

from typing import Any

import pytest

from tests.agents.test_dialect import MISSING, refused
from tests.agents.test_products import sells
from tests.vocabulary.shop import Person, Shop

DOOR = "/api/discounts/validate"


async def offers_code(author: Person, **fields: Any) -> str:
    """A code of the author's own site, which the first source's door makes: 20 % off, if nothing else is said."""
    site = author.site and author.site["id"]
    if site is None:
        site = await author.shop.db.value("select id from sites where created_by = $1", author.id)
    body = {"code": "SAVE20", "discountType": "PERCENTAGE", "value": 20, **fields}
    answer = await author.post(f"/v1/sites/{site}/discount-codes", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


@pytest.mark.feature("B10")
async def test_the_source_s_own_sums(shop: Shop) -> None:
    """9.99 with 20 % off is 7.99 and 2.00 (ruling 3). An agent makes its codes by signed requests to /v1."""
    agent, buyer = await shop.agent(), await shop.agent()
    product = await sells(agent, price=9.99)
    await offers_code(agent)
    body = {"code": "save20", "product_id": product["id"], "wallet_address": buyer.address}
    answer = await shop.http.post(DOOR, json=body)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    more = {"currency", "tax_amount", "final_amount", "minimum_amount", "message"}
    assert {name: said[name] for name in said if name not in more} == {
        "valid": True,
        "discount_percentage": 20,
        "original_price": 9.99,
        "discounted_price": 7.99,
        "discount_amount": 2.00,
    }


@pytest.mark.feature("B10")
@pytest.mark.parametrize(
    ("price", "percent", "discounted", "off"),
    [
        (0.05, 50, 0.03, 0.02),  # 0.025 is halfway: to the even cent
        (0.07, 50, 0.03, 0.04),
        (0.01, 50, 0.01, 0),
        (0.000005, 50, 0.000003, 0.000002),  # no whole cents: to the millionth
        (9.999, 20, 7.9992, 1.9998),
        (10, 12.5, 8.75, 1.25),
        (1, 100, 0, 1),
        (999999999.99, 0.01, 999899999.99, 100000),
    ],
)
async def test_sums_round_half_even_to_the_grain_of_the_price(
    shop: Shop, price: float, percent: float, discounted: float, off: float
) -> None:
    ana = await shop.author()
    product = await sells(ana, price=price)
    await offers_code(ana, value=percent)
    said = (await shop.http.post(DOOR, json={"code": "SAVE20", "product_id": product["id"]})).json()
    found = [said[name] for name in ("discount_percentage", "original_price", "discounted_price", "discount_amount")]
    assert found == [percent, price, discounted, off]


@pytest.mark.feature("B10")
async def test_a_fixed_amount_is_told_without_a_percentage(shop: Shop) -> None:
    ana = await shop.author()
    product = await sells(ana, price=9.99)
    await offers_code(ana, discountType="FIXED_AMOUNT", value=2_500_000, currencyCode="USDC")
    said = (await shop.http.post(DOOR, json={"code": "SAVE20", "product_id": product["id"]})).json()
    assert (said["discount_percentage"], said["discounted_price"], said["discount_amount"]) == (None, 7.49, 2.5)


@pytest.mark.feature("B10", "B9")
async def test_a_code_lowers_the_least_of_pay_what_you_want_and_says_so(shop: Shop) -> None:
    ana = await shop.author()
    jar = await sells(ana, price=10, is_pay_what_you_want=True, minimum_amount=5)
    await offers_code(ana, minimumAmount=6_000_000, currencyCode="USDC")
    body = {"code": "SAVE20", "product_id": jar["id"]}
    refused(await shop.http.post(DOOR, json=body | {"tip_amount": 4}), 400, code="discount_below_minimum")
    said = (await shop.http.post(DOOR, json=body | {"tip_amount": 7})).json()
    assert (said["minimum_amount"], said["discount_amount"], said["final_amount"]) == (4, 0, 7)
    assert "is not used up" in said["message"]
    said = (await shop.http.post(DOOR, json=body)).json()
    assert (said["discounted_price"], said["minimum_amount"], said["final_amount"]) == (8, 4, 8)


@pytest.mark.feature("B10")
async def test_a_code_that_does_not_apply_is_refused_in_the_source_s_words(shop: Shop) -> None:
    ana = await shop.author()
    product, other = await sells(ana), await sells(ana)
    await offers_code(ana, code="OVER", endsAt="2020-01-01T00:00:00Z")
    await offers_code(ana, code="OTHER", productIds=[other["id"]])
    await offers_code(ana, code="EUROS", discountType="FIXED_AMOUNT", value=100, currencyCode="EUR")
    for code, reason in (("NONE", "unknown"), ("OVER", "ended"), ("OTHER", "other_item"), ("EUROS", "other_currency")):
        answer = await shop.http.post(DOOR, json={"code": code, "product_id": product["id"]})
        said = refused(answer, 400, "Invalid discount code", f"discount_{reason}")
        assert said["errors"][0]["pointer"] == "/code"
    refused(await shop.http.post(DOOR, json={"code": "OVER", "product_id": MISSING}), 404, "Product not found")
    refused(await shop.http.post(DOOR, json={"code": "", "product_id": product["id"]}), 400)
    refused(await shop.http.post(DOOR, json={"code": "x", "product_id": product["id"], "wallet_address": "0x12"}), 400)


@pytest.mark.feature("B10")
async def test_a_wallet_s_own_limit_counts(shop: Shop) -> None:
    ana = await shop.author()
    product, second = await sells(ana), await sells(ana)
    await offers_code(ana, maxUsesPerBuyer=1)
    agent, other = await shop.agent(), await shop.agent()
    await agent.has(product, code="SAVE20")
    body = {"code": "SAVE20", "product_id": second["id"]}
    refused(await shop.http.post(DOOR, json=body | {"wallet_address": agent.address}), 400, "Invalid discount code")
    refused(await agent.post(DOOR, body), 400, "Invalid discount code", "discount_buyer_limit")
    assert (await shop.http.post(DOOR, json=body | {"wallet_address": other.address})).status_code == 200
    assert (await shop.http.post(DOOR, json=body)).status_code == 200


@pytest.mark.feature("B10")
async def test_who_guesses_codes_is_slowed_down(shop: Shop) -> None:
    ana, ben = await shop.author(), await shop.person("ben")
    product = await sells(ana)
    body = {"code": "GUESS", "product_id": product["id"]}
    statuses = [(await ben.post(DOOR, body)).status_code for _ in range(61)]
    assert statuses[:60] == [400] * 60
    assert statuses[60] == 429
    answer = await ben.post(DOOR, body)
    refused(answer, 429, code="rate_limited")
    assert int(answer.headers["retry-after"]) > 0
