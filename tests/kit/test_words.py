# ruff: noqa: RUF001  letters that look alike are what this is about
"""What is typed twice is the same twice, whatever keyboard it came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.access import passwords
from purvey.kit.ids import SLUG, slug_of
from purvey.kit.words import plain
from purvey.world import World
from tests.vocabulary import Shop
from tests.vocabulary.people import problem, signs_in, signs_up
from tests.vocabulary.shop import Clock

E_IN_ONE, E_IN_TWO = "caf\u00e9", "cafe\u0301"
WRITTEN = st.text(st.sampled_from("aZéÉe\u0301ßẞæŒøŁđİıςΣσЙёﬁｆ１가が한\u3099½ -'\\"), max_size=12)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Straße", "strasse"), ("Łódź", "lodz"), ("Smørrebrød", "smorrebrod"), ("Война и мир", "voyna-i-mir"),
        ("Οδύσσεια", "odysseia"), ("写真", "xiezhen"), ("한국", "hangug"), ("İstanbul", "istanbul"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full-width"), ("Crème brûlée", "creme-brulee"), ("ﬁn", "fin"), ("…", "thing"),
    ],
)  # fmt: skip
def test_a_slug_is_made_of_a_name_in_any_script(name: str, slug: str) -> None:
    assert slug_of(name, default="thing") == slug


@given(st.text(max_size=60))
def test_a_slug_is_always_one(name: str) -> None:
    assert SLUG.fullmatch(slug_of(name, default="thing"))


@given(WRITTEN)
async def test_what_is_typed_and_what_is_searched_are_made_plain_alike(
    running: tuple[World, str, Clock], text: str
) -> None:
    assert await running[0].db.value("select plain_words($1)", text) == plain(text)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        (f"{E_IN_ONE} guide", E_IN_TWO), (f"{E_IN_TWO} guide", E_IN_ONE), (f"{E_IN_ONE} guide", "CAFE"),
        ("Straßenkarte", "STRASSEN"), ("Strassenkarte", "straße"), ("Smørrebrød", "smorre"), ("Łódź", "lodz"),
        ("Ａｔｌａｓ", "atlas"), ("Atlas", "ａｔｌ"), ("ΟΔΟΣ", "οδος"), ("Ёлка", "елка"),
        ("写真集", "写真集"), ("がぞう", "がぞ"),
    ],
)  # fmt: skip
async def test_a_search_finds_what_looks_the_same(shop: Shop, name: str, typed: str) -> None:
    ana = await shop.author("ana")
    assert ana.site is not None
    await ana.sells(name)
    await ana.sells("Something else")
    for path in (f"/s/{ana.site['slug']}/shop", f"/v1/sites/{ana.site['id']}/products"):
        answer = await ana.get(path, params={"q": typed}, headers={"Accept": "application/json"})
        assert [each["name"] for each in answer.json()["data"]] == [name], path


async def test_a_password_opens_whatever_keyboard_typed_it(shop: Shop) -> None:
    ana = await signs_up(shop, password=f"{E_IN_TWO} with milk")
    assert (await signs_in(shop, ana.email, f"{E_IN_ONE} with milk")).status_code == 200
    assert (await signs_in(shop, ana.email, f"{E_IN_TWO} with milk")).status_code == 200
    problem(await signs_in(shop, ana.email, "cafe with milk"), 401)
    change = {"currentPassword": f"{E_IN_ONE} with milk", "newPassword": "ｎｏｗ ｉｎ ｆｕｌｌ ｗｉｄｔｈ"}
    assert (await ana.post("/v1/me/password", change)).status_code == 204
    assert (await signs_in(shop, ana.email, "now in full width")).status_code == 200


async def test_an_old_hash_opens_by_what_was_typed_then_and_by_either_form_afterwards(shop: Shop) -> None:
    ana = await signs_up(shop)
    old = passwords.hashing().scheme.hash(f"{E_IN_TWO} with milk")
    await shop.db.do("update users set password_hash = $2 where id = $1", ana.id, old)
    assert (await signs_in(shop, ana.email, f"{E_IN_TWO} with milk")).status_code == 200
    assert (await signs_in(shop, ana.email, f"{E_IN_ONE} with milk")).status_code == 200


async def test_a_password_is_as_long_as_what_it_is_kept_as(shop: Shop) -> None:
    body = {"email": "x@example.com", "displayName": "X", "password": "e\u0301" * 3 + "abc" + "\u0301" * 4}
    refused = await shop.http.post("/v1/auth/sign-up", json=body | {"password": "e\u0301" * 5 + "abcd"})
    problem(refused, 422, None, "/password")


@pytest.mark.parametrize("host", ["münchen-{}.example", "MÜNCHEN-{}.example", "mu\u0308nchen-{}.example"])
async def test_an_address_signs_in_as_it_signed_up(shop: Shop, host: str) -> None:
    word = f"{shop.now.timestamp():.0f}{len(host)}{ord(host[0])}"
    typed = f"Ana@{host.format(word)}"
    ana = await signs_up(shop, email=typed)
    assert ana.email == f"ana@xn--mnchen-{word}-1hb.example" or ana.email.startswith("ana@xn--mnchen-")
    for again in (typed, ana.email, typed.lower()):
        assert (await signs_in(shop, again)).status_code == 200, again
    problem(await signs_in(shop, "no address at all"), 401, "wrong_credentials")
