"""A buyer tries a code before buying."""

from typing import Any

import httpx
import pytest

from purvey.kit.ids import new_id
from tests.vocabulary.shop import Person, Shop

Json = dict[str, Any]


async def codes(author: Person, **fields: Any) -> Json:
    assert author.site
    body = {"code": "SAVE20", "discountType": "PERCENTAGE", "value": 20} | fields
    answer = await author.post(f"/v1/sites/{author.site['id']}/discount-codes", body)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def tries(reader: Person, product: Json, code: str = "save20", **more: Any) -> httpx.Response:
    return await reader.post("/v1/discounts/validate", {"code": code, "productId": product["id"], **more})


@pytest.mark.feature("A24", "B10")
async def test_a_code_shows_the_price_with_it_and_holds_nothing(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product = await ana.sells(price=999)
    code = await codes(ana, maxUses=1)
    for _ in range(3):
        answer = await tries(ben, product)
        assert answer.status_code == 200
        assert answer.json() == {
            "valid": True, "code": "SAVE20", "discountType": "PERCENTAGE", "value": 20, "originalPrice": 999,
            "discountedPrice": 799, "discountAmount": 200, "taxAmount": 0, "finalAmount": 799, "currencyCode": "EUR",
        }  # fmt: skip
    assert ana.site
    kept = (await ana.get(f"/v1/sites/{ana.site['id']}/discount-codes/{code['id']}")).json()
    assert (kept["reservedCount"], kept["usedCount"]) == (0, 0)


@pytest.mark.feature("A24")
async def test_a_stranger_may_try_a_code_and_prices_and_quantities_count(shop: Shop) -> None:
    ana = await shop.author()
    product = await ana.sells(price=1000, prices=[{"sku": f"big-{new_id()}", "amount": 5000}])
    big = next(price for price in product["prices"] if price["amount"] == 5000)
    await codes(ana, discountType="FIXED_AMOUNT", value=300, minimumAmount=4000)
    body = {"code": "SAVE20", "productId": product["id"]}
    assert (await shop.http.post("/v1/discounts/validate", json=body)).json()["reason"] == "below_minimum"
    found = (await shop.http.post("/v1/discounts/validate", json=body | {"priceId": big["id"]})).json()
    assert (found["originalPrice"], found["discountedPrice"]) == (5000, 4700)
    found = (await shop.http.post("/v1/discounts/validate", json=body | {"quantity": 4})).json()
    assert (found["originalPrice"], found["discountedPrice"]) == (4000, 3700)


@pytest.mark.feature("A24")
async def test_a_code_that_does_not_apply_says_why(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product, other = await ana.sells("Atlas"), await ana.sells("Mug")
    await codes(ana, code="OTHER", productIds=[other["id"]])
    await codes(ana, code="OFF", isActive=False)
    await codes(ana, code="SOON", startsAt="2100-01-01T00:00:00Z")
    await codes(ana, code="OVER", endsAt="2020-01-01T00:00:00Z")
    for code, reason in [
        ("NOPE", "unknown"), ("OTHER", "other_item"), ("OFF", "inactive"), ("SOON", "not_started"), ("OVER", "ended"),
    ]:  # fmt: skip
        found = (await tries(ben, product, code)).json()
        assert (found["valid"], found["code"], found["reason"]) == (False, code, reason)
        assert found["message"].startswith("Invalid discount code")
        assert "originalPrice" not in found


@pytest.mark.feature("A24", "B9")
async def test_a_code_lowers_the_minimum_of_pay_what_you_want(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product = await ana.sells(price=1000, isPayWhatYouWant=True, minimumAmount=500)
    await codes(ana)
    found = (await tries(ben, product, amount=400)).json()
    assert (found["originalPrice"], found["discountAmount"], found["discountedPrice"]) == (500, 100, 400)
    assert (await tries(ben, product, amount=399)).status_code == 422
    assert (await tries(ben, product)).json()["discountedPrice"] == 800
    assert found["minimumAmount"] == 400
    assert found["message"] == "The code lowers the least that can be paid to 4.00 EUR"
    generous = (await tries(ben, product, amount=900)).json()
    assert (generous["discountAmount"], generous["finalAmount"]) == (0, 900)
    assert generous["message"] == (
        "The code lowers the least that can be paid to 4.00 EUR; "
        "it takes nothing off the 9.00 EUR that are chosen, and is not used up"
    )


@pytest.mark.feature("A24", "B9")
async def test_a_code_from_ten_euros_on_is_not_had_for_less_by_naming_the_amount(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product = await ana.sells(price=1000, isPayWhatYouWant=True, minimumAmount=500)
    await codes(ana, value=50, minimumAmount=1000)
    for chosen in ({"amount": 250}, {"amount": 999}, {}):
        assert (await tries(ben, product, **chosen)).json()["reason"] == "below_minimum", chosen
        refused = await ben.asks_to_buy(product, code="SAVE20", **chosen)
        assert (refused.status_code, refused.json()["code"]) == (422, "discount_below_minimum"), chosen
    assert (await tries(ben, product, amount=1000)).json()["valid"]


@pytest.mark.feature("A24", "B9")
async def test_a_code_that_takes_nothing_off_is_not_used_up(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    jar = await ana.sells(price=1000, isPayWhatYouWant=True, minimumAmount=500)
    code = await codes(ana, maxUses=1)
    bought = await ben.has(jar, amount=700, code="SAVE20")
    assert (bought["status"], bought["finalAmount"], bought["discountAmount"]) == ("SUCCEEDED", 700, 0)
    assert bought["discountCodeId"] is None
    assert ana.site
    kept = (await ana.get(f"/v1/sites/{ana.site['id']}/discount-codes/{code['id']}")).json()
    assert (kept["reservedCount"], kept["usedCount"]) == (0, 0)
    begun = await eve.buys(jar, amount=400, code="SAVE20")
    again = await eve.buys(jar, amount=400, code="SAVE20")
    assert again["id"] == begun["id"], "the same order is the same checkout"
    assert (await eve.pays(begun))["discountCodeId"] == code["id"]


@pytest.mark.feature("A24")
async def test_half_of_a_cent_takes_nothing_off_and_says_so(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    dust = await ana.sells(price=1)
    await codes(ana, value=50)
    tried = (await tries(ben, dust)).json()
    assert (tried["discountAmount"], tried["message"]) == (0, "The code takes nothing off 0.01 EUR, and is not used up")
    first, second = await ben.buys(dust, code="SAVE20"), await ben.buys(dust, code="SAVE20")
    assert first["id"] == second["id"]
    assert (await ben.sees(first))["discountCodeId"] is None


@pytest.mark.feature("A24")
async def test_what_is_tried_tells_the_total_with_its_tax(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    await shop.db.do("update tenants set tax_rate_bps = 2000 where id = $1::text::uuid", ana.site["tenantId"])
    product = await ana.sells(price=2000)
    await codes(ana, value=5)
    tried = (await tries(ben, product)).json()
    assert (tried["discountedPrice"], tried["taxAmount"], tried["finalAmount"]) == (1900, 380, 2280)


@pytest.mark.feature("A24")
async def test_what_is_not_on_sale_has_no_price_to_try(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product = await ana.sells(isActive=False)
    await codes(ana)
    assert (await tries(ben, product)).status_code == 404
    assert (await tries(ben, {"id": str(new_id())})).status_code == 404
    assert (await tries(ben, product, code=" ")).status_code == 400
    assert (await tries(ben, product, quantity=0)).status_code == 400
    assert (await tries(ben, product, quantity="1")).status_code == 400


@pytest.mark.feature("A24")
async def test_who_guesses_codes_is_slowed_down(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    product = await ana.sells()
    statuses = [(await tries(eve, product, f"GUESS{n}")).status_code for n in range(60)]
    assert set(statuses) == {200}
    slowed = await tries(eve, product, "GUESS60")
    assert slowed.status_code == 429
    assert int(slowed.headers["retry-after"]) >= 1
    assert (await tries(ben, product)).status_code == 200
    shop.minutes_pass(11)
    assert (await tries(eve, product)).status_code == 200
