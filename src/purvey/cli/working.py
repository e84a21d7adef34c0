"""`purvey work`: the background work alone, until it is told to stop."""

import asyncio
import signal
from collections.abc import Sequence

import structlog
import uvloop

from purvey import payments
from purvey.cli import opened
from purvey.settings import SettingsError, read_settings
from purvey.worker import QUEUES, work

log = structlog.get_logger("purvey.worker")


def run_worker(only: Sequence[str]) -> int:
    """Work on these queues, or on all of them."""
    if unknown := [name for name in only if name not in QUEUES]:
        raise SettingsError(f"there is no queue named {unknown[0]!r}; `purvey queues list` names them all")
    payments.refuse_beside_test_bank(read_settings())
    uvloop.run(until_told(only or QUEUES))
    return 0


async def until_told(queues: Sequence[str]) -> None:
    """Work until SIGINT or SIGTERM; the job at hand is ended first."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with opened.world() as world:
        await payments.refuse_live_keys(world.db, world.settings)
        log.info("working", queues=list(queues))
        sweeps = world.sweeps if set(queues) == set(QUEUES) else ()
        await work(world.db, clock=world.clock, reactions=world.reactions, sweeps=sweeps, queues=queues, stop=stop)
        log.info("stopped")
