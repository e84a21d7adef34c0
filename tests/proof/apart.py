"""A served shop in a thread with an event loop of its own, for searches that block while they wait for answers."""

import asyncio
import queue
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx
import msgspec

from purvey.settings import Settings
from tests.conftest import fresh_database, served
from tests.stripe_fake import StripeFake
from tests.vocabulary.shop import Clock, Shop

T = TypeVar("T")
START_SECONDS = 60


class Apart:
    """The shop, and a Stripe for its sellers; `tell` lets a story happen in its thread and waits for its end."""

    def __init__(self, postgres: str, *, database: str, settings: Settings) -> None:
        self.stripe_key = ""
        self._opened: queue.Queue[Shop | BaseException] = queue.Queue()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(postgres, database, settings)))
        self._thread.start()
        opened = self._opened.get(timeout=START_SECONDS)
        if isinstance(opened, BaseException):
            raise opened
        self.shop = opened
        self.base_url = opened.base_url

    def tell(self, story: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(story, self._loop).result(START_SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self, postgres: str, database: str, settings: Settings) -> None:
        self._loop, self._stop, clock = asyncio.get_running_loop(), asyncio.Event(), Clock()
        try:
            dsn = await fresh_database(postgres, database)
            async with (
                StripeFake(wall_clock=lambda: clock().timestamp()) as fake,
                served(msgspec.structs.replace(settings, stripe_api_base=fake.base_url), dsn=dsn, clock=clock) as (
                    world,
                    base_url,
                ),
                httpx.AsyncClient(base_url=base_url, timeout=30) as http,
            ):
                self.stripe_key = fake.key
                self._opened.put(Shop(world, base_url=base_url, clock=clock, http=http))
                await self._stop.wait()
        except BaseException as error:
            self._opened.put(error)
            raise
