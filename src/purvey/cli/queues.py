"""`purvey queues`: what waits, what runs, what is parked, and putting it back."""

import msgspec

from purvey.cli import opened
from purvey.parking import parked_jobs, queue_counts, replay_jobs, waiting_jobs
from purvey.settings import SettingsError
from purvey.worker import PARKED, QUEUES


async def run_list() -> int:
    async with opened.world() as world:
        counts = {row.queue: row for row in await queue_counts(world.db)}
    print(f"{'queue':40} {'waiting':>8} {'running':>8} {'parked':>8}")
    for name in QUEUES:
        row = counts.get(name)
        print(f"{name:40} {row.waiting if row else 0:8} {row.running if row else 0:8} {row.parked if row else 0:8}")
    print(f"{PARKED:40} {0:8} {0:8} {sum(row.parked for row in counts.values()):8}")
    return 0


async def run_show(name: str, *, limit: int) -> int:
    if name != PARKED and name not in QUEUES:
        raise SettingsError(f"there is no queue named {name!r}; `purvey queues list` names them all")
    async with opened.world() as world:
        jobs = await (
            parked_jobs(world.db, limit=limit) if name == PARKED else waiting_jobs(world.db, name, limit=limit)
        )
    for job in jobs:
        due = f"{job.due_at:%Y-%m-%dT%H:%M:%SZ}"
        print(f"{job.id} {job.queue} {job.status} attempts={job.attempts} due={due} {job.reaction}")
        if job.error:
            print(f"    {msgspec.json.encode(job.error).decode()[:300]}")
    print(f"{len(jobs)} task(s)")
    return 0


async def run_replay(ids: list[int], *, everything: bool) -> int:
    if not ids and not everything:
        raise SettingsError("name the tasks by id, or give --all")
    async with opened.world() as world:
        parked = {job.id for job in await parked_jobs(world.db, limit=100_000)}
        chosen = parked if everything else parked.intersection(ids)
        replayed = await replay_jobs(world.db, sorted(chosen))
    print(f"replayed {len(replayed)} task(s)")
    if missing := [str(id) for id in ids if id not in replayed]:
        raise SettingsError(f"not parked: {', '.join(missing)}; `purvey queues show {PARKED}` lists what is")
    return 0
