"""A person buys: what they pay, what is kept for them meanwhile, what they own afterwards."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.vocabulary.shop import Person, Shop, eventually

from purvey.kit.ids import new_id


@pytest.mark.feature("A12", "A13", "A11")
async def test_whoever_pays_at_the_bank_owns_the_product(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", price=1200, thankYouMessage="Enjoy the hills")

    answer = await ben.asks_to_buy(atlas)
    assert answer.status_code == 202, answer.text
    started = answer.json()
    assert started.keys() == {
        "checkoutUrl",
        "purchaseId",
        "paymentId",
        "provider",
        "expiresAt",
        "finalAmount",
        "currencyCode",
    }
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


async def ben_and_his_atlas(shop: Shop, **fields: Any) -> tuple[Person, Person, dict[str, Any]]:
    """An author, a buyer, and what is for sale."""
    ana, ben = await shop.author("ana"), await shop.person("ben")
    return ana, ben, await ana.sells("Field Atlas", **fields)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.feature("A12", "A21")
async def test_a_declined_card_may_be_tried_again_at_the_same_checkout(shop: Shop) -> None:
    ana, ben, atlas = await ben_and_his_atlas(shop, stock=1)
    purchase = await ben.buys(atlas)

    declined = await ben.declines(purchase)
    assert declined["status"] == "FAILED"
    assert declined["checkoutUrl"] == purchase["checkoutUrl"], "it can still be paid there"
    assert await shop.stock_of(atlas) == (1, 1, 0), "and is kept meanwhile"

    assert (await ben.pays(purchase))["status"] == "SUCCEEDED"
    assert await shop.stock_of(atlas) == (1, 0, 1)
    moves = await shop.db.records(
        "select from_status, to_status from payment_moves where payment_id = $1 order by number",
        UUID(purchase["paymentId"]),
    )
    assert [tuple(move.values()) for move in moves] == [
        ("PENDING", "FAILED"),
        ("FAILED", "PROCESSING"),
        ("PROCESSING", "SUCCEEDED"),
    ]
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_whoever_leaves_the_bank_may_come_back(shop: Shop) -> None:
    ana, ben, atlas = await ben_and_his_atlas(shop)
    purchase = await ben.buys(atlas)

    left = await ben.answers_the_bank(purchase, "leave")
    assert left.headers["location"].endswith(f"/purchases/{purchase['id']}?checkout=left")
    page = await shop.http.get(purchase["checkoutUrl"])
    assert page.status_code == 200
    assert "12.00 EUR" in page.text and "Field Atlas" in page.text

    paid = await ben.answers_the_bank(purchase, "pay")
    assert paid.headers["location"].endswith(f"/purchases/{purchase['id']}")
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "SUCCEEDED"
    again = await ben.answers_the_bank(purchase, "pay")
    assert again.headers["location"] == paid.headers["location"], "a second click is the first one again"
    declined = await shop.http.post(purchase["checkoutUrl"], data={"outcome": "decline"})
    assert code_of(declined) == (409, "checkout_over")
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_what_is_free_is_owned_at_once(shop: Shop) -> None:
    ana, ben, atlas = await ben_and_his_atlas(shop, price=0, stock=3)

    answer = await ben.asks_to_buy(atlas, key="free-atlas")
    assert answer.status_code == 201, answer.text
    purchase = answer.json()
    assert (purchase["status"], purchase["finalAmount"], purchase["provider"]) == ("SUCCEEDED", 0, "none")
    assert await ben.owns(atlas)
    assert await shop.stock_of(atlas) == (3, 0, 1)

    again = await ben.asks_to_buy(atlas, key="free-atlas")
    assert (again.status_code, again.json()["id"]) == (201, purchase["id"])
    assert again.headers["idempotent-replayed"] == "true"
    assert code_of(await ben.asks_to_buy(atlas)) == (409, "already_owned")
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_pay_what_you_want_takes_any_amount_from_its_minimum_up(shop: Shop) -> None:
    ana, ben, zine = await ben_and_his_atlas(shop, price=500, isPayWhatYouWant=True, minimumAmount=200)

    assert code_of(await ben.asks_to_buy(zine, amount=199)) == (422, "below_minimum")
    purchase = await ben.buys(zine, amount=700)
    assert (await ben.pays(purchase))["finalAmount"] == 700

    eve = await shop.person("eve")
    assert (await eve.has(zine))["finalAmount"] == 500, "the suggestion, when nobody says otherwise"
    atlas = await ana.sells("Fixed", price=500)
    assert code_of(await eve.asks_to_buy(atlas, amount=700)) == (422, "fixed_price")
    gift = await ana.sells("Gift", price=500, isPayWhatYouWant=True)
    assert (await eve.buys(gift, amount=0))["status"] == "SUCCEEDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A12", "A24")
async def test_a_code_is_held_while_the_checkout_is_open_and_used_when_it_is_paid(shop: Shop) -> None:
    ana, ben, atlas = await ben_and_his_atlas(shop, price=999)
    await gives_code(ana, code="SAVE20", value=20, maxUses=1)

    purchase = await ben.buys(atlas, code="save20")
    eve = await shop.person("eve")
    assert code_of(await eve.asks_to_buy(atlas, code="SAVE20")) == (422, "discount_used_up")
    assert (await ben.buys(atlas, code="SAVE20"))["id"] == purchase["id"], "his own hold is not in his way"

    paid = await ben.pays(purchase)
    assert (paid["amount"], paid["discountAmount"], paid["finalAmount"]) == (999, 200, 799)
    await shop.books_agree(ana)


@pytest.mark.feature("A12", "A24")
async def test_a_code_for_everything_makes_it_free(shop: Shop) -> None:
    ana, ben, atlas = await ben_and_his_atlas(shop)
    await gives_code(ana, code="GIFT", value=100)
    assert (await ben.buys(atlas, code="GIFT"))["status"] == "SUCCEEDED"
    assert await ben.owns(atlas)
    await shop.books_agree(ana)


async def gives_code(person: Person, **fields: Any) -> None:
    assert person.site
    body = {"discountType": "PERCENTAGE", **fields}
    answer = await person.post(f"/v1/sites/{person.site['id']}/discount-codes", body)
    assert answer.status_code == 201, answer.text


@pytest.mark.feature("A25", "A12")
async def test_what_nobody_pays_for_goes_back_on_the_shelf(shop: Shop) -> None:
    ana, ben, atlas = await ben_and_his_atlas(shop, stock=1)
    await gives_code(ana, code="ONE", value=10, maxUses=1)
    purchase = await ben.buys(atlas, code="ONE")
    eve = await shop.person("eve")
    refused = await eve.asks_to_buy(atlas)
    assert code_of(refused) == (409, "sold_out")
    assert {name: refused.json()[name] for name in ("sold", "reserved", "total")} == {
        "sold": 0,
        "reserved": 1,
        "total": 1,
    }

    shop.minutes_pass(31)
    await shop.sweeps()

    assert (await ben.sees(purchase))["status"] == "EXPIRED"
    assert await shop.stock_of(atlas) == (1, 0, 0)
    assert (await eve.has(atlas, code="ONE"))["status"] == "SUCCEEDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_a_buyer_may_think_better_of_it(shop: Shop) -> None:
    ana, ben, atlas = await ben_and_his_atlas(shop, stock=1)
    purchase = await ben.buys(atlas)
    assert await shop.stock_of(atlas) == (1, 1, 0)

    for _ in range(2):
        cancelled = await ben.post(f"/v1/purchases/{purchase['id']}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "CANCELLED")
    assert await shop.stock_of(atlas) == (1, 0, 0)
    late = await shop.http.post(purchase["checkoutUrl"], data={"outcome": "pay"})
    assert late.status_code == 409, "the bank's checkout is closed too"

    paid = await ben.has(atlas)
    assert code_of(await ben.post(f"/v1/purchases/{paid['id']}/cancel")) == (409, "not_open")
    await shop.books_agree(ana)


@pytest.mark.feature("A13", "A33")
async def test_a_strangers_purchase_does_not_exist(shop: Shop) -> None:
    ana, ben, atlas = await ben_and_his_atlas(shop)
    purchase = await ben.has(atlas)
    eve, mallory = await shop.person("eve"), await shop.author("mallory")
    assert mallory.site
    site = f"/v1/sites/{mallory.site['id']}/purchases/{purchase['id']}"
    for answer in (
        await eve.get(f"/v1/purchases/{purchase['id']}"),
        await ana.get(f"/v1/purchases/{purchase['id']}"),
        await eve.post(f"/v1/purchases/{purchase['id']}/cancel"),
        await mallory.get(site),
        await mallory.patch(f"{site}/fulfilment", {"state": "DONE"}),
        await mallory.post(f"{site}/refunds", {"reason": "mine now"}),
    ):
        assert answer.status_code == 404, answer.text
    assert (await eve.get("/v1/purchases")).json()["data"] == []
    assert (await shop.http.get("/v1/purchases")).status_code == 401


@pytest.mark.feature("A12")
async def test_asking_again_gives_the_same_checkout_and_other_terms_a_new_one(shop: Shop) -> None:
    ana, ben, poster = await ben_and_his_atlas(shop, stock=5)
    first = await ben.buys(poster)
    assert (await ben.buys(poster))["id"] == first["id"]

    second = await ben.buys(poster, quantity=2)

    assert second["id"] != first["id"]
    assert (await ben.sees(first))["status"] == "CANCELLED"
    assert await shop.stock_of(poster) == (5, 2, 0), "only the second is held"
    assert (await ben.pays(second))["finalAmount"] == 2400
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_a_key_stands_for_one_request(shop: Shop) -> None:
    ana, ben, atlas = await ben_and_his_atlas(shop)
    first = await ben.asks_to_buy(atlas, key="one")
    second = await ben.asks_to_buy(atlas, key="one")
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert code_of(await ben.asks_to_buy(atlas, key="one", quantity=2)) == (422, "idempotency_key_reused")

    paid = await ben.pays(first.json() | {"id": first.json()["purchaseId"]})
    assert (await ben.asks_to_buy(atlas, key="one")).json() == paid, "how it stands by then"
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_five_open_checkouts_are_enough(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    for number in range(5):
        await ben.buys(await ana.sells(f"Sheet {number}"))
    refused = await ben.asks_to_buy(await ana.sells("Sheet 6"))
    assert code_of(refused) == (409, "too_many_open")


@pytest.mark.feature("A12", "A20")
async def test_nothing_is_sold_before_after_or_against_its_time(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    now = shop.now
    early = await ana.sells("Early", availableFrom=(now + timedelta(hours=1)).isoformat())
    late = await ana.sells("Late", availableUntil=(now + timedelta(hours=1)).isoformat())
    off = await ana.sells("Off", isActive=False)
    plan = {"sku": f"{ana.name}-plan", "amount": 900, "recurring": {"interval": "month", "intervalCount": 1}}
    monthly = await ana.sells("Plan", price=None, prices=[plan])
    billed = await ana.sells("Billed", paymentIntegration="invoice")

    assert code_of(await ben.asks_to_buy(early)) == (409, "not_available_yet")
    assert code_of(await ben.asks_to_buy(off)) == (409, "not_for_sale")
    assert code_of(await ben.asks_to_buy(monthly)) == (409, "recurring_price")
    assert code_of(await ben.asks_to_buy(billed)) == (409, "by_invoice_only")
    assert (await ben.asks_to_buy({"id": str(new_id())})).status_code == 404
    assert (await ben.asks_to_buy(off, priceId=str(new_id()))).status_code == 404

    shop.minutes_pass(61)
    assert (await ben.asks_to_buy(early)).status_code == 202
    assert code_of(await ben.asks_to_buy(late)) == (409, "sale_ended")


@pytest.mark.feature("A25")
async def test_a_shop_may_ask_for_a_proven_address_before_it_sells_limited_goods(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    await shop.db.do("update sites set verified_email_for_limited = true where id = $1", UUID(ana.site["id"]))
    print_, pdf = await ana.sells("Print", stock=3), await ana.sells("PDF")
    ben = await shop.person("ben", verified=False)

    assert code_of(await ben.asks_to_buy(print_)) == (403, "email_not_verified")
    assert (await ben.asks_to_buy(pdf)).status_code == 202


@pytest.mark.feature("A26", "A33")
async def test_merchandise_is_sent_by_hand_and_its_buyer_sees_how_far_it_is(shop: Shop) -> None:
    ana, ben, mug = await ben_and_his_atlas(shop, productType="MERCHANDISE")
    assert ana.site
    refused = await ben.asks_to_buy(mug)
    assert refused.status_code == 422 and refused.json()["errors"][0]["pointer"] == "/shippingAddress"
    home = {"name": "Ben", "line1": "1 Hill Road", "city": "Vevey", "postalCode": "1800", "countryCode": "CH"}
    bought = await ben.has(mug, shippingAddress=home)
    assert (bought["fulfilmentState"], bought["shippingAddress"]) == ("TO_DO", home)

    sale = f"/v1/sites/{ana.site['id']}/purchases/{bought['id']}"
    assert (await ana.get(sale)).json()["shippingAddress"] == home
    waiting = await ana.get(f"/v1/sites/{ana.site['id']}/purchases?fulfilmentState=TO_DO")
    assert [each["id"] for each in waiting.json()["data"]] == [bought["id"]]
    sent = await ana.patch(f"{sale}/fulfilment", {"state": "SHIPPED", "note": "parcel 42"})
    assert sent.status_code == 200, sent.text
    seen = await ben.sees(bought)
    assert (seen["fulfilmentState"], seen["fulfilmentNote"]) == ("SHIPPED", "parcel 42")
    assert code_of(await ana.patch(f"{sale}/fulfilment", {"state": "TO_DO"})) == (409, "impossible_move")

    assert (await ben.has(mug, shippingAddress=home))["id"] != bought["id"], "another one may be bought"
    pdf = await ben.has(await ana.sells("PDF"))
    nothing = await ana.patch(f"/v1/sites/{ana.site['id']}/purchases/{pdf['id']}/fulfilment", {"state": "DONE"})
    assert code_of(nothing) == (409, "nothing_to_fulfil")
    await shop.books_agree(ana)


@pytest.mark.feature("A26", "A25")
async def test_a_bundle_gives_its_members_and_takes_their_stock(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    map_, print_ = await ana.sells("Map"), await ana.sells("Print", stock=2)
    bundle = await ana.sells("Both", productType="BUNDLE", memberIds=[map_["id"], print_["id"]], price=2000)

    bought = await ben.has(bundle)

    assert [item["name"] for item in bought["items"]] == ["Both", "Map", "Print"]
    assert await ben.owns(map_) and await ben.owns(print_) and await ben.owns(bundle)
    assert await shop.stock_of(print_) == (2, 0, 1)
    assert code_of(await ben.asks_to_buy(map_)) == (409, "already_owned")
    await (await shop.person("eve")).has(print_)
    assert code_of(await (await shop.person("dan")).asks_to_buy(bundle)) == (409, "sold_out")
    await shop.books_agree(ana)


@pytest.mark.feature("A17", "A18")
async def test_a_chapter_is_bought_once_in_the_same_way(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    chapter = await ana.writes(await ana.begins_series(), "Two", price=150)

    started = (await ben.post(f"/v1/chapters/{chapter['id']}/purchase", {})).json()
    paid = await ben.pays(started | {"id": started["purchaseId"]})
    assert (paid["itemType"], paid["chapterId"], paid["finalAmount"]) == ("chapter", chapter["id"], 150)
    again = await ben.post(f"/v1/chapters/{chapter['id']}/purchase", {})
    assert code_of(again) == (409, "already_owned")

    sold = await ana.get(f"/v1/chapters/{chapter['id']}/purchases")
    assert [each["buyerId"] for each in sold.json()["data"]] == [str(ben.id)]
    assert (await ben.get(f"/v1/chapters/{chapter['id']}/purchases")).status_code == 404
    admin = await shop.person("root", admin=True)
    assert (await admin.get(f"/v1/chapters/{chapter['id']}/purchases")).status_code == 200
    await shop.books_agree(ana)


@pytest.mark.feature("C5")
async def test_a_completed_purchase_tells_of_itself_and_of_what_its_buyer_owns_now(shop: Shop) -> None:
    ana, ben, atlas = await ben_and_his_atlas(shop)
    bought = await ben.has(atlas)
    told = await shop.db.records("select type, payload from events where payload->>'buyer_id' = $1", str(ben.id))
    completed = [row["payload"] for row in told if row["type"] == "ONE_TIME_PURCHASE_COMPLETED"]
    assert [(each["subject_id"], each["amount"]) for each in completed] == [(bought["id"], 1200)]
    created = await shop.db.records(
        "select payload from events where type = 'CUSTOMER_PRODUCT_CREATED' and payload->>'user_id' = $1", str(ben.id)
    )
    assert [(row["payload"]["product_id"], row["payload"]["source"]) for row in created] == [(atlas["id"], "PURCHASE")]
    customers = await shop.db.value("select count(*) from customers where user_id = $1", ben.id)
    assert customers == 1
    assert ana.site


@pytest.mark.feature("A12")
async def test_a_way_to_pay_must_be_the_buyers_own(shop: Shop) -> None:
    _, ben, atlas = await ben_and_his_atlas(shop)
    assert code_of(await ben.asks_to_buy(atlas, paymentMethodId="pm_of_somebody")) == (400, "foreign_payment_method")


@pytest.mark.feature("A25")
async def test_what_was_sold_without_a_limit_is_counted_in_time(shop: Shop) -> None:
    ana, ben, atlas = await ben_and_his_atlas(shop)
    await ben.has(atlas)
    await (await shop.person("eve")).has(atlas)
    await shop.sweeps()

    async def counted() -> bool:
        shown = await ana.get(f"/v1/sites/{ana.site['id'] if ana.site else ''}/products/{atlas['id']}")
        return bool(shown.json()["soldCount"] == 2)

    await eventually(counted)
    await shop.books_agree(ana)


@pytest.mark.feature("A16", "A12")
async def test_a_chapter_that_changed_its_currency_is_another_checkout(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    chapter = await ana.writes(await ana.begins_series(), "Two", price=150)
    door = f"/v1/chapters/{chapter['id']}/purchase"
    before = (await ben.post(door, {})).json()
    changed = await ana.put(f"/v1/sites/{ana.site['id']}/chapters/{chapter['id']}", {"currencyCode": "USD"})
    assert changed.status_code == 200, changed.text

    after = (await ben.post(door, {})).json()

    assert (await ben.sees({"id": after["purchaseId"]}))["currencyCode"] == "USD"
    assert (await ben.sees({"id": before["purchaseId"]}))["status"] == "CANCELLED"
    await shop.books_agree(ana)
