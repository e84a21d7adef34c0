"""Looking into the queues: what waits, what runs, what is parked because its retries are spent, and replaying it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from purvey.kit.db import Queries
from purvey.kit.events import Task


class QueueCount(msgspec.Struct, frozen=True, rename="camel"):
    """How many tasks of a queue wait, run, and are parked."""

    queue: str
    waiting: int
    running: int
    parked: int


class Job(msgspec.Struct, frozen=True, rename="camel"):
    """A task in the engine: which reaction it is, how often it was tried, and how it failed last."""

    id: int
    queue: str
    status: str
    attempts: int
    due_at: datetime
    reaction: str
    event: Any
    error: Any


# Tasks counted by queue and standing.
COUNTS = """
select entrypoint as queue,
    count(*) filter (where status = 'queued') as waiting,
    count(*) filter (where status = 'picked') as running,
    count(*) filter (where status = 'failed') as parked
from pgqueuer
group by entrypoint
order by entrypoint
"""

# Tasks of one standing, with the last thing the engine noted of their failure.
JOBS = """
select j.id, j.entrypoint as queue, j.status::text, j.attempts, j.execute_after as due_at,
    j.payload, l.traceback as error
from pgqueuer j
left join lateral (
    select traceback
    from pgqueuer_log
    where job_id = j.id
        and traceback is not null
    order by id desc
    limit 1
) as l on true
where j.status = any($1::pgqueuer_status[])
    and ($2::text is null or j.entrypoint = $2)
order by j.id
limit $3
"""

# A parked task begins anew; one that is not parked is left alone.
REPLAY = """
with again as (
    update pgqueuer
    set status = 'queued', attempts = 0, execute_after = now(), queue_manager_id = null, updated = now()
    where id = any($1::bigint[])
        and status = 'failed'
    returning id
)
select id
from again
"""


async def queue_counts(db: Queries) -> list[QueueCount]:
    """Every queue that holds something."""
    return await db.rows(QueueCount, COUNTS)


async def waiting_jobs(db: Queries, queue: str, *, limit: int) -> list[Job]:
    """What waits or runs in a queue, oldest first."""
    return await jobs(db, ["queued", "picked"], queue=queue, limit=limit)


async def parked_jobs(db: Queries, *, limit: int) -> list[Job]:
    """What the queue `product-retry` holds: tasks whose retries are spent."""
    return await jobs(db, ["failed"], queue=None, limit=limit)


async def jobs(db: Queries, statuses: Sequence[str], *, queue: str | None, limit: int) -> list[Job]:
    found = await db.records(JOBS, statuses, queue, limit)
    return [job_of(dict(row.items())) for row in found]


def job_of(row: dict[str, Any]) -> Job:
    task = msgspec.json.decode(row.pop("payload"), type=Task)
    return Job(**row, reaction=task.reaction, event=msgspec.json.decode(task.event))


async def replay_jobs(db: Queries, ids: Sequence[int]) -> set[int]:
    """Put parked tasks back in their queues; those of them that were parked."""
    return {row["id"] for row in await db.records(REPLAY, list(ids))}
