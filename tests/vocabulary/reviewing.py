"""Words of stories in which buyers say what they think."""

from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.vocabulary.shop import Person, Shop


async def reviews(
    person: "Person", product: dict[str, Any], rating: int = 5, text: str | None = None
) -> httpx.Response:
    """Say so; the door's own answer."""
    body = {"rating": rating} | ({} if text is None else {"text": text})
    return await person.post(f"/v1/products/{product['id']}/reviews", body)


async def reviews_of(shop: "Shop", product: dict[str, Any], **query: Any) -> dict[str, Any]:
    """What everybody reads."""
    answer = await shop.http.get(f"/v1/products/{product['id']}/reviews", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def stats_of(shop: "Shop", product: dict[str, Any]) -> tuple[float | None, int]:
    """The average and the number; they are what all shown reviews come to."""
    said = await reviews_of(shop, product, perPage=100)
    stats, ratings = said["stats"], [review["rating"] for review in said["data"]]
    assert stats["reviewCount"] == len(ratings) or len(ratings) == 100
    if ratings and len(ratings) < 100:
        assert stats["averageRating"] == round(sum(ratings) / len(ratings), 2)
    return stats["averageRating"], stats["reviewCount"]
