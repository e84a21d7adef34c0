"""Webhooks: signed as Stripe signs them, over real HTTP, as well or badly as a test asks."""

import asyncio
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

import httpx

from .spec import Json

Mode = Literal["normal", "duplicate", "late", "out_of_order", "never"]
TIMEOUT_SECONDS = 10.0
RETRY_DELAYS = (0.05, 0.1, 0.2, 0.4, 0.8)
AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


@dataclass(frozen=True)
class Delivery:
    """One attempt: `status` is None when no answer came."""

    event_id: str
    type: str
    attempt: int
    status: int | None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass
class Courier:
    """Carries events to one endpoint, in their order, retrying what is not accepted.

    `held` waits for `release`; so does what was refused once more than there are retries.
    """

    now: Callable[[], int]
    secret: str
    url: str | None = None
    mode: Mode = "normal"
    retry_delays: Sequence[float] = RETRY_DELAYS
    deliveries: list[Delivery] = field(default_factory=list)
    held: list[Json] = field(default_factory=list)
    abandoned: list[Json] = field(default_factory=list)
    _burst: list[Json] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=TIMEOUT_SECONDS, verify=False))

    def post(self, event: Json) -> None:
        """Take an event; those of one happening travel as one burst."""
        if self.url is None:
            return
        if not self._burst:
            asyncio.get_running_loop().call_soon(self._send_burst)
        self._burst.append(event)

    def release(self) -> None:
        """Send what was held or given up, in the order it happened."""
        waiting = self.abandoned + self.held
        self.abandoned, self.held = [], []
        self._start(waiting)

    def send_again(self, event: Json) -> None:
        self._start([event])

    async def idle(self) -> None:
        """Return when nothing is on its way; held and abandoned events are not."""
        while self._burst or self._tasks:
            await asyncio.sleep(0)
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def _send_burst(self) -> None:
        burst, self._burst = self._burst, []
        match self.mode:
            case "late" | "never":
                self.held.extend(burst)
            case "duplicate":
                self._start([event for event in burst for _ in range(2)])
            case "out_of_order":
                self._start(burst[::-1])
            case _:
                self._start(burst)

    def _start(self, events: Sequence[Json]) -> None:
        if events:
            task = asyncio.create_task(self._carry(events))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, events: Sequence[Json]) -> None:
        """First attempts one after another; a refused one waits aside for its retry."""
        async with self._turn:
            refused = [event for event in events if not await self._deliver(event, 1)]
        for attempt, delay in enumerate(self.retry_delays, start=2):
            if not refused:
                return
            await asyncio.sleep(delay)
            refused = [event for event in refused if not await self._deliver(event, attempt)]
        self.abandoned.extend(refused)

    async def _deliver(self, event: Json, attempt: int) -> bool:
        body = json.dumps(event, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": AGENT,
            "Stripe-Signature": signature(body, self.secret, self.now()),
        }
        try:
            answer = await self._client.post(self.url or "", content=body, headers=headers)
            status: int | None = answer.status_code
        except httpx.HTTPError:
            status = None
        delivery = Delivery(event["id"], event["type"], attempt, status)
        self.deliveries.append(delivery)
        return delivery.accepted


def signature(body: bytes, secret: str, timestamp: int) -> str:
    """The `Stripe-Signature` header: v1 counts; v0 is the test mode's decoy."""
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()
    decoy = sha256(body).hexdigest()
    return f"t={timestamp},v1={signed},v0={decoy}"
