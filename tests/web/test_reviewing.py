"""Reviews on pages: stars for everybody, a form for who bought, an answer from the team."""

import pytest

from tests.vocabulary import Shop
from tests.vocabulary.reviewing import reviews
from tests.web.browsing import Browser
from tests.web.test_shop import sells


@pytest.mark.feature("B14")
async def test_a_buyer_says_what_they_think_and_the_author_answers(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    product = await sells(ana, "Field Guide", 0)
    path = f"/s/{ana.site['slug']}/shop/{product['slug']}"
    browser = Browser(shop, ben)
    assert 'id="reviews"' not in (await browser.open(path)).text
    await browser.send("/buy$")
    html = (await browser.open(path)).text
    assert 'name="rating"' in html
    said = await browser.send("/reviews$", rating="4", text="<b>Good</b> maps")
    assert "Your review is published" in said.text
    assert "&lt;b&gt;Good&lt;/b&gt; maps" in said.text and "4 of 5 stars" in said.text
    assert 'name="rating"' not in said.text
    nobody = (await Browser(shop).open(path)).text
    assert "★★★★☆" in nobody and "4.0 (1)" in nobody and "Ben" in nobody

    studio = Browser(shop, ana)
    listed = await studio.open(f"/reviews?site={ana.site['slug']}")
    assert "Good" in listed.text and "Field Guide" in listed.text
    answered = await studio.send("/answer", text="Thank you, Ben.")
    assert "Your answer is published" in answered.text and '<form method="post" action="/reviews/' not in answered.text
    assert "Thank you, Ben." in (await Browser(shop).open(path)).text


@pytest.mark.feature("B14")
async def test_what_is_refused_is_said_where_it_was_written(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    product = await sells(ana, "Field Guide", 0)
    browser = Browser(shop, ben)
    await browser.open(f"/s/{ana.site['slug']}/shop/{product['slug']}")
    await browser.send("/buy$")
    await browser.open(f"/s/{ana.site['slug']}/shop/{product['slug']}")
    wrong = await browser.send("/reviews$", rating="9", text="kept")
    assert wrong.status_code == 422 and "kept</textarea>" in wrong.text
    await reviews(ben, product, 3)
    twice = await browser.send("/reviews$", rating="5", text="again")
    assert twice.status_code == 409 and "reviewed this product already" in twice.text
