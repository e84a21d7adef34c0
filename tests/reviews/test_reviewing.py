"""Buyers speak of what they own, one word each; the author answers once; nobody deletes."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from purvey import entitlements, wiring
from purvey.entitlements import Source
from purvey.reviews import hand_over
from tests.vocabulary import Person, Shop
from tests.vocabulary.reviewing import reviews, reviews_of, stats_of


@pytest.mark.feature("B14")
async def test_who_bought_it_says_what_they_think(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells()
    assert await reviews_of(shop, atlas) == {
        "data": [], "page": 1, "perPage": 20, "nextCursor": None,
        "stats": {"averageRating": None, "reviewCount": 0},
    }  # fmt: skip
    await ben.has(atlas)
    said = await reviews(ben, atlas, 4, "  Good maps, small print. ")
    assert said.status_code == 201, said.text
    review = said.json()
    assert (review["rating"], review["text"], review["buyerName"]) == (4, "Good maps, small print.", "Ben")
    assert (await reviews_of(shop, atlas))["data"] == [review]
    assert await stats_of(shop, atlas) == (4.0, 1)
    again = await reviews(ben, atlas, 5)
    assert (again.status_code, again.json()["code"]) == (409, "already_reviewed")
    assert await stats_of(shop, atlas) == (4.0, 1)


@pytest.mark.feature("B14")
async def test_nobody_else_has_a_say(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    atlas = await ana.sells()
    for person in (ben, ana):
        refused = await reviews(person, atlas)
        assert (refused.status_code, refused.json()["code"]) == (403, "cannot_review")
    await ben.buys(atlas)
    assert (await reviews(ben, atlas)).status_code == 403, "it is not paid"
    await shop.joins(eve, ana.site["tenantId"], "EDITOR")
    free = await ana.sells("Free", price=0)
    await eve.buys(free)
    refused = await reviews(eve, free)
    assert refused.status_code == 403 and "none of its own team" in refused.text, "who sells it does not praise it"
    assert (await shop.http.post(f"/v1/products/{atlas['id']}/reviews", json={"rating": 5})).status_code == 401
    missing = {"id": "019a0000-0000-7000-8000-000000000000"}
    assert (await reviews(ben, missing)).status_code == 404
    assert (await shop.http.get(f"/v1/products/{missing['id']}/reviews")).status_code == 404
    assert await stats_of(shop, atlas) == (None, 0)


@pytest.mark.feature("B14")
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"rating": 0}, "/rating"),
        ({"rating": 6}, "/rating"),
        ({"rating": 4.5}, "/rating"),
        ({"rating": "5"}, "/rating"),
        ({}, "/rating"),
        ({"rating": 5, "text": "x" * 501}, "/text"),
        ({"rating": 5, "text": 5}, "/text"),
        ({"rating": 5, "stars": 5}, "/stars"),
    ],
)
async def test_what_is_wrong_is_named(shop: Shop, body: dict[str, object], pointer: str) -> None:
    ben = await shop.person("ben")
    answer = await ben.post("/v1/products/019a0000-0000-7000-8000-000000000000/reviews", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


@pytest.mark.feature("B14")
async def test_blank_words_are_none_and_five_hundred_are_kept(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    atlas = await ana.sells(price=0)
    await ben.buys(atlas)
    await eve.buys(atlas)
    assert (await reviews(ben, atlas, 5, " \n ")).json()["text"] is None
    assert (await reviews(eve, atlas, 1, "ß" * 500)).json()["text"] == "ß" * 500


async def owners(shop: Shop, product: dict[str, str], count: int) -> list[Person]:
    people = [await shop.person("ben") for _ in range(count)]
    for person in people:
        await person.buys(product)
    return people


@pytest.mark.feature("B14")
async def test_everybody_at_once_is_counted_once(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells(price=0)
    people = await owners(shop, atlas, 12)
    said = await asyncio.gather(
        *(reviews(person, atlas, 1 + at % 5) for at, person in enumerate(people) for _ in range(4))
    )
    assert Counter(answer.status_code for answer in said) == {201: 12, 409: 36}
    average, count = await stats_of(shop, atlas)
    assert (count, average) == (12, round(sum(1 + at % 5 for at in range(12)) / 12, 2))


@pytest.mark.feature("B14")
async def test_a_refund_takes_the_word_away_and_buying_again_gives_it_back(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    atlas = await ana.sells(price=1000)
    purchase = await ben.has(atlas)
    await eve.has(atlas)
    await reviews(ben, atlas, 1, "Bad")
    await reviews(eve, atlas, 5)
    assert await stats_of(shop, atlas) == (3.0, 2)
    assert (await ana.refunds(purchase, amount=400)).status_code in (200, 201, 202)
    await shop.sweeps()
    assert await stats_of(shop, atlas) == (3.0, 2), "a part given back changes nothing"
    assert (await ana.refunds(purchase)).status_code in (200, 201, 202)
    await shop.sweeps()
    await shop.settles()
    assert not await ben.owns(atlas)
    assert await stats_of(shop, atlas) == (5.0, 1)
    assert (await reviews(ben, atlas)).status_code == 403
    team = (await ana.get(f"/v1/sites/{ana.site['id']}/reviews?count=true")).json()
    assert [(each["rating"], each["isShown"]) for each in team["data"]] == [(5, True), (1, False)]
    assert team["total"] == 2 and team["data"][0]["productName"] == "Field Atlas"
    await ben.has(atlas)
    await shop.settles()
    assert await stats_of(shop, atlas) == (3.0, 2)
    assert (await reviews(ben, atlas)).status_code == 409


@pytest.mark.feature("B14")
async def test_a_dispute_takes_the_word_away_until_it_is_won(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells()
    purchase = await ben.has(atlas)
    await reviews(ben, atlas, 2)
    source_id = UUID(purchase["id"])
    for move, expected in ((entitlements.suspend, (None, 0)), (entitlements.restore, (2.0, 1))):
        async with shop.db.transaction() as tx:
            await move(tx, source=Source.PURCHASE, source_id=source_id, now=shop.now)
        await shop.settles()
        assert await stats_of(shop, atlas) == expected


async def two_copies(shop: Shop) -> tuple[Person, Person, dict[str, Any], list[dict[str, Any]]]:
    """Ana sells prints; Ben buys two, one after the other, and says what he thinks."""
    ana, ben = await shop.author("ana"), await shop.person("ben")
    print_ = await ana.sells("Print", productType="MERCHANDISE")
    address = {"name": "Ben", "line1": "1 Hill Road", "city": "Leeds", "countryCode": "GB"}
    bought = [await ben.has(print_, shippingAddress=address) for _ in range(2)]
    assert (await reviews(ben, print_, 4)).status_code == 201
    return ana, ben, print_, bought


@pytest.mark.feature("B14")
@pytest.mark.parametrize("first", [0, 1])
async def test_a_word_hangs_on_another_purchase_that_is_good_before_it_is_hidden(shop: Shop, first: int) -> None:
    ana, _, print_, bought = await two_copies(shop)
    assert (await ana.refunds(bought[first])).status_code == 202
    await shop.settles()
    assert await stats_of(shop, print_) == (4.0, 1), "the other copy is still his"
    assert (await ana.refunds(bought[1 - first])).status_code == 202
    await shop.settles()
    assert await stats_of(shop, print_) == (None, 0)


@pytest.mark.feature("B14")
async def test_a_dispute_of_one_copy_leaves_the_word_and_so_does_what_comes_of_it(shop: Shop) -> None:
    _, _, print_, bought = await two_copies(shop)
    moves = [(entitlements.suspend, 1), (entitlements.end, 1), (entitlements.suspend, 0)]
    for (move, which), expected in zip(moves, [(4.0, 1), (4.0, 1), (None, 0)], strict=True):
        async with shop.db.transaction() as tx:
            await move(tx, source=Source.PURCHASE, source_id=UUID(bought[which]["id"]), now=shop.now)
        await shop.settles()
        assert await stats_of(shop, print_) == expected
    async with shop.db.transaction() as tx:
        await entitlements.restore(tx, source=Source.PURCHASE, source_id=UUID(bought[0]["id"]), now=shop.now)
    await shop.settles()
    assert await stats_of(shop, print_) == (4.0, 1)


@pytest.mark.feature("B14", "A26")
async def test_a_bundle_goes_back_and_what_was_bought_beside_it_keeps_the_word(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas, song = await ana.sells("Atlas"), await ana.sells("Song")
    await ben.has(atlas)
    bundle = await ben.has(await ana.sells("Both", productType="BUNDLE", memberIds=[atlas["id"], song["id"]]))
    assert (await reviews(ben, atlas, 5)).status_code == 201
    assert (await reviews(ben, song, 2)).status_code == 201
    assert (await ana.refunds(bundle)).status_code == 202
    await shop.settles()
    assert (await stats_of(shop, atlas), await stats_of(shop, song)) == ((5.0, 1), (None, 0))


@pytest.mark.feature("B14")
async def test_what_the_platform_hides_stays_hidden_on_whichever_purchase_it_hangs(shop: Shop) -> None:
    ana, ben, print_, bought = await two_copies(shop)
    root = await shop.person("root", admin=True)
    review = (await reviews_of(shop, print_))["data"][0]
    await root.put(f"/v1/admin/reviews/{review['id']}/status", {"isHidden": True, "reason": "Rude"})
    await ana.refunds(bought[1])
    await shop.settles()
    assert await stats_of(shop, print_) == (None, 0)
    assert (await root.put(f"/v1/admin/reviews/{review['id']}/status", {"isHidden": False})).json()["isShown"] is True
    assert (await reviews(ben, print_)).status_code == 409


@pytest.mark.feature("B14")
async def test_a_refund_that_comes_while_it_is_said_never_leaves_it_shown(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells(price=0)
    people = [await shop.person("ben") for _ in range(6)]
    bought = [await person.buys(atlas) for person in people]

    async def ends(purchase: dict[str, str]) -> None:
        async with shop.db.transaction() as tx:
            await entitlements.end(tx, source=Source.PURCHASE, source_id=UUID(purchase["id"]), now=shop.now)

    await asyncio.gather(*(reviews(person, atlas, 3) for person in people), *(ends(each) for each in bought))
    await shop.settles()
    assert await stats_of(shop, atlas) == (None, 0)


@pytest.mark.feature("B14")
async def test_the_author_answers_once(shop: Shop) -> None:
    ana, bob, ben = await shop.author("ana"), await shop.author("bob"), await shop.person("ben")
    atlas = await ana.sells(price=0)
    await ben.buys(atlas)
    review = (await reviews(ben, atlas, 2, "Too short")).json()
    path = f"/v1/sites/{ana.site['id']}/reviews/{review['id']}/answer"
    for person, status in ((bob, 404), (ben, 404)):
        assert (await person.post(path, {"text": "Mine"})).status_code == status
    elsewhere = path.replace(ana.site["id"], bob.site["id"])
    assert (await bob.post(elsewhere, {"text": "Mine"})).status_code == 404
    assert (await ana.post(path, {"text": "  "})).status_code == 400
    said = await asyncio.gather(*(ana.post(path, {"text": f"Thanks {n}"}) for n in range(4)))
    assert Counter(answer.status_code for answer in said) == {200: 1, 409: 3}
    shown = (await reviews_of(shop, atlas))["data"][0]
    assert shown["answer"].startswith("Thanks") and shown["answeredAt"]
    viewer = await shop.person("vic")
    await shop.joins(viewer, ana.site["tenantId"], "VIEWER")
    assert (await viewer.post(path, {"text": "Me too"})).status_code == 403
    assert (await viewer.get(f"/v1/sites/{ana.site['id']}/reviews")).status_code == 200


@pytest.mark.feature("B14")
async def test_the_platform_hides_and_shows_and_nobody_deletes(shop: Shop) -> None:
    ana, ben, root = await shop.author("ana"), await shop.person("ben"), await shop.person("root", admin=True)
    atlas = await ana.sells(price=0)
    await ben.buys(atlas)
    review = (await reviews(ben, atlas, 1, "A rude word")).json()
    path = f"/v1/admin/reviews/{review['id']}/status"
    assert (await ana.put(path, {"isHidden": True})).status_code == 403
    for _ in range(2):
        hidden = await root.put(path, {"isHidden": True, "reason": "Rude"})
        assert (hidden.status_code, hidden.json()["isShown"], hidden.json()["hiddenReason"]) == (200, False, "Rude")
        assert await stats_of(shop, atlas) == (None, 0)
    assert (await reviews(ben, atlas)).status_code == 409
    assert (await root.put(path, {"isHidden": False})).json()["isShown"] is True
    assert await stats_of(shop, atlas) == (1.0, 1)
    missing = "019a0000-0000-7000-8000-000000000000"
    assert (await root.put(f"/v1/admin/reviews/{missing}/status", {"isHidden": True})).status_code == 404
    for person in (ana, ben, root):
        for gone in (f"/v1/sites/{ana.site['id']}/reviews/{review['id']}", f"/v1/products/{atlas['id']}/reviews"):
            assert (await person.delete(gone)).status_code in (404, 405)


@pytest.mark.feature("B14")
async def test_pages_do_not_shift_and_hidden_products_have_none(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells(price=0)
    people = await owners(shop, atlas, 5)
    for at, person in enumerate(people):
        await reviews(person, atlas, 1 + at)
    first = await reviews_of(shop, atlas, perPage=2, count=True)
    assert [review["rating"] for review in first["data"]] == [5, 4] and first["total"] == 5
    second = await reviews_of(shop, atlas, perPage=2, cursor=first["nextCursor"])
    assert [review["rating"] for review in second["data"]] == [3, 2]
    assert (await ana.delete(f"/v1/sites/{ana.site['id']}/products/{atlas['id']}")).status_code == 204
    assert (await shop.http.get(f"/v1/products/{atlas['id']}/reviews")).status_code == 404


@pytest.mark.feature("B14")
async def test_who_owns_it_by_a_bundle_reviews_what_is_in_it(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells()
    bundle = await ana.sells("Both", price=0, productType="BUNDLE", memberIds=[atlas["id"]])
    await ben.buys(bundle)
    assert (await reviews(ben, atlas, 4)).status_code == 201
    assert (await reviews(ben, bundle, 3)).status_code == 201
    assert await stats_of(shop, atlas) == (4.0, 1)


@pytest.mark.feature("B14")
async def test_what_a_wallet_said_is_its_person_s_word_and_counts_once(shop: Shop) -> None:
    ana, wallet, ben = await shop.author("ana"), await shop.person("wallet"), await shop.person("ben")
    both, one = await ana.sells("Both", price=0), await ana.sells("One", price=0)
    for person, product, rating in ((wallet, both, 1), (ben, both, 4), (wallet, one, 2)):
        await person.buys(product)
        assert (await reviews(person, product, rating)).status_code == 201
    assert await stats_of(shop, both) == (2.5, 2)
    async with shop.db.transaction() as tx:
        await hand_over(tx, wallet.id, ben.id)
    assert await stats_of(shop, both) == (4.0, 1)
    assert await stats_of(shop, one) == (2.0, 1)
    assert await shop.db.value("select buyer_id from reviews where product_id = $1", UUID(one["id"])) == ben.id


@pytest.mark.feature("B14")
async def test_a_word_that_was_hidden_speaks_for_what_the_wallet_brings_along(shop: Shop) -> None:
    ana, wallet, ben = await shop.author("ana"), await shop.person("wallet"), await shop.person("ben")
    atlas = await ana.sells()
    await wallet.has(atlas)
    bought = await ben.has(atlas)
    assert (await reviews(wallet, atlas, 1)).status_code == (await reviews(ben, atlas, 4)).status_code == 201
    await ana.refunds(bought)
    await shop.settles()
    assert await stats_of(shop, atlas) == (1.0, 1)
    async with shop.db.transaction() as tx:
        for hand_on in wiring.hand_over():
            await hand_on(tx, wallet.id, ben.id)
    assert await stats_of(shop, atlas) == (4.0, 1)
