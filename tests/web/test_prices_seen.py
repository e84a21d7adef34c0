"""The price that is seen is paid: with tax on top, every place shows the total, before the bank does."""

from typing import Any

import pytest

from tests.vocabulary.shop import Person, Shop
from tests.web.browsing import Browser
from tests.web.test_machines import page_of, schema_org

Json = dict[str, Any]
ON_TOP, INSIDE = False, True
SUMMARY = "Your order"


async def taxed(shop: Shop, ana: Person, percent: int = 20, *, inclusive: bool = ON_TOP) -> None:
    assert ana.site
    await shop.db.do(
        "update tenants set tax_rate_bps = $2, tax_inclusive = $3 where id = $1::text::uuid",
        ana.site["tenantId"], percent * 100, inclusive,
    )  # fmt: skip


async def code_of(ana: Person, **fields: Any) -> None:
    assert ana.site
    body = {"code": "SAVE", "discountType": "PERCENTAGE", "value": 25} | fields
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", body)).status_code == 201


@pytest.mark.feature("A9", "A10", "B17")
@pytest.mark.parametrize(("inclusive", "paid", "before"), [(ON_TOP, 2280, 2880), (INSIDE, 1900, 2400)])
async def test_every_place_shows_what_is_paid(shop: Shop, inclusive: bool, paid: int, before: int) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    await taxed(shop, ana, inclusive=inclusive)
    atlas = await ana.sells("Atlas", price=1900, comparePrice=2400)
    at, browser, words = page_of(ana, atlas), Browser(shop, ben), f"€{paid / 100:.2f}"
    for path in (page_of(ana), at):
        shown = (await browser.open(path)).text
        assert words in shown and f"€{before / 100:.2f}" in shown and "20 % tax included" in shown
        assert inclusive or ("€19.00" not in shown and "€24.00" not in shown)
    listed = (await shop.http.get(f"/v1{page_of(ana)}")).json()["data"][0]
    detail = (await shop.http.get(f"/v1{at}")).json()
    for said in (listed, detail):
        told = [said[name] for name in ("price", "priceWithTax", "taxRateBps", "taxInclusive")]
        assert told == [1900, paid, 2000, inclusive]
    assert [(each["amount"], each["amountWithTax"]) for each in detail["prices"]] == [(1900, paid)]
    (offer,) = (await schema_org(shop, at))["offers"]
    assert offer["price"] == offer["priceSpecification"]["price"] == f"{paid / 100:.2f}"
    assert offer["priceSpecification"]["valueAddedTaxIncluded"] is True
    assert ana.site
    assert f": {words}" in (await shop.http.get(f"/s/{ana.site['slug']}/llms.txt")).text
    began = await ben.buys(atlas)
    assert (began["finalAmount"], began["currencyCode"]) == (paid, "EUR")
    assert (await ben.pays(began))["finalAmount"] == paid


@pytest.mark.feature("A28")
async def test_with_tax_on_top_the_order_is_shown_before_the_bank(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    await taxed(shop, ana)
    browser = Browser(shop, ben)
    await browser.open(page_of(ana, await ana.sells("Atlas", price=1900)))
    shown = (await browser.send("/buy$")).text
    assert SUMMARY in shown and all(words in shown for words in ("€19.00", "Tax 20 %", "€3.80", "Pay €22.80"))
    assert await shop.db.value("select count(*) from purchases where buyer_id = $1", ben.id) == 0, "nothing is held yet"
    bank = await browser.send("/buy$")
    assert bank.url.path.startswith("/test-bank/") and "22.80" in bank.text
    assert "€22.80" in (await browser.send("", outcome="pay")).text


@pytest.mark.feature("A28", "A24")
async def test_goods_quantity_code_tax_and_total_stand_on_it(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    await taxed(shop, ana)
    await code_of(ana)
    browser = Browser(shop, ben)
    mug = await ana.sells("Mug", price=1000, productType="MERCHANDISE")
    await browser.open(page_of(ana, mug))
    typed = {"shippingAddress/name": "Ben", "shippingAddress/line1": "1 Hill Road", "shippingAddress/city": "Leeds"}
    shown = await browser.send(
        "/buy$", quantity="3", discountCode="save", **typed, **{"shippingAddress/countryCode": "gb"}
    )
    for words in ("Mug \u00d7 3", "€30.00", "Code SAVE", "€7.50", "Tax 20 %", "€4.50", "Pay €27.00"):
        assert words in shown.text, words
    await browser.send("/buy$")
    paid = (await browser.send("", outcome="pay")).text
    assert "€27.00" in paid and "1 Hill Road" in paid


@pytest.mark.feature("A28")
@pytest.mark.parametrize("inclusive", [INSIDE, None])
async def test_a_price_that_is_paid_as_it_was_seen_goes_to_the_bank_at_once(shop: Shop, inclusive: bool | None) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    if inclusive is not None:
        await taxed(shop, ana, inclusive=inclusive)
    browser = Browser(shop, ben)
    await browser.open(page_of(ana, await ana.sells("Atlas", price=1900)))
    assert (await browser.send("/buy$")).url.path.startswith("/test-bank/")


@pytest.mark.feature("A28")
async def test_a_price_that_rose_meanwhile_is_shown_once_more_and_nothing_is_held(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    await taxed(shop, ana)
    atlas = await ana.sells("Atlas", price=1900)
    browser = Browser(shop, ben)
    await browser.open(page_of(ana, atlas))
    await browser.send("/buy$")
    assert ana.site
    await ana.put(f"/v1/sites/{ana.site['id']}/products/{atlas['id']}", {"price": 2900})
    again = await browser.send("/buy$")
    assert again.status_code == 409 and "It comes to 34.80 EUR now" in again.text and "Pay €34.80" in again.text
    assert await shop.db.value("select count(*) from purchases where buyer_id = $1", ben.id) == 0
    assert "34.80" in (await browser.send("/buy$")).text


@pytest.mark.feature("A28")
@pytest.mark.parametrize("code", ["SAVE", ""])
async def test_who_goes_back_and_buys_again_comes_to_the_checkout_that_holds_their_last_copy(
    shop: Shop, code: str
) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    await taxed(shop, ana)
    await code_of(ana, maxUses=1, maxUsesPerBuyer=1)
    browser = Browser(shop, ben)
    form = await browser.open(page_of(ana, await ana.sells("Print", price=1000, stock=1)))
    banks = set()
    for _ in range(2):
        browser.page = form
        assert SUMMARY in (await browser.send("/buy$", discountCode=code)).text
        banks.add((await browser.send("/buy$")).url)
    assert len(banks) == 1 and banks.pop().path.startswith("/test-bank/")


@pytest.mark.feature("A28", "B9")
async def test_what_one_pays_as_one_wants_is_all_that_one_pays(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    await taxed(shop, ana)
    await code_of(ana)
    jar = await ana.sells("Jar", price=1000, isPayWhatYouWant=True, minimumAmount=500)
    said = (await shop.http.get(f"/v1{page_of(ana, jar)}")).json()
    assert (said["price"], said["priceWithTax"], said["taxInclusive"]) == (1000, 1000, True)
    browser = Browser(shop, ben)
    shown = (await browser.open(page_of(ana, jar))).text
    assert "€5.00" in shown and "Suggested: €10.00" in shown
    bank = await browser.send("/buy$", amount="8")
    assert bank.url.path.startswith("/test-bank/") and "8.00" in bank.text
    await browser.open(page_of(ana, jar))
    shown = (await browser.send("/buy$", amount="9", discountCode="SAVE")).text
    assert SUMMARY in shown and "Pay €9.00" in shown
    assert "lowers the least that can be paid to 3.75 EUR" in shown and "is not used up" in shown


@pytest.mark.feature("A28")
async def test_what_cannot_be_bought_is_refused_on_the_page_it_was_asked_on(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    await taxed(shop, ana)
    browser = Browser(shop, ben)
    await browser.open(page_of(ana, await ana.sells("Atlas", price=1900)))
    refused = await browser.send("/buy$", discountCode="NOPE")
    assert refused.status_code == 422 and SUMMARY not in refused.text and 'id="e-discountCode"' in refused.text


@pytest.mark.feature("A32")
async def test_a_chapter_shows_what_is_paid_for_it(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    await taxed(shop, ana)
    series = await ana.begins_series()
    chapter = await ana.writes(series, "Rain", price=250)
    assert ana.site
    home = f"/s/{ana.site['slug']}/series/{series['slug']}"
    assert ana.site
    told = (await shop.http.get(f"/v1{home}")).json()["chapters"][0]
    assert (told["price"], told["priceWithTax"], told["taxRateBps"], told["taxInclusive"]) == (250, 300, 2000, False)
    asked = (await shop.http.get(f"/v1/chapters/{chapter['id']}/access-check")).json()
    assert (asked["price"], asked["priceWithTax"]) == (250, 300)
    browser = Browser(shop, ben)
    assert "€3.00" in (await browser.open(home)).text
    assert "Read on for €3.00" in (await browser.open(f"{home}/{chapter['slug']}")).text
    shown = (await browser.send("/buy$")).text
    assert SUMMARY in shown and "Pay €3.00" in shown
    assert (await browser.send("/buy$")).url.path.startswith("/test-bank/")


@pytest.mark.feature("B1", "B2", "B18")
async def test_agents_read_what_is_paid_beside_the_price(shop: Shop) -> None:
    ana = await shop.author("ana", currency="USDC")
    await taxed(shop, ana)
    atlas = await ana.sells("Atlas", price=9_990_000)
    for path in (f"/api/products/public/{atlas['id']}", f"/api/products/public?username={ana.name}"):
        said = (await shop.http.get(path)).json()["data"]
        said = said[0] if isinstance(said, list) else said
        assert (said["price"], said["price_with_tax"], said["tax_percentage"]) == (9.99, 11.99, 20)
