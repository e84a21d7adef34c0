"""Who may read a chapter."""

from typing import Any
from uuid import UUID

import pytest

from purvey.content import AccessLevel, ReadableChapter
from purvey.kit.ids import new_id
from purvey.reading.rules import Standing, access_of, may_know_of
from tests.vocabulary.shop import Person, Shop

Json = dict[str, Any]


async def check(reader: Person, chapter: Json) -> Json:
    answer = await reader.get(f"/v1/chapters/{chapter['id']}/access-check")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def buys_chapter(reader: Person, chapter: Json) -> Json:
    answer = await reader.post(f"/v1/chapters/{chapter['id']}/purchase", {})
    assert answer.status_code == 202, answer.text
    return await reader.pays(answer.json() | {"id": answer.json()["purchaseId"]})


@pytest.mark.feature("A16", "A32")
async def test_a_free_chapter_is_everybodys(shop: Shop) -> None:
    ana = await shop.author()
    chapter = await ana.writes(await ana.begins_series(), body="It began.")
    checked = await shop.http.get(f"/v1/chapters/{chapter['id']}/access-check")
    assert checked.json() == {
        "hasAccess": True, "needsPurchase": False, "price": None, "priceWithTax": None, "taxRateBps": 0,
        "currencyCode": "EUR", "hasSubscriptionAccess": False, "accessLevel": "FREE", "openedBy": [],
    }  # fmt: skip
    read = await shop.http.get(f"/v1/chapters/{chapter['id']}")
    assert read.json()["body"] == "It began."


@pytest.mark.feature("A16", "A17", "A32")
async def test_a_paid_chapter_is_read_by_who_bought_it(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    series = await ana.begins_series()
    one, two = await ana.writes(series, price=250, body="SECRET"), await ana.writes(series, price=300)
    before = await check(ben, one)
    assert (before["hasAccess"], before["needsPurchase"], before["price"]) == (False, True, 250)
    refused = await ben.get(f"/v1/chapters/{one['id']}")
    assert (refused.status_code, refused.json()["code"]) == (403, "needs_purchase")
    assert {name: refused.json()[name] for name in before} == before
    assert "SECRET" not in refused.text
    await buys_chapter(ben, one)
    after = await check(ben, one)
    assert (after["hasAccess"], after["needsPurchase"], after["hasSubscriptionAccess"]) == (True, False, False)
    assert (await ben.get(f"/v1/chapters/{one['id']}")).json()["body"] == "SECRET"
    again = await ben.post(f"/v1/chapters/{one['id']}/purchase", {})
    assert (again.status_code, again.json()["code"]) == (409, "already_owned")
    assert (await check(ben, two))["needsPurchase"]
    assert (await check(eve, one))["needsPurchase"]
    assert (await shop.http.get(f"/v1/chapters/{one['id']}")).status_code == 403


@pytest.mark.feature("A16", "A22")
async def test_a_refund_takes_the_chapter_away(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    chapter = await ana.writes(await ana.begins_series(), price=250)
    bought = await buys_chapter(ben, chapter)
    assert (await check(ben, chapter))["hasAccess"]
    assert (await ana.refunds(bought)).status_code == 202
    await shop.settles()
    assert (await check(ben, chapter))["needsPurchase"]


@pytest.mark.feature("A16", "A32")
async def test_a_subscribers_chapter_is_read_by_who_owns_what_opens_it(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    opener, other = await ana.sells("Club", price=500), await ana.sells("Mug", price=500)
    series = await ana.begins_series(openedBy=[opener["id"]])
    chapter = await ana.writes(series, accessLevel="SUBSCRIBERS", body="Members.")
    paid = await ana.writes(series, price=300)
    before = await check(ben, chapter)
    assert (before["hasAccess"], before["needsPurchase"], before["price"]) == (False, False, None)
    assert before["openedBy"] == [opener["id"]]
    refused = await ben.get(f"/v1/chapters/{chapter['id']}")
    assert (refused.status_code, refused.json()["code"]) == (403, "needs_subscription")
    bought = await ben.has(opener)
    await eve.has(other)
    after = await check(ben, chapter)
    assert (after["hasAccess"], after["hasSubscriptionAccess"]) == (True, True)
    assert (await ben.get(f"/v1/chapters/{chapter['id']}")).json()["body"] == "Members."
    assert not (await check(eve, chapter))["hasAccess"]
    assert (await check(ben, paid))["needsPurchase"]
    await ana.refunds(bought)
    await shop.settles()
    assert not (await check(ben, chapter))["hasAccess"]


@pytest.mark.feature("A16", "A27")
async def test_the_team_reads_everything_and_others_do_not_know_of_drafts(shop: Shop) -> None:
    ana, viewer, ben, admin = (
        await shop.author("ana"), await shop.person("viewer"), await shop.author("ben"), await shop.person(admin=True),
    )  # fmt: skip
    assert ana.site
    await shop.joins(viewer, ana.site["tenantId"], "VIEWER")
    series = await ana.begins_series()
    draft = await ana.writes(series, isPublished=False)
    paid = await ana.writes(series, price=100)
    hidden = await ana.writes(await ana.begins_series(isPublished=False))
    for chapter in (draft, paid, hidden):
        for person in (ana, viewer, admin):
            assert (await check(person, chapter))["hasAccess"]
    for chapter in (draft, hidden):
        assert (await ben.get(f"/v1/chapters/{chapter['id']}")).status_code == 404
        assert (await ben.get(f"/v1/chapters/{chapter['id']}/access-check")).status_code == 404
        assert (await shop.http.get(f"/v1/chapters/{chapter['id']}")).status_code == 404
        assert (await ben.post(f"/v1/chapters/{chapter['id']}/purchase", {})).status_code in (404, 409)
    assert (await ben.get(f"/v1/chapters/{new_id()}")).status_code == 404


@pytest.mark.feature("A16", "A5")
async def test_what_was_bought_is_still_read_when_it_is_off_the_site(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    assert ana.site
    chapter = await ana.writes(await ana.begins_series(), price=250, body="Kept.")
    await buys_chapter(ben, chapter)
    assert (await ana.delete(f"/v1/sites/{ana.site['id']}/series/{chapter['seriesId']}")).status_code == 204
    assert (await ben.get(f"/v1/chapters/{chapter['id']}")).json()["body"] == "Kept."
    assert (await eve.get(f"/v1/chapters/{chapter['id']}")).status_code == 404


@pytest.mark.feature("A32")
async def test_a_reader_goes_on_to_the_next_chapter_on_show(shop: Shop) -> None:
    ana = await shop.author()
    series = await ana.begins_series("Walk")
    one, _, three = (
        await ana.writes(series, "One"), await ana.writes(series, "Two", isPublished=False),
        await ana.writes(series, "Three"),
    )  # fmt: skip
    first = (await shop.http.get(f"/v1/chapters/{one['id']}")).json()
    assert (first["previousId"], first["nextId"], first["seriesSlug"]) == (None, three["id"], "walk")
    last = (await shop.http.get(f"/v1/chapters/{three['id']}")).json()
    assert (last["previousId"], last["nextId"]) == (one["id"], None)


def chapter_of(level: AccessLevel, *, on_show: bool) -> ReadableChapter:
    return ReadableChapter(
        id=new_id(), tenant_id=new_id(), site_id=new_id(), series_id=new_id(), series_title="S", series_slug="s",
        title="T", slug="t", number=1, body="", access_level=level, price_amount=5, currency="EUR",
        tax_rate_bps=0, tax_inclusive=False, on_show=on_show,
        opened_by=[UUID(int=1)], previous_id=None, next_id=None, updated_at=None,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.feature("A16")
@pytest.mark.parametrize("level", AccessLevel)
@pytest.mark.parametrize("on_show", [True, False])
@pytest.mark.parametrize("belongs", [True, False])
@pytest.mark.parametrize("owns_chapter", [True, False])
@pytest.mark.parametrize("owns_opener", [True, False])
def test_every_standing_to_every_chapter(
    level: AccessLevel, on_show: bool, belongs: bool, owns_chapter: bool, owns_opener: bool
) -> None:
    chapter = chapter_of(level, on_show=on_show)
    standing = Standing(belongs=belongs, owns_chapter=owns_chapter, owns_opener=owns_opener)
    found = access_of(chapter, standing)
    opened = {
        AccessLevel.FREE: on_show,
        AccessLevel.PAID: False,
        AccessLevel.SUBSCRIBERS: on_show and owns_opener,
    }[level]
    assert found.has_access == (belongs or owns_chapter or opened)
    assert found.needs_purchase == (level is AccessLevel.PAID and not found.has_access)
    assert (found.price is None) == (level is not AccessLevel.PAID)
    assert may_know_of(chapter, found) == (on_show or found.has_access)
