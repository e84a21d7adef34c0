"""What programs read of a shop: llms.txt, schema.org's words in a product's page, and the page as JSON (B17)."""

import re
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup

from purvey import catalog, tenants
from purvey.access.guards import PUBLIC
from purvey.catalog.shop import Badge, ShopPrice, ShopProduct, ShopProductDetail, Sort
from purvey.catalog.ways import Way
from purvey.kit import pages as lists
from purvey.kit.absolute import whole
from purvey.kit.db import Database
from purvey.kit.money import Money
from purvey.payments import Gateways
from purvey.reviews import Stats
from purvey.settings import Settings
from purvey.tenants import Site
from purvey.web import display
from purvey.web.session import Page

MOST_SITES: Final = 100
MOST_PRODUCTS: Final = 100
HTML, JSON = "text/html", "application/json"
SCHEMA: Final = "https://schema.org"
HOW_TO_PAY = {
    Way.FREE: "to be had for nothing",
    Way.CHECKOUT: "paid by a person at its page",
    Way.X402: "paid by a wallet or an agent (x402)",
    Way.INVOICE: "by invoice from its seller",
}
NOT_PAID_HERE: Final = "nobody can pay it here yet"
AVAILABILITY = {
    Badge.UNAVAILABLE: "OutOfStock",
    Badge.ENDED: "Discontinued",
    Badge.SOLD_OUT: "SoldOut",
    Badge.SCHEDULED: "PreOrder",
}


def wants_json(request: Page) -> bool:
    """Whether a program asks for a page: it would rather have JSON. A browser says HTML, and `*/*` gets the page."""
    return "accept" in request.headers and request.accept.best_match([HTML, JSON], HTML) == JSON


def of_schema_org(product: ShopProductDetail, site: Site, stats: Stats, *, base_url: str) -> Markup:
    """The product in schema.org's words, as a script element holds them: nothing in it can end the element."""
    page = f"{base_url}/s/{site.slug}/shop/{product.slug}"
    seller = {"@type": "Organization", "name": site.name, "url": f"{base_url}/s/{site.slug}/shop"}
    default = next((price for price in product.prices if price.is_default), None)
    said: dict[str, Any] = {
        "@context": SCHEMA,
        "@type": "Product",
        "@id": page,
        "url": page,
        "productID": str(product.id),
        "sku": default.sku if default else None,
        "name": product.name,
        "description": product.short_desc or product.description,
        "category": product.category,
        "image": pictures_of(product, base_url),
        "aggregateRating": rating_of(stats),
        "offers": [
            {
                "@type": "Offer",
                "url": page,
                "sku": price.sku,
                "price": (paid := Money(price.amount_with_tax, price.currency_code).written),
                "priceCurrency": price.currency_code,
                "priceSpecification": specification(price, paid) if product.tax_rate_bps else None,
                "availability": f"{SCHEMA}/{availability(product)}",
                "availabilityStarts": product.available_from,
                "availabilityEnds": product.available_until,
                "seller": seller,
            }
            for price in product.prices
            if price.ways_to_pay
        ],
    }
    text = msgspec.json.encode(without_nothing(said)).decode()
    return Markup(re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text))  # noqa: S704


def specification(price: ShopPrice, paid: str) -> dict[str, Any]:
    """That the price is all that is paid, and has its tax inside."""
    return {
        "@type": "UnitPriceSpecification",
        "price": paid,
        "priceCurrency": price.currency_code,
        "valueAddedTaxIncluded": True,
    }


def pictures_of(product: ShopProductDetail, base_url: str) -> list[str | None]:
    """What shows it, the picture that every place shows first, each once."""
    found = [product.image_url, *product.preview_images, product.cover_image_url]
    return [whole(url, base_url) for url in dict.fromkeys(found) if url]


def rating_of(stats: Stats) -> dict[str, Any] | None:
    if not stats.review_count:
        return None
    return {"@type": "AggregateRating", "ratingValue": stats.average_rating, "reviewCount": stats.review_count}


def availability(product: ShopProductDetail) -> str:
    return next((word for badge, word in AVAILABILITY.items() if badge in product.badges), "InStock")


def without_nothing(value: Any) -> Any:
    """The same without members that are null or empty."""
    match value:
        case dict():
            kept = {name: without_nothing(each) for name, each in value.items()}
            return {name: each for name, each in kept.items() if each not in (None, [], "")}
        case list():
            return [without_nothing(each) for each in value]
    return value


@get("/llms.txt", opt=PUBLIC)
async def of_everything(db: NamedDependency[Database], settings: NamedDependency[Settings]) -> Response[str]:
    """What sells here, for a language model: each shop, and the ways to buy."""
    sites = await tenants.sites_on_show(db, limit=MOST_SITES)
    shops = [line(site.name, f"{settings.base_url}/s/{site.slug}/llms.txt", site.description) for site in sites]
    return text(
        "# purvey",
        "> Shops of digital goods. Everything a person can do here by a page, a program can do by a request.",
        *section("Shops", shops or ["Nothing is sold here yet."]),
        *section("For programs", ways(settings)),
    )


@get("/s/{site_slug:str}/llms.txt", opt=PUBLIC)
async def of_site(
    site_slug: FromPath[str],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> Response[str]:
    """What one shop sells, for a language model."""
    site = await tenants.find_site_by_slug(db, site_slug)
    asked = lists.asked(1, MOST_PRODUCTS)
    tills = await gateways.tills(db, site_slug)
    found = await catalog.shop_page(
        db, site_slug, tills=tills, asked=asked, now=now, sort=Sort.FEATURED, upcoming=True
    )  # fmt: skip
    shop = f"{settings.base_url}/s/{site.slug}/shop"
    products = [line(each.name, f"{shop}/{each.slug}", about(each, now)) for each in found.data]
    if found.next_cursor:
        products.append(line("The rest", f"{settings.base_url}/v1/s/{site.slug}/shop", "as pages of JSON"))
    return text(
        f"# {plain(site.name)}",
        f"> {plain(site.description or 'A shop of digital goods.')}",
        "Each page answers `Accept: application/json` with the same as JSON.",
        *section("Products", products or ["Nothing is on sale at the moment."]),
        *section("For programs", ways(settings)),
    )


def about(product: ShopProduct, now: datetime) -> str:
    """A product in a line: what it costs, whether it is to be had, what it is."""
    price = display.price(product.price_with_tax, product.currency_code)
    words = [f"{price} or what you want" if product.is_pay_what_you_want else price]
    if Badge.UNAVAILABLE in product.badges:
        words.append("not to be had at the moment, as something in it is not on sale")
    if Badge.SOLD_OUT in product.badges:
        words.append("sold out")
    if product.available_from and product.available_from > now:
        words.append(f"from {product.available_from.astimezone(UTC).isoformat()}")
    if product.short_desc:
        words.append(product.short_desc)
    words += [HOW_TO_PAY[way] for way in product.ways_to_pay] or [NOT_PAID_HERE]
    return ", ".join(words)


def ways(settings: Settings) -> list[str]:
    """How a program looks and buys here; what the settings leave out is not promised."""
    base = settings.base_url
    siwa = bool(settings.siwa_registries or settings.siwa_plain_wallets)
    told = [
        (True, "Products priced in USDC", "/api/products/public", "`q`, `username`, `category`, `cursor`"),
        (bool(settings.x402_networks), "Buy", "/api/products/PRODUCT_ID/buy", "POST; pay what the 402 asks by x402"),
        (siwa, "Sign in with a wallet", settings.siwa_nonce_path, "POST; then send X-SIWA-Receipt"),
        (True, "Tools (MCP)", "/mcp", "search, look, buy, download"),
        (True, "Every door (OpenAPI)", "/schema/openapi.json", None),
    ]
    return [line(name, base + path, says) for there, name, path, says in told if there]


def section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "\n".join(lines)]


def line(name: str, url: str, says: str | None) -> str:
    return f"- [{plain(name)}]({url})" + (f": {plain(says)}" if says else "")


def plain(words: str) -> str:
    """Words of a stranger as one line that cannot pass for a heading or a link of ours."""
    return re.sub(r"[\[\]<>]", " ", " ".join(words.split()))


def text(*blocks: str) -> Response[str]:
    headers = {"Cache-Control": "public, max-age=60", "X-Content-Type-Options": "nosniff"}
    return Response("\n\n".join(blocks) + "\n", media_type=MediaType.TEXT, headers=headers)


pages = [of_everything, of_site]
