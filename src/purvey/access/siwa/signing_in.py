"""Signing in with a wallet: the shop gives a nonce, the wallet signs a message with it, the shop gives a receipt."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from purvey.access import rules
from purvey.access.model import Visit
from purvey.access.siwa import messages, nonces, wallets
from purvey.access.siwa.messages import SignIn
from purvey.access.siwa.model import BASE, Registry, Rejected, Siwa
from purvey.access.siwa.nonces import Nonce
from purvey.access.siwa.receipts import Receipt, make_receipt
from purvey.access.siwa.registry import check_owner
from purvey.access.siwa.signatures import checksummed, kind_of_signer
from purvey.kit.db import Database
from purvey.kit.throttles import throttle

NONCE_LIFE: Final = timedelta(minutes=5)
TRIES_WINDOW: Final = timedelta(minutes=1)
TRIES_FROM_ONE_ADDRESS: Final = 600


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What to sign, until when."""

    nonce: str
    chain_id: int
    issued_at: datetime
    expires_at: datetime


async def offer_nonce(
    db: Database,
    siwa: Siwa,
    *,
    address: str,
    agent_id: int | None,
    registry: Registry | None,
    chain_id: int | None,
    visit: Visit,
    now: datetime,
) -> Offered:
    """A nonce for this wallet alone, for five minutes; who could not sign in with it is told so now.

    `address` is lower case. Raises as `check_owner`, and Rejected.
    """
    await count_try(db, visit, now=now)
    if registry is None or agent_id is None:
        refuse_plain(siwa)
    else:
        await check_owner(siwa, registry, agent_id, address)
    nonce = Nonce(
        nonce=secrets.token_hex(12),
        address=address,
        chain_id=registry.chain_id if registry else chain_id or BASE,
        agent_id=agent_id,
        agent_registry=registry.name if registry else None,
        user_id=None,
    )
    await nonces.add(db, nonce, expires_at=now + NONCE_LIFE)
    return Offered(nonce=nonce.nonce, chain_id=nonce.chain_id, issued_at=now, expires_at=now + NONCE_LIFE)


def refuse_plain(siwa: Siwa) -> None:
    if not siwa.plain_wallets:
        raise Rejected(
            "A wallet signs in here with an agent's identity: send agentId and agentRegistry",
            code="INVALID_REGISTRY_FORMAT",
        )


async def sign_in(
    db: Database, siwa: Siwa, *, message: str, signature: bytes, visit: Visit, now: datetime
) -> tuple[Receipt, str]:
    """The receipt of whoever signed the message, and its text. The nonce is used only when everything else is good.

    Raises Unreadable, Rejected, or as `check_owner` does.
    """
    await count_try(db, visit, now=now)
    said = messages.parse(message)
    refuse_strange(siwa, said, now=now)
    nonce = nonce_of(said)
    if not await nonces.is_live(db, nonce, now=now):
        raise spent()
    signer = await kind_of_signer(
        siwa.chains, chain_id=said.chain_id, address=said.address, text=message.encode(), signature=signature
    )
    if signer is None:
        raise Rejected("Invalid signature", code="INVALID_SIGNATURE")
    if said.registry is None or said.agent_id is None:
        refuse_plain(siwa)
    else:
        await check_owner(siwa, said.registry, said.agent_id, said.address)
    async with db.transaction() as tx:
        if not await nonces.use(tx, nonce.nonce):
            raise spent()
        await wallets.user_of_agent(tx, said.address, agent_id=nonce.agent_id, registry=nonce.agent_registry, now=now)
    return make_receipt(
        siwa.receipt_key,
        address=checksummed(said.address),
        chain_id=said.chain_id,
        agent_id=said.agent_id,
        agent_registry=nonce.agent_registry,
        signer_type=signer,
        now=now,
    )


def refuse_strange(siwa: Siwa, said: SignIn, *, now: datetime) -> None:
    """Rejected when the message is written to another shop, or for another time."""
    if said.domain != siwa.domain or not is_within(said.uri, siwa.origin):
        raise Rejected(f"Domain mismatch: expected {siwa.domain}, got {said.domain}", code="DOMAIN_MISMATCH")
    if said.scheme is not None and not siwa.origin.startswith(f"{said.scheme}://"):
        raise Rejected(f"Domain mismatch: expected {siwa.origin}", code="DOMAIN_MISMATCH")
    if said.expires_at is not None and said.expires_at <= now:
        raise Rejected("Message expired", code="MESSAGE_EXPIRED")
    if said.not_before is not None and now < said.not_before:
        raise Rejected("Message not yet valid (notBefore)", code="MESSAGE_NOT_YET_VALID")
    if said.registry is not None and said.registry.chain_id != said.chain_id:
        raise Rejected("Chain ID is not the registry's", code="INVALID_REGISTRY_FORMAT")


def is_within(uri: str, origin: str) -> bool:
    return uri == origin or uri.startswith((f"{origin}/", f"{origin}?", f"{origin}#"))


def nonce_of(said: SignIn) -> Nonce:
    return Nonce(
        nonce=said.nonce,
        address=said.address,
        chain_id=said.chain_id,
        agent_id=said.agent_id,
        agent_registry=said.registry.name if said.registry else None,
        user_id=None,
    )


def spent() -> Rejected:
    return Rejected("Invalid or consumed nonce; ask for a new one", code="INVALID_NONCE")


async def count_try(db: Database, visit: Visit, *, now: datetime) -> None:
    """Each try costs a signature's arithmetic or a question to the chain."""
    key = f"siwa:{rules.network_of(visit.address)}"
    await throttle(db, key=key, limit=TRIES_FROM_ONE_ADDRESS, window=TRIES_WINDOW, now=now)


def written(at: datetime) -> str:
    """A time as JavaScript writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
