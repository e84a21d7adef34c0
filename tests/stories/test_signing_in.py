"""Signing up, in and out; who is asking; sessions."""

import asyncio
import json

import pytest
from tests.vocabulary.people import (
    PASSWORD,
    application,
    events_of,
    fresh_email,
    problem,
    signs_in,
    signs_up,
)
from tests.vocabulary.shop import Shop


async def test_somebody_signs_up_and_is_signed_in(shop: Shop) -> None:
    email = fresh_email("Ana")
    answer = await shop.http.post("/v1/auth/sign-up", json=application(f"  {email.upper()} "))
    assert answer.status_code == 201
    said = answer.json()
    assert set(said) == {"user", "token", "expiresAt"}
    assert said["user"]["email"] == email.lower()
    assert said["user"]["emailVerified"] is False
    assert said["user"]["displayName"] == "Ana Author"
    me = await shop.http.get("/v1/me", headers={"Authorization": f"Bearer {said['token']}"})
    assert me.json() == said["user"]
    asked = await events_of(shop, said["user"]["id"], "EMAIL_VERIFICATION_ASKED")
    assert len(asked) == 1
    assert "token" not in json.dumps(asked)


async def test_no_password_and_no_token_is_kept_readable(shop: Shop) -> None:
    ana = await signs_up(shop)
    row = await shop.db.record("select password_hash from users where id = $1", ana.id)
    assert row is not None
    assert row["password_hash"].startswith("$argon2id$")
    assert await shop.db.value("select count(*) from sessions where user_id = $1", ana.id) == 1
    assert not await shop.db.value("select count(*) from sessions where token_hash = $1", ana.token.encode())


async def test_she_signs_out_and_her_token_is_worth_nothing(shop: Shop) -> None:
    ana = await signs_up(shop)
    assert (await ana.get("/v1/me")).status_code == 200
    assert (await ana.post("/v1/auth/sign-out")).status_code == 204
    problem(await ana.get("/v1/me"), 401, "unauthenticated")
    problem(await ana.post("/v1/auth/sign-out"), 401)


async def test_she_signs_in_again_however_she_writes_her_address(shop: Shop) -> None:
    ana = await signs_up(shop)
    answer = await signs_in(shop, f" {ana.email.upper()} ", headers={"User-Agent": "a browser"})
    assert answer.status_code == 200
    said = answer.json()
    assert said["user"]["id"] == str(ana.id)
    assert said["token"] != ana.token
    row = await shop.db.record(
        "select agent, address from sessions where user_id = $1 and agent = $2", ana.id, "a browser"
    )
    assert row is not None
    assert row["address"] == "127.0.0.1"


async def test_a_session_lasts_thirty_days(shop: Shop) -> None:
    ana = await signs_up(shop)
    shop.days_pass(29.9)
    assert (await ana.get("/v1/me")).status_code == 200
    shop.days_pass(0.2)
    problem(await ana.get("/v1/me"), 401)


async def test_a_wrong_password_and_an_unknown_account_sound_the_same(shop: Shop) -> None:
    ana = await signs_up(shop)
    wrong = problem(await signs_in(shop, ana.email, "not her password"), 401, "wrong_credentials")
    unknown = problem(await signs_in(shop, fresh_email(), "not her password"), 401, "wrong_credentials")
    malformed = problem(await signs_in(shop, "no address", "not her password"), 401, "wrong_credentials")
    for body in (wrong, unknown, malformed):
        body.pop("requestId")
    assert wrong == unknown == malformed


async def test_an_account_without_a_password_cannot_be_signed_in_to(shop: Shop) -> None:
    ana = await shop.person("ana")
    problem(await signs_in(shop, ana.email, "whatever it may be"), 401, "wrong_credentials")


async def test_one_address_gets_one_account_however_many_ask_at_once(shop: Shop) -> None:
    email = fresh_email()
    answers = await asyncio.gather(*(shop.http.post("/v1/auth/sign-up", json=application(email)) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    problem(next(answer for answer in answers if answer.status_code == 409), 409, "email_taken", "/email")
    assert await shop.db.value("select count(*) from users where email = $1", email) == 1


async def test_people_of_one_name_get_user_names_of_their_own(shop: Shop) -> None:
    name = f"Zoë {fresh_email('x')[2:10]}"
    answers = await asyncio.gather(
        *(shop.http.post("/v1/auth/sign-up", json=application(fresh_email(), displayName=name)) for _ in range(4))
    )
    assert [answer.status_code for answer in answers] == [201] * 4
    names = {answer.json()["user"]["username"] for answer in answers}
    assert len(names) == 4
    assert all(word.startswith("zoe-") for word in names)


async def test_a_user_name_is_chosen_once(shop: Shop) -> None:
    word = f"reader-{fresh_email('x')[2:12]}"
    ana = await signs_up(shop, username=word.upper())
    assert ana.name == word
    answer = await shop.http.post("/v1/auth/sign-up", json=application(fresh_email(), username=word))
    problem(answer, 409, "username_taken", "/username")


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"email": "no-address"}, 400, "/email"),
        ({"email": "ana@"}, 400, "/email"),
        ({"email": "a b@example.com"}, 400, "/email"),
        ({"email": "ana\x00@example.com"}, 400, "/email"),
        ({"email": "a" * 250 + "@example.com"}, 400, "/email"),
        ({"email": 7}, 400, "/email"),
        ({"email": None}, 400, "/email"),
        ({"password": "short"}, 400, "/password"),
        ({"password": "x" * 201}, 400, "/password"),
        ({"password": "aaaaaaaaaaaa"}, 422, "/password"),
        ({"password": ["correct horse battery"]}, 400, "/password"),
        ({"displayName": "   "}, 400, "/displayName"),
        ({"displayName": ""}, 400, "/displayName"),
        ({"displayName": "x" * 101}, 400, "/displayName"),
        ({"username": "ab"}, 400, "/username"),
        ({"username": "x" * 41}, 400, "/username"),
        ({"username": "two words"}, 400, "/username"),
        ({"username": "-dash"}, 400, "/username"),
        ({"username": "admin"}, 422, "/username"),
        ({"username": "zoë-reader"}, 400, "/username"),
        ({"isAdmin": True}, 400, "/isAdmin"),
    ],
)
async def test_every_wrong_field_of_a_sign_up_is_named(
    shop: Shop, change: dict[str, object], status: int, pointer: str
) -> None:
    problem(await shop.http.post("/v1/auth/sign-up", json=application(fresh_email()) | change), status, None, pointer)


async def test_a_password_may_not_be_the_address_or_the_name(shop: Shop) -> None:
    email = fresh_email()
    door = "/v1/auth/sign-up"
    problem(await shop.http.post(door, json=application(email, password=email.upper())), 422, None, "/password")
    answer = await shop.http.post(
        door, json=application(email, username="a-fine-user-name", password="A-fine-user-name")
    )
    problem(answer, 422, None, "/password")
    answer = await shop.http.post(
        door, json=application(email, displayName="Ana the Author", password="ana the author")
    )
    problem(answer, 422, None, "/password")
    assert not await shop.db.value("select count(*) from users where email = $1", email)


async def test_bytes_that_are_no_text_are_refused_politely(shop: Shop) -> None:
    body = b'{"email": "ana\xff@example.com", "password": "correct horse battery", "displayName": "Ana"}'
    json_type = {"Content-Type": "application/json"}
    problem(await shop.http.post("/v1/auth/sign-up", content=body, headers=json_type), 400)
    lone = b'{"email": "ana@example.com", "password": "correct \\ud800 horse", "displayName": "Ana"}'
    problem(await shop.http.post("/v1/auth/sign-up", content=lone, headers=json_type), 400)
    nul = application(fresh_email(), displayName="Ana\x00")
    problem(await shop.http.post("/v1/auth/sign-up", json=nul), 400)


@pytest.mark.parametrize("header", ["Bearer", "Basic YTpi", "Bearer ps_nothing", "Bearer pk_nothing", "Bearer é"])
async def test_a_token_that_is_none_is_refused_and_never_taken_for_nobody(shop: Shop, header: str) -> None:
    answer = await shop.http.get("/v1/me", headers={"Authorization": header.encode("latin-1")})
    problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_she_sees_where_she_is_signed_in_and_ends_what_she_does_not_know(shop: Shop) -> None:
    ana = await signs_up(shop)
    for agent in ("telephone", "library"):
        await signs_in(shop, ana.email, headers={"User-Agent": agent})
    listed = (await ana.get("/v1/me/sessions?count=true")).json()
    assert listed["total"] == 3
    assert [one["isCurrent"] for one in listed["data"]] == [False, False, True]
    library = next(one for one in listed["data"] if one["agent"] == "library")
    assert (await ana.delete(f"/v1/me/sessions/{library['id']}")).status_code == 204
    problem(await ana.delete(f"/v1/me/sessions/{library['id']}"), 404)
    assert len((await ana.get("/v1/me/sessions")).json()["data"]) == 2
    assert (await ana.delete("/v1/me/sessions")).status_code == 204
    assert [one["isCurrent"] for one in (await ana.get("/v1/me/sessions")).json()["data"]] == [True]


async def test_nobody_ends_the_session_of_another(shop: Shop) -> None:
    ana, ben = await signs_up(shop), await signs_up(shop, "ben")
    hers = (await ana.get("/v1/me/sessions")).json()["data"][0]["id"]
    problem(await ben.delete(f"/v1/me/sessions/{hers}"), 404)
    assert (await ana.get("/v1/me")).status_code == 200


async def test_sessions_are_listed_in_pages(shop: Shop) -> None:
    ana = await signs_up(shop)
    for _ in range(4):
        await signs_in(shop, ana.email)
    seen, cursor = [], ""
    while cursor is not None:
        page = (await ana.get(f"/v1/me/sessions?perPage=2{cursor}")).json()
        seen += [one["id"] for one in page["data"]]
        cursor = f"&cursor={page['nextCursor']}" if page["nextCursor"] else None
    assert len(seen) == len(set(seen)) == 5


async def test_she_changes_how_others_see_her(shop: Shop) -> None:
    ana = await signs_up(shop)
    word = f"ana-{fresh_email('x')[2:12]}"
    change = {"displayName": " Ana  B. ", "username": word, "avatarUrl": "https://example.com/ana.webp"}
    after = (await ana.patch("/v1/me", change)).json()
    assert (after["displayName"], after["username"], after["avatarUrl"]) == ("Ana B.", word, change["avatarUrl"])
    assert (await ana.patch("/v1/me", {})).json() == after
    assert (await ana.patch("/v1/me", {"avatarUrl": None})).json()["avatarUrl"] is None
    assert (await ana.get("/v1/me")).json()["displayName"] == "Ana B."
    assert (
        await shop.db.value("select count(*) from audit_log where action = 'user.updated' and actor_id = $1", ana.id)
        == 2
    )


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"displayName": " "}, 400, "/displayName"),
        ({"displayName": None}, 400, "/displayName"),
        ({"username": "api"}, 422, "/username"),
        ({"avatarUrl": "javascript:alert(1)"}, 400, "/avatarUrl"),
        ({"avatarUrl": "https://e.com/" + "x" * 2000}, 400, "/avatarUrl"),
        ({"email": "other@example.com"}, 422, "/email"),
        ({"isAdmin": True}, 422, "/isAdmin"),
    ],
)
async def test_every_wrong_field_of_a_change_is_named(
    shop: Shop, change: dict[str, object], status: int, pointer: str
) -> None:
    ana = await shop.person()
    problem(await ana.patch("/v1/me", change), status, None, pointer)


async def test_two_who_want_one_user_name_at_once_are_told_apart(shop: Shop) -> None:
    people = [await shop.person(name) for name in ("ana", "ben", "cleo", "dan")]
    word = f"wanted-{fresh_email('x')[2:12]}"
    answers = await asyncio.gather(*(person.patch("/v1/me", {"username": word}) for person in people))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_answers_with_tokens_are_never_kept_for_an_idempotency_key(shop: Shop) -> None:
    ana = await signs_up(shop)
    headers = {"Idempotency-Key": f"in-{ana.name}"}
    first = await signs_in(shop, ana.email, PASSWORD, headers=headers)
    second = await signs_in(shop, ana.email, PASSWORD, headers=headers)
    assert first.json()["token"] != second.json()["token"]
    kept = await shop.db.value("select count(*) from idempotency_keys where key = $1", headers["Idempotency-Key"])
    assert kept == 0
