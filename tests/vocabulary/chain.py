"""A real chain for tests: anvil on loopback as Base Sepolia, with Circle's own USDC where Circle has it.

`scripts/test-tools` has put the programs into `.cache/chain`. One chain for each test process.
"""

import asyncio
import contextlib
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import msgspec
from eth_abi.abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".cache" / "chain" / "node_modules"
ANVIL = INSTALLED / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
CONTRACTS = INSTALLED / "@offchainlabs" / "stablecoin-evm" / "artifacts" / "hardhat" / "contracts"
NODE_MODULES = INSTALLED

CHAIN_ID = 84532
NETWORK = f"eip155:{CHAIN_ID}"
USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
REGISTRY = "0x8004A818BFB912233c491871b3d84c89A494BD9e"
ETHER = 10**18
START_SECONDS = 20.0
WATCHED = '"$@" & read _; kill $!'  # ends with whoever began it, however that came about
TURNING = "5b6001900380600457" + "50"  # jumpdest, take one away, jump back while some are left; pop
SIGNS_ALL = "631626ba7e60e01b60005260206000f3"  # return ERC-1271's word for yes
TRANSFERRED = "0x" + keccak(text="Transfer(address,address,uint256)").hex()


class RpcError(Exception):
    """The chain said no."""


class Chain:
    """`url` is its JSON-RPC. Blocks come with each transaction, unless `mines_by_itself(False)` says otherwise."""

    network, chain_id, usdc, registry = NETWORK, CHAIN_ID, USDC, REGISTRY

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url, self.http = url, http
        self.owner = self.minter = ""
        self.turn = asyncio.Lock()

    @property
    def registry_name(self) -> str:
        """The registry as SIWA spells it."""
        return f"{self.network}:{self.registry}"

    async def call(self, method: str, *parameters: object) -> Any:
        """One JSON-RPC call; RpcError."""
        said = (
            await self.http.post(self.url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        ).json()
        if "error" in said:
            raise RpcError(said["error"])
        return said["result"]

    async def wallet(self, *, usdc: int = 0, ether: int = 0) -> LocalAccount:
        """A fresh key with so much money; `usdc` in millionths, `ether` in wei."""
        account: LocalAccount = Account.create()
        if usdc:
            await self.give(account.address, usdc)
        if ether:
            await self.call("anvil_setBalance", account.address, hex(ether))
        return account

    async def contract_wallet(self, owner: LocalAccount, *, usdc: int) -> str:
        """The address of a wallet that is a contract, for which this key signs."""
        address: str = Account.create().address
        await self.call("anvil_setCode", address, code_of("ContractWallet"))
        await self.call("anvil_setStorageAt", address, "0x0", "0x" + "00" * 12 + owner.address[2:].lower())
        await self.give(address, usdc)
        return address

    async def greedy_wallet(self, *, usdc: int, turns: int) -> str:
        """The address of a contract that signs everything, after so many turns on the spot of 27 gas each."""
        address: str = Account.create().address
        await self.call("anvil_setCode", address, "0x62" + f"{turns:06x}" + TURNING + SIGNS_ALL)
        await self.give(address, usdc)
        return address

    async def give(self, address: str, usdc: int) -> None:
        """New USDC, in millionths."""
        await self.send(self.minter, self.usdc, "mint(address,uint256)", address, usdc)

    async def balance(self, address: str) -> int:
        """USDC in millionths."""
        return int(await self.read(self.usdc, "balanceOf(address)", address), 16)

    async def ether(self, address: str) -> int:
        return int(await self.call("eth_getBalance", address, "latest"), 16)

    async def set_ether(self, address: str, wei: int) -> None:
        await self.call("anvil_setBalance", address, hex(wei))

    async def transactions_of(self, address: str) -> int:
        """How many transactions of this key are in blocks."""
        return int(await self.call("eth_getTransactionCount", address, "latest"), 16)

    async def read(self, to: str, signature: str, *arguments: object) -> str:
        answer: str = await self.call("eth_call", {"to": to, "data": calldata(signature, *arguments)}, "latest")
        return answer

    async def send(self, sender: str, to: str, signature: str, *arguments: object) -> str:
        """A transaction of one of the chain's own accounts; its hash, once it is in a block."""
        return await self.mined({"from": sender, "to": to, "data": calldata(signature, *arguments)})

    async def send_as(self, account: LocalAccount, to: str, signature: str, *arguments: object) -> str:
        """The same of anybody, who needs no ether for it."""
        await self.call("anvil_impersonateAccount", account.address)
        await self.call("anvil_setBalance", account.address, hex(ETHER))
        return await self.send(account.address, to, signature, *arguments)

    async def mined(self, transaction: dict[str, str]) -> str:
        async with self.turn:  # it numbers two at once alike
            hash: str = await self.call("eth_sendTransaction", {"gas": hex(5_000_000), **transaction})
        receipt = await self.receipt(hash)
        assert int(receipt["status"], 16) == 1, receipt
        return hash

    async def receipt(self, hash: str) -> Any:
        """What became of a transaction; waits until it is in a block."""
        deadline = time.monotonic() + START_SECONDS
        while (receipt := await self.call("eth_getTransactionReceipt", hash)) is None:
            assert time.monotonic() < deadline, f"{hash} is in no block"
            await asyncio.sleep(0.02)
        return receipt

    async def transfers(self, sender: str, receiver: str) -> int:
        """How much USDC ever went from one to another, in millionths."""
        topics = [TRANSFERRED, *("0x" + "00" * 12 + address[2:].lower() for address in (sender, receiver))]
        logs = await self.call(
            "eth_getLogs", {"address": self.usdc, "fromBlock": "0x0", "toBlock": "latest", "topics": topics}
        )
        return sum(int(log["data"], 16) for log in logs)

    async def mines_by_itself(self, yes: bool) -> None:
        """Whether each transaction gets a block at once."""
        await self.call("evm_setAutomine", yes)
        if yes:
            await self.mine()

    async def mine(self, blocks: int = 1, *, every_seconds: int = 1) -> None:
        await self.call("anvil_mine", hex(blocks), hex(every_seconds))

    async def time(self) -> int:
        """The time of the newest block, in seconds."""
        return int((await self.call("eth_getBlockByNumber", "latest", False))["timestamp"], 16)

    async def passes(self, seconds: int) -> None:
        """Later on the chain, though not on our clock."""
        await self.call("evm_increaseTime", hex(seconds))
        await self.mine()

    async def forgets(self, blocks: int) -> None:
        """A reorganisation: the last blocks never were, and what was in them is nowhere."""
        await self.call("anvil_reorg", blocks, [])

    async def register_agent(self, account: LocalAccount) -> int:
        """A new agent of this wallet's in the registry; its id."""
        hash = await self.send_as(account, self.registry, "register()")
        [log] = (await self.receipt(hash))["logs"]
        return int(log["topics"][3], 16)

    async def transfer_agent(self, agent_id: int, seller: LocalAccount, buyer: LocalAccount) -> None:
        """The agent is somebody else's from now on."""
        await self.send_as(
            seller, self.registry, "transferFrom(address,address,uint256)", seller.address, buyer.address, agent_id
        )


def calldata(signature: str, *arguments: object) -> str:
    """A call as a contract reads it: `transfer(address,uint256)` and its arguments."""
    kinds = [kind for kind in signature.partition("(")[2].rstrip(")").split(",") if kind]
    return "0x" + (keccak(text=signature)[:4] + encode(kinds, arguments)).hex()


def code_of(name: str) -> str:
    """A contract of ours, as a chain keeps it."""
    return "0x" + (ROOT / "tests" / "chain" / f"{name}.bin").read_text().strip()


@cache
def contract(path: str) -> Any:
    """A contract that Circle compiled."""
    return msgspec.json.decode((CONTRACTS / path).read_bytes())


@contextlib.asynccontextmanager
async def running_chain() -> AsyncIterator[Chain]:
    """A new chain on a free port, with USDC and an agent registry, until the end of the block."""
    if not ANVIL.exists():
        raise AssertionError(f"there is no {ANVIL}: run scripts/test-tools")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    anvil = [str(ANVIL), "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(CHAIN_ID), "--silent"]
    process = subprocess.Popen(["sh", "-c", WATCHED, "sh", *anvil], stdin=subprocess.PIPE)
    assert process.stdin is not None
    try:
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            chain = Chain(f"http://127.0.0.1:{port}", http)
            await until_it_answers(chain)
            await furnish(chain)
            yield chain
    finally:
        process.stdin.close()
        process.wait()


async def until_it_answers(chain: Chain) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            assert int(await chain.call("eth_chainId"), 16) == CHAIN_ID
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)
        else:
            return


async def furnish(chain: Chain) -> None:
    """Put the contracts where clients expect them, and make USDC what it is on Base Sepolia."""
    *_, chain.minter, chain.owner = await chain.call("eth_accounts")
    await chain.call("anvil_setCode", chain.registry, code_of("AgentRegistry"))
    library = contract("util/SignatureChecker.sol/SignatureChecker.json")["bytecode"]
    receipt = await chain.receipt(
        await chain.call("eth_sendTransaction", {"from": chain.owner, "data": library, "gas": hex(5_000_000)})
    )
    await chain.call("anvil_setCode", chain.usdc, linked(receipt["contractAddress"]))
    owner = chain.owner
    for signature, *arguments in (
        (
            "initialize(string,string,string,uint8,address,address,address,address)",
            *("USDC", "USDC", "USD", 6, owner, owner, owner, owner),
        ),
        ("initializeV2(string)", "USDC"),
        ("initializeV2_1(address)", owner),
        ("initializeV2_2(address[],string)", [], "USDC"),
        ("configureMinter(address,uint256)", chain.minter, 10**18),
    ):
        await chain.send(owner, chain.usdc, str(signature), *arguments)


def linked(library: str) -> str:
    """The token's code with its library's address in all the places left open for it."""
    token = contract("v2/FiatTokenV2_2.sol/FiatTokenV2_2.json")
    code: str = token["deployedBytecode"][2:]
    for references in token["deployedLinkReferences"].values():
        for place in (place for places in references.values() for place in places):
            start, end = place["start"] * 2, (place["start"] + place["length"]) * 2
            code = code[:start] + library[2:].lower() + code[end:]
    return "0x" + code
