"""Addresses that nobody could follow are refused where they come in, and break nothing where they lie already."""

from urllib.parse import urlencode, urlsplit

import pytest

from purvey.catalog.youtube import candidate
from purvey.kit import urls
from purvey.web import display
from tests.vocabulary import Person, Shop
from tests.web.browsing import Browser

UNREADABLE = [
    "https://[",
    "https://]",
    "https://[::1",
    "https://[v1.x]/",
    "https://exa[mple.com/",
    "https://example.com:port/",
    "https://example.com:99999/",
    "https://exa\u2100mple.com/",
    "https://",
    "https:///path",
    "https://a..b/",
    "https://" + "a" * 64 + ".com/",
    "https://exa%mple.com/",
    "https://exa<mple.com/",
    "https://exa\\mple.com/",
]
FINE = [
    "https://example.com",
    "http://localhost:8000/x?y=[z]#w",
    "https://[::1]:8443/",
    "https://bücher.example/ü",
    "https://user@example.com/",
    "https://127.0.0.1/",
    "https://xn--bcher-kva.example/",
]


@pytest.mark.parametrize("url", UNREADABLE)
async def test_what_no_browser_could_open_is_refused_as_it_is_sent(shop: Shop, url: str) -> None:
    ana = await shop.author("ana")
    assert ana.site
    product, agents = await ana.sells(), await ana.post("/api/products", {"name": "Atlas", "price": 1})
    products = f"/v1/sites/{ana.site['id']}/products"
    answers = [
        await ana.post(products, {"name": "Two", "price": 1, "redirectUrl": url}),
        await ana.put(f"{products}/{product['id']}", {"redirectUrl": url}),
        await ana.post("/api/products", {"name": "Three", "price": 1, "redirect_url": url}),
        await ana.patch(f"/api/products/{agents.json()['product']['id']}", {"redirect_url": url}),
        await ana.patch("/v1/me", {"avatarUrl": url}),
        await ana.post(f"{products}/{product['id']}/videos", {"youtubeUrl": url}),
    ]
    assert [answer.status_code in (400, 422) for answer in answers] == [True] * 6, [each.text for each in answers]
    browser = Browser(shop, ana)
    await browser.open(f"/products/{product['id']}/edit")
    assert (await browser.send("/edit$", redirectUrl=url)).status_code in (400, 422)
    await browser.open(f"/products/{product['id']}/edit")
    assert (await browser.send("/videos$", youtubeUrl=url)).status_code in (400, 422)


@pytest.mark.parametrize("url", FINE)
async def test_what_a_browser_opens_is_taken(shop: Shop, url: str) -> None:
    ana = await shop.author("ana")
    assert (await ana.sells(redirectUrl=url))["redirectUrl"] == url
    assert display.web_link(url) == url


@pytest.mark.parametrize("url", [*UNREADABLE, "javascript:alert(1)", "", None])
def test_the_readers_of_addresses_never_raise(url: str | None) -> None:
    assert display.web_link(url) is None
    assert candidate(url or "") is None and not urls.is_web(url or "")


async def test_a_broken_address_that_is_kept_already_is_left_out_of_its_buyers_page(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product = await ana.sells(price=0, redirectUrl="https://example.com/club", useRedirectUrl=True)
    await shop.db.do("update products set redirect_url = 'https://[' where id = $1", product["id"])
    purchase = await ben.buys(product)
    page = await Browser(shop, ben).open(f"/purchases/{purchase['id']}")
    assert page.status_code == 200 and "https://[" not in page.text


@pytest.mark.parametrize("path", ["/", "/sign-in", "/account", "/v1/me", "/api/products/public", "/schema", "/nowhere"])
@pytest.mark.parametrize("header", ["Referer", "Origin", "Host", "X-Forwarded-Host", "Forwarded"])
async def test_a_header_that_is_no_address_breaks_nothing(shop: Shop, path: str, header: str) -> None:
    accepts = {"Accept": "text/html"}
    for url in ["https://[", "[", "https://a:99999/", "https://exa%mple.com/", "a:b:c", "//[", "\u00e9"]:
        sent = url.encode("latin-1")
        for method in ("GET", "POST"):
            answer = await shop.http.request(method, path, headers={**accepts, header: sent})
            assert answer.status_code < 500, (method, url, answer.text)


async def test_who_must_sign_in_first_is_led_there_whatever_the_referer_says(shop: Shop) -> None:
    for sent_from in ("https://[", "https://example.com:99999/x", "//[/x", "https://evil.example//evil.example/x"):
        answer = await shop.http.post("/account", headers={"Referer": sent_from})
        assert answer.status_code == 303
        where = urlsplit(answer.headers["location"])
        assert (where.netloc, where.path) == ("", "/sign-in") and "evil" not in where.query.removeprefix("next=/x")


async def test_ways_back_that_are_no_paths_of_ours_lead_home(shop: Shop) -> None:
    ana: Person = await shop.person("ana")
    for way in ("https://[", "//[", "/\\[", "[", "//evil.example", "/x\ty", "https:/[", "/[ok]"):
        answer = await Browser(shop, ana).open(f"/sign-in?{urlencode({'next': way})}")
        assert answer.status_code < 500, way
