"""Events are written in the transaction of the change they tell of, and delivered later by the job engine.

Delivery is at least once, so every reaction is harmless when repeated.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec

from purvey.kit.db import Database, Tx
from purvey.kit.ids import new_id


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, named in the past tense; ids and plain values only.

    `type` is its public name (PRODUCT_CREATED), `queue` the task queue its reactions wait in.
    Each event names its subject by `subject_id` and says when by `at`.
    """

    type: ClassVar[str]
    queue: ClassVar[str]
    subject_id: UUID
    tenant_id: UUID | None
    at: datetime


class Heard(msgspec.Struct, frozen=True):
    """What a reaction is given beside the event. What else it needs, its slice's `reactions(…)` binds."""

    event_id: UUID
    db: Database
    now: datetime


E = TypeVar("E", bound=Event)


class ForSomebody(Exception):
    """What somebody has to do. No retry mends it: its job is parked at once, and says so."""


class Reaction(msgspec.Struct, frozen=True):
    """When `kind` happened, `do`. Its `name` is kept in waiting jobs: rename it only with a migration."""

    kind: type[Event]
    name: str
    do: Callable[[Heard, Any], Awaitable[None]]
    after: timedelta | None = None


def on(kind: type[E], do: Callable[[Heard, E], Awaitable[None]], *, after: timedelta | None = None) -> Reaction:
    """A reaction named after its function, as `slice.function`; `after` delays it."""
    return Reaction(kind, f"{do.__module__.split('.')[1]}.{do.__name__}", do, after)


class Task(msgspec.Struct, frozen=True):
    """What a job carries: one reaction to one event."""

    event_id: UUID
    reaction: str
    event: msgspec.Raw


def publish(tx: Tx, event: Event) -> None:
    """Tell that something happened. It is written when the transaction commits, or never."""
    tx.published.append(event)


def flusher(reactions: Sequence[Reaction]) -> Callable[[Tx], Awaitable[None]]:
    """What writes a transaction's events, and one job for each reaction, in one statement."""
    heard_by: dict[type[Event], list[Reaction]] = {}
    for reaction in reactions:
        heard_by.setdefault(reaction.kind, []).append(reaction)

    async def flush(tx: Tx) -> None:
        events = [(new_id(), event, msgspec.json.encode(event)) for event in tx.published]
        tx.published.clear()
        jobs = [
            (
                event.queue,
                msgspec.json.encode(Task(id, reaction.name, msgspec.Raw(body))),
                reaction.after or timedelta(),
            )
            for id, event, body in events
            for reaction in heard_by.get(type(event), ())
        ]
        told = [
            [id for id, _, _ in events],
            [event.tenant_id for _, event, _ in events],
            [event.type for _, event, _ in events],
            [event.subject_id for _, event, _ in events],
            [body.decode() for _, _, body in events],
            [event.at for _, event, _ in events],
        ]
        if jobs:
            await tx.do(TELL_AND_ASK, *told, *(list(column) for column in zip(*jobs, strict=True)))
        else:
            await tx.do(TELL, *told)

    return flush


# The events of a transaction. An insert of no jobs would still wake every worker, so it is left out.
TELL = """
insert into events (id, tenant_id, type, subject_id, payload, at)
select id, tenant_id, type, subject_id, payload::jsonb, at
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[])
    as e (id, tenant_id, type, subject_id, payload, at)
"""

# The same with the jobs that follow from them, together.
TELL_AND_ASK = f"""
with told as ({TELL})
insert into pgqueuer (priority, entrypoint, payload, execute_after, status)
select 0, queue, payload, now() + after, 'queued'
from unnest($7::text[], $8::bytea[], $9::interval[]) as j (queue, payload, after)
"""

# The first to say so has the effect; the row is there when the reaction was done before.
ONCE = """
insert into reactions_done (event_id, reaction)
values ($1, $2)
on conflict do nothing
"""


async def first_time(tx: Tx, heard: Heard, reaction: str) -> bool:
    """Whether this reaction has not had its effect yet; true is said once for each event."""
    return await tx.do(ONCE, heard.event_id, reaction) == 1


def by_name(reactions: Sequence[Reaction]) -> Mapping[str, Reaction]:
    """The reactions by the name their jobs carry."""
    named = {reaction.name: reaction for reaction in reactions}
    assert len(named) == len(reactions), "two reactions share a name"
    return named
