"""The worker: every reaction wired to its queue, on PgQueuer, with retries, parking and replay."""

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog

from purvey.kit.db import AWAY, Database, tell_away
from purvey.kit.events import ForSomebody, Heard, Reaction, Task, by_name

log = structlog.get_logger("purvey.worker")

QUEUES = (
    "product-product-events",
    "product-price-events",
    "product-customer-product-events",
    "product-subscription-events",
    "product-customer-invoice-events",
    "product-stripe-events",
    "purchase-events",
    "payment-events",
    "access-events",
    "test-bank",
)
PARKED = "product-retry"
MAX_ATTEMPTS = 8
FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(minutes=10)
MOST_BEGINS = MAX_ATTEMPTS + 3
DEQUEUE_TIMEOUT = timedelta(seconds=1)
HEARTBEAT_TIMEOUT = timedelta(seconds=30)
NO_STATISTICS = timedelta(0)  # the engine would write its log a second time for numbers that nobody reads
BATCH = 50
RESTART_SECONDS = 0.5

# How often a job was picked since it was due. One that fails is due anew; one that kills its worker is not.
BEGINS = """
select count(*)
from pgqueuer_log
where job_id = $1
    and status = 'picked'
    and created >= $2
"""


class Poisoned(Exception):
    """A job that was begun too often without ever ending: it kills its worker."""


class Sweep(msgspec.Struct, frozen=True):
    """Something done every so often, by one worker at a time. `do` returns how many things it settled."""

    name: str
    every_seconds: int
    do: Callable[[Database, datetime], Any]


async def work(
    db: Database,
    *,
    clock: Callable[[], datetime],
    reactions: Sequence[Reaction],
    sweeps: Sequence[Sweep] = (),
    queues: Sequence[str] = QUEUES,
    stop: asyncio.Event,
) -> None:
    """Work until `stop` is set. Whatever ends a round, a lost database above all, another begins."""
    sweeping = asyncio.create_task(sweep_forever(db, clock=clock, sweeps=sweeps, stop=stop))
    while not stop.is_set():
        try:
            await one_round(db, clock=clock, reactions=reactions, queues=queues, stop=stop)
        except Exception as error:
            if isinstance(error, AWAY):
                tell_away(error)
            else:
                log.warning("the worker's round ended; beginning another", error=repr(error))
        if not stop.is_set():
            await asyncio.sleep(RESTART_SECONDS)
    await sweeping


async def one_round(
    db: Database,
    *,
    clock: Callable[[], datetime],
    reactions: Sequence[Reaction],
    queues: Sequence[str],
    stop: asyncio.Event,
) -> None:
    """Run the job engine until it is told to stop or loses the database."""
    from pgqueuer import PgQueuer
    from pgqueuer.db import AsyncpgPoolDriver

    engine = PgQueuer(AsyncpgPoolDriver(db.pool))
    named = by_name(reactions)

    async def do(job: Any) -> None:
        task = msgspec.json.decode(job.payload, type=Task)
        reaction = named[task.reaction]
        event = msgspec.json.decode(task.event, type=reaction.kind)
        await reaction.do(Heard(task.event_id, db, clock()), event)

    for queue in queues:
        engine.entrypoint(queue, on_failure="hold", executor_factory=patient(db))(do)

    stopper = asyncio.create_task(pass_on(stop, engine.shutdown))
    try:
        await engine.run(
            dequeue_timeout=DEQUEUE_TIMEOUT,
            batch_size=BATCH,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            log_aggregation_interval=NO_STATISTICS,
        )
    finally:
        stopper.cancel()


async def pass_on(stop: asyncio.Event, shutdown: asyncio.Event) -> None:
    await stop.wait()
    shutdown.set()


def patient(db: Database) -> Callable[[Any], Any]:
    """Retries with back-off, and holds a job that failed, or was begun, too often, or waits for somebody."""
    from pgqueuer.executors import DatabaseRetryEntrypointExecutor

    @dataclasses.dataclass
    class Patient(DatabaseRetryEntrypointExecutor):
        async def execute(self, job: Any, context: Any) -> None:
            late = job.updated - job.execute_after > HEARTBEAT_TIMEOUT
            if late and await db.value(BEGINS, job.id, job.execute_after) > MOST_BEGINS:
                raise Poisoned(f"begun {MOST_BEGINS} times without an end")
            try:
                await super().execute(job, context)
            except Exception as error:
                log.warning("job failed", queue=job.entrypoint, job=job.id, attempts=job.attempts, error=repr(error))
                if isinstance(error.__cause__, ForSomebody):
                    raise error.__cause__ from None
                raise

    return lambda parameters: Patient(
        parameters=parameters, max_attempts=MAX_ATTEMPTS, initial_delay=FIRST_DELAY, max_delay=LONGEST_DELAY
    )


async def sweep_forever(
    db: Database, *, clock: Callable[[], datetime], sweeps: Sequence[Sweep], stop: asyncio.Event
) -> None:
    """Each sweep at its pace. Sweeps are safe to run twice at once: they lock what they settle."""
    await asyncio.gather(*(sweep_one(db, clock=clock, sweep=sweep, stop=stop) for sweep in sweeps))


async def sweep_one(db: Database, *, clock: Callable[[], datetime], sweep: Sweep, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await sweep.do(db, clock())
        except Exception as error:
            if isinstance(error, AWAY):
                tell_away(error)
            else:
                log.warning("sweep failed; trying again at its next turn", sweep=sweep.name, error=repr(error))
        try:
            await asyncio.wait_for(stop.wait(), sweep.every_seconds)
        except TimeoutError:
            continue
