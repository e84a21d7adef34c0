"""A counter where USDC is taken by x402 on a real chain, with no shop around it."""

import contextlib
import secrets
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from purvey.kit import db as database
from purvey.kit.db import Database, Tx
from purvey.kit.events import Event
from purvey.kit.ids import new_id
from purvey.kit.rpc import Chains
from purvey.payments import x402
from purvey.payments.x402 import Ask, Quote, Settlement, Shown
from purvey.payments.x402.opening import open_rail
from purvey.payments.x402.rail import Rail
from purvey.payments.x402.wire import requirements
from purvey.settings import Settings
from tests.vocabulary.chain import ETHER, Chain

ATLAS = 9_990_000  # 9.99 USDC
TYPES = {
    "TransferWithAuthorization": [
        {"name": "from", "type": "address"},
        {"name": "to", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "validAfter", "type": "uint256"},
        {"name": "validBefore", "type": "uint256"},
        {"name": "nonce", "type": "bytes32"},
    ]
}


class Counter:
    """`now` is its clock. `heard` are the events that were told. `rail` hands in by `key`, unless it was given one."""

    def __init__(self, db: Database, chain: Chain, rail: Rail, *, key: LocalAccount, author: LocalAccount) -> None:
        self.db, self.chain, self.rail, self.key, self.author = db, chain, rail, key, author
        self.offset = timedelta()
        self.heard: list[Event] = []

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    async def quotes(self, amount: int = ATLAS, *, sku: str = "ann/atlas", **ask: Any) -> Quote:
        """What is asked for a thing of this name."""
        wanted: dict[str, Any] = {
            "purpose": "purchase",
            "request_key": sha256(sku.encode()).digest(),
            "pay_to": self.author.address,
            "amount": amount,
            "sku": sku,
            "resource": "http://shop.example/buy",
            "description": sku,
            **ask,
        }
        [quote] = await self.rail.quoted(self.db, Ask(**wanted), now=self.now())
        return quote

    async def payer(self, usdc: int = 10 * ATLAS) -> LocalAccount:
        return await self.chain.wallet(usdc=usdc)

    async def verify(self, shown: Shown, quote: Quote) -> None:
        await self.rail.verify(shown, quote, now=self.now())

    async def enters(self, shown: Shown, quote: Quote) -> Settlement:
        async with self.db.transaction() as tx:
            return await self.rail.enter(
                tx, shown, quote, subject_type="fee", subject_id=new_id(), payment_id=None, now=self.now()
            )

    async def takes(self, shown: Shown, quote: Quote) -> Settlement:
        """The whole way of a payment."""
        await self.verify(shown, quote)
        return await self.carries_out(await self.enters(shown, quote))

    async def carries_out(self, settlement: Settlement) -> Settlement:
        return await self.rail.carry_out(self.db, settlement, now=self.now())

    async def row(self, id: UUID) -> Settlement:
        return await x402.by_id(self.db, id)

    async def sweeps(self, *, later: timedelta = timedelta(minutes=2)) -> None:
        """What a worker does some time later."""
        await x402.finish(self.db, self.rail, now=self.now() + later)

    async def finishes(self, id: UUID) -> Settlement:
        """What becomes of a settlement when a worker looks after it some times."""
        for minutes in range(2, 60, 5):
            await self.sweeps(later=timedelta(minutes=minutes))
            if not (settlement := await self.row(id)).unknown:
                return settlement
        return settlement

    async def looks_again(self, *, later: timedelta = timedelta(minutes=2)) -> None:
        await x402.check(self.db, self.rail, now=self.now() + later)


def signs(wallet: LocalAccount, quote: Quote, *, version: int = 2, **changes: Any) -> Shown:
    """A payment as a client makes it, read again from its header; `changes` are what is wrong with it."""
    return x402.read_payment(header(wallet, quote, version=version, **changes))


def header(wallet: LocalAccount, quote: Quote, *, version: int = 2, **changes: Any) -> str:
    now = int(time.time())
    authorization = {
        "from": wallet.address,
        "to": quote.pay_to,
        "value": str(quote.amount),
        "validAfter": "0",
        "validBefore": str(now + 300),
        "nonce": "0x" + secrets.token_hex(32),
    }
    accepted = requirements(quote)
    for name, value in changes.items():
        (authorization if name in authorization else accepted)[name] = value
    payload = {"signature": seal(wallet, quote, authorization), "authorization": authorization}
    if version == 1:
        whole = {"x402Version": 1, "scheme": accepted["scheme"], "network": "base-sepolia", "payload": payload}
    else:
        whole = {"x402Version": 2, "payload": payload, "accepted": accepted, "resource": {"url": quote.resource}}
    return b64encode(msgspec.json.encode(whole)).decode()


def seal(wallet: LocalAccount, quote: Quote, authorization: dict[str, str]) -> str:
    domain = {
        "name": quote.asset_name,
        "version": quote.asset_version,
        "chainId": 84532,
        "verifyingContract": quote.asset,
    }
    message = {
        name: int(value) if name in {"value", "validAfter", "validBefore"} else value
        for name, value in authorization.items()
    }
    signed = Account.sign_message(encode_typed_data(domain, TYPES, message), wallet.key)
    return "0x" + bytes(signed.signature).hex()


@contextlib.asynccontextmanager
async def counter_of(
    chain: Chain, dsn: str, *, url: str | None = None, ether: int = ETHER, wait_seconds: float = 5, **settings: Any
) -> AsyncIterator[Counter]:
    """A counter with a key of its own that has ether, until the end of the block. Settings may name another way.

    `url` is another way to the chain.
    """
    key = await chain.wallet(ether=ether)
    if not {"x402_facilitator_url", "x402_facilitator_key"} & set(settings):
        settings["x402_facilitator_key"] = "0x" + bytes(key.key).hex()
    read = Settings(
        home="/nowhere",
        secret_key="",
        rpc_urls={chain.network: url or chain.url},
        x402_networks=(chain.network,),
        **settings,
    )
    db = await database.connect(dsn)
    chains = Chains(read.rpc_urls)
    rail = open_rail(read, chains=chains)
    assert rail is not None
    rail.wait_seconds = wait_seconds
    counter = Counter(db, chain, rail, key=key, author=await chain.wallet())

    async def hear(tx: Tx) -> None:
        counter.heard += tx.published

    db.flush = hear
    try:
        yield counter
    finally:
        await rail.close()
        await chains.close()
        await db.pool.close()


async def hands_in(counter: Counter, settlement: Settlement, *, by: LocalAccount | None = None) -> str:
    """Somebody else hands an authorization in, as anybody may who saw it; the transaction."""
    stranger = by or await counter.chain.wallet()
    return await counter.chain.send_as(
        stranger,
        counter.chain.usdc,
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
        settlement.payer,
        settlement.pay_to,
        settlement.amount,
        settlement.valid_after,
        settlement.valid_before,
        bytes.fromhex(settlement.nonce[2:]),
        bytes.fromhex(settlement.signature[2:]),
    )
