"""What makes a product sound, whatever way it came about; no I/O, no clock."""

from collections.abc import Iterator, Mapping, Sequence

from purvey.catalog.model import Category, Fulfilment, Kind, Price, Product, ProductType, Terms
from purvey.kit import urls
from purvey.kit.errors import FieldError, Invalid
from purvey.kit.money import USDC, Money, too_fine

DEFAULT_PRODUCT_LIMIT = 10_000

# Fields that the form and the product name alike, and that are taken as they come.
ALIKE = (
    "description",
    "short_desc",
    "max_downloads",
    "max_per_buyer",
    "is_limited",
    "total_quantity",
    "restock_on_refund",
    "is_active",
    "available_from",
    "available_until",
    "display_order",
    "is_featured",
    "is_pay_what_you_want",
    "minimum_amount",
    "thank_you_message",
    "redirect_url",
    "use_redirect_url",
    "license_enabled",
    "license_text",
    "permissions",
    "is_system",
    "payment_integration",
)

CATEGORY_OF: Mapping[ProductType, Category] = {
    ProductType.ART_PACK: Category.DIGITAL_ART,
    ProductType.WALLPAPER_PACK: Category.DIGITAL_ART,
    ProductType.AUDIO_CONTENT: Category.MUSIC,
    ProductType.EBOOK: Category.EBOOK,
}
TYPE_OF: Mapping[Category, ProductType] = {
    Category.DIGITAL_ART: ProductType.ART_PACK,
    Category.MUSIC: ProductType.AUDIO_CONTENT,
    Category.EBOOK: ProductType.EBOOK,
}
BY_HAND = {
    ProductType.MERCHANDISE: Fulfilment.SHIPPING,
    ProductType.COMMISSION_SLOT: Fulfilment.COMMISSION,
}


def both_kinds(product_type: ProductType | None, category: Category | None) -> tuple[ProductType, Category]:
    """Type and category, each made from the other where one is missing (ruling 9)."""
    kind = product_type or TYPE_OF.get(category or Category.OTHER, ProductType.DIGITAL_DOWNLOAD)
    return kind, category or CATEGORY_OF.get(kind, Category.OTHER)


def kind_of(offered: Sequence[Terms]) -> Kind:
    """Recurring when any price that is on offer is (C14)."""
    return Kind.RECURRING if any(terms.recurring for terms in offered) else Kind.ONE_TIME


def fulfilment_of(product_type: ProductType) -> Fulfilment:
    """How a product of this type comes to its buyer."""
    return BY_HAND.get(product_type, Fulfilment.DOWNLOAD)


def usdc_price_of(product: Product, prices: Sequence[Price]) -> Price | None:
    """The price that agents pay: in USDC, paid once, the default one first. A minimum is in the default's currency."""
    found = [
        price
        for price in prices
        if price.archived_at is None
        and price.terms.currency == USDC
        and price.terms.recurring is None
        and (price.is_default or not product.is_pay_what_you_want or product.minimum_amount == 0)
    ]
    return min(found, key=lambda price: (not price.is_default, price.position, price.id), default=None)


def refuse_unsound(product: Product, *, offered: Sequence[Terms], default: Terms, member_count: int) -> None:
    """Invalid that names every field at odds with another one."""
    faults = list(faults_of(product, offered=offered, default=default, member_count=member_count))
    if faults:
        raise Invalid.fields(*faults)


def faults_of(product: Product, *, offered: Sequence[Terms], default: Terms, member_count: int) -> Iterator[FieldError]:
    """What does not fit together in a product."""
    yield from window_faults(product)
    if product.is_limited and product.total_quantity is None:
        yield FieldError("/totalQuantity", "A limited product needs a totalQuantity")
    if product.is_pay_what_you_want and product.minimum_amount > 0:
        yield from minimum_faults(product.minimum_amount, offered=offered, default=default)
    if no_address := urls.fault_of(product.redirect_url, pointer="/redirectUrl"):
        yield no_address
    if product.use_redirect_url and not product.redirect_url:
        yield FieldError("/redirectUrl", "useRedirectUrl needs a redirectUrl")
    if product.license_enabled and not (product.license_text or "").strip():
        yield FieldError("/licenseText", "licenseEnabled needs a licenseText")
    if member_count and product.product_type is not ProductType.BUNDLE:
        yield FieldError("/memberIds", "Only a BUNDLE has members; send memberIds: [] for another productType")


def fineness(terms: Terms, place: str | None) -> Iterator[FieldError]:
    """What of a price is finer than it can be charged; at its `place` among prices, or as the flat one."""
    amount, compare = (f"{place}/amount", f"{place}/compareAtAmount") if place else ("/price", "/comparePrice")
    for pointer, minor in ((amount, terms.amount), (compare, terms.compare_at_amount)):
        if minor is not None and (fault := too_fine(Money(minor, terms.currency))):
            yield FieldError(pointer, fault, "too_fine")


def minimum_faults(minimum: int, *, offered: Sequence[Terms], default: Terms) -> Iterator[FieldError]:
    if fault := too_fine(Money(minimum, default.currency)):
        yield FieldError("/minimumAmount", fault, "too_fine")
    if minimum > default.amount:
        yield FieldError("/minimumAmount", "The minimum may not be above the price, which is the suggestion")
    if any(terms.currency != default.currency for terms in offered):
        yield FieldError(
            "/minimumAmount", f"A minimum in {default.currency} says nothing of prices in other currencies"
        )


def window_faults(product: Product) -> Iterator[FieldError]:
    if product.available_from and product.available_until and product.available_from >= product.available_until:
        yield FieldError("/availableUntil", "availableUntil must be after availableFrom")


def repeated(words: Sequence[str | None]) -> list[int]:
    """The places where a word stands that stood before."""
    seen: set[str] = set()
    found = []
    for at, word in enumerate(words):
        if word is not None and word in seen:
            found.append(at)
        seen.update([word] if word is not None else [])
    return found
