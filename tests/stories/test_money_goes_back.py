"""A buyer wants their money back, or their bank does: what goes back, and what they own meanwhile."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.vocabulary.shop import Person, Shop, eventually

from purvey import purchases
from purvey.kit.events import publish
from purvey.purchases import PurchaseRefunded
from purvey.wiring import hand_over


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def a_sale(shop: Shop, **fields: Any) -> tuple[Person, Person, dict[str, Any], dict[str, Any]]:
    """An author, a buyer, a product, and the paid purchase of it (with its checkout's address)."""
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", **fields)
    started = await ben.buys(atlas)
    return ana, ben, atlas, started | await ben.pays(started)


@pytest.mark.feature("A22", "A33")
async def test_a_whole_refund_takes_the_product_away_and_puts_it_back_on_the_shelf(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_sale(shop, stock=1)
    assert await ben.owns(atlas)

    answer = await ana.refunds(purchase, reason="bent corners")
    assert answer.status_code == 202, answer.text
    assert (answer.json()["status"], answer.json()["amount"]) == ("APPROVED", 1200)
    await shop.settles()

    back = await ben.sees(purchase)
    assert (back["status"], back["refundedAmount"], back["refundReason"]) == ("REFUNDED", 1200, "bent corners")
    assert back["refundedAt"] and [each["status"] for each in back["refunds"]] == ["SUCCEEDED"]
    assert not await ben.owns(atlas)
    assert back["thankYouMessage"] is None
    assert await shop.stock_of(atlas) == (1, 0, 0)
    assert await shop.db.value("select refunded_by from purchases where id = $1", UUID(purchase["id"])) == ana.id
    assert code_of(await ana.refunds(purchase)) == (409, "not_refundable")
    assert (await ben.has(atlas))["status"] == "SUCCEEDED", "it can be bought again"
    await shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_part_of_the_money_back_leaves_the_product(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_sale(shop)

    assert (await ana.refunds(purchase, amount=500)).status_code == 202
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "PARTIALLY_REFUNDED"
    assert await ben.owns(atlas)

    too_much = await ana.refunds(purchase, amount=701)
    assert code_of(too_much) == (409, "refund_too_much")
    assert too_much.json()["refundable"] == 700
    assert (await ana.refunds(purchase, amount=0)).status_code == 400

    assert (await ana.refunds(purchase)).json()["amount"] == 700, "all that is left"
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert not await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_of_twenty_refunds_of_a_third_at_once_three_are_made(shop: Shop) -> None:
    ana, ben, _, purchase = await a_sale(shop, price=1000)

    answers = await asyncio.gather(*(ana.refunds(purchase, amount=300) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [409] * 17
    await shop.settles()
    assert (await ben.sees(purchase))["refundedAmount"] == 900
    await shop.books_agree(ana)


@pytest.mark.feature("A22", "A33")
async def test_an_admin_refunds_by_payment_and_a_helper_may_not(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_sale(shop)
    assert ana.site
    admin, helper = await shop.person("root", admin=True), await shop.person("sue")
    await shop.joins(helper, ana.site["tenantId"], "SUPPORT")
    site = f"/v1/sites/{ana.site['id']}/purchases/{purchase['id']}/refunds"
    assert (await helper.post(site, {"reason": "kindness"})).status_code == 403
    door = f"/v1/admin/payments/{purchase['paymentId']}/refunds"
    assert (await ana.post(door, {"reason": "mine"})).status_code == 403

    listed = (await admin.get(f"/v1/admin/payments?purchaseId={purchase['id']}")).json()["data"]
    assert [(each["status"], each["amount"], each["provider"]) for each in listed] == [("SUCCEEDED", 1200, "testbank")]
    assert (await admin.post(door, {"reason": "policy"})).status_code == 202
    await shop.settles()

    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert not await ben.owns(atlas)
    audited = await shop.db.value(
        "select actor_id from audit_log where action = 'refund.executed' and subject_id = $1", purchase["id"]
    )
    assert audited == admin.id
    await shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_a_refund_that_the_bank_cannot_send_leaves_everything_as_it_was(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas")
    purchase = await ben.pays(await ben.buys(atlas), refunds="fail")

    refund = (await ana.refunds(purchase)).json()
    await shop.settles()

    seen = await ben.sees(purchase)
    assert (seen["status"], seen["refundedAmount"]) == ("SUCCEEDED", 0)
    assert [(each["id"], each["status"]) for each in seen["refunds"]] == [(refund["id"], "FAILED")]
    assert await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_a_refund_whose_webhook_never_comes_is_found_by_asking(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas")
    started = await ben.buys(atlas)
    await ben.answers_the_bank(started, "pay", delivery="never")
    shop.minutes_pass(2)
    await shop.sweeps()
    assert (await ben.sees(started))["status"] == "SUCCEEDED"

    await ana.refunds(started)
    await shop.settles()
    assert (await ben.sees(started))["status"] == "SUCCEEDED", "it is on its way"
    shop.minutes_pass(2)
    await shop.sweeps()

    assert (await ben.sees(started))["status"] == "REFUNDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A22", "A26")
async def test_a_bundle_goes_back_whole(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    members = [await ana.sells("Map", stock=2), await ana.sells("Guide")]
    bundle = await ana.sells("Both", productType="BUNDLE", memberIds=[each["id"] for each in members])
    purchase = await ben.has(bundle)

    assert code_of(await ana.refunds(purchase, amount=100)) == (422, "bundle_refunded_whole")
    assert (await ana.refunds(purchase)).status_code == 202
    await shop.settles()

    assert [await ben.owns(each) for each in [bundle, *members]] == [False] * 3
    assert await shop.stock_of(members[0]) == (2, 0, 0)
    await shop.books_agree(ana)


@pytest.mark.feature("A22")
async def test_what_shall_not_be_sold_again_stays_sold(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_sale(shop, stock=2, restockOnRefund=False)
    await ana.refunds(purchase)
    await shop.settles()
    assert (await ben.sees(purchase))["status"] == "REFUNDED"
    assert await shop.stock_of(atlas) == (2, 0, 1)
    await shop.books_agree(ana)


async def disputes(shop: Shop, purchase: dict[str, Any]) -> None:
    answer = await shop.http.post(f"{purchase['checkout']}/dispute")
    assert answer.status_code == 303, answer.text
    await shop.settles()


async def closes(shop: Shop, purchase: dict[str, Any], outcome: str) -> None:
    answer = await shop.http.post(f"{purchase['checkout']}/close", data={"outcome": outcome})
    assert answer.status_code == 303, answer.text
    await shop.settles()


async def a_disputed_sale(shop: Shop) -> tuple[Person, Person, dict[str, Any], dict[str, Any]]:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", stock=1)
    started = await ben.buys(atlas)
    purchase = await ben.pays(started) | {"checkout": started["checkoutUrl"]}
    return ana, ben, atlas, purchase


@pytest.mark.feature("A23")
async def test_a_dispute_suspends_and_winning_it_gives_back(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_disputed_sale(shop)
    await ana.refunds(purchase, amount=100)
    await shop.settles()

    await disputes(shop, purchase)
    assert (await ben.sees(purchase))["status"] == "DISPUTED"
    assert not await ben.owns(atlas)
    assert code_of(await ana.refunds(purchase)) == (409, "not_refundable"), "the bank decides first"
    await shop.books_agree(ana)

    await closes(shop, purchase, "won")
    won = await ben.sees(purchase)
    assert (won["status"], won["refundedAmount"]) == ("CHARGEBACK_WON", 100)
    assert await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A23")
async def test_losing_a_dispute_takes_the_product_away(shop: Shop) -> None:
    ana, ben, atlas, purchase = await a_disputed_sale(shop)
    await disputes(shop, purchase)
    await closes(shop, purchase, "lost")
    assert (await ben.sees(purchase))["status"] == "CHARGEBACK_LOST"
    assert not await ben.owns(atlas)
    assert (await shop.http.post(f"{purchase['checkout']}/close", data={"outcome": "won"})).status_code == 409
    await shop.books_agree(ana)


@pytest.mark.feature("A15", "A22")
async def test_the_audit_may_come_between_money_that_went_back_and_its_request(shop: Shop) -> None:
    """The request is closed by a task of its own, a moment later: as long as that waits, the books agree."""
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site is not None
    bought = await ben.has(await ana.sells("Field Atlas"))
    asked = await ben.post(f"/v1/purchases/{bought['id']}/refund-request", {"reason": "Not for me"})
    door = f"/v1/sites/{ana.site['id']}/refund-requests/{asked.json()['id']}/approve"
    refund = (await ana.post(door, {"execute": True})).json()["refund"]
    await shop.settles()
    tenant_id, ticket_id = UUID(ana.site["tenantId"]), UUID(asked.json()["id"])
    assert await shop.db.value("select state from tickets where id = $1", ticket_id) == "REFUNDED"
    async with shop.db.transaction() as tx:
        await tx.do("update tickets set state = 'APPROVED' where id = $1", ticket_id)
        assert len(await purchases.audit_books(tx, tenant_id=tenant_id)) == 1
        publish(
            tx,
            PurchaseRefunded(
                subject_id=UUID(bought["id"]), tenant_id=tenant_id, at=shop.now, site_id=UUID(ana.site["id"]),
                buyer_id=ben.id, product_id=None, chapter_id=None, refund_id=UUID(refund["id"]), amount=1200,
                currency="EUR", whole=True,
            ),
        )  # fmt: skip
        await shop.db.flush(tx)
        assert await purchases.audit_books(tx, tenant_id=tenant_id) == []
    await shop.settles()
    await shop.books_agree(ana)


@pytest.mark.feature("A15")
async def test_a_request_is_approved_while_its_buyer_becomes_another(shop: Shop) -> None:
    """Whoever decides a request holds it, then the payment; so does who hands both over: nobody waits in a ring."""
    ana, ben, _, bought = await a_sale(shop)
    cid = await shop.person("cid")
    asked = await ben.post(f"/v1/purchases/{bought['id']}/refund-request", {"reason": "Not for me"})
    assert ana.site is not None
    door = f"/v1/sites/{ana.site['id']}/refund-requests/{asked.json()['id']}/approve"

    async def becomes_another() -> None:
        async with shop.db.transaction() as tx:
            for give in hand_over():
                await give(tx, ben.id, cid.id)

    async def waiting(how_many: int) -> None:
        async def so_many() -> bool:
            return bool(await shop.db.value(WAITING, how_many))

        await eventually(so_many)

    async with shop.db.transaction() as tx:
        await tx.do("select from payments where id = $1 for update", UUID(bought["paymentId"]))
        giving = asyncio.create_task(becomes_another())
        await waiting(1)
        approving = asyncio.create_task(ana.post(door, {}))
        await waiting(2)
    await giving
    approved = await approving
    assert approved.status_code == 200, approved.text
    await shop.books_agree(ana)


WAITING = """
select count(*) = $1
from pg_stat_activity
where datname = current_database()
    and wait_event_type = 'Lock'
"""
