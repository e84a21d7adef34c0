"""What the command line and other slices ask of accounts, and how passwords are hashed."""

import asyncio
import threading

import pytest

from purvey import access
from purvey.access import Purpose
from purvey.access.actions import WrongCredentials, start_session
from purvey.access.passwords import AT_ONCE, MOST_WAITING, Hashing, hash_password, is_password
from purvey.access.recovery import NoAddress
from purvey.kit.errors import Conflict, Malformed, NotFound, Unavailable
from tests.vocabulary.people import PASSWORD, fresh_email, signs_in
from tests.vocabulary.shop import Shop


async def test_whoever_runs_the_shop_makes_users_and_admins(shop: Shop) -> None:
    email = fresh_email("root")
    user = await access.create_user(shop.db, email=email, password=PASSWORD, is_admin=True, now=shop.now)
    assert (user.email, user.is_admin, user.email_verified_at is not None) == (email, True, True)
    said = (await signs_in(shop, email)).json()
    assert said["user"]["isAdmin"] is True
    with pytest.raises(Conflict) as refused:
        await access.create_user(shop.db, email=email.upper(), password=PASSWORD, now=shop.now)
    assert refused.value.reason == "email_taken"
    with pytest.raises(Malformed):
        await access.create_user(shop.db, email="nobody", password=PASSWORD, now=shop.now)


async def test_a_token_for_a_user_without_a_password_opens_their_doors(shop: Shop) -> None:
    email = fresh_email()
    await access.create_user(shop.db, email=email, password=None, now=shop.now)
    token = await access.token_for(shop.db, email=email, now=shop.now)
    me = await shop.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["email"] == email
    with pytest.raises(NotFound) as refused:
        await access.token_for(shop.db, email=fresh_email(), now=shop.now)
    assert "purvey user create" in refused.value.detail


async def test_nobody_is_mailed_a_token_who_has_no_address(shop: Shop) -> None:
    ana = await shop.person()
    await shop.db.do("update users set email = null where id = $1", ana.id)
    with pytest.raises(NoAddress):
        async with shop.db.transaction() as tx:
            await access.make_one_time_token(tx, ana.id, Purpose.VERIFY_EMAIL, shop.now)


async def test_a_session_made_with_a_password_that_was_just_changed_is_refused(shop: Shop) -> None:
    email = fresh_email()
    user = await access.create_user(shop.db, email=email, password=PASSWORD, now=shop.now)
    old = await shop.db.value("select password_hash from users where id = $1", user.id)
    await shop.db.do(
        "update users set password_hash = $2 where id = $1", user.id, await hash_password("a new password")
    )

    with pytest.raises(WrongCredentials):
        async with shop.db.transaction() as tx:
            await start_session(tx, user.id, password_hash=old, visit=access.Visit("203.0.113.1"), now=shop.now)


async def test_the_oldest_of_too_many_sessions_ends(shop: Shop) -> None:
    email = fresh_email()
    user = await access.create_user(shop.db, email=email, password=None, now=shop.now)
    first = await access.token_for(shop.db, email=email, now=shop.now)
    shop.minutes_pass(1)
    for _ in range(100):
        await access.token_for(shop.db, email=email, now=shop.now)
    assert await shop.db.value("select count(*) from sessions where user_id = $1", user.id) == 100
    assert await access.identify(shop.db, first, now=shop.now) is None


async def test_a_hash_is_argon2id_and_says_yes_to_its_password_alone() -> None:
    kept = await hash_password(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,")
    assert await is_password(PASSWORD, kept) == (True, None)
    assert (await is_password("another", kept))[0] is False
    assert await is_password(PASSWORD, None) == (False, None)


async def test_a_weaker_hash_is_renewed_when_its_password_is_given() -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    right, better = await is_password(PASSWORD, weak)
    assert right
    assert better is not None
    assert better.startswith("$argon2id$v=19$m=65536,")


async def test_two_passwords_are_hashed_at_once_and_never_three() -> None:
    hashing, lock, running, most = Hashing(), threading.Lock(), 0, 0
    gate = threading.Barrier(AT_ONCE)

    def hash_one() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(10)
        with lock:
            running -= 1

    await asyncio.gather(*(hashing.run(hash_one) for _ in range(8)))
    assert most == AT_ONCE


async def test_a_crowd_at_the_door_is_told_to_come_back() -> None:
    hashing, gate = Hashing(), threading.Event()
    waiting = [asyncio.create_task(hashing.run(lambda: gate.wait(10))) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await hashing.run(lambda: None)
    assert refused.value.retry_after_seconds
    gate.set()
    await asyncio.gather(*waiting)
    await hashing.run(lambda: None)
