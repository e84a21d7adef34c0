"""Any facilitator over HTTP: the published one is asked in its own words, and believed only where the chain is."""

import json
from collections.abc import AsyncIterator

import pytest

from purvey.kit.errors import Conflict, Unavailable
from purvey.payments.x402 import PaymentRefused, State
from tests.vocabulary.chain import ETHER, Chain
from tests.vocabulary.facilitator import PublishedFacilitator, published_facilitator
from tests.vocabulary.rail import ATLAS, Counter, counter_of, hands_in, signs

pytestmark = pytest.mark.feature("B7")


@pytest.fixture
async def facilitator(chain: Chain) -> AsyncIterator[PublishedFacilitator]:
    with published_facilitator(chain, await chain.wallet(ether=ETHER)) as facilitator:
        yield facilitator


@pytest.fixture
async def over_http(chain: Chain, ledger: str, facilitator: PublishedFacilitator) -> AsyncIterator[Counter]:
    async with counter_of(chain, ledger, x402_facilitator_url=facilitator.url) as counter:
        yield counter


@pytest.mark.parametrize("version", [1, 2])
async def test_it_is_verified_and_settled_in_the_payers_version(
    over_http: Counter, facilitator: PublishedFacilitator, version: int
) -> None:
    ben = await over_http.payer()
    quote = await over_http.quotes()
    settlement = await over_http.takes(signs(ben, quote, version=version), quote)
    assert settlement.settled
    assert facilitator.asked == [("/verify", version), ("/settle", version)]
    assert await over_http.chain.balance(over_http.author.address) == ATLAS


async def test_its_refusal_is_ours(over_http: Counter) -> None:
    poor = await over_http.payer(usdc=1)
    quote = await over_http.quotes()
    with pytest.raises(PaymentRefused) as refused:
        await over_http.verify(signs(poor, quote), quote)
    assert refused.value.reason == "invalid_exact_evm_insufficient_balance"


async def test_a_settlement_that_it_answers_too_late_is_found(
    over_http: Counter, facilitator: PublishedFacilitator
) -> None:
    ben = await over_http.payer()
    quote = await over_http.quotes()
    entered = await over_http.enters(signs(ben, quote), quote)
    facilitator.late = 1.0
    over_http.rail.facilitator.http.timeout = 0.3  # type: ignore[attr-defined]
    over_http.rail.wait_seconds = 0.1
    tried = await over_http.carries_out(entered)
    assert not tried.failed, "a time-out is no failure"
    facilitator.late = 0.0
    assert (await over_http.carries_out(tried)).settled
    assert await over_http.chain.balance(over_http.author.address) == ATLAS
    assert [path for path, _ in facilitator.asked] == ["/settle"]


@pytest.mark.parametrize(
    "says",
    [
        b"", b"<html>", b"[]", b'{"success": false, "errorReason": "insufficient_funds", "transaction": ""}',
        json.dumps({"success": True, "transaction": "0x" + "ab" * 32, "network": "eip155:84532"}).encode(),
        b'{"success": true, "transaction": "yes", "network": "eip155:84532"}',
    ],
)  # fmt: skip
async def test_what_it_says_decides_nothing(over_http: Counter, facilitator: PublishedFacilitator, says: bytes) -> None:
    ben = await over_http.payer()
    quote = await over_http.quotes()
    facilitator.says = says
    over_http.rail.wait_seconds = 0.2
    tried = await over_http.carries_out(await over_http.enters(signs(ben, quote), quote))
    assert tried.state is State.SENT, "neither success nor failure, until the chain has it or its time is over"
    await hands_in(over_http, tried)
    assert (await over_http.carries_out(tried)).settled


async def test_it_is_asked_again_by_the_sweep_when_nothing_came_of_it(
    over_http: Counter, facilitator: PublishedFacilitator
) -> None:
    ben = await over_http.payer()
    quote = await over_http.quotes()
    facilitator.says = b""
    over_http.rail.wait_seconds = 0.2
    tried = await over_http.carries_out(await over_http.enters(signs(ben, quote), quote))
    assert tried.unknown
    facilitator.says = None
    assert (await over_http.finishes(tried.id)).settled


async def test_one_that_is_away_refuses_nothing(chain: Chain, ledger: str) -> None:
    async with counter_of(chain, ledger, x402_facilitator_url="http://127.0.0.1:9", wait_seconds=0.2) as counter:
        ben = await counter.payer()
        quote = await counter.quotes()
        shown = signs(ben, quote)
        with pytest.raises(Unavailable, match="show the same payment again"):
            await counter.verify(shown, quote)
        assert (await counter.carries_out(await counter.enters(shown, quote))).unknown


async def test_the_doctor_asks_what_it_supports(
    over_http: Counter, facilitator: PublishedFacilitator, chain: Chain
) -> None:
    assert chain.network in await over_http.rail.facilitator.about()
    from purvey.payments.x402.remote import RemoteFacilitator

    elsewhere = RemoteFacilitator(facilitator.url, networks=("eip155:10",))
    with pytest.raises(Conflict, match="does not settle on eip155:10"):
        await elsewhere.about()
    await elsewhere.close()
