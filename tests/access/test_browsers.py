"""What browsers of other origins may read, what HEAD answers, and what no proxy keeps: walked over all doors."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from purvey.access.guards import SESSION_COOKIE, optional
from purvey.kit import cors
from tests.access.test_every_door import Door, doors_of, place_of
from tests.vocabulary.shop import Person, Shop
from tests.web.browsing import Browser

ORIGIN = "https://elsewhere.example"
VARYING = {"x-request-id", "date", "set-cookie", "ratelimit", "transfer-encoding", "content-length", "connection"}
MACHINES = ("/v1/", "/api/", "/siwa/", "/mcp", "/uploads/", "/downloads/", "/media/", "/schema")


def is_open(door: Door) -> bool:
    """What the rule says of a door, read from the door itself: agents' own, and what everybody may read."""
    if door.path.startswith(("/api/", "/siwa/", "/mcp")):
        return True
    reads = door.method in ("GET", "HEAD") and (door.is_public or optional in door.guards)
    return (reads and door.path.startswith(MACHINES) and not door.path.startswith("/v1/webhooks")) or (
        door.path.startswith(("/schema", "/uploads/")) or door.path.endswith("llms.txt")
    )


async def asks(shop: Shop, door: Door, site: dict[str, Any], method: str, **headers: str) -> httpx.Response:
    body = None if method in ("GET", "HEAD", "OPTIONS") else {}
    return await shop.http.request(method, place_of(door, site), json=body, headers=headers)


@pytest.mark.feature("A27")
async def test_public_reads_and_doors_of_agents_answer_any_origin_and_no_other_door_does(shop: Shop) -> None:
    ana, wrong = await shop.author(), []
    assert ana.site is not None
    for door in doors_of(shop):
        told = await asks(shop, door, ana.site, door.method, origin=ORIGIN)
        wanted = "*" if is_open(door) else None
        if told.headers.get("access-control-allow-origin") != wanted:
            wrong.append(f"{door.name}: {told.headers.get('access-control-allow-origin')}")
        if "access-control-allow-credentials" in told.headers:
            wrong.append(f"{door.name} lets cookies in")
        headers = {"origin": ORIGIN, "access-control-request-method": door.method}
        flight = await asks(shop, door, ana.site, "OPTIONS", **headers)
        allowed = flight.headers.get("access-control-allow-methods", "").split(", ")
        if (flight.headers.get("access-control-allow-origin") == "*" and door.method in allowed) != is_open(door):
            wrong.append(f"OPTIONS for {door.name}: {flight.status_code} {dict(flight.headers)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.feature("A27")
async def test_a_browser_may_send_what_agents_send_and_read_what_they_are_answered(shop: Shop) -> None:
    flight = await shop.http.options(
        "/api/shop/buy", headers={"origin": ORIGIN, "access-control-request-method": "POST"}
    )
    assert flight.status_code == 204 and int(flight.headers["access-control-max-age"]) > 0
    taken = flight.headers["access-control-allow-headers"].lower().split(", ")
    assert {
        "authorization", "content-type", "x-siwa-receipt", "x-payment", "payment-signature", "signature",
        "signature-input", "content-digest", "idempotency-key", "mcp-protocol-version", "mcp-session-id",
        "access-control-expose-headers", "if-match", "if-none-match", "range",
    } <= set(taken)  # fmt: skip
    told = await shop.http.get("/api/purchases", headers={"origin": ORIGIN})
    assert told.status_code == 401  # also a refusal can be read
    exposed = told.headers["access-control-expose-headers"].lower().split(", ")
    assert {
        "payment-required", "payment-response", "x-payment-response", "ratelimit", "ratelimit-policy", "retry-after",
        "etag", "location", "content-range", "content-disposition", "www-authenticate", "x-request-id",
    } <= set(exposed)  # fmt: skip
    assert told.headers.get_list("access-control-allow-origin") == ["*"]


@pytest.mark.parametrize("path", ["/api/nothing-here", "/API/products/public", "/v1/s/nobody/shop", "/mcp"])
async def test_a_refusal_of_an_open_place_can_be_read_too(shop: Shop, path: str) -> None:
    told = await shop.http.get(path, headers={"origin": ORIGIN})
    assert told.status_code >= 400 and told.headers["access-control-allow-origin"] == "*"


async def test_a_plain_options_still_names_the_methods(shop: Shop) -> None:
    told = await shop.http.options("/v1/purchases")
    assert told.status_code == 204 and {"GET", "HEAD", "OPTIONS"} <= set(told.headers["allow"].split(", "))


async def walkers(shop: Shop) -> tuple[Person, dict[str, Any]]:
    ana = await shop.author()
    assert ana.site is not None
    await shop.db.do("update users set is_admin = true where id = $1", ana.id)
    await ana.sells("Field Atlas")
    return ana, ana.site


@pytest.mark.feature("A27")
async def test_head_is_answered_wherever_get_is_as_get_would_be_without_a_body(shop: Shop) -> None:
    (ana, site), wrong, good = await walkers(shop), [], 0
    for door in doors_of(shop):
        if door.method != "GET":
            continue
        cookie = {"cookie": f"{SESSION_COOKIE}={ana.token}", "accept": "text/html"}
        who = {"authorization": f"Bearer {ana.token}"} if door.path.startswith(MACHINES) else cookie
        get = await asks(shop, door, site, "GET", **who)
        head = await asks(shop, door, site, "HEAD", **who)
        said, wanted = ({n: v for n, v in each.headers.items() if n not in VARYING} for each in (head, get))
        if (head.status_code, said, head.content) != (get.status_code, wanted, b""):
            wrong.append(f"{door.name}: {head.status_code} {said}, GET: {get.status_code} {wanted}")
        if "content-length" in get.headers and "content-length" not in head.headers:
            wrong.append(f"{door.name}: no Content-Length")
        good += get.status_code == 200
    assert not wrong, "\n".join(wrong)
    assert good > 60


async def test_head_of_a_download_says_its_length_and_counts_nothing(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", price=0)
    await ana.adds_file(atlas, "atlas.pdf", b"%PDF-1.7 " + b"x" * 499_991)
    bought = await ben.buys(atlas)
    browser, counted = Browser(shop, ben), "select count(*) from download_counts where purchase_id = $1"
    page = f"/purchases/{bought['id']}/download"
    for path, ask in {page: browser.http.head, f"/v1{page}": lambda path: ben.ask("HEAD", path)}.items():
        told = await ask(path)
        assert (told.status_code, told.headers["content-length"], told.content) == (200, "500000", b""), path
        assert told.headers["accept-ranges"] == "bytes" and told.headers["etag"]
    assert await shop.db.value(counted, UUID(bought["id"])) == 0


async def test_no_proxy_keeps_what_is_for_who_asks(shop: Shop) -> None:
    (ana, site), wrong = await walkers(shop), []
    for door in doors_of(shop):
        if not door.path.startswith(("/v1/", "/api/", "/siwa/", "/mcp")):
            continue
        for headers in ({}, {"authorization": f"Bearer {ana.token}"}):
            if door.method != "GET" and headers:
                continue
            told = await asks(shop, door, site, door.method, **headers)
            kept = told.headers.get("cache-control", "")
            public = "public" in kept and door.is_public
            if not public and kept not in ("private, no-store", "no-store"):
                wrong.append(f"{door.name}: {kept!r}")
    assert not wrong, "\n".join(wrong)


def test_what_is_taken_and_exposed_is_written_once_each() -> None:
    for words in (cors.TAKEN, cors.EXPOSED):
        names = words.lower().split(", ")
        assert len(names) == len(set(names)) and names == sorted(names)
