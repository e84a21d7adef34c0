"""Whatever goes wrong on the way, the chain decides, and what it decided is found: nobody pays twice or for nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from purvey.kit.errors import Unavailable
from purvey.kit.secret import Secret
from purvey.payments import x402
from purvey.payments.x402 import State
from tests.conftest import fresh_database
from tests.vocabulary.chain import ETHER, Chain, running_chain
from tests.vocabulary.line import line_to
from tests.vocabulary.rail import ATLAS, Counter, counter_of, hands_in, signs

pytestmark = pytest.mark.feature("B8")


@pytest.fixture
async def own_chain() -> AsyncIterator[Chain]:
    """A chain for one test, which may move its time and forget its blocks."""
    async with running_chain() as chain:
        yield chain


@pytest.fixture
async def own_ledger(postgres: str, worker_id: str) -> str:
    return await fresh_database(postgres, f"own_ledger_{worker_id}")


async def test_a_slow_chain_is_waited_for_without_holding_anybody_up_and_the_same_payment_is_found_later(
    counter: Counter,
) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    entered = await counter.enters(signs(ben, quote), quote)
    counter.rail.wait_seconds = 2
    await counter.chain.mines_by_itself(False)
    lag = asyncio.create_task(longest_lag())
    waiting = await counter.carries_out(entered)
    lag.cancel()
    assert waiting.unknown
    assert waiting.state is State.SENT
    assert waiting.tx_hash is not None
    assert await counter.chain.balance(counter.author.address) == 0
    await counter.chain.mines_by_itself(True)
    settled = await counter.carries_out(waiting)
    assert settled.settled
    assert settled.tx_hash == waiting.tx_hash
    assert await counter.chain.balance(ben.address) == 9 * ATLAS
    assert await counter.chain.transactions_of(counter.key.address) == 1
    assert LAGS[-1] < 0.25, LAGS[-1]


LAGS: list[float] = []


async def longest_lag() -> None:
    LAGS.append(0.0)
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.01)
        LAGS[-1] = max(LAGS[-1], time.perf_counter() - before - 0.01)


async def test_what_nobody_waits_for_any_more_is_finished_by_the_sweep(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    entered = await counter.enters(signs(ben, quote), quote)
    await counter.sweeps(later=timedelta())
    assert (await counter.row(entered.id)).state is State.ENTERED, "whoever entered it has some time"
    assert (await counter.finishes(entered.id)).settled
    assert len(counter.heard) == 1


async def test_a_key_without_ether_wedges_nothing(chain: Chain, ledger: str) -> None:
    async with counter_of(chain, ledger, ether=0, wait_seconds=1) as counter:
        quote = await counter.quotes()
        entered = [await counter.enters(signs(await counter.payer(), quote), quote) for _ in range(3)]
        tried = [await counter.carries_out(each) for each in entered]
        assert [each.unknown for each in tried] == [True] * 3
        assert await chain.balance(counter.author.address) == 0
        await chain.set_ether(counter.key.address, ETHER)
        later = await counter.enters(signs(await counter.payer(), quote), quote)
        assert (await counter.carries_out(later)).settled, "no nonce was skipped"
        again = [await counter.carries_out(each) for each in tried]
        assert [each.settled for each in again] == [True] * 3
        assert await chain.balance(counter.author.address) == 4 * ATLAS


async def test_an_authorization_that_somebody_else_handed_in_is_paid(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    entered = await counter.enters(signs(ben, quote), quote)
    theirs = await hands_in(counter, entered)
    settled = await counter.carries_out(entered)
    assert (settled.state, settled.tx_hash) == (State.SETTLED, theirs)
    assert await counter.chain.transactions_of(counter.key.address) == 0
    assert await counter.chain.balance(counter.author.address) == ATLAS


async def test_an_authorization_that_is_overtaken_while_it_waits_is_paid_once(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    counter.rail.wait_seconds = 0.3
    await counter.chain.mines_by_itself(False)
    waiting = await counter.carries_out(await counter.enters(signs(ben, quote), quote))
    await counter.chain.call("anvil_dropTransaction", waiting.tx_hash)
    await counter.chain.mines_by_itself(True)
    theirs = await hands_in(counter, waiting)
    settled = await counter.carries_out(waiting)
    assert (settled.state, settled.tx_hash) == (State.SETTLED, theirs)
    assert await counter.chain.balance(ben.address) == 9 * ATLAS


async def test_a_transaction_that_the_nodes_forgot_is_sent_again(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    counter.rail.wait_seconds = 0.3
    await counter.chain.mines_by_itself(False)
    waiting = await counter.carries_out(await counter.enters(signs(ben, quote), quote))
    await counter.chain.call("anvil_dropTransaction", waiting.tx_hash)
    await counter.chain.mines_by_itself(True)
    assert (await counter.finishes(waiting.id)).settled


async def test_a_nonce_that_its_payer_cancelled_has_failed_for_good(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    entered = await counter.enters(signs(ben, quote), quote)
    await spend_otherwise(counter, entered, to=(await counter.payer()).address, amount=1, wallet=ben)
    failed = await counter.carries_out(entered)
    assert (failed.state, failed.reason) == (State.FAILED, "the payer used it otherwise")
    assert await counter.chain.balance(counter.author.address) == 0


async def spend_otherwise(counter: Counter, entered: x402.Settlement, *, to: str, amount: int, wallet: object) -> None:
    """The payer signs another transfer with the same nonce, and hands it in first."""
    quote = await counter.quotes(amount, sku="ann/otherwise", pay_to=to)
    other = signs(wallet, quote, nonce=entered.nonce)  # type: ignore[arg-type]
    await counter.chain.send_as(
        await counter.chain.wallet(),
        counter.chain.usdc,
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
        other.payer,
        other.to,
        other.value,
        other.valid_after,
        other.valid_before,
        bytes.fromhex(other.nonce[2:]),
        bytes.fromhex(other.signature[2:]),
    )


async def test_money_that_went_away_after_it_was_verified_fails_at_once_when_nobody_has_the_payment(
    counter: Counter,
) -> None:
    ben = await counter.payer(usdc=ATLAS)
    quote = await counter.quotes()
    shown, other = signs(ben, quote), signs(ben, quote)
    for each in (shown, other):
        await counter.verify(each, quote)
    first, second = await counter.enters(shown, quote), await counter.enters(other, quote)
    assert (await counter.carries_out(first)).settled
    failed = await counter.carries_out(second)
    assert (failed.state, failed.reason) == (State.FAILED, "invalid_exact_evm_insufficient_balance")
    assert await counter.chain.transactions_of(counter.key.address) == 1, "no gas was paid for it"


async def test_a_payment_that_was_refused_and_that_its_payer_hands_in_all_the_same_is_not_lost(
    own_chain: Chain, own_ledger: str
) -> None:
    async with counter_of(own_chain, own_ledger) as counter:
        ben = await counter.payer(usdc=ATLAS - 1)
        quote = await counter.quotes()
        failed, other = [await counter.carries_out(await counter.enters(signs(ben, quote), quote)) for _ in range(2)]
        assert failed.failed and other.failed
        await counter.looks_again()
        assert (await counter.row(failed.id)).final_at is None, "it can still be used"
        await own_chain.give(ben.address, 1)
        theirs = await hands_in(counter, failed)
        await counter.looks_again(later=timedelta(hours=1))
        settled = await counter.row(failed.id)
        assert (settled.state, settled.tx_hash) == (State.SETTLED, theirs)
        assert [each.settled for each in counter.heard if isinstance(each, x402.SettlementDecided)] == [
            False, False, True,
        ]  # fmt: skip
        await own_chain.passes(400)
        await counter.looks_again(later=timedelta(hours=2))
        row = await counter.row(other.id)
        assert row.failed and row.final_at is not None


async def test_unused_it_fails_when_its_time_is_over_by_the_chains_clock_and_never_by_ours(
    own_chain: Chain, own_ledger: str
) -> None:
    async with counter_of(own_chain, own_ledger, ether=0, wait_seconds=0.2) as counter:
        ben = await counter.payer()
        quote = await counter.quotes()
        tried = await counter.carries_out(await counter.enters(signs(ben, quote), quote))
        counter.offset += timedelta(hours=2)
        assert (await counter.carries_out(tried)).unknown, "our clock decides nothing"
        await own_chain.passes(290)
        assert (await counter.carries_out(tried)).unknown
        await own_chain.passes(30)
        failed = await counter.carries_out(tried)
        assert (failed.state, failed.reason) == (State.FAILED, "expired unused")
        [told] = counter.heard
        assert isinstance(told, x402.SettlementDecided)
        assert (told.settled, told.reason) == (False, "expired unused")


async def test_a_block_counts_when_it_has_its_confirmations(own_chain: Chain, own_ledger: str) -> None:
    async with counter_of(own_chain, own_ledger, x402_confirmations=3, wait_seconds=0.3) as counter:
        ben = await counter.payer()
        quote = await counter.quotes()
        await own_chain.mine(3)
        waiting = await counter.carries_out(await counter.enters(signs(ben, quote), quote))
        assert waiting.unknown
        assert await own_chain.balance(counter.author.address) == ATLAS
        await own_chain.mine()
        assert (await counter.carries_out(waiting)).unknown
        await own_chain.mine()
        assert (await counter.carries_out(waiting)).settled


async def test_a_chain_that_does_not_answer_decides_nothing(chain: Chain, ledger: str) -> None:
    async with line_to(chain.url) as line, counter_of(chain, ledger, url=line.url, wait_seconds=0.3) as counter:
        ben = await counter.payer()
        quote = await counter.quotes()
        shown = signs(ben, quote)
        line.cut = True
        with pytest.raises(Unavailable):
            await counter.verify(shown, quote)
        entered = await counter.enters(shown, quote)
        assert (await counter.carries_out(entered)).unknown
        with pytest.raises(Unavailable):
            await counter.rail.ask_chain(counter.db, entered, now=counter.now())
        line.cut = False
        assert (await counter.carries_out(entered)).settled


@pytest.mark.parametrize(
    "lost",
    ["eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_getTransactionCount", "eth_estimateGas", "eth_call"],
)
async def test_lost_answers_lose_nothing(chain: Chain, ledger: str, lost: str) -> None:
    async with line_to(chain.url) as line, counter_of(chain, ledger, url=line.url, wait_seconds=0.3) as counter:
        ben = await counter.payer()
        quote = await counter.quotes()
        entered = await counter.enters(signs(ben, quote), quote)
        line.loses(lost)
        tried = await counter.carries_out(entered)
        assert not tried.failed
        line.loses()
        assert (await counter.carries_out(tried)).settled
        assert await chain.balance(counter.author.address) == ATLAS
        assert await chain.transactions_of(counter.key.address) == 1


async def test_a_payment_whose_block_was_undone_is_handed_in_again_and_who_counts_on_it_is_told(
    own_chain: Chain, own_ledger: str
) -> None:
    async with counter_of(own_chain, own_ledger) as counter:
        ben = await counter.payer()
        quote = await counter.quotes()
        await own_chain.mine(5)
        settled = await counter.takes(signs(ben, quote), quote)
        await counter.looks_again()
        assert len(counter.heard) == 1, "it is still there"
        await own_chain.forgets(2)
        assert await own_chain.balance(counter.author.address) == 0
        await counter.looks_again(later=timedelta(minutes=10))
        assert isinstance(counter.heard[1], x402.SettlementVanished)
        assert await own_chain.balance(counter.author.address) == ATLAS, "it was handed in again"
        await counter.looks_again(later=timedelta(hours=1))
        assert isinstance(counter.heard[2], x402.SettlementReturned)
        back = await counter.row(settled.id)
        assert back.settled
        assert back.vanished_at is None
        await counter.looks_again(later=timedelta(hours=2))
        assert len(counter.heard) == 3


async def test_what_vanished_and_cannot_be_handed_in_again_is_told_once(own_chain: Chain, own_ledger: str) -> None:
    async with counter_of(own_chain, own_ledger) as counter:
        ben = await counter.payer()
        quote = await counter.quotes()
        await own_chain.mine(5)
        settled = await counter.takes(signs(ben, quote), quote)
        await own_chain.forgets(2)
        await own_chain.passes(600)
        for hours in (1, 2, 3):
            await counter.looks_again(later=timedelta(hours=hours))
        assert [type(each).__name__ for each in counter.heard] == ["SettlementDecided", "SettlementVanished"]
        row = await counter.row(settled.id)
        assert row.vanished_at is not None
        assert row.final_at is not None


async def test_what_lies_deep_is_asked_after_no_more(own_chain: Chain, own_ledger: str) -> None:
    async with counter_of(own_chain, own_ledger) as counter:
        quote = await counter.quotes()
        settled = await counter.takes(signs(await counter.payer(), quote), quote)
        await counter.looks_again()
        assert (await counter.row(settled.id)).final_at is None
        await own_chain.mine(64)
        await counter.looks_again(later=timedelta(hours=1))
        assert (await counter.row(settled.id)).final_at is not None


async def test_an_address_that_leads_to_another_chain_decides_nothing(counter: Counter) -> None:
    quote = await counter.quotes()
    settled = await counter.takes(signs(await counter.payer(), quote), quote)
    counter.rail.chain.known.clear()
    elsewhere = x402.Settlement(**{**as_dict(settled), "network": "eip155:8453"})
    counter.rail.chain.chains.urls = {"eip155:8453": Secret(counter.chain.url)}
    with pytest.raises(Unavailable, match="another chain"):
        await counter.rail.chain.decide(elsewhere.authorized, now=counter.now())


def as_dict(settlement: x402.Settlement) -> dict[str, object]:
    return {name: getattr(settlement, name) for name in settlement.__struct_fields__}
