"""Killed at any line, a settlement is finished by the next process, and its money moves once."""

import asyncio
import sys

import pytest

from tests.vocabulary.chain import ETHER, Chain
from tests.vocabulary.facilitator import published_facilitator
from tests.vocabulary.rail import ATLAS, Counter, counter_of, signs

pytestmark = pytest.mark.feature("B8")


async def dies(counter: Counter, dsn: str, how: str, settlement: object, point: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.payments.x402.carrying", dsn, counter.chain.url, how, str(settlement), point
    )
    assert await process.wait() == -9


@pytest.mark.parametrize(
    ("point", "mined"),
    [
        ("x402.signed", True), ("x402.sent", True), ("x402.seen", True), ("x402.decided", True),
        ("x402.signed", False), ("x402.sent", False),
    ],
)  # fmt: skip
async def test_with_our_own_key(chain: Chain, ledger: str, point: str, mined: bool) -> None:
    async with counter_of(chain, ledger, wait_seconds=0.3) as counter:
        quote = await counter.quotes()
        entered = await counter.enters(signs(await counter.payer(), quote), quote)
        await chain.mines_by_itself(mined)
        await dies(counter, ledger, "0x" + bytes(counter.key.key).hex(), entered.id, point)
        await chain.mines_by_itself(True)
        after = await counter.enters(signs(await counter.payer(), quote), quote)
        assert (await counter.carries_out(after)).settled, "the next payment does not wait for it"
        assert (await counter.finishes(entered.id)).settled
        assert await chain.balance(counter.author.address) == 2 * ATLAS
        assert await chain.transactions_of(counter.key.address) == 2


@pytest.mark.parametrize("point", ["x402.handed_in", "x402.seen"])
async def test_with_a_facilitator_over_http(chain: Chain, ledger: str, point: str) -> None:
    with published_facilitator(chain, await chain.wallet(ether=ETHER)) as facilitator:
        async with counter_of(chain, ledger, x402_facilitator_url=facilitator.url) as counter:
            quote = await counter.quotes()
            entered = await counter.enters(signs(await counter.payer(), quote), quote)
            await dies(counter, ledger, facilitator.url, entered.id, point)
            assert (await counter.finishes(entered.id)).settled
            assert await chain.balance(counter.author.address) == ATLAS
