"""Every time that a client sends lies between 1970 and 9000, at every door; an end that is open is null."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from purvey.kit import pages
from purvey.kit.errors import Malformed
from tests.vocabulary import Shop
from tests.vocabulary.shop import Person
from tests.web.browsing import Browser

BEYOND = [
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59.999999-12:00",
    "9000-01-01T00:00:00.000001Z",
    "1969-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
]
BEYOND_DAYS = ["0001-01-01", "1969-12-31", "9000-01-02", "9999-12-31"]
EDGES = ["1970-01-01T00:00:00Z", "9000-01-01T00:00:00Z"]

# Every door that takes a time, with a body that it takes else, and the fields. One that is not here fails.
NEVER_CHANGES = {"createdAt", "deletedAt", "firstActiveAt", "joinedAt", "created_at", "suspended_at"}
DOORS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "post /v1/sites/{site_id}/products": ({"name": "A", "price": 1}, {"availableFrom", "availableUntil"}),
    "put /v1/sites/{site_id}/products/{product_id}": (
        {}, {"availableFrom", "availableUntil", "createdAt", "deletedAt", "firstActiveAt"},
    ),
    "post /v1/sites/{site_id}/discount-codes": (
        {"code": "A", "discountType": "PERCENTAGE", "value": 1}, {"startsAt", "endsAt"},
    ),
    "put /v1/sites/{site_id}/discount-codes/{code_id}": ({}, {"startsAt", "endsAt", "createdAt"}),
    "put /v1/sites/{site_id}/series/{series_id}": ({}, {"createdAt"}),
    "put /v1/sites/{site_id}/chapters/{chapter_id}": ({}, {"createdAt"}),
    "patch /v1/me": ({}, {"createdAt"}),
    "patch /v1/tenants/{tenant_id}": ({}, {"createdAt"}),
    "patch /v1/sites/{site_id}": ({}, {"createdAt"}),
    "patch /v1/tenants/{tenant_id}/members/{user_id}": ({"role": "OWNER"}, {"joinedAt"}),
    "patch /api/me": ({}, {"created_at"}),
    "post /v1/api-keys": ({"name": "A", "scopes": ["ViewProducts"]}, {"expiresAt"}),
    "post /api/products": ({"name": "A", "price": 1}, {"scheduled_at", "sale_ends_at"}),
    "patch /api/products/{product_id}": ({}, {"scheduled_at", "sale_ends_at", "created_at", "suspended_at"}),
}  # fmt: skip


@pytest.fixture
async def ana(shop: Shop) -> Person:
    return await shop.author("ana")


async def described(shop: Shop) -> dict[str, Any]:
    schema: dict[str, Any] = (await shop.http.get("/schema/openapi.json")).json()
    return schema


def is_time(part: Any) -> bool:
    """Whether a schema is of a time, or of a time or something else."""
    if not isinstance(part, dict):
        return False
    if part.get("format") in ("date-time", "date") or str(part.get("description", "")).startswith("ISO 8601"):
        return True
    return any(is_time(each) for each in [*part.get("oneOf", []), *part.get("anyOf", [])])


def times_in(schema: dict[str, Any], part: Any) -> Iterator[str]:
    """The fields of a body that are times."""
    if "$ref" in part:
        yield from times_in(schema, schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[-1]])
    for name, each in part.get("properties", {}).items():
        if is_time(each):
            yield name
    for each in [*part.get("oneOf", []), *part.get("properties", {}).values(), part.get("items", {})]:
        if isinstance(each, dict) and ("$ref" in each or "items" in each or "oneOf" in each):
            yield from times_in(schema, each)


async def test_no_door_that_takes_a_time_escapes_this_walk(shop: Shop) -> None:
    schema = await described(shop)
    found = {}
    for path, doors in schema["paths"].items():
        for method, door in doors.items():
            body = door.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            if fields := set(times_in(schema, body)):
                found[f"{method} {path}"] = fields
    assert found == {door: fields for door, (_, fields) in DOORS.items()}


async def things_of(ana: Person) -> dict[str, str]:
    """One of each thing that a door may be about."""
    assert ana.site
    site = f"/v1/sites/{ana.site['id']}"
    code = await ana.post(f"{site}/discount-codes", {"code": "ONE", "discountType": "PERCENTAGE", "value": 1})
    series = await ana.begins_series()
    return {
        "site_id": ana.site["id"],
        "tenant_id": ana.site["tenantId"],
        "user_id": str(ana.id),
        "product_id": (await ana.post("/api/products", {"name": "B", "price": 1})).json()["product"]["id"],
        "code_id": code.json()["id"],
        "series_id": series["id"],
        "chapter_id": (await ana.writes(series))["id"],
    }


def names(answer: httpx.Response, field: str) -> bool:
    """Whether the answer refuses, naming the field."""
    return answer.status_code in (400, 422) and f"/{field}" in {each["pointer"] for each in answer.json()["errors"]}


@pytest.mark.parametrize("door", DOORS)
async def test_a_time_beyond_the_calendar_is_refused_by_its_name(shop: Shop, ana: Person, door: str) -> None:
    method, path = door.split(" ")
    given, fields = DOORS[door]
    here = path.format(**await things_of(ana))
    for field in fields:
        for time in BEYOND:
            answer = await ana.ask(method.upper(), here, json={**given, field: time})
            assert names(answer, field), (field, time, answer.status_code, answer.text)


@pytest.mark.parametrize("door", DOORS)
async def test_the_first_and_the_last_time_and_none_are_taken(shop: Shop, ana: Person, door: str) -> None:
    method, path = door.split(" ")
    given, fields = DOORS[door]
    for field in fields - NEVER_CHANGES:
        for time in [*EDGES, None]:
            here = path.format(**await things_of(await shop.author("ana")))
            me = ana
            if "{site_id}" in path or "{product_id}" in path:
                me = await shop.author("ana")
                here = path.format(**await things_of(me))
            answer = await me.ask(method.upper(), here, json={**given, field: time})
            past_key = field == "expiresAt" and time == EDGES[0]
            assert answer.status_code in ((422,) if past_key else (200, 201)), (field, time, answer.text)


async def test_days_and_cursors_of_a_query_are_held_to_the_same(shop: Shop, ana: Person) -> None:
    schema = await described(shop)
    dated = {
        (path, each["name"])
        for path, doors in schema["paths"].items()
        for method, door in doors.items()
        for each in door.get("parameters", [])
        if is_time(each.get("schema"))
    }
    assert {name for _, name in dated} == {"from", "to"}
    things = await things_of(ana)
    for path, name in dated:
        for day in [*BEYOND_DAYS, "9000-01-01", "1970-01-01"]:
            answer = await ana.get(path.format(**things), params={name: day})
            assert answer.status_code in ((400, 422) if day in BEYOND_DAYS else (200, 400, 422)), (
                path,
                day,
                answer.text,
            )
    browser = Browser(shop, ana)
    for day in BEYOND_DAYS:
        page = await browser.open(f"/products/{things['product_id']}/stats?from={day}&to={day}")
        assert page.status_code in (200, 400, 422)


async def test_a_code_without_an_end_in_reach_is_never_made_by_a_form(shop: Shop, ana: Person) -> None:
    browser = Browser(shop, ana)
    for time in ("9999-12-31T23:59", "0001-01-01T00:00", "not a time"):
        await browser.open("/discounts/create")
        r = await browser.send("/discounts/create", code="A", discountType="PERCENTAGE", value="5", endsAt=time)
        assert r.status_code in (400, 422) and 'id="e-endsAt"' in r.text


@pytest.mark.feature("B3")
@pytest.mark.parametrize(
    ("sent", "means"),
    [
        ("2030-01-31", datetime(2030, 1, 31, tzinfo=UTC)),
        ("2030-01-31T12:30:00", datetime(2030, 1, 31, 12, 30, tzinfo=UTC)),
        ("2030-01-31T12:30", datetime(2030, 1, 31, 12, 30, tzinfo=UTC)),
        ("2030-01-31T12:30:00+02:00", datetime(2030, 1, 31, 10, 30, tzinfo=UTC)),
        ("2030-01-31T12:30:00.250Z", datetime(2030, 1, 31, 12, 30, 0, 250_000, tzinfo=UTC)),
    ],
)
async def test_agents_may_send_a_date_alone_or_a_time_without_a_zone_which_are_in_utc(
    ana: Person, sent: str, means: datetime
) -> None:
    made = await ana.post("/api/products", {"name": "A", "price": 1, "scheduled_at": sent})
    assert datetime.fromisoformat(made.json()["product"]["scheduled_at"]) == means
    path = f"/api/products/{made.json()['product']['id']}"
    changed = await ana.patch(path, {"scheduled_at": None, "sale_ends_at": sent})
    assert datetime.fromisoformat(changed.json()["product"]["sale_ends_at"]) == means


@pytest.mark.parametrize(
    "sent", ["tomorrow", "", "31.01.2030", "2030-13-01", "2030-02-30", "1893456000", "2030-01-31T25:00"]
)
async def test_what_is_no_time_is_asked_again(ana: Person, sent: str) -> None:
    for field in ("scheduled_at", "sale_ends_at"):
        assert names(await ana.post("/api/products", {"name": "A", "price": 1, field: sent}), field)


@pytest.mark.parametrize("time", [*BEYOND, "2030-01-01T00:00:00"])
def test_a_cursor_that_somebody_wrote_is_held_to_the_same(time: str) -> None:
    order = pages.Order[Any]("newest", ("at", "id"), (datetime, UUID), lambda row: row)
    written = pages.write_cursor(pages.Cursor("newest", 2, [time, str(UUID(int=1))]))
    with pytest.raises(Malformed):
        pages.read_cursor(written, order)
