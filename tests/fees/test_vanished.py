"""A fee whose payment a reorganisation undid counts for nothing until it is on the chain again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from purvey.payments import x402
from purvey.settings import Settings
from tests.conftest import fresh_database, served
from tests.vocabulary.chain import ETHER, running_chain
from tests.vocabulary.paying import BUY, FEE, USDC, Market, Payer
from tests.vocabulary.shop import Clock

pytestmark = pytest.mark.feature("B6", "B8")


@pytest.fixture
async def market(postgres: str, worker_id: str, tmp_path: Path) -> AsyncIterator[Market]:
    """A market on a chain of its own, which may forget its blocks."""
    clock, dsn = Clock(), await fresh_database(postgres, f"vanished_{worker_id}")
    async with running_chain() as chain:
        key, platform = await chain.wallet(ether=ETHER), await chain.wallet()
        settings = Settings(
            home=tmp_path, secret_key="k" * 20 + "test-secret-key", test_bank=True, sign_up_limit=0,
            siwa_plain_wallets=True, rpc_urls={chain.network: chain.url}, x402_networks=(chain.network,),
            x402_facilitator_key="0x" + bytes(key.key).hex(), x402_platform_wallet=platform.address,
        )  # fmt: skip
        async with (
            served(settings, dsn=dsn, clock=clock) as (world, base_url),
            httpx.AsyncClient(base_url=base_url, timeout=60) as http,
        ):
            yield Market(world, base_url=base_url, clock=clock, http=http, chain=chain, platform=platform.address)


async def looks_again(market: Market, *, hours: int) -> None:
    assert market.world.rail is not None
    await x402.check(market.db, market.world.rail, now=market.now + timedelta(hours=hours))
    await market.settles()


async def pays_a_fee_that_vanishes(market: Market, agent: Payer) -> str:
    await market.chain.mine(5)
    fee = await agent.pays_fee(9.99)
    await market.chain.forgets(2)
    assert await market.taken() == 0
    return fee


async def test_it_is_held_until_it_is_back(market: Market) -> None:
    ana, agent, root = await market.creator("ana"), await market.buyer(), await market.person("root", admin=True)
    product = await ana.sells("Pack", price=9_990_000)
    fee = await pays_a_fee_that_vanishes(market, agent)
    await looks_again(market, hours=1)
    body = agent.buying(product, platform_fee_tx=fee)
    asked = await agent.sends(BUY, body)
    assert (asked.status_code, asked.json()["errors"][0]["code"]) == (402, "platform_fee_vanished"), asked.text
    refused = await agent.pays(BUY, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "platform_fee_vanished")
    assert await market.earned(ana) == 0, "nothing was taken"
    [listed] = (await root.get("/v1/platform/credits", params={"payer": agent.address})).json()["data"]
    assert (listed["state"], listed["owedSince"]) == ("UNUSED", None) and listed["vanishedAt"] is not None
    back = await root.post(f"/v1/platform/credits/{listed['id']}/returned", {"transaction": "0xabc"})
    assert (back.status_code, back.json()["code"]) == (409, "not_owed"), "what never came is not sent back"
    assert await market.taken() == 500_000, "it was handed in again"
    await market.books_agree(ana)
    await looks_again(market, hours=2)
    bought = await agent.pays(BUY, body)
    assert bought.status_code == 200, bought.text
    [listed] = (await root.get("/v1/platform/credits", params={"payer": agent.address})).json()["data"]
    assert (listed["state"], listed["vanishedAt"]) == ("USED", None)
    await market.books_agree(ana)


async def test_who_asks_for_it_again_is_told_that_it_is_on_its_way_and_pays_no_second_one(market: Market) -> None:
    agent = await market.buyer()
    asked = {"support_amount": 9.99, "payer_wallet_address": agent.address}
    offer = await agent.sends(FEE, asked)
    payment = agent.signs(offer)
    await market.chain.mine(5)
    first = await agent.sends(FEE, asked, **payment)
    assert first.status_code == 200
    await market.chain.forgets(2)
    await looks_again(market, hours=1)
    waits = await agent.sends(FEE, asked, **payment)
    assert (waits.status_code, waits.json()["status"], waits.json()["fee_tx"]) == (
        202,
        "pending",
        first.json()["fee_tx"],
    )
    hint = await agent.sends(FEE, asked)
    assert "unused_fee_tx" not in hint.json()
    await looks_again(market, hours=2)
    assert (await agent.sends(FEE, asked, **payment)).json() == first.json()
    assert await market.taken() == 500_000 and await agent.has() == 100 * USDC - 500_000


async def test_a_purchase_that_has_used_it_keeps_what_was_bought_and_the_platform_sees_it(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    product = await ana.sells("Pack", price=9_990_000)
    await market.chain.mine(5)
    fee = await agent.pays_fee(9.99)
    bought = await agent.pays(BUY, agent.buying(product, platform_fee_tx=fee))
    assert bought.status_code == 200, bought.text
    await market.chain.forgets(4)
    await looks_again(market, hours=1)
    credit = await market.db.record("select state, vanished_at from fee_credits where tx_hash = $1", fee)
    assert credit is not None and credit["state"] == "USED" and credit["vanished_at"] is not None
    await looks_again(market, hours=2)
    credit = await market.db.record("select state, vanished_at from fee_credits where tx_hash = $1", fee)
    assert credit is not None and credit["vanished_at"] is None
    sale = await market.db.value("select goods from purchases where id = $1", UUID(bought.json()["purchase"]["id"]))
    assert sale == "SOLD" and await market.earned(ana) == 9_990_000
    await market.books_agree(ana)
