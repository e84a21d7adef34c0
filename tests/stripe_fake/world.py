"""The state behind the fake: every object by id, a clock, and the events as they happen."""

import copy
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Any

from .errors import Refused, no_such
from .spec import Json, Spec

LETTERS = string.ascii_letters + string.digits
MAX_PAGE = 100
DEFAULT_PAGE = 10


@dataclass(frozen=True)
class Cause:
    """The request that an event came from; a happening outside the API has none."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass
class World:
    """One Stripe account in test mode."""

    spec: Spec
    wall_clock: Callable[[], float]
    announce: Callable[[Json], None]
    pending_webhooks: Callable[[], int]
    base_url: str = ""
    skew_seconds: float = 0
    cause: Cause = Cause()
    refunds_wait: bool = False
    notes: dict[str, Any] = field(default_factory=dict)
    _things: dict[str, Json] = field(default_factory=dict)
    _chance: SystemRandom = field(default_factory=SystemRandom)

    def now(self) -> int:
        return int(self.wall_clock() + self.skew_seconds)

    def token(self, length: int = 24) -> str:
        return "".join(self._chance.choices(LETTERS, k=length))

    def new(self, kind: str, prefix: str, **fields: Any) -> Json:
        """A true blank of this kind with an id, kept; the fields laid over it."""
        thing = self.blank(kind)
        thing |= {"id": f"{prefix}_{self.token()}"} | fields
        if "created" in thing and "created" not in fields:
            thing["created"] = self.now()
        self._things[thing["id"]] = thing
        return thing

    def blank(self, schema: str, **fields: Any) -> Json:
        return self.spec.blank(schema) | fields

    def get(self, kind: str, id: str, *, param: str | None = None) -> Json:
        """The thing itself; a stranger's id is a 404, or a 400 when a parameter named it."""
        thing = self._things.get(id)
        if thing is None or thing["object"] != kind:
            raise no_such(kind, id, param=param or "id", status=400 if param else 404)
        return thing

    def find(self, id: str) -> Json | None:
        return self._things.get(id)

    def every(self, kind: str, **like: Any) -> Iterator[Json]:
        """Oldest first."""
        for thing in list(self._things.values()):
            if thing["object"] == kind and all(thing.get(k) == v for k, v in like.items()):
                yield thing

    def change(self, thing: Json, **fields: Any) -> Json:
        """Lay the fields over it; returns what they were before."""
        before = {name: copy.deepcopy(thing.get(name)) for name in fields}
        thing |= fields
        return {name: value for name, value in before.items() if value != thing[name]}

    def emit(self, happening: str, thing: Json, before: Json | None = None) -> None:
        """Record an event with a snapshot of the thing, and announce it."""
        if happening not in self.spec.event_types:
            raise AssertionError(f"Stripe has no event {happening}")
        data = {"object": thing} | ({"previous_attributes": before} if before else {})
        event = self.new(
            "event",
            "evt",
            type=happening,
            api_version=self.spec.version,
            data=copy.deepcopy(data),
            pending_webhooks=self.pending_webhooks(),
            request={"id": self.cause.request_id, "idempotency_key": self.cause.idempotency_key},
        )
        self.announce(event)

    def page(self, url: str, things: Iterator[Json], params: Json) -> Json:
        """A list, newest first, cut by `limit`, `starting_after`, `ending_before`, `created`."""
        limit = params.get("limit", DEFAULT_PAGE)
        if not 1 <= limit <= MAX_PAGE:
            raise Refused(
                f"This value must be between 1 and {MAX_PAGE}.",
                code="parameter_invalid_integer",
                param="limit",
            )
        rows = [each for each in reversed(list(things)) if _in_range(each, params.get("created"))]
        after, before = params.get("starting_after"), params.get("ending_before")
        if after:
            rows = rows[_position(rows, after, "starting_after") + 1 :]
        if before:
            rows = rows[: _position(rows, before, "ending_before")]
        cut = rows[-limit:] if before else rows[:limit]
        return {"object": "list", "url": url, "has_more": len(rows) > limit, "data": cut}


def _position(rows: list[Json], id: str, param: str) -> int:
    for position, row in enumerate(rows):
        if row["id"] == id:
            return position
    raise no_such("object", id, param=param, status=400)


def _in_range(thing: Json, created: int | Json | None) -> bool:
    if created is None:
        return True
    if isinstance(created, int):
        return bool(thing["created"] == created)
    at: int = thing["created"]
    return bool(
        at > created.get("gt", -1)
        and at >= created.get("gte", 0)
        and at < created.get("lt", at + 1)
        and at <= created.get("lte", at)
    )
