"""Keys for programs: less than their maker may do, shown once, ended at will."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.vocabulary.people import fresh_email, problem
from tests.vocabulary.shop import Person, Shop

from purvey.kit.ids import token_hash


async def makes_key(person: Person, *scopes: str, **other: Any) -> dict[str, Any]:
    answer = await person.post("/v1/api-keys", {"name": "a program", "scopes": list(scopes), **other})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def by_key(shop: Shop, key: str, method: str, path: str, json: Any = None) -> httpx.Response:
    return await shop.http.request(method, path, json=json, headers={"Authorization": f"Bearer {key}"})


async def test_a_key_is_shown_once_and_kept_hashed(shop: Shop) -> None:
    ana = await shop.author()
    made = await makes_key(ana, "ViewProducts", "EditProducts", "ViewProducts")
    assert made["key"].startswith("pk_")
    assert made["key"].startswith(made["prefix"])
    assert made["scopes"] == ["EditProducts", "ViewProducts"]
    listed = (await ana.get("/v1/api-keys?count=true")).json()
    assert listed["total"] == 1
    assert listed["data"] == [{name: value for name, value in made.items() if name != "key"}]
    row = await shop.db.record("select * from api_keys where prefix = $1", made["prefix"])
    assert made["key"] not in str(row)


@pytest.mark.feature("C19")
async def test_a_key_does_what_its_scopes_say_and_no_more(shop: Shop) -> None:
    ana = await shop.author()
    assert ana.site is not None
    site, tenant = f"/v1/sites/{ana.site['id']}", f"/v1/tenants/{ana.site['tenantId']}"
    key = (await makes_key(ana, "EditBillingDetails"))["key"]
    assert (await by_key(shop, key, "PATCH", site, {"name": "By a program"})).status_code == 200
    refused = problem(await by_key(shop, key, "GET", f"{tenant}/audit-log"), 403)
    assert refused["permission"] == "ManageMembers"
    problem(await by_key(shop, key, "POST", f"{tenant}/invitations", {"email": "x@example.com", "role": "OWNER"}), 403)
    managing = (await makes_key(ana, "ManageMembers"))["key"]
    assert (await by_key(shop, managing, "GET", f"{tenant}/audit-log")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/api-keys", {"name": "another", "scopes": ["ViewProducts"]}),
        ("GET", "/v1/api-keys", None),
        ("POST", "/v1/me/password", {"currentPassword": "x", "newPassword": "y" * 12}),
        ("PATCH", "/v1/me", {"displayName": "A program"}),
        ("GET", "/v1/me/sessions", None),
        ("DELETE", "/v1/me/sessions", None),
        ("POST", "/v1/auth/sign-out", None),
        ("POST", "/v1/auth/verify-email/resend", None),
        ("POST", "/v1/tenants", {"name": "Another"}),
        ("POST", "/v1/sites", {"slug": "another-site", "name": "Another", "currencyCode": "EUR"}),
        ("POST", "/v1/invitations/accept", {"token": "x"}),
    ],
)
async def test_no_key_opens_the_doors_of_an_account(shop: Shop, method: str, path: str, body: Any) -> None:
    ana = await shop.author()
    key = (await makes_key(ana, "ManageMembers", "ManageKeys"))["key"]
    assert (await by_key(shop, key, "GET", "/v1/me")).status_code == 200
    problem(await by_key(shop, key, method, path, body), 403, "not_for_keys")


async def test_an_admins_key_is_no_admin(shop: Shop) -> None:
    root = await shop.person("root", admin=True)
    key = (await makes_key(root, "ViewProducts"))["key"]
    assert (await root.get("/v1/admin/audit-log")).status_code == 200
    problem(await by_key(shop, key, "GET", "/v1/admin/audit-log"), 403)


async def test_nobody_gives_a_key_more_than_they_have(shop: Shop) -> None:
    ana, ben = await shop.author(), await shop.person("ben")
    assert ana.site is not None
    tenant_id = ana.site["tenantId"]
    await shop.joins(ben, tenant_id, "EDITOR")
    assert (await makes_key(ben, "EditProducts", tenantId=tenant_id))["tenantId"] == tenant_id
    too_much = {"name": "k", "scopes": ["ManageMembers"], "tenantId": tenant_id}
    problem(await ben.post("/v1/api-keys", too_much), 422, None, "/scopes")
    platform = {"name": "k", "scopes": ["PlatformAdminEditBillingDetails"]}
    problem(await ana.post("/v1/api-keys", platform), 422, None, "/scopes")
    stranger = await shop.person("stranger")
    problem(await stranger.post("/v1/api-keys", too_much), 404)


async def test_a_key_shrinks_with_its_makers_role(shop: Shop) -> None:
    ana, ben = await shop.author(), await shop.person("ben")
    assert ana.site is not None
    await shop.joins(ben, ana.site["tenantId"], "MANAGER")
    key = (await makes_key(ben, "EditBillingDetails"))["key"]
    door = f"/v1/sites/{ana.site['id']}"
    assert (await by_key(shop, key, "PATCH", door, {"name": "One"})).status_code == 200
    await ana.patch(f"/v1/tenants/{ana.site['tenantId']}/members/{ben.id}", {"role": "VIEWER"})
    problem(await by_key(shop, key, "PATCH", door, {"name": "Two"}), 403)


async def test_a_key_for_one_tenant_knows_no_other(shop: Shop) -> None:
    ana = await shop.author()
    other = (await ana.post("/v1/sites", {"slug": f"{ana.name}-b"[:60], "name": "B", "currencyCode": "EUR"})).json()
    tenant = (await ana.post("/v1/tenants", {"name": "Second"})).json()
    key = (await makes_key(ana, "ViewProducts", "EditBillingDetails", tenantId=tenant["id"]))["key"]
    problem(await by_key(shop, key, "GET", f"/v1/sites/{other['id']}"), 404)
    assert (await by_key(shop, key, "GET", "/v1/sites")).json()["data"] == []
    assert [one["id"] for one in (await by_key(shop, key, "GET", "/v1/tenants")).json()["data"]] == [tenant["id"]]
    site = {"slug": f"{ana.name}-c"[:60], "name": "C", "currencyCode": "EUR", "tenantId": tenant["id"]}
    assert (await by_key(shop, key, "POST", "/v1/sites", site)).status_code == 201
    elsewhere = site | {"slug": f"{ana.name}-d"[:60], "tenantId": other["tenantId"]}
    problem(await by_key(shop, key, "POST", "/v1/sites", elsewhere), 404)


async def test_a_revoked_or_expired_key_is_worth_nothing_at_once(shop: Shop) -> None:
    ana, ben = await shop.author(), await shop.person("ben")
    made = await makes_key(ana, "ViewProducts", expiresAt=(shop.now + timedelta(days=1)).isoformat())
    lasting = await makes_key(ana, "ViewProducts")
    assert (await by_key(shop, made["key"], "GET", "/v1/me")).status_code == 200
    shop.days_pass(1.1)
    problem(await by_key(shop, made["key"], "GET", "/v1/me"), 401)
    problem(await ben.delete(f"/v1/api-keys/{lasting['id']}"), 404)
    assert (await ana.delete(f"/v1/api-keys/{lasting['id']}")).status_code == 204
    problem(await ana.delete(f"/v1/api-keys/{lasting['id']}"), 404)
    problem(await by_key(shop, lasting["key"], "GET", "/v1/me"), 401)
    assert [one["id"] for one in (await ana.get("/v1/api-keys")).json()["data"]] == [made["id"]]


async def test_the_last_use_is_written_once_a_minute_at_most(shop: Shop) -> None:
    ana = await shop.author()
    made = await makes_key(ana, "ViewProducts")
    assert made["lastUsedAt"] is None
    await asyncio.gather(*(by_key(shop, made["key"], "GET", "/v1/me") for _ in range(8)))

    async def version_and_use() -> Any:
        sql = "select xmin::text, last_used_at from api_keys where prefix = $1"
        return tuple((await shop.db.record(sql, made["prefix"]) or {}).values())

    first = await version_and_use()
    assert first[1] is not None
    await by_key(shop, made["key"], "GET", "/v1/me")
    assert await version_and_use() == first
    shop.minutes_pass(1.1)
    await by_key(shop, made["key"], "GET", "/v1/me")
    assert (await version_and_use())[1] > first[1]


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"name": " "}, 400, "/name"),
        ({"name": "x" * 101}, 400, "/name"),
        ({"scopes": []}, 400, "/scopes"),
        ({"scopes": ["FlyToTheMoon"]}, 400, "/scopes/"),
        ({"scopes": "ViewProducts"}, 400, "/scopes"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, 422, "/expiresAt"),
        ({"expiresAt": "2040-01-01T00:00:00"}, 400, "/expiresAt"),
    ],
)
async def test_every_wrong_field_of_a_key_is_named(
    shop: Shop, change: dict[str, Any], status: int, pointer: str
) -> None:
    ana = await shop.author()
    body = {"name": "k", "scopes": ["ViewProducts"]} | change
    answer = await ana.post("/v1/api-keys", body)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith(pointer), answer.text


async def test_a_key_for_an_idempotency_key_is_never_kept(shop: Shop) -> None:
    ana = await shop.author()
    body, headers = {"name": "k", "scopes": ["ViewProducts"]}, {"Idempotency-Key": f"key-{ana.name}"}
    first = await ana.post("/v1/api-keys", body, headers=headers)
    second = await ana.post("/v1/api-keys", body, headers=headers)
    assert first.json()["key"] != second.json()["key"]


@pytest.mark.feature("A12")
async def test_a_key_buys_and_has_what_was_bought_only_when_it_was_told_to(shop: Shop) -> None:
    ana = await shop.author()
    product = await ana.sells(name="Free Sampler", productType="EBOOK", price=0)
    ben = await shop.person("ben")
    blind, buying = [(await makes_key(ben, *scopes))["key"] for scopes in (["MakePurchases"], ["MakePurchases"])]
    await shop.db.do("update api_keys set scopes = '{ViewProducts}' where token_hash = $1", token_hash(blind))
    problem(await by_key(shop, blind, "POST", "/v1/purchases", {"productId": product["id"]}), 403)
    bought = await by_key(shop, buying, "POST", "/v1/purchases", {"productId": product["id"]})
    assert bought.status_code == 201, bought.text
    mine = f"/v1/purchases/{bought.json()['id']}"
    for path in ("/v1/purchases", mine, f"{mine}/files", f"{mine}/download", "/v1/refund-requests"):
        assert problem(await by_key(shop, blind, "GET", path), 403)["permission"] == "MakePurchases"
        assert (await by_key(shop, buying, "GET", path)).status_code != 403


async def test_a_key_for_one_tenant_never_buys(shop: Shop) -> None:
    ana = await shop.author()
    assert ana.site is not None
    wish = {"name": "k", "scopes": ["MakePurchases"], "tenantId": ana.site["tenantId"]}
    problem(await ana.post("/v1/api-keys", wish), 422, None, "/scopes")


@pytest.mark.feature("C19")
async def test_an_answer_is_repeated_to_nobody_who_may_not_use_the_door_any_more(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site is not None
    await shop.joins(ben, ana.site["tenantId"], "OWNER")
    door, body = f"/v1/tenants/{ana.site['tenantId']}/invitations", {"email": fresh_email(), "role": "VIEWER"}
    wide, narrow = [(await makes_key(ben, scope))["key"] for scope in ("ManageMembers", "ViewProducts")]

    async def asks(token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "once"}
        return await shop.http.post(door, json=body, headers=headers)

    assert [(await asks(token)).status_code for token in (wide, wide)] == [201, 201]
    problem(await asks(ben.token), 409, "already_invited")  # what one key was answered is that key's alone
    assert (await asks(wide)).headers["idempotent-replayed"] == "true"
    assert problem(await asks(narrow), 403)["permission"] == "ManageMembers"
    made = (await ben.get("/v1/api-keys")).json()["data"]
    await ben.delete(f"/v1/api-keys/{next(key['id'] for key in made if wide.startswith(key['prefix']))}")
    problem(await asks(wide), 401)
    await shop.db.do("delete from memberships where user_id = $1", ben.id)
    problem(await asks(ben.token), 404)


async def test_a_narrower_key_is_not_shown_what_a_wider_one_was_answered(shop: Shop) -> None:
    """Also where the door asks for more than its guard: a site in a tenant needs EditBillingDetails."""
    ana = await shop.author("ana")
    assert ana.site is not None
    slug = fresh_email("s").partition("@")[0]
    body = {"slug": slug, "name": "Two", "currencyCode": "EUR", "tenantId": ana.site["tenantId"]}
    wide, narrow = [(await makes_key(ana, scope))["key"] for scope in ("EditBillingDetails", "ViewProducts")]

    async def asks(token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "once"}
        return await shop.http.post("/v1/sites", json=body, headers=headers)

    first, again = await asks(wide), await asks(wide)
    assert (first.status_code, again.json()) == (201, first.json())
    assert problem(await asks(narrow), 403)["permission"] == "EditBillingDetails"
