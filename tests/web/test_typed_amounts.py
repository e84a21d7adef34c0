"""Amounts that people type, at every place where one is typed: what may mean two things is asked again by its name."""

from typing import Any

import pytest

from tests.vocabulary import Person, Shop
from tests.web.browsing import Browser

DOUBTFUL = ["1,000", "1.000", "12,500"]


async def asked_again(browser: Browser, page: str, action: str, field: str, **typed: Any) -> None:
    for text in DOUBTFUL:
        opened = await browser.open(page)
        assert opened.status_code == 200, opened.text
        r = await browser.send(action, **{**typed, field: text})
        assert r.status_code == 422 and "may mean" in r.text and f"/{field}" not in r.text.split("<h1")[0], (
            page,
            field,
        )
        assert f"({field})" in r.text or f'id="e-{field}"' in r.text or 'role="alert"' in r.text, (page, field)


@pytest.fixture
async def ana(shop: Shop) -> Person:
    return await shop.author("ana")


async def test_in_the_studio(shop: Shop, ana: Person) -> None:
    assert ana.site
    browser, product = Browser(shop, ana), await ana.sells(price=2000)
    here = f"?site={ana.site['slug']}"
    for field in ("price", "comparePrice", "minimumAmount"):
        await asked_again(browser, "/products/create", "/products/create", field, name="A", price="5000")
        await asked_again(browser, f"/products/{product['id']}/edit", "/edit$", field)
    amount = {"code": "A", "discountType": "FIXED_AMOUNT", "value": "5"}
    for field in ("value", "minimumAmount"):
        await asked_again(browser, f"/discounts/create{here}", "/discounts/create", field, **amount)
    series = await ana.begins_series()
    chapters = f"/series/{series['id']}/chapters/create"
    await asked_again(browser, f"{chapters}{here}", chapters, "price", title="One", accessLevel="PAID")
    unchanged = (await ana.get(f"/v1/sites/{ana.site['id']}/products/{product['id']}")).json()
    assert unchanged == product


async def test_where_money_goes_back(shop: Shop, ana: Person) -> None:
    assert ana.site
    ben, admin = await shop.person("ben"), await shop.person("root", admin=True)
    product = await ana.sells(price=200_000)
    order = await ben.buys(product)
    await ben.pays(order)
    order_page = f"/orders/{order['id']}?site={ana.site['slug']}"
    await asked_again(Browser(shop, ana), order_page, "/refund", "amount", reason="Sorry")
    payment = await shop.db.value("select id from payments where subject_id = $1", order["id"])
    await asked_again(Browser(shop, admin), "/admin/payments", f"{payment}/refund", "amount", reason="Sorry")
    ticket = await ben.post(f"/v1/purchases/{order['id']}/refund-request", {"reason": "It broke"})
    path = f"/refund-requests/{ticket.json()['id']}?site={ana.site['slug']}"
    await asked_again(Browser(shop, ana), path, "/approve", "amount")
    assert not await shop.db.value("select count(*) from refunds where payment_id = $1", payment)


async def test_where_one_pays_what_one_wants(shop: Shop, ana: Person) -> None:
    assert ana.site
    ben, product = await shop.person("ben"), await ana.sells(price=500, isPayWhatYouWant=True)
    page = f"/s/{ana.site['slug']}/shop/{product['slug']}"
    await asked_again(Browser(shop, ben), page, "/buy$", "amount")


async def test_what_one_wants_to_pay_is_in_the_currency_of_the_chosen_price(shop: Shop, ana: Person) -> None:
    assert ana.site
    yen = {"sku": f"yen-{ana.name}", "amount": 900, "currencyCode": "JPY"}
    ben, product = await shop.person("ben"), await ana.sells(price=500, isPayWhatYouWant=True, prices=[yen])
    browser = Browser(shop, ben)
    opened = await browser.open(f"/s/{ana.site['slug']}/shop/{product['slug']}")
    assert "What you pay, in EUR or JPY" in opened.text
    await browser.send("/buy$", amount="700", priceId=product["prices"][1]["id"])
    paid = await shop.db.records("select amount, currency from payments where payer_id = $1", ben.id)
    assert [tuple(row) for row in paid] == [(700, "JPY")]


@pytest.mark.feature("A30")
async def test_an_editors_pages_show_what_they_may_set_and_no_more(shop: Shop, ana: Person) -> None:
    assert ana.site
    ed, here = await shop.person("ed"), f"?site={ana.site['slug']}"
    await shop.joins(ed, ana.site["tenantId"], "EDITOR")
    browser, series = Browser(shop, ed), await ana.begins_series()
    pages = {
        "/products/create": ("price", "comparePrice", "minimumAmount", "isPayWhatYouWant", "memberIds", "isActive"),
        f"/series/create{here}": ("openedBy",),
        f"/series/{series['id']}/chapters/create{here}": ("accessLevel", "price", "isPublished"),
    }
    for path, hidden in pages.items():
        opened = await browser.open(path)
        assert opened.status_code == 200
        assert [name for name in hidden if f'name="{name}"' in opened.text or f'value="{name}"' in opened.text] == []
    await browser.open(f"/products/create{here}")
    made = await browser.send("/products/create", name="Draft")
    assert "Created." in made.text and 'name="isActive"' not in made.text
    product_id = made.url.path.split("/")[2]
    door = f"/v1/sites/{ana.site['id']}/products/{product_id}"
    draft = (await ana.get(door)).json()
    assert (draft["price"], draft["isActive"], draft["firstActiveAt"]) == (0, False, None)
    assert "Saved." in (await browser.send("/edit$", name="Better")).text
    assert (await ana.put(door, {"price": 700, "isActive": True})).status_code == 200
    opened = await browser.open(f"/products/{product_id}/edit")
    assert 'name="isActive"' in opened.text and 'name="price"' not in opened.text
    assert "Saved." in (await browser.send("/edit$", name="Best", isActive=None)).text
    after = (await ana.get(door)).json()
    assert (after["name"], after["price"], after["isActive"]) == ("Best", 700, False)
    await browser.open(f"/series/{series['id']}/chapters/create{here}")
    assert "Created." in (await browser.send("/chapters/create", title="One", body="It began.")).text
    assert (await browser.open(f"/discounts{here}")).text.count("/discounts/create") == 0
    assert (await browser.open(f"/discounts/create{here}")).status_code == 403
