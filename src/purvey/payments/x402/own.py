"""Our own facilitator: a key of the shop's that hands authorizations in and pays the gas.

Each transaction is written down before anybody sees it, so a process killed at any line leaves what finishes it. An
authorization moves its money once however often it is handed in, so handing it in again costs gas and nothing else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from purvey.kit.db import Database, transacted
from purvey.kit.errors import Conflict, Unavailable
from purvey.kit.failpoints import reach
from purvey.kit.rpc import Chains, NodeRefused, Quantity, Wei
from purvey.kit.secret import Secret
from purvey.payments.x402 import store, token
from purvey.payments.x402.gas import TOO_MUCH, Ceilings, Fees
from purvey.payments.x402.model import PaymentRefused, Quote, Settlement, Shown

log = structlog.get_logger("purvey.x402")
AGAIN_AFTER: Final = timedelta(seconds=10)  # a node that took it has it in a block by then, or has lost it
TAKEN_LATELY: Final = timedelta(seconds=30)
PRICE_SECONDS: Final = 2.0
LOCK_SECONDS: Final = 15.0
LOCK_PAUSE_SECONDS: Final = 0.02
TRIES: Final = 3
LEAST_WEI: Final = 10**13  # less ether than this pays for a few settlements only

# A transaction-long lock, for a pooler keeps no other. One key signs for one network in one process at a time.
LOCK = "select pg_try_advisory_xact_lock(hashtextextended($1, 402))"

# What nodes of several makes say.
KNOWN: Final = ("already known", "already imported", "known transaction", "already exists", "already in mempool")
TOO_MUCH_GAS: Final = ("gas required exceeds", "out of gas", "intrinsic gas too low")
USED_NONCE: Final = ("nonce too low", "nonce is too low", "replacement transaction underpriced", "underpriced")


class Priced(msgspec.Struct, rename="camel"):
    """What a block says of the price of gas."""

    base_fee_per_gas: Wei = Wei(0)


class OwnKey:
    """Speaks `facilitator.Facilitator`. What reads curves is imported when the first is opened."""

    def __init__(self, key: Secret, *, chains: Chains, networks: tuple[str, ...], ceilings: Ceilings) -> None:
        from eth_account import Account

        self.account: Any = Account.from_key(key.reveal())
        self.address: str = self.account.address.lower()
        self.chains, self.networks, self.ceilings = chains, networks, ceilings
        self.prices: dict[str, tuple[float, tuple[int, int]]] = {}
        self.turns = {network: asyncio.Lock() for network in networks}

    async def verify(self, shown: Shown, quote: Quote) -> None:
        """Let the token itself try: signature, balance, nonce and times at once, of keys and contracts alike.

        And find out what it costs: once the payment is entered, it is we who pay the gas.
        """
        data = token.transfer_call(
            payer=shown.payer,
            to=quote.pay_to,
            value=quote.amount,
            valid_after=shown.valid_after,
            valid_before=shown.valid_before,
            nonce=shown.nonce,
            signature=shown.signature,
        )
        call = {"from": self.address, "to": quote.asset, "data": data}
        await self.fees(quote.network, call, amount=quote.amount)

    async def gas(self, network: str, call: dict[str, str]) -> int:
        """What the transfer takes, as the node tries it; PaymentRefused when the token reverts or the node gives up."""
        try:
            return await self.chains.read(Quantity, network, "eth_estimateGas", call, "pending")
        except LookupError as revert:
            code, sentence = token.why(str(revert))
            raise PaymentRefused(sentence, code=code) from None
        except NodeRefused as refused:
            if not any(words in refused.words.lower() for words in TOO_MUCH_GAS):
                raise
            raise PaymentRefused(
                "To move this payment takes more gas than the chain's node tries: pay from another wallet",
                code=TOO_MUCH,
            ) from None

    async def hand_in(self, db: Database, settlement: Settlement, *, now: datetime) -> Settlement:
        if lately(settlement, now=now):
            return settlement
        call = {"from": self.address, "to": settlement.asset, "data": call_of(settlement)}
        fees = await self.fees(settlement.network, call, amount=settlement.amount)
        async with self.turn(db, settlement.network):
            settlement = await store.by_id(db, settlement.id)
            if not settlement.unknown or lately(settlement, now=now):
                return settlement
            return await self.broadcast(db, settlement, fees, now=now)

    async def hand_in_again(self, db: Database, settlement: Settlement, *, now: datetime) -> None:
        """By a new transaction, unless a node remembers the old one; what moved the money is found by its log."""
        if settlement.sender == self.address and await self.is_known(settlement):
            return
        call = {"from": self.address, "to": settlement.asset, "data": call_of(settlement)}
        fees = await self.fees(settlement.network, call, amount=settlement.amount)
        async with self.turn(db, settlement.network):
            nonce = await self.next_nonce(db, settlement.network, now=now)
            _, raw = await asyncio.to_thread(self.signed, settlement, fees, nonce)
            if refusal := await self.sent(settlement.network, raw):
                log.error("a lost payment could not be handed in again", settlement=str(settlement.id), why=refusal)

    async def fees(self, network: str, call: dict[str, str], *, amount: int) -> Fees:
        """What it takes now; PaymentRefused when the token would revert, or it is too much for what is paid."""
        gas, (base, tip) = await asyncio.gather(self.gas(network, call), self.price(network))
        return self.ceilings.fees(network, gas=gas, base=base, tip=tip, amount=amount)

    async def price(self, network: str) -> tuple[int, int]:
        """What a unit of gas costs, and the tip for it, in wei: as it was a block ago at most."""
        loop = asyncio.get_running_loop()
        asked_at, price = self.prices.get(network, (0.0, (0, 0)))
        if asked_at and loop.time() - asked_at < PRICE_SECONDS:
            return price
        block, tip = await asyncio.gather(
            self.chains.read(Priced, network, "eth_getBlockByNumber", "latest", False),
            self.chains.read(Wei, network, "eth_maxPriorityFeePerGas"),
        )
        price = (int(block.base_fee_per_gas), int(tip))
        self.prices[network] = (loop.time(), price)
        return price

    @asynccontextmanager
    async def turn(self, db: Database, network: str) -> AsyncIterator[None]:
        """Nobody else signs by this key for this network: in this process by a lock, beside others by the database's.

        The transaction holds that lock and nothing else, so the chain may be asked while it is open; only one
        connection of a process waits here, and none while another process has its turn.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LOCK_SECONDS
        async with self.turns[network]:
            while True:
                async with db.pool.acquire() as connection, transacted(connection):
                    if await connection.fetchval(LOCK, f"{network} {self.address}"):
                        yield
                        return
                if loop.time() > deadline:
                    raise Unavailable("Another process settles with the same key; try again", retry_after_seconds=5)
                await asyncio.sleep(LOCK_PAUSE_SECONDS)

    async def broadcast(self, db: Database, settlement: Settlement, fees: Fees, *, now: datetime) -> Settlement:
        """Give the node the transaction that was written down, or a new one when that one's nonce is gone."""
        network = settlement.network
        if settlement.raw is not None and await self.is_known(settlement):
            return await store.told(db, settlement.id, accepted=True, now=now)
        nonce, refusal = await self.next_nonce(db, network, now=now), ""
        for _ in range(TRIES):
            row = await self.written(db, settlement, fees, nonce, now=now)
            if row is None or row.raw is None:
                return await store.by_id(db, settlement.id)
            reach("x402.signed")
            said = await self.sent(network, row.raw)
            reach("x402.sent")
            if said is None:
                return await store.told(db, row.id, accepted=True, now=now)
            refusal = said
            if not any(words in refusal for words in USED_NONCE):
                break
            nonce = max(nonce + 1, await self.next_nonce(db, network, now=now))
        log.error("the chain's node took no transaction; look at the key's ether and the node", network=network,
                  settlement=str(settlement.id), sender=self.address, why=refusal)  # fmt: skip
        return await store.told(db, settlement.id, accepted=False, reason=refusal[:200], now=now)

    async def next_nonce(self, db: Database, network: str, *, now: datetime) -> int:
        """What the node says comes next; or after what it took lately, if it is one of several and has not heard."""
        pending = await self.chains.read(Quantity, network, "eth_getTransactionCount", self.address, "pending")
        taken = await store.next_nonce(db, network=network, sender=self.address, since=now - TAKEN_LATELY)
        return max(pending, taken)

    async def written(
        self, db: Database, settlement: Settlement, fees: Fees, nonce: int, *, now: datetime
    ) -> Settlement | None:
        """The row with what will be sent: as signed before if that nonce is still free, else signed anew."""
        tx_hash, raw = settlement.tx_hash, settlement.raw
        if raw is None or (settlement.tx_nonce, settlement.sender) != (nonce, self.address):
            tx_hash, raw = await asyncio.to_thread(self.signed, settlement, fees, nonce)
        return await store.sending(
            db, settlement.id, tx_hash=tx_hash, sender=self.address, tx_nonce=nonce, raw=raw, now=now
        )

    async def is_known(self, settlement: Settlement) -> bool:
        said = await self.chains.maybe(
            dict[str, Any], settlement.network, "eth_getTransactionByHash", settlement.tx_hash
        )  # fmt: skip
        return said is not None

    async def sent(self, network: str, raw: str) -> str | None:
        """None when the node has it now; else what it said, in lower case. Unavailable when it did not answer."""
        try:
            await self.chains.ask(network, "eth_sendRawTransaction", raw)
        except NodeRefused as refused:
            said = refused.words.lower()
            return None if any(words in said for words in KNOWN) else said
        except LookupError as revert:
            return str(revert).lower()
        return None

    def signed(self, settlement: Settlement, fees: Fees, nonce: int) -> tuple[str, str]:
        """A transaction's hash and its bytes, as hex."""
        from eth_utils.address import to_checksum_address

        made = self.account.sign_transaction(
            {
                "type": 2,
                "chainId": int(settlement.network.removeprefix("eip155:")),
                "nonce": nonce,
                "to": to_checksum_address(settlement.asset),
                "value": 0,
                "data": call_of(settlement),
                "gas": fees.gas,
                "maxFeePerGas": fees.most,
                "maxPriorityFeePerGas": fees.tip,
            }
        )
        return "0x" + bytes(made.hash).hex(), "0x" + bytes(made.raw_transaction).hex()

    async def about(self) -> str:
        said = []
        for network in self.networks:
            wei = await self.chains.read(Wei, network, "eth_getBalance", self.account.address, "latest")
            if wei < LEAST_WEI:
                raise Conflict(
                    f"The key of PURVEY_X402_FACILITATOR_KEY has {wei} wei on {network}, too little for gas: "
                    f"send ether to {self.account.address}"
                )
            said.append(f"{wei / 10**18:.6f} ether on {network}")
        return f"own key {self.account.address} with {', '.join(said)}"

    async def close(self) -> None:
        """Its connections are the chains'."""


def call_of(settlement: Settlement) -> str:
    return token.transfer_call(
        payer=settlement.payer,
        to=settlement.pay_to,
        value=settlement.amount,
        valid_after=settlement.valid_after,
        valid_before=settlement.valid_before,
        nonce=settlement.nonce,
        signature=settlement.signature,
    )


def lately(settlement: Settlement, *, now: datetime) -> bool:
    """Whether a node took it so lately that there is nothing to do but wait."""
    return settlement.accepted_at is not None and settlement.accepted_at > now - AGAIN_AFTER
