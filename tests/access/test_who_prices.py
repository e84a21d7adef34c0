"""Whatever decides what something costs is for holders of EditProductPrice, at every door and in every field.

Each field of each form that makes or changes something is sent by an editor; a field that is not in these tables fails.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from purvey.agents.product_forms import ChangedProduct, NewProduct
from purvey.catalog.forms import CreateProduct, UpdateProduct
from purvey.content.forms import CreateChapter, CreateSeries, UpdateChapter, UpdateSeries
from purvey.kit.ids import new_token
from tests.vocabulary import Person, Shop

PRICED, FREE, READ_ONLY = "decides the cost", "an editor's own", "never changes"
UNKNOWN = "019a0000-0000-7000-8000-000000000000"

# What an editor sends, alone beside a name, and whether it would decide a cost.
NEW_PRODUCT: Mapping[str, tuple[Any, str]] = {
    "name": ("Draft", FREE),
    "slug": (None, FREE),
    "productType": ("EBOOK", FREE),
    "category": ("music", FREE),
    "description": ("Words", FREE),
    "shortDesc": ("A word", FREE),
    "price": (500, PRICED),
    "comparePrice": ({"price": 0, "comparePrice": 900}, PRICED),
    "currencyCode": ("USD", FREE),
    "sku": (None, FREE),
    "prices": ([{"sku": "one", "amount": 100}], PRICED),
    "maxDownloads": (3, FREE),
    "maxPerBuyer": (3, FREE),
    "isLimited": ({"isLimited": True, "totalQuantity": 3}, FREE),
    "totalQuantity": (3, FREE),
    "restockOnRefund": (False, FREE),
    "isActive": (True, PRICED),
    "availableFrom": ("2030-01-01T00:00:00Z", FREE),
    "availableUntil": ("2031-01-01T00:00:00Z", FREE),
    "displayOrder": (3, FREE),
    "isFeatured": (True, FREE),
    "isPayWhatYouWant": (True, PRICED),
    "minimumAmount": ({"isPayWhatYouWant": True, "price": 900, "minimumAmount": 100}, PRICED),
    "thankYouMessage": ("Thanks", FREE),
    "redirectUrl": ("https://example.com/", FREE),
    "useRedirectUrl": ({"useRedirectUrl": True, "redirectUrl": "https://example.com/"}, FREE),
    "licenseEnabled": ({"licenseEnabled": True, "licenseText": "Yours"}, FREE),
    "licenseText": ("Yours", FREE),
    "permissions": ({"permissions": {"club": ["in"]}}, FREE),
    "isSystem": (True, PRICED),
    "paymentIntegration": ("invoice", FREE),
    "memberIds": ("MEMBERS", PRICED),
}
CHANGED_PRODUCT = {
    **NEW_PRODUCT,
    "slug": ("atlas-too", FREE),
    "comparePrice": (9000, PRICED),
    "currencyCode": ("USD", PRICED),
    "prices": ([{"sku": "SKU", "amount": 100}], PRICED),
    "minimumAmount": (1, PRICED),
    "sku": ("other", READ_ONLY),
    "version": (1, FREE),
    **dict.fromkeys(("id", "siteId", "tenantId", "authorId"), (UNKNOWN, READ_ONLY)),
    "createdAt": ("2020-01-01T00:00:00Z", READ_ONLY),
    **dict.fromkeys(
        ("updatedAt", "firstActiveAt", "deletedAt", "suspension", "soldCount", "stock", "suggestion", "coverImageUrl"),
        (None, FREE),
    ),
    **dict.fromkeys(("downloadFileRef", "downloadFileName", "downloadFileSize", "downloadMimeType"), (None, FREE)),
    **dict.fromkeys(("kind", "fulfilment", "priceId", "previewImages", "files", "media", "members"), (None, READ_ONLY)),
}  # fmt: skip
NEW_ON_MARKET = {
    "name": ("Draft", FREE),
    "price": (5, PRICED),
    "description": ("Words", FREE),
    "category": ("music", FREE),
    "is_active": (True, PRICED),
    "is_pay_what_you_want": (True, PRICED),
    "minimum_amount": ({"is_pay_what_you_want": True, "price": 9, "minimum_amount": 1}, PRICED),
    "thank_you_message": ("Thanks", FREE),
    "redirect_url": ("https://example.com/", FREE),
    "use_redirect_url": ({"use_redirect_url": True, "redirect_url": "https://example.com/"}, FREE),
    "license_enabled": ({"license_enabled": True, "license_text": "Yours"}, FREE),
    "license_text": ("Yours", FREE),
    "is_scheduled": ({"is_scheduled": True, "scheduled_at": "2030-01-01T00:00:00Z"}, FREE),
    "scheduled_at": ("2030-01-01T00:00:00Z", FREE),
    "sale_ends_at": ("2031-01-01T00:00:00Z", FREE),
    "is_limited_quantity": ({"is_limited_quantity": True, "max_quantity": 3}, FREE),
    "max_quantity": (3, FREE),
    "site": ("SITE", FREE),
}
CHANGED_ON_MARKET = {
    **{name: each for name, each in NEW_ON_MARKET.items() if name != "site"},
    "minimum_amount": (0.5, PRICED),
    "version": (1, FREE),
    "id": (UNKNOWN, READ_ONLY),
    "created_at": ("2020-01-01T00:00:00Z", READ_ONLY),
    **dict.fromkeys(
        (
            "currency",
            "creator",
            "has_downloadable_file",
            "url",
            "site",
            "price_with_tax",
            "tax_percentage",
            "ways_to_pay",
        ),
        (None, READ_ONLY),
    ),
    **dict.fromkeys(("image_url", "suspended_at", "suspended_reason"), (None, FREE)),
    **dict.fromkeys(("remaining", "is_complete", "sold_count", "updated_at"), (None, FREE)),
}
NEW_SERIES = {
    "title": ("Walk", FREE),
    "slug": (None, FREE),
    "description": ("Words", FREE),
    "isPublished": (True, FREE),
    "openedBy": ("MEMBERS", PRICED),
}
CHANGED_SERIES = {
    **NEW_SERIES,
    "slug": ("walk-on", FREE),
    "version": (1, FREE),
    **dict.fromkeys(("id", "siteId"), (UNKNOWN, READ_ONLY)),
    "createdAt": ("2020-01-01T00:00:00Z", READ_ONLY),
    **dict.fromkeys(("updatedAt", "chapterCount"), (None, FREE)),
}
NEW_CHAPTER = {
    "seriesId": ("SERIES", FREE),
    "title": ("One", FREE),
    "slug": (None, FREE),
    "number": (7, FREE),
    "body": ("It began.", FREE),
    "accessLevel": ("SUBSCRIBERS", PRICED),
    "price": (100, PRICED),
    "currencyCode": ("USD", FREE),
    "isPublished": (True, PRICED),
}
CHANGED_CHAPTER = {
    **NEW_CHAPTER,
    "seriesId": (UNKNOWN, READ_ONLY),
    "slug": ("one-more", FREE),
    "currencyCode": ("USD", PRICED),
    "version": (1, FREE),
    **dict.fromkeys(("id", "siteId"), (UNKNOWN, READ_ONLY)),
    "createdAt": ("2020-01-01T00:00:00Z", READ_ONLY),
    "updatedAt": (None, FREE),
}
FORMS = {
    CreateProduct: NEW_PRODUCT,
    UpdateProduct: CHANGED_PRODUCT,
    NewProduct: NEW_ON_MARKET,
    ChangedProduct: CHANGED_ON_MARKET,
    CreateSeries: NEW_SERIES,
    UpdateSeries: CHANGED_SERIES,
    CreateChapter: NEW_CHAPTER,
    UpdateChapter: CHANGED_CHAPTER,
}


@pytest.fixture
async def ana(shop: Shop) -> Person:
    return await shop.author("ana")


@pytest.fixture
async def ed(shop: Shop, ana: Person) -> Person:
    """An editor of Ana's."""
    assert ana.site
    ed = await shop.person("ed")
    await shop.joins(ed, ana.site["tenantId"], "EDITOR")
    ed.site = ana.site
    return ed


def door(ana: Person) -> str:
    assert ana.site
    return f"/v1/sites/{ana.site['id']}"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_no_field_of_a_form_escapes_this_walk(form: type[msgspec.Struct]) -> None:
    assert set(FORMS[form]) == set(form.__struct_encode_fields__)


async def walked(ana: Person, ed: Person, form: type, place: tuple[str, Any], given: Mapping[str, Any]) -> list[str]:
    """What an editor was told otherwise than the table says; `place`: a method, and what makes an address."""
    method, path = place
    assert ana.site
    member, wrong = await ana.sells("Member"), []
    series = await ana.begins_series()
    places = {"MEMBERS": [member["id"]], "SERIES": series["id"], "SITE": ana.site["slug"]}
    for field, (value, kind) in FORMS[form].items():
        sent = (
            value if isinstance(value, dict) else {field: places.get(value, value) if isinstance(value, str) else value}
        )
        answer = await ed.ask(method, await path(), json={**given, **sent})
        held = answer.status_code == 403 and answer.json().get("permission") == "EditProductPrice"
        if kind == PRICED and not (held and "EditProductPrice" in answer.text):
            wrong.append(f"{field}: {answer.status_code} {answer.text}")
        if kind != PRICED and (held or answer.status_code >= 500):
            wrong.append(f"{field}: {answer.status_code} {answer.text}")
        if kind == FREE and answer.status_code not in (200, 201):
            wrong.append(f"{field}: {answer.status_code} {answer.text}")
    return wrong


@pytest.mark.feature("A2", "C19")
async def test_an_editor_makes_free_drafts_and_decides_no_cost(shop: Shop, ana: Person, ed: Person) -> None:
    async def products() -> str:
        return f"{door(ana)}/products"

    assert await walked(ana, ed, CreateProduct, ("POST", products), {"name": "Draft"}) == []
    draft = await ed.post(f"{door(ana)}/products", {"name": "Draft"})
    assert draft.status_code == 201, draft.text
    assert (draft.json()["isActive"], draft.json()["price"]) == (False, 0)
    bundle = {"name": "All", "productType": "BUNDLE", "memberIds": [draft.json()["id"]]}
    assert (await ed.post(f"{door(ana)}/products", bundle)).json()["permission"] == "EditProductPrice"
    assert (await ana.post(f"{door(ana)}/products", bundle)).status_code == 422  # its holder must say the price


@pytest.mark.feature("A4", "C19")
@pytest.mark.parametrize("product_type", ["EBOOK", "BUNDLE"])
async def test_an_editor_changes_everything_but_the_cost(
    shop: Shop, ana: Person, ed: Person, product_type: str
) -> None:
    async def fresh() -> str:
        sold = await ana.sells(
            "Atlas", price=2000, prices=[{"sku": new_token(), "amount": 3000}], isActive=False, productType=product_type
        )
        return f"{door(ana)}/products/{sold['id']}"

    assert await walked(ana, ed, UpdateProduct, ("PUT", fresh), {}) == []


@pytest.mark.feature("A4", "C19")
async def test_only_who_may_price_puts_a_product_on_sale_first(shop: Shop, ana: Person, ed: Person) -> None:
    draft = (await ed.post(f"{door(ana)}/products", {"name": "Draft"})).json()
    path = f"{door(ana)}/products/{draft['id']}"
    refused = await ed.put(path, {"isActive": True})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (403, "/isActive")
    assert (await ed.put(path, {"isActive": False, "name": "Better"})).status_code == 200
    assert (await ana.put(path, {"price": 500, "isActive": True})).status_code == 200
    for is_active in (False, True):
        assert (await ed.put(path, {"isActive": is_active})).json()["isActive"] is is_active
    assert (await ed.delete(path)).status_code == 204
    assert (await ed.post(f"{path}/restore")).json()["isActive"] is True


@pytest.mark.feature("B3", "B4", "C19")
async def test_the_doors_of_agents_hold_the_same(shop: Shop, ana: Person, ed: Person) -> None:
    assert ana.site

    async def products() -> str:
        return "/api/products"

    async def fresh() -> str:
        made = await ana.post("/api/products", {"name": "Atlas", "price": 9, "is_active": False})
        return f"/api/products/{made.json()['product']['id']}"

    site = ana.site["slug"]
    made = await walked(ana, ed, NewProduct, ("POST", products), {"name": "Draft", "price": 0, "site": site})
    assert made == []
    assert await walked(ana, ed, ChangedProduct, ("PATCH", fresh), {}) == []


@pytest.mark.feature("A32", "C19")
async def test_what_readers_pay_is_decided_by_who_may_price(shop: Shop, ana: Person, ed: Person) -> None:
    series = await ana.begins_series()

    async def all_series() -> str:
        return f"{door(ana)}/series"

    async def fresh_series() -> str:
        return f"{door(ana)}/series/{(await ana.begins_series())['id']}"

    async def chapters() -> str:
        return f"{door(ana)}/chapters"

    async def fresh_chapter() -> str:
        begun = await ana.begins_series()
        made = await ana.writes(begun, isPublished=False)
        return f"{door(ana)}/chapters/{made['id']}"

    assert await walked(ana, ed, CreateSeries, ("POST", all_series), {"title": "Walk"}) == []
    assert await walked(ana, ed, UpdateSeries, ("PUT", fresh_series), {}) == []
    written = {"title": "One", "seriesId": series["id"]}
    assert await walked(ana, ed, CreateChapter, ("POST", chapters), written) == []
    assert await walked(ana, ed, UpdateChapter, ("PUT", fresh_chapter), {}) == []


@pytest.mark.feature("A32", "C19")
async def test_a_chapter_of_an_editor_waits_for_who_may_price(shop: Shop, ana: Person, ed: Person) -> None:
    series = await ana.begins_series()
    chapter = (await ed.post(f"{door(ana)}/chapters", {"seriesId": series["id"], "title": "One"})).json()
    assert chapter["isPublished"] is False
    path = f"{door(ana)}/chapters/{chapter['id']}"
    assert (await ed.put(path, {"isPublished": True})).json()["permission"] == "EditProductPrice"
    assert (await ana.put(path, {"isPublished": True})).status_code == 200
    for is_published in (False, True):
        assert (await ed.put(path, {"isPublished": is_published})).json()["isPublished"] is is_published


@pytest.mark.feature("A24", "C19")
async def test_codes_are_for_who_manages_discounts(shop: Shop, ana: Person, ed: Person) -> None:
    code = {"code": "ALL", "discountType": "PERCENTAGE", "value": 100}
    made = await ana.post(f"{door(ana)}/discount-codes", code)
    path = f"{door(ana)}/discount-codes/{made.json()['id']}"
    tries = [
        await ed.post(f"{door(ana)}/discount-codes", code),
        await ed.put(path, {"value": 1}),
        await ed.delete(path),
    ]
    assert [(each.status_code, each.json()["permission"]) for each in tries] == [(403, "ManageDiscounts")] * 3
