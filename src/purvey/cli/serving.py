"""Serving: one process or many on one port, each with a world of its own, ended cleanly by Ctrl-C."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import uvicorn
import uvloop

from purvey import payments
from purvey.cli import opened
from purvey.kit import logs
from purvey.kit.asgi import ASGIApp, Receive, Scope, Send
from purvey.kit.wire import InOnePiece
from purvey.settings import Settings, read_settings
from purvey.worker import work
from purvey.world import World, open_world

GRACE_SECONDS = 10
WITH_WORKER = "PURVEY_SERVING_WORKER"
DSN = "PURVEY_SERVING_DSN"
SETTINGS_DEMO = "PURVEY_SERVING_DEMO"


class Served:
    """The application of one process: its world opens when the server starts and closes when it ends."""

    def __init__(self, settings: Settings, *, dsn: str, with_worker: bool) -> None:
        self.settings, self.dsn, self.with_worker = settings, dsn, with_worker
        self.app: ASGIApp | None = None
        self.stack = AsyncExitStack()
        self.stop = asyncio.Event()
        self.working: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        assert self.app is not None, "a request came before the start"
        await self.app(scope, receive, send)

    async def live(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan: open at startup, close at shutdown."""
        await receive()
        try:
            await self.begin()
        except Exception as error:
            await self.stack.aclose()
            await send({"type": "lifespan.startup.failed", "message": f"{error}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.end()
        await send({"type": "lifespan.shutdown.complete"})

    async def begin(self) -> None:
        from purvey.app import build

        world = await self.stack.enter_async_context(open_world(self.settings, dsn=self.dsn))
        self.app = build(world)
        if self.with_worker:
            self.working = asyncio.create_task(background(world, stop=self.stop))

    async def end(self) -> None:
        self.stop.set()
        if self.working:
            await self.working
        await self.stack.aclose()


async def background(world: World, *, stop: asyncio.Event) -> None:
    """The worker of a serving process."""
    await work(world.db, clock=world.clock, reactions=world.reactions, sweeps=world.sweeps, stop=stop)


def application() -> Served:
    """The application of a child process, told by its parent through the environment."""
    told = {name: os.environ.pop(name) for name in (WITH_WORKER, DSN, SETTINGS_DEMO) if name in os.environ}
    settings = read_settings(demo=told.get(SETTINGS_DEMO) == "1")
    logs.set_up(settings.log_format)
    return Served(settings, dsn=told[DSN], with_worker=told[WITH_WORKER] == "1")


def run_server(*, host: str, port: int, workers: int, with_worker: bool) -> int:
    """`purvey serve`."""
    settings = read_settings()
    logs.set_up(settings.log_format)
    payments.refuse_beside_test_bank(settings)
    opened.refuse_address(host, port)
    with opened.database(settings) as dsn:
        asyncio.run(opened.refuse_unfit(settings, dsn))
        if workers == 1:
            return serve_here(settings, dsn=dsn, host=host, port=port, with_worker=with_worker)
        return serve_many(dsn=dsn, host=host, port=port, workers=workers, with_worker=with_worker)


def serve_here(
    settings: Settings,
    *,
    dsn: str,
    host: str,
    port: int,
    with_worker: bool,
    started: Callable[[], None] = lambda: None,
) -> int:
    """One process; `started` is called when it answers."""
    app = Served(settings, dsn=dsn, with_worker=with_worker)
    server = uvicorn.Server(config(app, host=host, port=port))

    async def run() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if server.started:
            started()
        await serving

    try:
        uvloop.run(run())
    except KeyboardInterrupt:
        return 0
    return 0 if server.started else 1


def serve_many(*, dsn: str, host: str, port: int, workers: int, with_worker: bool) -> int:
    """Several processes on one port; each joins the same database."""
    with tempfile.TemporaryDirectory(prefix="purvey-metrics-") as folder:
        os.environ |= {
            DSN: dsn,
            WITH_WORKER: "1" if with_worker else "0",
            "PROMETHEUS_MULTIPROC_DIR": str(Path(folder)),
        }
        uvicorn.run(
            "purvey.cli.serving:application",
            factory=True,
            workers=workers,
            host=host,
            port=port,
            http=InOnePiece,
            log_config=None,
            access_log=False,
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    return 0


def config(app: Served, *, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=InOnePiece,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
