"""The public shop: what buyers see, and how little it costs to look."""

import pytest

from tests.vocabulary.shop import Shop


@pytest.mark.feature("A9")
async def test_the_shop_lists_what_is_on_sale(shop: Shop) -> None:
    ana = await shop.author("ana")
    await ana.sells("Field Atlas", price=1200, comparePrice=1500, isFeatured=True)
    await ana.sells("Star Map", price=500, stock=3)
    await ana.sells("Draft", isActive=False)
    answer = await shop.http.get(f"/v1/s/{ana.site['slug']}/shop")
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert [product["name"] for product in page["data"]] == ["Field Atlas", "Star Map"]
    assert [product["badges"] for product in page["data"]] == [["sale"], ["limitedStock"]]
    assert page["nextCursor"] is None
    again = await shop.http.get(f"/v1/s/{ana.site['slug']}/shop", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    detail = await shop.http.get(f"/v1/s/{ana.site['slug']}/shop/star-map")
    assert detail.json()["remaining"] == 3, detail.text
