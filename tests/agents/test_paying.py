"""An agent pays the fee, pays the creator, and has its goods: balances to the last unit (B6, B7, B9, B10, B15)."""

from typing import Any

import pytest

from tests.vocabulary.paying import BUY, FEE, Market, accounts_agree

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
