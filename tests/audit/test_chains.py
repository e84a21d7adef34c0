"""A chain tells more than its rows: also who rewrites a row with its hash, or takes the last one, is found."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from purvey import purchases
from purvey.kit.db import Database
from tests.audit.corrupting import undone
from tests.vocabulary.shop import Shop

REDATE = """
update payment_moves set at = at - interval '1 hour' where number = 1;
update payment_moves set hash = hash_of(payment_moves, null) where number = 1
"""
TAKE_LAST_MOVE = """
with gone as (
    delete from payment_moves m
    where (m.payment_id, m.number) = (
        select payment_id, number from payment_moves where happening = 'disputed' order by at limit 1
    )
    returning m.payment_id
)
delete from disputes d
using gone
where d.payment_id = gone.payment_id
"""
TAKE_LAST_ENTRY = """
delete from audit_log
where (tenant_id, subject_type, subject_id, number) in (
    select tenant_id, subject_type, subject_id, entries from audit_chains where entries > 1
)
"""
TAKE_A_WHOLE_CHAIN = """
delete from audit_log
where (subject_type, subject_id) in (select subject_type, subject_id from audit_chains limit 1)
"""
SWAP_TWO_ENTRIES = """
update audit_log a
set actor_id = other.actor_id, action = other.action, detail = other.detail, hash = other.hash
from audit_log other
where other.subject_type = a.subject_type
    and other.subject_id = a.subject_id
    and other.number = 3 - a.number
    and a.number <= 2
"""
FORGED = {
    "a move, redated with its hash": (REDATE, "a payment's moves are as they were written"),
    "a dispute, taken out with its move": (TAKE_LAST_MOVE, "a payment's moves are a chain from PENDING"),
    "the last entry of a thing": (TAKE_LAST_ENTRY, "the audit log of a thing has as many entries"),
    "every entry of a thing": (TAKE_A_WHOLE_CHAIN, "the audit log of a thing has as many entries"),
    "two entries, swapped with their hashes": (SWAP_TWO_ENTRIES, "the audit log is as it was written"),
}


@pytest.mark.parametrize("what", FORGED)
async def test_what_is_forged_with_care_is_found_by_what_stands_beside_it(rich_books: Database, what: str) -> None:
    forging, law = FORGED[what]
    async with undone(rich_books) as tx:
        assert await tx.do(forging)
        assert [line for line in await purchases.audit_books(tx) if line.startswith(law)]


@pytest.mark.parametrize("changing", ["products set slug = slug", "discount_codes set code = code"])
async def test_who_changes_what_is_sold_keeps_no_buyer_waiting(rich_books: Database, changing: str) -> None:
    table = changing.split(maxsplit=1)[0]
    async with undone(rich_books) as seller, undone(rich_books) as buyer:
        assert await seller.do(f"update {changing}, version = version + 1")
        assert await buyer.do(f"select from {table} for key share nowait"), "as each purchase does that refers to it"
        assert "sealed" not in str(await purchases.audit_books(seller))


@pytest.mark.feature("A24")
async def test_the_books_agree_at_any_moment_while_many_buy(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site is not None
    tenant_id = UUID(ana.site["tenantId"])
    atlas = await ana.sells(stock=50)
    buyers = [await shop.person("ben") for _ in range(8)]
    audits: list[Sequence[str]] = []

    async def audit_again_and_again() -> None:
        while True:
            audits.append(await purchases.audit_books(shop.db, tenant_id=tenant_id))

    auditing = asyncio.create_task(audit_again_and_again())
    started = await asyncio.gather(*(buyer.buys(atlas) for buyer in buyers))
    for buyer, purchase in zip(buyers, started, strict=True):
        await buyer.answers_the_bank(purchase, "pay")
        await ana.refunds(purchase)
    await shop.settles()
    auditing.cancel()
    assert audits and not [line for broken in audits for line in broken]
    await shop.books_agree(ana)


async def test_many_who_change_one_thing_at_once_write_one_chain(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site is not None
    path = f"/v1/sites/{ana.site['id']}"
    answers = await asyncio.gather(*(ana.patch(path, {"name": f"Name {number}"}) for number in range(12)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    numbers = await shop.db.records(
        "select number from audit_log where subject_type = 'site' and subject_id = $1 order by number", ana.site["id"]
    )
    assert [row["number"] for row in numbers] == list(range(1, len(numbers) + 1))
    assert len(numbers) > 1
    await shop.books_agree(ana)
