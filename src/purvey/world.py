"""The world a process works in: settings, database, clock, storage, gateways, reactions. Opened once."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec

from purvey import access, wiring
from purvey.kit import db as database
from purvey.kit import failpoints
from purvey.kit.db import Database
from purvey.kit.events import Reaction, flusher
from purvey.kit.rpc import Chains
from purvey.payments import Gateways
from purvey.payments.choice import open_gateways
from purvey.payments.x402 import Rail
from purvey.payments.x402.opening import open_rail
from purvey.settings import Settings
from purvey.storage import Storage, open_storage
from purvey.worker import Sweep

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that doors and reactions are given."""

    settings: Settings
    db: Database
    clock: Clock
    storage: Storage
    gateways: Gateways
    reactions: Sequence[Reaction]
    sweeps: Sequence[Sweep]
    siwa: access.Siwa | None = None
    rail: Rail | None = None


@asynccontextmanager
async def open_world(settings: Settings, *, dsn: str, clock: Clock = wall_clock) -> AsyncIterator[World]:
    """Connect to everything; what was opened is closed at the end."""
    failpoints.arm(settings.failpoint)
    db = await database.connect(dsn, pooler=settings.database_pooler, statement_seconds=settings.database_timeout)
    storage = open_storage(settings)
    chains = Chains(settings.rpc_urls)
    rail = open_rail(settings, chains=chains)
    gateways = open_gateways(settings, db=db, clock=clock, rail=rail)
    reactions = wiring.reactions(settings, gateways=gateways, storage=storage)
    db.flush = flusher(reactions)
    try:
        yield World(
            settings=settings,
            db=db,
            clock=clock,
            storage=storage,
            gateways=gateways,
            siwa=access.open_siwa(settings, chains=chains),
            reactions=reactions,
            sweeps=wiring.sweeps(settings, gateways=gateways, storage=storage, rail=rail),
            rail=rail,
        )
    finally:
        if rail is not None:
            await rail.close()
        await chains.close()
        await gateways.close()
        await db.pool.close()
