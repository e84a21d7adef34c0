"""Migrating, proving the books, making people and tokens."""

import sys
from datetime import UTC, datetime
from getpass import getpass

import asyncpg

from purvey import access, purchases
from purvey.cli import opened
from purvey.kit.migrate import migrate, pending
from purvey.settings import read_settings


async def run_migrate(*, check: bool) -> int:
    """Apply what is pending, naming each; with `check`, only say so."""
    settings = read_settings()
    async with opened.database_while_running(settings) as dsn:
        connection = await asyncpg.connect(dsn)
        try:
            if check:
                waiting = await pending(connection)
                print("\n".join(f"pending: {one.name}" for one in waiting) or "nothing is pending")
                return 1 if waiting else 0
            count = await migrate(connection, tell=lambda name: print(f"applying {name}", flush=True))
        finally:
            await connection.close()
    print(f"applied {count} migration(s)" if count else "nothing was pending")
    return 0


async def run_audit() -> int:
    """Each broken law on its own line; exit 1 when there is one."""
    async with opened.world() as world:
        broken = await purchases.audit_books(world.db)
    for line in broken:
        print(line, file=sys.stderr)
    print(f"{len(broken)} law(s) broken" if broken else "the books agree")
    return 1 if broken else 0


async def run_token(*, email: str) -> int:
    async with opened.world() as world:
        print(await access.token_for(world.db, email=email, now=datetime.now(UTC)))
    return 0


def read_password() -> str:
    """The password, which never stands in a command line, where every account of the machine could read it."""
    if sys.stdin.isatty():
        return getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")


async def run_create_user(*, email: str, password: str | None, admin: bool) -> int:
    async with opened.world() as world:
        person = await access.create_user(
            world.db, email=email, password=password, is_admin=admin, now=datetime.now(UTC)
        )
    print(f"{person.id} {email}{' (platform admin)' if admin else ''}")
    return 0
