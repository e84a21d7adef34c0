"""Whatever is wrong with what a door is sent, the answer says what and where, and nothing was done."""

import json
from typing import Any

import pytest
import requests

from purvey.app import BODY_LIMIT_BYTES
from tests.proof.apart import Apart
from tests.protocol.described import DESCRIBED, DOORS
from tests.protocol.known import Known
from tests.protocol.said import is_said_to_people, sentences
from tests.protocol.wrong import options, resolved, wrong_values

JSON = "application/json"
# What is counted, queued or remembered of requests as such, whatever became of them.
NOT_OF_THE_SHOP = {"pgqueuer", "pgqueuer_log", "pgqueuer_statistics", "pgqueuer_schedules", "throttles"}


def body_of(path: str, method: str) -> dict[str, Any] | None:
    """How a door's JSON body is described, when it takes one."""
    content = DESCRIBED["paths"][path][method].get("requestBody", {}).get("content", {})
    return resolved(content[JSON]["schema"]) if JSON in content else None


WRITING = [(path, method) for path, method in DOORS if body_of(path, method) is not None]
ASKING = [
    (path, method)
    for path, method in DOORS
    if method == "get" and any(one["in"] == "query" for one in DESCRIBED["paths"][path][method].get("parameters", []))
]
WHEN_ASKED = "array['ask_at', 'asked_times']"  # the sweep asks after what is open, whatever is sent to the doors


def doors(found: list[tuple[str, str]]) -> Any:
    return pytest.mark.parametrize(
        ("path", "method"), found, ids=[f"{method.upper()} {path}" for path, method in found]
    )


class Door:
    """One door, with real ids in its path, asked by who may use it."""

    def __init__(self, apart: Apart, path: str, method: str) -> None:
        self.known = Known(apart)
        names = [one["name"] for one in DESCRIBED["paths"][path][method].get("parameters", []) if one["in"] == "path"]
        self.url = apart.base_url + path.format(**{name: self.known.at(name, path) for name in names})
        asks = self.known.who_asks(path)
        self.method, self.headers = method, {"Authorization": f"Bearer {asks.token}"}
        self.session = requests.Session()

    def ask(self, body: bytes | None = None, kind: str | None = JSON, **how: Any) -> requests.Response:
        headers = self.headers | ({} if kind is None or body is None else {"Content-Type": kind})
        return self.session.request(self.method, self.url, data=body, headers=headers, timeout=30, **how)


def refused(answer: requests.Response, *statuses: int) -> dict[str, Any]:
    """The body of a refusal with one of these statuses: a problem, or what agents are told."""
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    for_agents = "/api/" in answer.url or "/siwa/" in answer.url
    assert answer.headers["content-type"] == (JSON if for_agents else "application/problem+json")
    problem: dict[str, Any] = answer.json()
    assert problem["code"] and problem["error" if for_agents else "title"], problem
    assert all(is_said_to_people(words) for words in sentences(problem)), problem
    return problem


def pointers(problem: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in problem.get("errors", [])]


@doors(WRITING)
def test_each_wrong_field_is_refused_by_its_name_and_nothing_is_done(apart: Apart, path: str, method: str) -> None:
    door, form = Door(apart, path, method), body_of(path, method)
    assert form is not None
    before = everything(apart)
    missed = []
    for name, field in form["properties"].items():
        for rest, wrong in wrong_values(field):
            answer = door.ask(json.dumps({name: wrong}).encode())
            pointer = f"/{name}{rest}"
            told = answer.status_code in (400, 422) and any(
                said in {pointer, f"/{name}"} for said in pointers(answer.json())
            )
            if not told or not all(is_said_to_people(words) for words in sentences(answer.json())):
                missed.append((pointer, repr(wrong)[:60], answer.status_code, answer.text[:200]))
    assert missed == []
    problem = refused(door.ask(b'{"nobodyKnowsThis": 1}'), 400)
    assert pointers(problem) == ["/nobodyKnowsThis"]
    for name in form.get("required", []):
        assert pointers(refused(door.ask(b"{}"), 400)), name
    assert everything(apart) == before


@doors(WRITING)
def test_a_body_that_is_no_such_json_is_refused_and_nothing_is_done(apart: Apart, path: str, method: str) -> None:
    door, form = Door(apart, path, method), body_of(path, method)
    assert form is not None
    first = next(iter(form["properties"]))
    before = everything(apart)
    for body in (b"{", b"[]", b"null", b'"text"', b"7", b"{]", b'{"a"', b"\xff\xfe{}", b'{"\xff": 1}', b"NaN"):
        refused(door.ask(body), 400, 422)
    if form.get("required"):
        missing = refused(door.ask(None), 400)
        assert "The body is missing: send a JSON body" in (missing.get("detail"), missing.get("error"))
    for body in (
        b"[" * 100_000,
        b'{"a":' * 100_000,
        f'{{"{first}": '.encode() + b"[" * 100_000,
        f'{{"{first}": '.encode() + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
        f'{{"{first}": "\\ud800"}}'.encode(),
        f'{{"{first}": {"9" * 5_000}}}'.encode(),
        f'{{"{first}": 1e999}}'.encode(),
        b'{"nobodyKnowsThis": 1, "nobodyKnowsThis": 1}',
    ):
        refused(door.ask(body), 400, 422)
    for name, field in form["properties"].items():
        if all("type" not in way for way in options(field)):
            deep = f'{{"{name}": '.encode() + b"[" * 100_000 + b"]" * 100_000 + b"}"
            assert door.ask(deep).status_code < 500, name
    refused(door.ask(b" " * BODY_LIMIT_BYTES + b"{}"), 413)
    refused(door.ask(iter([b" " * 65_536] * 20)), 413)  # type: ignore[arg-type]  # chunked, without a length
    assert everything(apart) == before


@doors(WRITING)
def test_a_body_of_another_kind_is_refused(apart: Apart, path: str, method: str) -> None:
    door = Door(apart, path, method)
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/xml",
        "\xff",
        "",
    ):
        assert 400 <= door.ask(b'{"nobodyKnowsThis": 1}', kind).status_code < 500, kind


@doors(ASKING)
def test_each_wrong_parameter_is_refused_by_its_name(apart: Apart, path: str, method: str) -> None:
    door = Door(apart, path, method)
    missed = []
    for one in DESCRIBED["paths"][path][method]["parameters"]:
        if one["in"] != "query":
            continue
        for wrong in wrong_words(one["schema"]):
            answer = door.session.request(
                door.method, f"{door.url}?{one['name']}={wrong}", headers=door.headers, timeout=30
            )
            if not all(is_said_to_people(words) for words in sentences(answer.json())):
                missed.append((one["name"], wrong[:40], answer.status_code, answer.text[:200]))
            if answer.status_code not in (400, 422) or f"query:{one['name']}" not in pointers(answer.json()):
                missed.append((one["name"], wrong[:40], answer.status_code, answer.text[:200]))
    assert missed == [], missed


def wrong_words(schema: dict[str, Any]) -> list[str]:
    """What a query parameter may not say, percent-encoded."""
    found: list[str] = []
    for way in options(schema):
        match way:
            case {"type": "integer" | "number"}:
                found += ["x", "1.5", "", "99999999999999999999", "1e5", "%EF%BC%91", "-1", "9" * 5_000]
            case {"type": "boolean"}:
                found += ["maybe", "2", "%00"]
            case {"format": "uuid"}:
                pass  # a word that is no id is an unknown one: test_unknown_ids
            case {"enum": _}:
                found += ["nothing", "%00", "%F0%9F%92%A9"]
            case {"type": "string", "maxLength": most}:
                found += ["x" * (most + 1), "a%00b"]
            case {"type": "string"}:
                found += ["a%00b", "x" * 10_000]
    return found


def test_odd_paths_and_headers_are_refused(apart: Apart) -> None:
    known = Known(apart)
    asks = {"Authorization": f"Bearer {known.owner.token}"}
    site, odd = (
        f"{apart.base_url}/v1/sites/{known.value('site_id')}",
        ["%00", "%ff", "..%2f..", "%F0%9F%92%A9", "x" * 5_000],
    )
    for word in odd:
        for url in (
            f"{apart.base_url}/v1/sites/{word}",
            f"{apart.base_url}/v1/s/{word}/shop",
            f"{site}/products/{word}",
        ):
            assert requests.get(url, headers=asks, timeout=30).status_code in (400, 404, 414, 431), url
        for url in (f"{apart.base_url}/{word}", f"{apart.base_url}/media/{word}/{word}"):
            assert requests.get(url, timeout=30).status_code in (400, 404, 414, 431), url
    for name, value in (
        ("Idempotency-Key", ""),
        ("Idempotency-Key", "x" * 256),
        ("Idempotency-Key", "\xff"),
        ("If-Match", "x" * 1_001),
        ("Authorization", "Bearer"),
        ("Authorization", "Bearer \xff"),
        ("Authorization", "Basic eDp4"),
        ("Content-Type", "application/json; charset=utf-99"),
    ):
        answer = requests.patch(site, json={"name": ""}, headers=asks | {name: value}, timeout=30)
        assert 400 <= answer.status_code < 500, (name, value, answer.status_code)


def test_the_described_limits_are_complete() -> None:
    """Every text, number and list of a form has its limits, so that no field takes whatever is sent."""
    without = [
        f"{method} {path} {name}"
        for path, method in WRITING
        for name, field in (body_of(path, method) or {})["properties"].items()
        for way in options(field)
        if (way.get("type") == "string" and not {"maxLength", "format", "enum", "const", "pattern"} & set(way))
        or (way.get("type") == "array" and "maxItems" not in way)
        or (way.get("type") == "integer" and "maximum" not in way)
    ]
    assert without == []


def everything(apart: Apart) -> dict[str, Any]:
    """What is in the shop's tables, once its work is done, so that a difference is something that was written."""
    return apart.tell(written(apart))


async def written(apart: Apart) -> dict[str, Any]:
    shop = apart.shop
    await shop.sweeps()
    tables = await shop.db.records(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname"
    )
    names = [row["relname"] for row in tables if row["relname"] not in NOT_OF_THE_SHOP]
    sums = [
        f"select '{name}' as name, count(*), sum(hashtext((to_jsonb(t) - {WHEN_ASKED})::text)::bigint)::text as sum"
        f' from "{name}" t'
        for name in names
    ]
    return {row["name"]: (row["count"], row["sum"]) for row in await shop.db.records(" union all ".join(sums))}


@doors([(path, method) for path, method in WRITING if not (body_of(path, method) or {}).get("required")])
def test_a_body_whose_every_field_may_be_missing_may_be_missing_itself(apart: Apart, path: str, method: str) -> None:
    assert DESCRIBED["paths"][path][method]["requestBody"]["required"] is False
    answers = [Door(apart, path, method).ask(body) for body in (b"{}", None)]
    assert answers[0].status_code == answers[1].status_code < 300, [answer.text for answer in answers]
