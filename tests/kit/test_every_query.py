"""Every query is one that PostgreSQL understands against the migrated schema: a misspelt column cannot hide.

Found are the constants of every module that read as a statement, and whatever else a module gives to the database
where it asks it. What is composed while the program runs is named here with each of its forms.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from types import ModuleType
from typing import Any

import asyncpg
import pytest

import purvey
from purvey.catalog import market, shop
from purvey.kit import retention
from purvey.purchases import Law

STATEMENT = re.compile(r"\s*(select|insert|update|delete|with)\s", re.IGNORECASE)
ASKS = {"rows": 1, "maybe": 1, "one": 1, "records": 0, "record": 0, "value": 0, "do": 0, "fetchval": 0}
ASKED = {"db", "tx", "pool"}
TEMPLATE = re.compile(r"\{\w+\}")
PARTS = {"purvey.catalog.shop:ON_SHELF"}  # bound by the queries around them
SHAPES = [shop.Shape(sort, 21, *bits) for sort in shop.Sort for bits in product([False, True], repeat=5)]

COMPOSED: Mapping[Callable[..., str], Sequence[tuple[Any, ...]]] = {
    shop.shelf: [(shape,) for shape in SHAPES],
    shop.counted_shelf: [(shape,) for shape in SHAPES if shape.sort is shop.Sort.FEATURED],
    market.listed: [filters for n in range(4) for filters in combinations(market.ASKED_FOR.values(), n)],
    retention.forgetting: [(rule,) for rule in retention.RULES],
}


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(purvey.__path__, "purvey."):
        yield importlib.import_module(found.name)


def constants(module: ModuleType) -> Iterator[tuple[str, str]]:
    """What the module itself names and reads as a statement, also inside a mapping."""
    for name, value in vars(module).items():
        if not name.isupper():
            continue
        for inner, text in named(value):
            if isinstance(text, str) and STATEMENT.match(text) and not TEMPLATE.search(text):
                yield f"{name}[{inner}]" if inner else name, text


def named(value: Any) -> Iterable[tuple[str, Any]]:
    """What a constant holds: one thing, things by name, or laws of the books."""
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, tuple):
        return [(each.name, each.sql) for each in value if isinstance(each, Law)]
    return [("", value)]


def asked(module: ModuleType) -> Iterator[tuple[ast.expr, set[str]]]:
    """Each expression that the module gives to the database, and the names that are assigned beside it."""
    for function in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef):
            continue
        nodes = list(ast.walk(function))
        targets = [target for each in nodes if isinstance(each, ast.Assign) for target in each.targets]
        assigned = {target.id for target in targets if isinstance(target, ast.Name)}
        for node in nodes:
            match node:
                case ast.Call(func=ast.Attribute(value=on, attr=verb)) if verb in ASKS:
                    if ast.unparse(on).rsplit(".", 1)[-1] in ASKED:
                        yield node.args[ASKS[verb]], assigned


def written_in_place(module: ModuleType) -> Iterator[tuple[str, str]]:
    """What is asked in words of its own, with constants in it or without."""
    for expression, _ in asked(module):
        if isinstance(expression, ast.Constant | ast.JoinedStr):
            words = ast.unparse(expression)
            yield words, eval(words, vars(module).copy())


def found() -> dict[str, str]:
    """Every statement by where it stands."""
    statements = {
        f"{module.__name__}:{name}": text
        for module in modules()
        for name, text in [*constants(module), *written_in_place(module)]
    }
    for compose, forms in COMPOSED.items():
        name = f"{compose.__module__}:{compose.__name__}"
        statements |= {f"{name}[{at}]": compose(*form) for at, form in enumerate(forms)}
    return {name: text for name, text in statements.items() if name not in PARTS}


STATEMENTS = found()


@pytest.fixture(scope="module")
async def connection(running: tuple[Any, ...]) -> AsyncIterator[asyncpg.Connection]:
    async with running[0].db.pool.acquire() as connection:
        yield connection


@pytest.mark.parametrize("name", STATEMENTS)
async def test_the_database_understands(connection: asyncpg.Connection, name: str) -> None:
    await connection.prepare(STATEMENTS[name])


async def test_a_misspelt_column_does_not_hide(connection: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.UndefinedColumnError):
        await connection.prepare(STATEMENTS["purvey.access.store:BY_SESSION"].replace("u.email,", "u.emial,"))


def is_found(expression: ast.expr, assigned: set[str]) -> bool:
    """Whether it is a constant, is written in place, was handed over by a caller, or is composed by a known name."""
    match expression:
        case ast.Constant() | ast.JoinedStr():
            return True
        case ast.IfExp(body=one, orelse=other):
            return is_found(one, assigned) and is_found(other, assigned)
        case ast.Subscript(value=ast.Name(id=name)) | ast.Attribute(attr=name):
            return name.isupper()
        case ast.Name(id=name):
            return name.isupper() or name not in assigned
        case ast.Call(func=ast.Name(id=name)):
            return name in {compose.__name__ for compose in COMPOSED}
    return False


def test_no_query_is_composed_unseen() -> None:
    unseen = [
        f"{module.__name__}: {ast.unparse(expression)}"
        for module in modules()
        for expression, assigned in asked(module)
        if not is_found(expression, assigned)
    ]
    assert unseen == []
