"""A seller keeps the codes of a site."""

import asyncio
from typing import Any

import pytest

from purvey.kit.ids import new_id
from tests.vocabulary.shop import Person, Shop

SUMMER = {"code": "summer-20", "discountType": "PERCENTAGE", "value": 20}


def codes_of(person: Person) -> str:
    assert person.site
    return f"/v1/sites/{person.site['id']}/discount-codes"


async def made(author: Person, **fields: Any) -> dict[str, Any]:
    answer = await author.post(codes_of(author), SUMMER | fields)
    assert answer.status_code == 201, answer.text
    code: dict[str, Any] = answer.json()
    return code


@pytest.mark.feature("A24")
async def test_a_code_is_kept_in_upper_case_and_read_back_whole(shop: Shop) -> None:
    ana = await shop.author()
    product = await ana.sells()
    wanted: dict[str, Any] = {
        "code": " Spring.5_off ".strip(), "discountType": "FIXED_AMOUNT", "value": 500, "maxUses": 10,
        "maxUsesPerBuyer": 1, "productIds": [product["id"]], "minimumAmount": 1000, "duration": "REPEATING",
        "durationPeriods": 3, "startsAt": "2030-01-01T00:00:00Z", "endsAt": "2030-02-01T00:00:00+01:00",
    }  # fmt: skip
    code = await made(ana, **wanted)
    assert code["code"] == "SPRING.5_OFF"
    assert code["currencyCode"] == "EUR"
    assert code["endsAt"] == "2030-01-31T23:00:00Z"
    same = {name: code[name] for name in wanted if name not in ("code", "endsAt")}
    assert same == {name: value for name, value in wanted.items() if name not in ("code", "endsAt")}
    assert (code["usedCount"], code["reservedCount"], code["isActive"], code["version"]) == (0, 0, True, 1)
    again = await ana.get(f"{codes_of(ana)}/{code['id']}")
    assert again.json() == code
    assert again.headers["etag"] == '"1"'


@pytest.mark.feature("A24")
@pytest.mark.parametrize("value", [20, 0.01, 12.34, 33.33, 99.99, 100])
async def test_a_percentage_is_kept_exactly(shop: Shop, value: float) -> None:
    ana = await shop.author()
    code = await made(ana, value=value)
    assert code["value"] == value
    assert (await ana.get(f"{codes_of(ana)}/{code['id']}")).json()["value"] == value


@pytest.mark.feature("A24")
@pytest.mark.parametrize(
    ("fields", "status", "pointer"),
    [
        ({"value": 20.005}, 422, "/value"),
        ({"value": 100.01}, 422, "/value"),
        ({"value": 0}, 400, "/value"),
        ({"value": "20"}, 400, "/value"),
        ({"discountType": "FIXED_AMOUNT", "value": 0.5}, 422, "/value"),
        ({"discountType": "FIXED_AMOUNT", "value": 1e16}, 400, "/value"),
        ({"discountType": "BOGOF"}, 400, "/discountType"),
        ({"code": ""}, 400, "/code"),
        ({"code": "TWO WORDS"}, 400, "/code"),
        ({"code": "LINE\n"}, 400, "/code"),
        ({"code": "A" * 65}, 400, "/code"),
        ({"currencyCode": "XQX"}, 422, "/currencyCode"),
        ({"endsAt": "2030-01-01T00:00:00"}, 400, "/endsAt"),
        ({"startsAt": "2030-01-01T00:00:00Z", "endsAt": "2030-01-01T00:00:00Z"}, 422, "/endsAt"),
        ({"maxUses": 0}, 400, "/maxUses"),
        ({"maxUsesPerBuyer": 2**31}, 400, "/maxUsesPerBuyer"),
        ({"minimumAmount": -1}, 400, "/minimumAmount"),
        ({"productIds": []}, 400, "/productIds"),
        ({"productIds": ["x"]}, 422, "/productIds/0"),
        ({"productIds": [str(new_id())]}, 422, "/productIds/0"),
        ({"duration": "REPEATING"}, 422, "/durationPeriods"),
        ({"durationPeriods": 2}, 422, "/durationPeriods"),
        ({"colour": "red"}, 400, "/colour"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    shop: Shop, fields: dict[str, Any], status: int, pointer: str
) -> None:
    ana = await shop.author()
    answer = await ana.post(codes_of(ana), SUMMER | fields)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await ana.get(codes_of(ana), params={"count": True})).json()["total"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"code": "\xff"}', b'{"code": "\\ud800"}'])
async def test_a_body_that_is_no_form_is_refused(shop: Shop, body: bytes) -> None:
    ana = await shop.author()
    answer = await ana.post(codes_of(ana), content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "invalid"


@pytest.mark.feature("A24")
async def test_another_authors_product_cannot_be_named(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.author("ben")
    theirs = await ben.sells()
    answer = await ana.post(codes_of(ana), SUMMER | {"productIds": [theirs["id"]]})
    assert answer.status_code == 422


@pytest.mark.feature("A24")
async def test_a_word_is_taken_once_a_site_even_when_twenty_ask_at_once(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.author("ben")
    words = ["Summer", "SUMMER"] * 10
    answers = await asyncio.gather(*(ana.post(codes_of(ana), SUMMER | {"code": word}) for word in words))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"discount_code_taken"}
    await made(ben, code="summer")


@pytest.mark.feature("A24")
async def test_a_change_merges_and_null_clears(shop: Shop) -> None:
    ana = await shop.author()
    code = await made(ana, maxUses=10, endsAt="2030-01-01T00:00:00Z")
    path = f"{codes_of(ana)}/{code['id']}"
    changed = (await ana.put(path, {"value": 12.5, "maxUses": None})).json()
    assert changed == code | {"value": 12.5, "maxUses": None, "version": 2, "updatedAt": changed["updatedAt"]}
    whole = (await ana.put(path, changed | {"isActive": False})).json()
    assert whole == changed | {"isActive": False, "version": 3, "updatedAt": whole["updatedAt"]}
    fixed = (await ana.put(path, {"discountType": "FIXED_AMOUNT", "value": 300, "currencyCode": "EUR"})).json()
    assert (fixed["discountType"], fixed["value"]) == ("FIXED_AMOUNT", 300)
    assert (await ana.put(path, {"discountType": "PERCENTAGE"})).status_code == 422
    assert (await ana.put(path, {"currencyCode": None})).status_code == 422
    assert (await ana.put(path, {"siteId": str(new_id())})).status_code == 422
    assert (await ana.get(path)).json() == fixed


@pytest.mark.feature("A24")
async def test_a_stale_change_changes_nothing(shop: Shop) -> None:
    ana = await shop.author()
    code = await made(ana)
    path = f"{codes_of(ana)}/{code['id']}"
    changed = (await ana.put(path, {"value": 30, "version": 1})).json()
    assert (await ana.put(path, {"value": 40, "version": 1})).status_code == 409
    assert (await ana.put(path, {"value": 40}, headers={"If-Match": '"1"'})).status_code == 412
    assert (await ana.delete(path, headers={"If-Match": '"1"'})).status_code == 412
    assert (await ana.get(path)).json() == changed
    assert (await ana.put(path, {"value": 40}, headers={"If-Match": '"2"'})).status_code == 200


@pytest.mark.feature("A24")
async def test_a_change_to_a_word_that_is_taken_is_refused(shop: Shop) -> None:
    ana = await shop.author()
    await made(ana, code="ONE")
    two = await made(ana, code="TWO")
    refused = await ana.put(f"{codes_of(ana)}/{two['id']}", {"code": "one"})
    assert (refused.status_code, refused.json()["code"]) == (409, "discount_code_taken")


@pytest.mark.feature("A24")
async def test_a_deleted_code_is_gone_and_its_word_is_free(shop: Shop) -> None:
    ana = await shop.author()
    code = await made(ana)
    path = f"{codes_of(ana)}/{code['id']}"
    assert (await ana.delete(path)).status_code == 204
    assert (await ana.get(path)).status_code == 404
    assert (await ana.delete(path)).status_code == 404
    assert (await ana.put(path, {"value": 5})).status_code == 404
    await made(ana)


@pytest.mark.feature("A24")
async def test_codes_are_listed_newest_first_by_pages_and_by_their_beginning(shop: Shop) -> None:
    ana = await shop.author()
    words = [f"WORD{n}" for n in range(5)]
    for word in words:
        await made(ana, code=word, isActive=word != "WORD4")
    first = (await ana.get(codes_of(ana), params={"perPage": 2, "count": True})).json()
    assert [code["code"] for code in first["data"]] == ["WORD4", "WORD3"]
    assert first["total"] == 5
    second = (await ana.get(codes_of(ana), params={"perPage": 2, "cursor": first["nextCursor"]})).json()
    assert [code["code"] for code in second["data"]] == ["WORD2", "WORD1"]
    third = (await ana.get(codes_of(ana), params={"perPage": 2, "page": 3})).json()
    assert [code["code"] for code in third["data"]] == ["WORD0"]
    assert third["nextCursor"] is None
    found = (await ana.get(codes_of(ana), params={"q": "word4"})).json()["data"]
    assert [code["code"] for code in found] == ["WORD4"]
    active = (await ana.get(codes_of(ana), params={"isActive": True, "count": True})).json()
    assert active["total"] == 4


@pytest.mark.feature("A24", "A27")
async def test_editors_look_and_managers_write(shop: Shop) -> None:
    ana, stranger = await shop.author("ana"), await shop.person("stranger")
    manager, editor = await shop.person("manager"), await shop.person("editor")
    assert ana.site
    await shop.joins(manager, ana.site["tenantId"], "MANAGER")
    await shop.joins(editor, ana.site["tenantId"], "EDITOR")
    code = await made(ana)
    path = f"{codes_of(ana)}/{code['id']}"
    for person, reads, writes in [(manager, 200, 200), (editor, 200, 403), (stranger, 404, 404)]:
        assert (await person.get(path)).status_code == reads
        assert (await person.get(codes_of(ana))).status_code == reads
        assert (await person.put(path, {"value": 10})).status_code == writes
    assert (await shop.http.get(path)).status_code == 401
    assert (await editor.delete(path)).status_code == 403
    other = await shop.author("ben")
    assert (await other.get(f"{codes_of(other)}/{code['id']}")).status_code == 404


async def test_every_change_of_a_code_is_audited(shop: Shop) -> None:
    ana = await shop.author()
    code = await made(ana)
    path = f"{codes_of(ana)}/{code['id']}"
    await ana.put(path, {"value": 30})
    await ana.delete(path)
    rows: Any = await shop.db.records(
        "select action, detail, actor_id from audit_log where subject_id = $1 order by id", code["id"]
    )
    assert [row["action"] for row in rows] == ["discount.created", "discount.updated", "discount.deleted"]
    assert rows[1]["detail"] == {"basis_points": [2000, 3000]}
    assert {row["actor_id"] for row in rows} == {ana.id}
