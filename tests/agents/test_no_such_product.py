"""The second source's table: an invalid product_id is `Product not found`, 404, wherever it is sent."""

from typing import Any

import pytest

from tests.vocabulary.shop import Shop

WORDS = ["no-such-id", "1", "", "019a0000-0000-7000-8000-000000000000"]
IN_PATHS = [
    ("GET", "/api/products/public/{}", None),
    ("GET", "/api/products/{}", None),
    ("PATCH", "/api/products/{}", {"name": "Star Atlas"}),
    ("DELETE", "/api/products/{}", None),
    ("GET", "/api/products/{}/media", None),
    ("PATCH", "/api/products/{}/media", {"media_orders": [{"id": WORDS[0], "display_order": 1}]}),
    ("DELETE", "/api/products/{}/media", {"media_id": WORDS[0]}),
    ("GET", "/api/products/{}/reviews", None),
]
IN_BODIES: list[tuple[str, dict[str, Any]]] = [
    ("/api/discounts/validate", {"code": "SAVE20"}),
    ("/api/products/upload", {"filename": "art-pack.zip", "content_type": "application/zip"}),
    ("/api/products/upload/confirm", {"file_id": "file-uuid"}),
]


@pytest.mark.feature("B2", "B4", "B10", "B12", "B13", "B14")
@pytest.mark.parametrize("word", WORDS)
async def test_whatever_is_no_product_s_id_is_a_product_that_is_not_found(shop: Shop, word: str) -> None:
    ana = await shop.author("ana")
    asked = [await ana.ask(method, path.format(word), json=body) for method, path, body in IN_PATHS if word]
    asked += [await ana.post(path, {"product_id": word, **body}) for path, body in IN_BODIES]
    for answer in asked:
        said = answer.json()
        assert (answer.status_code, said["error"], said["code"]) == (404, "Product not found", "product_not_found"), (
            answer.request.url, answer.text,
        )  # fmt: skip
        assert said["success"] is False
