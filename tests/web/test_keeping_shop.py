"""The author's orders and sales, reading pages, and the platform's own pages (A20, A30, A32, A33)."""

import re

import pytest

from tests.vocabulary import Person, Shop
from tests.web.browsing import Browser
from tests.web.test_buying_pages import at_the_bank, pays, with_file
from tests.web.test_shop import sells


async def buys(shop: Shop, author: Person, slug: str, buyer: Person, **typed: str) -> Browser:
    """The buyer's browser on the page of their paid purchase."""
    assert author.site
    browser = Browser(shop, buyer)
    await browser.open(f"/s/{author.site['slug']}/shop/{slug}")
    await browser.send("/buy$", **typed)
    await at_the_bank(browser)
    await pays(browser)
    return browser


@pytest.mark.feature("A33", "A30")
async def test_an_author_sees_the_order_lets_the_buyer_download_anew_and_gives_money_back(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product = await sells(ana, "Guide", 2000, maxDownloads=1)
    await with_file(ana, product)
    buyer = await buys(shop, ana, product["slug"], ben)
    purchase = buyer.page.url.path
    link = re.search(r'href="(/purchases/[^"]+/download\?fileId=[^"]+)"', buyer.page.text)
    assert link and (await buyer.http.get(link.group(1))).status_code == 200
    assert "All downloads used" in (await buyer.open(purchase)).text
    assert (await buyer.http.get(link.group(1))).status_code == 403
    studio = Browser(shop, ana)
    r = await studio.open("/orders")
    assert "Guide" in r.text and "Paid" in r.text and "€20.00" in r.text
    order = re.search(r'href="(/orders/[^"?]+\?site=[^"]+)"', r.text)
    assert order
    r = await studio.open(order.group(1))
    assert ben.email in r.text and "guide.pdf" in r.text
    assert "can download again" in (await studio.send("/downloads/reset")).text
    assert "1 download left" in (await buyer.open(purchase)).text
    r = await studio.send("/refund", amount="25", reason="Too much")
    assert r.status_code in (409, 422) and 'role="alert"' in r.text
    sent_twice = studio.form("/refund")
    r = await studio.send("/refund", amount="5", reason="Sorry for the wait")
    assert "refund is on its way" in r.text
    again = {name: values[0] for name, values in sent_twice["fields"].items()} | {"amount": "5", "reason": "Again"}
    r = await studio.http.post(sent_twice["action"], data=again)
    assert r.status_code == 429 and "sent already" in r.text
    await shop.settles()
    r = await buyer.open(purchase)
    assert "Partly refunded" in r.text and "€5.00" in r.text and "1 download left" in r.text
    await studio.open(order.group(1))
    await studio.send("/refund", amount="", reason="All of it")
    await shop.settles()
    r = await buyer.open(purchase)
    assert "Refunded" in r.text and link.group(1) not in r.text
    assert (await buyer.http.get(link.group(1))).status_code == 403


@pytest.mark.feature("A26", "A33")
async def test_an_author_moves_what_is_sent_and_the_buyer_sees_it(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product = await sells(ana, "Portrait", 18000, productType="COMMISSION_SLOT")
    buyer = await buys(shop, ana, product["slug"], ben, brief="My <cat>, asleep")
    studio = Browser(shop, ana)
    r = await studio.open("/orders")
    r = await studio.open(re.findall(r'href="(/orders/[^"?]+\?site=[^"]+)"', r.text)[0])
    assert "My &lt;cat&gt;, asleep" in r.text
    r = await studio.send("/fulfilment", state="IN_PROGRESS", note="Sketching")
    assert "sees the new state" in r.text
    r = await buyer.open(buyer.page.url.path)
    assert "In progress" in r.text and "Sketching" in r.text


@pytest.mark.feature("A30", "A31", "A7", "A8")
async def test_the_sales_of_a_product_and_a_site_are_shown_as_tiles_chart_and_table(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    product = await sells(ana, "Guide <1>", 2000)
    await buys(shop, ana, product["slug"], await shop.person("ben"))
    await buys(shop, ana, product["slug"], await shop.person("eve"))
    studio = Browser(shop, ana)
    r = await studio.open(f"/products/{product['id']}/stats")
    assert r.status_code == 200 and "€40.00" in r.text and 'role="img"' in r.text and 'class="up"' in r.text
    assert "Guide &lt;1&gt;" in r.text and "<1>" not in r.text
    r = await studio.open(f"/stats?site={ana.site['slug']}")
    assert "€40.00" in r.text and "Guide &lt;1&gt;" in r.text
    r = await studio.open(f"/stats?site={ana.site['slug']}&from=2030-01-02&to=2030-01-01")
    assert r.status_code == 422 and "from must not be after to" in r.text
    assert (await studio.open("/stats?from=yesterday")).status_code == 422
    assert (await Browser(shop, await shop.author("eve")).open(f"/products/{product['id']}/stats")).status_code == 404


@pytest.mark.feature("A32", "A16", "A17")
async def test_a_reader_reads_what_is_free_buys_a_chapter_and_reads_it_too(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    opener = await sells(ana, "Season Pass", 900)
    studio = Browser(shop, ana)
    await studio.open("/series/create")
    r = await studio.send("/series/create", title="The Ferry", description="A story.", openedBy=opener["id"])
    assert "Created." in r.text
    series_path = str(r.url.path)
    for title, level, price in (("One", "FREE", ""), ("Two", "PAID", "1.50"), ("Three", "SUBSCRIBERS", "")):
        await studio.open(f"{series_path}/chapters/create?site={ana.site['slug']}")
        r = await studio.send(
            "/chapters/create", title=title, accessLevel=level, price=price, body=f"Text of {title}.\n\n<i>More</i>"
        )
        assert "Created." in r.text, r.text
    home = f"/s/{ana.site['slug']}/series/the-ferry"
    visitor = Browser(shop)
    assert "The Ferry" in (await visitor.open(f"/s/{ana.site['slug']}/series")).text
    r = await visitor.open(home)
    assert "Free" in r.text and "€1.50" in r.text and "Season Pass" in r.text
    r = await visitor.open(f"{home}/one")
    assert "<p>Text of One.</p>" in r.text and "&lt;i&gt;More" in r.text
    r = await visitor.open(f"{home}/two")
    assert "Text of Two" not in r.text and "Sign in to buy" in r.text
    r = await visitor.open(f"{home}/three")
    assert "Text of Three" not in r.text and "Season Pass" in r.text
    reader = Browser(shop, ben)
    await reader.open(f"{home}/two")
    await reader.send("/two/buy")
    await at_the_bank(reader)
    r = await pays(reader)
    assert "Read the chapter" in r.text
    assert "Text of Two." in (await reader.open(f"{home}/two")).text
    chapter = re.search(r'href="(/chapters/[^"]+)"', r.text)
    assert chapter and "Text of Two." in (await reader.open(chapter.group(1))).text
    assert (await visitor.open(chapter.group(1))).status_code == 404
    await buys(shop, ana, opener["slug"], ben)
    assert "Text of Three." in (await reader.open(f"{home}/three")).text
    await studio.open(f"{series_path}?site={ana.site['slug']}")
    r = await studio.send("/series/[^/]+\\?", title="The Late Ferry")
    assert "Saved." in r.text and "The Late Ferry" in r.text


@pytest.mark.feature("A20")
async def test_an_admin_suspends_with_a_reason_that_the_author_reads(shop: Shop) -> None:
    ana, root = await shop.author("ana"), await shop.person("root", admin=True)
    assert ana.site
    product = await sells(ana, f"Odd {ana.name}", 900)
    admin = Browser(shop, root)
    for path in ("/admin/products", "/admin/payments", "/admin/queues", "/admin/audit"):
        assert (await admin.open(path)).status_code == 200, path
        assert (await Browser(shop, ana).open(path)).status_code == 403
        assert (await Browser(shop).open(path)).url.path == "/sign-in"
    await admin.open(f"/admin/products?q={ana.name}")
    r = await admin.send(f"/admin/products/{product['id']}/status", reason="Not <b>yours</b>")
    assert "off sale" in r.text
    author = Browser(shop, ana)
    r = await author.open(f"/products/{product['id']}/edit")
    assert "Not &lt;b&gt;yours&lt;/b&gt;" in r.text
    r = await author.send("/edit$", isActive="yes")
    assert r.status_code == 409
    assert (await author.open(f"/s/{ana.site['slug']}/shop/{product['slug']}")).status_code == 404
    r = await admin.open(f"/admin/audit?subject={product['id']}")
    assert "product.suspended" in r.text
    await admin.open(f"/admin/products?q={ana.name}")
    await admin.send(f"/admin/products/{product['id']}/status")
    assert (await author.open(f"/s/{ana.site['slug']}/shop/{product['slug']}")).status_code == 200


@pytest.mark.feature("A22")
async def test_an_admin_refunds_a_payment_from_its_page(shop: Shop) -> None:
    ana, ben, root = await shop.author("ana"), await shop.person("ben"), await shop.person("root", admin=True)
    product = await sells(ana, "Guide", 2000)
    buyer = await buys(shop, ana, product["slug"], ben)
    payment_id = await shop.db.value("select id from payments where payer_id = $1", ben.id)
    admin = Browser(shop, root)
    await admin.open("/admin/payments")
    r = await admin.send(f"/admin/payments/{payment_id}/refund", reason="Chargeback threat")
    assert "refund is on its way" in r.text
    await shop.settles()
    assert "Refunded" in (await buyer.open(buyer.page.url.path)).text


@pytest.mark.feature("A21")
async def test_a_payment_on_hold_is_kept_from_the_page_of_its_order_or_the_admins(shop: Shop) -> None:
    ana, root = await shop.author("ana"), await shop.person("root", admin=True)
    product = await sells(ana, "Guide", 2000)
    for kept_by in (ana, root):
        ben = await shop.person("ben")
        purchase = await ben.buys(product)
        await ben.pays(purchase)
        await ana.refunds(purchase)
        await shop.settles()
        await shop.bank_finds(purchase, "failed")
        browser = Browser(shop, kept_by)
        if kept_by is ana:
            assert ana.site is not None
            r = await browser.open(f"/orders/{purchase['id']}?site={ana.site['slug']}")
            assert "on hold" in r.text and "came back from the buyer" in r.text
            r = await browser.send("/release", reason="They wrote that they keep it")
        else:
            await browser.open("/admin/payments?status=ON_HOLD")
            r = await browser.send(f"{purchase['paymentId']}/release", reason="So they say")
        assert "The money is kept" in r.text
        assert await ben.owns(product)
    await shop.books_agree(ana)


@pytest.mark.feature("A15", "A29", "A33")
async def test_a_buyer_asks_for_a_refund_talks_and_the_author_sends_the_money(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product = await sells(ana, "Guide", 2000)
    await with_file(ana, product)
    buyer = await buys(shop, ana, product["slug"], ben)
    page = buyer.page.url.path
    r = await buyer.send("/refund-request$", reason="  ")
    assert r.status_code in (400, 422) and 'id="e-reason"' in r.text
    r = await buyer.send("/refund-request$", reason="It is <b>blue</b>")
    assert "is with the seller" in r.text and "It is &lt;b&gt;blue&lt;/b&gt;" in r.text
    assert "/refund-request" not in r.text
    r = await buyer.send("/messages$", body="Please?")
    assert "Please?" in r.text
    support_member = await shop.person("sue")
    assert ana.site
    await shop.joins(support_member, ana.site["tenantId"], "SUPPORT")
    team = Browser(shop, support_member)
    r = await team.open("/refund-requests")
    ticket = re.search(r'href="(/refund-requests/[^"?]+\?site=[^"]+)"', r.text)
    assert ticket
    r = await team.open(ticket.group(1))
    assert "Please?" in r.text and "Send the money at once" not in r.text
    r = await team.send("/messages", body="Of course.")
    r = await team.send("/approve")
    assert "Approved." in r.text and "set aside" in r.text
    assert "Of course." in (await buyer.open(page)).text
    owner = Browser(shop, ana)
    await owner.open(ticket.group(1))
    r = await owner.send("/execute")
    assert "refund is on its way" in r.text
    await shop.settles()
    r = await buyer.open(page)
    assert "went back to you" in r.text and "Refunded" in r.text and "/download?" not in r.text


@pytest.mark.feature("A15")
async def test_a_refund_request_is_declined_or_taken_back(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product = await sells(ana, "Guide", 2000)
    buyer = await buys(shop, ana, product["slug"], ben)
    page = buyer.page.url.path
    await buyer.send("/refund-request$", reason="Wrong")
    r = await buyer.send("/withdraw$")
    assert "taken back" in r.text and "Ask for your money back" in r.text
    await buyer.send("/refund-request$", reason="Really wrong")
    owner = Browser(shop, ana)
    r = await owner.open("/refund-requests?state=OPEN")
    await owner.open(re.findall(r'href="(/refund-requests/[^"?]+\?site=[^"]+)"', r.text)[0])
    r = await owner.send("/decline")
    assert "Declined" in r.text
    assert "Declined" in (await buyer.open(page)).text
    shop.days_pass(40)
    ben_again = await shop.person("ben")
    assert (await Browser(shop, ben_again).open(page)).status_code == 404
