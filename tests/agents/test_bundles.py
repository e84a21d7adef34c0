"""A bundle with something in it that cannot be had is offered to no agent, and asks none for money."""

import pytest

from tests.agents.test_mcp import refused, tools_of, use
from tests.stories.test_bundles_with_a_part_gone import GONE, bundle_of
from tests.vocabulary.paying import USDC, Market, accounts_agree

PRICE = 990_000


@pytest.mark.feature("A26", "B1", "B2", "B8")
@pytest.mark.parametrize("how", GONE)
async def test_agents_are_told_before_any_money(market: Market, how: str) -> None:
    happens, code, badge, *_ = GONE[how]
    ana, agent = await market.creator("ana"), await market.buyer()
    both, song = await bundle_of(ana, PRICE)
    detail, lists = f"/api/products/public/{both['id']}", f"/api/products/public?username={ana.name}"
    assert (await market.http.get(detail)).json()["data"]["is_complete"]
    await happens(market, ana, song)
    told = (await market.http.get(detail)).json()["data"]
    assert told["is_complete"] == (badge != "unavailable")
    assert (told["remaining"] == 0) == (badge == "soldOut")
    assert (told["scheduled_at"] is not None) == (badge == "scheduled") == told["is_scheduled"]
    assert (told["sale_ends_at"] is not None) == (badge == "ended")
    listed = [each["name"] for each in (await market.http.get(lists)).json()["data"]]
    assert ("Both" in listed) == (badge == "soldOut"), "what is sold out stays, with nothing left"
    asked = await market.http.post(f"/api/products/{both['id']}/buy", json={"buyer_wallet_address": agent.address})
    assert asked.json()["code"] == code, asked.text
    async with tools_of(market) as session:
        assert (await use(session, "get_product", product_id=both["id"]))["data"]["is_complete"] == told["is_complete"]
        for tool in ("quote", "buy_product"):
            assert code in str(await refused(session, tool, product_id=both["id"]))


@pytest.mark.feature("B8")
async def test_a_wallet_that_pays_at_once_keeps_nothing_from_others(market: Market) -> None:
    """How many limited units may wait unpaid for one buyer is no rule for a bundle of as many that is paid now."""
    ana = await market.creator("ana")
    prints = [await ana.sells(name, price=1 * USDC, stock=5) for name in ("Dawn", "Noon", "Dusk")]
    day = await ana.sells("Day", price=2 * USDC, productType="BUNDLE", memberIds=[each["id"] for each in prints])
    agent = await market.buyer(usdc=9 * USDC)
    await agent.buys(day)
    assert [await market.stock_of(each) for each in prints] == [(5, 0, 1)] * 3
    await accounts_agree(market, ana)
