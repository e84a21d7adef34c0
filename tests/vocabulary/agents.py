"""Words for agents: programs that hold a wallet, sign in with it, and send their receipt."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
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
        self.wallet, self.receipt, self.signs = wallet, receipt, False

    @property
    def address(self) -> str:
        return str(self.wallet.address)

    async def ask(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Signed where it must be; a bare receipt under `/api`, unless the agent `signs` everything."""
        if self.signs or not path.startswith("/api"):
            return await self.sends_signed(method, path, **kwargs)
        headers = {"X-SIWA-Receipt": self.receipt, **kwargs.pop("headers", {})}
        return await self.shop.http.request(method, path, headers=headers, **kwargs)

    async def sends_signed(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        return await self.shop.http.send(self.signed_request(method, path, **kwargs))

    def signed_request(
        self, method: str, path: str, *, over: Sequence[str] | None = None, **kwargs: Any
    ) -> httpx.Request:
        """A request with this wallet's signature (ERC-8128); `over` names the components, all that must be if not."""
        terms = {name: kwargs.pop(name) for name in ("created", "expires", "nonce", "keyid") if name in kwargs}
        request = self.shop.http.build_request(method, path, **kwargs)
        request.headers.setdefault("X-SIWA-Receipt", self.receipt)
        sign(self.wallet, request, now=self.shop.now, over=over, **terms)
        return request


def sign(
    wallet: LocalAccount,
    request: httpx.Request,
    *,
    now: datetime,
    over: Sequence[str] | None = None,
    created: int | None = None,
    expires: int | None = None,
    nonce: str | None = None,
    keyid: str | None = None,
) -> None:
    """Put a signature on a request, as the published library does."""
    body = request.read()
    path, _, query = request.url.raw_path.decode().partition("?")
    if body and "content-digest" not in request.headers:
        request.headers["Content-Digest"] = f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"
    derived = {
        "@authority": request.url.netloc.decode(),
        "@method": request.method,
        "@path": path,
        "@query": f"?{query}",
    }
    if over is None:
        over = ["@authority", "@method", "@path", *(["@query"] if query else [])]
        over = [*over, *(["content-digest"] if body else []), "X-SIWA-Receipt"]
    created = int(now.timestamp()) if created is None else created
    expires = created + 60 if expires is None else expires
    nonce = secrets.token_urlsafe(16) if nonce is None else nonce
    keyid = keyid or f"erc8128:{CHAIN_ID}:{wallet.address.lower()}"
    names = " ".join(f'"{name}"' for name in over)
    parameters = f'({names});created={created};expires={expires};nonce="{nonce}";keyid="{keyid}"'
    lines = [f'"{name}": {derived.get(name) or request.headers.get(name, "")}' for name in over]
    text = "\n".join([*lines, f'"@signature-params": {parameters}'])
    signature = wallet.sign_message(encode_defunct(text=text)).signature
    request.headers["Signature-Input"] = f"eth={parameters}"
    request.headers["Signature"] = f"eth=:{b64encode(bytes(signature)).decode()}:"


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
