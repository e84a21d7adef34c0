"""Somebody makes an account with another's address; its owner takes it over by a reset, and nothing of theirs is left.

A person's address is hers by the mail that is read there, not by who typed it first.
"""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.letters.test_letters import body_of, letters_to
from tests.vocabulary.people import PASSWORD, fresh_email, mailed_token, problem, signs_in, signs_up
from tests.vocabulary.shop import Person, Shop
from tests.vocabulary.stripe_shop import StripeShop
from tests.web.browsing import Browser

import purvey
from purvey.access import Purpose
from purvey.access import recovery as getting_back
from purvey.kit.ids import new_id

OURS = "her own fine password"
WALLET, HERS = (f"0x{digit * 40}" for digit in "12")
RESET = "/v1/auth/password-reset/confirm"


async def opens_shop(person: Person) -> dict[str, Any]:
    slug = fresh_email("s").partition("@")[0]
    answer = await person.post("/v1/sites", {"slug": slug, "name": "A Shop", "currencyCode": "EUR"})
    assert answer.status_code == 201, answer.text
    site: dict[str, Any] = answer.json()
    person.site = site
    return site


async def makes_key(person: Person, *scopes: str, **other: Any) -> dict[str, str]:
    answer = await person.post("/v1/api-keys", {"name": "k", "scopes": list(scopes), **other})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['key']}"}


async def takes_over(shop: Shop, account: Person, password: str = OURS) -> Person:
    """Who reads the account's mail asks for a new password, and signs in with it."""
    token = await mailed_token(shop, account, Purpose.RESET_PASSWORD)
    done = await shop.http.post(RESET, json={"token": token, "password": password})
    assert done.status_code == 204, done.text
    said = (await signs_in(shop, account.email, password)).json()
    mine = Person(shop, id=account.id, name=account.name, email=account.email, token=said["token"])
    mine.site = account.site
    return mine


async def test_a_second_account_that_was_made_an_owner_is_out_and_cannot_remove_her(shop: Shop) -> None:
    squatter, second = await signs_up(shop, "ana"), await shop.person("second")
    site = await opens_shop(squatter)
    team = f"/v1/tenants/{site['tenantId']}"
    await shop.joins(second, site["tenantId"], "OWNER")  # as it could be done before an unproved address invited nobody
    theirs = await makes_key(second, "ManageMembers", tenantId=site["tenantId"])
    assert (await second.get(f"{team}/members")).status_code == 200

    ana = await takes_over(shop, squatter)

    problem(await second.get(f"{team}/members"), 404)
    problem(await second.delete(f"{team}/members/{ana.id}"), 404)
    problem(await shop.http.get(f"{team}/members", headers=theirs), 401)
    members = (await ana.get(f"{team}/members")).json()["data"]
    assert [(one["userId"], one["role"]) for one in members] == [(str(ana.id), "OWNER")]
    assert (await second.get("/v1/me")).status_code == 200  # their own account is their own


async def test_sessions_keys_wallets_and_a_pending_address_end_with_the_squatter(shop: Shop) -> None:
    squatter = await signs_up(shop)
    site = await opens_shop(squatter)
    elsewhere = (await signs_in(shop, squatter.email)).json()["token"]
    keys = [await makes_key(squatter, "ViewProducts"), await makes_key(squatter, "MakePurchases")]
    await shop.db.do(
        "insert into wallets (address, user_id, created_at) values ($1, $2, $3)",
        f"0x{squatter.id.hex}{'0' * 8}", squatter.id, shop.now,
    )  # fmt: skip
    assert (await squatter.post("/v1/me/email", {"email": fresh_email("eve"), "password": PASSWORD})).status_code == 202

    ana = await takes_over(shop, squatter)

    for headers in (*keys, {"Authorization": f"Bearer {elsewhere}"}, {"Authorization": f"Bearer {squatter.token}"}):
        problem(await shop.http.get("/v1/me", headers=headers), 401)
    problem(await signs_in(shop, squatter.email, PASSWORD), 401)
    for table in ("wallets", "email_moves"):
        assert await shop.db.value(f"select count(*) from {table} where user_id = $1", ana.id) == 0, table
    assert (await ana.get("/v1/me")).json()["emailVerified"] is True
    assert [one["id"] for one in (await ana.get("/v1/sites")).json()["data"]] == [site["id"]]


async def test_nobody_is_paid_by_her_sales_but_who_she_names(shop: Shop) -> None:
    squatter = await signs_up(shop)
    site = await opens_shop(squatter)
    door = f"/v1/sites/{site['id']}"
    assert (await squatter.patch(door, {"payoutWallet": WALLET})).status_code == 200
    quote_id = new_id()
    await shop.db.do(
        "insert into x402_quotes (id, purpose, request_key, terms, network, asset, asset_name, asset_version, pay_to,"
        " amount, sku, resource, description, details, expires_at, created_at) values"
        " ($1, 'purchase', $2, $2, 'eip155:8453', $3, 'USDC', '2', $4, 1, 'x', 'x', 'x', '{}', $5, $6)",
        quote_id, quote_id.bytes, "0x" + "1" * 40, (await squatter.get(door)).json()["payoutWallet"],
        shop.now.replace(year=shop.now.year + 1), shop.now,
    )  # fmt: skip

    ana = await takes_over(shop, squatter)

    assert (await ana.get(door)).json()["payoutWallet"] is None
    assert await shop.db.value("select expires_at <= $2 from x402_quotes where id = $1", quote_id, shop.now)
    assert (await ana.patch(door, {"payoutWallet": HERS})).status_code == 200


async def test_gateway_keys_that_the_squatter_gave_sell_nothing_more(stripe_shop: StripeShop) -> None:
    squatter, ben = await signs_up(stripe_shop), await stripe_shop.person("ben")
    await opens_shop(squatter)
    assert (await stripe_shop.gives_keys(squatter)).status_code == 200
    atlas = await squatter.sells(price=1200)
    assert (await ben.asks_to_buy(atlas)).status_code == 202

    ana = await takes_over(stripe_shop, squatter)

    assert (await ana.get(stripe_shop.keys_door(ana))).status_code == 404
    refused = await (await stripe_shop.person("cleo")).asks_to_buy(atlas)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_gateway")
    assert (await stripe_shop.gives_keys(ana)).status_code == 200


async def test_she_is_told_what_has_ended_by_mail_on_the_page_and_in_the_log(shop: Shop) -> None:
    squatter, second = await signs_up(shop), await shop.person("second")
    site = await opens_shop(squatter)
    await shop.joins(second, site["tenantId"], "OWNER")
    await makes_key(squatter, "ViewProducts")
    await squatter.patch(f"/v1/sites/{site['id']}", {"payoutWallet": WALLET})
    invited = await second.post(f"/v1/tenants/{site['tenantId']}/invitations", {
        "email": fresh_email("third"), "role": "OWNER",
    })  # fmt: skip
    assert invited.status_code == 201, invited.text

    browser = Browser(shop)
    token = await mailed_token(shop, squatter, Purpose.RESET_PASSWORD)
    await browser.open(f"/reset-password?token={token}")
    page = await browser.send("/reset-password/confirm", password=OURS)
    assert "what others held in it has ended" in page.text

    await shop.settles()
    (letter,) = [one for one in letters_to(shop, squatter.email) if "yours alone" in one["Subject"]]
    for line in ("1 API key", "1 payout wallet", "1 other member of a team", "1 open invitation"):
        assert line in body_of(letter)
    detail = {"members": 1, "invitations": 1, "payoutWallets": 1}
    logged = await shop.db.value(
        "select detail from audit_log where tenant_id = $1 and action = 'tenant.reclaimed'", UUID(site["tenantId"])
    )
    assert logged == detail


async def test_what_she_held_herself_stays_when_she_proves_her_own_address_or_forgets_a_password_later(
    shop: Shop,
) -> None:
    ana, ben = await signs_up(shop), await shop.person("ben")
    site = await opens_shop(ana)
    key = await makes_key(ana, "ViewProducts")
    await ana.patch(f"/v1/sites/{site['id']}", {"payoutWallet": WALLET})
    token = await mailed_token(shop, ana, Purpose.VERIFY_EMAIL)
    assert (await ana.post("/v1/auth/verify-email", {"token": token})).status_code == 200
    await shop.joins(ben, site["tenantId"], "OWNER")

    again = await takes_over(shop, ana)

    assert (await shop.http.get("/v1/me", headers=key)).status_code == 200
    assert (await again.get(f"/v1/sites/{site['id']}")).json()["payoutWallet"] is not None
    assert (await ben.get(f"/v1/tenants/{site['tenantId']}/members")).status_code == 200
    await shop.settles()
    assert not [one for one in letters_to(shop, ana.email) if "yours alone" in one["Subject"]]


async def test_an_unproved_address_invites_nobody(shop: Shop) -> None:
    squatter, stranger = await signs_up(shop), fresh_email("stranger")
    site = await opens_shop(squatter)
    door = f"/v1/tenants/{site['tenantId']}/invitations"
    refused = await squatter.post(door, {"email": stranger, "role": "OWNER"})
    assert "Verify your own e-mail" in problem(refused, 403, "email_not_verified")["detail"]
    browser = Browser(shop, squatter)
    await browser.open(f"/sites/{site['id']}/team")
    page = await browser.send("/team/invite", email=stranger, role="OWNER")
    assert page.status_code == 403
    assert "Verify your own e-mail" in page.text
    await shop.settles()
    assert letters_to(shop, stranger) == []
    token = await mailed_token(shop, squatter, Purpose.VERIFY_EMAIL)
    await squatter.post("/v1/auth/verify-email", {"token": token})
    assert (await squatter.post(door, {"email": stranger, "role": "OWNER"})).status_code == 201


async def blocked(shop: Shop, by: str) -> None:
    """Until some session of this database waits for a row that another holds."""
    waiting = "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query ~ $1 and pid <> $2)"
    async with asyncio.timeout(20):
        while not await shop.db.value(waiting, by, 0):
            await asyncio.sleep(0.005)


async def test_what_is_under_way_when_she_takes_over_comes_to_nothing(shop: Shop) -> None:
    """A sign-in, a key and an invitation that had begun wait for the reset, and find that they may not any more."""
    squatter, second = await signs_up(shop), await shop.person("second")
    site = await opens_shop(squatter)
    await shop.joins(second, site["tenantId"], "OWNER")
    token = await mailed_token(shop, squatter, Purpose.RESET_PASSWORD)
    late: list[asyncio.Task[httpx.Response]] = []

    async def begin(tx: Any, user_id: UUID, now: Any) -> dict[str, int]:
        """Called at the end of the taking over, while nothing of it can be seen."""
        late.append(asyncio.create_task(signs_in(shop, squatter.email)))
        await blocked(shop, "insert into sessions")
        late.append(asyncio.create_task(squatter.post("/v1/api-keys", {"name": "k", "scopes": ["ViewProducts"]})))
        await blocked(shop, "select id from users where id")
        invitation = {"email": fresh_email("third"), "role": "OWNER"}
        late.append(asyncio.create_task(second.post(f"/v1/tenants/{site['tenantId']}/invitations", invitation)))
        await blocked(shop, "from tenants where id")
        return {}

    from purvey import wiring

    await getting_back.reset_password(
        shop.db, token=token, password=OURS, reclaim=[*wiring.reclaim(), begin], now=shop.now
    )
    assert [(await each).status_code for each in late] == [401, 401, 404]
    assert await shop.db.value("select count(*) from sessions where user_id = $1", squatter.id) == 0
    assert await shop.db.value("select count(*) from api_keys where user_id = $1", squatter.id) == 0


@pytest.mark.parametrize("times", [4])
async def test_of_several_resets_at_once_one_takes_over(shop: Shop, times: int) -> None:
    squatter = await signs_up(shop)
    await opens_shop(squatter)
    tokens = [await mailed_token(shop, squatter, Purpose.RESET_PASSWORD) for _ in range(times)]
    answers = await asyncio.gather(
        *(shop.http.post(RESET, json={"token": token, "password": f"{OURS} {n}"}) for n, token in enumerate(tokens))
    )
    assert sorted(answer.status_code for answer in answers) == [204] + [422] * (times - 1)


async def test_invitations_of_before_that_an_unproved_address_had_open_are_taken_back_by_the_migration(
    shop: Shop,
) -> None:
    squatter, ana = await signs_up(shop), await shop.author("ana")
    site = await opens_shop(squatter)
    assert ana.site is not None
    hers = await ana.post(f"/v1/tenants/{ana.site['tenantId']}/invitations", {
        "email": fresh_email("third"), "role": "OWNER",
    })  # fmt: skip
    theirs = new_id()
    await shop.db.do(
        "insert into invitations (id, tenant_id, email, role, invited_by, created_at, expires_at)"
        " values ($1, $2, $3, 'OWNER', $4, $5, $6)",
        theirs, UUID(site["tenantId"]), fresh_email("third"), squatter.id, shop.now,
        shop.now.replace(year=shop.now.year + 1),
    )  # fmt: skip
    await shop.db.do((Path(purvey.__file__).parent / "migrations" / "0033_unproved_invite_nobody.sql").read_text())
    revoked = "select revoked_at is not null from invitations where id = $1"
    assert await shop.db.value(revoked, theirs)
    assert not await shop.db.value(revoked, UUID(hers.json()["id"]))
