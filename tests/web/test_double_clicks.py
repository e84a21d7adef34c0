"""A second click before the first is answered: one thing is begun, and nobody sees a page that says something broke."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from purvey.kit.ids import new_id, new_token
from purvey.kit.money import Money
from purvey.payments import CheckoutOrder
from purvey.payments.testbank import TestBank, store
from tests.vocabulary import Person, Shop
from tests.vocabulary.shop import eventually
from tests.web.browsing import Browser

ROUNDS = 5


def unbroken(answers: list[httpx.Response]) -> None:
    statuses = [answer.status_code for answer in answers]
    assert all(status < 500 for status in statuses), [(answer.status_code, answer.text[-2000:]) for answer in answers]
    assert any(status == 200 for status in statuses), [(answer.status_code, answer.text[-2000:]) for answer in answers]


@pytest.mark.feature("A12")
async def test_a_checkout_that_is_opened_twice_at_once_at_the_test_bank_is_one(shop: Shop) -> None:
    bank = await shop.world.gateways.named(shop.db, None, TestBank.name)
    assert isinstance(bank, TestBank)
    order = CheckoutOrder(
        payment_id=new_id(), tenant_id=new_id(), payer_id=new_id(), amount=Money(1200, "EUR"),
        description="Field Atlas", email=None, success_url="https://a.example/", cancel_url="https://a.example/",
        expires_at=shop.now,
    )  # fmt: skip
    async with shop.db.transaction() as tx:
        first = await store.open_session(
            tx, id=new_token("s"), key=order.payment_id, amount=1200, currency="EUR", description="Field Atlas",
            success_url=order.success_url, cancel_url=order.cancel_url, webhook_url=order.success_url, delivery={},
            expires_at=shop.now, now=shop.now,
        )  # fmt: skip
        second = asyncio.create_task(bank.open_checkout(order))

        async def waits() -> bool:
            sql = "select count(*) from pg_locks where locktype = 'transactionid' and not granted"
            return second.done() or bool(await shop.db.value(sql))

        await eventually(waits)
    assert (await second).reference == first.id


@pytest.mark.feature("A12", "A28")
async def test_buy_and_pay_clicked_twice_are_one_purchase(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells("Field Atlas")
    assert ana.site is not None
    for _ in range(ROUNDS):
        ben = await shop.person("ben")
        browser = Browser(shop, ben)
        await browser.open(f"/s/{ana.site['slug']}/shop/{atlas['slug']}")
        answers = await browser.clicks_twice("/buy$")
        unbroken(answers)
        assert {answer.url.path.split("/")[1] for answer in answers} == {"test-bank"}
        assert len({answer.url for answer in answers}) == 1
        browser.page = answers[0]
        paid = await browser.clicks_twice("", outcome="pay")
        unbroken(paid)
        assert {answer.status_code for answer in paid} == {200} and len({answer.url for answer in paid}) == 1
        await shop.settles()
        assert await shop.db.value("select count(*) from purchases where buyer_id = $1", ben.id) == 1
        assert await ben.owns(atlas)
    await shop.books_agree(ana)


@pytest.mark.feature("A28")
async def test_what_is_free_clicked_twice_is_owned_once(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells("Field Atlas", price=0)
    assert ana.site is not None
    for _ in range(ROUNDS):
        ben = await shop.person("ben")
        browser = Browser(shop, ben)
        await browser.open(f"/s/{ana.site['slug']}/shop/{atlas['slug']}")
        unbroken(await browser.clicks_twice("/buy$"))
        granted = "select count(*) from entitlements where user_id = $1 and product_id = $2"
        assert await shop.db.value(granted, ben.id, UUID(atlas["id"])) == 1
    await shop.books_agree(ana)


async def a_chapter(ana: Person) -> dict[str, Any]:
    series = await ana.begins_series(isPublished=True)
    return series | {"chapter": await ana.writes(series, price=300, isPublished=True)}


@pytest.mark.feature("A28")
async def test_a_chapter_clicked_twice_is_one_purchase(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site is not None
    series = await a_chapter(ana)
    browser = Browser(shop, ben)
    await browser.open(f"/s/{ana.site['slug']}/series/{series['slug']}/{series['chapter']['slug']}")
    unbroken(await browser.clicks_twice("/buy$"))
    assert await shop.db.value("select count(*) from purchases where buyer_id = $1", ben.id) == 1


@pytest.mark.feature("A15", "A28")
async def test_a_request_for_the_money_and_a_cancellation_clicked_twice_are_one(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas, song = await ana.sells("Field Atlas"), await ana.sells("Birdsong")
    bought, left = await ben.has(atlas), await ben.buys(song)
    browser = Browser(shop, ben)
    await browser.open(f"/purchases/{bought['id']}")
    unbroken(await browser.clicks_twice("refund-request", reason="Not for me"))
    assert await shop.db.value("select count(*) from tickets where opened_by = $1", ben.id) == 1
    await browser.open(f"/purchases/{left['id']}")
    unbroken(await browser.clicks_twice("/cancel$"))
    assert (await ben.sees(left))["status"] == "CANCELLED"
    studio = Browser(shop, ana)
    await studio.open(f"/orders/{bought['id']}?site={ana.site['slug'] if ana.site else ''}")
    unbroken(await studio.clicks_twice("/refund", reason="A change of mind", amount=""))
    await shop.settles()
    refunds = "select count(*) from refunds r join payments p on p.id = r.payment_id where p.subject_id = $1"
    assert await shop.db.value(refunds, UUID(bought["id"])) == 1
    await shop.books_agree(ana)


STUDIO = {
    "/products/create": {"name": "Field Atlas", "price": "12.00"},
    "/discounts/create": {"code": "SPRING", "value": "25"},
    "/series/create": {"title": "The Long Walk"},
}


@pytest.mark.feature("A28")
@pytest.mark.parametrize("path", STUDIO)
async def test_what_an_author_makes_with_a_double_click_never_breaks(shop: Shop, path: str) -> None:
    for _ in range(ROUNDS):
        studio = Browser(shop, await shop.author("ana"))
        await studio.open(path)
        unbroken(await studio.clicks_twice(path, **STUDIO[path]))


@pytest.mark.feature("A28")
async def test_signing_up_and_opening_a_shop_with_a_double_click_never_break(shop: Shop) -> None:
    for _ in range(ROUNDS):
        word = new_token("u")[:12].lower().replace("_", "x").replace("-", "x")
        browser = Browser(shop)
        await browser.open("/sign-up")
        typed = {"displayName": "Uma", "email": f"{word}@example.com", "password": "a long password 12"}
        unbroken(await browser.clicks_twice("/sign-up", **typed))
        person = await shop.person("eve")
        studio = Browser(shop, person)
        await studio.open("/sites/new")
        unbroken(await studio.clicks_twice("/sites/new", name="Atlas", slug=f"s-{word}", currencyCode="EUR"))
