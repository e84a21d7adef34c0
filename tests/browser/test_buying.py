"""The main job in a real browser without scripts: sign up, buy with a code, pay, download the very bytes."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from purvey.access.guards import SESSION_COOKIE
from tests.vocabulary import Person, Shop
from tests.web.test_shop import sells

NARROWEST = {"width": 320, "height": 640}  # WCAG 2.2 §1.4.10
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@asynccontextmanager
async def visiting(chromium: Browser, shop: Shop, person: Person | None = None, *, size: Any) -> AsyncIterator[Page]:
    """A tab of a browser that runs no script."""
    context = await chromium.new_context(
        base_url=shop.base_url, viewport=size, java_script_enabled=False, accept_downloads=True
    )
    if person:
        await context.add_cookies([{"name": SESSION_COOKIE, "value": person.token, "url": shop.base_url}])
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def shop_with_a_guide(shop: Shop, content: bytes) -> tuple[Person, dict[str, Any]]:
    ana = await shop.author("ana")
    assert ana.site
    product = await sells(ana, "Tidepool Guide", 2000, productType="EBOOK", maxDownloads=3)
    files = f"/v1/sites/{ana.site['id']}/products/{product['id']}/files"
    r = await ana.post(files, files={"file": ("guide.pdf", content, "application/pdf")})
    assert r.status_code == 201
    r = await ana.post(
        f"/v1/sites/{ana.site['id']}/discount-codes", {"code": "TIDE", "discountType": "PERCENTAGE", "value": 25}
    )
    assert r.status_code == 201
    return ana, product


@pytest.mark.feature("A28", "A29")
async def test_a_person_signs_up_buys_with_a_code_pays_and_downloads_without_any_script(
    chromium: Browser, shop: Shop, tmp_path: Path
) -> None:
    content = b"%PDF-1.4\n" + secrets.token_bytes(300_000)
    ana, _ = await shop_with_a_guide(shop, content)
    assert ana.site
    async with visiting(chromium, shop, size=PHONE) as page:
        await page.goto(f"/s/{ana.site['slug']}/shop")
        await page.get_by_role("link", name="Tidepool Guide").click()
        await page.get_by_role("link", name="Make an account").click()
        await page.get_by_label("Your name").fill("Ben")
        await page.get_by_label("E-mail").fill(f"ben-{secrets.token_hex(6)}@example.com")
        await page.get_by_label("Password").fill("correct horse battery")
        await page.get_by_role("button", name="Sign up").click()
        assert await page.get_by_role("heading", level=1).inner_text() == "Tidepool Guide"
        await page.get_by_label("Discount code").fill("tide")
        await page.get_by_role("button", name="Buy now").click()
        assert await page.get_by_text("Code TIDE").is_visible()
        await page.get_by_role("button", name="Pay €15.00").click()
        await page.wait_for_url("**/test-bank/**")
        await page.go_back()
        assert await page.get_by_role("heading", level=1).inner_text() == "Your order", "back from the bank"
        await page.get_by_role("button", name="Pay €15.00").click()
        await page.wait_for_url("**/test-bank/**")
        await page.get_by_role("button", name="Pay", exact=True).click()
        await page.wait_for_url("**/purchases/*")
        assert await page.locator(".head .badge").inner_text() == "Paid"
        assert "€15.00" in await page.get_by_role("complementary", name="Receipt").inner_text()
        async with page.expect_download() as begun:
            await page.get_by_role("link", name="Download guide.pdf").click()
        download = await begun.value
        assert download.suggested_filename == "guide.pdf"
        await download.save_as(tmp_path / "guide.pdf")
        assert (tmp_path / "guide.pdf").read_bytes() == content
        await page.reload()
        assert "2 downloads left" in await page.locator(".files").inner_text()


@pytest.mark.feature("A28")
async def test_the_keyboard_alone_reaches_the_buy_button_and_presses_it(chromium: Browser, shop: Shop) -> None:
    ana, product = await shop_with_a_guide(shop, b"%PDF-1.4 short")
    assert ana.site
    async with visiting(chromium, shop, await shop.person("ben"), size=DESK) as page:
        await page.goto(f"/s/{ana.site['slug']}/shop/{product['slug']}")
        await page.keyboard.press("Tab")
        assert await page.locator(":focus").inner_text() == "Skip to content"
        for _ in range(40):
            await page.keyboard.press("Tab")
            if await page.locator("#buy:focus").count():
                break
        assert await page.locator("#buy:focus-visible").count() == 1
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/test-bank/**")


@pytest.mark.parametrize("size", [NARROWEST, PHONE, DESK], ids=["narrowest", "phone", "desk"])
async def test_no_page_is_wider_than_its_screen(chromium: Browser, shop: Shop, size: Any) -> None:
    ana, product = await shop_with_a_guide(shop, b"%PDF-1.4 short")
    await shop.db.do("update users set is_admin = true where id = $1", ana.id)
    assert ana.site
    site, slug, id = ana.site["id"], ana.site["slug"], product["id"]
    await sells(ana, "W" * 100, 10**12, shortDesc="x" * 200, description="y" * 3000)
    r = await ana.post("/v1/purchases", {"productId": (await sells(ana, "Free" + "i" * 90, 0))["id"]})
    unpaid = await ana.post("/v1/purchases", {"productId": (await sells(ana, "U" * 100))["id"]})
    await ana.post(
        f"/v1/sites/{site}/discount-codes", {"code": "C" * 64, "discountType": "FIXED_AMOUNT", "value": 10**12}
    )
    series = (await ana.post(f"/v1/sites/{site}/series", {"title": "T" * 150})).json()
    await ana.post(f"/v1/sites/{site}/chapters", {"seriesId": series["id"], "title": "C" * 150, "body": "z" * 500})
    paths = [
        "/", "/account", f"/s/{slug}/shop", f"/s/{slug}/shop/{product['slug']}", f"/s/{slug}/series",
        f"/s/{slug}/series/{series['slug']}", f"/s/{slug}/series/{series['slug']}/{'c' * 100}", "/purchases",
        f"/purchases/{r.json()['id']}", "/products", "/products/create", f"/products/{id}/edit",
        f"/products/{id}/stats", "/stats", "/discounts", "/discounts/create", "/orders",
        f"/orders/{r.json()['id']}?site={slug}", "/refund-requests", "/series", f"/series/{series['id']}",
        "/series/create", f"/series/{series['id']}/chapters/create", f"/sites/{site}/settings", f"/sites/{site}/team",
        "/sites/new", "/admin/products", "/admin/payments", "/admin/queues", "/admin/audit", "/nothing-here",
        unpaid.json()["checkoutUrl"],
    ]  # fmt: skip
    async with visiting(chromium, shop, ana, size=size) as page:
        for path in paths:
            answer = await page.goto(path)
            assert answer and (answer.status == 200 or path == "/nothing-here"), path
            assert await widest(page) <= size["width"], path
            assert await page.locator("h1").count() == 1, path


async def widest(page: Page) -> float:
    """How far the page reaches to the right, scripts being off: a full picture of it is as wide as it scrolls."""
    session = await page.context.new_cdp_session(page)
    metrics = await session.send("Page.getLayoutMetrics")
    return float(metrics["cssContentSize"]["width"])


CONTRAST_AT_LEAST = 4.5


async def test_colours_of_words_stand_out_from_what_is_behind_them() -> None:
    """WCAG 2.2 AA for every pair of colours that the style sheet lets meet."""
    style = (Path(__file__).parents[2] / "src/purvey/web/static/purvey.css").read_text()
    named = dict(
        line.strip().removesuffix(";").split(": ") for line in style.splitlines() if line.strip().startswith("--")
    )
    pairs = [
        ("ink", "paper"), ("ink", "card"), ("ink", "sunk"), ("soft", "paper"), ("soft", "card"), ("soft", "sunk"),
        ("accent", "paper"), ("accent", "card"), ("accent-dark", "accent-wash"), ("good", "good-wash"),
        ("wait", "wait-wash"), ("bad", "bad-wash"), ("bad", "card"), ("ink", "wait-wash"), ("ink", "accent-wash"),
        ("soft", "accent-wash"),
    ]  # fmt: skip
    for front, back in pairs:
        assert contrast(named[f"--{front}"], named[f"--{back}"]) >= CONTRAST_AT_LEAST, (front, back)
    for back in ("accent", "accent-dark", "bad", "sale"):
        assert contrast("#ffffff", named[f"--{back}"]) >= CONTRAST_AT_LEAST, back
    assert contrast(named["--strong-line"], named["--card"]) >= 3, "the edge of a field"


async def test_the_test_banks_words_stand_out_by_day_and_by_night() -> None:
    page = (Path(__file__).parents[2] / "src/purvey/payments/testbank/page.html").read_text()
    found = [line.split(":root {")[1].split("}")[0] for line in page.splitlines() if ":root {" in line]
    assert len(found) == 2
    for colours in found:
        named = dict(each.strip().split(": ") for each in colours.split(";") if "--" in each)
        for front, back in (("--ink", "--paper"), ("--ink", "--card"), ("--no", "--card")):
            assert contrast(in_full(named[front]), in_full(named[back])) >= CONTRAST_AT_LEAST, (front, back)
        assert contrast("#ffffff", named["--go"]) >= CONTRAST_AT_LEAST


def in_full(colour: str) -> str:
    """#rgb as #rrggbb."""
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 §1.4.3."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
