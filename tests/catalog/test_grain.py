"""Currencies that cards charge in steps: what is finer is refused where it is saved, by its field."""

from typing import Any

import pytest

from purvey.kit.ids import new_id
from tests.vocabulary.shop import Person, Shop

FINE, EVEN = 1234, 1230
STEPS = "1.234 KWD cannot be charged: KWD is paid in steps of 0.010 KWD"


def site(person: Person) -> str:
    assert person.site
    return f"/v1/sites/{person.site['id']}"


def names(answer: Any, pointer: str) -> None:
    assert answer.status_code == 422, answer.text
    assert [(each["pointer"], each["detail"], each["code"]) for each in answer.json()["errors"]] == [
        (pointer, STEPS, "too_fine")
    ]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"price": FINE}, "/price"),
        ({"price": EVEN, "comparePrice": FINE}, "/comparePrice"),
        ({"price": 2000, "isPayWhatYouWant": True, "minimumAmount": FINE}, "/minimumAmount"),
        ({"price": EVEN, "prices": [{"sku": "b", "amount": FINE}]}, "/prices/0/amount"),
        ({"prices": [{"sku": "b", "amount": EVEN, "compareAtAmount": FINE}]}, "/prices/0/compareAtAmount"),
    ],
)
async def test_a_price_finer_than_it_can_be_charged_is_refused_when_it_is_saved(
    shop: Shop, fields: dict[str, Any], pointer: str
) -> None:
    ana = await shop.author(currency="KWD")
    names(await ana.post(f"{site(ana)}/products", {"name": "Atlas", **fields}), pointer)
    euro = {"name": "Atlas", "currencyCode": "EUR"} | fields
    for price in euro.get("prices", []):
        price["sku"] = f"sku-{new_id()}"
    assert (await ana.post(f"{site(ana)}/products", euro)).status_code == 201


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"price": FINE}, "/price"),
        ({"comparePrice": FINE}, "/comparePrice"),
        ({"prices": [{"sku": "new", "amount": FINE}]}, "/prices/0/amount"),
        ({"isPayWhatYouWant": True, "minimumAmount": FINE}, "/minimumAmount"),
    ],
)
async def test_a_change_to_such_a_price_is_refused_too(shop: Shop, fields: dict[str, Any], pointer: str) -> None:
    ana = await shop.author(currency="KWD")
    atlas = await ana.sells(price=2000)
    names(await ana.put(f"{site(ana)}/products/{atlas['id']}", fields), pointer)
    assert (await ana.get(f"{site(ana)}/products/{atlas['id']}")).json() == atlas


async def test_a_listed_price_that_is_there_is_named_by_its_place(shop: Shop) -> None:
    ana = await shop.author(currency="KWD")
    atlas = await ana.sells(price=2000)
    change = {"prices": [{"id": atlas["priceId"], "amount": FINE}]}
    names(await ana.put(f"{site(ana)}/products/{atlas['id']}", change), "/prices/0/amount")


async def test_a_price_from_before_stays_in_nobody_s_way(shop: Shop) -> None:
    ana, ben = await shop.author(currency="KWD"), await shop.person("ben")
    atlas = await ana.sells(price=2000)
    await shop.db.do("update price_versions set amount = 1234 where price_id = $1::text::uuid", atlas["priceId"])
    renamed = await ana.put(f"{site(ana)}/products/{atlas['id']}", {"name": "Field Maps"})
    assert renamed.status_code == 200, renamed.text
    assert (await ben.has(atlas))["finalAmount"] == EVEN


async def test_chapters_and_codes_keep_to_it_too(shop: Shop) -> None:
    ana = await shop.author(currency="KWD")
    series = await ana.begins_series()
    body = {"seriesId": series["id"], "title": "One", "body": "It began.", "accessLevel": "PAID", "price": FINE}
    names(await ana.post(f"{site(ana)}/chapters", body), "/price")
    code = {"code": "FINE", "discountType": "FIXED_AMOUNT", "value": FINE}
    names(await ana.post(f"{site(ana)}/discount-codes", code), "/value")
