"""Who can pay a price here: page, JSON, JSON-LD, llms.txt, tools and doors say the same; no button leads nowhere."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from eth_account import Account

from purvey.kit.ids import new_id
from purvey.kit.secret import Secret
from purvey.payments import gateway_keys
from purvey.settings import Settings
from tests.agents.test_mcp import tools_of, use
from tests.conftest import fresh_database, served
from tests.vocabulary.shop import Clock, Person, Shop
from tests.web.browsing import Browser
from tests.web.test_machines import page_of, schema_org

pytestmark = pytest.mark.feature("A28", "B17")
NETWORK = "eip155:84532"
SECRET_KEY = "k" * 20 + "test-secret-key"
Json = dict[str, Any]
NOBODY = "Nobody can pay this here yet"


@pytest.fixture(scope="module")
async def open_shop(postgres: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    """No test bank; USDC by x402, on a chain that nobody asks while nothing is paid."""
    clock, dsn = Clock(), await fresh_database(postgres, f"ways_{worker_id}")
    settings = Settings(
        home=tmp_path_factory.mktemp("home"), secret_key=Secret(SECRET_KEY), sign_up_limit=0, siwa_plain_wallets=True,
        rpc_urls={NETWORK: Secret("http://127.0.0.1:9")}, x402_networks=(NETWORK,),
        x402_facilitator_key=Secret("0x" + "11" * 32), x402_platform_wallet="0x" + "22" * 20,
    )  # fmt: skip
    async with served(settings, dsn=dsn, clock=clock) as (world, base_url):
        yield world, base_url, clock


@pytest.fixture
async def shop_of_usdc(open_shop: Any) -> AsyncIterator[Shop]:
    world, base_url, clock = open_shop
    clock.offset *= 0
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as http:
        yield Shop(world, base_url=base_url, clock=clock, http=http)


async def with_keys(shop: Shop, ana: Person) -> None:
    """Ana's Stripe keys, as if Stripe had been asked about them."""
    id, key = new_id(), Secret(SECRET_KEY)
    sealed = [
        gateway_keys.seal(Secret(each), secret_key=key, label=f"{id} {label}")
        for each, label in (("sk_test_0123456789abcdef", "secret"), ("whsec_x", "webhook"))
    ]
    await shop.db.do(
        "insert into gateway_keys (id, tenant_id, provider, secret, webhook_secret, ending, account, created_at)"
        " values ($1, $2, 'stripe', $3, $4, 'cdef', 'a', now())",
        id, UUID((ana.site or {})["tenantId"]), *sealed,
    )  # fmt: skip


async def with_wallet(shop: Shop, ana: Person) -> None:
    assert ana.site is not None
    wallet = Account.create().address
    assert (await ana.patch(f"/v1/sites/{ana.site['id']}", {"payoutWallet": wallet})).status_code == 200


IN_USDC = [{"sku": "{}-usdc", "amount": 9_990_000, "currencyCode": "USDC"}]
CASES: dict[str, tuple[str, bool, bool, Json, list[str]]] = {  # currency, keys, wallet, product, ways
    "euros without keys": ("EUR", False, True, {"price": 1200}, []),
    "euros with keys": ("EUR", True, False, {"price": 1200}, ["checkout"]),
    "usdc without a wallet": ("USDC", True, False, {"price": 9_990_000}, []),
    "usdc with a wallet": ("USDC", False, True, {"price": 9_990_000}, ["x402"]),
    "euros and usdc, without keys": ("EUR", False, True, {"price": 1200, "prices": IN_USDC}, ["x402"]),
    "euros and usdc, with both": ("EUR", True, True, {"price": 1200, "prices": IN_USDC}, ["checkout", "x402"]),
    "for nothing": ("EUR", False, False, {"price": 0}, ["free"]),
    "what one wants": (
        "USDC", False, True, {"price": 5_000_000, "isPayWhatYouWant": True, "minimumAmount": 0}, ["free", "x402"],
    ),
    "what one wants, without a wallet": (
        "USDC", False, False, {"price": 5_000_000, "isPayWhatYouWant": True, "minimumAmount": 0}, ["free"],
    ),
    "by invoice": ("EUR", True, True, {"price": 1200, "paymentIntegration": "invoice"}, ["invoice"]),
    "a parcel for usdc": ("USDC", False, True, {"price": 9_990_000, "productType": "MERCHANDISE"}, []),
}  # fmt: skip


async def is_said_everywhere(shop: Shop, ana: Person, product: Json, ways: list[str]) -> None:
    """Every place that shows the product, and every door that sells it."""
    path, ben = page_of(ana, product), await shop.person("ben")
    detail = (await shop.http.get(f"/v1{path}")).json()
    assert detail["waysToPay"] == ways
    assert sorted({way for price in detail["prices"] for way in price["waysToPay"]}) == sorted(ways)
    [shelved] = (await shop.http.get(f"/v1{page_of(ana)}")).json()["data"]
    assert shelved["waysToPay"] == ways
    assert (await shop.http.get(path, headers={"Accept": "application/json"})).json()["waysToPay"] == ways

    offers = (await schema_org(shop, path)).get("offers", [])
    assert len(offers) == sum(bool(price["waysToPay"]) for price in detail["prices"])

    llms = (await shop.http.get(f"/s/{(ana.site or {})['slug']}/llms.txt")).text
    [told] = [line for line in llms.splitlines() if product["name"] in line]
    assert ("nobody can pay it here yet" in told) is (not ways)
    assert ("x402" in told) is ("x402" in ways) and ("at its page" in told) is ("checkout" in ways)

    browser, visitor = Browser(shop, ben), Browser(shop)
    page, outside = (await browser.open(path)).text, (await visitor.open(path)).text
    has_button = {"checkout", "free"} & set(ways)
    assert ('id="buy"' in page) is ("Sign in to buy" in outside) is bool(has_button)
    assert (NOBODY in page) is (NOBODY in outside) is (not ways)
    by_wallet = f"POST {shop.base_url}/api/products/{product['id']}/buy"
    assert (by_wallet in page) is (by_wallet in outside) is (ways == ["x402"])
    assert ("sold by invoice" in page) is (ways == ["invoice"])

    asked = await ben.asks_to_buy(product, **({"amount": 5_000_000} if product["isPayWhatYouWant"] else {}))
    if not {"checkout", "invoice"} & set(ways) and product["price"] and product["productType"] != "MERCHANDISE":
        assert (asked.status_code, asked.json()["code"]) == (409, "no_gateway")
        assert "PUT /v1" not in asked.text and "owner has to" not in asked.text
    await agents_are_told(shop, product, ways)


@pytest.mark.parametrize(("currency", "way"), [("EUR", with_keys), ("USDC", with_wallet)])
async def test_an_author_is_told_that_nobody_can_pay_here_yet(shop_of_usdc: Shop, currency: str, way: Any) -> None:
    ana = await shop_of_usdc.author("ana", currency=currency)
    studio = Browser(shop_of_usdc, ana)
    assert f"Nobody can pay in {currency} here yet." in (await studio.open("/products")).text
    await way(shop_of_usdc, ana)
    assert "Nobody can pay" not in (await studio.open("/products")).text


async def agents_are_told(shop: Shop, product: Json, ways: list[str]) -> None:
    seen = await shop.http.get(f"/api/products/public/{product['id']}")
    for_usdc = any(price["currencyCode"] == "USDC" for price in product["prices"])
    unpaid = await shop.http.post(f"/api/products/{product['id']}/buy")
    assert (unpaid.status_code == 402) is ("x402" in ways), unpaid.text
    if not for_usdc:
        assert seen.status_code == 404
        return
    in_usdc = [way for way in ways if way != "checkout"]
    assert seen.json()["data"]["ways_to_pay"] == in_usdc
    async with tools_of(shop) as session:
        assert (await use(session, "get_product", product_id=product["id"]))["data"]["ways_to_pay"] == in_usdc


@pytest.mark.parametrize("case", CASES)
async def test_who_can_pay_is_said_alike_everywhere(shop_of_usdc: Shop, case: str) -> None:
    currency, keys, wallet, fields, ways = CASES[case]
    shop = shop_of_usdc
    ana = await shop.author("ana", currency=currency)
    if keys:
        await with_keys(shop, ana)
    if wallet:
        await with_wallet(shop, ana)
    prices = [{**price, "sku": price["sku"].format(ana.name)} for price in fields.get("prices", [])]
    product = await ana.sells("Atlas", **(fields | ({"prices": prices} if prices else {})))
    await is_said_everywhere(shop, ana, product, ways)


async def test_the_test_bank_takes_every_currency(shop: Shop) -> None:
    for currency, price in (("EUR", 1200), ("USDC", 9_990_000)):
        ana = await shop.author("ana", currency=currency)
        product = await ana.sells("Atlas", price=price)
        assert (await shop.http.get(f"/v1{page_of(ana, product)}")).json()["waysToPay"] == ["checkout"]
        assert "Sign in to buy" in (await shop.http.get(page_of(ana, product))).text
    assert (await shop.http.get(f"/api/products/public/{product['id']}")).json()["data"]["ways_to_pay"] == ["checkout"]


async def test_of_two_prices_the_form_offers_the_one_that_can_be_paid_at_a_checkout(shop_of_usdc: Shop) -> None:
    shop = shop_of_usdc
    ana, ben = await shop.author("ana", currency="USDC"), await shop.person("ben")
    await with_keys(shop, ana)
    euros = {"sku": f"{ana.name}-eur", "amount": 1200, "currencyCode": "EUR"}
    product = await ana.sells("Atlas", price=9_990_000, prices=[euros])
    browser = Browser(shop, ben)
    await browser.open(page_of(ana, product))
    [euro_price] = [price["id"] for price in product["prices"] if price["currencyCode"] == "EUR"]
    assert browser.form("/buy")["fields"]["priceId"] == [euro_price]
    assert f"{ana.name}-eur" in browser.page.text and "9.99 USDC</option>" not in browser.page.text


async def test_what_can_be_taken_for_nothing_where_no_money_is_taken_suggests_nothing(shop_of_usdc: Shop) -> None:
    shop = shop_of_usdc
    ana, ben = await shop.author("ana", currency="EUR"), await shop.person("ben")
    jar = await ana.sells("Jar", price=500, isPayWhatYouWant=True, minimumAmount=0)
    browser = Browser(shop, ben)
    await browser.open(page_of(ana, jar))
    assert browser.form("/buy")["fields"]["amount"] == ["0.00"]
    await browser.send("/buy", amount="5.00")
    assert "Nobody can pay EUR at this shop yet" in browser.page.text
    await browser.send("/buy", amount="0")
    assert "/purchases/" in str(browser.page.url)


async def test_a_chapter_that_nobody_can_pay_has_no_button(shop_of_usdc: Shop) -> None:
    shop = shop_of_usdc
    ana, ben = await shop.author("ana", currency="EUR"), await shop.person("ben")
    series = await ana.begins_series("Tides")
    chapter = await ana.writes(series, "One", price=200)
    assert ana.site is not None
    browser = Browser(shop, ben)
    path = f"/s/{ana.site['slug']}/series/{series['slug']}/{chapter['slug']}"
    assert NOBODY in (await browser.open(path)).text and 'id="buy"' not in browser.page.text
    await with_keys(shop, ana)
    assert 'id="buy"' in (await browser.open(path)).text and NOBODY not in browser.page.text


def test_no_text_for_buyers_names_a_door_of_owners() -> None:
    from purvey.payments.tills import why_not

    for currency in ("EUR", "USDC"):
        for x402 in (True, False):
            words = why_not(currency, x402=x402)
            assert currency in words and not re.search(r"PUT|owner|gateways", words), words
    assert json.dumps(why_not("USDC", x402=True)).count("x402") == 1
