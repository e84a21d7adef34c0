"""The ways in which others lost money by x402, one test for each letter of the research: here everybody is whole."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from eth_account import Account

from tests.vocabulary.chain import ETHER
from tests.vocabulary.paying import USDC, Market, Payer, accounts_agree, offer_of, packed, signature
from tests.vocabulary.shop import Person

Json = dict[str, Any]
PRICE = 500_000
THANKS = "The secret word is Ahoy."
HERE = "/api/products/{}/buy"

pytestmark = pytest.mark.feature("B8")


class Scene:
    """A creator, a product, a buyer, and the door where the payment alone is at stake."""

    def __init__(self, market: Market, ana: Person, product: Json, agent: Payer) -> None:
        self.market, self.ana, self.product, self.agent = market, ana, product, agent
        self.door = HERE.format(product["id"])

    async def asks(self) -> httpx.Response:
        return await self.agent.sends(self.door)

    async def shows(self, payment: dict[str, str], *, by: Payer | None = None) -> httpx.Response:
        return await (by or self.agent).sends(self.door, **payment)

    async def charged_once(self) -> None:
        assert await self.market.earned(self.ana) == PRICE
        assert await self.agent.has() == 100 * USDC - PRICE
        await accounts_agree(self.market, self.ana)

    async def purchases(self) -> int:
        sql = "select count(*) from purchases where product_id = $1 and goods = 'SOLD'"
        return int(await self.market.db.value(sql, UUID(self.product["id"])))


@pytest.fixture
async def scene(market: Market) -> AsyncIterator[Scene]:
    rail = market.world.rail
    assert rail is not None
    ana = await market.creator("ana")
    product = await ana.sells("Pack", price=PRICE, thankYouMessage=THANKS)
    patience = rail.wait_seconds
    yield Scene(market, ana, product, await market.buyer())
    rail.wait_seconds = patience


def patience(scene: Scene, seconds: float) -> None:
    assert scene.market.world.rail is not None
    scene.market.world.rail.wait_seconds = seconds


def facilitator(scene: Scene) -> str:
    return str(Account.from_key(scene.market.world.settings.x402_facilitator_key.reveal()).address)


async def test_a_the_buyer_who_lost_the_answer_has_it_again_by_a_receipt(scene: Scene) -> None:
    payment = scene.agent.signs(await scene.asks())
    first = await scene.shows(payment)
    assert first.status_code == 200
    nobody = await scene.shows(payment)
    assert (nobody.status_code, nobody.json()["error"]) == (409, "Duplicate transaction")
    assert nobody.json()["id"] == first.json()["purchase"]["id"] and nobody.json()["status"] == "confirmed"
    await scene.agent.signs_in()
    again = await scene.shows(payment)
    assert (again.status_code, again.json()) == (200, first.json())
    await scene.charged_once()


async def test_b_the_same_signature_twenty_times_at_once_is_one_charge_and_one_transaction(scene: Scene) -> None:
    payment = scene.agent.signs(await scene.asks())
    sent = await scene.market.chain.transactions_of(facilitator(scene))
    answers = await asyncio.gather(*(scene.shows(payment) for _ in range(20)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == 1 and set(statuses) <= {200, 202, 409}, statuses
    assert await scene.market.chain.transactions_of(facilitator(scene)) - sent == 1
    assert await scene.purchases() == 1
    await scene.charged_once()


async def test_c_a_payment_for_one_thing_buys_no_other(scene: Scene) -> None:
    other = await scene.ana.sells("Other", price=PRICE)
    payment = scene.agent.signs(await scene.asks())
    there = await scene.agent.sends(HERE.format(other["id"]), **payment)
    assert there.status_code == 402 and await scene.market.earned(scene.ana) == 0
    assert (await scene.shows(payment)).status_code == 200
    await scene.agent.signs_in()
    used = await scene.agent.sends(HERE.format(other["id"]), **payment)
    assert (used.status_code, used.json()["error"]) == (409, "Duplicate transaction")
    await scene.charged_once()


async def test_d_a_slow_chain_is_202_until_it_is_certain_and_never_a_second_price(scene: Scene) -> None:
    patience(scene, 0.5)
    await scene.agent.signs_in()
    payment = scene.agent.signs(await scene.asks())
    await scene.market.chain.mines_by_itself(False)
    first = await scene.shows(payment)
    assert (first.status_code, first.headers["retry-after"]) == (202, "2"), first.text
    assert first.json()["purchase"]["status"] == "pending" and first.json()["purchase"]["tx_hash"].startswith("0x")
    unpaid = await scene.asks()
    assert (unpaid.status_code, unpaid.json()["code"]) == (409, "payment_being_settled")
    again = await scene.shows(payment)
    assert (again.status_code, again.json()) == (202, first.json())
    await scene.market.chain.mines_by_itself(True)
    done = await scene.shows(payment)
    assert (done.status_code, done.json()["purchase"]["status"]) == (200, "confirmed")
    await scene.charged_once()


async def test_e_what_is_gone_between_price_and_payment_is_refused_unsettled(scene: Scene) -> None:
    path = f"/v1/sites/{scene.ana.site['id']}/products/{scene.product['id']}"  # type: ignore[index]
    payment = scene.agent.signs(await scene.asks())
    assert (await scene.ana.put(path, {"isActive": False})).status_code == 200
    refused = await scene.shows(payment)
    assert (refused.status_code, refused.json()["error"]) == (404, "Product not found")
    assert await scene.agent.has() == 100 * USDC and await scene.purchases() == 0


async def test_e2_a_payment_that_cannot_be_read_is_400_and_no_price_to_sign_again(scene: Scene) -> None:
    for header in ("PAYMENT-SIGNATURE", "X-PAYMENT"):
        for garbage in ("x", "e30=", packed({"x402Version": 3}), packed({"x402Version": 2, "payload": {}})):
            answer = await scene.shows({header: garbage})
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed_payment"), garbage


async def test_i_a_key_that_was_out_of_gas_settles_again_once_it_has_some(scene: Scene) -> None:
    patience(scene, 0.3)
    await scene.agent.signs_in()
    payment = scene.agent.signs(await scene.asks())
    await scene.market.chain.set_ether(facilitator(scene), 0)
    try:
        stuck = await scene.shows(payment)
        assert stuck.status_code == 202, stuck.text
    finally:
        await scene.market.chain.set_ether(facilitator(scene), ETHER)
    patience(scene, 20)
    done = await scene.shows(payment)
    assert done.status_code == 200, done.text
    other = await scene.market.buyer()
    bought = await other.pays(scene.door)
    assert bought.status_code == 200, bought.text
    assert await scene.market.earned(scene.ana) == 2 * PRICE


async def test_j_a_signature_read_from_the_chain_shows_nobody_what_was_bought(scene: Scene) -> None:
    payment = scene.agent.signs(await scene.asks())
    assert (await scene.shows(payment)).status_code == 200
    thief = await scene.market.buyer()
    await thief.signs_in()
    for by in (thief, await scene.market.buyer()):
        stolen = await scene.shows(payment, by=by)
        assert stolen.status_code in {403, 409} and "Ahoy" not in stolen.text
    await scene.charged_once()


async def test_k_a_payment_that_somebody_else_handed_in_first_still_buys(scene: Scene) -> None:
    asked = await scene.asks()
    offer = offer_of(asked)
    payment = signature(scene.agent.wallet, offer)
    await hands_in(scene, payment)
    assert await scene.market.earned(scene.ana) == PRICE
    stranger = await scene.shows(payment)
    assert (stranger.status_code, "Ahoy" in stranger.text) == (409, False)
    assert await scene.purchases() == 1
    await scene.agent.signs_in()
    mine = await scene.shows(payment)
    assert (mine.status_code, mine.json()["thank_you_message"]) == (200, THANKS)
    await scene.charged_once()


async def hands_in(scene: Scene, payment: dict[str, str]) -> None:
    """What anybody can do who has seen a signature."""
    from base64 import b64decode

    import msgspec

    said = msgspec.json.decode(b64decode(payment["PAYMENT-SIGNATURE"]))["payload"]
    allowed, chain = said["authorization"], scene.market.chain
    await chain.send(
        chain.owner, chain.usdc,
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
        allowed["from"], allowed["to"], int(allowed["value"]), int(allowed["validAfter"]),
        int(allowed["validBefore"]), bytes.fromhex(allowed["nonce"][2:]), bytes.fromhex(said["signature"][2:]),
    )  # fmt: skip


async def test_l_a_cheap_payment_does_not_become_a_dear_one_by_what_it_claims(scene: Scene) -> None:
    patience(scene, 0.3)
    bea = await scene.market.creator("bea")
    dear = await bea.sells("Dear", price=40 * PRICE)
    cheap, wanted = offer_of(await scene.asks()), offer_of(await scene.agent.sends(HERE.format(dear["id"])))
    claims = {**wanted, "amount": cheap["amount"], "payTo": cheap["payTo"]}
    signed = signature(scene.agent.wallet, claims)
    for payment in (signed, signature(scene.agent.wallet, wanted, value=cheap["amount"])):
        answer = await scene.agent.sends(HERE.format(dear["id"]), **payment)
        assert answer.status_code == 402
    await scene.market.chain.mines_by_itself(False)
    assert (await scene.shows(signed)).status_code == 202
    assert (await scene.agent.sends(HERE.format(dear["id"]), **signed)).status_code == 409
    await scene.market.chain.mines_by_itself(True)
    patience(scene, 20)
    await scene.agent.signs_in()
    assert (await scene.shows(signed)).status_code == 200
    assert await scene.market.earned(bea) == 0
    await scene.charged_once()


async def test_m_while_the_chain_is_slow_everybody_else_is_served(scene: Scene) -> None:
    patience(scene, 3)
    payment = scene.agent.signs(await scene.asks())
    await scene.market.chain.mines_by_itself(False)
    slow = asyncio.create_task(scene.shows(payment))
    waits = []
    for _ in range(20):
        began = time.monotonic()
        assert (await scene.market.http.get("/healthz")).status_code == 200
        waits.append(time.monotonic() - began)
        await asyncio.sleep(0.05)
    assert not slow.done() and sorted(waits)[len(waits) // 2] < 0.5, waits
    await scene.market.chain.mines_by_itself(True)
    assert (await slow).status_code == 200
    await scene.charged_once()


async def test_n_what_was_bought_is_ours_to_say_not_the_payers(scene: Scene) -> None:
    dear = await scene.ana.sells("Dear", price=40 * PRICE)
    offer = offer_of(await scene.asks())
    offer["resource"] = {"url": scene.market.base_url + HERE.format(dear["id"]), "description": "", "mimeType": ""}
    offer["extra"] = {**offer["extra"], "sku": "dear"}
    bought = await scene.shows(signature(scene.agent.wallet, offer))
    assert (bought.status_code, bought.json()["purchase"]["product_id"]) == (200, scene.product["id"])
    owned = "select count(*) from entitlements where product_id = $1"
    assert await scene.market.db.value(owned, UUID(dear["id"])) == 0
    await scene.charged_once()
