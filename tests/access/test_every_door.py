"""Every door of the shop, every kind of person: who may use it, and what the others are told.

What is expected is read from the doors' own guards, so that a new door is tried as soon as it is wired.
A public door must be listed here: forgetting a guard is then a failure, and so is making a door public by accident.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from purvey.access import ROLE_PERMISSIONS, Permission
from purvey.access.guards import admin, buyer, in_person, optional, signed_in, signed_request
from purvey.app import litestar
from purvey.tenants import Role
from tests.vocabulary.cast import KEY_SCOPE, KINDS, ROLES, everybody, fresh_sessions
from tests.vocabulary.shop import Person, Shop

API = ("/v1/", "/api/")
MISSING = "019a0000-0000-7000-8000-000000000000"
IN, UNKNOWN, FORBIDDEN, HIDDEN = "in", 401, 403, 404

# Doors of the API that anybody may use, each on purpose.
PUBLIC_DOORS = {
    "POST /v1/auth/sign-up",
    "POST /v1/auth/sign-in",
    "POST /v1/auth/password-reset",
    "POST /v1/auth/password-reset/confirm",
    "POST /v1/discounts/validate",
    "POST /api/platform/fee",
    "POST /api/shop/buy",
    "POST /api/products/{product_id:uuid}/buy",
    "POST /siwa/nonce",
    "POST /siwa/verify",
}

# What the public reads, what gateways call, pages and files, and what machines ask of the process.
PUBLIC_PLACES = re.compile(
    r"GET /v1/s/.*|GET /(?:v1|api)/products/[^/]*/reviews$|GET /api/products/public(?:/.*)?$|POST /v1/webhooks/.*"
    r"|GET /(?:healthz|readyz|metrics|favicon.*|robots.txt|llms.txt|schema.*|static/.*|media/.*|s/.*|chapters/.*)?$"
    r"|(?:GET|POST) /(?:sign-up|sign-in|verify-email|confirm-email|reset-password|invitations?)(?:/.*)?$"
    r"|(?:GET|POST|PUT|HEAD) /(?:test-bank|files|uploads|downloads?|hooks)/.*"
)


class Door(msgspec.Struct, frozen=True):
    """A door as the router knows it."""

    method: str
    path: str
    guards: tuple[Any, ...]
    is_public: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_scoped(self) -> bool:
        return "{site_id:uuid}" in self.path or "{tenant_id:uuid}" in self.path

    @property
    def needs(self) -> set[Permission] | None:
        """The permissions that `may(…)` asks for, or None when no such guard stands here."""
        asked = [guard.needs for guard in self.guards if hasattr(guard, "needs")]
        return {permission for needs in asked for permission in needs} if asked else None


def doors_of(shop: Shop) -> Iterator[Door]:
    """Every door that is wired, but for the framework's own OPTIONS."""
    for route in litestar(shop.world).routes:
        for handler in getattr(route, "route_handlers", []):
            if not isinstance(handler, HTTPRouteHandler):
                continue
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                yield Door(method, route.path, tuple(handler.resolve_guards()), bool(handler.opt.get("public")))


def api_doors(shop: Shop) -> list[Door]:
    return [door for door in doors_of(shop) if door.path.startswith(API)]


def expected(door: Door, kind: str) -> str | int:
    """What somebody of this kind is told at this door."""
    if door.is_public or optional in door.guards:
        return IN
    if kind == "anonymous":
        return UNKNOWN
    if admin in door.guards:
        return IN if kind == "admin" else FORBIDDEN
    return expected_of_anybody(door, kind) if door.needs is None else expected_of_members(door, kind)


def expected_of_anybody(door: Door, kind: str) -> str | int:
    if kind == "key" and (in_person in door.guards or buyer in door.guards):
        return FORBIDDEN
    return HIDDEN if door.is_scoped and kind in ("stranger", "buyer", "other-owner") else IN


def expected_of_members(door: Door, kind: str) -> str | int:
    if kind == "admin":
        return IN
    if kind in ("stranger", "buyer", "other-owner"):
        return HIDDEN if door.is_scoped else FORBIDDEN
    held = ROLE_PERMISSIONS[Role.OWNER if kind == "key" else Role(kind)] if door.is_scoped else frozenset()
    if kind == "key":
        held &= {Permission(KEY_SCOPE)}
    return IN if (door.needs or set()) <= held else FORBIDDEN


def is_as(expectation: str | int, status: int) -> bool:
    return status not in (401, 403) and status < 500 if expectation == IN else status == expectation


async def knock(shop: Shop, door: Door, person: Person | None, site: dict[str, Any]) -> httpx.Response:
    """Use the door with an empty body, about this site and about nothing else that exists."""
    headers = {"Authorization": f"Bearer {person.token}"} if person else {}
    body = None if door.method in ("GET", "HEAD") else {}
    return await shop.http.request(door.method, place_of(door, site), json=body, headers=headers)


def place_of(door: Door, site: dict[str, Any]) -> str:
    """A path that the door stands at."""
    known = {"site_id": site["id"], "tenant_id": site["tenantId"], "site_slug": site["slug"]}
    return re.sub(r"\{(\w+):(\w+)\}", lambda at: known.get(at[1], MISSING if at[2] == "uuid" else "x"), door.path)


def test_a_door_of_every_kind_is_tried() -> None:
    assert {"anonymous", "key", *KINDS} >= {"stranger", "buyer", "other-owner", "admin", *ROLES}
    assert set(ROLES) == {role.value for role in Role}


@pytest.mark.feature("C19")
async def test_every_door_has_a_guard_or_is_public_on_purpose(shop: Shop) -> None:
    wrong = []
    for door in doors_of(shop):
        public = door.name in PUBLIC_DOORS or PUBLIC_PLACES.match(door.name) is not None
        if door.is_public and not public:
            wrong.append(f"{door.name} is public but not listed in this file")
        if not door.is_public and not door.guards and not door.path.startswith("/schema"):
            wrong.append(f"{door.name} has neither a guard nor opt=PUBLIC")
    assert not wrong, "\n".join(wrong)


@pytest.mark.feature("C19")
async def test_every_guard_of_the_api_is_one_that_this_walk_understands(shop: Shop) -> None:
    wrong = []
    for door in api_doors(shop):
        known = [
            guard for guard in door.guards if guard in (signed_in, in_person, signed_request, buyer, optional, admin)
        ]
        if not door.is_public and not known and door.needs is None:
            wrong.append(f"{door.name}: {door.guards}")
        if (
            door.needs is not None
            and not door.is_scoped
            and not all(permission.startswith("PlatformAdmin") for permission in door.needs)
        ):
            wrong.append(f"{door.name} asks for {door.needs} but its path names no site and no tenant")
    assert not wrong, "\n".join(wrong)


@pytest.mark.feature("C19", "A27")
async def test_each_kind_of_person_gets_through_the_doors_they_may_and_no_other(shop: Shop) -> None:
    cast, wrong = await everybody(shop), []
    for door in api_doors(shop):
        for kind in ("anonymous", *cast):
            site = cast["OWNER"].site
            assert site is not None
            answer = await knock(shop, door, cast.get(kind), site)
            wanted = expected(door, kind)
            if not is_as(wanted, answer.status_code):
                wrong.append(f"{door.name} as {kind}: {answer.status_code}, not {wanted}: {answer.text[:200]}")
        if door.method != "GET":
            cast = await everybody(shop) if door.path.endswith("/leave") else cast
            await fresh_sessions(shop, cast)
    assert not wrong, "\n".join(wrong)


async def test_a_page_with_a_guard_shows_nothing_to_nobody(shop: Shop) -> None:
    owner = await shop.author("owner")
    assert owner.site is not None
    wrong = []
    for door in doors_of(shop):
        if door.path.startswith(API) or door.is_public or not door.guards:
            continue
        answer = await knock(shop, door, None, owner.site)
        led_away = answer.status_code in (302, 303) and "/sign-in" in answer.headers["location"]
        if not led_away and answer.status_code not in (400, 401, 403, 404):
            wrong.append(f"{door.name}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


async def test_the_walk_notices_a_door_left_open(shop: Shop) -> None:
    """The walk itself is tried: a guard that lets a viewer do an editor's work would be seen."""
    door = Door("PATCH", "/v1/sites/{site_id:uuid}", (admin,), False)
    site = (await shop.author()).site
    assert site is not None
    owner = await shop.person()
    await shop.joins(owner, site["tenantId"], "OWNER")
    answer = await knock(shop, door, owner, site)
    assert not is_as(expected(door, "OWNER"), answer.status_code)
