"""What a chain says of an authorization. It alone decides; our own clock, and what facilitators say, are hints."""

import asyncio
from datetime import datetime
from typing import Any, Final

import msgspec

from purvey.kit.errors import Unavailable
from purvey.kit.rpc import Chains
from purvey.payments.x402 import token
from purvey.payments.x402.model import Settlement, State

BLOCKS_AT_ONCE: Final = 9_000  # of logs, as public nodes give them out
SLACK_SECONDS: Final = 900  # somebody may have handed it in before it was entered, and clocks differ


class Block(msgspec.Struct, frozen=True):
    """A block that counts, and its time in seconds."""

    number: int
    timestamp: int


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
        said = await self.chains.ask(network, "eth_chainId")
        if not isinstance(said, str) or f"eip155:{int(said, 16)}" != network:
            raise Unavailable(
                f"The address that PURVEY_RPC_URLS gives for {network} leads to another chain", code="wrong_chain"
            )
        self.known.add(network)

    async def head(self, network: str) -> Block:
        """The newest block that counts; Unavailable."""
        await self.is_itself(network)
        newest = block_of(await self.chains.ask(network, "eth_getBlockByNumber", "latest", False))
        if newest is None:
            raise unreadable(network)
        if self.confirmations == 1:
            return newest
        number = max(newest.number - self.confirmations + 1, 0)
        counts = block_of(await self.chains.ask(network, "eth_getBlockByNumber", hex(number), False))
        if counts is None:
            raise unreadable(network)
        return counts

    async def receipt(self, network: str, tx_hash: str) -> dict[str, Any] | None:
        """What became of a transaction; None while it is in no block that this node knows. Unavailable."""
        await self.is_itself(network)
        said = await self.chains.ask(network, "eth_getTransactionReceipt", tx_hash)
        return said if isinstance(said, dict) and said.get("blockNumber") else None

    async def glance(self, settlement: Settlement) -> Decision | None:
        """Whether our own transaction has moved the money, in a block that counts. Unavailable."""
        if settlement.tx_hash is None:
            return None
        receipt = await self.receipt(settlement.network, settlement.tx_hash)
        if receipt is None:
            return None
        decision = token.moved(settlement, receipt["logs"])
        if decision is None or decision[2] > await self.counted_until(settlement.network, decision[2]):
            return None
        return Decision(tx_hash=decision[0], log_index=decision[1], block_number=decision[2])

    async def counted_until(self, network: str, block_number: int) -> int:
        """The newest block that counts; one that was seen counts by itself when one confirmation is enough."""
        return block_number if self.confirmations == 1 else (await self.head(network)).number

    async def decide(self, settlement: Settlement, *, now: datetime) -> Decision | None:
        """What is certain, or None: it may still be used, or was in a block that does not count yet. Unavailable.

        State, logs and time are all read of the same blocks, so that none of them is ahead of another.
        """
        head = await self.head(settlement.network)
        used = await self.used(settlement, at=head.number)
        if not used:
            over = head.timestamp >= settlement.valid_before
            return Decision(reason="expired unused") if over else None
        logs = await self.logs(settlement, head=head, now=now)
        seen = token.moved(settlement, logs)
        if seen is not None:
            return Decision(tx_hash=seen[0], log_index=seen[1], block_number=seen[2])
        if token.spent_otherwise(settlement, logs):
            return Decision(reason="the payer used it otherwise")
        raise unreadable(settlement.network)  # used, and this node does not say by what

    async def used(self, settlement: Settlement, *, at: int) -> bool:
        """Whether the token counts this payer's nonce as used up, as of a block; Unavailable."""
        data = token.state_call(settlement.payer, settlement.nonce)
        said = await self.chains.ask(settlement.network, "eth_call", {"to": settlement.asset, "data": data}, hex(at))
        if not isinstance(said, str) or len(said) != 66:
            raise unreadable(settlement.network)
        return int(said, 16) != 0

    async def logs(self, settlement: Settlement, *, head: Block, now: datetime) -> list[dict[str, Any]]:
        """The transactions' logs around each use of this nonce, up to `head`; Unavailable."""
        age = max(int(now.timestamp()), head.timestamp) - int(settlement.created_at.timestamp())
        first = max(head.number - max(age, 0) - SLACK_SECONDS, 0)  # no chain of ours makes blocks in under a second
        found: list[dict[str, Any]] = []
        for start in range(first, head.number + 1, BLOCKS_AT_ONCE):
            end = min(start + BLOCKS_AT_ONCE - 1, head.number)
            found += await self.chains.ask(
                settlement.network,
                "eth_getLogs",
                {
                    "address": settlement.asset,
                    "fromBlock": hex(start),
                    "toBlock": hex(end),
                    "topics": [token.USES, token.address_word(settlement.payer), settlement.nonce],
                },
            )
        hashes = {log["transactionHash"] for log in found}
        receipts = await asyncio.gather(*(self.receipt(settlement.network, each) for each in hashes))
        return [log for receipt in receipts if receipt for log in receipt["logs"]]


def block_of(said: Any) -> Block | None:
    if not isinstance(said, dict):
        return None
    try:
        return Block(int(said["number"], 16), int(said["timestamp"], 16))
    except (KeyError, TypeError, ValueError):
        return None


def unreadable(network: str) -> Unavailable:
    return Unavailable(
        f"The node of {network} does not say what is needed, so nothing was decided; try again",
        retry_after_seconds=5,
        code="no_chain",
    )
