"""A person buys: what they pay, what is kept for them meanwhile, what they own afterwards."""

import pytest
from tests.vocabulary.shop import Shop


@pytest.mark.feature("A12", "A13", "A11")
async def test_whoever_pays_at_the_bank_owns_the_product(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", price=1200, thankYouMessage="Enjoy the hills")

    answer = await ben.asks_to_buy(atlas)
    assert answer.status_code == 202, answer.text
    started = answer.json()
    assert started.keys() == {"checkoutUrl", "purchaseId", "paymentId", "provider", "expiresAt"}
    purchase = started | {"id": started["purchaseId"]}
    before = await ben.sees(purchase)
    assert (before["status"], before["thankYouMessage"]) == ("PENDING", None)
    assert before["checkoutUrl"] == started["checkoutUrl"]
    assert not await ben.owns(atlas)

    paid = await ben.pays(purchase)

    assert (paid["status"], paid["finalAmount"], paid["currencyCode"]) == ("SUCCEEDED", 1200, "EUR")
    assert paid["thankYouMessage"] == "Enjoy the hills"
    assert paid["deliveredAt"] and paid["checkoutUrl"] is None
    assert await ben.owns(atlas)
    listed = (await ben.get("/v1/purchases?status=SUCCEEDED")).json()["data"]
    assert [each["id"] for each in listed] == [purchase["id"]]
    await shop.books_agree(ana)
