"""What a chain says of an authorization. It alone decides; our own clock, and what facilitators say, are hints."""

import asyncio
from datetime import datetime
from typing import Final

import msgspec

from purvey.kit.errors import Unavailable
from purvey.kit.rpc import Chains, Hash, Quantity
from purvey.payments.x402 import token
from purvey.payments.x402.model import Authorized, Settlement, State
from purvey.payments.x402.token import Log

BLOCKS_AT_ONCE: Final = 9_000  # of logs, as public nodes give them out
SLACK_SECONDS: Final = 900  # somebody may have handed it in before it was entered, and clocks differ
AHEAD_SECONDS: Final = 3_600  # a chain's clock is not that far before ours, so one of the two is wrong
USES_AT_MOST: Final = 4  # of one nonce, which a token lets be used once


class Block(msgspec.Struct, frozen=True):
    """A block that counts, and its time in seconds."""

    number: Quantity
    timestamp: Quantity


class Receipt(msgspec.Struct, rename="camel", frozen=True):
    """What became of a transaction; it is in no block yet where there is no number."""

    logs: list[Log]
    block_number: Quantity | None = None

    @property
    def block(self) -> int:
        assert self.block_number is not None, "asked of a receipt without a block"
        return self.block_number


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """That the money moved, and where it was seen; or why it cannot."""

    reason: str | None = None
    tx_hash: str | None = None
    log_index: int | None = None
    block_number: int | None = None

    @property
    def state(self) -> State:
        return State.FAILED if self.tx_hash is None else State.SETTLED


class Chain:
    """Questions to the chains of `chains`; a block counts when it has so many confirmations."""

    def __init__(self, chains: Chains, *, confirmations: int = 1) -> None:
        self.chains, self.confirmations = chains, confirmations
        self.known: set[str] = set()

    async def is_itself(self, network: str) -> None:
        """The address leads to the chain that it is given for, or nothing it says counts; Unavailable."""
        if network in self.known:
            return
        if f"eip155:{await self.chains.read(Quantity, network, 'eth_chainId')}" != network:
            raise Unavailable(
                f"The address that PURVEY_RPC_URLS gives for {network} leads to another chain", code="wrong_chain"
            )
        self.known.add(network)

    async def head(self, network: str, *, now: datetime) -> Block:
        """The newest block that counts; Unavailable."""
        await self.is_itself(network)
        newest = await self.block(network, "latest")
        if newest.timestamp > now.timestamp() + AHEAD_SECONDS:
            raise Unavailable(
                f"By the node of {network} it is {newest.timestamp}, far ahead of this shop's clock: one of them is "
                "wrong, so nothing was decided",
                code="wrong_time",
            )
        if self.confirmations == 1:
            return newest
        return await self.block(network, hex(max(newest.number - self.confirmations + 1, 0)))

    async def block(self, network: str, which: str) -> Block:
        return await self.chains.read(Block, network, "eth_getBlockByNumber", which, False)

    async def receipt(self, network: str, tx_hash: str) -> Receipt | None:
        """What became of a transaction; None while it is in no block that this node knows. Unavailable."""
        await self.is_itself(network)
        said = await self.chains.maybe(Receipt, network, "eth_getTransactionReceipt", tx_hash)
        return said if said is not None and said.block_number is not None else None

    async def glance(self, settlement: Settlement, *, now: datetime) -> Decision | None:
        """Whether our own transaction has moved the money, in a block that counts. Unavailable."""
        if settlement.tx_hash is None:
            return None
        receipt = await self.receipt(settlement.network, settlement.tx_hash)
        if receipt is None:
            return None
        seen = token.moved(settlement.authorized, receipt.logs)
        if seen is None or seen[2] > await self.counted_until(settlement.network, seen[2], now=now):
            return None
        return Decision(tx_hash=seen[0], log_index=seen[1], block_number=seen[2])

    async def counted_until(self, network: str, block_number: int, *, now: datetime) -> int:
        """The newest block that counts; one that was seen counts by itself when one confirmation is enough."""
        return block_number if self.confirmations == 1 else (await self.head(network, now=now)).number

    async def decide(self, asked: Authorized, *, now: datetime) -> Decision | None:
        """What is certain, or None: it may still be used, or was in a block that does not count yet. Unavailable.

        State, logs and time are all read of the same blocks, so that none of them is ahead of another.
        """
        head = await self.head(asked.network, now=now)
        used = await self.used(asked, at=head.number)
        if not used:
            over = head.timestamp >= asked.valid_before
            return Decision(reason="expired unused") if over else None
        logs = await self.logs(asked, head=head)
        seen = token.moved(asked, logs)
        if seen is not None:
            return Decision(tx_hash=seen[0], log_index=seen[1], block_number=seen[2])
        if token.spent_otherwise(asked, logs):
            return Decision(reason="the payer used it otherwise")
        raise unreadable(asked.network)  # used, and this node does not say by what

    async def used(self, asked: Authorized, *, at: int) -> bool:
        """Whether the token counts this payer's nonce as used up, as of a block; Unavailable."""
        call = {"to": asked.asset, "data": token.state_call(asked.payer, asked.nonce)}
        said: str = await self.chains.read(Hash, asked.network, "eth_call", call, hex(at))
        return int(said, 16) != 0

    async def logs(self, asked: Authorized, *, head: Block) -> list[Log]:
        """The transactions' logs around the use of this nonce, up to `head`; Unavailable."""
        since = min(int(asked.since.timestamp()), head.timestamp) - SLACK_SECONDS
        first = await self.block_before(asked.network, since, head=head)
        for start in range(first, head.number + 1, BLOCKS_AT_ONCE):
            hashes = await self.uses(asked, start, min(start + BLOCKS_AT_ONCE - 1, head.number))
            if hashes:
                receipts = await asyncio.gather(*(self.receipt(asked.network, each) for each in hashes))
                return [log for receipt in receipts if receipt for log in receipt.logs]
        return []

    async def block_before(self, network: str, moment: int, *, head: Block) -> int:
        """A block that is older than this, though not by much: their time is asked, for they come at any pace."""
        back = max(head.timestamp - moment, 0) + 1
        while (number := head.number - back) > 0:
            if (await self.block(network, hex(number))).timestamp <= moment:
                return number
            back *= 2
        return 0

    async def uses(self, asked: Authorized, first: int, last: int) -> set[str]:
        """The transactions of these blocks that used the nonce up; Unavailable."""
        wanted = {
            "address": asked.asset,
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "topics": [token.USES, token.address_word(asked.payer), asked.nonce],
        }
        found: list[Log] = await self.chains.read(list[Log], asked.network, "eth_getLogs", wanted)
        hashes = {log.transaction_hash for log in found if not log.removed and token.spent_otherwise(asked, [log])}
        if len(hashes) > USES_AT_MOST:
            raise unreadable(asked.network)
        return hashes


def unreadable(network: str) -> Unavailable:
    return Unavailable(
        f"The node of {network} does not say what is needed, so nothing was decided; try again",
        retry_after_seconds=5,
        code="no_chain",
    )
