"""What is measured: a shop, and beside it in the same process bare doors with the same statements.

`python -m bench.server DSN HOME` prints the two ports when both answer.
"""

import asyncio
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from litestar import Litestar, Response, get

from bench import statements
from purvey.app import build
from purvey.kit import logs
from purvey.kit.wire import InOnePiece
from purvey.settings import Settings
from purvey.world import World, open_world


def bare(world: World) -> Litestar:
    """Doors with nothing but the statement: no guard, no request id, no log, no error shapes."""
    pool = world.db.pool

    @get("/nothing")
    async def nothing() -> dict[str, str]:
        return {"status": "ok"}

    @get("/shelf")
    async def shelf() -> list[statements.ShelfRow]:
        rows = await pool.fetch(statements.SHELF, statements.SITE, datetime.now(UTC), *statements.SHELF_REST)
        return [statements.ShelfRow(*row[: statements.SHELF_WIDTH], row["price"], []) for row in rows]

    @get("/product")
    async def product() -> Response[dict[str, Any]]:
        row = await pool.fetchrow(statements.PRODUCT, statements.SITE, datetime.now(UTC), statements.PRODUCT_SLUG)
        return Response(dict(row.items()))

    return Litestar([nothing, shelf, product], openapi_config=None, logging_config=None)


def listener() -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    one.bind(("127.0.0.1", 0))
    return one


async def main(dsn: str, home: Path) -> None:
    logs.set_up("json")
    shop, beside = listener(), listener()
    base_url = f"http://127.0.0.1:{shop.getsockname()[1]}"
    settings = Settings(home=home, secret_key="b" * 32, base_url=base_url, test_bank=True)
    async with open_world(settings, dsn=dsn) as world:
        servers = [
            (uvicorn.Server(uvicorn.Config(app, http=http, log_config=None, access_log=False, lifespan="off")), sock)
            for app, http, sock in ((build(world), InOnePiece, shop), (bare(world), "auto", beside))
        ]
        serving = [asyncio.create_task(server.serve(sockets=[sock])) for server, sock in servers]
        while not all(server.started for server, _ in servers):
            await asyncio.sleep(0.01)
        print(shop.getsockname()[1], beside.getsockname()[1], flush=True)
        await asyncio.gather(*serving)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
