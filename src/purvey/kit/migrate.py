"""Migrations are plain SQL files, numbered and forward only; the older code is stopped before."""

from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files

import asyncpg
import msgspec

LOCK = 7_278_673_951  # one migrating process at a time, on any machine
OUTSIDE = "-- outside a transaction"  # first line of a file whose statements (CONCURRENTLY) refuse one


class MigrationError(Exception):
    """The database and these files do not belong together; the message says the way out."""


class Migration(msgspec.Struct, frozen=True):
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Every migration of this version of purvey, in order."""
    folder = files("purvey") / "migrations"
    found = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return [Migration(file.name, file.read_text()) for file in sorted(found, key=lambda file: file.name)]


async def pending(connection: asyncpg.Connection) -> list[Migration]:
    """What is not applied yet; MigrationError when the database is newer, or an applied file was changed."""
    if await connection.fetchval("select to_regclass('migrations')") is None:
        return migrations()
    applied = {row["name"]: row["digest"] for row in await connection.fetch("select name, digest from migrations")}
    known = {migration.name: migration for migration in migrations()}
    if newer := sorted(set(applied) - set(known)):
        raise MigrationError(
            f"the database has {newer[-1]}, which this purvey does not know: install the newer version"
        )
    for name, digest in applied.items():
        if known[name].digest != digest:
            raise MigrationError(
                f"{name} was changed after it was applied: restore the file, and add a new one instead"
            )
    return [migration for name, migration in known.items() if name not in applied]


async def migrate(connection: asyncpg.Connection, *, tell: Callable[[str], None] = lambda _: None) -> int:
    """Apply what is pending, under an advisory lock; how many were applied. `tell` hears each name."""
    await connection.execute("select pg_advisory_lock($1)", LOCK)
    try:
        await connection.execute(
            "create table if not exists migrations (name text primary key, digest text not null,"
            " applied_at timestamptz not null default now())"
        )
        waiting = await pending(connection)
        for migration in waiting:
            tell(migration.name)
            await apply(connection, migration)
        return len(waiting)
    finally:
        await connection.execute("select pg_advisory_unlock($1)", LOCK)


async def apply(connection: asyncpg.Connection, migration: Migration) -> None:
    record = "insert into migrations (name, digest) values ($1, $2)"
    if migration.sql.startswith(OUTSIDE):
        for statement in migration.sql.split(";\n"):
            if statement.strip():
                await connection.execute(statement)
        await connection.execute(record, migration.name, migration.digest)
        return
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(record, migration.name, migration.digest)
