"""What can go wrong with a row by a hand, a script or a torn backup: done in a transaction that never commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import asyncpg

from purvey.kit.db import Database, Tx
from purvey.purchases import LAWS

REFUSED = "refused by the database"

# Base tables and their columns, as the database knows them.
COLUMNS = """
select c.table_name as table, c.column_name as name, c.udt_name as type, c.is_nullable = 'YES' as nullable
from information_schema.columns c
join information_schema.tables t using (table_schema, table_name)
where t.table_schema = 'public'
    and t.table_type = 'BASE TABLE'
order by c.table_name, c.ordinal_position
"""

KEY = """
select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type
from pg_index i
join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
where i.indrelid = $1::text::regclass
    and i.indisprimary
"""

# The words that a column is confined to.
WORDS = """
select distinct word[1] as word
from pg_constraint c
join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey)
cross join regexp_matches(pg_get_constraintdef(c.oid), $re$'([A-Z_]+)'$re$, 'g') as word
where c.conrelid = $1::text::regclass
    and c.contype = 'c'
    and cardinality(c.conkey) = 1
    and a.attname = $2
order by 1
"""

# By type, another value that is as plausible as the one there; `another` is one of the same column, where there is one.
OTHER = {
    "uuid": "coalesce({another}, gen_random_uuid())",
    "text": "coalesce({another}, {column} || 'x', 'x')",
    "bool": "not coalesce({column}, false)",
    "int2": "coalesce({column} + 1, 1)",
    "int4": "coalesce({column} + 1, 1)",
    "int8": "coalesce({column} + 1, 1)",
    "timestamptz": "coalesce({column} + interval '1 day', now())",
    "jsonb": "coalesce({column}, '{{}}') || '{{\"of\": \"somebody\"}}'",
    "bytea": "coalesce(set_byte({column}, 0, 255 - get_byte({column}, 0)), '')",
    "_uuid": "array_append({column}, gen_random_uuid())",
}


class Column(NamedTuple):
    table: str
    name: str
    type: str
    nullable: bool

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


async def columns_of(db: Database) -> list[Column]:
    return [Column(**row) for row in await db.records(COLUMNS)]


async def rows_of(db: Database, table: str, column: str | None, *, most: int) -> list[str]:
    """Where some rows are, spread over the table, those first that have something in the column."""
    order = f"{column} is null, " if column else ""
    found = await db.records(f"select ctid::text as place from {table} order by {order}md5(ctid::text)")
    return [row["place"] for row in found][:most]


async def ways(db: Database, column: Column) -> AsyncIterator[str]:
    """What a column is set to: each word that it may hold, another value of its own, one that is made up, nothing."""
    for word in await db.records(WORDS, column.table, column.name):
        yield f"'{word['word']}'"
    another = (
        f"(select one.{column.name} from {column.table} one where one.{column.name} is distinct from"
        f" {column.table}.{column.name} and one.{column.name} is not null order by md5(one::text) limit 1)"
    )
    if column.type == "text":
        yield f"{column.name} || 'x'"
    yield OTHER[column.type].format(column=column.name, another=another)
    if column.nullable:
        yield "null"


async def corrupt(db: Database, column: Column, place: str, way: str) -> str | None:
    """What finds it: the name of a law, or that it is refused; None when nothing does, "" when nothing changed."""
    changing = (
        f"update {column.table} set {column.name} = {way} where ctid = '{place}'"
        f" and {column.name} is distinct from {way}"
    )
    return await done(db, column.table, changing)


async def delete(db: Database, table: str, place: str) -> str | None:
    return await done(db, table, f"delete from {table} where ctid = '{place}'")


async def double(db: Database, table: str, place: str) -> str | None:
    """The same row once more, under another key where its key is made up."""
    key = {row["name"]: row["type"] for row in await db.records(KEY, table)}
    fresh = {name: "gen_random_uuid()" for name, type in key.items() if type == "uuid" and len(key) == 1}
    names = [
        row["name"]
        for row in await db.records(
            "select attname::text as name from pg_attribute where attrelid = $1::text::regclass and attnum > 0"
            " and not attisdropped and attgenerated = '' and attidentity = ''",
            table,
        )
    ]
    values = ", ".join(fresh.get(name, name) for name in names)
    return await done(
        db, table, f"insert into {table} ({', '.join(names)}) select {values} from {table} where ctid = '{place}'"
    )


async def done(db: Database, table: str, statement: str) -> str | None:
    async with undone(db) as tx:
        try:
            if not await tx.do(statement):
                return ""
            await tx.do("set constraints all immediate")
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.GeneratedAlwaysError):
            return REFUSED
        return await broken_law(tx, table)


@asynccontextmanager
async def undone(db: Database) -> AsyncIterator[Tx]:
    async with db.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield Tx(connection)
        finally:
            await transaction.rollback()


async def broken_law(tx: Tx, table: str) -> str | None:
    """The first law that is broken; those that speak of the table are asked first."""
    for law in sorted(LAWS, key=lambda law: f" {table} " not in law.sql):
        if await tx.records(law.sql, None):
            return law.name
    return None
