"""A wallet becomes a person's, and with it all that it bought and sold; nothing is lost, and nobody else's is taken."""

import asyncio
import inspect
import re
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from purvey import wiring
from tests.vocabulary.agents import CHAIN_ID, signed
from tests.vocabulary.shop import Person, Shop


async def text_for(person: Person, wallet: LocalAccount) -> str:
    asked = await person.post("/v1/me/wallets/nonce", {"address": wallet.address, "chainId": CHAIN_ID})
    assert asked.status_code == 200, asked.text
    text: str = asked.json()["message"]
    return text


async def links(person: Person, wallet: LocalAccount) -> httpx.Response:
    return await person.post("/v1/me/wallets", signed(wallet, await text_for(person, wallet)))


async def wallets_of(person: Person) -> list[str]:
    found: list[dict[str, Any]] = (await person.get("/v1/me/wallets")).json()["data"]
    return [each["address"] for each in found]


@pytest.mark.feature("B5")
async def test_a_new_wallet_becomes_a_persons_and_signs_for_them(shop: Shop) -> None:
    ana, wallet = await shop.person("ana"), Account.create()
    assert "the account " + ana.name in await text_for(ana, wallet)
    answer = await links(ana, wallet)
    assert (answer.status_code, answer.json()["address"]) == (201, wallet.address)
    assert await wallets_of(ana) == [wallet.address]
    assert (await links(ana, wallet)).status_code == 201, "again is no harm"
    assert (await shop.agent(wallet)).id == ana.id


@pytest.mark.feature("B5")
async def test_what_a_wallet_bought_and_sold_is_the_persons_from_then_on(shop: Shop) -> None:
    bea, ana, agent = await shop.author("bea"), await shop.person("ana"), await shop.agent()
    atlas, guide = await bea.sells("Atlas"), await bea.sells("Guide")
    await ana.has(atlas)
    await agent.has(atlas)
    bought = await agent.has(guide)
    site = await agent.post("/v1/sites", {"name": "Of an agent", "slug": f"agent-{agent.id}", "currencyCode": "EUR"})
    assert site.status_code == 201, site.text
    agent.site = site.json()
    sold = await agent.sells("Sold by an agent")
    returned = await bea.has(sold)
    assert (await agent.refunds(returned)).status_code == 202
    await shop.settles()
    key = (await agent.post("/v1/api-keys", {"name": "old", "scopes": ["MakePurchases"]})).json()["key"]

    assert (await links(ana, agent.wallet)).status_code == 201
    assert await ana.owns(guide) and await ana.owns(atlas)
    assert (await ana.sees(bought))["status"] == "SUCCEEDED"
    assert (await ana.get(f"/v1/sites/{agent.site['id']}/products/{sold['id']}")).status_code == 200
    assert (await ana.patch(f"/v1/sites/{agent.site['id']}", {"name": "Of Ana"})).status_code == 200
    assert (await shop.agent(agent.wallet)).id == ana.id
    old_key = await shop.http.get("/v1/me", headers={"Authorization": f"Bearer {key}"})
    assert old_key.status_code == 401, "keys of the wallet's own user do not become the person's"
    assert not await references_to(shop, agent.id)
    refunded_by = await shop.db.value("select refunded_by from purchases where id = $1::text::uuid", returned["id"])
    assert refunded_by == ana.id
    for seller in (bea, agent):
        await shop.books_agree(seller)


@pytest.mark.feature("B5")
async def test_a_wallet_moves_with_all_its_users_wallets_and_roles(shop: Shop) -> None:
    ana, bea, agent, second = await shop.author("ana"), await shop.author("bea"), await shop.agent(), Account.create()
    assert ana.site and bea.site
    await shop.joins(agent, bea.site["tenantId"], "EDITOR")
    await shop.joins(agent, ana.site["tenantId"], "VIEWER")
    assert (await links(agent, second)).status_code == 201
    assert (await links(ana, agent.wallet)).status_code == 201
    assert set(await wallets_of(ana)) == {agent.address, second.address}
    roles = await shop.db.records("select role from memberships where user_id = $1 order by role", ana.id)
    assert [each["role"] for each in roles] == ["EDITOR", "OWNER"]


async def test_both_paying_for_one_thing_is_settled_first(shop: Shop) -> None:
    bea, ana, agent = await shop.author("bea"), await shop.person("ana"), await shop.agent()
    atlas = await bea.sells("Atlas")
    waiting = await agent.buys(atlas)
    await ana.buys(atlas)
    refused = await links(ana, agent.wallet)
    assert (refused.status_code, refused.json()["code"]) == (409, "both_paying")
    await agent.pays(waiting)
    assert (await links(ana, agent.wallet)).status_code == 201


@pytest.mark.feature("B5")
async def test_a_wallet_of_another_person_is_not_taken(shop: Shop) -> None:
    ana, bea, wallet = await shop.person("ana"), await shop.person("bea"), Account.create()
    assert (await links(bea, wallet)).status_code == 201
    refused = await links(ana, wallet)
    assert (refused.status_code, refused.json()["code"]) == (409, "wallet_taken")
    assert (await bea.delete(f"/v1/me/wallets/{wallet.address}")).status_code == 204
    assert (await links(ana, wallet)).status_code == 201
    assert await wallets_of(bea) == []


@pytest.mark.feature("B5")
async def test_two_who_link_one_wallet_at_once_do_not_both_get_it(shop: Shop) -> None:
    agent = await shop.agent()
    people = [await shop.person(f"p{number}") for number in range(6)]
    bodies = [signed(agent.wallet, await text_for(person, agent.wallet)) for person in people]
    answers = await asyncio.gather(
        *(person.post("/v1/me/wallets", body) for person, body in zip(people, bodies, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5


@pytest.mark.feature("B5")
async def test_only_the_wallets_own_word_for_this_account_links_it(shop: Shop) -> None:
    ana, eve, wallet = await shop.person("ana"), await shop.person("eve"), Account.create()
    text = await text_for(ana, wallet)

    async def told(person: Person, body: Any) -> tuple[int, str]:
        answer = await person.post("/v1/me/wallets", body)
        return answer.status_code, answer.json()["errors"][0]["code"]

    assert await told(eve, signed(wallet, text)) == (422, "INVALID_NONCE"), "it names another account"
    assert await told(ana, signed(Account.create(), text)) == (422, "INVALID_SIGNATURE")
    assert await told(ana, signed(wallet, text.replace("Link this", "Link that"))) == (422, "INVALID_NONCE")
    assert await told(ana, signed(wallet, "anything")) == (422, "VERIFICATION_FAILED")
    shop.minutes_pass(6)
    assert await told(ana, signed(wallet, text)) == (422, "MESSAGE_EXPIRED")
    signed_in = await shop.http.post("/siwa/verify", json=signed(wallet, await text_for(ana, wallet)))
    assert signed_in.json()["code"] == "INVALID_NONCE", "what links does not sign in"


@pytest.mark.feature("B5")
async def test_the_last_way_in_stays(shop: Shop) -> None:
    agent, second = await shop.agent(), Account.create()
    refused = await agent.delete(f"/v1/me/wallets/{agent.address}")
    assert (refused.status_code, refused.json()["code"]) == (409, "last_way_in")
    assert (await links(agent, second)).status_code == 201
    assert (await agent.delete(f"/v1/me/wallets/{agent.address}")).status_code == 204
    assert (await shop.agent(second)).id == agent.id
    assert (await shop.agent(agent.wallet)).id != agent.id
    missing = await (await shop.person()).delete(f"/v1/me/wallets/{second.address}")
    assert missing.status_code == 404


async def test_a_sale_to_a_wallet_and_its_linking_wait_for_each_other(shop: Shop) -> None:
    from purvey.access import user_of_wallet

    ana, agent = await shop.person("ana"), await shop.agent()
    async with shop.db.transaction() as tx:
        assert await user_of_wallet(tx, agent.address, now=shop.now) == agent.id
        linking = asyncio.create_task(links(ana, agent.wallet))
        done, _ = await asyncio.wait([linking], timeout=0.5)
        assert not done
    assert (await linking).status_code == 201


# What stays with the user who was: their keys and sessions, which end with them, and their picture.
STAYS = {"sessions", "api_keys", "one_time_tokens", "siwa_nonces", "avatars", "email_moves"}

COLUMNS = """
select c.conrelid::regclass::text as "table", a.attname as "column"
from pg_constraint c
join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
where c.contype = 'f'
    and c.confrelid = 'users'::regclass
order by 1, 2
"""


async def references_to(shop: Shop, user_id: object) -> list[str]:
    found = []
    for row in await shop.db.records(COLUMNS):
        table, column = row["table"], row["column"]
        if table not in STAYS and await shop.db.value(f"select count(*) from {table} where {column} = $1", user_id):
            found.append(f"{table}.{column}")
    return found


async def test_whatever_is_a_users_is_handed_over(shop: Shop) -> None:
    """A new table that belongs to users must be in some slice's `hand_over`, or in STAYS with a reason."""
    sources = [inspect.getsource(inspect.getmodule(each)) for each in wiring.hand_over()]  # type: ignore[arg-type]
    text = " ".join(" ".join(sources).split()) + "update wallets set user_id"
    missing = [
        f"{row['table']}.{row['column']}"
        for row in await shop.db.records(COLUMNS)
        if row["table"] not in STAYS and not re.search(rf"update {row['table']}(?: \w)? set {row['column']}\b", text)
    ]
    assert missing == []


@pytest.mark.feature("B5")
async def test_a_wallet_is_no_way_back_into_an_account_whose_address_is_somebody_elses(shop: Shop) -> None:
    thief = await shop.person("thief", verified=False)
    asked = await thief.post("/v1/me/wallets/nonce", {"address": Account.create().address, "chainId": CHAIN_ID})
    assert (asked.status_code, asked.json()["code"]) == (409, "email_not_verified")
