"""The shop as a visitor sees it (A28)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.vocabulary import Person, Shop
from tests.web.browsing import Browser


async def sells(author: Person, name: str, price: int = 1900, **fields: Any) -> dict[str, Any]:
    assert author.site
    r = await author.post(f"/v1/sites/{author.site['id']}/products", {"name": name, "price": price, **fields})
    assert r.status_code == 201, r.text
    product: dict[str, Any] = r.json()
    return product


@pytest.mark.feature("A28")
async def test_the_shelf_shows_prices_and_badges_and_what_is_not_on_sale_is_not_there(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    await sells(ana, "Gouache Brushes", comparePrice=2900, productType="ART_PACK")
    await sells(ana, "Ferry Print", 4500, isLimited=True, totalQuantity=3, productType="MERCHANDISE")
    await sells(ana, "Next Calendar", 900, availableFrom=(shop.now + timedelta(days=3)).isoformat())
    await sells(ana, "Hidden Draft", isActive=False)
    await sells(ana, "Free Papers", 0)
    browser = Browser(shop)
    html = (await browser.open(f"/s/{ana.site['slug']}/shop")).text
    assert "€19.00" in html and "<del>" in html and "€29.00" in html and "34 %" in html
    assert "Only 3 left" in html and ">Free<" in html and "From <time" in html
    assert "Hidden Draft" not in html
    found = (await browser.send("/shop$", productType="ART_PACK")).text
    assert "Gouache" in found and "Ferry" not in found
    found = (await browser.send("/shop$", q="ferr", productType="")).text
    assert "Ferry Print" in found and "Gouache" not in found
    assert "Nothing found" in (await browser.send("/shop$", q="zzzz")).text


async def test_an_odd_link_still_shows_the_shelf_and_a_strange_shop_is_not_there(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    browser = Browser(shop)
    r = await browser.open(f"/s/{ana.site['slug']}/shop?sort=upwards&productType=NOTHING&page=-3")
    assert r.status_code == 200 and "Nothing on sale yet" in r.text
    assert (await browser.open(f"/s/{ana.site['slug']}/shop?page=999999")).status_code == 200
    for path in ("/s/no-such-shop/shop", f"/s/{ana.site['slug']}/shop/no-such-product"):
        r = await browser.open(path)
        assert r.status_code == 404 and "There is nothing here" in r.text


@pytest.mark.feature("A28")
async def test_a_product_page_tells_a_visitor_everything_but_how_to_get_it_for_nothing(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    product = await sells(
        ana,
        "Gouache Brushes",
        comparePrice=2900,
        description="One.\n\nTwo.",
        thankYouMessage="SECRET thanks",
        redirectUrl="https://example.com/SECRET",
    )
    path = f"/s/{ana.site['slug']}/shop/{product['slug']}"
    html = (await Browser(shop).open(path)).text
    assert "<p>One.</p>" in html and "<p>Two.</p>" in html and "34 %" in html
    assert f"/sign-in?next={path.replace('/', '%2F')}" in html and "SECRET" not in html
    assert 'id="buy"' in (await Browser(shop, await shop.person("ben")).open(path)).text


async def test_what_an_author_types_is_never_markup(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    bad = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    product = await sells(
        ana, bad, description=bad, shortDesc=bad, licenseEnabled=True, licenseText=bad, isPayWhatYouWant=True
    )
    for person in (None, await shop.person("ben")):
        for path in (f"/s/{ana.site['slug']}/shop", f"/s/{ana.site['slug']}/shop/{product['slug']}"):
            html = (await Browser(shop, person).open(path)).text
            html = html.replace('<script type="application/ld+json">', "", 1)
            assert "<script" not in html and "<img src=x" not in html and "&lt;script&gt;" in html
