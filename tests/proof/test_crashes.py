"""Killed at any step of a sale, a refund or a cancellation, and started again, the shop has lost and made nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from purvey import purchases
from purvey.kit import failpoints
from purvey.kit.db import Database, connect
from purvey.settings import Settings
from tests.conftest import fresh_database, served
from tests.proof.program import SECRET_KEY, Program, copied_database
from tests.vocabulary.shop import Clock, Shop

Json = dict[str, Any]
STOCK, USES, PRICE, PART = 5, 3, 1200, 300
DEADLINE_SECONDS = 60

# As if hours had passed since the crash: what waits for its time is due, and nobody is waited for who is dead.
LATER = """
with payments_due as (
    update payments set ask_at = now() - interval '1 second' where closed_at is null and checkout_url is null
), refunds_due as (
    update refunds set ask_at = now() - interval '1 second' where status in ('APPROVED', 'SENT')
), leases_over as (
    update idempotency_keys set leased_until = null
)
update pgqueuer set heartbeat = now() - interval '1 hour', execute_after = least(execute_after, now())
"""


class Cast(NamedTuple):
    """Who is in the database that each crash begins with, and what they sell."""

    template: str
    seller: str
    buyer: str
    site_id: str
    atlas: Json
    mug: Json


@pytest.fixture(scope="session")
async def cast(postgres: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Cast:
    template, clock = f"crash_template_{worker_id}", Clock()
    dsn = await fresh_database(postgres, template)
    settings = Settings(home=tmp_path_factory.mktemp("home"), secret_key=SECRET_KEY, test_bank=True)
    async with (
        served(settings, dsn=dsn, clock=clock) as (world, base_url),
        httpx.AsyncClient(base_url=base_url, timeout=30) as http,
    ):
        shop = Shop(world, base_url=base_url, clock=clock, http=http)
        ana, ben = await shop.author("ana"), await shop.person("ben")
        assert ana.site is not None
        atlas = await ana.sells("Field Atlas", price=PRICE, stock=STOCK, restockOnRefund=True)
        mug = await ana.sells("Mug", price=PRICE, stock=STOCK)
        body = {"code": "SPRING", "discountType": "PERCENTAGE", "value": 25, "maxUses": USES}
        assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", body)).status_code == 201
        await shop.settles()
        return Cast(template, ana.token, ben.token, ana.site["id"], atlas, mug)


class Scene:
    """One installation, and the two people who use it through its doors."""

    def __init__(self, cast: Cast, program: Program, db: Database) -> None:
        self.cast, self.program, self.db = cast, program, db
        self.http = httpx.AsyncClient(base_url=program.base_url, timeout=20)
        self.told: dict[str, Json] = {}

    async def ask(self, who: str, method: str, path: str, json: Any = None, key: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {who}"} | ({} if key is None else {"Idempotency-Key": key})
        return await self.http.request(method, path, json=json, headers=headers)

    async def buys(self, product: Json, key: str) -> Json:
        """Sent again with the same key, it is the same purchase: its checkout, or how it stands once that is over."""
        body = {"productId": product["id"], "discountCode": "SPRING"}
        answer = await self.ask(self.cast.buyer, "POST", "/v1/purchases", body, key)
        assert answer.status_code in (200, 202), answer.text
        purchase: Json = answer.json()
        purchase.setdefault("purchaseId", purchase.get("id"))
        assert (answer.status_code == 202) == (purchase["checkoutUrl"] is not None), purchase
        self.told[key] = purchase
        return purchase

    async def pays(self, purchase: Json) -> None:
        """Press the bank's button, unless the shop knows that it was; pressed before, the bank says so."""
        if purchase["checkoutUrl"] is None:
            return
        answer = await self.http.post(purchase["checkoutUrl"], data={"outcome": "pay"})
        assert answer.status_code in (303, 409), answer.text

    async def becomes(self, purchase: Json, *statuses: str) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                answer = await self.ask(self.cast.buyer, "GET", f"/v1/purchases/{purchase['purchaseId']}")
                assert answer.status_code == 200, answer.text
                if answer.json()["status"] in statuses:
                    return
                await asyncio.sleep(0.05)

    async def refunds(self, purchase: Json) -> None:
        """Part of the money, then the rest."""
        path = f"/v1/sites/{self.cast.site_id}/purchases/{purchase['purchaseId']}/refunds"
        for number, amount in enumerate((PART, None)):
            body = {"reason": "a change of mind", "amount": amount}
            answer = await self.ask(self.cast.seller, "POST", path, body, key=f"refund-{number}")
            assert answer.status_code == 202, answer.text
            await self.becomes(purchase, "REFUNDED", *(["PARTIALLY_REFUNDED"] if amount else []))

    async def cancels(self, purchase: Json) -> None:
        answer = await self.ask(self.cast.buyer, "POST", f"/v1/purchases/{purchase['purchaseId']}/cancel")
        assert answer.status_code == 200, answer.text

    async def lives(self) -> None:
        """All that is sold, given back and called off in this play. Each step can be played again."""
        purchase = await self.buys(self.cast.atlas, "atlas")
        await self.pays(purchase)
        await self.becomes(purchase, "SUCCEEDED", "PARTIALLY_REFUNDED", "REFUNDED")
        await self.refunds(purchase)
        mug = await self.buys(self.cast.mug, "mug")
        await self.cancels(mug)

    async def comes_to_rest(self) -> None:
        """What nobody finished is finished, without anybody asking for it."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await self.unfinished():
                await asyncio.sleep(0.1)

    async def unfinished(self) -> list[str]:
        found = await self.db.records("""
            select 'payment ' || id::text as what from payments where closed_at is null and checkout_url is null
            union all
            select 'refund ' || id::text from refunds where status in ('APPROVED', 'SENT')
            union all
            select 'job ' || id::text from pgqueuer where status in ('picked', 'failed') or execute_after <= now()
            union all
            select 'money at the bank ' || s.id
            from test_bank_sessions s
            join payments p on p.id = s.idempotency_key
            where s.state = 'paid' and p.paid_at is null
        """)
        return [row["what"] for row in found]

    async def books_agree(self) -> None:
        """The four equations, read from the rows themselves; then every law, as its operator would ask."""
        money = await self.db.records("""
            select p.id, p.paid_at is not null as paid, s.state = 'paid' as taken, p.refunded_amount, s.refunded
            from payments p
            left join test_bank_sessions s on s.idempotency_key = p.id
        """)
        for row in money:
            assert row["paid"] == bool(row["taken"]), dict(row)
            assert row["refunded_amount"] == (row["refunded"] or 0), dict(row)
        for product in (self.cast.atlas, self.cast.mug):
            held = await self.db.record(
                """
                select s.total, s.reserved, s.sold,
                    coalesce(sum(p.quantity) filter (where p.goods = 'HELD'), 0) as held,
                    coalesce(sum(p.quantity) filter (where p.goods = 'SOLD'), 0) as gone
                from stock s
                left join purchases p on p.product_id = s.product_id
                where s.product_id = $1
                group by s.total, s.reserved, s.sold
                """,
                UUID(product["id"]),
            )
            assert held is not None
            assert (held["total"], held["reserved"], held["sold"]) == (STOCK, held["held"], held["gone"]), dict(held)
        uses = await self.db.record("""
            select d.used, d.reserved,
                count(p.id) filter (where p.goods in ('SOLD', 'RETURNED')) as sold,
                count(p.id) filter (where p.goods = 'HELD') as held
            from discount_codes d
            left join purchases p on p.discount_code_id = d.id
            group by d.id
        """)
        assert uses is not None
        assert (uses["used"], uses["reserved"]) == (uses["sold"], uses["held"]), dict(uses)
        assert await purchases.audit_books(self.db) == []


@pytest.fixture
async def scene(
    cast: Cast, postgres: str, tmp_path: Path, worker_id: str, request: pytest.FixtureRequest
) -> AsyncIterator[Scene]:
    dsn = await copied_database(postgres, f"crash_{worker_id}", template=cast.template)
    program, db = Program(tmp_path / "home", dsn), await connect(dsn, min_size=1, max_size=2)
    scene = Scene(cast, program, db)
    yield scene
    program.stops()
    await scene.http.aclose()
    await db.pool.close()


@pytest.mark.feature("A12", "A22", "A25", "C17")
@pytest.mark.parametrize(
    "point", [each for each in failpoints.POINTS if not each.startswith(("x402.", "sale.", "fee."))]
)
async def test_a_crash_at_any_step_leaves_books_that_agree(scene: Scene, point: str) -> None:
    await scene.program.serves(failpoint=point)
    with pytest.raises((httpx.HTTPError, TimeoutError)):
        await scene.lives()
    await scene.program.dies()

    await scene.db.do(LATER)
    await scene.program.serves()
    await scene.comes_to_rest()
    await scene.books_agree()
    assert await scene.db.value("select count(*) from purchases") <= 2

    await scene.lives()
    await scene.comes_to_rest()
    await scene.books_agree()
    ends = await scene.db.records("select status, final_amount from purchases order by id")
    assert [(row["status"], row["final_amount"]) for row in ends] == [("REFUNDED", 900), ("CANCELLED", 900)]
    assert await scene.program.runs("audit") == (0, "the books agree\n"), scene.program.said()
