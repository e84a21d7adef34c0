"""Limits hold exactly, however many ask at once, and say when to come back."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from purvey import access
from purvey.access import Visit
from purvey.access.sweeping import FORGET_SESSIONS
from purvey.kit.errors import TooMany
from purvey.kit.ids import new_id
from purvey.kit.throttles import forgive, throttle, window_start
from purvey.settings import Settings
from tests.conftest import fresh_database, served
from tests.vocabulary.people import PASSWORD, application, fresh_email, problem
from tests.vocabulary.shop import Clock, Shop

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def key() -> str:
    return f"test:{new_id()}"


async def test_of_sixty_at_once_exactly_the_limit_get_through(shop: Shop) -> None:
    one = key()
    said = await asyncio.gather(
        *(access.throttle(shop.db, key=one, limit=7, window=HOUR, now=NOON) for _ in range(60)),
        return_exceptions=True,
    )
    assert sum(answer is None for answer in said) == 7
    refused = [answer for answer in said if answer is not None]
    assert all(isinstance(answer, TooMany) and answer.retry_after_seconds == 3600 for answer in refused)
    assert await shop.db.value("select hits from throttles where key = $1", one) == 7


async def test_the_next_window_begins_anew_and_other_keys_are_other_counts(shop: Shop) -> None:
    one, late = key(), NOON + timedelta(minutes=59, seconds=30)
    await throttle(shop.db, key=one, limit=1, window=HOUR, now=NOON)
    with pytest.raises(TooMany) as refused:
        await throttle(shop.db, key=one, limit=1, window=HOUR, now=late)
    assert refused.value.retry_after_seconds == 30
    await throttle(shop.db, key=key(), limit=1, window=HOUR, now=late)
    await throttle(shop.db, key=one, limit=1, window=HOUR, now=NOON + HOUR)


async def test_what_is_forgiven_is_not_counted_and_never_below_nothing(shop: Shop) -> None:
    one = key()
    for _ in range(3):
        await forgive(shop.db, key=one, window=HOUR, now=NOON)
    await throttle(shop.db, key=one, limit=1, window=HOUR, now=NOON)
    await forgive(shop.db, key=one, window=HOUR, now=NOON)
    await throttle(shop.db, key=one, limit=1, window=HOUR, now=NOON)
    with pytest.raises(TooMany):
        await throttle(shop.db, key=one, limit=1, window=HOUR, now=NOON)


async def test_a_refused_transaction_takes_its_count_back(shop: Shop) -> None:
    one = key()
    with pytest.raises(ZeroDivisionError):
        async with shop.db.transaction() as tx:
            await throttle(tx, key=one, limit=1, window=HOUR, now=NOON)
            raise ZeroDivisionError
    await throttle(shop.db, key=one, limit=1, window=HOUR, now=NOON)


def test_windows_lie_side_by_side() -> None:
    assert window_start(NOON, HOUR) == NOON
    assert window_start(NOON + HOUR - timedelta(microseconds=1), HOUR) == NOON
    assert window_start(NOON + HOUR, HOUR) == NOON + HOUR


async def test_sign_ups_from_one_address_are_limited_and_from_another_go_on(shop: Shop) -> None:
    network = f"2001:db8:{new_id().hex[-4:]}:{new_id().hex[-4:]}"

    async def signs_up_from(address: str) -> object:
        return await access.sign_up(
            shop.db, email=fresh_email(), password=PASSWORD, display_name="Ana", visit=Visit(address), now=shop.now,
            limit=3,
        )  # fmt: skip

    said = await asyncio.gather(*(signs_up_from(f"{network}::{n}") for n in range(1, 7)), return_exceptions=True)
    assert sum(isinstance(answer, TooMany) for answer in said) == 3
    await signs_up_from("2001:db8:ffff:ffff::1")


async def test_the_limit_of_sign_ups_is_a_setting(postgres: str, tmp_path: Path, worker_id: str) -> None:
    dsn = await fresh_database(postgres, f"sign_up_{worker_id}")
    settings = Settings(home=tmp_path, secret_key="k" * 20 + "test-secret-key", sign_up_limit=2)
    async with served(settings, dsn=dsn, clock=Clock()) as (_, base_url), httpx.AsyncClient(base_url=base_url) as http:
        answers = [await http.post("/v1/auth/sign-up", json=application(fresh_email())) for _ in range(3)]
        assert [answer.status_code for answer in answers[:2]] == [201, 201]
        problem(answers[2], 429, "rate_limited")
        assert 0 < int(answers[2].headers["Retry-After"]) <= 3600


async def test_what_is_over_is_forgotten_and_nothing_else(shop: Shop) -> None:
    ana = await shop.person()
    old, live = key(), key()
    await throttle(shop.db, key=old, limit=1, window=HOUR, now=shop.now - timedelta(days=3))
    await throttle(shop.db, key=live, limit=1, window=HOUR, now=shop.now)
    await shop.db.do("update sessions set expires_at = $2 where user_id = $1", ana.id, shop.now - timedelta(seconds=1))
    ben = await shop.person("ben")
    assert await access.forget_old(shop.db, shop.now) >= 2
    assert await shop.db.value("select count(*) from throttles where key = any($1)", [old, live]) == 1
    assert await shop.db.value("select count(*) from sessions where user_id = $1", ana.id) == 0
    assert (await ben.get("/v1/me")).status_code == 200
    assert await shop.db.do(FORGET_SESSIONS, shop.now) == 0
