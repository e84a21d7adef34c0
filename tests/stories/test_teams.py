"""Tenants, their sites, and the people who work on them."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.vocabulary.cast import key_of
from tests.vocabulary.people import events_of, fresh_email, problem, signs_up
from tests.vocabulary.shop import Person, Shop

from purvey import tenants

MISSING = "019a0000-0000-7000-8000-000000000000"


def slug(word: str = "site") -> str:
    return fresh_email(word).partition("@")[0]


def new_site(**other: Any) -> dict[str, Any]:
    return {"slug": slug(), "name": "A Site", "currencyCode": "EUR", **other}


async def invites(owner: Person, tenant_id: str, email: str, role: str = "EDITOR", **other: Any) -> httpx.Response:
    return await owner.post(f"/v1/tenants/{tenant_id}/invitations", {"email": email, "role": role, **other})


async def mailed_invitation(shop: Shop, invitation: dict[str, Any]) -> str:
    """The token that the invitation's mail would carry."""
    from uuid import UUID

    async with shop.db.transaction() as tx:
        token = await tenants.make_invitation_token(tx, UUID(invitation["id"]), shop.now)
    assert token is not None
    return token


async def tenant_of(owner: Person) -> str:
    assert owner.site is not None
    return str(owner.site["tenantId"])


async def test_the_first_site_makes_a_personal_tenant_and_the_second_shares_it(shop: Shop) -> None:
    ana = await signs_up(shop)
    assert (await ana.get("/v1/tenants")).json()["data"] == []
    answer = await ana.post("/v1/sites", new_site(description="About"))
    assert answer.status_code == 201
    site = answer.json()
    assert (site["currencyCode"], site["refundWindowDays"], site["version"]) == ("EUR", 14, 1)
    second = (await ana.post("/v1/sites", new_site())).json()
    assert second["tenantId"] == site["tenantId"]
    mine = (await ana.get("/v1/tenants")).json()["data"]
    assert [(one["id"], one["isPersonal"]) for one in mine] == [(site["tenantId"], True)]
    assert [one["id"] for one in (await ana.get("/v1/sites")).json()["data"]] == [site["id"], second["id"]]
    assert (await ana.get(f"/v1/sites/{site['id']}")).json() == site


async def test_sites_opened_at_once_share_one_personal_tenant(shop: Shop) -> None:
    ana = await signs_up(shop)
    answers = await asyncio.gather(*(ana.post("/v1/sites", new_site()) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [201] * 5
    assert len({answer.json()["tenantId"] for answer in answers}) == 1


async def test_one_slug_has_one_site_however_many_ask_at_once(shop: Shop) -> None:
    people = [await shop.person(name) for name in ("ana", "ben", "cleo")]
    wanted = slug()
    answers = await asyncio.gather(*(one.post("/v1/sites", new_site(slug=wanted)) for one in people))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    lost = next(answer for answer in answers if answer.status_code == 409)
    body = problem(lost, 409, "slug_taken", "/slug")
    assert wanted in body["detail"]
    loser = people[answers.index(lost)]
    assert (await loser.get("/v1/tenants")).json()["data"] == []  # nothing half done


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"slug": "ab"}, 400, "/slug"),
        ({"slug": "x" * 61}, 400, "/slug"),
        ({"slug": "Upper"}, 400, "/slug"),
        ({"slug": "two words"}, 400, "/slug"),
        ({"slug": "-dash"}, 400, "/slug"),
        ({"slug": 5}, 400, "/slug"),
        ({"name": " "}, 400, "/name"),
        ({"name": "x" * 101}, 400, "/name"),
        ({"currencyCode": "EURO"}, 422, "/currencyCode"),
        ({"currencyCode": "eur"}, 400, "/currencyCode"),
        ({"currencyCode": None}, 400, "/currencyCode"),
        ({"description": "x" * 5001}, 400, "/description"),
        ({"owner": "me"}, 400, "/owner"),
    ],
)
async def test_every_wrong_field_of_a_site_is_named(
    shop: Shop, change: dict[str, Any], status: int, pointer: str
) -> None:
    ana = await shop.person()
    problem(await ana.post("/v1/sites", new_site() | change), status, None, pointer)


async def test_a_site_must_name_its_currency(shop: Shop) -> None:
    ana = await shop.person()
    body = new_site()
    del body["currencyCode"]
    problem(await ana.post("/v1/sites", body), 400, None, "/currencyCode")


async def test_a_site_is_opened_in_a_shared_tenant_by_who_may(shop: Shop) -> None:
    ana, ben, stranger = await shop.person("ana"), await shop.person("ben"), await shop.person("stranger")
    tenant = (await ana.post("/v1/tenants", {"name": "Harbour Press", "taxRateBps": 1900})).json()
    await shop.joins(ben, tenant["id"], "EDITOR")
    site = await ana.post("/v1/sites", new_site(tenantId=tenant["id"]))
    assert (site.status_code, site.json()["tenantId"]) == (201, tenant["id"])
    problem(await ben.post("/v1/sites", new_site(tenantId=tenant["id"])), 403, "forbidden")
    problem(await stranger.post("/v1/sites", new_site(tenantId=tenant["id"])), 404, "not_found")
    problem(await ana.post("/v1/sites", new_site(tenantId=MISSING)), 404, "not_found")
    assert [one["id"] for one in (await ben.get("/v1/sites")).json()["data"]] == [site.json()["id"]]


async def test_the_owner_changes_a_tenants_taxes_and_the_log_says_so(shop: Shop) -> None:
    ana = await shop.author()
    tenant_id = await tenant_of(ana)
    before = (await ana.get(f"/v1/tenants/{tenant_id}")).json()
    assert (before["taxRateBps"], before["taxInclusive"]) == (0, False)
    after = (await ana.patch(f"/v1/tenants/{tenant_id}", {"taxRateBps": 700, "taxInclusive": True})).json()
    assert (after["taxRateBps"], after["taxInclusive"], after["name"]) == (700, True, before["name"])
    entry = (await ana.get(f"/v1/tenants/{tenant_id}/audit-log?action=tenant.updated")).json()["data"][0]
    assert entry["detail"] == {"tax_rate_bps": [0, 700], "tax_inclusive": [False, True]}
    assert (entry["actorId"], entry["address"]) == (str(ana.id), "127.0.0.1")
    assert entry["requestId"]
    for wrong in ({"taxRateBps": 10_001}, {"taxRateBps": -1}, {"taxRateBps": "7"}):
        problem(await ana.patch(f"/v1/tenants/{tenant_id}", wrong), 400, None, "/taxRateBps")
    problem(await ana.patch(f"/v1/tenants/{tenant_id}", {"name": "  "}), 400, None, "/name")


async def test_two_who_change_a_site_at_once_do_not_undo_each_other(shop: Shop) -> None:
    ana = await shop.author()
    assert ana.site is not None
    door = f"/v1/sites/{ana.site['id']}"
    first = await ana.get(door)
    assert first.headers["ETag"] == '"1"'
    change = {"refundWindowDays": 30, "saleNotice": True, "description": "New"}
    done = await ana.patch(door, change, headers={"If-Match": first.headers["ETag"]})
    assert (done.status_code, done.headers["ETag"]) == (200, '"2"')
    assert {name: done.json()[name] for name in change} == change
    problem(await ana.patch(door, {"name": "Late"}, headers={"If-Match": '"1"'}), 412, "precondition_failed")
    problem(await ana.patch(door, {"name": "Late", "version": 1}), 409, "stale_version")
    answers = await asyncio.gather(*(ana.patch(door, {"name": f"Name {n}", "version": 2}) for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert (await ana.patch(door, {"description": None})).json()["description"] is None
    for wrong in ({"refundWindowDays": 3651}, {"refundWindowDays": 1.5}, {"refundWindowDays": None}):
        problem(await ana.patch(door, wrong), 400, None, "/refundWindowDays")
    problem(await ana.patch(door, {"currencyCode": "USD"}), 422, None, "/currencyCode")
    problem(await ana.patch(door, {"slug": "another"}), 409, "slug_for_ever")


@pytest.mark.feature("A27")
async def test_a_collaborator_joins_by_invitation_to_their_own_verified_address(shop: Shop) -> None:
    ana, ben, eve = await shop.author(), await shop.person("ben", verified=False), await shop.person("eve")
    tenant_id = await tenant_of(ana)
    answer = await invites(ana, tenant_id, ben.email.upper(), "MANAGER")
    assert answer.status_code == 201
    invitation = answer.json()
    assert invitation["email"] == ben.email
    told = await events_of(shop, invitation["id"], "INVITATION_MADE")
    assert len(told) == 1
    assert ben.email not in str(told)
    token = await mailed_invitation(shop, invitation)
    problem(await ben.get(f"/v1/tenants/{tenant_id}"), 404)
    problem(await eve.post("/v1/invitations/accept", {"token": token}), 403, "not_invited")
    problem(await ben.post("/v1/invitations/accept", {"token": token}), 403, "email_not_verified")
    await shop.db.do("update users set email_verified_at = $2 where id = $1", ben.id, shop.now)
    joined = await ben.post("/v1/invitations/accept", {"token": token})
    assert (joined.status_code, joined.json()["role"]) == (200, "MANAGER")
    assert (await ben.get(f"/v1/tenants/{tenant_id}")).status_code == 200
    members = (await ana.get(f"/v1/tenants/{tenant_id}/members?count=true")).json()
    assert members["total"] == 2
    assert [(one["userId"], one["role"]) for one in members["data"]] == [
        (str(ana.id), "OWNER"), (str(ben.id), "MANAGER"),
    ]  # fmt: skip
    assert (await ana.get(f"/v1/tenants/{tenant_id}/invitations")).json()["data"] == []


@pytest.mark.feature("A27")
async def test_a_role_may_be_for_one_site_alone(shop: Shop) -> None:
    ana, ben = await shop.author(), await shop.person("ben")
    tenant_id = await tenant_of(ana)
    assert ana.site is not None
    first, second = ana.site["id"], (await ana.post("/v1/sites", new_site(tenantId=tenant_id))).json()["id"]
    invitation = (await invites(ana, tenant_id, ben.email, "EDITOR", siteIds=[first])).json()
    joined = await ben.post("/v1/invitations/accept", {"token": await mailed_invitation(shop, invitation)})
    assert joined.json()["siteIds"] == [first]
    assert (await ben.get(f"/v1/sites/{first}")).status_code == 200
    problem(await ben.patch(f"/v1/sites/{first}", {"name": "Mine"}), 403)
    problem(await ben.get(f"/v1/sites/{second}"), 404)
    problem(await ben.get(f"/v1/tenants/{tenant_id}"), 404)
    assert [one["id"] for one in (await ben.get("/v1/sites")).json()["data"]] == [first]
    member = f"/v1/tenants/{tenant_id}/members/{ben.id}"
    assert (await ana.patch(member, {"role": "EDITOR", "siteIds": None})).json()["siteIds"] is None
    assert (await ben.get(f"/v1/sites/{second}")).status_code == 200
    other = await shop.author("cleo")
    assert other.site is not None
    problem(await ana.patch(member, {"role": "EDITOR", "siteIds": [other.site["id"]]}), 422, None, "/siteIds")
    problem(await ana.patch(member, {"role": "OWNER", "siteIds": [first]}), 422, None, "/siteIds")


async def test_an_invitation_is_used_once_however_often_it_is_sent(shop: Shop) -> None:
    ana, ben = await shop.author(), await shop.person("ben")
    tenant_id = await tenant_of(ana)
    invitation = (await invites(ana, tenant_id, ben.email)).json()
    tokens = [await mailed_invitation(shop, invitation) for _ in range(2)]
    answers = await asyncio.gather(
        *(ben.post("/v1/invitations/accept", {"token": token}) for token in tokens for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    refused = next(answer for answer in answers if answer.status_code == 409)
    problem(refused, 409, "invitation_used")


async def test_an_invitation_taken_back_or_grown_old_opens_nothing(shop: Shop) -> None:
    ana, ben = await shop.author(), await shop.person("ben")
    tenant_id = await tenant_of(ana)
    first = (await invites(ana, tenant_id, ben.email)).json()
    token = await mailed_invitation(shop, first)
    problem(await invites(ana, tenant_id, ben.email), 409, "already_invited", "/email")
    assert (await ana.delete(f"/v1/tenants/{tenant_id}/invitations/{first['id']}")).status_code == 204
    problem(await ana.delete(f"/v1/tenants/{tenant_id}/invitations/{first['id']}"), 404)
    problem(await ben.post("/v1/invitations/accept", {"token": token}), 422, None, "/token")
    second = (await invites(ana, tenant_id, ben.email)).json()
    token = await mailed_invitation(shop, second)
    shop.days_pass(7.1)
    problem(await ben.post("/v1/invitations/accept", {"token": token}), 422, None, "/token")
    assert (await invites(ana, tenant_id, ben.email)).status_code == 201
    async with shop.db.transaction() as tx:
        from uuid import UUID

        assert await tenants.make_invitation_token(tx, UUID(second["id"]), shop.now) is None


async def test_one_address_is_invited_once_however_many_ask_at_once(shop: Shop) -> None:
    ana = await shop.author()
    tenant_id, email = await tenant_of(ana), fresh_email("ben")
    answers = await asyncio.gather(*(invites(ana, tenant_id, email) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    problem(await invites(ana, tenant_id, ana.email), 409, "already_member", "/email")


async def test_every_wrong_field_of_an_invitation_is_named(shop: Shop) -> None:
    ana = await shop.author()
    door = f"/v1/tenants/{await tenant_of(ana)}/invitations"
    good = {"email": fresh_email(), "role": "EDITOR"}
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"email": "nobody"}, 400, "/email"),
        ({"role": "KING"}, 400, "/role"),
        ({"role": None}, 400, "/role"),
        ({"siteIds": []}, 400, "/siteIds"),
        ({"siteIds": ["x"]}, 422, "/siteIds"),
        ({"siteIds": [MISSING]}, 422, "/siteIds"),
        ({"note": "hello"}, 400, "/note"),
    ]
    for change, status, pointer in wrong:
        answer = await ana.post(door, good | change)
        assert answer.status_code == status, (change, answer.text)
        assert answer.json()["errors"][0]["pointer"].startswith(pointer.removesuffix("/0")), answer.text


async def test_a_tenant_keeps_an_owner_even_when_two_leave_at_once(shop: Shop) -> None:
    ana, ben = await shop.author(), await shop.person("ben")
    tenant_id = await tenant_of(ana)
    problem(await ana.post(f"/v1/tenants/{tenant_id}/leave"), 409, "last_owner")
    problem(await ana.patch(f"/v1/tenants/{tenant_id}/members/{ana.id}", {"role": "EDITOR"}), 409, "last_owner")
    await shop.joins(ben, tenant_id, "OWNER")
    answers = await asyncio.gather(
        ana.delete(f"/v1/tenants/{tenant_id}/members/{ben.id}"),
        ben.delete(f"/v1/tenants/{tenant_id}/members/{ana.id}"),
        ana.patch(f"/v1/tenants/{tenant_id}/members/{ana.id}", {"role": "VIEWER"}),
        ben.post(f"/v1/tenants/{tenant_id}/leave"),
    )
    assert 409 in {answer.status_code for answer in answers} or 403 in {a.status_code for a in answers}
    owners = await shop.db.value(
        "select count(*) from memberships where tenant_id = $1::text::uuid and role = 'OWNER'", tenant_id
    )
    assert owners == 1


async def test_who_is_removed_is_a_stranger_at_once(shop: Shop) -> None:
    ana, ben = await shop.author(), await shop.person("ben")
    tenant_id = await tenant_of(ana)
    await shop.joins(ben, tenant_id, "MANAGER")
    key = (await ben.post("/v1/api-keys", {"name": "k", "scopes": ["ViewProducts"], "tenantId": tenant_id})).json()[
        "key"
    ]
    by_key = {"Authorization": f"Bearer {key}"}
    assert (await shop.http.get(f"/v1/tenants/{tenant_id}", headers=by_key)).status_code == 200
    assert (await ana.delete(f"/v1/tenants/{tenant_id}/members/{ben.id}")).status_code == 204
    problem(await ana.delete(f"/v1/tenants/{tenant_id}/members/{ben.id}"), 404)
    problem(await ben.get(f"/v1/tenants/{tenant_id}"), 404)
    problem(await shop.http.get(f"/v1/tenants/{tenant_id}", headers=by_key), 404)
    log = (await ana.get(f"/v1/tenants/{tenant_id}/audit-log?perPage=1")).json()
    assert (log["data"][0]["action"], log["data"][0]["subjectId"]) == ("member.removed", str(ben.id))
    assert log["nextCursor"]


async def test_the_audit_log_is_read_in_pages_by_who_manages_and_whole_by_admins(shop: Shop) -> None:
    ana, ben, admin = await shop.author(), await shop.person("ben"), await shop.person("root", admin=True)
    tenant_id = await tenant_of(ana)
    await shop.joins(ben, tenant_id, "MANAGER")
    for rate in range(1, 6):
        await ana.patch(f"/v1/tenants/{tenant_id}", {"taxRateBps": rate})
    door = f"/v1/tenants/{tenant_id}/audit-log"
    problem(await ben.get(door), 403)
    seen: list[str] = []
    page: dict[str, Any] = (await ana.get(f"{door}?perPage=2&count=true")).json()
    assert page["total"] == 5
    while True:
        seen += [entry["detail"]["tax_rate_bps"][1] for entry in page["data"]]
        if page["nextCursor"] is None:
            break
        page = (await ana.get(f"{door}?perPage=2&cursor={page['nextCursor']}")).json()
    assert seen == [5, 4, 3, 2, 1]
    whole = (await admin.get(f"/v1/admin/audit-log?tenantId={tenant_id}&actorId={ana.id}")).json()
    assert len(whole["data"]) == 5
    problem(await ana.get("/v1/admin/audit-log"), 403)


WALLET = "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B"


@pytest.mark.feature("B7")
async def test_only_an_owner_in_person_says_where_what_is_paid_in_usdc_goes(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site is not None
    path = f"/v1/sites/{ana.site['id']}"
    await shop.joins(ben, ana.site["tenantId"], "MANAGER")
    assert (await ana.get(path)).json()["payoutWallet"] is None
    refused = await ben.patch(path, {"payoutWallet": WALLET})
    assert (refused.status_code, refused.json()["permission"]) == (403, "ManageKeys")
    key = await key_of(shop, ana)
    assert (await key.patch(path, {"payoutWallet": WALLET})).status_code == 403
    changed = await ana.patch(path, {"payoutWallet": WALLET})
    assert (changed.status_code, changed.json()["payoutWallet"]) == (200, WALLET)
    told = await shop.db.value(
        "select detail from audit_log where subject_id = $1 and action = 'site.updated'", ana.site["id"]
    )
    assert told == {"payout_wallet": [None, WALLET]}
    for wrong, status in ((WALLET.lower(), 422), (WALLET[:-1] + "c", 422), ("0x12", 400), (WALLET + "\n", 400)):
        body = problem(await ana.patch(path, {"payoutWallet": wrong}), status)
        assert body["errors"][0]["pointer"] == "/payoutWallet", wrong
    assert (await ana.patch(path, {"payoutWallet": None})).json()["payoutWallet"] is None
