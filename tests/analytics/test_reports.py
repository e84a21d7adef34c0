"""What a site sold, in whole minor units, day by day without a gap."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.analytics import Period, period_of
from purvey.analytics.reports import days_of
from purvey.kit.errors import Invalid
from purvey.kit.ids import new_id
from tests.vocabulary.shop import Person, Shop

Json = dict[str, Any]
NOTHING = {"orders": 0, "units": 0, "gross": 0, "discounts": 0, "refunds": 0, "net": 0, "tax": 0}


def site(person: Person) -> str:
    assert person.site
    return f"/v1/sites/{person.site['id']}"


async def asks(person: Person, path: str, **params: Any) -> Json:
    answer = await person.get(f"{site(person)}{path}", params=params)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def sold_on(currency: Json) -> dict[str, Json]:
    """The days on which money moved."""
    days = {each["day"]: {name: each[name] for name in NOTHING} for each in currency["days"]}
    return {day: sums for day, sums in days.items() if sums != NOTHING}


@pytest.mark.feature("A7")
async def test_a_product_that_sold_nothing_reports_thirty_days_of_zeros(shop: Shop) -> None:
    ana = await shop.author()
    product = await ana.sells()
    found = await asks(ana, f"/products/{product['id']}/sales")
    today = shop.now.date()
    assert (found["productId"], found["from"], found["to"]) == (
        product["id"],
        str(today - timedelta(days=29)),
        str(today),
    )
    (euros,) = found["currencies"]
    assert (euros["currencyCode"], euros["totals"], euros["lifetime"]) == ("EUR", NOTHING, NOTHING)
    assert [each["day"] for each in euros["days"]] == [str(today - timedelta(days=29 - at)) for at in range(30)]
    assert sold_on(euros) == {}


@pytest.mark.feature("A7", "A8", "A31")
async def test_sales_discounts_and_refunds_count_on_their_own_days(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    atlas, mug = await ana.sells("Atlas", price=1000), await ana.sells("Mug", price=700)
    await ana.post(f"{site(ana)}/discount-codes", {"code": "SAVE20", "discountType": "PERCENTAGE", "value": 20})
    first_day = str(shop.now.date())
    bought = await ben.has(atlas, code="SAVE20")
    await ben.has(mug)
    shop.days_pass(2)
    second_day = str(shop.now.date())
    await eve.has(atlas)
    await ana.refunds(bought, amount=300)
    await shop.settles()
    for _ in range(2):
        await asks_to_buy_and_leaves(eve, mug)

    found = await asks(ana, f"/products/{atlas['id']}/sales")
    (euros,) = found["currencies"]
    totals = {"orders": 2, "units": 2, "gross": 2000, "discounts": 200, "refunds": 300, "net": 1500, "tax": 0}
    assert euros["totals"] == euros["lifetime"] == totals
    assert sold_on(euros) == {
        first_day: NOTHING | {"orders": 1, "units": 1, "gross": 1000, "discounts": 200, "net": 800},
        second_day: NOTHING | {"orders": 1, "units": 1, "gross": 1000, "refunds": 300, "net": 700},
    }

    later = await asks(ana, f"/products/{atlas['id']}/sales", **{"from": second_day})
    assert later["currencies"][0]["totals"]["net"] == 700
    assert later["currencies"][0]["lifetime"] == totals

    stats = await asks(ana, "/products/stats")
    assert stats["currencies"][0]["totals"] == totals | {"orders": 3, "units": 3, "gross": 2700, "net": 2200}
    assert [(best["name"], best["totals"]["units"], best["totals"]["net"]) for best in stats["bestSellers"]] == [
        ("Atlas", 2, 1500),
        ("Mug", 1, 700),
    ]

    revenue = await asks(ana, "/analytics/revenue", by="product")
    assert [(each["id"], each["totals"]["net"]) for each in revenue["data"]] == [(atlas["id"], 1500), (mug["id"], 700)]
    assert sold_on(revenue["data"][0]) == sold_on(euros)
    assert len(revenue["data"][0]["days"]) == 30
    only = await asks(ana, "/analytics/revenue", by="product", limit=1)
    assert [each["name"] for each in only["data"]] == ["Atlas"]
    whole = await asks(ana, "/analytics/revenue")
    assert [each["totals"] for each in whole["data"]] == [stats["currencies"][0]["totals"]]
    assert whole["data"][0]["days"] == stats["currencies"][0]["days"]


async def asks_to_buy_and_leaves(person: Person, product: Json) -> None:
    """A checkout that comes to nothing is no sale."""
    await person.declines(await person.buys(product))


@pytest.mark.feature("A7")
async def test_tax_on_top_is_part_of_gross_so_that_a_whole_refund_leaves_nothing(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site
    await shop.db.do("update tenants set tax_rate_bps = 1900 where id = $1::uuid", ana.site["tenantId"])
    product = await ana.sells(price=1000)
    bought = await ben.has(product)
    (euros,) = (await asks(ana, f"/products/{product['id']}/sales"))["currencies"]
    taxed = NOTHING | {"orders": 1, "units": 1, "gross": 1190, "net": 1190, "tax": 190}
    assert euros["totals"] == taxed
    await ana.refunds(bought)
    await shop.settles()
    (euros,) = (await asks(ana, f"/products/{product['id']}/sales"))["currencies"]
    assert euros["totals"] == taxed | {"refunds": 1190, "net": 0}


@pytest.mark.feature("A31")
async def test_a_series_earns_by_its_chapters(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    walk, swim = await ana.begins_series("Walk"), await ana.begins_series("Swim")
    one, two, three = (
        await ana.writes(walk, price=250),
        await ana.writes(walk, price=300),
        await ana.writes(swim, price=100),
    )
    for chapter in (one, two, three):
        answer = await ben.post(f"/v1/chapters/{chapter['id']}/purchase", {})
        await ben.pays(answer.json() | {"id": answer.json()["purchaseId"]})
    revenue = await asks(ana, "/analytics/revenue", by="series")
    assert [(each["name"], each["slug"], each["totals"]["net"]) for each in revenue["data"]] == [
        ("Walk", "walk", 550),
        ("Swim", "swim", 100),
    ]
    assert (await asks(ana, "/analytics/revenue", by="product"))["data"] == []
    stats = await asks(ana, "/products/stats")
    assert (stats["currencies"][0]["totals"]["net"], stats["bestSellers"]) == (650, [])


@pytest.mark.feature("A7")
async def test_currencies_are_never_added_up(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    product = await ana.sells(price=1000, prices=[{"sku": f"usd-{new_id()}", "amount": 1200, "currencyCode": "USD"}])
    dollars = next(price for price in product["prices"] if price["currencyCode"] == "USD")
    await ben.has(product)
    await eve.has(product, priceId=dollars["id"])
    found = await asks(ana, f"/products/{product['id']}/sales")
    assert [(each["currencyCode"], each["totals"]["net"]) for each in found["currencies"]] == [
        ("EUR", 1000),
        ("USD", 1200),
    ]


@pytest.mark.feature("A7", "A8", "A31")
async def test_who_may_see_what_was_sold(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.author("ben")
    support, editor = await shop.person("support"), await shop.person("editor")
    assert ana.site
    await shop.joins(support, ana.site["tenantId"], "SUPPORT")
    await shop.joins(editor, ana.site["tenantId"], "EDITOR")
    product = await ana.sells()
    for path in (f"/products/{product['id']}/sales", "/products/stats", "/analytics/revenue"):
        for person, status in ((ana, 200), (support, 200), (editor, 403), (ben, 404)):
            assert (await person.get(f"{site(ana)}{path}")).status_code == status
        assert (await shop.http.get(f"{site(ana)}{path}")).status_code == 401
    assert (await ben.get(f"{site(ben)}/products/{product['id']}/sales")).status_code == 404


@pytest.mark.feature("A31")
@pytest.mark.parametrize(
    ("params", "status", "pointer"),
    [
        ({"from": "2026-02-01", "to": "2026-01-31"}, 422, "query:from"),
        ({"from": "2025-01-01", "to": "2026-01-02"}, 422, "query:from"),
        ({"from": "yesterday"}, 400, "query:from"),
        ({"to": "2026-02-30"}, 400, "query:to"),
        ({"by": "moon"}, 400, "query:by"),
        ({"limit": 51}, 400, "query:limit"),
    ],
)
async def test_days_that_cannot_be_are_refused(shop: Shop, params: Json, status: int, pointer: str) -> None:
    ana = await shop.author()
    answer = await ana.get(f"{site(ana)}/analytics/revenue", params=params)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.feature("A31")
async def test_a_leap_year_is_the_longest_that_can_be_asked_for(shop: Shop) -> None:
    ana = await shop.author()
    found = await asks(ana, "/analytics/revenue", **{"from": "2024-01-01", "to": "2024-12-31"})
    assert len(found["data"][0]["days"]) == 366


NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


DAYS = st.none() | st.dates(date(1970, 1, 1), date(9000, 1, 1))


@given(DAYS, DAYS)
def test_a_period_is_never_longer_than_it_may_be(first: date | None, last: date | None) -> None:
    try:
        period = period_of(first, last, now=NOON)
    except Invalid as refusal:
        assert refusal.errors[0].pointer == "query:from"
        return
    days = list(period.days)
    assert 1 <= len(days) <= 366
    assert (days[0], days[-1]) == (period.first, period.last)
    assert first in (None, period.first)
    assert last in (None, period.last)


@given(st.sets(st.integers(0, 59)))
def test_every_day_is_there_once_in_order(sold: set[int]) -> None:
    period = Period(date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=59))
    rows = [{"day": str(period.first + timedelta(days=at)), **dict.fromkeys(NOTHING, at + 1)} for at in sorted(sold)]
    days = days_of(rows, period)
    assert [each.day for each in days] == list(period.days)
    assert {(each.day - period.first).days: each.net for each in days if each.net} == {at: at + 1 for at in sold}
