"""A payment is verified, entered once, handed in by our own key, and the chain says what became of it."""

import asyncio
from collections.abc import Mapping

import msgspec
import pytest

from purvey.payments import x402
from purvey.payments.x402 import AlreadyEntered, PaymentRefused, State
from purvey.settings import TOKENS
from tests.vocabulary.chain import Chain
from tests.vocabulary.rail import ATLAS, Counter, counter_of, signs

pytestmark = pytest.mark.feature("B7")


async def test_the_money_goes_from_payer_to_payee_to_the_last_unit_and_the_payer_needs_no_ether(
    counter: Counter,
) -> None:
    ben = await counter.payer(usdc=ATLAS)
    quote = await counter.quotes()
    settlement = await counter.takes(signs(ben, quote), quote)
    assert settlement.settled
    assert settlement.tx_hash is not None
    assert (await counter.chain.receipt(settlement.tx_hash))["status"] == "0x1"
    assert await counter.chain.balance(ben.address) == 0
    assert await counter.chain.balance(counter.author.address) == ATLAS
    assert await counter.chain.ether(ben.address) == 0
    [told] = counter.heard
    assert isinstance(told, x402.SettlementDecided)
    assert (told.subject_id, told.of_id, told.settled) == (settlement.id, settlement.subject_id, True)


async def test_version_one_pays_as_well(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    settlement = await counter.takes(signs(ben, quote, version=1), quote)
    assert settlement.settled
    assert x402.payment_response(settlement).keys() >= {"X-PAYMENT-RESPONSE"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"value": str(ATLAS - 1)}, "invalid_exact_evm_payload_authorization_value_mismatch"),
        ({"value": str(ATLAS + 1)}, "invalid_exact_evm_payload_authorization_value_mismatch"),
        ({"to": "0x" + "11" * 20}, "invalid_exact_evm_payload_recipient_mismatch"),
        ({"asset": "0x" + "22" * 20}, "asset_mismatch"),
        ({"network": "eip155:8453"}, "network_mismatch"),
        ({"scheme": "upto"}, "unsupported_scheme"),
        ({"validBefore": "1"}, "invalid_exact_evm_payload_authorization_valid_before"),
        ({"validBefore": "99999999999"}, "invalid_exact_evm_payload_authorization_valid_before"),
        ({"validAfter": "99999999999"}, "invalid_exact_evm_payload_authorization_valid_after"),
    ],
)
async def test_what_was_signed_is_compared_with_what_was_asked_and_never_what_was_accepted(
    counter: Counter, changes: Mapping[str, str], reason: str
) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    with pytest.raises(PaymentRefused) as refused:
        await counter.verify(signs(ben, quote, **changes), quote)
    assert refused.value.reason == reason


async def test_too_little_time_is_left(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    over = int(counter.now().timestamp()) + 10
    with pytest.raises(PaymentRefused, match="sign a new one"):
        await counter.verify(signs(ben, quote, validBefore=str(over)), quote)


async def test_a_signature_of_somebody_else_or_for_something_else_is_refused(counter: Counter) -> None:
    ben, eve = await counter.payer(), await counter.payer()
    quote = await counter.quotes()
    with pytest.raises(PaymentRefused) as refused:
        await counter.verify(signs(eve, quote, **{"from": ben.address}), quote)
    assert refused.value.reason == "invalid_exact_evm_payload_signature"
    dear = await counter.quotes(2 * ATLAS, sku="ann/dear")
    shown = signs(ben, quote, amount=str(dear.amount), extra={"sku": "ann/dear"})
    with pytest.raises(PaymentRefused) as refused:
        await counter.verify(shown, dear)
    assert refused.value.reason == "invalid_exact_evm_payload_authorization_value_mismatch"


async def test_a_payer_without_the_money_is_refused_before_anything_is_written(counter: Counter) -> None:
    poor = await counter.payer(usdc=ATLAS - 1)
    quote = await counter.quotes()
    shown = signs(poor, quote)
    with pytest.raises(PaymentRefused) as refused:
        await counter.verify(shown, quote)
    assert refused.value.reason == "invalid_exact_evm_insufficient_balance"
    assert await counter.rail.find(counter.db, shown) is None


async def test_a_wallet_that_is_a_contract_pays_by_its_owners_signature(counter: Counter) -> None:
    owner, eve = await counter.payer(), await counter.payer()
    wallet = await counter.chain.contract_wallet(owner, usdc=ATLAS)
    quote = await counter.quotes()
    with pytest.raises(PaymentRefused) as refused:
        await counter.verify(signs(eve, quote, **{"from": wallet}), quote)
    assert refused.value.reason == "invalid_exact_evm_payload_signature"
    settlement = await counter.takes(signs(owner, quote, **{"from": wallet}), quote)
    assert settlement.settled
    assert settlement.payer == wallet.lower()
    assert await counter.chain.balance(counter.author.address) == ATLAS


async def test_a_wallet_that_is_not_on_the_chain_yet_is_told_so(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    shown = signs(ben, quote)
    import msgspec

    shown = msgspec.structs.replace(shown, signature=shown.signature + "6492" * 16)
    with pytest.raises(PaymentRefused, match="deploy it first"):
        await counter.verify(shown, quote)


async def test_one_authorization_is_entered_once_however_often_it_is_shown_at_once(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    shown = signs(ben, quote)
    tried = await asyncio.gather(*(counter.enters(shown, quote) for _ in range(10)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in tried) == ["AlreadyEntered"] * 9 + ["Settlement"]
    assert all(isinstance(each, x402.Settlement | AlreadyEntered) for each in tried)
    found = await counter.rail.find(counter.db, shown)
    assert found is not None
    assert found.state is State.ENTERED


async def test_the_same_settlement_carried_out_at_once_is_one_transaction(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    entered = await counter.enters(signs(ben, quote), quote)
    done = await asyncio.gather(*(counter.carries_out(entered) for _ in range(5)))
    assert {each.tx_hash for each in done if each.settled} == {done[0].tx_hash}
    assert len([each for each in done if each.settled]) == 5
    assert await counter.chain.transactions_of(counter.key.address) == 1
    assert len(counter.heard) == 1


async def test_twenty_payments_at_once_by_one_key(counter: Counter) -> None:
    payers = await asyncio.gather(*(counter.payer(usdc=ATLAS) for _ in range(20)))
    quote = await counter.quotes()
    entered = [await counter.enters(signs(payer, quote), quote) for payer in payers]
    done = await asyncio.gather(*(counter.carries_out(each) for each in entered))
    assert all(each.settled for each in done)
    assert await counter.chain.balance(counter.author.address) == 20 * ATLAS
    assert await counter.chain.transactions_of(counter.key.address) == 20


async def test_two_processes_with_one_key_leave_no_gap_and_no_double(chain: Chain, ledger: str) -> None:
    async with counter_of(chain, ledger) as one:
        key = "0x" + bytes(one.key.key).hex()
        async with counter_of(chain, ledger, x402_facilitator_key=key) as other:
            quote = await one.quotes(sku="ann/both")
            entered = [await one.enters(signs(await one.payer(), quote), quote) for _ in range(12)]
            done = await asyncio.gather(
                *((one if place % 2 else other).carries_out(each) for place, each in enumerate(entered)),
                *(other.carries_out(each) for each in entered[:4]),
            )
            assert all(each.settled for each in done)
            assert await chain.transactions_of(one.key.address) == 12
            assert await chain.balance(one.author.address) == 12 * ATLAS


async def test_an_authorization_that_paid_once_is_refused_again(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    shown = signs(ben, quote)
    await counter.takes(shown, quote)
    with pytest.raises(PaymentRefused) as refused:
        await counter.verify(shown, quote)
    assert refused.value.reason == "invalid_exact_evm_nonce_already_used"
    with pytest.raises(AlreadyEntered):
        await counter.enters(shown, quote)


async def test_a_nonce_that_is_used_is_believed_of_its_payers_signature_alone(counter: Counter) -> None:
    ben, eve = await counter.payer(), await counter.payer()
    wallet, quote = await counter.chain.contract_wallet(ben, usdc=ATLAS), await counter.quotes()
    for payer in (ben.address, wallet):
        shown = signs(ben, quote, **{"from": payer})
        await counter.takes(shown, quote)
        later = msgspec.structs.replace(shown, valid_before=shown.valid_before + 60)
        forged = signs(eve, quote, **{"from": payer, "nonce": shown.nonce})
        junk = msgspec.structs.replace(shown, signature="0x" + "11" * 64)
        for other, reason in (
            (shown, "invalid_exact_evm_nonce_already_used"),
            (later, "invalid_exact_evm_payload_signature"),
            (forged, "invalid_exact_evm_payload_signature"),
            (junk, "invalid_exact_evm_payload_signature"),
        ):
            with pytest.raises(PaymentRefused) as refused:
                await counter.verify(other, quote)
            assert refused.value.reason == reason


async def test_the_token_that_we_know_is_the_one_on_the_chain(chain: Chain) -> None:
    assert TOKENS[chain.network][0] == chain.usdc
