"""Killed at any step between an agent's signature and its goods, the shop has charged once for what it delivers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import httpx
import pytest

from purvey import purchases
from purvey.kit import failpoints
from purvey.kit.db import Database, connect
from purvey.settings import Settings
from tests.conftest import fresh_database, served
from tests.proof.program import SECRET_KEY, Program, copied_database
from tests.vocabulary.chain import ETHER, Chain
from tests.vocabulary.paying import BUY, FEE, USDC, Payer
from tests.vocabulary.shop import Clock, Shop

Json = dict[str, Any]
PRICE, TAKEN, STOCK = 500_000, 20_000, 3
DEADLINE_SECONDS = 60
POINTS = [
    *(each for each in failpoints.POINTS if each.startswith(("x402.", "sale.", "fee.")) and each != "x402.handed_in"),
    "purchase.inserted", "payment.looked_up", "payment.applied", "purchase.followed", "purchase.settled",
]  # fmt: skip

# As if minutes had passed since the crash: what waits for its time is due.
LATER = """
with settlements_due as (
    update x402_settlements set ask_at = now() - interval '1 second' where state in ('ENTERED', 'SENT')
), payments_due as (
    update payments set ask_at = now() - interval '1 second' where closed_at is null
), fees_due as (
    update fee_credits set created_at = now() - interval '1 hour' where state = 'PENDING'
)
update pgqueuer set heartbeat = now() - interval '1 hour', execute_after = least(execute_after, now());
update fee_credits set seal = seal_of(fee_credits) where state = 'PENDING'
"""
UNFINISHED = """
select 'settlement ' || id::text as what from x402_settlements where state in ('ENTERED', 'SENT')
union all
select 'payment ' || id::text from payments where closed_at is null
union all
select 'fee ' || id::text from fee_credits where state = 'PENDING'
union all
select 'job ' || id::text from pgqueuer where status in ('picked', 'failed') or execute_after <= now()
"""


class Cast(NamedTuple):
    """Who is in the database that each crash begins with."""

    template: str
    site_id: str
    token: str
    product: Json


@pytest.fixture(scope="session")
async def sellers(postgres: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Cast:
    template, clock = f"agent_crash_template_{worker_id}", Clock()
    dsn = await fresh_database(postgres, template)
    settings = Settings(home=tmp_path_factory.mktemp("home"), secret_key=SECRET_KEY)
    async with (
        served(settings, dsn=dsn, clock=clock) as (world, base_url),
        httpx.AsyncClient(base_url=base_url, timeout=30) as http,
    ):
        shop = Shop(world, base_url=base_url, clock=clock, http=http)
        ana = await shop.author("ana", currency="USDC")
        assert ana.site is not None
        product = await ana.sells("Pack", price=PRICE, stock=STOCK)
        await shop.settles()
        return Cast(template, ana.site["id"], ana.token, product)


class Scene:
    """One installation on a chain, and the agent at its doors."""

    def __init__(self, cast: Cast, program: Program, db: Database, chain: Chain, **wallets: Any) -> None:
        self.cast, self.program, self.db, self.chain = cast, program, db, chain
        self.payout, self.platform, self.key = wallets["payout"], wallets["platform"], wallets["key"]
        self.http = httpx.AsyncClient(base_url=program.base_url, timeout=30)
        self.agent = Payer(SimpleNamespace(chain=chain, http=self.http), wallets["payer"])  # type: ignore[arg-type]

    async def serves(self, failpoint: str | None = None) -> None:
        await self.program.serves(
            failpoint=failpoint,
            PURVEY_X402_NETWORKS="base-sepolia",
            PURVEY_RPC_URLS=f"{self.chain.network}={self.chain.url}",
            PURVEY_X402_FACILITATOR_KEY="0x" + bytes(self.key.key).hex(),
            PURVEY_X402_PLATFORM_WALLET=self.platform.address,
        )

    async def buys(self) -> None:
        """Fee and purchase, each by a key of the agent's, so that asking again is asking for the same."""
        fee = await self.until_told(
            FEE, {"support_amount": 0.5, "payer_wallet_address": self.agent.address}, key="the-fee"
        )
        body = self.agent.buying(self.cast.product, platform_fee_tx=fee["fee_tx"])
        bought = await self.until_told(BUY, body, key="the-purchase")
        assert bought["purchase"]["status"] == "confirmed"

    async def until_told(self, path: str, body: Json, *, key: str) -> Json:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                answer = await self.agent.pays(path, body, Idempotency_Key=key)
                assert answer.status_code in {200, 202, 409}, answer.text
                if answer.status_code == 200:
                    told: Json = answer.json()
                    return told
                await asyncio.sleep(0.2)

    async def comes_to_rest(self) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await self.db.records(UNFINISHED):
                await asyncio.sleep(0.1)

    async def nobody_lost_anything(self) -> tuple[int, int]:
        """What the chain moved is what was sold and credited, to the last unit; how many sales and fees."""
        rows = await self.db.records("""
            select p.goods, pay.paid_at is not null as paid, s.state
            from purchases p
            join payments pay on pay.subject_id = p.id
            join x402_settlements s on s.payment_id = pay.id
        """)
        for row in rows:
            assert (row["state"] == "SETTLED") == row["paid"] == (row["goods"] == "SOLD"), dict(row)
        sold = sum(row["paid"] for row in rows)
        fees = await self.db.value("select count(*) from fee_credits where paid_at is not null")
        assert await self.chain.balance(self.payout.address) == sold * PRICE
        assert await self.chain.balance(self.platform.address) == fees * TAKEN
        assert await self.agent.has() == USDC * 10 - sold * PRICE - fees * TAKEN
        assert await purchases.audit_books(self.db) == []
        return sold, fees


@pytest.fixture
async def scene(sellers: Cast, postgres: str, chain: Chain, tmp_path: Path, worker_id: str) -> AsyncIterator[Scene]:
    dsn = await copied_database(postgres, f"agent_crash_{worker_id}", template=sellers.template)
    program, db = Program(tmp_path / "home", dsn), await connect(dsn, min_size=1, max_size=2)
    payout, platform = await chain.wallet(), await chain.wallet()
    payer, key = await chain.wallet(usdc=10 * USDC), await chain.wallet(ether=ETHER)
    await db.do("update sites set payout_wallet = $1", payout.address)
    scene = Scene(sellers, program, db, chain, payout=payout, platform=platform, payer=payer, key=key)
    yield scene
    program.stops()
    await scene.http.aclose()
    await db.pool.close()


@pytest.mark.feature("B6", "B7", "B8")
@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_at_any_step_of_a_sale_for_usdc_charges_once_for_what_is_delivered(
    scene: Scene, point: str
) -> None:
    await scene.serves(failpoint=point)
    with pytest.raises((httpx.HTTPError, TimeoutError)):
        await scene.buys()
    await scene.program.dies()

    await scene.db.do(LATER)
    await scene.serves()
    await scene.comes_to_rest()
    sold, fees = await scene.nobody_lost_anything()
    assert sold <= 1 and fees <= 1

    await scene.buys()
    await scene.comes_to_rest()
    assert await scene.nobody_lost_anything() == (1, 1)
    assert await scene.program.runs("audit") == (0, "the books agree\n"), scene.program.said()
