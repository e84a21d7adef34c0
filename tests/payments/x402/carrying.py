"""A process that carries one settlement out and dies where it is told to: `carrying DSN RPC HOW SETTLEMENT POINT`."""

import asyncio
import sys
from datetime import UTC, datetime
from uuid import UUID

from purvey.kit import db as database
from purvey.kit import failpoints
from purvey.kit.rpc import Chains
from purvey.payments import x402
from purvey.payments.x402.opening import open_rail
from purvey.settings import Settings
from tests.vocabulary.chain import NETWORK


async def main(dsn: str, rpc: str, how: str, settlement: str, point: str) -> None:
    name = "x402_facilitator_url" if how.startswith("http") else "x402_facilitator_key"
    settings = Settings(
        home="/nowhere", secret_key="", rpc_urls={NETWORK: rpc}, x402_networks=(NETWORK,), **{name: how}
    )
    db = await database.connect(dsn)

    async def say_nothing(tx: object) -> None: ...

    db.flush = say_nothing
    rail = open_rail(settings, chains=Chains(settings.rpc_urls))
    assert rail is not None
    entered = await x402.by_id(db, UUID(settlement))
    failpoints.arm(point)
    await rail.carry_out(db, entered, now=datetime.now(UTC))
    raise SystemExit("it did not die")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
