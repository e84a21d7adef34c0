"""The SQL of quotes and of the ledger of authorizations."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from purvey.kit.db import Queries, Tx
from purvey.kit.ids import new_id
from purvey.payments.x402.model import QUOTE_KEPT, Ask, Quote, Settlement, Shown, State, Token

FIRST_LOOK: Final = timedelta(seconds=45)  # longer than whoever entered it waits
FORGET_AFTER: Final = timedelta(days=1)
FORGET_BATCH: Final = 5_000
QUOTE = """
    id, purpose, request_key, network, asset, asset_name, asset_version, pay_to, amount, sku, resource, description,
    details, expires_at
"""
SETTLEMENT = """
    id, quote_id, purpose, subject_type, subject_id, payment_id, network, asset, payer, nonce, pay_to, amount,
    valid_after, valid_before, signature, version, payload, state, reason, tx_hash, sender, tx_nonce, raw, sent_at,
    accepted_at, log_index, block_number, decided_at, final_at, vanished_at, created_at
"""

# One quote for each token. One of the same terms that is good for a while yet is only read; else its time begins anew.
QUOTED = f"""
with asked as (
    select *
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
        as a (id, network, asset, asset_name, asset_version)
), good as (
    select q.*
    from asked a
    join x402_quotes q using (network, asset)
    where q.request_key = $6
        and q.purpose = $7
        and q.terms = $8
        and q.expires_at >= $9
), made as (
    insert into x402_quotes (
        id, network, asset, asset_name, asset_version, request_key, purpose, terms, pay_to, amount, sku, resource,
        description, details, expires_at, created_at)
    select id, network, asset, asset_name, asset_version, $6, $7, $8, $10, $11, $12, $13, $14, $15, $16, $17
    from asked a
    where not exists (select from good g where g.network = a.network and g.asset = a.asset)
    on conflict (request_key, purpose, network, asset, terms) do update
    set expires_at = greatest(x402_quotes.expires_at, excluded.expires_at), resource = excluded.resource,
        description = excluded.description
    returning {QUOTE}
)
select {QUOTE} from good
union all
select {QUOTE} from made
order by network, id
"""

# The quote that a payment answers: ours, of the same thing, and still good.
MATCHED = f"""
select {QUOTE}
from x402_quotes
where request_key = $1
    and purpose = $2
    and network = $3
    and ($4::text is null or lower(asset) = $4)
    and lower(pay_to) = $5
    and amount = $6
    and expires_at > $7
order by created_at desc, id
limit 1
"""

QUOTE_BY_ID = f"select {QUOTE} from x402_quotes where id = $1"

ENTER = f"""
insert into x402_settlements (
    id, quote_id, purpose, subject_type, subject_id, payment_id, network, asset, payer, nonce, pay_to, amount,
    valid_after, valid_before, signature, version, payload, state, ask_at, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'ENTERED', $18, $19)
on conflict (network, asset, payer, nonce) do nothing
returning {SETTLEMENT}
"""

BY_ID = f"select {SETTLEMENT} from x402_settlements where id = $1"
BY_AUTHORIZATION = f"""
select {SETTLEMENT}
from x402_settlements
where network = $1
    and asset = $2
    and payer = $3
    and nonce = $4
"""
OF_PAYMENT = f"select {SETTLEMENT} from x402_settlements where payment_id = $1"
OF_SUBJECT = f"""
select {SETTLEMENT}
from x402_settlements
where subject_type = $1
    and subject_id = $2
order by created_at, id
"""

# What our own key signed, before anybody sees it; or that a facilitator is about to be given it.
SENDING = f"""
update x402_settlements
set state = 'SENT', tx_hash = coalesce($2, tx_hash), sender = $3, tx_nonce = $4, raw = $5, sent_at = $6,
    accepted_at = null
where id = $1
    and state in ('ENTERED', 'SENT')
returning {SETTLEMENT}
"""

# What a node or a facilitator said to it: taken, under this hash, or why not.
TOLD = f"""
update x402_settlements
set accepted_at = case when $3 then $5::timestamptz else accepted_at end, tx_hash = coalesce($2, tx_hash), reason = $4
where id = $1
    and state = 'SENT'
returning {SETTLEMENT}
"""

DECIDE = f"""
update x402_settlements
set state = $2, reason = $3, tx_hash = coalesce($4, tx_hash), log_index = $5, block_number = $6, decided_at = $7,
    ask_at = $8, asked_times = 0, final_at = null
where id = $1
    and (state in ('ENTERED', 'SENT') or state = 'FAILED' and $2 = 'SETTLED')
returning {SETTLEMENT}
"""

# The nonce after the highest that a node took of this key lately.
NEXT_NONCE = """
select max(tx_nonce) + 1
from x402_settlements
where network = $1
    and sender = $2
    and accepted_at > $3
"""

# A bounded batch of what nobody finished; two sweeps at once take different ones.
UNFINISHED = f"""
update x402_settlements
set asked_times = asked_times + 1, ask_at = $1::timestamptz + least($3::interval * (asked_times + 1), $4::interval)
where id in (
    select id
    from x402_settlements
    where state in ('ENTERED', 'SENT')
        and ask_at <= $1
    order by ask_at, id
    limit $2
    for update skip locked
)
returning {SETTLEMENT}
"""

# The same of what is settled and could still vanish, or has failed and could still be handed in by its payer.
YOUNG = f"""
update x402_settlements
set asked_times = asked_times + 1, ask_at = $1::timestamptz + least($3::interval * (asked_times + 1), $4::interval)
where id in (
    select id
    from x402_settlements
    where state in ('SETTLED', 'FAILED')
        and final_at is null
        and ask_at <= $1
    order by ask_at, id
    limit $2
    for update skip locked
)
returning {SETTLEMENT}
"""

FORGET_QUOTES = """
delete from x402_quotes
where id in (
    select id
    from x402_quotes q
    where expires_at < $1
        and not exists (select from x402_settlements s where s.quote_id = q.id)
    order by expires_at, id
    limit $2
)
"""


async def quoted(db: Queries, ask: Ask, tokens: Sequence[Token], *, now: datetime) -> list[Quote]:
    terms = sha256(
        msgspec.json.encode([ask.pay_to.lower(), ask.amount, ask.sku, ask.details], order="deterministic")
    ).digest()
    return await db.rows(
        Quote,
        QUOTED,
        [new_id() for _ in tokens],
        [token.network for token in tokens],
        [token.address for token in tokens],
        [token.name for token in tokens],
        [token.version for token in tokens],
        ask.request_key,
        ask.purpose,
        terms,
        now + QUOTE_KEPT / 2,
        ask.pay_to,
        ask.amount,
        ask.sku,
        ask.resource,
        ask.description,
        ask.details,
        now + QUOTE_KEPT,
        now,
    )


async def matched(db: Queries, shown: Shown, *, purpose: str, request_key: bytes, now: datetime) -> Quote | None:
    """The quote of ours that this payment answers, by payee, amount, asset, network and what was asked; or None."""
    if shown.value >= 1 << 63:
        return None
    return await db.maybe(
        Quote, MATCHED, request_key, purpose, shown.network, shown.asset, shown.to, shown.value, now
    )  # fmt: skip


async def quote(db: Queries, quote_id: UUID) -> Quote:
    return await db.one(Quote, QUOTE_BY_ID, quote_id)


async def enter(
    tx: Tx,
    shown: Shown,
    quote: Quote,
    *,
    subject_type: str,
    subject_id: UUID,
    payment_id: UUID | None,
    now: datetime,
) -> Settlement | None:
    """The new row; None when this authorization has one."""
    return await tx.maybe(
        Settlement,
        ENTER,
        new_id(),
        quote.id,
        quote.purpose,
        subject_type,
        subject_id,
        payment_id,
        quote.network,
        quote.asset.lower(),
        shown.payer,
        shown.nonce,
        quote.pay_to.lower(),
        quote.amount,
        shown.valid_after,
        shown.valid_before,
        shown.signature,
        shown.version,
        shown.payload,
        now + FIRST_LOOK,
        now,
    )


async def by_id(db: Queries, settlement_id: UUID) -> Settlement:
    return await db.one(Settlement, BY_ID, settlement_id)


async def by_authorization(db: Queries, *, network: str, asset: str, payer: str, nonce: str) -> Settlement | None:
    return await db.maybe(Settlement, BY_AUTHORIZATION, network, asset.lower(), payer, nonce)


async def of_payment(db: Queries, payment_id: UUID) -> Settlement | None:
    """The authorization that a payment was made by."""
    return await db.maybe(Settlement, OF_PAYMENT, payment_id)


async def of_subject(db: Queries, subject_type: str, subject_id: UUID) -> list[Settlement]:
    """Every authorization that was ever entered for this, oldest first."""
    return await db.rows(Settlement, OF_SUBJECT, subject_type, subject_id)


async def sending(
    db: Queries,
    settlement_id: UUID,
    *,
    now: datetime,
    tx_hash: str | None = None,
    sender: str | None = None,
    tx_nonce: int | None = None,
    raw: str | None = None,
) -> Settlement | None:
    """The row as SENT; None when it was decided meanwhile."""
    return await db.maybe(Settlement, SENDING, settlement_id, tx_hash, sender, tx_nonce, raw, now)


async def told(
    db: Queries, settlement_id: UUID, *, accepted: bool, now: datetime, tx_hash: str | None = None,
    reason: str | None = None,
) -> Settlement:  # fmt: skip
    row = await db.maybe(Settlement, TOLD, settlement_id, tx_hash, accepted, reason, now)
    return row or await by_id(db, settlement_id)


async def decide(
    tx: Tx,
    settlement_id: UUID,
    *,
    state: State,
    reason: str | None,
    tx_hash: str | None,
    log_index: int | None,
    block_number: int | None,
    next_look: timedelta,
    now: datetime,
) -> Settlement | None:
    """The row once decided; None when it was already."""
    return await tx.maybe(
        Settlement, DECIDE, settlement_id, state, reason, tx_hash, log_index, block_number, now, now + next_look
    )


async def next_nonce(db: Queries, *, network: str, sender: str, since: datetime) -> int:
    found: int | None = await db.value(NEXT_NONCE, network, sender, since)
    return found or 0


async def unfinished(
    db: Queries, *, now: datetime, limit: int, each_time: timedelta, longest: timedelta
) -> list[Settlement]:
    return await db.rows(Settlement, UNFINISHED, now, limit, each_time, longest)


async def young(
    db: Queries, *, now: datetime, limit: int, each_time: timedelta, longest: timedelta
) -> list[Settlement]:
    return await db.rows(Settlement, YOUNG, now, limit, each_time, longest)


async def forget_quotes(db: Queries, now: datetime) -> int:
    """Quotes that nobody paid and nobody can pay any more; how many were forgotten."""
    return await db.do(FORGET_QUOTES, now - FORGET_AFTER, FORGET_BATCH)
