"""The rail that USDC comes by: a payment is verified, entered in the ledger, handed in, and the chain alone decides."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from purvey.kit.db import Database, Queries, Tx, ambient
from purvey.kit.errors import Unavailable
from purvey.kit.events import publish
from purvey.kit.failpoints import reach
from purvey.payments.x402 import rules, store
from purvey.payments.x402.chain import Chain, Decision
from purvey.payments.x402.events import SettlementDecided
from purvey.payments.x402.facilitator import Facilitator
from purvey.payments.x402.model import (
    AlreadyEntered,
    Ask,
    Authorized,
    PaymentRefused,
    Quote,
    Settlement,
    Shown,
    Token,
)
from purvey.payments.x402.signatures import is_signed
from purvey.payments.x402.token import FORGED, FORGED_SAYS, SPENT, USED_NONCE

log = structlog.get_logger("purvey.x402")
WAIT_SECONDS: Final = 20.0
PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)
LOOK_AGAIN: Final = timedelta(minutes=1)  # a settled one could still vanish


class Rail:
    """`tokens` by network; `chain` says what happened; `facilitator` hands authorizations in."""

    def __init__(
        self,
        tokens: Mapping[str, Token],
        *,
        chain: Chain,
        facilitator: Facilitator,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self.tokens, self.chain, self.facilitator, self.wait_seconds = tokens, chain, facilitator, wait_seconds

    async def quoted(self, db: Queries, ask: Ask, *, now: datetime) -> list[Quote]:
        """What is asked, on each network: one statement, which only reads while the last quote is young.

        The same terms are the same quote, for longer; an older one of the same request is good until it expires.
        """
        return await store.quoted(db, ask, list(self.tokens.values()), now=now)

    async def verify(self, shown: Shown, quote: Quote, *, now: datetime) -> None:
        """Whether this payment would pay this quote now. Nothing is written, nothing is handed in.

        PaymentRefused with x402's own word for why; USED_NONCE only of what its payer signed. Unavailable when nobody
        can say, and the same signature may be shown again.
        """
        rules.refuse_wrong(shown, quote)
        head = await self.chain.head(quote.network, now=now)
        rules.refuse_untimely(shown, at=max(head.timestamp, int(now.timestamp())))
        try:
            await self.facilitator.verify(shown, quote)
        except PaymentRefused as refused:
            if refused.reason == USED_NONCE:
                await self.refuse_used(shown, quote, now=now)
            raise

    async def refuse_used(self, shown: Shown, quote: Quote, *, now: datetime) -> None:
        """Let nothing be held for a nonce that is used up, unless its payer signed this and it moved this money.

        PaymentRefused; Unavailable when the node does not show its use: it lags, or that was long ago.
        """
        if not await is_signed(self.chain.chains, shown, quote):
            raise PaymentRefused(FORGED_SAYS, code=FORGED) from None
        decision = await self.chain.decide(authorized(shown, quote, since=now), now=now)
        if decision is not None and decision.tx_hash is None:
            raise PaymentRefused(f"This payment pays nothing: {decision.reason}", code=SPENT) from None

    async def find(self, db: Queries, shown: Shown) -> Settlement | None:
        """The ledger's row of this authorization, whatever it was shown for; None when it is new."""
        token = self.tokens.get(shown.network)
        if token is None or shown.asset not in (None, token.address.lower()):
            return None
        return await store.by_authorization(
            db, network=shown.network, asset=token.address, payer=shown.payer, nonce=shown.nonce
        )

    async def enter(
        self,
        tx: Tx,
        shown: Shown,
        quote: Quote,
        *,
        subject_type: str,
        subject_id: UUID,
        payment_id: UUID | None,
        now: datetime,
    ) -> Settlement:
        """Write a verified payment down, in the transaction that reserves what it is for; AlreadyEntered.

        From its commit on the money may move. A payment of provider `x402` expires some minutes after
        `shown.valid_before`, and has `quote.resource` as its checkout's URL and the row's id as its reference
        (`payments.save_checkout`), so that the sweep asks after it.
        """
        entered = await store.enter(
            tx, shown, quote, subject_type=subject_type, subject_id=subject_id, payment_id=payment_id, now=now
        )
        if entered is None:
            raise AlreadyEntered("This payment was used already")
        return entered

    async def carry_out(self, db: Database, settlement: Settlement, *, now: datetime) -> Settlement:
        """Hand it in and wait until the chain has decided, or for so long. May be called again at any time.

        `settled` has the transaction; `failed` is for good. `unknown` after all: answer 202, and call again when the
        payer shows it again. A sweep goes on with it in any case, and publishes `SettlementDecided` once.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.wait_seconds
        settlement = await self.handed_in(db, settlement, now=now)
        for pause in pauses():
            settlement = await self.glanced(db, settlement, now=now)
            if not settlement.unknown or loop.time() + pause > deadline:
                break
            await asyncio.sleep(pause)
        return settlement if not settlement.unknown else await self.asked(db, settlement, now=now)

    async def ask_chain(self, db: Database, settlement: Settlement, *, now: datetime) -> Settlement:
        """What the chain says of it: moved by whomever, not any more possible, or as before. Unavailable.

        Seen are AuthorizationUsed of this payer and nonce and the Transfer that follows it; unused after
        `valid_before`, by the time of a confirmed block, it has failed for good.
        """
        if not settlement.unknown:
            return settlement
        decision = await self.chain.decide(settlement.authorized, now=now)
        if decision is None:
            return await store.by_id(db, settlement.id)
        reach("x402.seen")
        return await self.decided(db, settlement, decision, now=now)

    async def go_on(self, db: Database, settlement: Settlement, *, now: datetime) -> Settlement:
        """One more step with what nobody finished, without waiting: ask, and hand in again what was not seen."""
        settlement = await self.ask_chain(db, settlement, now=now)
        if not settlement.unknown:
            return settlement
        settlement = await self.handed_in(db, settlement, now=now)
        return await self.glanced(db, settlement, now=now)

    async def handed_in(self, db: Database, settlement: Settlement, *, now: datetime) -> Settlement:
        """The facilitator has it, if it can be had; whatever goes wrong there decides nothing.

        Inside somebody's transaction nothing is handed in: what is written there is not yet known to anybody.
        """
        if not settlement.unknown or ambient.get() is not None:
            return settlement
        try:
            return await self.facilitator.hand_in(db, settlement, now=now)
        except PaymentRefused as refused:  # before anybody saw it: so it is only the chain that can know better
            return await self.refused(db, settlement, refused, now=now)
        except Unavailable as away:
            log.warning("handing in failed; trying again later", settlement=str(settlement.id), why=away.detail)
            return await store.by_id(db, settlement.id)

    async def refused(
        self, db: Database, settlement: Settlement, refused: PaymentRefused, *, now: datetime
    ) -> Settlement:
        """It would have failed, and nobody has it but its payer and us, who forget it."""
        settlement = await self.asked(db, settlement, now=now)
        if not settlement.unknown or settlement.sent_at is not None:
            return settlement
        return await self.decided(db, settlement, Decision(reason=refused.reason), now=now)

    async def glanced(self, db: Database, settlement: Settlement, *, now: datetime) -> Settlement:
        """Look only for our own transaction: one question."""
        if not settlement.unknown:
            return settlement
        try:
            decision = await self.chain.glance(settlement, now=now)
        except Unavailable:
            return settlement
        if decision is None:
            return settlement
        reach("x402.seen")
        return await self.decided(db, settlement, decision, now=now)

    async def asked(self, db: Database, settlement: Settlement, *, now: datetime) -> Settlement:
        """What the chain says, or the same as before when it says nothing."""
        try:
            return await self.ask_chain(db, settlement, now=now)
        except Unavailable:
            return await store.by_id(db, settlement.id)

    async def decided(self, db: Database, settlement: Settlement, decision: Decision, *, now: datetime) -> Settlement:
        """Write the decision down and tell of it, once."""
        async with db.transaction() as tx:
            row = await store.decide(
                tx,
                settlement.id,
                state=decision.state,
                reason=decision.reason,
                tx_hash=decision.tx_hash,
                log_index=decision.log_index,
                block_number=decision.block_number,
                next_look=LOOK_AGAIN,
                now=now,
            )
            if row is not None:
                publish(
                    tx,
                    SettlementDecided(
                        subject_id=row.id,
                        tenant_id=None,
                        at=now,
                        of_type=row.subject_type,
                        of_id=row.subject_id,
                        payment_id=row.payment_id,
                        settled=row.settled,
                        reason=row.reason,
                    ),
                )
        reach("x402.decided")
        return row or await store.by_id(db, settlement.id)

    async def close(self) -> None:
        await self.facilitator.close()


def authorized(shown: Shown, quote: Quote, *, since: datetime) -> Authorized:
    """What the chain is asked of a payment that is not in the ledger."""
    return Authorized(
        network=quote.network, asset=quote.asset.lower(), payer=shown.payer, nonce=shown.nonce,
        pay_to=quote.pay_to.lower(), amount=quote.amount, valid_before=shown.valid_before, since=since,
    )  # fmt: skip


def pauses() -> Iterator[float]:
    """Short ones first, for a chain whose next block is near."""
    yield from PAUSES
    while True:
        yield PAUSES[-1]
