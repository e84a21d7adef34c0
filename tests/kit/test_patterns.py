"""A pattern that ends a string ends it, and a digit is one of ten: at every door, and in all of our own code."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import purvey
from purvey.kit.fields import WITH_A_WORD, WITHOUT_NUL
from tests.vocabulary import Shop

SOURCES = Path(purvey.__file__).parent
MANY_LINES = {WITHOUT_NUL, WITH_A_WORD}  # of a text, which may end in a new line
KEYS, KEY, HOOK = "/v1/tenants/{tenant}/gateways/stripe", "sk_test_0123456789abcdef", "whsec_0123456789"
CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]")
READS = {"compile", "fullmatch", "match", "search", "sub", "split", "finditer", "findall"}


def patterns_in(value: Any) -> Iterator[str]:
    """Every pattern of a JSON schema."""
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from patterns_in(each)


def lets_a_line_end_pass(pattern: str) -> bool:
    """Whether some text passes that ends in a new line, though nothing in the pattern is one."""

    found = False

    @settings(max_examples=60, database=None, deadline=None)
    @given(st.from_regex(re.compile(pattern)))
    def look(text: str) -> None:
        nonlocal found
        found = found or bool(re.search(pattern, text.removesuffix("\n") + "\n"))

    look()
    return found


def test_the_walk_knows_a_careless_pattern() -> None:
    assert lets_a_line_end_pass("^[a-z]+$")
    assert not lets_a_line_end_pass(r"^[a-z]+$(?!\n)")


async def test_every_pattern_of_the_described_doors_ends_the_string(shop: Shop) -> None:
    described = (await shop.http.get("/schema/openapi.json")).json()
    found = sorted({each for each in patterns_in(described) if "$" in each} - MANY_LINES)
    assert len(found) > 8
    assert [each for each in found if lets_a_line_end_pass(each)] == []


def literals() -> Iterator[tuple[str, str, bool]]:
    """Where each pattern in the code stands, the pattern, and whether it is told to be ASCII."""
    for file in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            given = [each.value for each in node.keywords if each.arg == "pattern"]
            if name.startswith("re.") and name.removeprefix("re.") in READS:
                given += node.args[:1]
            is_ascii = "ASCII" in ast.unparse(node)
            for pattern in given:
                parts = [part.value for part in ast.walk(pattern) if isinstance(part, ast.Constant)]
                text = "".join(part.decode() if isinstance(part, bytes) else part for part in parts if part is not None)
                ended = "TO_THE_END" in ast.unparse(pattern)
                yield f"{file.relative_to(SOURCES)}:{node.lineno}", text + ("\\Z" if ended else ""), is_ascii


def test_no_pattern_in_the_code_ends_before_the_end_or_takes_other_digits() -> None:
    found = list(literals())
    assert len(found) > 50
    careless = [
        (where, pattern)
        for where, pattern, is_ascii in found
        if re.search(r"(?<!\\)\$(?!\(\?!\\n\))", CLASS.sub("", pattern))
        or (not is_ascii and re.search(r"\\[dw]", pattern))
    ]
    assert careless == []
    lines = [line for file in SOURCES.rglob("*.py") for line in file.read_text().splitlines()]
    assert [line for line in lines if re.search(r"\\[dw]", line) and "ASCII" not in line] == []


@pytest.mark.parametrize(
    ("door", "body", "pointer"),
    [
        (KEYS, {"secretKey": f"{KEY}\n", "webhookSecret": HOOK}, "/secretKey"),
        (KEYS, {"secretKey": KEY, "webhookSecret": f"{HOOK}\n"}, "/webhookSecret"),
        ("/v1/me", {"avatarUrl": "https://example.com/a.png\n"}, "/avatarUrl"),
        ("/v1/sites/{site}", {"payoutWallet": "0x" + "1" * 40 + "\n"}, "/payoutWallet"),
    ],
)  # fmt: skip
async def test_a_line_end_behind_a_key_or_an_address_is_refused(
    shop: Shop, door: str, body: dict[str, str], pointer: str
) -> None:
    ana = await shop.author()
    assert ana.site is not None
    path = door.format(tenant=ana.site["tenantId"], site=ana.site["id"])
    refused: httpx.Response = await ana.ask("PUT" if "gateways" in door else "PATCH", path, json=body)
    assert refused.status_code in {400, 422}, refused.text
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer], json.dumps(refused.json())
