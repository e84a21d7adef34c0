"""Words for agents: programs that hold a wallet, sign in with it, and send their receipt."""

from typing import Any

import httpx
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

from tests.vocabulary.shop import Person, Shop

CHAIN_ID = 84532


class Agent(Person):
    """A wallet that has signed in; `get`, `post` … send its receipt. `wallet` signs, `address` is checksummed."""

    def __init__(self, shop: Shop, *, wallet: LocalAccount, receipt: str, **who: Any) -> None:
        super().__init__(shop, email="", token="", **who)
        self.wallet, self.receipt = wallet, receipt

    @property
    def address(self) -> str:
        return str(self.wallet.address)

    async def ask(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        headers = {"X-SIWA-Receipt": self.receipt, **kwargs.pop("headers", {})}
        return await self.shop.http.request(method, path, headers=headers, **kwargs)


def message(wallet: LocalAccount, said: dict[str, Any], **other: Any) -> str:
    """The message that answers a nonce: an agent's when `agentId` is among the other fields, else a plain wallet's."""
    field = {"statement": "Let me in.", "address": wallet.address, **said, **other}
    kind = "Agent" if "agentId" in field else "Ethereum"
    identity = f"Agent ID: {field['agentId']}\nAgent Registry: {field['agentRegistry']}\n" if kind == "Agent" else ""
    return (
        f"{field['domain']} wants you to sign in with your {kind} account:\n{field['address']}\n\n"
        f"{field['statement']}\n\nURI: {field['uri']}\nVersion: 1\n{identity}Chain ID: {field['chainId']}\n"
        f"Nonce: {field['nonce']}\nIssued At: {field['issuedAt']}\nExpiration Time: {field['expirationTime']}"
    )


def signed(wallet: LocalAccount, text: str) -> dict[str, str]:
    """The body of the verify door."""
    signature = wallet.sign_message(encode_defunct(text=text)).signature
    return {"message": text, "signature": "0x" + bytes(signature).hex()}


async def asks_nonce(shop: Shop, wallet: LocalAccount, **other: Any) -> dict[str, Any]:
    answer = await shop.http.post("/siwa/nonce", json={"address": wallet.address, "chainId": CHAIN_ID, **other})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def signs_in(shop: Shop, wallet: LocalAccount | None = None, **agent: Any) -> Agent:
    """An agent with this wallet, or one of its own; `agentId` and `agentRegistry` where it has an identity."""
    wallet = wallet or Account.create()
    said = await asks_nonce(shop, wallet, **agent)
    answer = await shop.http.post("/siwa/verify", json=signed(wallet, message(wallet, said, **agent)))
    assert answer.status_code == 200, answer.text
    who = await shop.db.record(
        "select u.id, u.username from wallets w join users u on u.id = w.user_id where w.address = $1",
        wallet.address.lower(),
    )
    assert who is not None
    return Agent(shop, wallet=wallet, receipt=answer.json()["receipt"], id=who["id"], name=who["username"])
