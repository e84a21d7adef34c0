"""A receipt opens what it may, for as long as it may, and nothing else does."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from purvey import access
from purvey.access.siwa import Receipt, make_receipt, read_receipt
from purvey.kit.errors import Unauthenticated
from purvey.kit.secret import Secret
from tests.vocabulary.shop import Shop

KEY = Secret("a key of forty characters, for receipts..")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def receipt_of(agent_id: int | None = 7) -> tuple[Receipt, str]:
    return make_receipt(
        KEY, address=ADDRESS, chain_id=84532, agent_id=agent_id,
        agent_registry=None if agent_id is None else "eip155:84532:0x8004A818BFB912233c491871b3d84c89A494BD9e",
        signer_type="eoa", now=NOW,
    )  # fmt: skip


@pytest.mark.feature("B5")
def test_a_receipt_reads_as_it_was_made_until_it_expires() -> None:
    for agent_id in (None, 0, 7):
        receipt, text = receipt_of(agent_id)
        assert read_receipt(KEY, text, now=NOW + timedelta(minutes=30)) == receipt
        with pytest.raises(Unauthenticated, match="expired"):
            read_receipt(KEY, text, now=NOW + timedelta(minutes=30, seconds=1))


@given(at=st.integers(0, 400), bit=st.integers(0, 6))
def test_a_receipt_with_one_bit_changed_is_none(at: int, bit: int) -> None:
    _, text = receipt_of()
    at %= len(text)
    changed = text[:at] + chr(ord(text[at]) ^ 1 << bit) + text[at + 1 :]
    with pytest.raises(Unauthenticated):
        read_receipt(KEY, changed, now=NOW)


@given(st.text())
def test_no_text_is_a_receipt(text: str) -> None:
    with pytest.raises(Unauthenticated):
        read_receipt(KEY, text, now=NOW)


@pytest.mark.feature("B5")
async def test_a_wallet_is_one_user_however_often_it_comes(shop: Shop) -> None:
    first = await shop.agent()
    again = await shop.agent(first.wallet)
    other = await shop.agent()
    assert first.id == again.id != other.id
    async with shop.db.transaction() as tx:
        user = await access.find_user(tx, first.id)
    address = first.address.lower()
    assert user is not None and user.email is None
    assert user.username.startswith(address[:6] + address[-4:])
    assert user.display_name == f"{address[:6]}…{address[-4:]}"


@pytest.mark.feature("B5")
async def test_a_wallet_that_comes_twenty_times_at_once_is_one_user(shop: Shop) -> None:
    address = Account.create().address

    async def met() -> UUID:
        async with shop.db.transaction() as tx:
            return await access.user_of_wallet(tx, address, now=shop.now)

    assert len(set(await asyncio.gather(*(met() for _ in range(20))))) == 1


async def test_a_bare_receipt_opens_no_door_of_v1(shop: Shop) -> None:
    agent = await shop.agent()
    answer = await shop.http.get("/v1/me", headers={"X-SIWA-Receipt": agent.receipt})
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_required")


async def test_a_token_and_a_receipt_together_are_refused(shop: Shop) -> None:
    agent, ana = await shop.agent(), await shop.person()
    answer = await agent.get("/v1/me", headers={"Authorization": f"Bearer {ana.token}"})
    assert (answer.status_code, answer.json()["code"]) == (400, "two_identities")
