"""Every field that the first source's models have is there under its name, for the side that it is meant for."""

import pytest

from tests.protocol.described import DESCRIBED
from tests.protocol.wrong import resolved

PRODUCT = """
id authorId siteId name slug description shortDesc productType coverImageUrl previewImages price comparePrice
currencyCode downloadFileRef downloadFileName downloadFileSize downloadMimeType maxDownloads isLimited totalQuantity
soldCount isActive availableFrom availableUntil displayOrder isFeatured version createdAt updatedAt
"""
PURCHASE = """
id readerId itemType chapterId productId amount discountAmount finalAmount currencyCode discountCodeId status
deliveredAt downloadCount lastDownloadAt refundedAt refundReason paymentId createdAt updatedAt
"""
ACCESS = "hasAccess needsPurchase price currencyCode hasSubscriptionAccess"
READ = [
    ("/v1/sites/{site_id}/products/{product_id}", PRODUCT),
    ("/v1/purchases/{purchase_id}", PURCHASE),
    ("/v1/sites/{site_id}/purchases/{purchase_id}", f"{PURCHASE} refundedBy"),
    ("/v1/chapters/{chapter_id}/access-check", ACCESS),
]
SENT = [
    ("post", "/v1/sites/{site_id}/products", "name slug productType price currencyCode description shortDesc "
     "comparePrice isLimited totalQuantity maxDownloads availableFrom availableUntil"),
    ("post", "/v1/purchases", "itemType productId discountCode paymentMethodId"),
    ("post", "/v1/chapters/{chapter_id}/purchase", "discountCode paymentMethodId"),
    ("post", "/v1/purchases/{purchase_id}/refund-request", "reason"),
    ("put", "/v1/admin/products/{product_id}/status", "isActive reason"),
]  # fmt: skip
ASKED = [
    ("/v1/sites/{site_id}/products", "q productType isActive"),
    ("/v1/s/{site_slug}/shop", "productType sort page perPage"),
    ("/v1/purchases", "status productType page perPage"),
    ("/v1/admin/products", "siteId authorId productType isActive"),
]


@pytest.mark.feature("A3", "A13", "A16", "A33")
@pytest.mark.parametrize(("path", "names"), READ, ids=[path for path, _ in READ])
def test_what_is_read_has_the_sources_fields(path: str, names: str) -> None:
    content = DESCRIBED["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(names.split()) <= set(resolved(content)["properties"])


@pytest.mark.parametrize(("method", "path", "names"), SENT, ids=[path for _, path, _ in SENT])
def test_what_is_sent_has_the_sources_fields(method: str, path: str, names: str) -> None:
    content = DESCRIBED["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    assert set(names.split()) <= set(resolved(content)["properties"])


@pytest.mark.parametrize(("path", "names"), ASKED, ids=[path for path, _ in ASKED])
def test_what_is_asked_has_the_sources_words(path: str, names: str) -> None:
    assert set(names.split()) <= {one["name"] for one in DESCRIBED["paths"][path]["get"]["parameters"]}
