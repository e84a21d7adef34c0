"""Another e-mail address: asked for with the password, had once its mail is read, and stoppable by the old one."""

import asyncio
import re
from email import message_from_bytes, policy

import httpx
import pytest
from tests.vocabulary.people import PASSWORD, events_of, fresh_email, mailed_token, problem, signs_in, signs_up
from tests.vocabulary.shop import Person, Shop
from tests.web.browsing import Browser

from purvey.access import Purpose

CONFIRM = "/v1/auth/confirm-email"


def letters_to(shop: Shop, address: str, subject: str) -> list[str]:
    """The texts of the letters to an address that have this subject."""
    found = [
        message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in (shop.world.settings.home / "mail").glob("*.eml")
    ]
    return [
        each.get_body(("plain",)).get_content() for each in found if (each["To"], each["Subject"]) == (address, subject)
    ]


async def asks_for(person: Person, email: str, password: str = PASSWORD) -> httpx.Response:
    return await person.post("/v1/me/email", {"email": email, "password": password})


async def mailed_to(shop: Shop, email: str) -> list[str]:
    """The tokens in the letters to an address that somebody wants."""
    await shop.settles()
    letters = letters_to(shop, email, "Confirm your new e-mail address")
    return [token for letter in letters for token in re.findall(r"/confirm-email\?token=(\S+)", letter)]


async def verified(shop: Shop, name: str = "ana") -> Person:
    """Somebody who signed up and read their mail."""
    person = await signs_up(shop, name)
    token = await mailed_token(shop, person, Purpose.VERIFY_EMAIL)
    assert (await person.post("/v1/auth/verify-email", {"token": token})).status_code == 200
    return person


async def test_a_new_address_is_hers_once_its_mail_is_read_and_the_old_one_is_told(shop: Shop) -> None:
    ana, fresh = await verified(shop), fresh_email("new")
    assert (await asks_for(ana, fresh.upper())).status_code == 202
    (token,) = await mailed_to(shop, fresh)
    (told,) = letters_to(shop, ana.email, "Your account is to have another e-mail address")
    assert fresh in told and "/reset-password" in told
    assert (await ana.get("/v1/me")).json()["email"] == ana.email

    answer = await ana.post(CONFIRM, {"token": token})
    assert (answer.json()["email"], answer.json()["emailVerified"]) == (fresh, True)
    assert [event["email"] for event in await events_of(shop, ana.id, "EMAIL_VERIFIED")] == [ana.email, fresh]
    problem(await signs_in(shop, ana.email), 401)
    assert (await signs_in(shop, fresh)).status_code == 200
    problem(await ana.post(CONFIRM, {"token": token}), 422, None, "/token")
    log = "select detail from audit_log where subject_id = $1 and action = 'email.changed'"
    assert await shop.db.value(log, str(ana.id)) == {"email": [ana.email, fresh]}


async def test_without_her_password_nothing_is_mailed(shop: Shop) -> None:
    ana, fresh = await verified(shop), fresh_email("new")
    problem(await asks_for(ana, fresh, "not it at all"), 422, None, "/password")
    problem(await asks_for(ana, "no address"), 400, None, "/email")
    problem(await asks_for(ana, ana.email), 422, None, "/email")
    ben = await signs_up(shop, "ben")
    problem(await asks_for(ana, ben.email), 409, "email_taken", "/email")
    key = await ana.post("/v1/api-keys", {"name": "k", "scopes": ["MakePurchases"]})
    by_key = {"Authorization": f"Bearer {key.json()['key']}"}
    refused = await shop.http.post("/v1/me/email", json={"email": fresh, "password": PASSWORD}, headers=by_key)
    problem(refused, 403, "not_for_keys")
    assert await events_of(shop, ana.id, "EMAIL_MOVE_ASKED") == []


async def test_who_opens_the_link_for_somebody_else_gives_them_nothing(shop: Shop) -> None:
    thief, victim = await verified(shop, "thief"), await signs_up(shop, "victim")
    fresh = fresh_email("victim")
    assert (await asks_for(thief, fresh)).status_code == 202
    (token,) = await mailed_to(shop, fresh)
    problem(await shop.http.post(CONFIRM, json={"token": token}), 422, None, "/password")
    problem(await victim.post(CONFIRM, {"token": token}), 422, None, "/password")
    assert (await thief.get("/v1/me")).json()["email"] == thief.email
    by_password = await shop.http.post(CONFIRM, json={"token": token, "password": PASSWORD})
    assert by_password.json()["email"] == fresh


@pytest.mark.parametrize("how", ["reset", "change"])
async def test_a_new_password_ends_what_was_asked_with_the_old_one(shop: Shop, how: str) -> None:
    ana, fresh, new = await verified(shop), fresh_email("new"), "another fine password"
    assert (await asks_for(ana, fresh)).status_code == 202
    (token,) = await mailed_to(shop, fresh)
    if how == "reset":
        reset = {"token": await mailed_token(shop, ana, Purpose.RESET_PASSWORD), "password": new}
        assert (await shop.http.post("/v1/auth/password-reset/confirm", json=reset)).status_code == 204
    else:
        change = {"currentPassword": PASSWORD, "newPassword": new}
        assert (await ana.post("/v1/me/password", change)).status_code == 204
    problem(await shop.http.post(CONFIRM, json={"token": token, "password": new}), 422, None, "/token")
    assert (await signs_in(shop, ana.email, new)).status_code == 200


async def test_the_newest_asking_stands_for_a_day(shop: Shop) -> None:
    ana = await verified(shop, "ana")
    first, second = fresh_email("first"), fresh_email("second")
    assert (await asks_for(ana, first)).status_code == 202
    (old,) = await mailed_to(shop, first)
    assert (await asks_for(ana, second)).status_code == 202
    problem(await ana.post(CONFIRM, {"token": old}), 422, None, "/token")
    (token,) = await mailed_to(shop, second)
    shop.days_pass(1.01)
    problem(await ana.post(CONFIRM, {"token": token}), 422, None, "/token")


async def test_of_two_who_want_an_address_one_gets_it(shop: Shop) -> None:
    ana, ben, wanted = await verified(shop, "ana"), await verified(shop, "ben"), fresh_email("wanted")
    for person in (ana, ben):
        assert (await asks_for(person, wanted)).status_code == 202
    tokens = await mailed_to(shop, wanted)
    assert len(tokens) == 2
    answers = await asyncio.gather(
        *(person.post(CONFIRM, {"token": token}) for person in (ana, ben) for token in tokens)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 422, 422]
    problem(next(answer for answer in answers if answer.status_code == 409), 409, "email_taken")


async def test_on_her_account_page(shop: Shop) -> None:
    ana, fresh = await verified(shop), fresh_email("new")
    browser = Browser(shop, ana)
    await browser.open("/account")
    r = await browser.send("/account/email", email=fresh, password="not it at all")
    assert r.status_code == 422 and 'id="e-password"' in r.text and f'value="{fresh}"' in r.text
    r = await browser.send("/account/email", email=fresh, password=PASSWORD)
    assert "We have mailed a link to the new address" in r.text
    (token,) = await mailed_to(shop, fresh)
    await browser.open(f"/confirm-email?token={token}")
    r = await browser.send("/confirm-email")
    assert r.url.path == "/account" and fresh in r.text and ana.email not in r.text
