"""Whatever money or goods hang on, when somebody changes it behind the shop's back, is refused, found, or named.

Every column of the database is in it: a new one is looked at too, until docs/audit.md says why not.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from purvey.kit.db import Database
from tests.audit.corrupting import Column, columns_of, corrupt, delete, double, rows_of, ways

PAGE: Final = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
ROWS_TRIED: Final = 12
MOST_OUTSIDE: Final = 1 / 9
BY: Final = {"deleted from": delete, "added to": double}


def part(heading: str) -> str:
    """What the page says under a heading, or under a line that ends in a colon."""
    _, found, after = PAGE.partition(f"\n{heading}\n")
    assert found, heading
    return re.split(r"\n## |\nRows:|\nTables:", after)[0]


def named(text: str) -> set[str]:
    """Columns, as `table.column`."""
    return set(re.findall(r"`([a-z0-9_*]+\.[a-z0-9_]+)`", text))


OUTSIDE: Final = named(part("## Outside the audit"))
BESIDE: Final = named(part("## No money or goods hang on"))
TABLES_BESIDE: Final = set(re.findall(r"`(\w+)`", PAGE.partition("\nTables:")[2]))
ROWS_OUTSIDE: Final = set(re.findall(r"- (deleted from|added to) `(\w+)`", part("Rows:")))


def in_books(column: Column) -> bool:
    """Whether money or goods hang on it. What is outside by its own name is not beside by its last one."""
    if column.table in TABLES_BESIDE or str(column) in BESIDE:
        return False
    return f"*.{column.name}" not in BESIDE or str(column) in OUTSIDE


async def found_by(db: Database, column: Column) -> Counter[str]:
    """What found each corruption of a column; nothing found one is "nothing"."""
    found: Counter[str] = Counter()
    for place in await rows_of(db, column.table, column.name, most=ROWS_TRIED):
        async for way in ways(db, column):
            law = await corrupt(db, column, place, way)
            if law != "":
                found[law or "nothing"] += 1
    return found


def shown(outcomes: Mapping[str, Counter[str]]) -> str:
    width = max(len(name) for name in outcomes)
    return "\n".join(f"{name:{width}}  {', '.join(sorted(found)) or 'no row'}" for name, found in outcomes.items())


async def outcomes_of(db: Database) -> dict[str, Counter[str]]:
    return {str(column): await found_by(db, column) for column in await columns_of(db) if in_books(column)}


@pytest.mark.feature("A24")
async def test_a_corrupted_column_is_refused_or_found_or_stands_on_the_page(rich_books: Database) -> None:
    outcomes = await outcomes_of(rich_books)
    print(shown(outcomes))
    missed = {name for name, found in outcomes.items() if found["nothing"]}
    assert missed - OUTSIDE == set(), "nothing finds these, and docs/audit.md does not say so"
    assert OUTSIDE - set(outcomes) == set(), "docs/audit.md names what is not there"
    assert {name for name, found in outcomes.items() if not found} == set(), "these have no row to corrupt"
    share = len(OUTSIDE) / len(outcomes)
    print(f"{len(outcomes)} columns, {len(OUTSIDE)} outside: {share:.3f}")
    assert share <= MOST_OUTSIDE


@pytest.mark.parametrize("how", BY)
async def test_a_row_that_was_deleted_or_doubled_is_refused_or_found_or_stands_on_the_page(
    rich_books: Database, how: str
) -> None:
    tables = {column.table for column in await columns_of(rich_books)} - TABLES_BESIDE
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    for table in sorted(tables):
        for place in await rows_of(rich_books, table, None, most=ROWS_TRIED):
            outcomes[table][await BY[how](rich_books, table, place) or "nothing"] += 1
    print(shown(outcomes))
    missed = {(how, table) for table, found in outcomes.items() if found["nothing"]}
    assert missed - ROWS_OUTSIDE == set(), "nothing finds these, and docs/audit.md does not say so"


async def test_every_table_is_in_the_books_or_beside_them(rich_books: Database) -> None:
    known = await columns_of(rich_books)
    assert TABLES_BESIDE - {column.table for column in known} == set(), "docs/audit.md names what is not there"
    names = {str(column) for column in known}
    assert {name for name in BESIDE if not name.startswith("*.")} - names == set()
    assert not OUTSIDE & BESIDE
