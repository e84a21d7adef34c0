"""Buying on pages and what comes after: the buy form, the bank, the purchase with its downloads (A28, A29)."""

import re
from typing import Any

import pytest

from tests.vocabulary import Person, Shop
from tests.web.browsing import Browser
from tests.web.test_shop import sells

GUIDE = b"%PDF-1.4 ninety animals"


async def with_file(author: Person, product: dict[str, Any], content: bytes = GUIDE) -> None:
    assert author.site
    r = await author.post(
        f"/v1/sites/{author.site['id']}/products/{product['id']}/files",
        files={"file": ("guide.pdf", content, "application/pdf")},
    )
    assert r.status_code == 201, r.text


async def at_the_bank(browser: Browser) -> None:
    assert browser.page.url.path.startswith("/test-bank/"), browser.page.text


async def pays(browser: Browser, outcome: str = "pay") -> Any:
    return await browser.send("", outcome=outcome)


@pytest.mark.feature("A28", "A29", "A24")
async def test_a_buyer_uses_a_code_pays_at_the_bank_and_downloads(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    product = await sells(
        ana, "Field Guide", 2000, maxDownloads=2, thankYouMessage="Enjoy <it>", licenseEnabled=True,
        licenseText="For you alone.", redirectUrl="https://example.com/club", useRedirectUrl=True,
    )  # fmt: skip
    await with_file(ana, product)
    studio = Browser(shop, ana)
    await studio.open("/discounts/create")
    r = await studio.send("/discounts/create", code="spring", value="25", maxUses="1")
    assert "SPRING" in r.text and "25 %" in r.text
    browser = Browser(shop, ben)
    await browser.open(f"/s/{ana.site['slug']}/shop/{product['slug']}")
    r = await browser.send("/buy$", discountCode="NOPE")
    assert r.status_code == 422 and 'id="e-discountCode"' in r.text and 'value="NOPE"' in r.text
    r = await browser.send("/buy$", discountCode="Spring ")
    assert "Your order" in r.text and "Code SPRING" in r.text and "€5.00" in r.text and "Pay €15.00" in r.text
    await browser.send("/buy$")
    await at_the_bank(browser)
    r = await pays(browser)
    assert r.url.path.startswith("/purchases/") and "Paid" in r.text and "€15.00" in r.text and "€5.00" in r.text
    assert "2 downloads left" in r.text and "Enjoy &lt;it&gt;" in r.text and "For you alone." in r.text
    assert 'href="https://example.com/club"' in r.text and 'http-equiv="refresh"' not in r.text
    link = re.search(r'href="(/purchases/[^"]+/download\?fileId=[^"]+)"', r.text)
    assert link
    got = await browser.http.get(link.group(1))
    assert got.content == GUIDE and "guide.pdf" in got.headers["content-disposition"]
    page = r.url.path
    assert "1 download left" in (await browser.open(page)).text
    assert "Field Guide" in (await browser.open("/purchases")).text
    r = await browser.open(f"/s/{ana.site['slug']}/shop/{product['slug']}")
    assert "You have bought this" in r.text
    for other in (Browser(shop, ana), Browser(shop, await shop.person("eve"))):
        assert (await other.open(page)).status_code == 404
        assert (await other.open(link.group(1))).status_code == 404
    assert (await Browser(shop).open(page)).url.path == "/sign-in"


async def test_a_signed_out_buyer_is_led_through_sign_in_and_back_to_the_product(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    product = await sells(ana, "Guide")
    path = f"/s/{ana.site['slug']}/shop/{product['slug']}"
    browser = Browser(shop)
    await browser.open(path)
    r = await browser.http.post(f"{path}/buy", data={}, headers={"Referer": f"{shop.base_url}{path}"})
    assert r.status_code == 303 and r.headers["location"] == f"/sign-in?next={path}"


async def test_what_is_free_is_theirs_at_once_and_what_one_chooses_to_pay_is_asked(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    free = await sells(ana, "Papers", 0)
    browser = Browser(shop, await shop.person("ben"))
    await browser.open(f"/s/{ana.site['slug']}/shop/{free['slug']}")
    r = await browser.send("/buy$")
    assert r.url.path.startswith("/purchases/") and "It is yours." in r.text
    choose = await sells(ana, "Radio", 800, isPayWhatYouWant=True, minimumAmount=300)
    path = f"/s/{ana.site['slug']}/shop/{choose['slug']}"
    r = await browser.open(path)
    assert "Suggested: €8.00. At least €3.00." in r.text
    for typed in ("2", "nothing", "1.234"):
        r = await browser.send("/buy$", amount=typed)
        assert r.status_code in (400, 409, 422) and 'role="alert"' in r.text and f'value="{typed}"' in r.text
    await browser.send("/buy$", amount="4,50")
    await at_the_bank(browser)
    assert "€4.50" in (await pays(browser)).text


@pytest.mark.feature("A26")
async def test_merchandise_asks_for_an_address_and_the_buyer_sees_how_far_it_is(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    print_ = await sells(ana, "Ferry Print", 4500, productType="MERCHANDISE", isLimited=True, totalQuantity=5)
    browser = Browser(shop, ben)
    await browser.open(f"/s/{ana.site['slug']}/shop/{print_['slug']}")
    where = {
        "shippingAddress/name": "Ben <B>", "shippingAddress/line1": "Dock 1", "shippingAddress/city": "Kiel",
        "shippingAddress/countryCode": "de",
    }  # fmt: skip
    r = await browser.send("/buy$", quantity="2", **{**where, "shippingAddress/countryCode": "Germany"})
    assert r.status_code in (400, 422) and 'id="e-shippingAddress/countryCode"' in r.text and 'value="Kiel"' in r.text
    await browser.send("/buy$", quantity="2", **where)
    await at_the_bank(browser)
    r = await pays(browser)
    assert "Not begun" in r.text and "Ben &lt;B&gt;" in r.text and "€90.00" in r.text


async def test_a_buyer_who_leaves_the_bank_can_pay_again_or_cancel(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    product = await sells(ana, "Guide")
    browser = Browser(shop, await shop.person("ben"))
    await browser.open(f"/s/{ana.site['slug']}/shop/{product['slug']}")
    await browser.send("/buy$")
    r = await pays(browser, "leave")
    assert "You left the payment" in r.text and "/test-bank/" in r.text and 'http-equiv="refresh"' not in r.text
    r = await browser.send("/cancel$")
    assert "The order is cancelled" in r.text and "Cancelled" in r.text and "Try again" in r.text


@pytest.mark.feature("A28")
async def test_who_pays_after_a_declined_card_is_not_told_that_nothing_was_charged(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    product = await sells(ana, "Guide", isLimited=True, totalQuantity=1)
    browser = Browser(shop, await shop.person("ben"))
    await browser.open(f"/s/{ana.site['slug']}/shop/{product['slug']}")
    await browser.send("/buy$")
    bank = str(browser.page.url)
    r = await pays(browser, "decline")
    assert "Payment failed" in r.text and "did not go through" in r.text and f'href="{bank}"' in r.text
    assert "Downloads" not in r.text
    await browser.open(bank)
    r = await browser.send("", outcome="pay", delivery="never")
    assert ">Paid</span>" in r.text and "Nothing was charged" not in r.text


async def test_who_holds_the_last_copy_finds_the_way_from_its_page_to_the_payment(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    product = await sells(ana, "Guide", 2000, isLimited=True, totalQuantity=1)
    page = f"/s/{ana.site['slug']}/shop/{product['slug']}"
    browser = Browser(shop, await shop.person("ben"))
    await browser.open(page)
    await browser.send("/buy$")
    r = await browser.open(page)
    assert "Every copy" not in r.text and "To your order of €20.00" in r.text
    r = await browser.open(re.findall(r'href="(/purchases/[^"]+)"', r.text)[0])
    assert "Waiting for your payment" in r.text and "/test-bank/" in r.text
    r = await Browser(shop, await shop.person("cy")).open(page)
    assert "Every copy is sold, or held for somebody who is paying." in r.text and "To your order" not in r.text


async def test_a_receipt_says_paid_of_what_was_paid_alone(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    guide, print_ = await sells(ana, "Guide"), await sells(ana, "Print")
    browser = Browser(shop, await shop.person("ben"))

    async def receipt() -> str:
        found = re.search(r'<dt class="total">([^<]*)', browser.page.text)
        assert found
        return found[1]

    await browser.open(f"/s/{ana.site['slug']}/shop/{guide['slug']}")
    await browser.send("/buy$")
    await pays(browser, "leave")
    assert await receipt() == "To pay"
    r = await browser.send("/cancel$")
    assert await receipt() == "Not paid" and "Downloads" not in r.text
    await browser.open(f"/s/{ana.site['slug']}/shop/{print_['slug']}")
    await browser.send("/buy$")
    bank = str(browser.page.url)
    await pays(browser)
    page = str(browser.page.url)
    assert await receipt() == "Paid"
    await browser.open(bank)
    await browser.send("/dispute$")
    await shop.settles()
    r = await browser.open(page)
    assert "Disputed" in r.text and await receipt() == "Paid"


async def test_a_link_of_an_author_that_is_no_web_address_is_never_followed(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    product = await sells(ana, "Papers", 0)
    await shop.db.do("update products set redirect_url = $2, use_redirect_url = true where slug = $1",
                     product["slug"], "javascript:alert(1)")  # fmt: skip
    browser = Browser(shop, ben)
    await browser.open(f"/s/{ana.site['slug']}/shop/{product['slug']}")
    r = await browser.send("/buy$")
    assert "It is yours." in r.text and "javascript:" not in r.text
