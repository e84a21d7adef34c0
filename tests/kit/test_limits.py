"""What strangers send is counted before it is read, and nothing of it is kept."""

import asyncio
import functools
import gc
import time
import tracemalloc
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from purvey.kit import heads, wire
from purvey.kit.ids import new_token
from purvey.web.forms import FORM_BYTES, FORM_FIELDS, fields_of
from tests.vocabulary.shop import Shop
from tests.web.browsing import Browser

JSON, PROBLEM, HTML = "application/json", "application/problem+json", "text/html; charset=utf-8"
PLACES = {"/v1/s/x/shop": PROBLEM, "/api/products/public": JSON, "/": HTML}
TIMES = 400


async def raw(shop: Shop, head: bytes, body: bytes = b"") -> bytes:
    """Bytes as they are, for a client that keeps nothing itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(shop.base_url).port)
    length = b"content-length: %d\r\n" % len(body) if body else b""
    writer.write(head + b"host: shop\r\nconnection: close\r\n" + length + b"\r\n" + body)
    said = await reader.read()
    writer.close()
    return said


async def strange(shop: Shop, size: int = 1_000) -> None:
    """Requests of every kind that nobody sends twice."""
    word = (new_token() * (size // 40 + 1))[:size].encode()
    cookie = b"cookie: a=%s; purvey_visitor=%s\r\naccept: text/html\r\nreferer: http://shop/%s\r\n" % (word, word, word)
    for path in (b"/?q=%s" % word, b"/%s" % word, b"/v1/s/%s/shop?q=a&sort=%s" % (word, word), b"/s/%s/shop" % word):
        await raw(shop, b"GET %s HTTP/1.1\r\n%s" % (path, cookie))
    form = b"csrf=%s&email=a@example.com&password=%s" % (word, word * 5)
    kind = b"content-type: application/x-www-form-urlencoded\r\n"
    assert b" 403 " in (await raw(shop, b"POST /sign-in HTTP/1.1\r\n" + kind + cookie, form))[:20]


def sizes() -> dict[str, int]:
    """What every cache in this process holds, by its name."""
    found: dict[str, int] = {}
    for each in gc.get_objects():
        if isinstance(each, functools._lru_cache_wrapper):
            name = f"{each.__module__}.{each.__qualname__}"
            found[name] = found.get(name, 0) + each.cache_info().currsize
    return found


async def test_no_cache_in_the_process_grows_with_what_strangers_send(shop: Shop) -> None:
    for _ in range(5):
        await strange(shop)
    before = sizes()
    for _ in range(60):
        await strange(shop)
    grown = {name: size - before.get(name, 0) for name, size in sizes().items() if size > before.get(name, 0) + 5}
    assert set(grown) <= {"urllib.parse.urlsplit"}, grown  # Python's own, of 128


async def test_what_strangers_send_leaves_no_memory_behind(shop: Shop) -> None:
    for _ in range(140):  # more than Python's own cache of addresses holds
        await strange(shop, 2_000)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(TIMES):
        await strange(shop, 2_000)
    gc.collect()
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert left < 3_000_000, left  # of 14 MB that were sent


@pytest.mark.parametrize(("path", "kind"), PLACES.items(), ids=PLACES.values())
async def test_a_head_that_is_too_large_is_431_in_the_words_of_its_door(shop: Shop, path: str, kind: str) -> None:
    for headers in (
        {"cookie": "a=" + "x" * heads.COOKIE_BYTES},
        {"cookie": "; ".join(f"a{n}=1" for n in range(heads.COOKIES + 1))},
        {f"x-{n}": "1" for n in range(heads.HEADERS + 1)},
        {"x-long": "x" * heads.HEAD_BYTES},
    ):
        refused = await shop.http.get(path, headers={"accept": kind} | headers)
        assert (refused.status_code, refused.headers["content-type"]) == (431, kind), refused.text
        assert kind == HTML or refused.json()["code"] == "head_too_large"
    query = "&".join(f"q{n}=1" for n in range(heads.QUERY_FIELDS + 1))
    refused = await shop.http.get(f"{path}?{query}", headers={"accept": kind})
    assert (refused.status_code, refused.headers["content-type"]) == (400, kind), refused.text


async def test_a_client_within_the_limits_is_served_as_ever(shop: Shop) -> None:
    cookies = "; ".join(f"a{n}=1" for n in range(heads.COOKIES - 1))
    answer = await shop.http.get(
        "/?" + "&".join(f"q{n}=1" for n in range(heads.QUERY_FIELDS)), headers={"cookie": cookies}
    )
    assert answer.status_code == 200


async def test_a_head_that_goes_on_and_on_is_hung_up_on(shop: Shop) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(shop.base_url).port)
    writer.write(b"GET / HTTP/1.1\r\n")
    said, sent = b"", 0
    reading = asyncio.create_task(reader.read())
    while not reading.done() and sent < 50 * wire.HEAD_BYTES:
        writer.write(b"x-more: " + b"x" * 4_000 + b"\r\n")
        sent += 4_000
        await asyncio.sleep(0)
        try:
            await writer.drain()
        except ConnectionError:
            break
    try:
        said = await reading
    except ConnectionError:
        said = b""
    assert said[:13] in (b"", b"HTTP/1.1 431 ") and sent < 50 * wire.HEAD_BYTES
    writer.close()


async def test_a_form_where_nothing_long_is_typed_is_short(shop: Shop) -> None:
    browser = Browser(shop)
    await browser.open("/sign-in")
    token = browser.form("/sign-in")["fields"]["csrf"][0]

    async def sends(**fields: str) -> httpx.Response:
        return await browser.http.post("/sign-in", data={"csrf": token, "email": "a@example.com", **fields})

    assert (await sends(password="x" * 200)).status_code == 401
    long = await sends(password="x" * FORM_BYTES)
    assert long.status_code == 413 and "too large" in long.text
    many = await browser.http.post(
        "/sign-in",
        content="&".join("a=1" for _ in range(FORM_FIELDS + 1)),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert many.status_code == 400 and f"{FORM_FIELDS} fields" in many.text


async def test_a_whole_description_in_letters_of_four_bytes_fits_its_form(shop: Shop) -> None:
    ana = await shop.author()
    assert ana.site is not None
    browser = Browser(shop, ana)
    await browser.open(f"/products/create?site={ana.site['slug']}")
    sent = await browser.send("/products/create", name="Atlas", price="1", description="😀" * 20_000)
    assert sent.status_code == 200, sent.text
    product = await ana.get(f"/v1/sites/{ana.site['id']}/products?q=Atlas")
    assert len(product.json()["data"]) == 1


async def test_one_slow_parse_stops_nobody(shop: Shop) -> None:
    """The largest forms there are, at once, from somebody signed in; everybody else is answered meanwhile."""
    ana = await shop.author()
    assert ana.site is not None
    body = urlencode({"csrf": "x", "description": "😀" * 80_000})
    browser = Browser(shop, ana)
    path, kind = f"/products/create?site={ana.site['slug']}", {"content-type": "application/x-www-form-urlencoded"}
    slow = [asyncio.create_task(browser.http.post(path, content=body, headers=kind)) for _ in range(8)]
    longest, began = 0.0, time.thread_time()
    while not all(task.done() for task in slow):
        await asyncio.sleep(0.005)
        now = time.thread_time()  # of this loop alone, however busy the machine is
        longest, began = max(longest, now - began), now
    assert {task.result().status_code for task in slow} == {403}
    assert longest < 0.2, longest


def test_a_form_is_read_as_a_browser_sends_it() -> None:
    assert fields_of(b"a=1&a=&b=%C3%9F+x&c&=d") == {"a": ["1", ""], "b": ["ß x"], "c": [""], "": ["d"]}
    assert fields_of("b=ß".encode()) == {"b": ["ß"]}
    assert fields_of(b"b=%ff") == {"b": ["\ufffd"]}
    assert fields_of(b"") == {}


DEEP: dict[str, Any] = {
    "brackets": b"[" * 100_000,
    "objects": b'{"a":' * 100_000,
    "digits": b'{"price":' + b"9" * 900_000 + b"}",
    "fraction": b'{"price":0.' + b"9" * 900_000 + b"}",
    "exponent": b'{"price":1e999999999}',
    "keys": b"{" + b",".join(b'"k%d":1' % n for n in range(80_000)) + b"}",
    "escapes": b'{"name":"' + b"\\u00e9" * 150_000 + b'"}',
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("path", ["/v1/auth/sign-up", "/v1/discounts/validate", "/api/shop/buy", "/siwa/nonce", "/mcp"])
async def test_no_body_of_a_stranger_takes_long_to_refuse(shop: Shop, path: str, body: bytes) -> None:
    headers = {"content-type": JSON, "accept": f"{JSON}, text/event-stream"}
    took = []
    for _ in range(3):
        began = time.process_time()
        answer = await shop.http.post(path, content=body, headers=headers)
        took.append(time.process_time() - began)
        assert 400 <= answer.status_code < 500, answer.text[:200]
    assert min(took) < 0.3, took
