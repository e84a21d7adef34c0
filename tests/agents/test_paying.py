"""An agent pays the fee, pays the creator, and has its goods: balances to the last unit (B6, B7, B9, B10, B15)."""

from base64 import b64decode
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.vocabulary.paying import BUY, FEE, USDC, Market, Payer, accounts_agree, offer_of, wallet_of

Json = dict[str, Any]
PRICE = 9_990_000


@pytest.mark.feature("B6", "B7", "B15")
@pytest.mark.parametrize("version", [1, 2])
async def test_an_agent_pays_fee_and_creator_and_is_told_what_the_source_says(market: Market, version: int) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    product = await ana.sells(
        "AI Art Pack Vol. 1", price=PRICE, thankYouMessage="Thanks for your purchase!",
        redirectUrl="https://example.com/download", licenseEnabled=True, licenseText="Use it well.",
    )  # fmt: skip
    before, taken = await agent.has(), await market.taken()
    answer = await agent.pays(FEE, {"support_amount": 9.99, "payer_wallet_address": agent.address}, version=version)
    assert answer.status_code == 200, answer.text
    fee = answer.json()
    assert (fee["success"], fee["amount"], fee["status"]) == (True, 0.5, "confirmed")
    bought = await agent.pays(BUY, agent.buying(product, platform_fee_tx=fee["fee_tx"]), version=version)
    assert bought.status_code == 200, bought.text
    body = bought.json()
    assert body == {
        "success": True,
        "purchase": {
            "id": body["purchase"]["id"],
            "product_id": product["id"],
            "product_name": "AI Art Pack Vol. 1",
            "amount": 9.99,
            "tx_hash": body["purchase"]["tx_hash"],
            "status": "confirmed",
        },
        "redirect_url": "https://example.com/download",
        "thank_you_message": "Thanks for your purchase!",
        "use_redirect_url": False,
        "has_downloadable_file": False,
        "license_text": "Use it well.",
        "creator": {"display_name": "Ana"},
    }
    assert ("x-payment-response" if version == 1 else "payment-response") in bought.headers
    assert await market.earned(ana) == PRICE
    assert await market.taken() - taken == 500_000
    assert before - await agent.has() == PRICE + 500_000
    await accounts_agree(market, ana)


@pytest.mark.feature("B6", "B7")
async def test_an_unpaid_curl_is_answered_with_402_as_the_source_writes_it(market: Market) -> None:
    ana = await market.creator("ana")
    product = await ana.sells("Pack", price=PRICE)
    placeholders = {"X-SIWA-Receipt": "<RECEIPT>"}
    fee = {"support_amount": 9.99, "payer_wallet_address": "0xYourWallet"}
    buy = {
        "product_id": product["id"],
        "buyer_name": "My Agent",
        "platform_fee_tx": "0xFeeTxHash...",
        "buyer_wallet_address": "0xYourWallet",
    }
    for path, body, amount in ((FEE, fee, 500_000), (BUY, buy, PRICE)):
        answer = await market.http.post(path, json=body, headers=placeholders)
        assert answer.status_code == 402, answer.text
        said = answer.json()
        assert (said["x402Version"], said["success"], said["code"]) == (1, False, "payment_required")
        assert said["accepts"][0]["maxAmountRequired"] == offer_of(answer)["amount"] == str(amount)
        assert answer.headers["cache-control"] == "no-store"
    assert "$1" in said["error"] and "/api/platform/fee" in said["error"]
    assert offer_of(answer)["payTo"] == wallet_of(ana)
    looked = await market.http.get(BUY)
    assert (looked.status_code, "POST" in looked.headers["allow"]) == (405, True)
    missing = await market.http.post(BUY, json=buy | {"product_id": "product-uuid"}, headers=placeholders)
    assert (missing.status_code, missing.json()["error"]) == (404, "Product not found")


@pytest.mark.feature("B7", "B8")
async def test_one_step_at_a_products_own_address_leaves_the_fee_to_its_seller(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    product = await ana.sells("Pack", price=PRICE)
    bought = await agent.pays(f"/api/products/{product['id']}/buy")
    assert bought.status_code == 200, bought.text
    assert await market.earned(ana) == PRICE
    owed = await market.db.record(
        "select state, amount from purchase_fees where purchase_id = $1", UUID(bought.json()["purchase"]["id"])
    )
    assert owed is not None and (owed["state"], owed["amount"]) == ("OWED", 500_000)
    again = await agent.sends(BUY, agent.buying(product))
    assert (again.status_code, again.json()["code"]) == (409, "already_owned")
    await accounts_agree(market, ana)


@pytest.mark.feature("B7", "B15")
async def test_what_is_given_away_in_one_step_costs_its_seller_nothing(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    await agent.signs_in()
    assert ana.site is not None
    code = {"code": "GIFT", "discountType": "PERCENTAGE", "value": 100}
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", code)).status_code == 201
    leaflet = await ana.sells("Leaflet", price=0)
    jar = await ana.sells("Jar", price=USDC, isPayWhatYouWant=True, minimumAmount=0)
    pack, crumb = await ana.sells("Pack", price=PRICE), await ana.sells("Crumb", price=4_000)
    free: list[tuple[Json, Json]] = [(leaflet, {}), (jar, {"is_free_pwyw": True}), (pack, {"discount_code": "GIFT"})]
    for product, body in free:
        taken = await agent.sends(f"/api/products/{product['id']}/buy", body)
        assert (taken.status_code, taken.json()["purchase"]["amount"]) == (200, 0), taken.text
    owed = "select sum(amount) from purchase_fees where site_id = $1 and state in ('OWED', 'PAID')"
    assert ana.site is not None
    assert await market.db.value(owed, UUID(ana.site["id"])) is None
    assert (await agent.pays(f"/api/products/{crumb['id']}/buy")).status_code == 200
    assert await market.db.value(owed, UUID(ana.site["id"])) == 4_000 == await market.earned(ana), "not the minimum"
    await accounts_agree(market, ana)


@pytest.mark.feature("B8", "B11")
async def test_what_cannot_be_sold_is_refused_before_fee_and_payment(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    soon, late = market.now + timedelta(days=1), market.now - timedelta(days=1)
    cases = [
        (await ana.sells("Soon", price=PRICE, availableFrom=soon.isoformat()), "Product is not available yet"),
        (await ana.sells("Late", price=PRICE, availableFrom=(late - timedelta(days=1)).isoformat(),
                         availableUntil=late.isoformat()), "This sale has ended"),
    ]  # fmt: skip
    for product, text in cases:
        fee = {"support_amount": 9.99, "payer_wallet_address": agent.address, "product_id": product["id"]}
        for path, body in ((FEE, fee), (BUY, agent.buying(product, platform_fee_tx="0x1"))):
            answer = await agent.sends(path, body)
            assert (answer.status_code, answer.json()["error"]) == (400, text)
    good = await ana.sells("Pack", price=PRICE)
    fee = {"payer_wallet_address": agent.address, "product_id": good["id"], "discount_code": "NONE"}
    answer = await agent.sends(FEE, fee)
    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid discount code")
    assert offer_of(await agent.sends(FEE, fee | {"discount_code": None}))["amount"] == "500000"
    assert (await agent.sends(BUY, agent.buying(good, tip_amount=3))).status_code == 400
    assert await agent.has() == 100 * USDC


async def told_unpaid(agent: Payer, body: Json, code: str | None, words: str) -> None:
    """What is wrong with the fee stands in the 402, where its reader has signed nothing yet."""
    asked = await agent.sends(BUY, body)
    assert (asked.status_code, asked.json()["code"]) == (402, "payment_required"), asked.text
    assert words in asked.json()["error"] and offer_of(asked)["amount"] == str(PRICE)
    assert msgspec.json.decode(b64decode(asked.headers["payment-required"]))["error"] == asked.json()["error"]
    faults = [(each["pointer"], each["code"]) for each in asked.json().get("errors", [])]
    assert faults == [("/platform_fee_tx", code or "platform_fee_missing")]
    assert ("Sign nothing yet" in asked.json()["error"]) is (code is not None)


@pytest.mark.feature("B7", "B8")
async def test_a_fee_is_for_its_payer_for_one_purchase_and_for_so_much(market: Market) -> None:
    ana, agent, other = await market.creator("ana"), await market.buyer(), await market.buyer()
    first, second = await ana.sells("One", price=PRICE), await ana.sells("Two", price=PRICE)
    fee = await agent.pays_fee(9.99)
    none = await other.pays(BUY, other.buying(first, platform_fee_tx=fee))
    assert (none.status_code, none.json()["code"]) == (400, "platform_fee_missing")
    small = await agent.pays_fee(1)
    too_small = agent.buying(first, platform_fee_tx=small)
    await told_unpaid(agent, too_small, "platform_fee_too_small", "was 0.05 USDC, and this purchase needs 0.50 USDC")
    refused = await agent.pays(BUY, too_small)
    assert (refused.status_code, refused.json()["code"]) == (400, "platform_fee_too_small")
    await told_unpaid(other, other.buying(first, platform_fee_tx=fee), "platform_fee_missing", "has paid no such")
    await told_unpaid(agent, agent.buying(first), None, "POST /api/platform/fee")
    assert (await agent.pays(BUY, agent.buying(first, platform_fee_tx=fee))).status_code == 200
    await told_unpaid(agent, agent.buying(second, platform_fee_tx=fee), "duplicate_transaction", "was used already")
    used = await agent.pays(BUY, agent.buying(second, platform_fee_tx=fee))
    assert (used.status_code, used.json()["error"]) == (409, "Duplicate transaction")
    assert await market.earned(ana) == PRICE and await other.has() == 100 * USDC
    hint = await agent.sends(FEE, {"support_amount": 0.5, "payer_wallet_address": agent.address})
    assert hint.json()["unused_fee_tx"] == small
    await accounts_agree(market, ana)


@pytest.mark.feature("B6", "B7")
async def test_receipt_body_and_payment_are_of_one_wallet(market: Market) -> None:
    ana, agent, other = await market.creator("ana"), await market.buyer(), await market.buyer()
    product = await ana.sells("Pack", price=PRICE)
    fee = await agent.pays_fee(9.99)
    asked = await agent.sends(BUY, agent.buying(product, platform_fee_tx=fee))
    foreign = await other.sends(BUY, agent.buying(product, platform_fee_tx=fee), **other.signs(asked))
    assert (foreign.status_code, foreign.json()["code"]) == (403, "other_wallet")
    await other.signs_in()
    for path, body in (
        (BUY, agent.buying(product, platform_fee_tx=fee)),
        (FEE, {"support_amount": 1, "payer_wallet_address": agent.address}),
    ):
        assert (await other.sends(path, body)).status_code == 403
    assert await other.has() == 100 * USDC


@pytest.mark.feature("B7", "B8")
async def test_a_key_that_only_the_buyer_knows_gives_the_same_answer_and_no_second_charge(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    product = await ana.sells("Pack", price=PRICE, thankYouMessage="Thanks!")
    asked = {"support_amount": 9.99, "payer_wallet_address": agent.address}
    fee = await agent.pays(FEE, asked, Idempotency_Key="another-secret")
    body = agent.buying(product, platform_fee_tx=fee.json()["fee_tx"])
    first = await agent.pays(BUY, body, Idempotency_Key="a-secret-of-mine")
    assert first.status_code == 200
    assert (await agent.pays(FEE, asked, Idempotency_Key="another-secret")).json() == fee.json()
    spent = await agent.has()
    again = await agent.pays(BUY, body, Idempotency_Key="a-secret-of-mine")
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    other = await agent.pays(BUY, body | {"buyer_name": "Another"}, Idempotency_Key="a-secret-of-mine")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await agent.has() == spent


@pytest.mark.feature("B7")
async def test_the_payment_identifier_is_such_a_key(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    product = await ana.sells("Pack", price=PRICE)
    body = agent.buying(product, platform_fee_tx=await agent.pays_fee(9.99))
    asked = await agent.sends(BUY, body)
    secret = "my_payment_identifier_1"
    first = await agent.sends(BUY, body, **agent.signs(asked, identifier=secret))
    again = await agent.sends(BUY, body, **agent.signs(asked, identifier=secret))
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert await market.earned(ana) == PRICE


@pytest.mark.feature("B9")
async def test_one_pays_what_one_wants_and_nothing_with_a_receipt(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    jar = await ana.sells("Jar", price=5 * USDC, isPayWhatYouWant=True, minimumAmount=0)
    dear = await ana.sells("Dear", price=5 * USDC, isPayWhatYouWant=True, minimumAmount=2 * USDC)
    tip = await agent.buys(jar, amount=15, tip_amount=15.0, is_free_pwyw=False)
    assert tip["purchase"]["amount"] == 15 and await market.earned(ana) == 15 * USDC
    for wrong in ({"tip_amount": 1}, {"is_free_pwyw": True}, {"tip_amount": 3, "is_free_pwyw": True}):
        assert (await agent.sends(BUY, agent.buying(dear, **wrong))).status_code == 400
    free = await market.buyer()
    fee = await free.pays_fee(0)
    body = free.buying(jar, platform_fee_tx=fee, is_free_pwyw=True)
    nobody = await free.sends(BUY, body)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "receipt_needed")
    await free.signs_in()
    taken = await free.sends(BUY, body)
    assert taken.status_code == 200, taken.text
    assert (taken.json()["purchase"]["amount"], taken.json()["purchase"]["tx_hash"]) == (0, None)
    assert (await free.sends(BUY, body)).json() == taken.json()  # the answer was lost
    assert await free.has() == 100 * USDC - 10_000
    await accounts_agree(market, ana)


@pytest.mark.feature("B10")
async def test_a_discount_counts_for_the_wallet_and_a_quote_keeps_its_price(market: Market) -> None:
    ana, agent, other = await market.creator("ana"), await market.buyer(), await market.buyer()
    product = await ana.sells("Pack", price=PRICE)
    second = await ana.sells("Second", price=PRICE)
    assert ana.site is not None
    code = {"code": "SAVE20", "discountType": "PERCENTAGE", "value": 20, "maxUsesPerBuyer": 1, "maxUses": 2}
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", code)).status_code == 201
    bought = await agent.buys(product, amount=7.99, discount_code="save20")
    assert bought["purchase"]["amount"] == 7.99
    mine = await agent.sends(BUY, agent.buying(second, discount_code="SAVE20"))
    assert (mine.status_code, mine.json()["error"]) == (400, "Invalid discount code")
    body = other.buying(product, platform_fee_tx=await other.pays_fee(9.99), discount_code="SAVE20")
    asked = await other.sends(BUY, body)
    path = f"/v1/sites/{ana.site['id']}/products/{product['id']}"
    changed = await ana.put(path, {"price": 50 * USDC})
    assert changed.status_code == 200, changed.text
    kept = await other.sends(BUY, body, **other.signs(asked))
    assert (kept.status_code, kept.json()["purchase"]["amount"]) == (200, 7.99)
    assert await market.earned(ana) == 2 * 7_990_000
    await accounts_agree(market, ana)


@pytest.mark.feature("B8")
async def test_a_refund_is_owed_until_the_chain_shows_the_sellers_own_transfer(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    product = await ana.sells("Pack", price=PRICE)
    bought = await agent.buys(product)
    assert ana.site is not None
    answer = await ana.refunds(bought["purchase"])
    assert answer.status_code == 202, answer.text
    await market.settles()
    path = f"/v1/sites/{ana.site['id']}/owed"
    [owed] = (await ana.get(path)).json()["data"]
    assert (owed["payer"], owed["amount"], owed["status"]) == (agent.address.lower(), PRICE, "APPROVED")
    hash = await market.chain.send_as(ana.account, market.chain.usdc, "transfer(address,uint256)", agent.address, PRICE)  # type: ignore[attr-defined]
    refund = f"/v1/sites/{ana.site['id']}/purchases/{owed['purchaseId']}/refunds/{owed['refundId']}"
    named = await ana.put(f"{refund}/transaction", {"transactionHash": hash})
    assert named.status_code in {200, 202}, named.text
    assert (await ana.get(path)).json()["data"][0]["transactionHash"] == hash
    await market.db.do("update refunds set ask_at = now() where id = $1", UUID(owed["refundId"]))
    await market.sweeps()
    await market.db.do("update refunds set ask_at = now() where id = $1", UUID(owed["refundId"]))
    await market.sweeps()
    assert (await ana.get(path)).json()["data"] == []
    status = await market.db.value("select status from purchases where id = $1", UUID(bought["purchase"]["id"]))
    assert status == "REFUNDED"
    assert await agent.has() == 100 * USDC - 500_000
    await market.books_agree(ana)
