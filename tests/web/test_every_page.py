"""Every page there is: none without a guard, no form that takes what it did not make, none that needs a script."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from litestar.handlers import HTTPRouteHandler

from purvey.app import litestar
from purvey.kit.ids import new_id
from purvey.web.session import anyone, page_admin, page_signed_in
from tests.vocabulary import Person, Shop
from tests.web.browsing import Browser, Forms
from tests.web.test_shop import sells

NOT_OURS = (
    "/v1", "/api", "/siwa", "/mcp", "/schema", "/healthz", "/readyz", "/metrics", "/media", "/uploads", "/downloads",
    "/test-bank", "/static",
)  # fmt: skip
NOT_HTML = ("/llms.txt",)


def handlers(shop: Shop) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Every page: its method, its path, what answers."""
    for route in litestar(shop.world).routes:
        if route.path.startswith(NOT_OURS) or route.path.endswith(NOT_HTML):
            continue
        for handler in getattr(route, "route_handlers", []):
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                yield method, route.path, handler


def filled(path: str, known: dict[str, Any]) -> str:
    """A path with something in each of its places."""
    return re.sub(
        r"\{(\w+):(\w+)\}", lambda place: str(known.get(place[1], new_id() if place[2] == "uuid" else "x")), path
    )


async def test_every_page_is_guarded_and_says_who_it_is_open_to(shop: Shop) -> None:
    pages = list(handlers(shop))
    assert len(pages) > 60
    for method, path, handler in pages:
        guards = handler.resolve_guards()
        assert guards, f"{method} {path} has no guard"
        open_to_all = bool(handler.opt.get("public"))
        assert open_to_all == (anyone in guards), f"{method} {path}"
        assert any(guard in (anyone, page_signed_in, page_admin) or hasattr(guard, "needs") for guard in guards), path


async def test_no_page_takes_a_form_that_was_not_made_for_its_sender(shop: Shop) -> None:
    ana = await shop.person("ana", admin=True)
    author = await shop.author("cleo")
    assert author.site
    await shop.joins(ana, author.site["tenantId"], "OWNER")
    product = await sells(author, "Guide")
    known = {
        "site_id": author.site["id"], "site_slug": author.site["slug"],
        "product_id": product["id"], "product_slug": product["slug"],
    }  # fmt: skip
    browser = Browser(shop, ana)
    posts = [path for method, path, _ in handlers(shop) if method == "POST"]
    assert len(posts) > 30
    for path in posts:
        for data in ({}, {"csrf": "0" * 64}, {"csrf": ""}):
            r = await browser.http.post(f"{filled(path, known)}?site={author.site['slug']}", data=data)
            assert r.status_code == 403 and "reload" in r.text, (path, r.status_code)


async def test_only_get_and_post_are_pages_and_a_get_changes_nothing(shop: Shop) -> None:
    assert {method for method, _, _ in handlers(shop)} == {"GET", "POST"}


KINDS = ["visitor", "buyer", "author", "admin"]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_page_is_whole_html_without_script_style_or_a_field_without_label(shop: Shop, kind: str) -> None:
    person: Person | None = None
    author = await shop.author("ana")
    if kind == "buyer":
        person = await shop.person("ben")
    if kind == "author":
        person = author
    if kind == "admin":
        person = await shop.person("root", admin=True)
    assert author.site
    product = await sells(author, "Guide", isPayWhatYouWant=True, productType="MERCHANDISE")
    known = {
        "site_id": author.site["id"], "site_slug": author.site["slug"],
        "product_id": product["id"], "product_slug": product["slug"],
    }  # fmt: skip
    browser = Browser(shop, person)
    seen = 0
    for method, path, _ in handlers(shop):
        if method != "GET" or path.endswith("/download"):
            continue
        r = await browser.open(f"{filled(path, known)}?site={author.site['slug']}")
        assert r.status_code < 500, (path, r.text)
        assert r.headers["content-security-policy"] and "no-cache" in r.headers["cache-control"] + "no-cache"
        sound(path, r.text)
        seen += r.status_code == 200
    assert seen > 10


def sound(path: str, html: str) -> None:
    assert html.startswith("<!doctype html>") and html.rstrip().endswith("</html>"), path
    assert '<html lang="en">' in html and html.count("<h1") == 1 and html.count("<main") == 1, path
    assert "<script" not in html.replace('<script type="application/ld+json">', "") and not re.search(
        r"\sstyle=|\son[a-z]+=|javascript:", html
    ), path
    labelled = set(re.findall(r'<label[^>]*\sfor="([^"]+)"', html))
    for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", html):
        if 'type="hidden"' in tag:
            continue
        id = re.search(r'\sid="([^"]+)"', tag)
        assert id and id.group(1) in labelled, (path, tag)
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids)), (path, sorted({id for id in ids if ids.count(id) > 1}))
    for picture in re.findall(r"<img\b[^>]*>", html):
        assert " alt=" in picture, (path, picture)
    for described in re.findall(r'aria-describedby="([^"]+)"', html):
        assert set(described.split()) <= set(ids), (path, described)


def test_filled_gives_every_place_something() -> None:
    id = UUID(int=1)
    assert filled("/a/{x_id:uuid}/{slug:str}", {"x_id": id}) == f"/a/{id}/x"


ODD = ["\x00", "😀" * 3000, "-1", "9" * 40, "{{ 7 * 7 }}", "\ud800"]


def odd_form(html: str, action: str, odd: str) -> dict[str, Any] | None:
    """The fields of the form to an address, all but the token filled with something odd."""
    found = [form for form in Forms(html).forms if form["method"] == "post" and form["action"].split("?")[0] == action]
    if not found:
        return None
    odd = odd.encode("utf-8", "replace").decode()
    return {name: values[0] if name == "csrf" else odd for name, values in found[0]["fields"].items()}


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
async def test_nothing_odd_in_an_address_or_a_form_breaks_a_page(shop: Shop, odd: str) -> None:
    ana = await shop.author("ana")
    await shop.db.do("update users set is_admin = true where id = $1", ana.id)
    assert ana.site
    product = await sells(ana, "Guide", isPayWhatYouWant=True, productType="MERCHANDISE")
    slug = ana.site["slug"]
    known = {"site_id": ana.site["id"], "site_slug": slug, "product_id": product["id"], "product_slug": product["slug"]}
    browser = Browser(shop, ana)
    word = quote(odd.encode("utf-8", "surrogatepass")[:200])
    names = ("q", "page", "state", "status", "from", "token", "next", "done", "action", "sort", "productType", "far")
    query = "&".join(f"{name}={word}" for name in names)
    for method, path, _ in handlers(shop):
        if method == "GET" and "sign" not in path:
            r = await browser.http.get(f"{filled(path, known)}?site={slug}&{query}")
            assert r.status_code < 500, (path, r.text)
            if "{" not in path:
                r = await browser.http.get(f"{path}?site={word}")
                assert r.status_code < 500, (path, r.text)
    opened = {
        filled(path, known): (await browser.open(f"{filled(path, known)}?site={slug}")).text
        for method, path, _ in handlers(shop)
        if method == "GET" and not path.endswith("/download") and "sign" not in path
    }
    sent = 0
    for html in opened.values():
        for form in Forms(html).forms:
            action = form["action"].split("?")[0]
            if action in ("/sign-out",) or form["enctype"] or form["method"] != "post" or "/team/" in action:
                continue
            fields = odd_form(html, action, odd)
            r = await browser.http.post(form["action"], data=fields)
            assert r.status_code < 500, (action, fields, r.text)
            sent += 1
    assert sent > 10


async def test_a_form_that_is_too_large_or_broken_is_told_so(shop: Shop) -> None:
    browser = Browser(shop)
    await browser.open("/sign-in")
    token = browser.form("/sign-in")["fields"]["csrf"][0]
    r = await browser.http.post("/sign-in", data={"csrf": token, "email": "a@example.com", "password": "x" * 1_200_000})
    assert r.status_code == 413 and "too large" in r.text
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    r = await browser.http.post(
        "/sign-in", content=b"csrf=" + token.encode() + b"&email=%ff%fe&password=%", headers=form
    )
    assert r.status_code in (400, 401, 403, 422)
    r = await browser.http.post("/sign-in", content=b"&".join(b"a=1" for _ in range(5000)), headers=form)
    assert r.status_code in (400, 403, 413)
