"""Crowds at one counter: what there is so many of goes so many times, and the books agree when they have gone."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from purvey import purchases
from purvey.access.store import SESSION_PREFIX
from purvey.kit.ids import new_id, new_token, token_hash
from purvey.settings import Settings
from tests.conftest import fresh_database, served
from tests.vocabulary.shop import Clock, Person, Shop

# As many connections as come; none is used again when the server may be about to close it.
WIDE_OPEN = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=1)

# So many people and their sessions in one statement.
PEOPLE = """
with people as (
    insert into users (id, email, email_verified_at, username, display_name, created_at)
    select id, name || '@example.com', $4, name, name, $4
    from unnest($1::uuid[], $2::text[]) as p (id, name)
)
insert into sessions (token_hash, user_id, created_at, expires_at)
select hash, id, $4, $5
from unnest($1::uuid[], $3::bytea[]) as s (id, hash)
"""


@pytest.fixture(scope="session")
async def market(postgres: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> AsyncIterator[Shop]:
    """A served shop on a database of its own, and a client that holds nobody back."""
    clock, dsn = Clock(), await fresh_database(postgres, f"races_{worker_id}")
    settings = Settings(home=tmp_path_factory.mktemp("home"), secret_key="k" * 20 + "test-secret-key", test_bank=True)
    async with (
        served(settings, dsn=dsn, clock=clock) as (world, base_url),
        httpx.AsyncClient(base_url=base_url, timeout=120, limits=WIDE_OPEN) as http,
    ):
        yield Shop(world, base_url=base_url, clock=clock, http=http)


async def crowd(shop: Shop, size: int) -> list[Person]:
    ids, tokens = [new_id() for _ in range(size)], [new_token(SESSION_PREFIX) for _ in range(size)]
    names = [f"buyer-{id.hex[-12:]}" for id in ids]
    hashes = [token_hash(token) for token in tokens]
    await shop.db.do(PEOPLE, ids, names, hashes, shop.now, shop.now + timedelta(days=1))
    return [
        Person(shop, id=id, name=name, email=f"{name}@example.com", token=token)
        for id, name, token in zip(ids, names, tokens, strict=True)
    ]


@pytest.mark.feature("A25", "A12")
async def test_of_five_hundred_buyers_of_fifty_units_fifty_pay(market: Shop) -> None:
    ana = await market.author("ana")
    atlas = await ana.sells("Field Atlas", stock=50)
    buyers = await crowd(market, 500)
    assert await market.stock_of(atlas) == (50, 0, 0)

    async def comes_for_one(buyer: Person) -> httpx.Response:
        answer = await buyer.asks_to_buy(atlas)
        if answer.status_code == 202:
            await buyer.answers_the_bank(answer.json(), "pay")
        return answer

    answers = await asyncio.gather(*(comes_for_one(buyer) for buyer in buyers))

    assert Counter(answer.status_code for answer in answers) == {202: 50, 409: 450}
    for answer in answers:
        if answer.status_code == 409:
            said = answer.json()
            assert (said["code"], said["sold"] + said["reserved"], said["total"]) == ("sold_out", 50, 50)
    await market.settles(seconds=60)
    assert await market.stock_of(atlas) == (50, 0, 50)
    paid = "select count(*) from purchases where product_id = $1 and status = 'SUCCEEDED'"
    assert await market.db.value(paid, UUID(atlas["id"])) == 50
    owning = "select count(*) from entitlements where product_id = $1 and state = 'LIVE'"
    assert await market.db.value(owning, UUID(atlas["id"])) == 50
    assert await purchases.audit_books(market.db) == []


@pytest.mark.feature("A24", "A12")
async def test_of_two_hundred_buyers_with_a_code_for_ten_ten_use_it(market: Shop) -> None:
    ana = await market.author("ana")
    assert ana.site is not None
    atlas = await ana.sells("Field Atlas")
    body = {"code": "TEN", "discountType": "PERCENTAGE", "value": 20, "maxUses": 10}
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", body)).status_code == 201
    buyers = await crowd(market, 200)

    async def comes_with_the_code(buyer: Person) -> httpx.Response:
        answer = await buyer.asks_to_buy(atlas, code="TEN")
        if answer.status_code == 202:
            await buyer.answers_the_bank(answer.json(), "pay")
        return answer

    answers = await asyncio.gather(*(comes_with_the_code(buyer) for buyer in buyers))

    assert Counter(answer.status_code for answer in answers) == {202: 10, 422: 190}
    await market.settles(seconds=60)
    counts = "select used, reserved from discount_codes where site_id = $1"
    assert await market.db.records(counts, UUID(ana.site["id"])) == [(10, 0)]
    reduced = "select count(*) from purchases where product_id = $1 and status = 'SUCCEEDED' and final_amount = 960"
    assert await market.db.value(reduced, UUID(atlas["id"])) == 10
    assert await purchases.audit_books(market.db) == []


@pytest.mark.feature("A22")
async def test_of_twenty_refunds_of_thirty_percent_three_go_through(market: Shop) -> None:
    ana, ben = await market.author("ana"), await market.person("ben")
    atlas = await ana.sells("Field Atlas", price=1000)
    purchase = await ben.buys(atlas)
    await ben.pays(purchase)

    answers = await asyncio.gather(*(ana.refunds(purchase, amount=300) for _ in range(20)))

    assert Counter(answer.status_code for answer in answers) == {202: 3, 409: 17}
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["refundable"] == 100
    await market.settles(seconds=60)
    row = await market.db.record(
        "select p.status, p.refunded_amount, p.refunding_amount, s.refunded from payments p"
        " join test_bank_sessions s on s.idempotency_key = p.id where p.id = $1",
        UUID(purchase["paymentId"]),
    )
    assert row == ("PARTIALLY_REFUNDED", 900, 0, 900)
    assert await purchases.audit_books(market.db) == []


@pytest.mark.feature("A12", "A22", "A25")
async def test_the_last_units_go_round_while_buyers_come_cancel_pay_and_get_their_money_back(market: Shop) -> None:
    ana = await market.author("ana")
    atlas = await ana.sells("Field Atlas", stock=5, restockOnRefund=True)
    buyers = await crowd(market, 60)

    async def cannot_decide(at: int, buyer: Person) -> None:
        for _ in range(3):
            answer = await buyer.asks_to_buy(atlas)
            if answer.status_code != 202:
                assert answer.json()["code"] in ("sold_out", "already_owned"), answer.text
                continue
            purchase = answer.json() | {"id": answer.json()["purchaseId"]}
            if at % 3:
                await buyer.post(f"/v1/purchases/{purchase['id']}/cancel")
            else:
                # The bank may have been paid already, and the shop may not have heard of it yet.
                await market.http.post(purchase["checkoutUrl"], data={"outcome": "pay"})
                await ana.refunds(purchase)

    await asyncio.gather(*(cannot_decide(at, buyer) for at, buyer in enumerate(buyers)))

    await market.settles(seconds=60)
    total, reserved, sold = await market.stock_of(atlas)
    assert (total, reserved) == (5, 0) and sold <= 5
    assert await purchases.audit_books(market.db) == []


TAKEN = """
select coalesce(sum(i.quantity), 0)::int
from purchase_items i
join purchases p on p.id = i.purchase_id
where i.product_id = $1
    and p.goods in ('HELD', 'SOLD')
"""
TURNS, APART_SECONDS, ROOM = 6, 0.1, 15


async def comes_in_turn(buyer: Person, product: dict[str, Any], then: str, over: asyncio.Event) -> str:
    """Buy it as soon as there is one, and pay, cancel or leave it open."""
    while not over.is_set():
        answer = await buyer.asks_to_buy(product)
        if answer.status_code != 202:
            assert answer.json()["code"] == "sold_out", answer.text
            continue
        if then == "pay":
            await buyer.answers_the_bank(answer.json(), "pay")
        elif then == "cancel":
            await buyer.post(f"/v1/purchases/{answer.json()['purchaseId']}/cancel")
        return "bought"
    return "sold out"


async def limits_it(ana: Person, door: str) -> int:
    """So that few are left at that moment; how many there are then. Too few are refused, with what is taken."""
    total = 0
    while (answer := await ana.put(door, {"isLimited": True, "totalQuantity": total})).status_code != 200:
        said = answer.json()
        assert (answer.status_code, said["code"]) == (409, "too_few_copies")
        total = said["sold"] + said["reserved"] + ROOM
    return total


@pytest.mark.feature("A25", "A12")
async def test_what_becomes_limited_again_and_again_while_two_hundred_buy_it_is_never_oversold(market: Shop) -> None:
    ana = await market.author("ana")
    assert ana.site is not None
    atlas = await ana.sells("Field Atlas")
    door, id = f"/v1/sites/{ana.site['id']}/products/{atlas['id']}", UUID(atlas["id"])
    buyers, over, at_once = await crowd(market, 200), asyncio.Event(), asyncio.Semaphore(12)

    async def comes(buyer: Person, then: str) -> str:
        async with at_once:  # as many as have a connection each, so that the author gets one too
            return await comes_in_turn(buyer, atlas, then, over)

    async def limits_it_and_thinks_again() -> list[int]:
        totals = [await limits_it(ana, door)]
        while len(totals) < TURNS and totals[-1] < len(buyers) // 2:  # some must be left to be told that it is gone
            await asyncio.sleep(APART_SECONDS)
            assert await market.db.value(TAKEN, id) <= totals[-1]
            assert (await ana.put(door, {"isLimited": False})).status_code == 200
            await asyncio.sleep(APART_SECONDS)
            totals.append(await limits_it(ana, door))
        over.set()
        return totals

    ends = itertools.cycle(["pay", "leave", "pay", "cancel"])
    totals, *told = await asyncio.gather(
        limits_it_and_thinks_again(), *(comes(buyer, then) for buyer, then in zip(buyers, ends, strict=False))
    )

    await market.settles(seconds=60)
    total, reserved, sold = await market.stock_of(atlas)
    assert reserved + sold == await market.db.value(TAKEN, id) <= total == totals[-1]
    assert Counter(told).keys() == {"bought", "sold out"} and len(set(totals)) > 1, (told, totals)
    assert await purchases.audit_books(market.db) == []
