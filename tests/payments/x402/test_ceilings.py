"""What nodes, contract wallets and facilitators say costs no more than we allow, and breaks nothing."""

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from purvey.kit.errors import Refusal, Unavailable
from purvey.payments.x402 import PaymentRefused, State
from purvey.payments.x402.gas import COIN, Ceilings
from purvey.settings import SettingsError, read_settings
from tests.conftest import fresh_database
from tests.payments.x402.test_turned_on import ON
from tests.vocabulary.chain import Chain, running_chain
from tests.vocabulary.line import Line, line_to
from tests.vocabulary.rail import ATLAS, Counter, counter_of, hands_in, signs

pytestmark = pytest.mark.feature("B7")
DEAR = {"x402_gas_coins": {"eip155:84532": COIN}}
GWEI = 10**9


async def test_a_contract_wallet_that_burns_gas_is_refused_before_anything_is_held(counter: Counter) -> None:
    greedy = await counter.chain.greedy_wallet(usdc=ATLAS, turns=60_000)
    quote = await counter.quotes()
    shown = signs(await counter.payer(), quote, **{"from": greedy})
    with pytest.raises(PaymentRefused, match="500000 is the most") as refused:
        await counter.verify(shown, quote)
    assert refused.value.reason == "gas_too_much"
    assert "nothing was taken" in refused.value.detail
    modest = await counter.chain.greedy_wallet(usdc=ATLAS, turns=1_000)
    settled = await counter.takes(signs(await counter.payer(), quote, **{"from": modest}), quote)
    assert settled.settled
    assert await counter.chain.balance(modest) == 0


async def test_a_contract_wallet_that_became_greedy_after_it_was_verified_is_not_paid_for(counter: Counter) -> None:
    wallet = await counter.chain.greedy_wallet(usdc=ATLAS, turns=10)
    quote = await counter.quotes()
    shown = signs(await counter.payer(), quote, **{"from": wallet})
    await counter.verify(shown, quote)
    entered = await counter.enters(shown, quote)
    greedy = await counter.chain.greedy_wallet(usdc=1, turns=60_000)
    await counter.chain.call("anvil_setCode", wallet, await counter.chain.call("eth_getCode", greedy, "latest"))
    failed = await counter.carries_out(entered)
    assert (failed.state, failed.reason) == (State.FAILED, "gas_too_much")
    assert await counter.chain.transactions_of(counter.key.address) == 0


async def test_gas_that_is_dearer_than_the_sale_can_bear_is_refused_and_what_is_sent_never_costs_more(
    chain: Chain, ledger: str
) -> None:
    """Half of 9.99 at 5000 USDC an ether, over 100,000 gas or so, is about 10 gwei."""
    async with (
        line_to(chain.url) as line,
        counter_of(chain, ledger, url=line.url, wait_seconds=0.2, **DEAR) as counter,
    ):
        quote, small = await counter.quotes(), await counter.quotes(1_000, sku="ann/note")
        ben = await counter.payer()
        await counter.verify(signs(ben, quote), quote)
        with pytest.raises(PaymentRefused, match=r"costs .* USDC of gas now, too much for 0\.001 USDC") as refused:
            await counter.verify(signs(ben, small), small)
        assert refused.value.reason == "gas_too_dear"
        line.says("eth_maxPriorityFeePerGas", hex(5_000 * GWEI))
        counter.rail.facilitator.prices.clear()  # type: ignore[attr-defined]
        with pytest.raises(PaymentRefused, match=r"too much for 9\.99 USDC"):
            await counter.verify(signs(ben, quote), quote)
        line.says("eth_maxPriorityFeePerGas", hex(7 * GWEI))
        counter.rail.facilitator.prices.clear()  # type: ignore[attr-defined]
        settled = await counter.takes(signs(ben, quote), quote)
        assert settled.settled and settled.raw is not None
        sent = await chain.call("eth_getTransactionByHash", settled.tx_hash)
        most = int(sent["gas"], 16) * int(sent["maxFeePerGas"], 16)
        assert most * COIN <= ATLAS * 10**18 // 2


@pytest.mark.parametrize("amount", [1, 9_990, ATLAS, 10**12])
@pytest.mark.parametrize("base", [0, 1, 10**6, GWEI, 10**13])
def test_no_offer_is_over_the_ceiling(amount: int, base: int) -> None:
    ceilings = Ceilings(gas=500_000, bps=5_000, coins={})
    try:
        fees = ceilings.fees("eip155:8453", gas=90_000, base=base, tip=base // 10, amount=amount)
    except PaymentRefused as refused:
        assert refused.reason == "gas_too_dear"
        assert 108_000 * (base + base // 10) * COIN > amount * 10**18 // 2
        return
    assert fees.gas * fees.most * COIN * 2 <= amount * 10**18
    assert fees.most >= base + fees.tip
    assert fees.gas == 108_000


def test_gas_of_a_network_whose_coin_is_given_away_costs_nothing_and_others_are_told_their_price() -> None:
    ceilings = Ceilings(gas=500_000, bps=5_000, coins={"eip155:137": 400_000})
    dear: dict[str, Any] = {"gas": 90_000, "base": 1000 * GWEI, "tip": 0, "amount": ATLAS}
    assert ceilings.fees("eip155:84532", **dear).most == 2000 * GWEI
    assert ceilings.fees("eip155:137", **dear).most == 2000 * GWEI
    with pytest.raises(PaymentRefused):
        ceilings.fees("eip155:8453", **dear)


def test_the_ceilings_are_settings() -> None:
    read = read_settings(
        ON
        | {
            "PURVEY_X402_GAS_LIMIT": "200000",
            "PURVEY_X402_GAS_BPS": "1000",
            "PURVEY_X402_GAS_COINS": "base=4000,eip155:137=0.4",
        }
    )
    assert (read.x402_gas_limit, read.x402_gas_bps) == (200_000, 1_000)
    assert read.x402_gas_coins == {"eip155:8453": 4_000_000_000, "eip155:137": 400_000}
    for wrong in (
        {"PURVEY_X402_GAS_LIMIT": "1000"},
        {"PURVEY_X402_GAS_COINS": "mars=1"},
        {"PURVEY_X402_GAS_COINS": "base"},
    ):
        with pytest.raises(SettingsError):
            read_settings(ON | wrong)


@pytest.fixture
async def own_chain() -> AsyncIterator[Chain]:
    async with running_chain() as chain:
        yield chain


@pytest.fixture
async def own_counter(own_chain: Chain, postgres: str, worker_id: str) -> AsyncIterator[Counter]:
    async with counter_of(own_chain, await fresh_database(postgres, f"fast_{worker_id}"), wait_seconds=0.2) as counter:
        yield counter


async def test_on_a_chain_of_many_blocks_a_second_a_use_is_found_by_its_time(own_counter: Counter) -> None:
    quote = await own_counter.quotes()
    entered = await own_counter.enters(signs(await own_counter.payer(), quote), quote)
    theirs = await hands_in(own_counter, entered)
    await own_counter.chain.mine(3_000, every_seconds=0)
    settled = await own_counter.carries_out(entered)
    assert (settled.state, settled.tx_hash) == (State.SETTLED, theirs)


async def test_many_blocks_of_a_few_seconds_do_not_make_a_settlement_final(own_counter: Counter) -> None:
    quote = await own_counter.quotes()
    settled = await own_counter.takes(signs(await own_counter.payer(), quote), quote)
    await own_counter.chain.mine(100, every_seconds=0)
    await own_counter.looks_again(later=timedelta(seconds=61))
    assert (await own_counter.row(settled.id)).final_at is None
    await own_counter.looks_again(later=timedelta(hours=1))
    assert (await own_counter.row(settled.id)).final_at is not None


async def test_what_was_spent_otherwise_is_refused_before_anything_is_held(counter: Counter) -> None:
    from tests.payments.x402.test_outcomes import spend_otherwise

    ben = await counter.payer()
    quote = await counter.quotes()
    shown = signs(ben, quote)
    entered = await counter.enters(shown, quote)
    await spend_otherwise(counter, entered, to=(await counter.payer()).address, amount=1, wallet=ben)
    with pytest.raises(PaymentRefused, match="pays nothing: the payer used it otherwise") as refused:
        await counter.verify(shown, quote)
    assert refused.value.reason == "payment_spent_otherwise"


NODES_LIE: list[tuple[str, object]] = [
    *((method, lie) for method in (
        "eth_estimateGas", "eth_maxPriorityFeePerGas", "eth_getTransactionCount", "eth_getBlockByNumber",
        "eth_getTransactionReceipt", "eth_call", "eth_getLogs",
    ) for lie in (
        None, "", "x", "0x", 7, [], {}, [[]], "-0x1", "0x" + "f" * 80, {"number": [], "timestamp": "0x"},
        [{"transactionHash": 1}], {"blockNumber": "0x1", "logs": [None]}, {"blockNumber": "0x1"},
    )),
    ("eth_", b"[" * 100_000), ("eth_", b"\xff\xfe"), ("eth_", b""), ("eth_", b'{"result": NaN}'),
    ("eth_", b'{"error": {"code": -32000, "message": "no\\u0000thing"}}'), ("eth_", b'{"error": [1]}'),
    ("eth_estimateGas", b'{"error": {"code": 3, "message": ["execution reverted"]}}'),
    ("eth_sendRawTransaction", b'{"error": {"code": 1, "message": "a\\u0000b"}}'),
    ("eth_getBlockByNumber", {"number": "0x7fffffffffffffff", "timestamp": "0x7fffffffffffffff"}),
    ("eth_getBlockByNumber", {"number": "0x1", "timestamp": hex(1_800_000_000_000)}),
]  # fmt: skip


async def lied_to(counter: Counter, line: Line, word: str, lie: object) -> None:
    """Whatever happens is a refusal that we word; and nobody has paid for nothing when the truth is told again."""
    quote = await counter.quotes()
    shown = signs(await counter.payer(), quote)
    line.says(word, lie)
    try:
        await counter.verify(shown, quote)
    except Refusal as refused:
        assert isinstance(refused, Unavailable | PaymentRefused), refused
    entered = await counter.enters(shown, quote)
    tried = await counter.carries_out(entered)
    try:
        await counter.rail.chain.decide(tried.authorized, now=counter.now())
    except Refusal as refused:
        assert isinstance(refused, Unavailable), refused
    line.said.clear()
    counter.rail.wait_seconds = 5
    if not tried.failed:
        assert (await counter.carries_out(tried)).settled, (word, lie)


async def test_whatever_a_node_says_is_a_clean_outcome(chain: Chain, ledger: str) -> None:
    async with (
        line_to(chain.url) as line,
        counter_of(chain, ledger, url=line.url, wait_seconds=0.05) as counter,
    ):
        for word, lie in NODES_LIE:
            counter.rail.facilitator.prices.clear()  # type: ignore[attr-defined]
            counter.rail.chain.known.clear()
            counter.rail.wait_seconds = 0.05
            await lied_to(counter, line, word, lie)


async def test_more_than_a_node_may_say_is_not_read(chain: Chain, ledger: str) -> None:
    async with line_to(chain.url) as line, counter_of(chain, ledger, url=line.url, wait_seconds=0.05) as counter:
        line.says("eth_getBlockByNumber", {"number": "0x1", "timestamp": "0x1", "more": "x" * (9 << 20)})
        with pytest.raises(Unavailable):
            await counter.rail.chain.head(chain.network, now=counter.now())


async def test_a_node_that_gives_a_thousand_uses_of_one_nonce_is_asked_for_no_receipts(
    chain: Chain, ledger: str
) -> None:
    async with line_to(chain.url) as line, counter_of(chain, ledger, url=line.url, wait_seconds=0.05) as counter:
        quote = await counter.quotes()
        entered = await counter.enters(signs(await counter.payer(), quote), quote)
        theirs = await hands_in(counter, entered)
        [log, *_] = (await chain.receipt(theirs))["logs"]
        line.says("eth_getLogs", [{**log, "transactionHash": "0x" + secrets.token_hex(32)} for _ in range(1000)])
        line.loses("eth_getTransactionReceipt")
        with pytest.raises(Unavailable, match="does not say what is needed"):
            await counter.rail.chain.decide(entered.authorized, now=counter.now())
        line.loses()
        line.said.clear()
        line.says("eth_getLogs", [{**log, "removed": True}])
        with pytest.raises(Unavailable):
            await counter.rail.chain.decide(entered.authorized, now=counter.now())
        line.said.clear()
        assert (await counter.carries_out(entered)).settled
        assert msgspec.structs.asdict(await counter.row(entered.id))["tx_hash"] == theirs
