"""A product comes into being with its prices, or not at all."""

import pytest

from tests.vocabulary.shop import Shop


@pytest.mark.feature("A2")
async def test_a_flat_body_makes_a_product_with_its_default_price_and_a_sku(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells("Field Atlas", price=1200)
    assert atlas["slug"] == "field-atlas"
    assert atlas["price"] == 1200
    assert atlas["currencyCode"] == "EUR"
    assert atlas["sku"] == f"{ana.site['slug']}/field-atlas"
    assert [price["isDefault"] for price in atlas["prices"]] == [True]
    assert (await ana.get(f"/v1/sites/{ana.site['id']}/products/{atlas['id']}")).json() == atlas
