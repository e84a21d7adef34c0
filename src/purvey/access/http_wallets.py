"""The JSON doors of a person's wallets."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from purvey.access.guards import in_person
from purvey.access.model import Identity
from purvey.access.siwa import Siwa, checksummed, linking, wallets
from purvey.access.siwa.linking import HandOver
from purvey.access.siwa.wallets import Wallet
from purvey.kit.addresses import Address, Bytes
from purvey.kit.db import Database
from purvey.kit.errors import Conflict
from purvey.kit.pages import Page, Paging, page_of, total_of

Asking = Request[Any, Any, Any]


class AskToLink(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Which wallet is to be linked. `chainId` matters to a wallet that is a contract; Base when it is not given."""

    address: Address
    chain_id: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None


class ToSignView(msgspec.Struct, rename="camel", kw_only=True):
    """The text that the wallet is to sign (`personal_sign`), letter by letter."""

    message: str
    expires_at: datetime


class LinkWallet(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The text as it was signed, and the signature."""

    message: Annotated[str, Meta(min_length=1, max_length=4_000)]
    signature: Bytes


class WalletView(msgspec.Struct, rename="camel", kw_only=True):
    """A wallet, and the agent that it last signed in as."""

    address: str
    created_at: datetime
    agent_id: int | None
    agent_registry: str | None


def wallet_view(wallet: Wallet) -> WalletView:
    return WalletView(
        address=checksummed(wallet.address),
        created_at=wallet.created_at,
        agent_id=wallet.agent_id,
        agent_registry=wallet.agent_registry,
    )


def siwa_of(request: Asking) -> Siwa:
    """How agents sign in; Conflict in a shop where they cannot."""
    found: Siwa | None = request.app.state.siwa
    if found is None:
        raise Conflict("Wallets cannot be linked in this shop: it lets no agents in", code="siwa_off")
    return found


@post("/me/wallets/nonce", guards=[in_person], status_code=200, opt={"idempotency": "exempt"}, tags=["Wallets"])
async def ask_to_link(
    request: Asking,
    data: JSONBody[AskToLink],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> ToSignView:
    """Ask for the text that links a wallet with me."""
    asked = await linking.offer_link(db, siwa_of(request), me, address=data.address, chain_id=data.chain_id, now=now)
    return ToSignView(message=asked.message, expires_at=asked.expires_at)


@post("/me/wallets", guards=[in_person], opt={"idempotency": "exempt"}, tags=["Wallets"])
async def link_wallet(
    *,
    request: Asking,
    data: JSONBody[LinkWallet],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    hand_over: NamedDependency[list[HandOver]],
    now: NamedDependency[datetime],
) -> WalletView:
    """Link a wallet with me by the signed text. What it bought and sold becomes mine."""
    signature = bytes.fromhex(data.signature[2:])
    wallet = await linking.link(
        db, siwa_of(request), me, message=data.message, signature=signature, hand_over=hand_over, now=now
    )
    return wallet_view(wallet)


@get("/me/wallets", guards=[in_person], tags=["Wallets"])
async def list_wallets(
    db: NamedDependency[Database], me: NamedDependency[Identity], paging: Paging
) -> Page[WalletView]:
    """My wallets, oldest first."""
    rows = await wallets.of_user(db, me.user_id, paging)
    total = await total_of(paging, lambda: db.value(wallets.COUNT, me.user_id))
    return page_of(rows, wallet_view, asked=paging, order=wallets.OLDEST, total=total)


@delete("/me/wallets/{address:str}", guards=[in_person], tags=["Wallets"])
async def unlink_wallet(
    address: FromPath[str], db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> None:
    """Unlink a wallet; what it bought stays mine. The only way to sign in cannot be unlinked."""
    await linking.unlink(db, me, address, now=now)


doors: list[Any] = [ask_to_link, link_wallet, list_wallets, unlink_wallet]
