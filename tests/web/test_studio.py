"""The author's pages (A30): products, their files, settings and team."""

from io import BytesIO

import pytest
from PIL import Image

from tests.vocabulary import Shop
from tests.web.browsing import Browser
from tests.web.test_every_page import sound


@pytest.mark.feature("A30")
async def test_somebody_opens_a_shop_and_puts_up_a_product_with_file_and_cover(shop: Shop) -> None:
    browser = Browser(shop, await shop.person("noor"))
    r = await browser.open("/products")
    assert r.url.path == "/sites/new"
    word = browser.http.cookies["purvey_session"][3:11].lower().replace("_", "a").replace("-", "b")
    r = await browser.send("/sites/new", name="Noor's Papers", slug=f"papers-{word}", currencyCode="EUR")
    assert r.url.path == "/products" and "Put up the first thing you sell" in r.text
    await browser.open(f"/products/create?site=papers-{word}")
    r = await browser.send(
        "/products/create", name="Field Guide", productType="EBOOK", price="12,50", comparePrice="15", maxDownloads="3"
    )
    assert r.status_code == 200 and "Created." in r.text and 'value="12.50"' in r.text and 'value="15.00"' in r.text
    r = await browser.upload("/files\\?", "guide.pdf", b"%PDF-1.4 a guide", "application/pdf")
    assert "guide.pdf" in r.text and "Uploaded." in r.text
    picture = BytesIO()
    Image.new("RGB", (900, 700), "#336655").save(picture, "PNG")
    r = await browser.upload("/cover\\?", "cover.png", picture.getvalue(), "image/png")
    assert r.status_code == 200 and "/media/" in r.text
    r = await browser.upload("/media\\?", "page.png", picture.getvalue(), "image/png")
    assert r.status_code == 200 and 'alt="Picture 1"' in r.text
    sound("edit", r.text)
    r = await browser.upload("/cover\\?", "cover.png", b"not a picture", "image/png")
    assert r.status_code in (400, 415, 422) and 'role="alert"' in r.text
    assert r.text.count("that can be read") == 1, "the page says it once"
    r = await browser.open(f"/s/papers-{word}/shop")
    assert "Field Guide" in r.text and "/media/" in r.text
    r = await browser.open(f"/products?site=papers-{word}")
    assert "Field Guide" in r.text and "On sale" in r.text


@pytest.mark.feature("A30")
async def test_every_field_of_a_product_survives_its_form(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    browser = Browser(shop, ana)
    await browser.open("/products/create")
    typed = {
        "name": "Brush Set", "productType": "ART_PACK", "shortDesc": "Forty brushes", "description": "One.\n\nTwo.",
        "price": "19", "comparePrice": "29", "maxDownloads": "5", "isFeatured": "yes", "isActive": None,
        "maxPerBuyer": "2",
        "availableFrom": "2030-01-02T03:04", "availableUntil": "2030-02-02T03:04", "displayOrder": "-3",
        "isLimited": "yes", "totalQuantity": "7", "restockOnRefund": None, "thankYouMessage": "Thanks",
        "redirectUrl": "https://example.com/club", "useRedirectUrl": "yes", "licenseEnabled": "yes",
        "licenseText": "Do what you like.", "isPayWhatYouWant": "yes", "minimumAmount": "3.5",
    }  # fmt: skip
    r = await browser.send("/products/create", **typed)
    assert "Created." in r.text, r.text
    product_id = r.url.path.split("/")[2]
    before = (await ana.get(f"/v1/sites/{ana.site['id']}/products/{product_id}")).json()
    assert before["price"] == 1900 and before["comparePrice"] == 2900 and before["minimumAmount"] == 350
    assert before["isActive"] is False and before["restockOnRefund"] is False and before["isFeatured"] is True
    assert before["availableFrom"] == "2030-01-02T03:04:00Z" and before["displayOrder"] == -3
    assert before["description"] == "One.\n\nTwo." and before["licenseText"] == "Do what you like."
    r = await browser.send("/edit$")
    assert "Saved." in r.text
    after = (await ana.get(f"/v1/sites/{ana.site['id']}/products/{product_id}")).json()
    assert {**after, "updatedAt": ""} == {**before, "updatedAt": ""}
    await browser.send("/edit$", shortDesc="", isActive="yes", availableUntil="")
    after = (await ana.get(f"/v1/sites/{ana.site['id']}/products/{product_id}")).json()
    assert after["shortDesc"] is None and after["isActive"] is True and after["availableUntil"] is None


@pytest.mark.feature("A4", "A30")
async def test_a_product_that_somebody_changed_meanwhile_is_not_written_over(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    product = (await ana.post(f"/v1/sites/{ana.site['id']}/products", {"name": "Brushes", "price": 900})).json()
    path = f"/products/{product['id']}/edit"
    browser = Browser(shop, ana)
    await browser.open(path)
    await ana.put(f"/v1/sites/{ana.site['id']}/products/{product['id']}", {"name": "Better Brushes"})
    r = await browser.send("/edit$", name="Worse Brushes")
    assert r.status_code == 409 and "changed this product meanwhile" in r.text and 'value="Worse Brushes"' in r.text
    now = (await ana.get(f"/v1/sites/{ana.site['id']}/products/{product['id']}")).json()
    assert now["name"] == "Better Brushes"
    r = await browser.send("/edit$")
    assert "Saved." in r.text
    now = (await ana.get(f"/v1/sites/{ana.site['id']}/products/{product['id']}")).json()
    assert now["name"] == "Worse Brushes"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""), ("name", "x" * 101), ("price", "twelve"), ("price", "1.234"), ("price", "9" * 30),
        ("slug", "Not A Slug"), ("displayOrder", "99999"), ("maxDownloads", "0"), ("maxDownloads", "1e3"),
        ("redirectUrl", "javascript:alert(1)"), ("availableFrom", "yesterday"), ("availableFrom", "0000-00-00T00:00"),
        ("totalQuantity", "-1"), ("productType", "NONSENSE"), ("description", "a\x00b"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_told_at_its_field(shop: Shop, field: str, typed: str) -> None:
    browser = Browser(shop, await shop.author("ana"))
    await browser.open("/products/create")
    fields = {"name": "Kept Name", "price": "5", field: typed}
    r = await browser.send("/products/create", **fields)
    assert r.status_code in (400, 422)
    assert f'id="e-{field}"' in r.text and (field == "name" or 'value="Kept Name"' in r.text)


async def test_an_archived_product_leaves_the_shop_and_can_come_back(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    product = (await ana.post(f"/v1/sites/{ana.site['id']}/products", {"name": "Brushes", "price": 900})).json()
    browser = Browser(shop, ana)
    await browser.open(f"/products/{product['id']}/edit")
    r = await browser.send("/archive$")
    assert "Taken off sale" in r.text and "Put up the first" in r.text
    r = await browser.open(f"/products?site={ana.site['slug']}&state=archived")
    assert "Brushes" in r.text
    r = await browser.send("/restore$")
    assert "Back on sale" in r.text
    assert "Brushes" in (await browser.open(f"/s/{ana.site['slug']}/shop")).text


@pytest.mark.feature("A27")
async def test_pages_open_for_the_roles_that_may_and_strangers_learn_nothing(shop: Shop) -> None:
    ana, stranger = await shop.author("ana"), await shop.author("eve")
    assert ana.site
    product = (await ana.post(f"/v1/sites/{ana.site['id']}/products", {"name": "Brushes", "price": 900})).json()
    edit = f"/products/{product['id']}/edit"
    pages = [edit, f"/products?site={ana.site['slug']}", f"/sites/{ana.site['id']}/team"]
    secret = [f"/sites/{ana.site['id']}/settings"]
    for path in [*pages, *secret]:
        assert (await Browser(shop, stranger).open(path)).status_code == 404
        assert (await Browser(shop).open(path)).url.path == "/sign-in"
    for role, create, settings in (("EDITOR", 200, 403), ("VIEWER", 403, 403), ("MANAGER", 200, 200)):
        member = await shop.person(role.lower())
        await shop.joins(member, ana.site["tenantId"], role)
        browser = Browser(shop, member)
        for path in pages:
            assert (await browser.open(path)).status_code == 200, (role, path)
        assert (await browser.open(f"/products/create?site={ana.site['slug']}")).status_code == create
        assert (await browser.open(secret[0])).status_code == settings


async def test_an_upload_that_is_forged_is_refused_before_it_is_read(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    product = (await ana.post(f"/v1/sites/{ana.site['id']}/products", {"name": "Brushes", "price": 900})).json()
    browser = Browser(shop, ana)
    for token in ("", "?csrf=", "?csrf=0123"):
        for what in ("files", "cover", "media"):
            r = await browser.http.post(f"/products/{product['id']}/{what}{token}", files={"file": ("a.txt", b"a")})
            assert r.status_code == 403
    assert "a.txt" not in (await browser.open(f"/products/{product['id']}/edit")).text


async def test_an_owner_changes_settings_and_the_team(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site
    browser = Browser(shop, ana)
    await browser.open(f"/sites/{ana.site['id']}/settings")
    r = await browser.send("/settings$", name="Ana & Co", refundWindowDays="30", saleNotice="yes")
    assert "Saved." in r.text and "Ana &amp; Co" in r.text and 'value="30"' in r.text
    r = await browser.send("/taxes$", taxRate="19,5", taxInclusive="yes")
    assert "Saved." in r.text and 'value="19.5"' in r.text
    await browser.open(f"/sites/{ana.site['id']}/team")
    r = await browser.send("/invite$", email="friend@example.com", role="EDITOR")
    assert "on its way" in r.text and "friend@example.com" in r.text
    r = await browser.send("/revoke$")
    assert "friend@example.com" not in r.text
    r = await browser.send("/remove$")
    assert r.status_code == 409 and "last owner" in r.text
