"""Money goes back through Stripe, and buyers' banks take it back."""

from typing import Any

import pytest
from tests.vocabulary.stripe_shop import StripeShop


async def paid_sale(shop: StripeShop, **fields: Any) -> tuple[Any, Any, Any, dict[str, Any]]:
    """Ana has sold to Ben: both, the product, and the purchase."""
    ana, ben = await shop.seller("ana"), await shop.person("ben")
    atlas = await ana.sells(**fields)
    purchase = await ben.buys(atlas)
    assert (await ben.pays(purchase))["status"] == "SUCCEEDED"
    return ana, ben, atlas, purchase


@pytest.mark.feature("A22")
async def test_a_whole_refund_takes_the_product_back(stripe_shop: StripeShop) -> None:
    ana, ben, atlas, purchase = await paid_sale(stripe_shop, stock=3)
    sent = await ana.refunds(purchase, reason="torn pages")
    assert sent.status_code == 202, sent.text
    await stripe_shop.settles()

    after = await ben.sees(purchase)
    assert after["status"] == "REFUNDED"
    assert not await ben.owns(atlas)
    refund = stripe_shop.fake.every("refund")[-1]
    assert (refund["amount"], refund["status"], refund["payment_intent"]) == (
        1200,
        "succeeded",
        stripe_shop.intent_of(purchase),
    )
    assert refund["metadata"]["refund_id"] == sent.json()["id"]
    await stripe_shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_parts_go_back_and_never_more_than_was_paid(stripe_shop: StripeShop) -> None:
    ana, ben, atlas, purchase = await paid_sale(stripe_shop)
    assert (await ana.refunds(purchase, amount=500)).status_code == 202
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "PARTIALLY_REFUNDED"
    assert await ben.owns(atlas)

    too_much = await ana.refunds(purchase, amount=701)
    assert (too_much.status_code, too_much.json()["code"]) == (409, "refund_too_much")
    assert (await ana.refunds(purchase, amount=700)).status_code == 202
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert not await ben.owns(atlas)
    amounts = [
        each["amount"]
        for each in stripe_shop.fake.every("refund")
        if each["payment_intent"] == stripe_shop.intent_of(purchase)
    ]
    assert amounts == [500, 700]
    await stripe_shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_a_refund_that_the_bank_sends_back_leaves_the_sale_as_it_was(stripe_shop: StripeShop) -> None:
    ana, ben, atlas, purchase = await paid_sale(stripe_shop)
    stripe_shop.fake.hold_refunds()
    await ana.refunds(purchase)
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
    waiting = stripe_shop.fake.every("refund")[-1]
    assert waiting["status"] == "pending"

    stripe_shop.fake.settle_refund(waiting["id"], "failed")
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
    assert await ben.owns(atlas)

    await ana.refunds(purchase)
    await stripe_shop.settles()
    stripe_shop.fake.settle_refund(stripe_shop.fake.every("refund")[-1]["id"], "succeeded")
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert not await ben.owns(atlas)
    await stripe_shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_a_refund_whose_answer_was_lost_is_sent_once(stripe_shop: StripeShop) -> None:
    ana, ben, _, purchase = await paid_sale(stripe_shop)
    before = len(stripe_shop.fake.every("refund"))
    stripe_shop.fake.fail_next("POST /v1/refunds", "drop_after_effect")
    await ana.refunds(purchase)
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert len(stripe_shop.fake.every("refund")) == before + 1
    await stripe_shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_a_refund_made_at_stripe_itself_is_known_here(stripe_shop: StripeShop) -> None:
    ana, ben, _, purchase = await paid_sale(stripe_shop)
    await stripe_shop.at_stripe.v1.refunds.create_async(
        {"payment_intent": stripe_shop.intent_of(purchase), "amount": 300}
    )
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "PARTIALLY_REFUNDED"
    too_much = await ana.refunds(purchase, amount=901)
    assert too_much.json()["code"] == "refund_too_much"
    await stripe_shop.books_agree(ana)


@pytest.mark.feature("A23")
@pytest.mark.parametrize(("won", "status"), [(True, "CHARGEBACK_WON"), (False, "CHARGEBACK_LOST")])
@pytest.mark.parametrize("mode", ["normal", "duplicate", "out_of_order"])
async def test_a_dispute_suspends_and_its_end_decides(
    stripe_shop: StripeShop, won: bool, status: str, mode: Any
) -> None:
    ana, ben, atlas, purchase = await paid_sale(stripe_shop)
    stripe_shop.fake.webhook_mode = mode
    dispute = stripe_shop.fake.dispute(stripe_shop.intent_of(purchase))
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == "DISPUTED"
    assert not await ben.owns(atlas)
    assert (await ana.refunds(purchase)).status_code == 409

    stripe_shop.fake.close_dispute(dispute["id"], won=won)
    await stripe_shop.settles()
    assert (await ben.sees(purchase))["status"] == status
    assert await ben.owns(atlas) == won
    await stripe_shop.books_agree(ana)
