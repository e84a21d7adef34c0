"""Paying a fee beforehand, by x402: it is asked for, entered, settled, and is its payer's credit from then on."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec

from purvey.fees import store
from purvey.fees.model import Credit, CreditHappening, CreditState, Rates
from purvey.fees.rules import FeeUsed
from purvey.kit import own_keys
from purvey.kit.db import Database, Queries
from purvey.kit.errors import Conflict, NotAllowed
from purvey.kit.events import Heard, Reaction, on
from purvey.kit.failpoints import reach
from purvey.kit.ids import new_id
from purvey.kit.money import Money
from purvey.kit.own_keys import OwnKey
from purvey.payments import x402
from purvey.payments.x402 import (
    AlreadyEntered,
    Ask,
    PaymentNeeded,
    PaymentRefused,
    Quote,
    Rail,
    Settlement,
    SettlementDecided,
    SettlementReturned,
    SettlementVanished,
    Shown,
)

SUBJECT: Final = "fee"
SKU: Final = "platform-fee"
TRIES: Final = 4
LOST_AFTER: Final = timedelta(minutes=1)
BATCH: Final = 50
UNFIT: Final = {CreditState.HELD, CreditState.USED, CreditState.RETURNED}


class FeeAsking(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a fee of `money`, of a purchase of so much. `payer` is whose wallet the body says it is.

    `signed_in`: by a receipt of that wallet.
    """

    payer: str
    amount: Money
    money: Money
    rates: Rates
    wallet: str
    shown: Shown | None
    signed_in: bool
    keys: tuple[OwnKey, ...]
    resource: str
    now: datetime

    @property
    def request_key(self) -> bytes:
        return sha256(msgspec.json.encode(["fee", self.payer.lower(), self.amount.minor])).digest()


class FeePaid(msgspec.Struct, frozen=True):
    """Settled or on its way, as `settlement` says; on its way again when it had settled and vanished."""

    credit: Credit
    settlement: Settlement

    @property
    def counts(self) -> bool:
        return self.settlement.settled and self.credit.vanished_at is None


async def pay(db: Database, rail: Rail, asking: FeeAsking) -> FeePaid:
    """Take a fee once, however often it is asked; its credit is UNUSED, or PENDING when nobody knows yet.

    PaymentNeeded is the answer to whoever has not paid. FeeUsed for one that a purchase has, unless the asker has
    proved to be its payer: the same request has the same answer then.
    """
    if asking.shown is not None and asking.shown.payer != asking.payer.lower():
        raise NotAllowed("The payment is another wallet's than payer_wallet_address", code="other_wallet")
    for _ in range(TRIES):
        settlement, proven = await made_before(db, rail, asking)
        if settlement is not None and settlement.unknown:
            settlement = await rail.carry_out(db, settlement, now=asking.now)
        if settlement is not None and not settlement.failed:
            return await paid(db, settlement, proven=proven, now=asking.now)
        quote = await matched(db, rail, asking)
        try:
            entered = await enter(db, rail, asking, quote, again=settlement is not None)
        except AlreadyEntered:
            if settlement is not None:
                raise failed(quote, settlement) from None
            continue
        reach("fee.entered")
        settlement = await rail.carry_out(db, entered, now=asking.now)
        reach("fee.carried_out")
        if settlement.failed:
            raise failed(quote, settlement)
        return await paid(db, settlement, proven=True, now=asking.now)
    raise Conflict("You are paying this in several places at once; try again", code="busy", retry_after_seconds=1)


async def made_before(db: Database, rail: Rail, asking: FeeAsking) -> tuple[Settlement | None, bool]:
    """What this key or payment began, and whether the asker is its payer; FeeUsed for what was for something else."""
    for key in asking.keys:
        credit_id = await own_keys.found(db, key)
        made = await x402.of_subject(db, SUBJECT, credit_id) if credit_id else []
        if made:
            return made[-1], True
    found = await rail.find(db, asking.shown) if asking.shown else None
    if found is not None and found.subject_type != SUBJECT:
        raise FeeUsed("This payment has bought something already", extra={"id": str(found.subject_id)})
    return found, asking.signed_in


async def matched(db: Database, rail: Rail, asking: FeeAsking) -> Quote:
    """The quote that the payment answers, verified; PaymentNeeded."""
    shown, now = asking.shown, asking.now
    quote = None
    if shown is not None:
        quote = await x402.matched(db, shown, purpose=SUBJECT, request_key=asking.request_key, now=now)
    if shown is None or quote is None:
        why = f"The platform fee of a purchase of {asking.amount} is {asking.money}: pay it, and ask again."
        if shown is not None:
            why = f"This payment answers no offer of ours that is still good, and was not taken. {why}"
        raise PaymentNeeded(why, quotes=await rail.quoted(db, asked(asking), now=now))
    try:
        await rail.verify(shown, quote, now=now)
    except PaymentRefused as refused:
        if refused.reason != "invalid_exact_evm_nonce_already_used":
            raise PaymentNeeded(refused.detail, quotes=[quote], code=refused.reason) from None
    return quote


def asked(asking: FeeAsking) -> Ask:
    return Ask(
        purpose=SUBJECT,
        request_key=asking.request_key,
        pay_to=asking.wallet,
        amount=asking.money.minor,
        sku=SKU,
        resource=asking.resource,
        description=f"Platform fee of a purchase of {asking.amount}",
        details={"bps": asking.rates.bps, "minimum": asking.rates.minimum},
    )


async def enter(db: Database, rail: Rail, asking: FeeAsking, quote: Quote, *, again: bool) -> Settlement:
    """The credit, PENDING, and the ledger's row; AlreadyEntered. `again`: what the key made before has failed."""
    assert asking.shown is not None
    credit_id, kept, now = new_id(), quote.details, asking.now
    async with db.transaction() as tx:
        for key in asking.keys:
            made = await own_keys.claim(tx, key, subject_id=credit_id, now=now)
            if made is not None and not again:
                raise AlreadyEntered("This key was used already")
            await own_keys.point(tx, key, credit_id)
        await store.insert(
            tx, id=credit_id, payer=asking.shown.payer, network=quote.network, amount=quote.amount,
            rates=Rates(kept["bps"], kept["minimum"]), now=now,
        )  # fmt: skip
        return await rail.enter(
            tx, asking.shown, quote, subject_type=SUBJECT, subject_id=credit_id, payment_id=None, now=now
        )


async def paid(db: Database, settlement: Settlement, *, proven: bool, now: datetime) -> FeePaid:
    """The credit once it has followed the chain; FeeUsed."""
    credit = await follow(db, settlement, now=now)
    if credit.state in UNFIT and not proven:
        raise FeeUsed("This platform fee was used already", extra={"fee_tx": credit.tx_hash})
    return FeePaid(credit, settlement)


async def follow(db: Database, settlement: Settlement, *, now: datetime) -> Credit:
    """Make the credit what the chain decided; saying it twice changes nothing."""
    if not settlement.unknown:
        happening = CreditHappening.SETTLED if settlement.settled else CreditHappening.FAILED
        async with db.transaction() as tx:
            await store.move_credit(tx, settlement.subject_id, happening, tx_hash=settlement.tx_hash, now=now)
    credit = await store.find(db, settlement.subject_id)
    assert credit is not None, "a settled fee without its row"
    return credit


def failed(quote: Quote, settlement: Settlement) -> PaymentNeeded:
    why = f"The payment did not go through ({settlement.reason}), and nothing was taken: sign a new one"
    return PaymentNeeded(why, quotes=[quote], code="payment_failed")


async def unused_of(db: Queries, payer: str) -> Credit | None:
    """The oldest fee that a wallet has paid and not used."""
    return await store.unused(db, payer)


def reactions() -> list[Reaction]:
    """When the chain decided what nobody waited for."""

    async def hear_chain(heard: Heard, said: SettlementDecided) -> None:
        if said.of_type == SUBJECT:
            await follow(heard.db, await x402.by_id(heard.db, said.subject_id), now=heard.now)

    async def miss_money(heard: Heard, said: SettlementVanished) -> None:
        await note_presence(heard, said)

    async def find_money(heard: Heard, said: SettlementReturned) -> None:
        await note_presence(heard, said)

    return [
        on(SettlementDecided, hear_chain),
        on(SettlementVanished, miss_money),
        on(SettlementReturned, find_money),
    ]


async def note_presence(heard: Heard, said: SettlementVanished | SettlementReturned) -> None:
    """Whether a fee's money is there, as the ledger has it now: what is heard late changes nothing back."""
    if said.of_type != SUBJECT:
        return
    settlement = await x402.by_id(heard.db, said.subject_id)
    async with heard.db.transaction() as tx:
        await store.note_vanished(tx, said.of_id, at=settlement.vanished_at, now=heard.now)


async def sweep(db: Database, now: datetime) -> int:
    """Credits that did not follow the chain, though it has decided; how many."""
    late = await store.pending(db, before=now - LOST_AFTER, limit=BATCH)
    for credit in late:
        made: list[Any] = await x402.of_subject(db, SUBJECT, credit.id)
        if made:
            await follow(db, made[-1], now=now)
    return len(late)
