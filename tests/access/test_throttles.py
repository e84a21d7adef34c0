"""Limits hold exactly, however many ask at once, and say when to come back."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey import access
from purvey.access import Visit
from purvey.access.recovery import MAILS_TO_ONE_PERSON
from purvey.access.sweeping import FORGET_SESSIONS
from purvey.kit.errors import TooMany
from purvey.kit.ids import new_id
from purvey.kit.throttles import SLICES, forgive, slice_start, throttle
from purvey.settings import Settings
from purvey.world import World
from tests.conftest import fresh_database, served
from tests.vocabulary.people import PASSWORD, application, fresh_email, problem, signs_in, signs_up
from tests.vocabulary.shop import Clock, Shop

HOUR = timedelta(hours=1)
NOON = datetime(2040, 3, 1, 12, 0, tzinfo=UTC)  # no sweep comes by


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
    assert all(isinstance(answer, TooMany) and answer.retry_after_seconds == 3750 for answer in refused)
    assert await shop.db.value("select hits from throttles where key = $1", one) == 7


@given(
    limit=st.integers(1, 5),
    gaps=st.lists(st.integers(0, 40).map(lambda minutes: timedelta(minutes=minutes)), min_size=1, max_size=40),
)
async def test_no_window_holds_more_than_the_limit_and_one_that_has_room_refuses_nobody(
    running: tuple[World, str, Clock], limit: int, gaps: list[timedelta]
) -> None:
    one, now, let_in = key(), NOON, list[datetime]()
    for gap in gaps:
        now += gap
        recent = [at for at in let_in if at > now - HOUR]
        perhaps_counted = [at for at in let_in if at > now - HOUR - HOUR / SLICES]
        try:
            await throttle(running[0].db, key=one, limit=limit, window=HOUR, now=now)
        except TooMany as refused:
            assert len(perhaps_counted) >= limit
            assert refused.retry_after_seconds is not None
            back = now + timedelta(seconds=refused.retry_after_seconds)
            assert len([at for at in let_in if at > back - HOUR]) < limit
        else:
            assert len(recent) < limit
            let_in.append(now)


async def test_a_window_has_room_again_when_its_oldest_slice_has_left_it_and_other_keys_are_other_counts(
    shop: Shop,
) -> None:
    one, late = key(), NOON + timedelta(minutes=59, seconds=30)
    await throttle(shop.db, key=one, limit=1, window=HOUR, now=NOON)
    with pytest.raises(TooMany) as refused:
        await throttle(shop.db, key=one, limit=1, window=HOUR, now=late)
    assert refused.value.retry_after_seconds == 30 + 150
    await throttle(shop.db, key=key(), limit=1, window=HOUR, now=late)
    with pytest.raises(TooMany):
        await throttle(shop.db, key=one, limit=1, window=HOUR, now=late + timedelta(seconds=179))
    await throttle(shop.db, key=one, limit=1, window=HOUR, now=late + timedelta(seconds=180))


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


def test_slices_lie_side_by_side() -> None:
    assert slice_start(NOON, HOUR) == NOON
    assert slice_start(NOON + HOUR / SLICES - timedelta(microseconds=1), HOUR) == NOON
    assert slice_start(NOON + HOUR / SLICES, HOUR) == NOON + HOUR / SLICES


def limits_of(answer: httpx.Response) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """Each policy's quota and window, and what is left of it for how many seconds."""
    found = []
    for header, first, second in (("ratelimit-policy", "q", "w"), ("ratelimit", "r", "t")):
        parts = re.findall(rf'"([a-z-]+)";{first}=(\d+);{second}=(\d+)(?:, |$)', answer.headers[header])
        found.append({name: (int(one), int(other)) for name, one, other in parts})
    return found[0], found[1]


async def test_a_throttled_door_says_what_is_left(shop: Shop) -> None:
    ana = await signs_up(shop)
    door, left = "/v1/auth/verify-email/resend", []
    for _ in range(MAILS_TO_ONE_PERSON):
        answer = await ana.post(door)
        assert answer.status_code == 202
        policies, limits = limits_of(answer)
        assert policies == {"verify-email": (MAILS_TO_ONE_PERSON, 3600)}
        assert 3600 - 5 <= limits["verify-email"][1] <= 3750
        left.append(limits["verify-email"][0])
    assert left == [4, 3, 2, 1, 0]
    refused = await ana.post(door)
    problem(refused, 429, "rate_limited")
    assert limits_of(refused)[1]["verify-email"] == (0, int(refused.headers["retry-after"]))
    assert "ratelimit" not in (await ana.get("/v1/me")).headers


async def test_a_door_with_two_limits_tells_both_and_a_right_password_costs_nothing(shop: Shop) -> None:
    ana = await signs_up(shop)
    wrong, right = await signs_in(shop, ana.email, "not this one"), await signs_in(shop, ana.email)
    assert (wrong.status_code, right.status_code) == (401, 200)
    assert limits_of(wrong)[0] == {"sign-in": (10, 900), "sign-in-address": (100, 900)}
    assert limits_of(wrong)[1]["sign-in"][0] == limits_of(right)[1]["sign-in"][0] == 9


async def test_nobody_learns_from_a_limit_whether_there_is_an_account(shop: Shop) -> None:
    ana = await signs_up(shop)
    for email in (ana.email, fresh_email()):
        answer = await shop.http.post("/v1/auth/password-reset", json={"email": email})
        assert set(limits_of(answer)[0]) == {"reset"}


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
        assert 0 < int(answers[2].headers["Retry-After"]) <= 3750


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
