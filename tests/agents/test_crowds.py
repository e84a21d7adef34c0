"""Many agents at once: as many sales as there are units and uses, and everybody else keeps all their money."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.vocabulary.paying import BUY, USDC, Market, Payer, accounts_agree
from tests.vocabulary.shop import eventually

PRICE = 1_000_000
AGENTS, UNITS, USES = 100, 10, 5


async def crowd(market: Market, count: int) -> list[Payer]:
    return [await market.buyer(usdc=2 * USDC) for _ in range(count)]


async def all_at_once(agents: list[Payer], fees: list[str], product: Any, **more: Any) -> list[httpx.Response]:
    """Everybody has seen the price before anybody pays."""
    bodies = [agent.buying(product, platform_fee_tx=fee, **more) for agent, fee in zip(agents, fees, strict=True)]
    asked = [await agent.sends(BUY, body) for agent, body in zip(agents, bodies, strict=True)]
    return await asyncio.gather(*(
        agent.sends(BUY, body, **agent.signs(price)) for agent, body, price in zip(agents, bodies, asked, strict=True)
    ))  # fmt: skip


@pytest.mark.feature("B8", "B11")
async def test_a_hundred_agents_want_ten_units(market: Market) -> None:
    ana = await market.creator("ana")
    product = await ana.sells("Few", price=PRICE, stock=UNITS)
    agents = await crowd(market, AGENTS)
    fees = [await agent.pays_fee(1) for agent in agents]
    answers = await all_at_once(agents, fees, product)
    lucky = [at for at, answer in enumerate(answers) if answer.status_code == 200]
    others = [answer for answer in answers if answer.status_code != 200]
    assert len(lucky) == UNITS, [answer.text for answer in others if answer.status_code != 400][:3]
    assert {(answer.status_code, answer.json()["error"]) for answer in others} == {(400, "This product is sold out")}
    assert await market.earned(ana) == UNITS * PRICE
    for at, agent in enumerate(agents):
        assert await agent.has() == 2 * USDC - 50_000 - (PRICE if at in lucky else 0)
    states = await market.db.records(
        "select state, count(*) as many from fee_credits where tx_hash = any($1) group by state", fees
    )
    assert {row["state"]: row["many"] for row in states} == {"USED": UNITS, "UNUSED": AGENTS - UNITS}
    await accounts_agree(market, ana)


@pytest.mark.feature("B8", "B10")
async def test_a_code_with_few_uses_is_used_so_often_and_nobody_else_is_charged(market: Market) -> None:
    ana = await market.creator("ana")
    assert ana.site is not None
    product = await ana.sells("Pack", price=PRICE)
    code = {"code": "FEW", "discountType": "PERCENTAGE", "value": 20, "maxUses": USES}
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", code)).status_code == 201
    agents = await crowd(market, 4 * USES)
    for agent in agents:
        await agent.signs_in()
    fees = [await agent.pays_fee(1) for agent in agents]
    answers = await all_at_once(agents, fees, product, discount_code="FEW")
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(400)) == (USES, 3 * USES), statuses
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"Invalid discount code"}
    assert await market.earned(ana) == USES * PRICE * 8 // 10
    await accounts_agree(market, ana)


WAITS_FOR_GOODS = "select count(*) from pg_locks where locktype = 'advisory' and not granted"


@pytest.mark.feature("B8", "A25")
@pytest.mark.parametrize("free", [False, True])
async def test_what_becomes_limited_while_a_wallet_buys_it_counts_the_wallets_unit(market: Market, free: bool) -> None:
    """The wallet's transaction is stopped after it has seen no limit, and before it has committed."""
    ana = await market.creator("ana")
    assert ana.site is not None
    product = await ana.sells("Pack", price=PRICE)
    code = {"code": "SLOW", "discountType": "PERCENTAGE", "value": 100 if free else 20}
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", code)).status_code == 201
    agent = await market.buyer(usdc=2 * USDC)
    await agent.signs_in()
    body = agent.buying(product, platform_fee_tx=await agent.pays_fee(1), discount_code="SLOW")

    async def limits_it() -> httpx.Response:
        door = f"/v1/sites/{ana.site['id']}/products/{product['id']}"  # type: ignore[index]
        return await ana.put(door, {"isLimited": True, "totalQuantity": 1})

    async def at_the_code() -> bool:
        return bool(await market.db.value("select count(*) from pg_locks where not granted"))

    asked = None if free else await agent.sends(BUY, body)
    async with market.db.transaction() as tx:
        await tx.do("select from discount_codes where site_id = $1 for update", UUID(ana.site["id"]))
        buying = asyncio.create_task(agent.sends(BUY, body, **(agent.signs(asked) if asked else {})))
        await eventually(at_the_code)
        limiting = asyncio.create_task(limits_it())

        async def limited_or_waiting() -> bool:
            return limiting.done() or bool(await market.db.value(WAITS_FOR_GOODS))

        await eventually(limited_or_waiting)
    bought, limited = await asyncio.gather(buying, limiting)

    assert bought.status_code == 200, bought.text
    assert limited.status_code == 200, limited.text
    await market.settles()
    assert await market.stock_of(product) == (1, 0, 1)
    await accounts_agree(market, ana)
    other = await market.buyer(usdc=2 * USDC)
    refused = await other.pays(BUY, other.buying(product, platform_fee_tx=await other.pays_fee(1)))
    assert refused.json()["error"] == "This product is sold out"


@pytest.mark.feature("B8", "A25")
async def test_a_wallet_takes_no_more_of_an_edition_than_a_buyer_may_have(market: Market) -> None:
    """By two bundles of one limited member, at once: the second is refused before money moves."""
    ana = await market.creator("ana")
    print_ = await ana.sells("Print", price=PRICE, stock=9, maxPerBuyer=1)
    parts = [await ana.sells(name, price=PRICE) for name in ("Song", "Poem")]
    bundles = [
        await ana.sells(f"With {part['name']}", price=PRICE, productType="BUNDLE", memberIds=[print_["id"], part["id"]])
        for part in parts
    ]
    agent = await market.buyer(usdc=4 * USDC)
    fees = [await agent.pays_fee(1) for _ in bundles]
    bodies = [agent.buying(each, platform_fee_tx=fee) for each, fee in zip(bundles, fees, strict=True)]
    asked = [await agent.sends(BUY, body) for body in bodies]
    answers = await asyncio.gather(
        *(agent.sends(BUY, body, **agent.signs(price)) for body, price in zip(bodies, asked, strict=True))
    )
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert sum(answer.status_code == 200 for answer in answers) == 1, [answer.text for answer in answers]
    await market.settles()
    assert await market.stock_of(print_) == (9, 0, 1)
    assert await market.earned(ana) == PRICE
    await accounts_agree(market, ana)
