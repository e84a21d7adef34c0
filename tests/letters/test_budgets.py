"""Whoever types an address into a form does not fill its mailbox, nor writes what stands on top of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from jinja2 import meta

from purvey import letters
from purvey.kit.ids import new_id
from purvey.kit.money import Money
from purvey.letters.budgets import TO_A_STRANGER, mailbox_of
from purvey.letters.sending import Desk, templates
from purvey.settings import Settings
from tests.letters.test_letters import body_of, letters_to
from tests.vocabulary import Person, Shop
from tests.vocabulary.people import fresh_email, signs_up

KINDS = sorted(each.stem for each in (Path(letters.__file__).parent / "templates").glob("*.txt"))
CRIED = "YOU HAVE WON evil.example"


async def orders(buyer: Person, seller: Person, times: int) -> list[dict[str, Any]]:
    leaflets = [await seller.sells(f"Leaflet {n}", price=0) for n in range(times)]
    return [await buyer.buys(leaflet) for leaflet in leaflets]


async def test_25_free_orders_send_an_unproved_address_a_handful_of_letters_and_all_are_on_her_page(shop: Shop) -> None:
    ana, eve = await shop.author("ana"), await signs_up(shop, "victim")
    bought = await orders(eve, ana, 25)
    await shop.settles()
    told = letters_to(shop, eve.email)
    receipts = [one for one in told if "receipt" in one["Subject"]]
    assert len(receipts) == TO_A_STRANGER
    assert len(told) == TO_A_STRANGER + 1, "and one to prove the address"
    listed = (await eve.get("/v1/purchases?perPage=100")).json()["data"]
    assert {one["id"] for one in listed} == {one["id"] for one in bought}

    shop.days_pass(1.1)
    eve.token = (await shop.http.post("/v1/auth/sign-in", json={
        "email": eve.email, "password": "correct horse battery",
    })).json()["token"]  # fmt: skip
    await orders(eve, ana, 1)
    await shop.settles()
    assert len(letters_to(shop, eve.email)) == TO_A_STRANGER + 2


async def test_a_proved_address_is_sent_every_receipt(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    await orders(ben, ana, 2 * TO_A_STRANGER)
    await shop.settles()
    assert len(letters_to(shop, ben.email)) == 2 * TO_A_STRANGER


async def test_one_mailbox_by_many_names_is_one_mailbox(shop: Shop) -> None:
    ana, name = await shop.author("ana"), fresh_email("victim").partition("@")[0]
    aliases = [f"{name}+{n}@example.com" for n in range(3)]
    for alias in aliases:
        await orders(await signs_up(shop, email=alias), ana, 4)
    await shop.settles()
    receipts = [one for alias in aliases for one in letters_to(shop, alias) if "receipt" in one["Subject"]]
    assert len(receipts) == TO_A_STRANGER
    assert mailbox_of("ana+x+y@b.c") == "ana@b.c"
    assert mailbox_of("+x@b.c") == "+x@b.c"


async def test_orders_do_not_use_up_the_letters_that_let_her_in(shop: Shop) -> None:
    ana, eve = await shop.author("ana"), await signs_up(shop, "victim")
    await orders(eve, ana, TO_A_STRANGER + 1)
    assert (await shop.http.post("/v1/auth/password-reset", json={"email": eve.email})).status_code == 202
    await shop.settles()
    assert [one for one in letters_to(shop, eve.email) if one["Subject"] == "Set a new password"]


async def test_a_letter_that_is_held_back_is_not_sent_later_and_one_that_is_tried_again_counts_once(
    shop: Shop,
) -> None:
    desk, address, sent = Desk(shop.world.settings), fresh_email("nobody"), []

    class Unsure:
        """Loses the first letter on its way."""

        async def send(self, letter: Any, message: Any) -> None:
            sent.append(letter.id)
            if len(sent) == 1:
                raise ConnectionResetError

    desk.postman = Unsure()
    events = [new_id() for _ in range(TO_A_STRANGER + 1)]

    async def write(event: Any) -> None:
        words = {"name": "x", "hours": 1, "link": "https://shop"}
        await desk.write(shop.db, kind="reset-password", about=event, to=address, now=shop.now, words=words)

    with pytest.raises(ConnectionResetError):
        await write(events[0])
    for event in events * 2:
        await write(event)
    assert len(sent) == 1 + TO_A_STRANGER
    held = await shop.db.value("select count(*) from mails where recipient = $1 and held_at is not null", address)
    assert held == 1


async def test_of_many_letters_at_once_no_more_leave_than_may(shop: Shop) -> None:
    desk, address = Desk(shop.world.settings), fresh_email("crowd")
    words = {"name": "x", "hours": 1, "link": "https://shop"}
    await asyncio.gather(
        *(
            desk.write(shop.db, kind="verify-email", about=new_id(), to=address, now=shop.now, words=words)
            for _ in range(40)
        )
    )
    assert len(letters_to(shop, address)) == TO_A_STRANGER


class Cries(dict[str, Any]):
    """Whatever a template asks for, somebody has typed something there."""

    typed = {"order_number": 7, "quantity": 1, "hours": 1, "days": 7, "tax_inclusive": False, "downloadable": True}
    amounts = ("amount", "discount", "tax", "total")

    def __missing__(self, key: str) -> Any:
        if key in self.amounts:
            return Money(1200, "EUR")
        return self.typed.get(key, [CRIED] if key == "ended" else CRIED)


def asked_for(kind: str) -> set[str]:
    """Every word that a letter's templates use, their frame's too."""
    folder = Path(letters.__file__).parent / "templates"
    sources = [(folder / name).read_text() for name in (f"{kind}.txt", f"{kind}.mjml", "frame.mjml")]
    return set().union(*(meta.find_undeclared_variables(templates().parse(source)) for source in sources))


@pytest.mark.parametrize("kind", KINDS)
def test_no_word_that_somebody_typed_is_in_the_subject_or_greeting_of_a_letter_to_a_stranger(
    tmp_path: Path, kind: str
) -> None:
    told = Cries()
    words = {name: told[name] for name in asked_for(kind) - {"base_url", "hello", "is_proved"}} | {"name": CRIED}
    letter = Desk(Settings(home=tmp_path, secret_key="k" * 40)).letter(
        kind, about=new_id(), to="x@example.com", words=words, is_proved=False
    )
    assert letter.subject
    assert CRIED not in letter.subject
    assert letter.text.startswith("Hello,\n")


async def test_who_has_left_the_team_is_not_told_of_its_sales(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site is not None
    await shop.joins(ben, ana.site["tenantId"], "OWNER")
    leaflet = await ana.sells("Leaflet", price=0)
    await ana.patch(f"/v1/sites/{ana.site['id']}", {"saleNotice": True})
    cleo, dan = await shop.person("cleo"), await shop.person("dan")
    await cleo.buys(leaflet)
    await shop.settles()
    assert (await ana.post(f"/v1/tenants/{ana.site['tenantId']}/leave")).status_code == 204
    await dan.buys(leaflet)
    await shop.settles()
    sold = [len([one for one in letters_to(shop, each.email) if "Sold" in one["Subject"]]) for each in (ana, ben)]
    assert sold == [1, 1]


async def test_a_name_in_a_greeting_is_escaped(shop: Shop) -> None:
    ana = await shop.author("ana")
    ben = await shop.person("ben")
    assert (await ben.patch("/v1/me", {"displayName": "Ben <b>"})).status_code == 200
    await ben.buys(await ana.sells("Leaflet", price=0))
    await shop.settles()
    (letter,) = letters_to(shop, ben.email)
    assert "Hello Ben &lt;b&gt;," in body_of(letter, "html")
    assert "Hello Ben <b>," in body_of(letter)
