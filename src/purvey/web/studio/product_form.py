"""A product as a form: its fields have the names of the JSON body's, its amounts are whole units."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from purvey.catalog import ProductView
from purvey.web.display import field_moment, plain_amount
from purvey.web.forms import Form, changed, given

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
    return given(form, {**fields_of(form, currency), "slug": form.maybe("slug"), "sku": form.maybe("sku")})


def update_body(form: Form, before: ProductView) -> dict[str, Any]:
    """What the door that changes a product takes: what somebody changed, and the version they saw."""
    fields = fields_of(form, before.currency_code)
    if fields["price"] is None:
        fields["price"] = UNSET
    wanted = changed(form, values_of(before), {**fields, "slug": form.maybe("slug") or UNSET})
    if wanted.get("productType", "BUNDLE") != "BUNDLE" and before.member_ids:
        wanted["memberIds"] = []
    return {**wanted, "version": form.whole("version") or UNSET}


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
        "availableFrom": form.moment("availableFrom"),
        "availableUntil": form.moment("availableUntil"),
        **{name: form.ticked(name) for name in TICKS},
        "memberIds": form.all("memberIds") if kind == "BUNDLE" else [],
    }


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
        "memberIds": product.member_ids,
        "version": product.version,
    }
