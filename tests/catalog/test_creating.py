"""A product comes into being with its prices, or not at all."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from purvey import catalog
from tests.vocabulary.shop import Person, Shop


def products_of(person: Person) -> str:
    assert person.site is not None
    return f"/v1/sites/{person.site['id']}/products"


@pytest.fixture
async def ana(shop: Shop) -> Person:
    return await shop.author("ana")


EVERYTHING: dict[str, Any] = {
    "name": "Field Atlas",
    "slug": "atlas",
    "productType": "EBOOK",
    "category": "course",
    "description": "Maps of every field.",
    "shortDesc": "Maps",
    "price": 1200,
    "comparePrice": 1500,
    "currencyCode": "USD",
    "maxDownloads": 3,
    "maxPerBuyer": 2,
    "isLimited": True,
    "totalQuantity": 50,
    "restockOnRefund": False,
    "isActive": False,
    "availableFrom": "2030-01-01T00:00:00Z",
    "availableUntil": "2031-01-01T00:00:00Z",
    "displayOrder": -5,
    "isFeatured": True,
    "isPayWhatYouWant": True,
    "minimumAmount": 100,
    "thankYouMessage": "Thank you!",
    "redirectUrl": "https://example.com/thanks",
    "useRedirectUrl": True,
    "licenseEnabled": True,
    "licenseText": "For you alone.",
    "permissions": {"maps": ["read", "print"]},
    "isSystem": False,
    "paymentIntegration": "invoice",
}


@pytest.mark.feature("A2")
async def test_a_flat_body_makes_a_product_with_its_default_price_and_a_sku(ana: Person) -> None:
    atlas = await ana.sells("Field Atlas", price=1200)
    assert atlas["slug"] == "field-atlas"
    assert atlas["price"] == 1200
    assert atlas["currencyCode"] == "EUR", "a product's currency is its site's when it names none"
    assert atlas["sku"] == f"{ana.name}/field-atlas"
    assert [price["isDefault"] for price in atlas["prices"]] == [True]
    assert (atlas["productType"], atlas["category"], atlas["kind"]) == ("DIGITAL_DOWNLOAD", "other", "one-time")
    assert (await ana.get(f"{products_of(ana)}/{atlas['id']}")).json() == atlas


@pytest.mark.feature("A2", "A3", "C11")
async def test_every_field_of_a_product_is_kept_and_shown_to_its_team(ana: Person) -> None:
    created = await ana.post(products_of(ana), EVERYTHING)
    assert created.status_code == 201, created.text
    shown = (await ana.get(f"{products_of(ana)}/{created.json()['id']}")).json()
    assert {name: shown[name] for name in EVERYTHING} == EVERYTHING
    assert shown["suggestion"] == 1200
    assert shown["stock"] == {"total": 50, "reserved": 0, "sold": 0, "remaining": 50}
    assert shown["soldCount"] == 0
    assert shown["authorId"] == str(ana.id)
    assert created.headers["etag"] == '"1"'


@pytest.mark.feature("C1")
async def test_prices_are_made_with_the_product_and_the_first_is_the_default(ana: Person) -> None:
    skus = [f"{ana.name}-one", f"{ana.name}-month"]
    monthly = {"interval": "month", "intervalCount": 3}
    packs = {"divideBy": 1000, "round": "up"}
    plan = await ana.sells(
        "Plan",
        price=None,
        prices=[
            {"id": "once", "sku": skus[0], "amount": 9900, "currencyCode": "USDC", "compareAtAmount": 12000},
            {"sku": skus[1], "amount": 900, "recurring": monthly, "quantityTransform": packs},
        ],
    )
    assert [price["sku"] for price in plan["prices"]] == skus
    assert plan["prices"][0]["ref"] == "once"
    assert (plan["price"], plan["comparePrice"], plan["currencyCode"]) == (9900, 12000, "USDC")
    assert plan["prices"][1]["recurring"] == monthly
    assert plan["prices"][1]["quantityTransform"] == packs
    assert plan["prices"][1]["currencyCode"] == "EUR"


@pytest.mark.feature("C1")
async def test_a_product_needs_a_price(ana: Person) -> None:
    answer = await ana.post(products_of(ana), {"name": "Gift"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/price"


@pytest.mark.feature("C1")
async def test_one_answer_lists_every_duplicate_and_everything_taken_and_nothing_is_kept(
    shop: Shop, ana: Person
) -> None:
    ben = await shop.author("ben")
    await ben.sells("Secret Plans", price=100, sku=f"{ana.name}-taken", slug="secret-plans")
    prices = [
        {"id": "a", "sku": f"{ana.name}-taken", "amount": 1},
        {"id": "b", "sku": f"{ana.name}-twice", "amount": 2},
        {"id": "b", "sku": f"{ana.name}-twice", "amount": 3},
    ]
    answer = await ana.post(products_of(ana), {"name": "Plan", "prices": prices})
    assert answer.status_code == 409
    assert answer.json()["code"] == "sku_taken"
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/prices/0/sku", "/prices/2/id", "/prices/2/sku"}
    assert ben.name not in answer.text, "whose a SKU is, is nobody's business"
    assert "secret" not in answer.text.lower()
    assert (await ana.get(products_of(ana))).json()["data"] == []
    clean = await ana.post(products_of(ana), {"name": "Plan", "prices": prices[1:]})
    assert clean.status_code == 422, "only the body is wrong"
    assert len(clean.json()["errors"]) == 2


@pytest.mark.feature("C1")
async def test_of_twenty_who_want_one_sku_at_once_exactly_one_gets_it(shop: Shop) -> None:
    people = [await shop.author(f"author{n}") for n in range(20)]
    wanted = f"{people[0].name}-wanted"
    bodies = [
        {"name": "Plan", "prices": [{"sku": f"{wanted}-{at}", "amount": 1} for at in ("b", "a")][:: 1 if n % 2 else -1]}
        for n in range(20)
    ]
    answers = await asyncio.gather(
        *(person.post(products_of(person), body) for person, body in zip(people, bodies, strict=True))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    losers = [answer.json() for answer in answers if answer.status_code == 409]
    assert all(len(loser["errors"]) == 2 for loser in losers)
    assert await shop.db.value("select count(*) from prices where sku like $1", f"{wanted}-%") == 2
    assert await shop.db.value("select count(*) from products where author_id = any($1)", [p.id for p in people]) == 1


@pytest.mark.feature("A2")
async def test_of_twenty_who_want_one_slug_at_once_exactly_one_gets_it(shop: Shop, ana: Person) -> None:
    answers = await asyncio.gather(
        *(ana.post(products_of(ana), {"name": "Atlas", "slug": "atlas", "price": 1}) for _ in range(20))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    lost = next(answer.json() for answer in answers if answer.status_code == 409)
    assert lost["code"] == "slug_taken"
    assert "'atlas'" in lost["detail"]
    assert lost["errors"][0]["pointer"] == "/slug"


@pytest.mark.feature("A2")
async def test_a_slug_that_is_made_from_a_name_finds_a_free_one(ana: Person) -> None:
    slugs = [(await ana.sells("Fünf Äpfel"))["slug"] for _ in range(3)]
    assert slugs == ["funf-apfel", "funf-apfel-2", "funf-apfel-3"]
    assert (await ana.sells("地図"))["slug"] == "detu"
    assert (await ana.sells("!?"))["slug"] == "product"


@pytest.mark.feature("A2")
async def test_a_made_sku_that_somebody_chose_gets_a_suffix(shop: Shop, ana: Person) -> None:
    ben = await shop.author("ben")
    await ben.sells("Squatter", sku=f"{ana.name}/atlas")
    assert (await ana.sells("Atlas"))["sku"] == f"{ana.name}/atlas-2"


@pytest.mark.feature("A2")
async def test_a_tenant_never_has_more_products_than_its_limit_however_many_come_at_once(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site is not None
    await shop.db.do("update tenants set limits = $2 where id = $1", ana.site["tenantId"], {"products": 5})
    answers = await asyncio.gather(*(ana.post(products_of(ana), {"name": "Map", "price": 1}) for _ in range(12)))
    assert Counter(answer.status_code for answer in answers) == {201: 5, 409: 7}
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (refused["code"], refused["limit"]) == ("product_limit", 5)
    first = next(answer.json() for answer in answers if answer.status_code == 201)
    assert (await ana.delete(f"{products_of(ana)}/{first['id']}")).status_code == 204
    await ana.sells("Room again")
    assert (await ana.post(f"{products_of(ana)}/{first['id']}/restore")).json()["code"] == "product_limit"


@pytest.mark.feature("C17")
async def test_a_product_and_its_prices_are_told_of_in_the_same_transaction(shop: Shop, ana: Person) -> None:
    atlas = await ana.sells("Atlas", prices=[{"sku": f"{ana.name}-more", "amount": 5}])
    told = await shop.db.records(
        "select type, subject_id, payload from events where tenant_id = $1 order by id", ana.site["tenantId"]
    )
    assert [row["type"] for row in told] == ["PRODUCT_CREATED", "PRICE_CREATED", "PRICE_CREATED"]
    assert {str(row["subject_id"]) for row in told[1:]} == {price["id"] for price in atlas["prices"]}
    assert told[0]["payload"]["name"] == "Atlas"
    assert {kind.queue for kind in (catalog.ProductCreated, catalog.ProductUpdated, catalog.ProductDeleted)} == {
        "product-product-events"
    }
    assert {kind.queue for kind in (catalog.PriceCreated, catalog.PriceUpdated, catalog.PriceDeleted)} == {
        "product-price-events"
    }


@pytest.mark.parametrize(
    ("type", "category", "fulfilment"),
    [
        ("ART_PACK", "digital_art", "download"),
        ("WALLPAPER_PACK", "digital_art", "download"),
        ("AUDIO_CONTENT", "music", "download"),
        ("EBOOK", "ebook", "download"),
        ("BONUS_CONTENT", "other", "download"),
        ("CUSTOM", "other", "download"),
        ("BUNDLE", "other", "download"),
        ("MERCHANDISE", "other", "shipping"),
        ("COMMISSION_SLOT", "other", "commission"),
    ],
)
@pytest.mark.feature("A26")
async def test_each_type_has_its_category_and_its_way_to_the_buyer(
    ana: Person, type: str, category: str, fulfilment: str
) -> None:
    product = await ana.sells("Thing", productType=type)
    assert (product["category"], product["fulfilment"]) == (category, fulfilment)


@pytest.mark.feature("A26")
async def test_a_bundle_holds_products_of_its_site_and_no_bundle(shop: Shop, ana: Person) -> None:
    ben = await shop.author("ben")
    maps, stars, theirs = await ana.sells("Maps"), await ana.sells("Stars"), await ben.sells("Theirs")
    both = await ana.sells("Both", productType="BUNDLE", memberIds=[stars["id"], maps["id"]])
    assert both["memberIds"] == [stars["id"], maps["id"]]
    assert [member["name"] for member in both["members"]] == ["Stars", "Maps"]
    wrong = await ana.post(
        products_of(ana),
        {
            "name": "Odd",
            "price": 1,
            "productType": "BUNDLE",
            "memberIds": [maps["id"], theirs["id"], both["id"], maps["id"]],
        },
    )
    assert wrong.status_code == 422
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/memberIds/1", "/memberIds/2", "/memberIds/3"]
    nested = await ana.put(f"{products_of(ana)}/{maps['id']}", {"productType": "BUNDLE"})
    assert nested.status_code == 422
    assert nested.json()["errors"][0]["pointer"] == "/productType"
    plain = await ana.post(products_of(ana), {"name": "Odd", "price": 1, "memberIds": [maps["id"]]})
    assert plain.json()["errors"][0]["pointer"] == "/memberIds"
