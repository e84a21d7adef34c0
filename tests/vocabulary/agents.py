"""Words for agents: programs that hold a wallet, sign in with it, and send their receipt."""

from typing import Any

import httpx
from eth_account import Account
from eth_account.signers.local import LocalAccount

from purvey import access
from purvey.access.siwa import make_receipt
from tests.vocabulary.shop import Person, Shop

CHAIN_ID = 84532


class Agent(Person):
    """A wallet that has signed in; `get`, `post` … send its receipt. `wallet` signs, `address` is checksummed."""

    def __init__(self, shop: Shop, *, wallet: LocalAccount, receipt: str, **who: Any) -> None:
        super().__init__(shop, email="", token="", **who)
        self.wallet, self.receipt = wallet, receipt

    @property
    def address(self) -> str:
        return self.wallet.address

    async def ask(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        headers = {"X-SIWA-Receipt": self.receipt, **kwargs.pop("headers", {})}
        return await self.shop.http.request(method, path, headers=headers, **kwargs)


async def signs_in(shop: Shop, wallet: LocalAccount | None = None) -> Agent:
    """An agent with this wallet, or one of its own."""
    wallet = wallet or Account.create()
    async with shop.db.transaction() as tx:
        user_id = await access.user_of_wallet(tx, wallet.address, now=shop.now)
        user = await access.find_user(tx, user_id)
    assert user is not None and shop.world.siwa is not None
    _, receipt = make_receipt(
        shop.world.siwa.receipt_key, address=wallet.address, chain_id=CHAIN_ID, agent_id=None, agent_registry=None,
        signer_type="eoa", now=shop.now,
    )  # fmt: skip
    return Agent(shop, wallet=wallet, receipt=receipt, id=user.id, name=user.username)
