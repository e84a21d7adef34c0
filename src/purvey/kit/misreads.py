"""What msgspec finds wrong with a body, told to people: what must be there instead, without types and patterns."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import inspect

from purvey.kit.errors import FieldError
from purvey.kit.fields import IN_WORDS

NO_NUL = "may not hold the character NUL"
AT = re.compile(r" - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`\Z")
STEPS = re.compile(r"\[([0-9]+|\.\.\.)\]|\.([^.\[]+)")
NOUNS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
    "datetime": "a time such as 2030-01-31T12:00:00Z",
    "date": "a day such as 2030-01-31",
}
SAID = [
    (r"Object missing required field `(?P<name>[^`]*)`", "is missing", "missing"),
    (r"Object contains unknown field `(?P<name>[^`]*)`", "is no field of this body; leave it out", "unknown_field"),
    (r"Missing required [a-z]+ parameter.*", "is missing", "missing"),
    (r"Expected `(?:str|array|object)` of length >= 1", "must not be empty", "invalid"),
    (r"Expected `str` of length >= (?P<n>[0-9]+)", "must be at least {n} characters long", "invalid"),
    (r"Expected `str` of length <= (?P<n>[0-9]+)", "must be at most {n} characters long", "invalid"),
    (r"Expected `[a-z]+` of length >= (?P<n>[0-9]+)", "must have at least {n} entries", "invalid"),
    (r"Expected `[a-z]+` of length <= (?P<n>[0-9]+)", "must have at most {n} entries", "invalid"),
    (r"Expected `[a-z]+` >= (?P<n>\S+)", "must be at least {n}", "invalid"),
    (r"Expected `[a-z]+` <= (?P<n>\S+)", "must be at most {n}", "invalid"),
    (r"Expected `[a-z]+` > (?P<n>\S+?)(?:\.0)?", "must be more than {n}", "invalid"),
    (r"Expected `[a-z]+` < (?P<n>\S+?)(?:\.0)?", "must be less than {n}", "invalid"),
    (r"Expected `[a-z]+` with a timezone.*", "must have an offset, such as 2030-01-31T12:00:00Z", "invalid"),
    (r"(?:Integer value|Number) out of range", "is further from zero than what is counted here", "invalid"),
    (r"Invalid RFC3339 encoded datetime", "must be a time such as 2030-01-31T12:00:00Z", "invalid"),
    (r"Invalid RFC3339 encoded date", "must be a day such as 2030-01-31", "invalid"),
    (r"Invalid epoch timestamp", "must be a time such as 2030-01-31T12:00:00Z", "invalid"),
    (r"Input data was truncated", "is JSON that ends too early", "malformed"),
    (r"JSON is malformed: (?P<n>.*) \(byte (?P<at>[0-9]+)\)", "is no JSON: {n} at byte {at}", "malformed"),
    (r"'data'", "is missing: send a JSON body", "missing"),  # the framework's whole word on it
]


def fault_of(message: str, kind: Any = Any) -> FieldError:
    """msgspec's `… - at `$.prices[0].sku`` as a JSON pointer and what is wrong there; `kind` is what was read."""
    at = AT.search(message)
    steps = [index or name for index, name in STEPS.findall(at["path"])] if at else []
    bare = AT.sub("", message)
    pointer = "".join(f"/{'*' if step == '...' else step}" for step in steps)
    for pattern, words, code in SAID:
        if found := re.fullmatch(pattern, bare):
            given = found.groupdict()
            name = given.get("name")
            return FieldError(f"{pointer}/{name}" if name else pointer, words.format(**given), code)
    return FieldError(pointer, said_of(bare, types_at(kind, steps, key=bool(at and at["key"]))))


def said_of(message: str, types: list[inspect.Type]) -> str:
    """What must be, by what is described of it; a sentence of our own stays as it is."""
    if pattern := re.fullmatch(r"Expected `str` matching regex (.*)", message):
        return f"must be {described(types, pattern[1])}"
    if message.startswith(("Invalid enum value", "Invalid value")):
        return f"must be one of {', '.join(choices(types))}"
    if expected := re.fullmatch(r"Expected `([^`]*)`(?:, got `([^`]*)`)?", message):
        wanted, got = expected.groups()
        return f"must be {nouns(wanted)}" + (f", and not {nouns(got)}" if got else "")
    return message


def nouns(kinds: str) -> str:
    return " or ".join(NOUNS.get(kind, kind) for kind in kinds.split(" | "))


def described(types: list[inspect.Type], pattern: str) -> str:
    """The words for a pattern: the general ones, or the field's own description."""
    for known, words in IN_WORDS.items():
        if repr(known) == pattern:
            return words
    for kind in types:
        match kind:
            case inspect.Metadata(type=inspect.StrType(pattern=str()), extra_json_schema={"description": words}):
                return f"{words[0].lower()}{words[1:]}"
    return "written otherwise"


def choices(types: list[inspect.Type]) -> Iterator[str]:
    for kind in types:
        match bare(kind):
            case inspect.EnumType(cls=words):
                yield from (str(word.value) for word in words)
            case inspect.LiteralType(values=words):
                yield from (str(word) for word in words)


def types_at(kind: Any, steps: list[str], *, key: bool = False) -> list[inspect.Type]:
    """What may stand at a place of a body of this kind."""
    here = [*options(inspect.type_info(kind))]
    for step in steps:
        here = [way for each in here for inner in inside(bare(each), step) for way in options(inner)]
    if key:
        here = [way for each in here if isinstance(each, inspect.DictType) for way in options(each.key_type)]
    return here


def options(kind: inspect.Type) -> Iterator[inspect.Type]:
    match kind:
        case inspect.UnionType(types=types):
            for each in types:
                yield from options(each)
        case inspect.Metadata(type=inspect.UnionType(types=types)):
            for each in types:
                yield from options(each)
        case _:
            yield kind


def bare(kind: inspect.Type) -> inspect.Type:
    return bare(kind.type) if isinstance(kind, inspect.Metadata) else kind


def inside(kind: inspect.Type, step: str) -> Iterator[inspect.Type]:
    match kind:
        case inspect.StructType(fields=fields):
            yield from (field.type for field in fields if field.encode_name == step)
        case inspect.ListType(item_type=item):
            yield item
        case inspect.DictType(value_type=value):
            yield value
