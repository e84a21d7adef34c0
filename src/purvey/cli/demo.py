"""`purvey demo`: a shop that is there in a moment, with real products in it, on a database of its own."""

import asyncio
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime

import asyncpg
import msgspec
import structlog

from purvey import payments
from purvey.cli import opened
from purvey.cli.seed import CODE, DEMO_ADMIN, DEMO_AUTHOR, DEMO_BUYER, DEMO_PASSWORD, SITE, seed
from purvey.cli.serving import serve_here
from purvey.kit import logs
from purvey.kit.migrate import migrate
from purvey.kit.postgres import sweep_homeless
from purvey.settings import Settings, read_settings
from purvey.world import open_world

log = structlog.get_logger("purvey.demo")


def run_demo(*, host: str, port: int) -> int:
    """Start, migrate, seed once, serve."""
    settings = demo_settings(host=host, port=port)
    logs.set_up(settings.log_format)
    payments.refuse_beside_test_bank(settings)
    opened.refuse_address(host, port)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    tidy()
    with opened.database(settings) as dsn:
        asyncio.run(prepare(settings, dsn=dsn))
        return serve_here(
            settings, dsn=dsn, host=host, port=port, with_worker=True, started=lambda: greet(settings.base_url)
        )


def tidy() -> None:
    """Remove what root's homes left elsewhere when they were removed. Where it fails, the demo goes on."""
    with suppress(OSError):
        for place in sweep_homeless(now=datetime.now(UTC)):
            log.info("removed a database whose home is gone", place=str(place))


def demo_settings(*, host: str, port: int) -> Settings:
    """The settings of a demonstration: its own address, and on loopback no throttle on sign-ups."""
    settings = read_settings(demo=True)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    changes: dict[str, object] = {}
    if "PURVEY_BASE_URL" not in os.environ:
        changes["base_url"] = f"http://{shown}:{port}"
    if host in opened.LOOPBACK:
        changes["sign_up_limit"] = 0
    return msgspec.structs.replace(settings, **changes)


async def prepare(settings: Settings, *, dsn: str) -> None:
    """Bring the database to this version, and put the demo's people and products in it, once."""
    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection, tell=lambda name: print(f"  applying {name}", file=sys.stderr, flush=True))
    finally:
        await connection.close()
    await opened.refuse_play_money(settings, dsn)
    async with open_world(settings, dsn=dsn) as world:
        await seed(world)


def greet(base_url: str) -> None:
    """Where the shop is, who may sign in, and three lines to try."""
    shop = f"{base_url}/s/{SITE}/shop"
    print(
        f"""
purvey is open.

  The shop       {shop}
  The author     {DEMO_AUTHOR}   password: {DEMO_PASSWORD}   {base_url}/products
  A buyer        {DEMO_BUYER}   password: {DEMO_PASSWORD}
  An admin       {DEMO_ADMIN}   password: {DEMO_PASSWORD}
  Discount code  {CODE}
  The API        {base_url}/schema

Try:

  curl {base_url}/v1/s/{SITE}/shop
  curl -X POST {base_url}/v1/auth/sign-in -H 'Content-Type: application/json' \\
    -d '{{"email": "{DEMO_BUYER}", "password": "{DEMO_PASSWORD}"}}'
  curl {base_url}/healthz

Ctrl-C stops everything, the database too.
""",
        flush=True,
    )
