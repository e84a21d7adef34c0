"""Whatever a refusal can say is written for people: collected from the source, so that a new one is read as well."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import pytest
from msgspec import Meta, inspect

from purvey.catalog.model import Category
from purvey.kit import errors
from purvey.kit.addresses import Address
from purvey.kit.errors import FieldError, Refusal
from purvey.kit.fields import IN_WORDS, WITH_A_WORD, Slug
from purvey.kit.ids import Id, sent
from purvey.kit.misreads import fault_of
from tests.protocol.described import DESCRIBED
from tests.protocol.said import is_said_to_people

SOURCE = Path(errors.__file__).parents[1]
SNAKE = re.compile(r"[a-z]+(?:_[a-z0-9]+)*")
# What published clients look for, as the standards that they follow write it.
OF_STANDARDS = {"access/siwa", "agents/siwa.py"}
# One code for one meaning, wherever it is met.
SHARED_CODES = {
    "invalid",
    "bad_signature",
    "duplicate_transaction",
    "not_refundable",
    "slug_taken",
    "no_chain",
    "email_not_verified",
}


class Said(NamedTuple):
    where: str
    words: str
    of_a_field: bool


def subclasses(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def refusals() -> dict[str, type[Refusal]]:
    """Every kind of refusal that the shop has, by its name."""
    return {each.__name__: each for each in subclasses(Refusal) if each.__module__.startswith("purvey.")} | {
        "Refusal": Refusal
    }


def text_of(node: ast.expr) -> str | None:
    """A sentence with a sample word where a value is put in: a name, which may begin it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part) or "" if isinstance(part, ast.Constant) else "Seven" for part in parts)
    return None


def said_in(file: Path) -> Iterator[Said]:
    names, where = refusals(), file.relative_to(SOURCE).as_posix()
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="field"), args=[_, words, *_]):
                found = [words] if name in names else []
            case ast.Call(func=ast.Name(id="FieldError"), args=[_, words, *_]):
                found = [words]
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[words, *_]) if name in names:
                found = [words]
            case _:
                continue
        of_a_field = (isinstance(node.func, ast.Attribute) and node.func.attr == "field") or "FieldError" in ast.dump(
            node.func
        )
        yield from (Said(f"{where}:{node.lineno}", text, of_a_field) for each in found if (text := text_of(each)))


ALL = [said for file in sorted(SOURCE.rglob("*.py")) for said in said_in(file)]


def test_the_sentences_are_found() -> None:
    words = {said.words for said in ALL}
    assert len(ALL) > 300
    assert {"There is no such tenant", "must not be blank", "This product is archived; restore it first"} <= words


@pytest.mark.parametrize("said", ALL, ids=[said.where for said in ALL])
def test_what_a_refusal_says_is_a_sentence_for_people(said: Said) -> None:
    assert is_said_to_people(said.words), said
    if not any(said.where.startswith(place) for place in OF_STANDARDS):
        assert not said.words.endswith("."), "one sentence stands without its full stop"
    starts = said.words[:1]
    assert starts.isupper() or starts.isdigit() or (said.of_a_field and starts.islower()), said


def test_each_code_is_one_word_for_one_meaning() -> None:
    kinds: dict[str, set[str]] = defaultdict(set)
    for name, kind in refusals().items():
        if "code" in vars(kind):
            kinds[kind.code].add(name)
    wrong = [code for code in kinds if not SNAKE.fullmatch(code) and not code.isupper()]
    assert wrong == []
    shared = {code for code, names in kinds.items() if len(names) > 1 and not code.isupper()}
    assert shared <= SHARED_CODES, {code: kinds[code] for code in shared - SHARED_CODES}


class Form(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    name: Annotated[str, Meta(min_length=1, max_length=3, pattern=WITH_A_WORD)] = "x"
    slug: Slug = "x"
    wallet: Address | None = None
    category: Category | None = None
    how: Literal["fast", "slow"] = "fast"
    item_count: Annotated[int, Meta(ge=1, le=5)] = 1
    share: Annotated[float, Meta(gt=0)] = 1.0
    is_big: bool = False
    words: dict[Annotated[str, Meta(max_length=2)], list[int]] = {}
    which: Id | None = None
    many: Annotated[list[int], Meta(max_length=1)] = []


@pytest.mark.parametrize(("body", "pointer", "sentence"), [
    ("[]", "", "The body must be an object, and not a list"),
    ("{", "", "The body is JSON that ends too early"),
    ("{]", "", "The body is no JSON: object keys must be strings at byte 1"),
    ('{"nobody": 1}', "/nobody", "nobody is no field of this body; leave it out"),
    ('{"name": 7}', "/name", "name must be text, and not a whole number"),
    ('{"name": ""}', "/name", "name must not be empty"),
    ('{"name": "   "}', "/name", "name must be text with more than spaces in it"),
    ('{"name": "xxxx"}', "/name", "name must be at most 3 characters long"),
    ('{"slug": "Not It!"}', "/slug",
     "slug must be small letters a to z and digits, with single hyphens between them"),
    ('{"wallet": "0x1"}', "/wallet", "wallet must be a wallet: 0x and 40 hexadecimal digits"),
    ('{"category": "art"}', "/category", f"category must be one of {', '.join(Category)}"),
    ('{"category": 7}', "/category", "category must be text or null, and not a whole number"),
    ('{"how": "now"}', "/how", "how must be one of fast, slow"),
    ('{"itemCount": 0}', "/itemCount", "itemCount must be at least 1"),
    ('{"itemCount": 6}', "/itemCount", "itemCount must be at most 5"),
    ('{"itemCount": 1.5}', "/itemCount", "itemCount must be a whole number, and not a number"),
    ('{"share": 0}', "/share", "share must be more than 0"),
    ('{"isBig": "yes"}', "/isBig", "isBig must be true or false, and not text"),
    ('{"words": {"long": []}}', "/words", "words must be at most 2 characters long"),
    ('{"words": {"a": ["b"]}}', "/words/*/0", "words.*[0] must be a whole number, and not text"),
    ('{"which": 7}', "/which", "which must be an id, as text"),
    ('{"many": [1, 2]}', "/many", "many must have at most 1 entries"),
])  # fmt: skip
def test_what_does_not_fit_a_body_is_said_by_what_must_be_there(body: str, pointer: str, sentence: str) -> None:
    with pytest.raises(msgspec.MsgspecError) as caught:
        msgspec.json.decode(body, type=Form, dec_hook=sent)
    fault = fault_of(str(caught.value), Form)
    assert (fault.pointer, fault.sentence) == (pointer, sentence)


def test_a_field_is_named_as_it_is_written_in_code() -> None:
    assert FieldError("/prices/0/sku", "is missing").sentence == "prices[0].sku is missing"
    assert FieldError("query:perPage", "must be at least 1").sentence == "perPage must be at least 1"
    assert FieldError("header:If-Match", "is missing").sentence == "If-Match is missing"
    assert FieldError("/price", "A PAID chapter needs a price").sentence == "A PAID chapter needs a price"


def patterned(schema: Any, at: str = "") -> Iterator[tuple[str, str, str]]:
    """Every pattern in the API's description, with its place and its words."""
    if isinstance(schema, list):
        for item in schema:
            yield from patterned(item, at)
    elif isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str) and schema.get("type") == "string":
            yield at, schema["pattern"], schema.get("description", "")
        for name, each in schema.items():
            yield from patterned(each, f"{at}/{name}")


def test_every_pattern_of_a_field_has_its_words() -> None:
    found = list(patterned(DESCRIBED["components"]["schemas"]))
    assert len(found) > 20
    assert [place for place, pattern, words in found if pattern not in IN_WORDS and not words] == []


def test_patterns_are_found_by_their_types() -> None:
    assert isinstance(inspect.type_info(Slug), inspect.Metadata)
