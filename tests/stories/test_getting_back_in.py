"""Proving an address, forgetting a password, changing it; and what guessing gets."""

import asyncio
import statistics
import time

import pytest
from tests.vocabulary.people import (
    PASSWORD,
    application,
    events_of,
    fresh_email,
    mailed_token,
    problem,
    signs_in,
    signs_up,
)
from tests.vocabulary.shop import Shop
from tests.web.browsing import Browser

from purvey.access import Purpose

NEW = "another fine password"


async def test_she_proves_her_address_once_by_the_token_in_the_mail(shop: Shop) -> None:
    ana = await signs_up(shop)
    token = await mailed_token(shop, ana, Purpose.VERIFY_EMAIL)
    assert (await ana.get("/v1/me")).json()["emailVerified"] is False
    answer = await ana.post("/v1/auth/verify-email", {"token": token})
    assert (answer.status_code, answer.json()["emailVerified"]) == (200, True)
    told = await events_of(shop, ana.id, "EMAIL_VERIFIED")
    assert [event["email"] for event in told] == [ana.email]
    again = await ana.post("/v1/auth/verify-email", {"token": token})
    problem(again, 422, None, "/token")


async def test_of_two_tokens_used_at_once_one_is_news(shop: Shop) -> None:
    ana = await signs_up(shop)
    tokens = [await mailed_token(shop, ana, Purpose.VERIFY_EMAIL) for _ in range(3)]
    await asyncio.gather(*(ana.post("/v1/auth/verify-email", {"token": token}) for token in tokens for _ in range(2)))
    assert (await ana.get("/v1/me")).json()["emailVerified"] is True
    assert len(await events_of(shop, ana.id, "EMAIL_VERIFIED")) == 1


async def test_a_token_grows_old_and_is_good_for_one_purpose_only(shop: Shop) -> None:
    ana = await signs_up(shop)
    token = await mailed_token(shop, ana, Purpose.VERIFY_EMAIL)
    door = "/v1/auth/password-reset/confirm"
    problem(await shop.http.post(door, json={"token": token, "password": NEW}), 422, None, "/token")
    shop.days_pass(3.1)
    problem(await shop.http.post("/v1/auth/verify-email", json={"token": token}), 422, None, "/token")
    problem(await shop.http.post("/v1/auth/verify-email", json={"token": "made up"}), 422, None, "/token")


async def test_the_mail_is_sent_again_when_asked_but_not_without_end(shop: Shop) -> None:
    ana = await signs_up(shop)
    answers = await asyncio.gather(*(ana.post("/v1/auth/verify-email/resend") for _ in range(9)))
    assert sorted(answer.status_code for answer in answers) == [202] * 5 + [429] * 4
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["Retry-After"]) > 0
    assert len(await events_of(shop, ana.id, "EMAIL_VERIFICATION_ASKED")) == 1 + 5


async def test_nothing_is_sent_to_who_is_verified(shop: Shop) -> None:
    ana = await shop.person()
    assert (await ana.post("/v1/auth/verify-email/resend")).status_code == 202
    assert await events_of(shop, ana.id, "EMAIL_VERIFICATION_ASKED") == []


async def test_she_forgot_her_password_and_gets_back_in(shop: Shop) -> None:
    ana = await signs_up(shop)
    asked = await shop.http.post("/v1/auth/password-reset", json={"email": ana.email.upper()})
    assert asked.status_code == 202
    assert len(await events_of(shop, ana.id, "PASSWORD_RESET_ASKED")) == 1
    token = await mailed_token(shop, ana, Purpose.RESET_PASSWORD)
    door = "/v1/auth/password-reset/confirm"
    problem(await shop.http.post(door, json={"token": token, "password": ana.email}), 422, None, "/password")
    assert (await shop.http.post(door, json={"token": token, "password": NEW})).status_code == 204
    problem(await ana.get("/v1/me"), 401)
    problem(await signs_in(shop, ana.email, PASSWORD), 401)
    assert (await signs_in(shop, ana.email, NEW)).status_code == 200
    problem(await shop.http.post(door, json={"token": token, "password": "a third password"}), 422, None, "/token")


async def test_a_reset_proves_the_address_and_ends_what_somebody_else_began_with_it(shop: Shop) -> None:
    thief = await signs_up(shop)
    made = await thief.post("/v1/api-keys", {"name": "mine", "scopes": ["ViewProducts"]})
    problem(made, 422, None, "/scopes")  # she belongs to no tenant
    await thief.post("/v1/sites", {"slug": f"s-{thief.name}"[:50], "name": "Site", "currencyCode": "EUR"})
    key = (await thief.post("/v1/api-keys", {"name": "mine", "scopes": ["ViewProducts"]})).json()["key"]
    by_key = {"Authorization": f"Bearer {key}"}
    assert (await shop.http.get("/v1/me", headers=by_key)).status_code == 200
    token = await mailed_token(shop, thief, Purpose.RESET_PASSWORD)
    door = "/v1/auth/password-reset/confirm"
    assert (await shop.http.post(door, json={"token": token, "password": NEW})).status_code == 204
    problem(await shop.http.get("/v1/me", headers=by_key), 401)
    owner = (await signs_in(shop, thief.email, NEW)).json()
    assert owner["user"]["emailVerified"] is True


async def test_a_link_in_the_mail_proves_nothing_for_somebody_else_who_signed_up_with_her_address(shop: Shop) -> None:
    thief, other = await signs_up(shop), await signs_up(shop, "other")
    token, door = await mailed_token(shop, thief, Purpose.VERIFY_EMAIL), "/v1/auth/verify-email"
    made = await other.post("/v1/sites", {"slug": f"s-{other.name}"[:50], "name": "Site", "currencyCode": "EUR"})
    assert made.status_code == 201, made.text
    key = (await other.post("/v1/api-keys", {"name": "k", "scopes": ["ViewProducts"]})).json()["key"]
    problem(await shop.http.post(door, json={"token": token}), 422, "invalid", "/password")
    problem(await other.post(door, {"token": token}), 422, "invalid", "/password")
    problem(await shop.http.post(door, json={"token": token}, headers={"Authorization": f"Bearer {key}"}), 422)
    problem(await shop.http.post(door, json={"token": token, "password": "a guess at it"}), 422, "invalid", "/password")
    assert (await thief.get("/v1/me")).json()["emailVerified"] is False
    by_password = await shop.http.post(door, json={"token": token, "password": PASSWORD})
    assert by_password.json()["emailVerified"] is True


async def test_a_password_is_not_guessed_at_by_a_link(shop: Shop) -> None:
    ana = await signs_up(shop)
    token = await mailed_token(shop, ana, Purpose.VERIFY_EMAIL)
    guesses = [
        await shop.http.post("/v1/auth/verify-email", json={"token": token, "password": f"guess number {n}"})
        for n in range(11)
    ]
    assert [answer.status_code for answer in guesses] == [422] * 10 + [429]


async def test_a_reset_token_lasts_an_hour_and_is_used_once_however_many_try(shop: Shop) -> None:
    ana = await signs_up(shop)
    door = "/v1/auth/password-reset/confirm"
    token = await mailed_token(shop, ana, Purpose.RESET_PASSWORD)
    shop.minutes_pass(61)
    problem(await shop.http.post(door, json={"token": token, "password": NEW}), 422, None, "/token")
    token = await mailed_token(shop, ana, Purpose.RESET_PASSWORD)
    answers = await asyncio.gather(
        *(shop.http.post(door, json={"token": token, "password": f"password number {n}"}) for n in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [204, 422, 422, 422]


async def test_nobody_learns_from_a_reset_whether_there_is_an_account(shop: Shop) -> None:
    ana = await signs_up(shop)
    known = await shop.http.post("/v1/auth/password-reset", json={"email": ana.email})
    unknown = await shop.http.post("/v1/auth/password-reset", json={"email": fresh_email()})
    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content


async def test_strangers_cannot_flood_her_with_reset_mails(shop: Shop) -> None:
    ana = await signs_up(shop)
    shop.days_pass(1)  # an hour of its own: this story's address asks often
    for _ in range(8):
        assert (await shop.http.post("/v1/auth/password-reset", json={"email": ana.email})).status_code == 202
    assert len(await events_of(shop, ana.id, "PASSWORD_RESET_ASKED")) == 5


async def test_she_changes_her_password_and_is_signed_out_elsewhere(shop: Shop) -> None:
    ana = await signs_up(shop)
    elsewhere = (await signs_in(shop, ana.email)).json()["token"]
    wrong = await ana.post("/v1/me/password", {"currentPassword": "not it at all", "newPassword": NEW})
    problem(wrong, 422, None, "/currentPassword")
    weak = await ana.post("/v1/me/password", {"currentPassword": PASSWORD, "newPassword": "short"})
    problem(weak, 400, None, "/newPassword")
    done = await ana.post("/v1/me/password", {"currentPassword": PASSWORD, "newPassword": NEW})
    assert done.status_code == 204
    assert (await ana.get("/v1/me")).status_code == 200
    problem(await shop.http.get("/v1/me", headers={"Authorization": f"Bearer {elsewhere}"}), 401)
    problem(await signs_in(shop, ana.email, PASSWORD), 401)
    assert (await signs_in(shop, ana.email, NEW)).status_code == 200


async def test_of_two_password_changes_at_once_one_is_done(shop: Shop) -> None:
    ana = await signs_up(shop)
    answers = await asyncio.gather(
        *(
            ana.post("/v1/me/password", {"currentPassword": PASSWORD, "newPassword": f"password number {n}"})
            for n in range(2)
        )
    )
    assert 204 in {answer.status_code for answer in answers}
    done = [n for n in range(2) if answers[n].status_code == 204]
    assert (await signs_in(shop, ana.email, f"password number {done[-1]}")).status_code == 200


async def test_guessing_stops_after_ten_tries_and_the_owner_still_gets_in_from_elsewhere(shop: Shop) -> None:
    ana = await signs_up(shop)
    guesses = await asyncio.gather(*(signs_in(shop, ana.email, f"guess number {n}") for n in range(16)))
    assert sorted(answer.status_code for answer in guesses) == [401] * 10 + [429] * 6
    refused = await signs_in(shop, ana.email)
    problem(refused, 429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 16 * 60
    assert (await from_address(shop, "127.0.0.2", ana.email)).status_code == 200
    shop.minutes_pass(16)
    assert (await signs_in(shop, ana.email)).status_code == 200


async def from_address(shop: Shop, address: str, email: str) -> object:
    """Sign in from another address of this machine."""
    import httpx

    transport = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(base_url=shop.base_url, transport=transport, timeout=30) as http:
        return await http.post("/v1/auth/sign-in", json={"email": email, "password": PASSWORD})


async def test_signing_in_rightly_is_not_counted(shop: Shop) -> None:
    ana = await signs_up(shop)
    for _ in range(12):
        assert (await signs_in(shop, ana.email)).status_code == 200


async def test_an_unknown_account_takes_as_long_as_a_wrong_password(shop: Shop) -> None:
    ana = await signs_up(shop)
    nobody = fresh_email()
    seconds: dict[str, list[float]] = {ana.email: [], nobody: []}
    for _ in range(7):
        for email, took in seconds.items():
            began = time.perf_counter()
            assert (await signs_in(shop, email, "a wrong password")).status_code == 401
            took.append(time.perf_counter() - began)
    known, unknown = statistics.median(seconds[ana.email]), statistics.median(seconds[nobody])
    assert known / 2 < unknown < known * 2


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": 3}, {"token": "x" * 201}, {"token": "x", "and": 1}])
async def test_every_wrong_field_of_a_mailed_token_is_named(shop: Shop, body: dict[str, object]) -> None:
    pointer = "/and" if "and" in body else "/token"
    problem(await shop.http.post("/v1/auth/verify-email", json=body), 400, None, pointer)


async def test_tokens_are_kept_hashed_and_never_told_in_an_event(shop: Shop) -> None:
    ana = await signs_up(shop)
    token = await mailed_token(shop, ana, Purpose.RESET_PASSWORD)
    held = await shop.db.value("select count(*) from one_time_tokens where token_hash = $1", token.encode())
    assert held == 0
    assert application(ana.email)["password"] not in str(
        await shop.db.records("select payload from events where subject_id = $1", ana.id)
    )


async def test_her_keys_end_with_a_changed_password_when_she_wishes_it(shop: Shop) -> None:
    ana = await signs_up(shop)
    key = await ana.post("/v1/api-keys", {"name": "k", "scopes": ["MakePurchases"]})
    by_key = {"Authorization": f"Bearer {key.json()['key']}"}
    change = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert (await ana.post("/v1/me/password", change)).status_code == 204
    assert (await shop.http.get("/v1/me", headers=by_key)).status_code == 200, "a program goes on by itself"
    change = {"currentPassword": NEW, "newPassword": PASSWORD, "endKeys": True}
    assert (await ana.post("/v1/me/password", change)).status_code == 204
    problem(await shop.http.get("/v1/me", headers=by_key), 401)
    detail = "select detail from audit_log where actor_id = $1 and action = 'password.changed' order by at desc limit 1"
    assert await shop.db.value(detail, ana.id) == {"keysEnded": 1}


async def test_a_forgotten_password_ends_keys_when_she_wishes_it_and_the_pages_ask(shop: Shop) -> None:
    ana = await signs_up(shop)
    token = await mailed_token(shop, ana, Purpose.VERIFY_EMAIL)
    assert (await ana.post("/v1/auth/verify-email", {"token": token})).status_code == 200
    keys = [await ana.post("/v1/api-keys", {"name": "k", "scopes": ["MakePurchases"]}) for _ in range(2)]
    by_key = [{"Authorization": f"Bearer {key.json()['key']}"} for key in keys]
    browser = Browser(shop)
    for wish, status in ((None, 200), ("yes", 401)):
        token = await mailed_token(shop, ana, Purpose.RESET_PASSWORD)
        await browser.open(f"/reset-password?token={token}")
        await browser.send("/reset-password/confirm", password=NEW, endKeys=wish)
        assert [(await shop.http.get("/v1/me", headers=each)).status_code for each in by_key] == [status] * 2
    ana.token = (await signs_in(shop, ana.email, NEW)).json()["token"]
    await ana.post("/v1/api-keys", {"name": "k", "scopes": ["MakePurchases"]})
    hers = Browser(shop, ana)
    await hers.open("/account")
    await hers.send("/account/password", currentPassword=NEW, newPassword=PASSWORD, endKeys="yes")
    assert (await ana.get("/v1/api-keys")).json()["data"] == []
