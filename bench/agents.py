"""Agents that pay in USDC: how fast a price is said, and a whole purchase beside what chain and key can do alone.

The chain is anvil on loopback, which makes a block of each transaction at once: what is measured is what we add to it.
"""

import asyncio
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
from eth_account.signers.local import LocalAccount
from tests.vocabulary.chain import ETHER, Chain, calldata, running_chain
from tests.vocabulary.paying import offer_of, signature

from bench import shop
from bench.figures import Figure, beside, say
from bench.people import Author, signed_in
from bench.purchases import SECRET_KEY

AT_ONCE = 8
A_ROUND = 24
ROUNDS = 5
PRICES = 400
PRICE = 500_000
GAS = 200_000
TRANSFER = "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"


def figures(dsn: str, home: Path) -> Iterator[Figure]:
    yield from asyncio.run(measured(dsn, home))


async def measured(dsn: str, home: Path) -> list[Figure]:
    async with running_chain() as chain:
        ours, theirs = await chain.wallet(ether=ETHER), await chain.wallet(ether=ETHER)
        payout = await chain.wallet()
        environment = {
            "PURVEY_DATABASE_URL": dsn,
            "PURVEY_SECRET_KEY": SECRET_KEY,
            "PURVEY_X402_NETWORKS": "base-sepolia",
            "PURVEY_RPC_URLS": f"{chain.network}={chain.url}",
            "PURVEY_X402_FACILITATOR_KEY": "0x" + bytes(ours.key).hex(),
            "PURVEY_X402_PLATFORM_WALLET": payout.address,
        }
        with shop.started("serve", home, environment) as served:
            product = await asyncio.to_thread(for_sale, dsn, served.url, payout.address)
            async with httpx.AsyncClient(base_url=served.url, timeout=60, trust_env=False) as http:
                door = f"/api/products/{product}/buy"
                say(f"a price for an agent: {PRICES}")
                priced = await rate([http.post(door) for _ in range(PRICES)])
                rounds = []
                for number in range(ROUNDS + 1):
                    say(f"agents buy: round {number} of {ROUNDS}")
                    agents = [await chain.wallet(usdc=2 * PRICE) for _ in range(2 * A_ROUND)]
                    bought = await rate([buys(http, door, agent) for agent in agents[:A_ROUND]])
                    offer = offer_of(await http.post(door))
                    rounds.append((bought, await alone(chain, theirs, offer, agents[A_ROUND:])))
    return [
        Figure(name="a price for an agent (402)", value=priced, unit="/s", note="the rules asked, the quote kept"),
        beside(
            "an agent buys: price, payment, settled, delivered", rounds[1:], at_least=None,
            note=f"{AT_ONCE} at once; beside it, the same transfers handed to the chain by a key alone",
        ),
    ]  # fmt: skip


def for_sale(dsn: str, url: str, payout: str) -> str:
    """A product in USDC; its id. The wallet is written as its owner's door would."""
    [seller] = signed_in(dsn, "usdc-seller", 1)
    author = Author(url, seller.token, slug="bench-usdc", currency="USDC")
    product = author.sells("For agents", price=PRICE)

    async def write() -> None:
        connection = await asyncpg.connect(dsn)
        await connection.execute("update sites set payout_wallet = $1 where slug = 'bench-usdc'", payout)
        await connection.close()

    asyncio.run(write())
    return product


async def rate(what: list[Any]) -> float:
    """So many a second, a few at once."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(doing: Any) -> None:
        async with places:
            await doing

    began = time.perf_counter()
    await asyncio.gather(*(one(each) for each in what))
    return len(what) / (time.perf_counter() - began)


async def buys(http: httpx.AsyncClient, door: str, agent: LocalAccount) -> None:
    asked = await http.post(door)
    bought = await http.post(door, headers=signature(agent, offer_of(asked)))
    assert bought.status_code == 200, bought.text


async def alone(chain: Chain, key: LocalAccount, offer: dict[str, Any], agents: list[LocalAccount]) -> float:
    """The same transfers by a key that does nothing else: signed, handed in, seen in a block."""
    first = await chain.transactions_of(key.address)
    return await rate([hands_in(chain, key, first + at, offer, agent) for at, agent in enumerate(agents)])


async def hands_in(chain: Chain, key: LocalAccount, nonce: int, offer: dict[str, Any], agent: LocalAccount) -> None:
    said = unpacked(signature(agent, offer))["payload"]
    allowed = said["authorization"]
    data = calldata(
        TRANSFER, allowed["from"], allowed["to"], int(allowed["value"]), int(allowed["validAfter"]),
        int(allowed["validBefore"]), bytes.fromhex(allowed["nonce"][2:]), bytes.fromhex(said["signature"][2:]),
    )  # fmt: skip
    made = key.sign_transaction(
        {
            "type": 2, "chainId": chain.chain_id, "nonce": nonce, "to": chain.usdc, "value": 0, "data": data,
            "gas": GAS, "maxFeePerGas": 10**10, "maxPriorityFeePerGas": 1,
        }
    )  # fmt: skip
    hash = await chain.call("eth_sendRawTransaction", "0x" + bytes(made.raw_transaction).hex())
    receipt = await chain.receipt(hash)
    assert int(receipt["status"], 16) == 1, receipt


def unpacked(headers: dict[str, str]) -> dict[str, Any]:
    read: dict[str, Any] = msgspec.json.decode(b64decode(headers["PAYMENT-SIGNATURE"]))
    return read
