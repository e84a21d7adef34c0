"""A creator sells through /api: what the shop shows then, and what everybody else is told."""

import itertools
from typing import Any

import pytest

from tests.agents.test_dialect import MISSING, refused
from tests.vocabulary.shop import Person, Shop

ART = {
    "name": "Fields in Winter",
    "description": "Forty drawings of fields, each as a print",
    "price": 9.99,
    "category": "digital_art",
    "is_active": True,
    "is_pay_what_you_want": False,
    "thank_you_message": "Enjoy the fields!",
    "redirect_url": "https://example.com/download",
    "use_redirect_url": False,
}
names = (f"Print {number}" for number in itertools.count(1))


async def sells(creator: Person, **fields: Any) -> dict[str, Any]:
    """A product that its creator makes by the dialect."""
    answer = await creator.post("/api/products", {"name": next(names), "price": 9.99, **fields})
    assert answer.status_code == 201, answer.text
    product: dict[str, Any] = answer.json()["product"]
    return product


async def seen(shop: Shop, product: dict[str, Any]) -> dict[str, Any]:
    """The product as everybody sees it."""
    answer = await shop.http.get(f"/api/products/public/{product['id']}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    found: dict[str, Any] = answer.json()["data"]
    return found


async def listed(shop: Shop, **query: Any) -> list[dict[str, Any]]:
    answer = await shop.http.get("/api/products/public", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


@pytest.mark.feature("B3")
async def test_an_agent_without_a_shop_sells_its_first_product(shop: Shop) -> None:
    agent = await shop.agent()
    answer = await agent.post("/api/products", ART)
    assert answer.status_code == 201
    said = answer.json()["product"]
    assert {name: said[name] for name in ART} == ART
    assert said["site"] == agent.name
    assert answer.headers["etag"] == f'"{said["version"]}"'
    site = await shop.db.record(
        "select s.*, t.limits, t.is_personal from sites s join tenants t on t.id = s.tenant_id where s.slug = $1",
        agent.name,
    )
    assert site is not None
    assert (site["currency"], site["is_personal"]) == ("USDC", True)
    assert site["limits"]["products"] == 10


@pytest.mark.feature("B2")
async def test_everybody_reads_of_it_field_for_field(shop: Shop) -> None:
    agent = await shop.agent()
    product = await sells(agent, **ART)
    shown = await seen(shop, product)
    assert {name: shown[name] for name in ("name", "description", "price", "is_pay_what_you_want", "category")} == {
        name: ART[name] for name in ("name", "description", "price", "is_pay_what_you_want", "category")
    }
    assert shown["image_url"] is None
    creator = shown["creator"]
    assert set(creator) == {"id", "username", "display_name", "avatar_url"}
    assert (creator["id"], creator["username"], creator["avatar_url"]) == (str(agent.id), agent.name, None)
    private = {"thank_you_message", "redirect_url", "use_redirect_url", "license_enabled", "license_text"}
    assert not private & set(shown)


@pytest.mark.feature("B1")
async def test_the_list_is_of_one_creator_and_category_and_goes_on_by_cursor(shop: Shop) -> None:
    agent = await shop.agent()
    made = [await sells(agent, category=category) for category in ("music", "ebook", "music")]
    ids = [product["id"] for product in reversed(made)]
    assert [each["id"] for each in await listed(shop, username=agent.name)] == ids
    assert [each["id"] for each in await listed(shop, username=agent.name.upper())] == ids
    assert [each["id"] for each in await listed(shop, username=agent.name, category="music")] == [ids[0], ids[2]]
    first = (await shop.http.get(f"/api/products/public?username={agent.name}&limit=2")).json()
    assert [each["id"] for each in first["data"]] == ids[:2]
    rest = await shop.http.get(f"/api/products/public?username={agent.name}&limit=2&cursor={first['next_cursor']}")
    assert [each["id"] for each in rest.json()["data"]] == ids[2:]
    assert rest.json()["next_cursor"] is None
    assert await listed(shop, username="nobody-of-this-name") == []
    for wrong in ("limit=0", "limit=101", "category=cats", "cursor=x"):
        refused(await shop.http.get(f"/api/products/public?{wrong}"), 400)


@pytest.mark.feature("B16")
async def test_the_eight_categories_are_the_source_s(shop: Shop) -> None:
    agent = await shop.agent()
    for category in ("digital_art", "music", "ebook", "software", "course", "template", "video", "other"):
        assert (await sells(agent, category=category))["category"] == category
    assert (await sells(agent))["category"] == "other"
    refused(await agent.post("/api/products", {"name": "x", "price": 1, "category": "cats"}), 400)


@pytest.mark.feature("B3")
async def test_the_second_product_goes_to_the_same_site_however_many_come_at_once(shop: Shop) -> None:
    import asyncio

    agent = await shop.agent()
    made = await asyncio.gather(*(sells(agent) for _ in range(6)))
    assert {product["site"] for product in made} == {agent.name}
    count = await shop.db.value("select count(*) from sites where created_by = $1", agent.id)
    assert count == 1


@pytest.mark.feature("B3")
async def test_the_eleventh_product_of_an_agent_is_one_too_many(shop: Shop) -> None:
    agent = await shop.agent()
    products = [await sells(agent) for _ in range(10)]
    refused(await agent.post("/api/products", {"name": "x", "price": 1}), 409, code="product_limit")
    await shop.db.do("update products set deleted_at = now() where id = $1::text::uuid", products[0]["id"])
    await sells(agent)


@pytest.mark.feature("B3")
async def test_who_has_several_sites_says_which(shop: Shop) -> None:
    ana = await shop.author()
    assert ana.site is not None
    assert (await sells(ana))["site"] == ana.site["slug"]
    other = f"{ana.name}-prints"
    body = {"slug": other, "name": "Prints", "currencyCode": "EUR"}
    assert (await ana.post("/v1/sites", body)).status_code == 201
    assert (await sells(ana))["site"] == ana.name  # the one of her name
    assert (await sells(ana, site=other))["site"] == other
    await shop.db.do("update sites set slug = $2 where slug = $1", ana.name, f"{ana.name}-old")
    said = refused(await ana.post("/api/products", {"name": "x", "price": 1}), 409, code="which_site")
    assert said["errors"][0]["pointer"] == "/site" and other in said["error"]
    refused(await ana.post("/api/products", {"name": "x", "price": 1, "site": "no-such-site"}), 400)
    ben = await shop.author("ben")
    refused(await ben.post("/api/products", {"name": "x", "price": 1, "site": other}), 404)


@pytest.mark.feature("B4")
async def test_a_product_is_changed_field_by_field(shop: Shop) -> None:
    agent = await shop.agent()
    product = await sells(agent, **ART)
    path = f"/api/products/{product['id']}"
    change = {"name": "Fields in Winter and Spring", "price": 7.99, "description": "Seventy drawings now"}
    answer = await agent.patch(path, change)
    assert answer.status_code == 200, answer.text
    after = answer.json()["product"]
    change |= {"price_with_tax": 7.99}
    assert {**product, **change, "version": after["version"], "updated_at": after["updated_at"]} == after
    assert (await seen(shop, product))["price"] == 7.99
    cleared = (await agent.patch(path, {"description": None, "thank_you_message": None})).json()["product"]
    assert cleared["description"] is None and cleared["thank_you_message"] is None
    refused(await agent.patch(path, {"name": None}), 400)
    refused(await agent.patch(path, {"name": "x", "version": product["version"]}), 409, code="stale_version")
    refused(await agent.patch(path, {"name": "x"}, headers={"If-Match": '"1"'}), 412)
    assert (await agent.get(path)).json()["product"]["name"] == change["name"]


@pytest.mark.feature("B4")
async def test_nobody_else_keeps_it(shop: Shop) -> None:
    agent, other = await shop.agent(), await shop.agent()
    product = await sells(agent)
    path = f"/api/products/{product['id']}"
    for stranger in (other, await shop.person()):
        refused(await stranger.get(path), 404, "Product not found")
        refused(await stranger.patch(path, {"price": 1}), 404, "Product not found")
        assert (await stranger.get("/api/products")).json()["products"] == []
    refused(await (await shop.person()).delete(path), 404, "Product not found")
    for missing in (await agent.get(f"/api/products/{MISSING}"), await agent.patch(f"/api/products/{MISSING}", {})):
        refused(missing, 404, "Product not found", "product_not_found")
    refused(await shop.http.get("/api/products"), 401)
    refused(await shop.http.post("/api/products", json=ART), 401)
    editor, viewer = await shop.person(), await shop.person()
    tenant = await shop.db.value("select tenant_id from sites where slug = $1", agent.name)
    await shop.joins(editor, tenant, "EDITOR")
    await shop.joins(viewer, tenant, "VIEWER")
    assert (await editor.patch(path, {"name": "By its editor"})).status_code == 200
    refused(await editor.patch(path, {"price": 1}), 403)
    assert (await viewer.get(path)).status_code == 200
    refused(await viewer.patch(path, {"name": "x"}), 403)


@pytest.mark.feature("B4")
async def test_a_product_is_taken_off_the_shop_by_a_signed_request(shop: Shop) -> None:
    agent = await shop.agent()
    product = await sells(agent)
    refused(await agent.delete(f"/api/products/{product['id']}"), 401, code="signature_required")
    ana = await shop.author()
    product = await sells(ana)
    answer = await ana.delete(f"/api/products/{product['id']}")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    refused(await shop.http.get(f"/api/products/public/{product['id']}"), 404, "Product not found")
    refused(await ana.get(f"/api/products/{product['id']}"), 404, "Product not found")
    assert (await ana.get("/api/products")).json()["products"] == []


@pytest.mark.feature("B1", "B4")
async def test_both_dialects_keep_one_shop(shop: Shop) -> None:
    ana = await shop.author()
    assert ana.site is not None
    site = f"/v1/sites/{ana.site['id']}/products"
    here = await sells(ana)
    there = (await ana.get(f"{site}/{here['id']}")).json()
    assert (there["price"], there["currencyCode"], there["category"]) == (9_990_000, "USDC", "other")
    euros = await ana.sells("In euros", price=1200)
    both = await ana.sells("In both", price=1200, prices=[
        {"sku": f"{ana.name}/usdc", "amount": 13_500_000, "currencyCode": "USDC"},
        {"sku": f"{ana.name}/usdc-monthly", "amount": 1_000_000, "currencyCode": "USDC",
         "recurring": {"interval": "month"}},
    ])  # fmt: skip
    found = {each["id"]: each for each in await listed(shop, username=ana.name)}
    assert set(found) == {here["id"], both["id"]}
    assert found[both["id"]]["price"] == 13.5
    refused(await shop.http.get(f"/api/products/public/{euros['id']}"), 404, "Product not found")
    assert {each["id"] for each in (await ana.get("/api/products")).json()["products"]} == set(found)
    assert (await ana.patch(f"/api/products/{both['id']}", {"price": 14})).json()["product"]["price"] == 14
    prices = (await ana.get(f"{site}/{both['id']}")).json()["prices"]
    assert [price["amount"] for price in prices] == [1200, 14_000_000, 1_000_000]
    for page in (f"/s/{ana.name}/shop/{here['url'].rsplit('/', 1)[1]}", f"/v1/s/{ana.name}/shop"):
        answer = await shop.http.get(page)
        assert here["name"] in answer.text, page


@pytest.mark.feature("B11")
async def test_release_end_and_quantity_are_the_shop_s_own(shop: Shop) -> None:
    agent = await shop.agent()
    soon, later = "2031-01-01T12:00:00Z", "2031-02-01T12:00:00Z"
    product = await sells(agent, is_scheduled=True, scheduled_at=soon, sale_ends_at=later, is_limited_quantity=True,
                          max_quantity=3)  # fmt: skip
    shown = await seen(shop, product)
    assert (shown["is_scheduled"], shown["scheduled_at"], shown["sale_ends_at"]) == (True, soon, later)
    assert (shown["is_limited_quantity"], shown["max_quantity"], shown["remaining"]) == (True, 3, 3)
    assert await listed(shop, username=agent.name) == []
    path = f"/api/products/{product['id']}"
    now = (await agent.patch(path, {"is_scheduled": False})).json()["product"]
    assert (now["is_scheduled"], now["scheduled_at"]) == (False, None)
    assert len(await listed(shop, username=agent.name)) == 1
    again = (await agent.patch(path, {"scheduled_at": soon})).json()["product"]
    assert again["is_scheduled"] is True
    said = refused(await agent.patch(path, {"sale_ends_at": "2030-01-01T00:00:00Z"}), 400)
    assert said["errors"][0]["pointer"] == "/sale_ends_at"
    free = (await agent.patch(path, {"is_limited_quantity": False})).json()["product"]
    assert (free["is_limited_quantity"], free["max_quantity"], free["remaining"]) == (False, None, None)
    assert (await agent.patch(path, {"max_quantity": 7})).json()["product"]["remaining"] == 7
    assert (await agent.patch(path, {"max_quantity": None})).json()["product"]["is_limited_quantity"] is False
    not_so = await sells(agent, is_scheduled=False, scheduled_at=soon, is_limited_quantity=False, max_quantity=2)
    assert (not_so["is_scheduled"], not_so["is_limited_quantity"]) == (False, False)
    assert (await sells(agent, scheduled_at=soon))["is_scheduled"] is True
    assert (await sells(agent, max_quantity=2))["is_limited_quantity"] is True


@pytest.mark.feature("B3")
@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "   "}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"name": None}, "/name"),
        ({"description": "x" * 2_001}, "/description"),
        ({"price": -1}, "/price"),
        ({"price": "9.99"}, "/price"),
        ({"price": 0.0000001}, "/price"),
        ({"price": None}, "/price"),
        ({"price": 1e400}, ""),  # Infinity is no JSON
        ({"price": 1e10}, "/price"),
        ({"category": "cats"}, "/category"),
        ({"is_active": "yes"}, "/is_active"),
        ({"thank_you_message": "x" * 2_001}, "/thank_you_message"),
        ({"redirect_url": "javascript:alert(1)"}, "/redirect_url"),
        ({"redirect_url": "https://x.example/" + "x" * 2_048}, "/redirect_url"),
        ({"use_redirect_url": True}, "/redirect_url"),
        ({"license_enabled": True}, "/license_text"),
        ({"license_text": "x" * 20_001}, "/license_text"),
        ({"is_scheduled": True}, "/scheduled_at"),
        ({"scheduled_at": "tomorrow"}, "/scheduled_at"),
        ({"scheduled_at": "9999-12-31T23:59:59Z"}, "/scheduled_at"),
        ({"sale_ends_at": 7}, "/sale_ends_at"),
        ({"scheduled_at": "2031-02-01T00:00:00Z", "sale_ends_at": "2031-01-01T00:00:00Z"}, "/sale_ends_at"),
        ({"is_limited_quantity": True}, "/max_quantity"),
        ({"max_quantity": -1}, "/max_quantity"),
        ({"max_quantity": 1.5}, "/max_quantity"),
        ({"is_pay_what_you_want": True, "minimum_amount": 10}, "/minimum_amount"),
        ({"site": "Not A Word"}, "/site"),
        ({"nobody_knows_this": 1}, "/nobody_knows_this"),
    ],
)
async def test_each_field_has_its_limits(shop: Shop, fields: dict[str, Any], pointer: str) -> None:
    person = await shop.person()
    body = {"name": "Print", "price": 9.99, **fields}
    said = refused(await person.post("/api/products", content=as_json(body)), 400)
    assert pointer in [error["pointer"] for error in said["errors"]], said
    assert await shop.db.value("select count(*) from sites where created_by = $1", person.id) == 0


def as_json(body: dict[str, Any]) -> str:
    import json

    return json.dumps(body)


@pytest.mark.feature("B3")
async def test_what_is_missing_is_named(shop: Shop) -> None:
    person = await shop.person()
    assert refused(await person.post("/api/products", {"price": 1}), 400)["errors"][0]["pointer"] == "/name"
    assert refused(await person.post("/api/products", {"name": "x"}), 400)["errors"][0]["pointer"] == "/price"
    refused(await person.post("/api/products", content=b"{"), 400)
    refused(await person.post("/api/products", content=b'{"name": "x", "price": NaN}'), 400)
    refused(await person.post("/api/products", content=b'{"name": "x", "price": 1e400}'), 400)
    refused(await person.post("/api/products", content=b" " * 1_000_001), 413)


async def test_a_create_that_is_sent_twice_is_one_product(shop: Shop) -> None:
    agent = await shop.agent()
    key = {"Idempotency-Key": "once"}
    first = await agent.post("/api/products", {"name": "Once", "price": 0.1}, headers=key)
    again = await agent.post("/api/products", {"name": "Once", "price": 0.1}, headers=key)
    assert first.content == again.content and again.headers["idempotent-replayed"] == "true"
    refused(await agent.post("/api/products", {"name": "Twice", "price": 1}, headers=key), 422,
            code="idempotency_key_reused")  # fmt: skip
    assert len(await listed(shop, username=agent.name)) == 1


@pytest.mark.feature("B1")
async def test_who_has_the_newest_answer_is_told_so(shop: Shop) -> None:
    agent = await shop.agent()
    product = await sells(agent)
    for path in (f"/api/products/public?username={agent.name}", f"/api/products/public/{product['id']}"):
        answer = await shop.http.get(path)
        assert answer.headers["cache-control"] == "public, max-age=10"
        tag = {"If-None-Match": answer.headers["etag"]}
        assert (await shop.http.get(path, headers=tag)).status_code == 304


@pytest.mark.feature("B2", "B4")
async def test_what_is_switched_off_is_nobody_s_to_see_but_its_creator_s(shop: Shop) -> None:
    agent = await shop.agent()
    product = await sells(agent, is_active=False)
    refused(await shop.http.get(f"/api/products/public/{product['id']}"), 404, "Product not found")
    assert await listed(shop, username=agent.name) == []
    mine = (await agent.get("/api/products")).json()["products"]
    assert [(each["id"], each["is_active"]) for each in mine] == [(product["id"], False)]


@pytest.mark.feature("B3")
async def test_an_agent_s_shop_is_paid_to_its_wallet_and_may_be_renamed_once(shop: Shop) -> None:
    agent = await shop.agent()
    await sells(agent)
    site = await shop.db.record("select id, payout_wallet, slug from sites where created_by = $1", agent.id)
    assert site is not None
    assert site["payout_wallet"] == agent.address
    ana = await shop.author()
    assert ana.site is not None
    owner = await shop.person()
    tenant_id = await shop.db.value("select tenant_id from sites where id = $1", site["id"])
    await shop.joins(owner, tenant_id, "OWNER")
    path = f"/v1/sites/{site['id']}"
    assert (await owner.patch(path, {"slug": ana.site["slug"]})).json()["code"] == "slug_taken"
    assert (await owner.patch(path, {"slug": site["slug"]})).status_code == 200
    better = f"atlas-of-{ana.name}"
    answer = await owner.patch(path, {"slug": better})
    assert (answer.json()["slug"], answer.json()["slugMayChange"]) == (better, False)
    assert (await owner.patch(path, {"slug": f"{better}-2"})).json()["code"] == "slug_for_ever"
    refused_once = await ana.patch(f"/v1/sites/{ana.site['id']}", {"slug": f"{better}-2"})
    assert refused_once.json()["code"] == "slug_for_ever"
    assert (await sells(agent))["site"] == better


@pytest.mark.feature("B1")
async def test_a_product_comes_to_the_market_with_its_price_in_usdc_and_goes_with_it(shop: Shop) -> None:
    ana = await shop.author()
    assert ana.site is not None
    product = await ana.sells(price=1200)
    path = f"/v1/sites/{ana.site['id']}/products/{product['id']}"
    sku = f"{ana.name}/usdc"
    added = await ana.put(path, {"prices": [{"sku": sku, "amount": 5_000_000, "currencyCode": "USDC"}]})
    assert added.status_code == 200, added.text
    assert (await seen(shop, product))["price"] == 5
    assert (await ana.put(path, {"prices": [{"sku": sku, "amount": 6_500_000}]})).status_code == 200
    assert [each["price"] for each in await listed(shop, username=ana.name)] == [6.5]
    assert (await ana.put(path, {"prices": [{"sku": sku, "isArchived": True}]})).status_code == 200
    refused(await shop.http.get(f"/api/products/public/{product['id']}"), 404, "Product not found")
    assert await listed(shop, username=ana.name) == []


@pytest.mark.feature("B9")
async def test_a_minimum_is_of_one_currency(shop: Shop) -> None:
    """Else three euros would be three millionths of a dollar."""
    ana = await shop.author()
    assert ana.site is not None
    usdc = {"sku": f"{ana.name}/usdc", "amount": 5_000_000, "currencyCode": "USDC"}
    wish = {"name": "Sky", "price": 1200, "prices": [usdc], "isPayWhatYouWant": True}
    path = f"/v1/sites/{ana.site['id']}/products"
    answer = await ana.post(path, wish | {"minimumAmount": 300})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/minimumAmount")
    product = (await ana.post(path, wish)).json()
    assert (await seen(shop, product))["is_pay_what_you_want"] is True
    later = await ana.put(f"{path}/{product['id']}", {"minimumAmount": 300})
    assert (later.status_code, later.json()["errors"][0]["pointer"]) == (422, "/minimumAmount")
