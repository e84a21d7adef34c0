"""A product as a form: its fields have the names of the JSON body's, its amounts are whole units."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import UNSET

from purvey.catalog import ProductView
from purvey.web.display import field_moment, plain_amount
from purvey.web.forms import Form

FRESH: Mapping[str, Any] = {
    "productType": "DIGITAL_DOWNLOAD",
    "isActive": True,
    "restockOnRefund": True,
    "displayOrder": 0,
}
TICKS = (
    "isLimited",
    "restockOnRefund",
    "isActive",
    "isFeatured",
    "isPayWhatYouWant",
    "useRedirectUrl",
    "licenseEnabled",
)
TEXTS = ("shortDesc", "description", "thankYouMessage", "redirectUrl", "licenseText")


def create_body(form: Form, currency: str) -> dict[str, Any]:
    """What the door that creates a product takes."""
    return {
        **fields_of(form, currency),
        "slug": form.maybe("slug"),
        "sku": form.maybe("sku"),
        "availableFrom": form.moment("availableFrom"),
        "availableUntil": form.moment("availableUntil"),
    }


def update_body(form: Form, before: ProductView) -> dict[str, Any]:
    """What the door that changes a product takes. A moment that was left alone keeps its seconds."""
    fields = fields_of(form, before.currency_code)
    if fields["price"] is None:
        fields["price"] = UNSET
    return {
        **fields,
        "slug": form.maybe("slug") or UNSET,
        "version": form.whole("version") or UNSET,
        "availableFrom": moment_of(form, "availableFrom", before.available_from),
        "availableUntil": moment_of(form, "availableUntil", before.available_until),
    }


def fields_of(form: Form, currency: str) -> dict[str, Any]:
    """The fields that both bodies have."""
    kind = form.maybe("productType")
    return {
        "name": form.text("name"),
        "productType": kind or UNSET,
        **{name: form.raw(name).strip() or None for name in TEXTS},
        "price": form.minor("price", currency),
        "comparePrice": form.minor("comparePrice", currency),
        "minimumAmount": form.minor("minimumAmount", currency) or 0,
        "maxDownloads": form.whole("maxDownloads"),
        "maxPerBuyer": form.whole("maxPerBuyer"),
        "totalQuantity": form.whole("totalQuantity"),
        "displayOrder": form.whole("displayOrder") or 0,
        **{name: form.ticked(name) for name in TICKS},
        "memberIds": form.all("memberIds") if kind == "BUNDLE" else [],
    }


def moment_of(form: Form, name: str, before: datetime | None) -> Any:
    return UNSET if form.text(name) == field_moment(before) else form.moment(name)


def values_of(product: ProductView) -> dict[str, Any]:
    """A product as its form shows it."""
    currency = product.currency_code
    return {
        "name": product.name,
        "slug": product.slug,
        "productType": product.product_type,
        "shortDesc": product.short_desc,
        "description": product.description,
        "price": plain_amount(product.price, currency),
        "comparePrice": plain_amount(product.compare_price, currency),
        "isPayWhatYouWant": product.is_pay_what_you_want,
        "minimumAmount": plain_amount(product.minimum_amount or None, currency),
        "maxDownloads": product.max_downloads,
        "maxPerBuyer": product.max_per_buyer,
        "isLimited": product.is_limited,
        "totalQuantity": product.total_quantity,
        "restockOnRefund": product.restock_on_refund,
        "isActive": product.is_active,
        "isFeatured": product.is_featured,
        "displayOrder": product.display_order,
        "availableFrom": field_moment(product.available_from),
        "availableUntil": field_moment(product.available_until),
        "thankYouMessage": product.thank_you_message,
        "redirectUrl": product.redirect_url,
        "useRedirectUrl": product.use_redirect_url,
        "licenseEnabled": product.license_enabled,
        "licenseText": product.license_text,
        "version": product.version,
    }
