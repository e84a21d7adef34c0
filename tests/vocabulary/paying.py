"""Words of stories in which agents pay in USDC, on a real chain, at a shop that takes it."""

import secrets
import time
from base64 import b64decode, b64encode
from typing import Any
from uuid import UUID

import httpx
import msgspec
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from purvey.world import World
from tests.vocabulary.agents import Agent, signs_in
from tests.vocabulary.chain import Chain
from tests.vocabulary.rail import TYPES
from tests.vocabulary.shop import Clock, Person, Shop

Json = dict[str, Any]
USDC = 1_000_000
FEE, BUY = "/api/platform/fee", "/api/shop/buy"


class Market(Shop):
    """A shop that takes USDC by a key of its own. `platform` is whose the fees are."""

    def __init__(
        self, world: World, *, base_url: str, clock: Clock, http: httpx.AsyncClient, chain: Chain, platform: str
    ) -> None:
        super().__init__(world, base_url=base_url, clock=clock, http=http)
        self.chain, self.platform = chain, platform

    async def creator(self, name: str = "ana") -> Person:
        """Somebody with a site in USDC, who is paid to a wallet of their own."""
        person = await self.author(name, currency="USDC")
        person.account = await self.chain.wallet()  # type: ignore[attr-defined]
        assert person.site is not None
        answer = await person.patch(f"/v1/sites/{person.site['id']}", {"payoutWallet": wallet_of(person)})
        assert answer.status_code == 200, answer.text
        return person

    async def buyer(self, *, usdc: int = 100 * USDC) -> "Payer":
        """An agent with money, that has not signed in."""
        return Payer(self, await self.chain.wallet(usdc=usdc))

    async def earned(self, person: Person) -> int:
        """What is in a creator's wallet."""
        return await self.chain.balance(wallet_of(person))

    async def taken(self) -> int:
        """What is in the platform's wallet."""
        return await self.chain.balance(self.platform)


def wallet_of(person: Person) -> str:
    return str(person.account.address)  # type: ignore[attr-defined]


class Payer:
    """A wallet with money. `agent` is there once it has signed in; `sends` bears its receipt then."""

    def __init__(self, shop: Market, wallet: LocalAccount) -> None:
        self.shop, self.wallet = shop, wallet
        self.agent: Agent | None = None

    @property
    def address(self) -> str:
        return str(self.wallet.address)

    async def signs_in(self) -> Agent:
        self.agent = await signs_in(self.shop, self.wallet)
        return self.agent

    async def has(self) -> int:
        return await self.shop.chain.balance(self.address)

    async def sends(self, path: str, body: Json | None = None, **headers: str) -> httpx.Response:
        if self.agent is not None:
            headers["X-SIWA-Receipt"] = self.agent.receipt
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.shop.http.post(path, json=body, headers=named)

    async def pays(self, path: str, body: Json | None = None, *, version: int = 2, **headers: str) -> httpx.Response:
        """Ask, sign what is asked, ask again with it; the last answer."""
        asked = await self.sends(path, body, **headers)
        if asked.status_code != 402:
            return asked
        return await self.sends(path, body, **(headers | self.signs(asked, version=version)))

    def signs(self, asked: httpx.Response, *, version: int = 2, **changes: Any) -> dict[str, str]:
        """The header that a client would send to a 402."""
        assert asked.status_code == 402, asked.text
        return signature(self.wallet, offer_of(asked), version=version, **changes)

    def buying(self, product: Json, **more: Any) -> Json:
        """The source's body."""
        return {"product_id": product["id"], "buyer_name": "My Agent", "buyer_wallet_address": self.address, **more}

    async def pays_fee(self, amount: float, **more: Any) -> str:
        """A fee, settled; its transaction."""
        answer = await self.pays(FEE, {"support_amount": amount, "payer_wallet_address": self.address, **more})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["fee_tx"])

    async def buys(self, product: Json, *, amount: float | None = None, version: int = 2, **more: Any) -> Json:
        """Fee and purchase; the answer's body."""
        fee = await self.pays_fee(product["price"] / USDC if amount is None else amount)
        answer = await self.pays(BUY, self.buying(product, platform_fee_tx=fee, **more), version=version)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


def offer_of(asked: httpx.Response) -> Json:
    """The first of what a 402 asks for."""
    read: Json = msgspec.json.decode(b64decode(asked.headers["payment-required"]))
    offer: Json = read["accepts"][0]
    return offer | {"resource": read["resource"]}


def signature(wallet: LocalAccount, offer: Json, *, version: int = 2, **changes: Any) -> dict[str, str]:
    """A payment for an offer; `changes` are what is signed otherwise, or `identifier`."""
    identifier = changes.pop("identifier", None)
    authorization = {
        "from": wallet.address,
        "to": offer["payTo"],
        "value": offer["amount"],
        "validAfter": "0",
        "validBefore": str(int(time.time()) + offer["maxTimeoutSeconds"]),
        "nonce": "0x" + secrets.token_hex(32),
        **changes,
    }
    domain = {
        "name": offer["extra"]["name"],
        "version": offer["extra"]["version"],
        "chainId": int(offer["network"].removeprefix("eip155:")),
        "verifyingContract": offer["asset"],
    }
    message = {
        name: int(value) if name in {"value", "validAfter", "validBefore"} else value
        for name, value in authorization.items()
    }
    signed = Account.sign_message(encode_typed_data(domain, TYPES, message), wallet.key)
    payload = {"signature": "0x" + bytes(signed.signature).hex(), "authorization": authorization}
    if version == 1:
        return {
            "X-PAYMENT": packed({"x402Version": 1, "scheme": "exact", "network": "base-sepolia", "payload": payload})
        }
    accepted = {name: value for name, value in offer.items() if name != "resource"}
    whole: Json = {"x402Version": 2, "payload": payload, "accepted": accepted, "resource": offer["resource"]}
    if identifier is not None:
        whole["extensions"] = {"payment-identifier": {"info": {"required": False, "id": identifier}}}
    return {"PAYMENT-SIGNATURE": packed(whole)}


def packed(body: Json) -> str:
    return b64encode(msgspec.json.encode(body)).decode()


async def accounts_agree(market: Market, seller: Person) -> None:
    """What the chain moved, what the ledger says and what was sold are the same for a seller; and every law holds."""
    assert seller.site is not None
    rows = await market.db.records(
        """
        select p.id, p.final_amount, p.goods, pay.paid_at is not null as paid, s.state, s.amount
        from purchases p
        join payments pay on pay.subject_id = p.id
        left join x402_settlements s on s.payment_id = pay.id
        where p.site_id = $1 and pay.provider = 'x402'
        """,
        UUID(seller.site["id"]),
    )
    for row in rows:
        assert (row["state"] == "SETTLED") == row["paid"], dict(row)
        assert row["amount"] == row["final_amount"], dict(row)
    settled = sum(row["amount"] for row in rows if row["state"] == "SETTLED")
    assert await market.earned(seller) == settled
    await market.books_agree(seller)
