"""A wallet becomes a person's: they sign so with it, and what it bought and sold is theirs from then on (ruling 13)."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from purvey.access.events import WalletInherited
from purvey.access.model import Identity
from purvey.access.siwa import messages, nonces, wallets
from purvey.access.siwa.messages import plain_message
from purvey.access.siwa.model import BASE, Rejected, Siwa, Unreadable
from purvey.access.siwa.nonces import Nonce
from purvey.access.siwa.signatures import checksummed, kind_of_signer
from purvey.access.siwa.signing_in import NONCE_LIFE, nonce_of, refuse_strange, spent, written
from purvey.access.siwa.wallets import Holder, Wallet
from purvey.kit.audit_log import audit
from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict, Invalid, NotFound
from purvey.kit.events import publish
from purvey.kit.throttles import throttle

MOST_WALLETS: Final = 20
TRIES_WINDOW: Final = timedelta(minutes=1)
TRIES: Final = 30

HandOver = Callable[[Tx, UUID, UUID], Awaitable[None]]


class ToSign(msgspec.Struct, frozen=True):
    """The text that a wallet is to sign, and until when."""

    message: str
    expires_at: datetime


class Somebodys(Conflict):
    """The wallet is linked with another person's account."""

    code = "wallet_taken"


class AddressUnproved(Conflict):
    """Somebody who signed up with another's address shall keep no way in once its owner takes the account over."""

    code = "email_not_verified"


class LastWayIn(Conflict):
    """Without this wallet nobody could sign in any more."""

    code = "last_way_in"


class TooManyWallets(Conflict):
    """A person has as many as one may have."""

    code = "too_many_wallets"


async def offer_link(
    db: Database, siwa: Siwa, me: Identity, *, address: str, chain_id: int | None, now: datetime
) -> ToSign:
    """What the wallet has to sign to become the asker's; it names their account, for its holder to read."""
    if me.email is not None and not me.email_verified:
        raise AddressUnproved("Verify your e-mail address first, then link wallets")
    await throttle(db, key=f"siwa-link:{me.user_id}", limit=TRIES, window=TRIES_WINDOW, now=now)
    nonce = Nonce(
        nonce=secrets.token_hex(12),
        address=address.lower(),
        chain_id=chain_id or BASE,
        agent_id=None,
        agent_registry=None,
        user_id=me.user_id,
    )
    expires_at = now + NONCE_LIFE
    await nonces.add(db, nonce, expires_at=expires_at)
    text = plain_message(
        domain=siwa.domain,
        address=checksummed(address),
        statement=statement_for(me),
        uri=siwa.origin,
        chain_id=nonce.chain_id,
        nonce=nonce.nonce,
        issued_at=written(now),
        expires_at=written(expires_at),
    )
    return ToSign(text, expires_at)


def statement_for(me: Identity) -> str:
    return f"Link this wallet to the account {me.username}: whatever it bought or sold here becomes that account's."


async def link(
    db: Database,
    siwa: Siwa,
    me: Identity,
    *,
    message: str,
    signature: bytes,
    hand_over: Sequence[HandOver],
    now: datetime,
) -> Wallet:
    """The wallet is the asker's, and so is all that was its own user's, in one transaction.

    Raises Invalid for what is not well signed, Somebodys, TooManyWallets, and as those who hand over do.
    """
    await throttle(db, key=f"siwa-link:{me.user_id}", limit=TRIES, window=TRIES_WINDOW, now=now)
    try:
        nonce = await proved(db, siwa, me, message, signature, now=now)
        async with db.transaction() as tx:
            if not await nonces.use(tx, nonce.nonce):
                raise spent()
            return await take(tx, me, nonce.address, hand_over, now=now)
    except (Rejected, Unreadable) as refusal:
        raise Invalid.field("/message", refusal.detail, code=refusal.reason) from None


async def proved(db: Database, siwa: Siwa, me: Identity, message: str, signature: bytes, *, now: datetime) -> Nonce:
    """The nonce of a message that the wallet signed for this very person; Rejected, Unreadable."""
    said = messages.parse(message)
    refuse_strange(siwa, said, now=now)
    nonce = msgspec.structs.replace(nonce_of(said), user_id=me.user_id)
    if said.statement != statement_for(me) or not await nonces.is_live(db, nonce, now=now):
        raise spent()
    signer = await kind_of_signer(
        siwa.chains, chain_id=said.chain_id, address=said.address, text=message.encode(), signature=signature
    )
    if signer is None:
        raise Rejected("Invalid signature", code="INVALID_SIGNATURE")
    return nonce


async def take(tx: Tx, me: Identity, address: str, hand_over: Sequence[HandOver], *, now: datetime) -> Wallet:
    holder = await wallets.hold(tx, address)
    if holder is not None and holder.user_id == me.user_id:
        return await wallets.find(tx, address)
    if holder is not None and holder.is_a_person:
        raise Somebodys("This wallet is linked with another account: unlink it there, or sign in there")
    if holder is None:
        await tx.do(wallets.ADD, address, me.user_id, now)
    else:
        await inherit(tx, me, holder, hand_over, now=now)
    if await tx.value(wallets.COUNT, me.user_id) > MOST_WALLETS:
        raise TooManyWallets(f"An account has at most {MOST_WALLETS} wallets; unlink one that you no longer use")
    detail = {"address": address, "from": str(holder.user_id) if holder else None}
    await audit(tx, me, action="wallet.linked", subject_type="wallet", subject_id=address, detail=detail, now=now)
    return await wallets.find(tx, address)


async def inherit(tx: Tx, me: Identity, holder: Holder, hand_over: Sequence[HandOver], *, now: datetime) -> None:
    """Everything of a user who was this wallet and nothing else becomes the person's; their keys end."""
    for give in hand_over:
        await give(tx, holder.user_id, me.user_id)
    await tx.do(wallets.GIVE, holder.user_id, me.user_id)
    await tx.do(wallets.REVOKE_KEYS, holder.user_id, now)
    await tx.do(wallets.RETIRE, holder.user_id, now)
    publish(tx, WalletInherited(subject_id=me.user_id, tenant_id=None, at=now))


async def unlink(db: Database, me: Identity, address: str, *, now: datetime) -> None:
    """The wallet is nobody's; what it bought stays where it is. Raises NotFound, LastWayIn."""
    address = address.lower()
    async with db.transaction() as tx:
        ways = await tx.one(wallets.Ways, wallets.WAYS_IN, me.user_id)
        if not await tx.do(wallets.FORGET, address, me.user_id):
            raise NotFound("You have no such wallet")
        if not ways.has_email and ways.wallets == 1:
            raise LastWayIn("This wallet is your only way to sign in: link another one first")
        await audit(tx, me, action="wallet.unlinked", subject_type="wallet", subject_id=address, detail={}, now=now)
