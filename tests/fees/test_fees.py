"""A fee that was paid: held once, used once, free again when nothing came of it."""

import asyncio
from uuid import UUID

import pytest

from purvey import fees
from purvey.fees import Credit, FeeUsed, Rates, store
from purvey.fees.model import CreditHappening
from purvey.kit.ids import new_id
from purvey.kit.money import Money
from tests.vocabulary.shop import Person, Shop

RATES = Rates(500, 10_000)
TEN = Money(10_000_000, "USDC")


async def a_credit(shop: Shop, *, amount: int = 500_000) -> Credit:
    id, payer = new_id(), f"0x{new_id().hex}{'0' * 8}"
    async with shop.db.transaction() as tx:
        await store.insert(
            tx, id=id, payer=payer, network="eip155:84532", amount=amount, rates=RATES, now=shop.now
        )  # fmt: skip
        paid = await store.move_credit(
            tx, id, CreditHappening.SETTLED, tx_hash=f"0x{new_id().hex}{new_id().hex}", now=shop.now
        )
    assert paid is not None
    return paid


async def holds(shop: Shop, ana: Person, credit: Credit | None, purchase_id: UUID) -> None:
    assert ana.site is not None
    async with shop.db.transaction() as tx:
        await fees.hold(
            tx, credit=credit, rates=RATES, amount=TEN, purchase_id=purchase_id,
            tenant_id=UUID(ana.site["tenantId"]), site_id=UUID(ana.site["id"]), now=shop.now,
        )  # fmt: skip


async def ends(shop: Shop, purchase_id: UUID, *, sold: bool) -> None:
    async with shop.db.transaction() as tx:
        await (fees.settle if sold else fees.drop)(tx, purchase_id, now=shop.now)


async def state_of(shop: Shop, credit: Credit) -> str:
    found = await store.find(shop.db, credit.id)
    assert found is not None
    return found.state


async def fee_of_purchase(shop: Shop, purchase_id: UUID) -> tuple[str, int]:
    row = await shop.db.record("select state, amount from purchase_fees where purchase_id = $1", purchase_id)
    assert row is not None
    return row["state"], row["amount"]


@pytest.mark.feature("B6", "B7")
async def test_a_credit_is_one_purchases_however_many_want_it_at_once(shop: Shop) -> None:
    ana, credit = await shop.author("ana", currency="USDC"), await a_credit(shop)
    purchases = [new_id() for _ in range(20)]
    told = await asyncio.gather(*(holds(shop, ana, credit, each) for each in purchases), return_exceptions=True)
    assert sorted(type(each).__name__ for each in told) == ["FeeUsed"] * 19 + ["NoneType"]
    lucky = purchases[told.index(None)]
    assert await state_of(shop, credit) == "HELD"
    await ends(shop, lucky, sold=True)
    assert await state_of(shop, credit) == "USED"
    assert await fee_of_purchase(shop, lucky) == ("COVERED", 500_000)
    with pytest.raises(FeeUsed):
        await holds(shop, ana, credit, new_id())


@pytest.mark.feature("B8")
async def test_a_credit_is_free_again_when_nothing_came_of_the_purchase(shop: Shop) -> None:
    ana, credit = await shop.author("ana", currency="USDC"), await a_credit(shop)
    first, second = new_id(), new_id()
    await holds(shop, ana, credit, first)
    await ends(shop, first, sold=False)
    assert await state_of(shop, credit) == "UNUSED"
    await holds(shop, ana, credit, second)
    await ends(shop, second, sold=True)
    assert await state_of(shop, credit) == "USED"
    assert await fee_of_purchase(shop, first) == ("DROPPED", 500_000)


@pytest.mark.feature("B8")
async def test_late_money_takes_its_credit_again_or_leaves_the_fee_to_its_seller(shop: Shop) -> None:
    ana, credit = await shop.author("ana", currency="USDC"), await a_credit(shop)
    late, later, other = new_id(), new_id(), new_id()
    await holds(shop, ana, credit, late)
    await ends(shop, late, sold=False)
    await ends(shop, late, sold=True)
    assert (await fee_of_purchase(shop, late), await state_of(shop, credit)) == (("COVERED", 500_000), "USED")
    credit = await a_credit(shop)
    await holds(shop, ana, credit, later)
    await ends(shop, later, sold=False)
    await holds(shop, ana, credit, other)
    await ends(shop, later, sold=True)
    assert (await fee_of_purchase(shop, later), await state_of(shop, credit)) == (("OWED", 500_000), "HELD")
    await ends(shop, other, sold=True)
    assert (await fee_of_purchase(shop, other), await state_of(shop, credit)) == (("COVERED", 500_000), "USED")


@pytest.mark.feature("B7")
async def test_where_no_fee_is_named_the_seller_owes_it_and_an_admin_notes_that_it_was_paid(shop: Shop) -> None:
    ana, root, sold = await shop.author("ana", currency="USDC"), await shop.person("root", admin=True), new_id()
    await holds(shop, ana, None, sold)
    assert await fee_of_purchase(shop, sold) == ("EXPECTED", 500_000)
    await ends(shop, sold, sold=True)
    assert ana.site is not None
    mine = {"tenantId": ana.site["tenantId"], "state": "OWED", "count": "true"}
    listed = (await root.get("/v1/platform/fees", params=mine)).json()
    assert (listed["total"], [each["purchaseId"] for each in listed["data"]]) == (1, [str(sold)])
    paid = await root.post(f"/v1/platform/fees/{sold}/paid", {"transaction": "0xabc"})
    assert (paid.status_code, paid.json()["state"], paid.json()["paidBy"]) == (200, "PAID", "0xabc")
    again = await root.post(f"/v1/platform/fees/{sold}/paid", {"transaction": "0xabc"})
    assert (again.status_code, again.json()["code"]) == (409, "not_owed")
    assert (await root.get("/v1/platform/fees", params=mine)).json()["data"] == []
    assert (await ana.get("/v1/platform/fees")).status_code == 403


@pytest.mark.feature("B6")
async def test_an_unused_credit_is_never_lost_and_is_owed_to_its_payer_after_thirty_days(shop: Shop) -> None:
    credit = await a_credit(shop)
    asked = {"payer": credit.payer, "owed": "true"}
    early = await shop.person("root", admin=True)
    assert (await early.get("/v1/platform/credits", params=asked)).json()["data"] == []
    shop.days_pass(31)
    root = await shop.person("root", admin=True)
    [listed] = (await root.get("/v1/platform/credits", params=asked)).json()["data"]
    assert (listed["id"], listed["amount"], listed["state"]) == (str(credit.id), 500_000, "UNUSED")
    assert listed["owedSince"] is not None
    back = await root.post(f"/v1/platform/credits/{credit.id}/returned", {"transaction": "0xdef"})
    assert (back.status_code, back.json()["state"]) == (200, "RETURNED")
    again = await root.post(f"/v1/platform/credits/{credit.id}/returned", {"transaction": "0xdef"})
    assert (again.status_code, again.json()["code"]) == (409, "not_owed")
    nobody = await root.post(f"/v1/platform/credits/{new_id()}/returned", {"transaction": "0xdef"})
    assert nobody.status_code == 404
