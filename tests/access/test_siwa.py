"""A wallet signs in at the doors: what it is asked, what it gets, and what it is told when it may not."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from eth_account import Account
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purvey.access import forget_old
from purvey.access.siwa.receipts import read_receipt
from tests.vocabulary.agents import CHAIN_ID, asks_nonce, message, signed
from tests.vocabulary.shop import Shop

REGISTRY = "eip155:84532:0x8004A818BFB912233c491871b3d84c89A494BD9e"


async def verdict(shop: Shop, body: Any) -> tuple[int, str]:
    answer = await shop.http.post("/siwa/verify", json=body)
    said = answer.json()
    assert said["status"] in ("authenticated", "rejected", "not_registered"), said
    return answer.status_code, said.get("code", "")


@pytest.mark.feature("B5")
async def test_a_wallet_signs_in_and_its_receipt_says_who_it_is(shop: Shop) -> None:
    wallet = Account.create()
    said = await asks_nonce(shop, wallet)
    assert said["status"] == "nonce_issued" and said["chainId"] == CHAIN_ID
    assert shop.base_url == f"http://{said['domain']}" and said["uri"] == f"{shop.base_url}/siwa/verify"
    answer = await shop.http.post("/siwa/verify", json=signed(wallet, message(wallet, said)))
    told = answer.json()
    assert answer.status_code == 200
    assert (told["status"], told["address"], told["signerType"]) == ("authenticated", wallet.address, "eoa")
    assert "agentId" not in told and shop.world.siwa is not None
    receipt = read_receipt(shop.world.siwa.receipt_key, told["receipt"], now=shop.now)
    assert (receipt.address, receipt.chain_id) == (wallet.address, CHAIN_ID)


@pytest.mark.feature("B5")
async def test_a_nonce_is_used_once_even_by_twenty_at_once(shop: Shop) -> None:
    wallet = Account.create()
    body = signed(wallet, message(wallet, await asks_nonce(shop, wallet)))
    verdicts = await asyncio.gather(*(verdict(shop, body) for _ in range(20)))
    assert sorted(verdicts) == [(200, "")] + [(401, "INVALID_NONCE")] * 19


@pytest.mark.feature("B5")
async def test_every_reason_not_to_let_a_wallet_in_is_told(shop: Shop) -> None:
    wallet, other = Account.create(), Account.create()
    said = await asks_nonce(shop, wallet)
    right = message(wallet, said)
    later, earlier = (shop.now + timedelta(hours=1)).isoformat(), (shop.now - timedelta(hours=1)).isoformat()
    cases = {
        "another shop": (message(wallet, said, domain="evil.example"), "DOMAIN_MISMATCH"),
        "another shop's address": (message(wallet, said, uri="https://evil.example/"), "DOMAIN_MISMATCH"),
        "an address that only begins so": (message(wallet, said, uri=shop.base_url + ".evil"), "DOMAIN_MISMATCH"),
        "no nonce of ours": (message(wallet, said, nonce="0123456789abcdef"), "INVALID_NONCE"),
        "another chain": (message(wallet, said, chainId=1), "INVALID_NONCE"),
        "too late": (message(wallet, said, expirationTime=earlier), "MESSAGE_EXPIRED"),
        "too early": (right + f"\nNot Before: {later}", "MESSAGE_NOT_YET_VALID"),
    }
    for name, (text, code) in cases.items():
        assert await verdict(shop, signed(wallet, text)) == (401, code), name
    assert await verdict(shop, signed(other, right)) == (401, "INVALID_SIGNATURE")
    assert await verdict(shop, {**signed(wallet, right), "signature": "0x" + "00" * 65}) == (401, "INVALID_SIGNATURE")
    assert await verdict(shop, signed(other, message(other, said))) == (401, "INVALID_NONCE")
    assert await verdict(shop, signed(wallet, right)) == (200, ""), "none of them used the nonce"


@pytest.mark.feature("B5")
async def test_an_old_nonce_is_none_and_is_swept(shop: Shop) -> None:
    wallet = Account.create()
    said = await asks_nonce(shop, wallet)
    shop.minutes_pass(6)
    text = message(wallet, said, expirationTime=(shop.now + timedelta(hours=1)).isoformat())
    assert await verdict(shop, signed(wallet, text)) == (401, "INVALID_NONCE")
    await forget_old(shop.db, shop.now)
    assert not await shop.db.value("select count(*) from siwa_nonces where nonce = $1", said["nonce"])


async def test_an_agent_of_a_registry_that_is_not_let_in_gets_no_nonce(shop: Shop) -> None:
    wallet = Account.create()
    body = {"address": wallet.address, "agentId": 7, "agentRegistry": REGISTRY}
    answer = await shop.http.post("/siwa/nonce", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REGISTRY_FORMAT")
    assert "npm install" in answer.json()["skill"]["install"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"address": "0x12"},
        {"address": ["0x"]},
        {"address": "0x" + "1" * 40, "agentId": 7},
        {"address": "0x" + "1" * 40, "agentId": -1, "agentRegistry": REGISTRY},
        {"address": "0x" + "1" * 40, "agentId": 2**53, "agentRegistry": REGISTRY},
        {"address": "0x" + "1" * 40, "chainId": 0},
    ],
)
async def test_a_nonce_is_given_for_what_can_be_read(shop: Shop, body: Any) -> None:
    answer = await shop.http.post("/siwa/nonce", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "VERIFICATION_FAILED"), answer.text


junk = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda one: st.lists(one, max_size=3))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), signature=st.text() | st.binary(max_size=70).map(lambda data: "0x" + data.hex()), other=junk)
async def test_no_body_breaks_the_doors(shop: Shop, text: str, signature: str, other: Any) -> None:
    for path in ("/siwa/nonce", "/siwa/verify"):
        for body in ({"message": text, "signature": signature}, {"address": signature, "agentId": other}, other):
            answer = await shop.http.post(path, json=body)
            assert answer.status_code in (400, 401, 429), answer.text
