"""A bank decides over money that was promised back: nothing goes back by our hand meanwhile, nor if it took it."""

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from tests.vocabulary.shop import Person, Shop, eventually

from purvey import payments, purchases
from purvey.kit.ids import new_id
from purvey.kit.migrate import migrations
from purvey.payments import NotRefundable

Json = dict[str, Any]


class Sale(NamedTuple):
    ana: Person
    ben: Person
    atlas: Json
    purchase: Json

    @property
    def payment_id(self) -> UUID:
        return UUID(self.purchase["paymentId"])


async def a_sale(shop: Shop) -> Sale:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", price=1200)
    started = await ben.buys(atlas)
    await ben.pays(started)
    return Sale(ana, ben, atlas, started)


async def at_the_bank(shop: Shop, sale: Sale, what: str) -> None:
    """It is disputed, or the dispute is won or lost."""
    path, data = ("/dispute", None) if what == "dispute" else ("/close", {"outcome": what})
    answer = await shop.http.post(sale.purchase["checkoutUrl"] + path, data=data)
    assert answer.status_code == 303, answer.text
    await shop.settles()


async def sent_back(shop: Shop, sale: Sale) -> int:
    """How much the bank has sent back."""
    sql = "select refunded from test_bank_sessions where idempotency_key = $1"
    return int(await shop.db.value(sql, sale.payment_id))


async def set_aside(shop: Shop, sale: Sale) -> int:
    return int(await shop.db.value("select refunding_amount from payments where id = $1", sale.payment_id))


async def an_approved_request(sale: Sale) -> str:
    """The path of a request whose money is set aside and not sent."""
    asked = await sale.ben.post(f"/v1/purchases/{sale.purchase['id']}/refund-request", {"reason": "Not for me"})
    assert sale.ana.site is not None
    path = f"/v1/sites/{sale.ana.site['id']}/refund-requests/{asked.json()['id']}"
    approved = await sale.ana.post(f"{path}/approve", {})
    assert approved.json()["refund"]["status"] == "REQUESTED"
    return path


@pytest.mark.feature("A15", "A22", "A23")
@pytest.mark.parametrize("outcome", ["open", "won", "lost"])
async def test_what_was_approved_before_a_dispute_is_not_sent_while_it_is_open_nor_after_it_is_lost(
    shop: Shop, outcome: str
) -> None:
    sale = await a_sale(shop)
    request = await an_approved_request(sale)
    assert await set_aside(shop, sale) == 1200

    await at_the_bank(shop, sale, "dispute")
    assert await set_aside(shop, sale) == 0, "what was set aside is free"
    await sale.ana.shop.books_agree(sale.ana)
    if outcome != "open":
        await at_the_bank(shop, sale, outcome)

    executed = await sale.ana.post(f"{request}/execute")
    assert (executed.status_code, executed.json()["code"]) == (409, "refund_not_approved")
    assert "bank" in executed.json()["detail"] and "approve" in executed.json()["detail"].lower()
    again = await sale.ana.post(f"{request}/approve", {"execute": True})
    await shop.settles()
    if outcome == "won":
        assert again.status_code == 200, again.text
        assert (await sent_back(shop, sale), (await sale.ben.sees(sale.purchase))["status"]) == (1200, "REFUNDED")
    else:
        assert (again.status_code, again.json()["code"]) == (409, "not_refundable")
        assert "bank" in again.json()["detail"]
        assert await sent_back(shop, sale) == 0
    await shop.books_agree(sale.ana)


@pytest.mark.feature("A22", "A23")
async def test_approving_asks_the_payment_under_its_lock(shop: Shop) -> None:
    """Money that was set aside in any way, of a payment that is disputed by now."""
    sale = await a_sale(shop)
    await at_the_bank(shop, sale, "dispute")
    refund_id = await as_if_left(shop, sale, "REQUESTED", sending_since=None)
    async with shop.db.transaction() as tx:
        with pytest.raises(NotRefundable, match="bank"):
            await payments.approve_refund(tx, refund_id, now=shop.now)
    law = "nothing is set aside of money that a bank decides over or has taken"
    assert sale.ana.site is not None
    broken = await purchases.audit_books(shop.db, tenant_id=UUID(sale.ana.site["tenantId"]))
    assert law in {each.split(":")[0] for each in broken}
    async with shop.db.transaction() as tx:
        await payments.turn_down_refund(tx, refund_id, reason="the story is told", now=shop.now)
    await shop.books_agree(sale.ana)


async def as_if_left(shop: Shop, sale: Sale, status: str, *, sending_since: object) -> UUID:
    """A refund as another process left it."""
    refund_id = new_id()
    await shop.db.do(
        "insert into refunds (id, tenant_id, payment_id, amount, currency, reason, status, ask_at, created_at,"
        " updated_at, sending_since) select $1, tenant_id, id, amount, currency, 'left', $3, $4, $4, $4, $5"
        " from payments where id = $2",
        refund_id, sale.payment_id, status, shop.now, sending_since,
    )  # fmt: skip
    await shop.db.do("update payments set refunding_amount = amount where id = $1", sale.payment_id)
    return refund_id


async def status_of(shop: Shop, refund_id: UUID) -> str:
    return str(await shop.db.value("select status from refunds where id = $1", refund_id))


async def sweeps_again(shop: Shop, refund_id: UUID) -> None:
    await shop.db.do("update refunds set ask_at = $2 where id = $1", refund_id, shop.now - timedelta(seconds=1))
    await shop.sweeps()


async def becomes(shop: Shop, refund_id: UUID, status: str) -> None:
    """By our sweep, or by the worker's that was faster."""
    await sweeps_again(shop, refund_id)

    async def is_so() -> bool:
        return await status_of(shop, refund_id) == status

    await eventually(is_so)


@pytest.mark.feature("A22", "A23")
async def test_a_refund_that_was_let_go_and_not_begun_ends_when_its_money_is_disputed(shop: Shop) -> None:
    sale = await a_sale(shop)
    await at_the_bank(shop, sale, "dispute")
    refund_id = await as_if_left(shop, sale, "APPROVED", sending_since=None)
    await becomes(shop, refund_id, "FAILED")
    assert (await sent_back(shop, sale), await set_aside(shop, sale)) == (0, 0)
    await shop.books_agree(sale.ana)


@pytest.mark.feature("A22", "A23")
@pytest.mark.parametrize("the_bank_has_it", [False, True])
async def test_a_refund_that_may_have_been_sent_is_asked_after_and_never_sent_again_in_a_dispute(
    shop: Shop, the_bank_has_it: bool
) -> None:
    sale = await a_sale(shop)
    await at_the_bank(shop, sale, "dispute")
    refund_id = await as_if_left(shop, sale, "APPROVED", sending_since=shop.now)
    await shop.books_agree(sale.ana)
    await sweeps_again(shop, refund_id)
    assert await status_of(shop, refund_id) == "APPROVED", "nobody knows yet whether it was sent"
    if the_bank_has_it:
        await shop.db.do(
            "with sent as (update test_bank_sessions set refunded = amount where idempotency_key = $1"
            " returning id, amount) insert into test_bank_refunds (id, idempotency_key, session_id, amount, state,"
            " created_at) select $3, $2, id, amount, 'succeeded', $4 from sent",
            sale.payment_id, refund_id, f"re_{refund_id}", shop.now,
        )  # fmt: skip
    shop.minutes_pass(11)
    await becomes(shop, refund_id, "SUCCEEDED" if the_bank_has_it else "FAILED")
    assert await sent_back(shop, sale) == (1200 if the_bank_has_it else 0)
    assert await set_aside(shop, sale) == 0
    await shop.books_agree(sale.ana)


@pytest.mark.feature("A21", "A23")
async def test_late_money_on_its_way_back_waits_for_the_bank_and_goes_when_the_dispute_is_won(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", price=1200, stock=1)
    started = await ben.buys(atlas)
    sale = Sale(ana, ben, atlas, started)
    shop.minutes_pass(31)
    await shop.sweeps()
    await (await shop.person("eve")).has(atlas)
    await shop.db.do(
        "update test_bank_sessions set dispute = 'open', refunded = 0 where idempotency_key = $1", sale.payment_id
    )
    await ben.pays_too_late(started)
    assert (await ben.sees(started))["status"] == "DISPUTED"
    await at_the_bank(shop, sale, "won")
    assert (await ben.sees(started))["status"] == "REFUNDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A22", "A23")
async def test_what_an_older_purvey_had_set_aside_in_a_dispute_is_free_after_the_migration(shop: Shop) -> None:
    sale = await a_sale(shop)
    await at_the_bank(shop, sale, "dispute")
    refund_id = await as_if_left(shop, sale, "REQUESTED", sending_since=None)
    sql = next(each.sql for each in migrations() if each.name.startswith("0020"))
    await shop.db.do(sql[sql.index("with over") :])
    assert (await status_of(shop, refund_id), await set_aside(shop, sale)) == ("FAILED", 0)
    await shop.books_agree(sale.ana)
