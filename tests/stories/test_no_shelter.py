"""An open checkout is no shelter: handed out again, and paid, it is asked by the rules of a new one."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.access.test_wallets import links
from tests.vocabulary.shop import Person, Shop, eventually

Json = dict[str, Any]


def door(ana: Person, product: Json) -> str:
    assert ana.site is not None
    return f"/v1/sites/{ana.site['id']}/products/{product['id']}"


async def at_the_bank(shop: Shop, purchase: Json) -> str:
    """How its checkout stands at the bank."""
    sql = "select state from test_bank_sessions where idempotency_key = $1"
    return str(await shop.db.value(sql, UUID(purchase["paymentId"])))


async def reopens(shop: Shop, purchase: Json) -> None:
    """The bank had not heard that it was closed."""
    await shop.db.do(
        "update test_bank_sessions set state = 'open', expires_at = $2 where idempotency_key = $1",
        UUID(purchase["paymentId"]),
        shop.now + timedelta(minutes=5),
    )


async def a_bundle(ana: Person, **fields: Any) -> tuple[Json, Json, Json]:
    atlas, song = await ana.sells("Field Atlas", **fields), await ana.sells("Birdsong")
    return atlas, song, await ana.sells("Both", price=2000, productType="BUNDLE", memberIds=[atlas["id"], song["id"]])


@pytest.mark.feature("A12", "A26", "A21")
async def test_the_checkout_of_a_member_ends_when_the_bundle_is_paid_and_what_is_paid_there_all_the_same_goes_back(
    shop: Shop,
) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site is not None
    atlas, song, bundle = await a_bundle(ana, stock=3)
    code = {"code": "TEN", "discountType": "PERCENTAGE", "value": 10}
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", code)).status_code == 201
    member = await ben.buys(atlas, code="TEN")
    both = await ben.buys(bundle)

    await ben.pays(both)
    assert await ben.owns(atlas) and await ben.owns(song)
    assert (await ben.sees(member))["status"] == "CANCELLED"
    assert await at_the_bank(shop, member) == "expired"
    assert await shop.stock_of(atlas) == (3, 0, 1)

    await reopens(shop, member)
    assert (await ben.pays(member))["status"] == "REFUNDED"
    refund = (await ben.sees(member))["refunds"][0]
    assert (refund["amount"], refund["status"]) == (1080, "SUCCEEDED")
    assert "You own this already" in refund["reason"]
    assert await ben.owns(atlas)
    assert await shop.stock_of(atlas) == (3, 0, 1)
    uses = await shop.db.record("select used, reserved from discount_codes where site_id = $1", UUID(ana.site["id"]))
    assert uses == (0, 0)
    await shop.books_agree(ana)


@pytest.mark.feature("A12", "A26")
async def test_member_and_bundle_that_are_paid_at_the_same_moment_are_paid_once(shop: Shop) -> None:
    """Neither of both notices has been heard when the other is."""
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas, _, bundle = await a_bundle(ana)
    member, both = await ben.buys(atlas), await ben.buys(bundle)
    await asyncio.gather(*(ben.answers_the_bank(each, "pay") for each in (member, both)))
    await shop.settles()
    statuses = {(await ben.sees(each))["status"] for each in (both, member)}
    assert statuses in ({"SUCCEEDED"}, {"SUCCEEDED", "REFUNDED"})
    granted = "select count(*) from entitlements where user_id = $1 and product_id = $2 and state = 'LIVE'"
    # A member that was paid first leaves the bundle worth its price; one that was paid second was owned.
    member_first = statuses == {"SUCCEEDED"}
    assert await shop.db.value(granted, ben.id, UUID(atlas["id"])) == (2 if member_first else 1)
    assert await ben.owns(bundle)
    await shop.books_agree(ana)


@pytest.mark.feature("A12", "A26")
async def test_the_last_member_that_is_bought_ends_the_checkout_of_the_bundle(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas, song, bundle = await a_bundle(ana)
    both = await ben.buys(bundle)
    await ben.has(atlas)
    assert (await ben.sees(both))["status"] == "PENDING", "the other half is worth something"
    await ben.has(song)
    assert (await ben.sees(both))["status"] == "CANCELLED"
    await reopens(shop, both)
    assert (await ben.pays(both))["status"] == "REFUNDED"
    await shop.books_agree(ana)


WITHDRAWN = {
    "suspended": "not_for_sale",
    "archived": "not_for_sale",
    "switched off": "not_for_sale",
    "ended": "sale_ended",
    "put off": "not_available_yet",
    "a member archived": "not_for_sale",
}


async def withdraws(shop: Shop, ana: Person, atlas: Json, song: Json, how: str) -> None:
    day = timedelta(days=1)
    match how:
        case "suspended":
            root = await shop.person("root", admin=True)
            answer = await root.put(f"/v1/admin/products/{atlas['id']}/status", {"isActive": False, "reason": "Stolen"})
        case "archived":
            answer = await ana.delete(door(ana, atlas))
        case "switched off":
            answer = await ana.put(door(ana, atlas), {"isActive": False})
        case "ended":
            answer = await ana.put(door(ana, atlas), {"availableUntil": (shop.now - day).isoformat()})
        case "put off":
            answer = await ana.put(door(ana, atlas), {"availableFrom": (shop.now + day).isoformat()})
        case _:
            answer = await ana.delete(door(ana, song))
    assert answer.is_success, answer.text


async def offered(ana: Person, how: str) -> tuple[Json, Json]:
    """What is bought, and what its sale depends on."""
    if how == "a member archived":
        _, song, bundle = await a_bundle(ana)
        return bundle, song
    atlas = await ana.sells("Field Atlas", stock=2)
    return atlas, atlas


@pytest.mark.feature("A12", "A21")
@pytest.mark.parametrize("how", WITHDRAWN)
async def test_what_is_withdrawn_while_it_is_at_the_checkout_is_not_sold_when_it_is_paid(shop: Shop, how: str) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas, part = await offered(ana, how)
    purchase = await ben.buys(atlas)
    await withdraws(shop, ana, atlas, part, how)
    seen = await ben.pays(purchase)
    assert (seen["status"], seen["refunds"][0]["status"]) == ("REFUNDED", "SUCCEEDED")
    assert not await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
@pytest.mark.parametrize("how", WITHDRAWN)
async def test_what_was_withdrawn_is_not_handed_out_again_nor_kept_open(shop: Shop, how: str) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    atlas, part = await offered(ana, how)
    asked, forgotten = await ben.asks_to_buy(atlas, key="twice"), await eve.buys(atlas)
    purchase = asked.json() | {"id": asked.json()["purchaseId"]}
    await withdraws(shop, ana, atlas, part, how)

    refused = await ben.asks_to_buy(atlas)
    assert (refused.status_code, refused.json()["code"]) == (409, WITHDRAWN[how])
    assert (await at_the_bank(shop, purchase), (await ben.sees(purchase))["status"]) == ("expired", "CANCELLED")
    replayed = await ben.asks_to_buy(atlas, key="twice")
    assert (replayed.status_code, replayed.json()["status"]) == (200, "CANCELLED")

    shop.minutes_pass(2)
    await shop.sweeps()
    assert (await eve.sees(forgotten))["status"] == "CANCELLED", "whoever asks after it closes it"
    assert await at_the_bank(shop, forgotten) == "expired"
    await shop.books_agree(ana)


@pytest.mark.feature("A12", "C17")
async def test_a_key_does_not_hand_out_what_was_withdrawn_meanwhile(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas")
    assert (await ben.asks_to_buy(atlas, key="one")).status_code == 202
    await withdraws(shop, ana, atlas, atlas, "archived")
    again = await ben.asks_to_buy(atlas, key="one")
    assert (again.status_code, again.json()["status"], again.json()["checkoutUrl"]) == (200, "CANCELLED", None)
    await shop.books_agree(ana)


@pytest.mark.feature("A12", "A21")
async def test_late_money_for_what_was_withdrawn_meanwhile_goes_back(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas")
    purchase = await ben.buys(atlas)
    await ana.delete(door(ana, atlas))
    assert (await ben.pays_too_late(purchase))["status"] == "REFUNDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
@pytest.mark.parametrize("how", ["owned", "free to subscribers", "unpublished"])
async def test_a_chapter_that_is_not_for_sale_to_them_any_more_is_not_sold_when_it_is_paid(
    shop: Shop, how: str
) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site is not None
    chapter = await ana.writes(await ana.begins_series(isPublished=True), price=300, isPublished=True)
    path = f"/v1/chapters/{chapter['id']}/purchase"
    first = (await ben.post(path, {})).json()
    first |= {"id": first["purchaseId"]}
    if how == "owned":
        shop.minutes_pass(31)
        await shop.sweeps()
        second = (await ben.post(path, {})).json()
        await ben.pays(second | {"id": second["purchaseId"]})
        await reopens(shop, first)
    else:
        change = {"accessLevel": "SUBSCRIBERS"} if how == "free to subscribers" else {"isPublished": False}
        changed = await ana.put(f"/v1/sites/{ana.site['id']}/chapters/{chapter['id']}", change)
        assert changed.status_code == 200, changed.text
    assert (await ben.pays(first))["status"] == "REFUNDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A12", "B5")
async def test_linking_a_wallet_that_owns_it_ends_the_persons_checkout_of_it(shop: Shop) -> None:
    bea, ana, agent = await shop.author("bea"), await shop.person("ana"), await shop.agent()
    atlas, guide = await bea.sells("Atlas"), await bea.sells("Guide")
    await agent.has(atlas)
    await ana.has(guide)
    mine, theirs = await ana.buys(atlas), await agent.buys(guide)
    assert (await links(ana, agent.wallet)).status_code == 201
    await shop.settles()
    for each in (mine, theirs):
        assert ((await ana.sees(each))["status"], await at_the_bank(shop, each)) == ("CANCELLED", "expired")
        await reopens(shop, each)
        assert (await ana.pays(each))["status"] == "REFUNDED"
    await shop.books_agree(bea)


@pytest.mark.feature("A12", "A23")
async def test_winning_back_what_was_disputed_ends_the_checkout_of_another_copy(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas")
    first = await ben.buys(atlas)
    await ben.pays(first)
    await shop.http.post(f"{first['checkoutUrl']}/dispute")
    await shop.settles()
    second = await ben.buys(atlas)
    await shop.http.post(f"{first['checkoutUrl']}/close", data={"outcome": "won"})
    await shop.settles()
    assert await ben.owns(atlas)
    assert (await ben.sees(second))["status"] == "CANCELLED"
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_what_is_made_by_hand_may_be_bought_again_while_it_is_owned(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    mug = await ana.sells("Mug", productType="COMMISSION_SLOT")
    first = await ben.buys(mug, brief="A fox")
    await ben.pays(first)
    assert (await ben.has(mug, brief="A crow"))["status"] == "SUCCEEDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A12")
async def test_a_bank_that_is_paid_as_its_checkout_is_closed_sends_the_money_back(shop: Shop) -> None:
    """The buyer comes to own it, and pays elsewhere before that is heard."""
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas, _, bundle = await a_bundle(ana)
    member, both = await ben.buys(atlas), await ben.buys(bundle)
    await ben.answers_the_bank(member, "pay", delivery="never")
    await ben.answers_the_bank(both, "pay")

    async def over() -> bool:
        return bool((await ben.sees(member))["refunds"])

    await eventually(over)
    await shop.settles()
    shop.minutes_pass(2)
    await shop.sweeps()
    assert ((await ben.sees(both))["status"], (await ben.sees(member))["status"]) == ("SUCCEEDED", "REFUNDED")
    await shop.books_agree(ana)
