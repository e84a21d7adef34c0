"""Prints one line a row of docs/features.md: its id, what it is, and the tests that claim it."""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


NOT_BUILT = "*(not built)*"


def main() -> None:
    features = dict(rows())
    claims: dict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for feature, test in claimed_in(file):
            claims[feature].append(test)

    for feature, capability in features.items():
        print(f"{feature:4} {capability}{f' — {tests}' if (tests := ', '.join(claims.get(feature, []))) else ''}")
    built = {feature for feature, capability in features.items() if NOT_BUILT not in capability}
    print(f"\n{len(built)} of {len(features)} features are built, each claimed by tests")
    if wrong := list(disagreements(built, claimed=set(claims), known=set(features))):
        sys.exit("\n".join(wrong))


def disagreements(built: set[str], *, claimed: set[str], known: set[str]) -> Iterator[str]:
    """Where docs/features.md and the tests do not tell the same."""
    said = {
        "claimed by tests, and no row": claimed - known,
        "built, and claimed by no test": built - claimed,
        "not built, and claimed by tests": (claimed & known) - built,
    }
    yield from (f"features: {what}: {', '.join(sorted(ids))}" for what, ids in said.items() if ids)


def rows() -> Iterator[tuple[str, str]]:
    for line in (ROOT / "docs" / "features.md").read_text().splitlines():
        if row := re.match(r"\| ([A-D][0-9]+) \| (.+?) \|", line):
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
