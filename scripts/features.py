"""Prints one line a row of docs/features.md: its id, what it is, and the tests that claim it."""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> None:
    features = dict(rows())
    claims: dict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for feature, test in claimed_in(file):
            claims[feature].append(test)

    for feature, capability in features.items():
        tests = claims[feature]
        print(f"{feature:4} {capability} — {', '.join(tests) or 'no test claims it'}")
    print(f"\n{sum(bool(claims[feature]) for feature in features)} of {len(features)} features are claimed by tests")
    if unknown := sorted(claims.keys() - features.keys()):
        sys.exit(f"features: claimed by tests and not in docs/features.md: {', '.join(unknown)}")


def rows() -> Iterator[tuple[str, str]]:
    for line in (ROOT / "docs" / "features.md").read_text().splitlines():
        if row := re.match(r"\| ([A-C]\d+) \| (.+?) \|", line):
            yield row[1], row[2]


def claimed_in(file: Path) -> Iterator[tuple[str, str]]:
    module = ast.parse(file.read_text())
    path = file.relative_to(ROOT)
    for marked in module.body:
        match marked:
            case ast.Assign(targets=[ast.Name("pytestmark")]):
                yield from ((feature, str(path)) for feature in marks(marked.value))
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from claimed_by(marked, f"{path}::{marked.name}")


def claimed_by(marked: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> Iterator[tuple[str, str]]:
    for decorator in marked.decorator_list:
        yield from ((feature, name) for feature in marks(decorator))
    if isinstance(marked, ast.ClassDef):
        for test in marked.body:
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from claimed_by(test, f"{name}::{test.name}")


def marks(expression: ast.expr) -> Iterator[str]:
    """The ids of every `pytest.mark.feature("A1", "A2")` in the expression."""
    for node in ast.walk(expression):
        match node:
            case ast.Call(func=ast.Attribute(attr="feature"), args=ids):
                yield from (str(ast.literal_eval(feature)) for feature in ids)


if __name__ == "__main__":
    main()
