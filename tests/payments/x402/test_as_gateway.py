"""To purchases the rail is a gateway: sweeps finish a sale by the chain's word, and refunds are the seller's own."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from purvey import payments, purchases
from purvey.payments import x402
from purvey.payments.x402 import Rail, Settlement
from purvey.settings import Settings
from purvey.world import World
from tests.conftest import fresh_database, served
from tests.vocabulary.chain import ETHER, Chain, running_chain
from tests.vocabulary.rail import ATLAS, Counter, hands_in, signs
from tests.vocabulary.shop import Clock, Person, Shop

pytestmark = pytest.mark.feature("B8")

Json = dict[str, Any]


class Till(NamedTuple):
    """A shop that takes USDC, its chain, and the counter of its own rail."""

    shop: Shop
    counter: Counter

    async def sale(self, *, money: int = 10 * ATLAS, **product: Any) -> "Sale":
        """Ben has signed for Ana's atlas, and nothing was handed in."""
        ana, ben = await self.shop.author("ana", currency="USDC"), await self.shop.person("ben")
        atlas = await ana.sells("Field Atlas", price=ATLAS, **product)
        purchase = await ben.buys(atlas)
        wallet = await self.counter.payer(usdc=money)
        quote = await self.counter.quotes(sku=purchase["id"])
        shown = signs(wallet, quote, validBefore=str(await self.counter.chain.time() + 300))
        async with self.shop.db.transaction() as tx:
            settlement = await self.rail.enter(
                tx, shown, quote, subject_type="purchase", subject_id=UUID(purchase["id"]),
                payment_id=UUID(purchase["paymentId"]), now=self.shop.now,
            )  # fmt: skip
            await tx.do(
                "update payments set provider = 'x402', checkout_url = $2, checkout_reference = $3, expires_at = $4"
                " where id = $1",
                UUID(purchase["paymentId"]), quote.resource, str(settlement.id), self.shop.now + timedelta(minutes=10),
            )  # fmt: skip
            await tx.do("update payments set seal = seal_of(payments) where id = $1", UUID(purchase["paymentId"]))
        return Sale(ana, ben, atlas, purchase, settlement)

    @property
    def rail(self) -> Rail:
        assert self.shop.world.rail is not None
        return self.shop.world.rail

    async def carries_out(self, settlement: Settlement) -> Settlement:
        done = await self.rail.carry_out(self.shop.db, settlement, now=self.shop.now)
        await self.shop.settles()
        return done

    async def catches_up(self, sale: "Sale") -> None:
        payment = await payments.find(self.shop.db, UUID(sale.purchase["paymentId"]))
        assert payment is not None
        await purchases.catch_up(self.shop.db, self.shop.world.gateways, payment, now=self.shop.now)
        await self.shop.settles()

    async def looks_again(self, *, hours: int) -> None:
        self.shop.minutes_pass(60 * hours)
        await x402.check(self.shop.db, self.rail, now=self.shop.now)
        await self.shop.settles()


class Sale(NamedTuple):
    ana: Person
    ben: Person
    atlas: Json
    purchase: Json
    settlement: Settlement

    @property
    def status(self) -> Any:
        return self.ben.sees(self.purchase)

    def refund_door(self, refund: Json) -> str:
        assert self.ana.site is not None
        sales = f"/v1/sites/{self.ana.site['id']}/purchases/{self.purchase['id']}"
        return f"{sales}/refunds/{refund['id']}/transaction"


@pytest.fixture(scope="module")
async def selling(postgres: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    home: Path = tmp_path_factory.mktemp("home")
    clock, dsn = Clock(), await fresh_database(postgres, f"usdc_{worker_id}")
    async with running_chain() as chain:
        key = await chain.wallet(ether=ETHER)
        settings = Settings(
            home=home, secret_key="k" * 20 + "test-secret-key", test_bank=True, sign_up_limit=0,
            rpc_urls={chain.network: chain.url}, x402_networks=(chain.network,),
            x402_facilitator_key="0x" + bytes(key.key).hex(), x402_platform_wallet=key.address,
        )  # fmt: skip
        async with (
            served(settings, dsn=dsn, clock=clock) as (world, base_url),
            httpx.AsyncClient(base_url=base_url, timeout=30) as http,
        ):
            yield chain, world, Shop(world, base_url=base_url, clock=clock, http=http), key


@pytest.fixture
async def till(selling: tuple[Chain, World, Shop, Any]) -> Till:
    chain, world, shop, key = selling
    assert world.rail is not None
    shop.clock.offset *= 0
    return Till(shop, Counter(world.db, chain, world.rail, key=key, author=await chain.wallet()))


async def test_the_chains_word_delivers_what_was_paid(till: Till) -> None:
    sale = await till.sale(isLimited=True, totalQuantity=1)
    await till.carries_out(sale.settlement)
    assert (await sale.ben.sees(sale.purchase))["status"] == "SUCCEEDED"
    assert await sale.ben.owns(sale.atlas)
    assert await till.shop.stock_of(sale.atlas) == (1, 0, 1)
    await till.shop.books_agree(sale.ana)


async def test_what_nobody_carried_out_is_finished_by_the_sweep_of_purchases(till: Till) -> None:
    sale = await till.sale()
    await till.catches_up(sale)
    assert (await sale.ben.sees(sale.purchase))["status"] == "SUCCEEDED"
    assert await till.counter.chain.balance(till.counter.author.address) == ATLAS


async def test_a_payment_whose_time_is_over_stays_open_while_it_could_still_be_used(till: Till) -> None:
    await till.counter.chain.set_ether(till.counter.key.address, 0)
    sale = await till.sale(isLimited=True, totalQuantity=1)
    till.shop.minutes_pass(30)
    await till.shop.sweeps()
    assert (await sale.ben.sees(sale.purchase))["status"] == "PROCESSING"
    assert await till.shop.stock_of(sale.atlas) == (1, 1, 0)
    await till.counter.chain.passes(400)
    await till.catches_up(sale)
    assert (await sale.ben.sees(sale.purchase))["status"] == "FAILED"
    assert await till.shop.stock_of(sale.atlas) == (1, 0, 0)
    await till.counter.chain.set_ether(till.counter.key.address, ETHER)
    await till.shop.books_agree(sale.ana)


@pytest.mark.parametrize("left", [True, False])
async def test_money_that_comes_after_all_buys_what_is_left_or_is_owed(till: Till, left: bool) -> None:
    sale = await till.sale(money=ATLAS - 1, isLimited=True, totalQuantity=1)
    await till.carries_out(sale.settlement)
    assert (await sale.ben.sees(sale.purchase))["status"] == "FAILED"
    if not left:
        other = await till.shop.person("cleo")
        await other.has(sale.atlas)
    await till.counter.chain.give(sale.settlement.payer, 1)
    await hands_in(till.counter, sale.settlement)
    await till.looks_again(hours=1)
    assert (await sale.ben.sees(sale.purchase))["status"] == "SUCCEEDED"
    assert await sale.ben.owns(sale.atlas) is left
    [*owed] = await payments.refunds_of(till.shop.db, UUID(sale.purchase["paymentId"]))
    assert [(refund.status, refund.amount) for refund in owed] == ([] if left else [("APPROVED", ATLAS)])
    await till.shop.books_agree(sale.ana)


async def test_a_refund_waits_for_the_sellers_transaction_and_is_done_when_the_chain_shows_it(till: Till) -> None:
    chain = till.counter.chain
    sale = await till.sale()
    await till.carries_out(sale.settlement)
    refund = (await sale.ana.refunds(sale.purchase)).json()
    await till.shop.settles()
    door = sale.refund_door(refund)
    seen = await sale.ben.sees(sale.purchase)
    assert seen["status"] == "SUCCEEDED", "nobody can send it but Ana"

    for wrong, status in (("nonsense", 400), ("0x12", 400)):
        assert (await sale.ana.put(door, {"transactionHash": wrong})).status_code == status
    own = await sale.ana.put(door, {"transactionHash": (await till.counter.row(sale.settlement.id)).tx_hash})
    assert (own.status_code, own.json()["code"]) == (409, "transaction_taken")
    eve = await till.shop.author("eve")
    assert (await eve.put(door, {"transactionHash": "0x" + "ab" * 32})).status_code == 404

    author = till.counter.author
    await chain.give(author.address, ATLAS)
    short = await chain.send_as(author, chain.usdc, "transfer(address,uint256)", sale.settlement.payer, ATLAS - 1)
    assert (await sale.ana.put(door, {"transactionHash": short})).status_code == 202
    await till.shop.settles()
    await till.catches_up(sale)
    assert (await sale.ben.sees(sale.purchase))["status"] == "SUCCEEDED", "that was not all of it"

    whole = await chain.send_as(author, chain.usdc, "transfer(address,uint256)", sale.settlement.payer, ATLAS)
    assert (await sale.ana.put(door, {"transactionHash": whole.upper().replace("X", "x")})).status_code == 202
    await till.shop.settles()
    await till.catches_up(sale)
    assert (await sale.ben.sees(sale.purchase))["status"] == "REFUNDED"
    assert not await sale.ben.owns(sale.atlas)
    known_as = await till.shop.db.value("select reference from refunds where id = $1", UUID(refund["id"]))
    assert known_as == whole, "the one that carried it, not the one that was named first"

    other = await till.sale()
    await till.carries_out(other.settlement)
    second = (await other.ana.refunds(other.purchase)).json()
    again = await other.ana.put(other.refund_door(second), {"transactionHash": whole})
    assert (again.status_code, again.json()["code"]) == (409, "transaction_taken")
    await till.shop.books_agree(sale.ana)


async def test_money_that_vanishes_from_the_chain_is_missed_and_found_again(till: Till) -> None:
    chain = till.counter.chain
    sale = await till.sale()
    await chain.mine(5)
    await till.carries_out(sale.settlement)
    assert await sale.ben.owns(sale.atlas)
    await chain.set_ether(till.counter.key.address, 0)
    await chain.forgets(2)
    await chain.set_ether(till.counter.key.address, 0)
    await till.looks_again(hours=1)
    assert (await sale.ben.sees(sale.purchase))["status"] == "ON_HOLD"
    assert not await sale.ben.owns(sale.atlas)
    await chain.set_ether(till.counter.key.address, ETHER)
    for hours in (2, 3):
        await till.looks_again(hours=hours)
    assert (await sale.ben.sees(sale.purchase))["status"] == "SUCCEEDED"
    assert await sale.ben.owns(sale.atlas)
    assert await chain.balance(till.counter.author.address) == ATLAS
    await till.shop.books_agree(sale.ana)
