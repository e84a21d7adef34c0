"""Whatever is sent, the answer names what is wrong with it, and nothing is half done."""

import json
from typing import Any

import pytest

from tests.vocabulary.shop import Person, Shop

HUGE = 10**30
WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"name": None}, 400, "/name"),
    ({"name": ""}, 400, "/name"),
    ({"name": "   "}, 400, "/name"),
    ({"name": "x" * 101}, 400, "/name"),
    ({"name": "a\u0000b"}, 400, "/name"),
    ({"name": 5}, 400, "/name"),
    ({"slug": "With Space"}, 400, "/slug"),
    ({"slug": "-a"}, 400, "/slug"),
    ({"slug": "a\n"}, 400, "/slug"),
    ({"slug": "x" * 101}, 400, "/slug"),
    ({"slug": ""}, 400, "/slug"),
    ({"productType": "BOOK"}, 400, "/productType"),
    ({"category": "maps"}, 400, "/category"),
    ({"description": "x" * 20_001}, 400, "/description"),
    ({"description": "\u0000"}, 400, "/description"),
    ({"shortDesc": "x" * 201}, 400, "/shortDesc"),
    ({"price": -1}, 400, "/price"),
    ({"price": HUGE}, 400, "/price"),
    ({"price": "12"}, 400, "/price"),
    ({"price": 12.5}, 400, "/price"),
    ({"price": True}, 400, "/price"),
    ({"comparePrice": -1}, 400, "/comparePrice"),
    ({"currencyCode": "euro"}, 400, "/currencyCode"),
    ({"currencyCode": "XYZ"}, 422, "/currencyCode"),
    ({"sku": "a b\u0000"}, 400, "/sku"),
    ({"sku": " a"}, 400, "/sku"),
    ({"sku": "x" * 251}, 400, "/sku"),
    ({"prices": {}}, 400, "/prices"),
    ({"prices": [{"sku": "a"}]}, 400, "/prices/0/amount"),
    ({"prices": [{"amount": 1}]}, 400, "/prices/0/sku"),
    ({"prices": [{"sku": "a", "amount": 1, "colour": "red"}]}, 400, "/prices/0/colour"),
    ({"prices": [{"sku": "a", "amount": 1, "recurring": {"interval": "hour"}}]}, 400, "/prices/0/recurring/interval"),
    (
        {"prices": [{"sku": "a", "amount": 1, "recurring": {"interval": "day", "intervalCount": 0}}]},
        400,
        "/prices/0/recurring/intervalCount",
    ),
    (
        {"prices": [{"sku": "a", "amount": 1, "quantityTransform": {"divideBy": 0, "round": "up"}}]},
        400,
        "/prices/0/quantityTransform/divideBy",
    ),
    ({"prices": [{"sku": "a", "amount": 1, "currencyCode": "XYZ"}]}, 422, "/prices/0/currencyCode"),
    ({"prices": [{"sku": f"many-{n}", "amount": 1} for n in range(101)]}, 400, "/prices"),
    ({"prices": [{"sku": f"many-{n}", "amount": 1} for n in range(100)]}, 422, "/prices"),
    ({"maxDownloads": 0}, 400, "/maxDownloads"),
    ({"maxPerBuyer": 0}, 400, "/maxPerBuyer"),
    ({"maxDownloads": 2**31}, 400, "/maxDownloads"),
    ({"isLimited": "yes"}, 400, "/isLimited"),
    ({"isLimited": True}, 422, "/totalQuantity"),
    ({"totalQuantity": -1}, 400, "/totalQuantity"),
    ({"totalQuantity": HUGE}, 400, "/totalQuantity"),
    ({"availableFrom": "tomorrow"}, 400, "/availableFrom"),
    ({"availableFrom": "2030-01-01T00:00:00"}, 400, "/availableFrom"),
    ({"availableFrom": "0001-01-01T00:00:00+14:00"}, 422, "/availableFrom"),
    ({"availableUntil": "9999-12-31T23:59:59-14:00"}, 422, "/availableUntil"),
    (
        {"availableFrom": "2030-01-02T00:00:00Z", "availableUntil": "2030-01-01T00:00:00Z"},
        422,
        "/availableUntil",
    ),
    ({"displayOrder": 2**15}, 400, "/displayOrder"),
    ({"isPayWhatYouWant": True, "minimumAmount": 1201}, 422, "/minimumAmount"),
    ({"minimumAmount": None}, 400, "/minimumAmount"),
    ({"thankYouMessage": "x" * 2_001}, 400, "/thankYouMessage"),
    ({"redirectUrl": "javascript:alert(1)"}, 400, "/redirectUrl"),
    ({"redirectUrl": "https://a b"}, 400, "/redirectUrl"),
    ({"redirectUrl": "https://example.com/" + "x" * 2_048}, 400, "/redirectUrl"),
    ({"useRedirectUrl": True}, 422, "/redirectUrl"),
    ({"licenseEnabled": True, "licenseText": "  "}, 422, "/licenseText"),
    ({"licenseText": "x" * 20_001}, 400, "/licenseText"),
    ({"permissions": []}, 400, "/permissions"),
    ({"permissions": {"a": "b"}}, 400, "/permissions/*"),
    ({"permissions": {"": []}}, 400, "/permissions"),
    ({"permissions": {"a": ["\u0000"]}}, 400, "/permissions/a/0"),
    ({"permissions": {str(n): [] for n in range(101)}}, 400, "/permissions"),
    ({"paymentIntegration": "stripe"}, 400, "/paymentIntegration"),
    ({"memberIds": ["x"], "productType": "BUNDLE"}, 422, "/memberIds/0"),
    ({"memberIds": [None]}, 400, "/memberIds/0"),
    ({"surprise": 1}, 400, "/surprise"),
]


def named(case: tuple[dict[str, Any], int, str]) -> str:
    return json.dumps(case[0])[:50]


@pytest.mark.feature("A2")
@pytest.mark.parametrize(("fields", "status", "pointer"), WRONG, ids=[named(case) for case in WRONG])
async def test_a_wrong_field_of_a_new_product_is_named(
    author: Person, fields: dict[str, Any], status: int, pointer: str
) -> None:
    assert author.site is not None
    path = f"/v1/sites/{author.site['id']}/products"
    answer = await author.post(path, {"name": "Atlas", "price": 1200} | fields)
    assert answer.status_code == status, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await author.get(path)).json()["data"] == []


@pytest.mark.feature("A4")
@pytest.mark.parametrize(
    ("fields", "status", "pointer"),
    [case for case in WRONG if not {"prices", "sku"} & set(case[0])],
)
async def test_a_wrong_field_of_a_change_is_named(
    author: Person, product: dict[str, Any], fields: dict[str, Any], status: int, pointer: str
) -> None:
    assert author.site is not None
    path = f"/v1/sites/{author.site['id']}/products/{product['id']}"
    answer = await author.put(path, fields)
    assert answer.status_code == status, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.text
    assert (await author.get(path)).json() == product


@pytest.mark.feature("A2")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"name": "\\ud800", "price": 1}',
        b'{"name": "\xff\xfe", "price": 1}',
        b'{"name": "a", "price": 1e400}',
        b'{"name": "a", "price": NaN}',
        b"[" * 100_000,
        b'{"name": "a", "price": 1, "description": "' + b"x" * 900_000 + b'"}',
    ],
    ids=lambda body: str(body[:24]),
)
async def test_a_body_that_is_none_is_refused(author: Person, body: bytes) -> None:
    assert author.site is not None
    path = f"/v1/sites/{author.site['id']}/products"
    answer = await author.ask("POST", path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "invalid"


@pytest.mark.feature("A2")
async def test_a_body_over_its_limit_is_too_large(author: Person) -> None:
    assert author.site is not None
    path = f"/v1/sites/{author.site['id']}/products"
    answer = await author.post(path, {"name": "a", "price": 1, "description": "x" * 1_100_000})
    assert answer.status_code == 413


@pytest.mark.feature("A3")
async def test_ids_that_are_none_are_not_found(author: Person) -> None:
    assert author.site is not None
    for path in (
        f"/v1/sites/{author.site['id']}/products/nothing",
        f"/v1/sites/{author.site['id']}/products/{author.site['id']}",
        "/v1/sites/nothing/products",
        f"/v1/sites/{author.id}/products",
    ):
        assert (await author.get(path)).status_code == 404, path


@pytest.mark.feature("A20")
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/isActive"),
        ({"isActive": "no"}, "/isActive"),
        ({"isActive": False, "reason": "x" * 1_001}, "/reason"),
        ({"isActive": False, "reason": "\u0000"}, "/reason"),
        ({"isActive": False, "because": "x"}, "/because"),
    ],
)
async def test_a_wrong_word_of_the_platform_is_named(
    shop: Shop, product: dict[str, Any], body: dict[str, Any], pointer: str
) -> None:
    root = await shop.person("root", admin=True)
    answer = await root.put(f"/v1/admin/products/{product['id']}/status", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


@pytest.fixture
async def author(shop: Shop) -> Person:
    return await shop.author("ana")


@pytest.fixture
async def product(author: Person) -> dict[str, Any]:
    return await author.sells("Atlas", price=1200)
