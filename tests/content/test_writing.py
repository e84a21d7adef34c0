"""An author keeps series and chapters."""

import asyncio
from typing import Any

import pytest

from purvey.kit.ids import new_id
from tests.vocabulary.shop import Person, Shop


def site(person: Person) -> str:
    assert person.site
    return f"/v1/sites/{person.site['id']}"


@pytest.mark.feature("A32")
async def test_a_series_and_its_chapters_are_read_back_whole(shop: Shop) -> None:
    ana = await shop.author()
    product = await ana.sells()
    series = await ana.begins_series(" The Long  Walk ", description="On foot.", openedBy=[product["id"]] * 2)
    assert (series["title"], series["slug"], series["openedBy"]) == ("The Long  Walk", "the-long-walk", [product["id"]])
    first = await ana.writes(series, "Départ")
    second = await ana.writes(series, "Rain", price=250)
    third = await ana.writes(series, "Home", accessLevel="SUBSCRIBERS", number=10, slug="the-end")
    fourth = await ana.writes(series, "After")
    assert [one["number"] for one in (first, second, third, fourth)] == [1, 2, 10, 11]
    assert [one["slug"] for one in (first, second, third)] == ["depart", "rain", "the-end"]
    assert (second["accessLevel"], second["price"], second["currencyCode"]) == ("PAID", 250, "EUR")
    got = await ana.get(f"{site(ana)}/chapters/{second['id']}")
    assert got.json() == second
    assert got.headers["etag"] == '"1"'
    found = (await ana.get(f"{site(ana)}/series/{series['id']}")).json()
    assert found == series | {"chapterCount": 4}


@pytest.mark.feature("A32")
async def test_lists_come_in_pages_in_a_stable_order(shop: Shop) -> None:
    ana = await shop.author()
    one, two = await ana.begins_series("One"), await ana.begins_series("Two")
    for title in ("c", "b", "a"):
        await ana.writes(one, title)
    paid = await ana.writes(two, "paid", price=100)
    listed = (await ana.get(f"{site(ana)}/series", params={"count": True})).json()
    assert ([each["title"] for each in listed["data"]], listed["total"]) == (["Two", "One"], 2)
    path = f"{site(ana)}/series/{one['id']}/chapters"
    page = (await ana.get(path, params={"perPage": 2, "count": True})).json()
    assert ([each["title"] for each in page["data"]], page["total"]) == (["c", "b"], 3)
    assert "body" not in page["data"][0]
    rest = (await ana.get(path, params={"perPage": 2, "cursor": page["nextCursor"]})).json()
    assert ([each["title"] for each in rest["data"]], rest["nextCursor"]) == (["a"], None)
    of_site = (await ana.get(f"{site(ana)}/chapters")).json()["data"]
    assert [each["title"] for each in of_site] == ["paid", "a", "b", "c"]
    only = (await ana.get(f"{site(ana)}/chapters", params={"accessLevel": "PAID", "count": True})).json()
    assert ([each["id"] for each in only["data"]], only["total"]) == ([paid["id"]], 1)
    assert (await ana.get(f"{site(ana)}/series/{new_id()}/chapters")).status_code == 404


@pytest.mark.feature("A32")
@pytest.mark.parametrize(
    ("fields", "status", "pointer"),
    [
        ({"title": "  "}, 400, "/title"),
        ({"title": "x" * 201}, 400, "/title"),
        ({"slug": "Not A Slug"}, 400, "/slug"),
        ({"number": -1}, 400, "/number"),
        ({"number": 2**31}, 400, "/number"),
        ({"body": "a\u0000b"}, 400, "/body"),
        ({"accessLevel": "SECRET"}, 400, "/accessLevel"),
        ({"accessLevel": "PAID"}, 422, "/price"),
        ({"price": 0}, 400, "/price"),
        ({"price": 1.5}, 400, "/price"),
        ({"currencyCode": "XQX"}, 422, "/currencyCode"),
        ({"seriesId": str(new_id())}, 422, "/seriesId"),
        ({"colour": "red"}, 400, "/colour"),
    ],
)
async def test_what_no_chapter_can_be_is_refused_by_its_field(
    shop: Shop, fields: dict[str, Any], status: int, pointer: str
) -> None:
    ana = await shop.author()
    series = await ana.begins_series()
    answer = await ana.post(f"{site(ana)}/chapters", {"seriesId": series["id"], "title": "One"} | fields)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await ana.get(f"{site(ana)}/series/{series['id']}")).json()["chapterCount"] == 0


@pytest.mark.feature("A32")
async def test_a_series_is_opened_by_the_sites_own_products_alone(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.author("ben")
    own, theirs = await ana.sells(), await ben.sells()
    answer = await ana.post(f"{site(ana)}/series", {"title": "X", "openedBy": [own["id"], theirs["id"]]})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/openedBy/1")
    series = await ana.begins_series()
    path = f"{site(ana)}/series/{series['id']}"
    assert (await ana.put(path, {"openedBy": [theirs["id"]]})).status_code == 422
    assert (await ana.put(path, {"openedBy": [own["id"]]})).json()["openedBy"] == [own["id"]]
    assert (await ana.put(path, {"openedBy": []})).json()["openedBy"] == []


@pytest.mark.feature("A32")
async def test_slugs_and_numbers_are_taken_once_and_free_again_after_deletion(shop: Shop) -> None:
    ana = await shop.author()
    series = await ana.begins_series("Walk", slug="walk")
    again = await ana.post(f"{site(ana)}/series", {"title": "Walk", "slug": "walk"})
    assert (again.status_code, again.json()["code"]) == (409, "slug_taken")
    assert (await ana.begins_series("Walk"))["slug"] == "walk-2"
    one = await ana.writes(series, "One", slug="one", number=1)
    for fields, code in [({"slug": "one"}, "slug_taken"), ({"number": 1}, "number_taken")]:
        body = {"seriesId": series["id"], "title": "Other", **fields}
        answer = await ana.post(f"{site(ana)}/chapters", body)
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    two = await ana.writes(series, "One")
    assert (two["slug"], two["number"]) == ("one-2", 2)
    moved = await ana.put(f"{site(ana)}/chapters/{two['id']}", {"number": 1})
    assert (moved.status_code, moved.json()["code"]) == (409, "number_taken")
    assert (await ana.delete(f"{site(ana)}/chapters/{one['id']}")).status_code == 204
    moved = await ana.put(f"{site(ana)}/chapters/{two['id']}", {"number": 1, "slug": "one"})
    assert (moved.json()["number"], moved.json()["slug"]) == (1, "one")
    assert (await ana.get(f"{site(ana)}/chapters/{one['id']}")).status_code == 404


@pytest.mark.feature("A32")
async def test_twenty_chapters_written_at_once_stand_in_twenty_places(shop: Shop) -> None:
    ana = await shop.author()
    series = await ana.begins_series()
    chapters = await asyncio.gather(*(ana.writes(series, "Same") for _ in range(20)))
    assert sorted(chapter["number"] for chapter in chapters) == list(range(1, 21))
    assert len({chapter["slug"] for chapter in chapters}) == 20


@pytest.mark.feature("A32")
async def test_a_change_merges_and_a_stale_one_changes_nothing(shop: Shop) -> None:
    ana = await shop.author()
    series = await ana.begins_series(description="Old")
    path = f"{site(ana)}/series/{series['id']}"
    changed = (await ana.put(path, series | {"title": "New", "description": None})).json()
    assert (changed["title"], changed["description"], changed["version"]) == ("New", None, 2)
    assert (await ana.put(path, {"title": "Late", "version": 1})).status_code == 409
    assert (await ana.put(path, {"title": "Late"}, headers={"If-Match": '"1"'})).status_code == 412
    assert (await ana.put(path, {"id": str(new_id())})).status_code == 422
    assert (await ana.get(path)).json() == changed
    chapter = await ana.writes(series, price=100)
    path = f"{site(ana)}/chapters/{chapter['id']}"
    changed = (await ana.put(path, chapter | {"body": "It went on.", "price": 200})).json()
    assert changed == chapter | {"body": "It went on.", "price": 200, "version": 2, "updatedAt": changed["updatedAt"]}
    assert (await ana.put(path, {"price": None})).status_code == 422
    assert (await ana.put(path, {"title": "Late", "version": 1})).status_code == 409
    assert (await ana.delete(path, headers={"If-Match": '"1"'})).status_code == 412
    assert (await ana.get(path)).json() == changed


@pytest.mark.feature("A32", "A27")
async def test_editors_write_but_do_not_change_what_readers_pay(shop: Shop) -> None:
    ana, editor, viewer = await shop.author(), await shop.person("editor"), await shop.person("viewer")
    stranger = await shop.author("ben")
    assert ana.site
    await shop.joins(editor, ana.site["tenantId"], "EDITOR")
    await shop.joins(viewer, ana.site["tenantId"], "VIEWER")
    series = await ana.begins_series()
    chapter = await ana.writes(series, price=100)
    path = f"{site(ana)}/chapters/{chapter['id']}"
    assert (await editor.put(path, {"body": "Better."})).status_code == 200
    assert (await editor.put(path, {"price": 100})).status_code == 200
    assert (await editor.put(path, {"price": 1})).status_code == 403
    assert (await editor.put(path, {"accessLevel": "FREE"})).status_code == 403
    assert (await viewer.get(path)).status_code == 200
    assert (await viewer.put(path, {"body": ""})).status_code == 403
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get(f"{site(stranger)}/chapters/{chapter['id']}")).status_code == 404
    assert (await stranger.put(f"{site(stranger)}/series/{series['id']}", {"title": "Mine"})).status_code == 404
    assert (await shop.http.get(path)).status_code == 401


@pytest.mark.feature("A32")
async def test_readers_find_what_is_published_and_never_its_text(shop: Shop) -> None:
    ana = await shop.author()
    assert ana.site
    product = await ana.sells()
    series = await ana.begins_series("Walk", openedBy=[product["id"]])
    await ana.begins_series("Draft", isPublished=False)
    await ana.writes(series, "Later", number=2, price=300, body="SECRET")
    await ana.writes(series, "Free", number=1, body="SECRET")
    await ana.writes(series, "Hidden", isPublished=False)
    gone = await ana.writes(series, "Gone")
    await ana.delete(f"{site(ana)}/chapters/{gone['id']}")
    public = f"/v1/s/{ana.site['slug']}/series"
    listed = await shop.http.get(public, params={"count": True})
    assert listed.json()["total"] == 1
    assert [(each["slug"], each["chapterCount"]) for each in listed.json()["data"]] == [("walk", 2)]
    detail = await shop.http.get(f"{public}/walk")
    assert "SECRET" not in detail.text
    chapters = [(one["title"], one["accessLevel"], one["price"]) for one in detail.json()["chapters"]]
    assert chapters == [("Free", "FREE", None), ("Later", "PAID", 300)]
    assert [opener["slug"] for opener in detail.json()["openedBy"]] == [product["slug"]]
    same = await shop.http.get(f"{public}/walk", headers={"If-None-Match": detail.headers["etag"]})
    assert same.status_code == 304
    assert (await shop.http.get(f"{public}/draft")).status_code == 404
    assert (await shop.http.get("/v1/s/no-such-site/series")).status_code == 404
    empty = await shop.author("ben")
    assert empty.site
    assert (await shop.http.get(f"/v1/s/{empty.site['slug']}/series")).json()["data"] == []


@pytest.mark.feature("A32")
async def test_a_deleted_series_is_gone_with_its_chapters(shop: Shop) -> None:
    ana = await shop.author()
    assert ana.site
    series = await ana.begins_series("Walk")
    chapter = await ana.writes(series)
    assert (await ana.delete(f"{site(ana)}/series/{series['id']}")).status_code == 204
    assert (await ana.get(f"{site(ana)}/series/{series['id']}")).status_code == 404
    assert (await ana.get(f"{site(ana)}/chapters/{chapter['id']}")).status_code == 404
    assert (await shop.http.get(f"/v1/s/{ana.site['slug']}/series/walk")).status_code == 404
    rows: Any = await shop.db.records(
        "select action from audit_log where subject_id = any($1) order by id", [series["id"], chapter["id"]]
    )
    assert [row["action"] for row in rows] == ["series.created", "chapter.created", "series.deleted"]
