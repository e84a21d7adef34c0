"""The laws of what agents pay: the chain's word, the ledger, purchases and fees say the same."""

from collections.abc import Mapping
from typing import Final

LAWS_OF_USDC: Final[Mapping[str, str]] = {
    "a payment by x402 has one authorization in the ledger, of its own purchase and amount": """
        select pay.id::text as what
        from payments pay
        left join x402_settlements s on s.payment_id = pay.id
        where ($1::uuid is null or pay.tenant_id = $1)
            and pay.provider = 'x402'
            and (s.id is null or s.amount <> pay.amount or pay.currency <> 'USDC'
                or s.subject_type <> pay.subject_type or s.subject_id <> pay.subject_id)
    """,
    # Between the chain's word and the purchase lies a moment: its event is waiting, or the sweep comes by.
    "what was settled is paid, and nothing else is": """
        select format('%s is %s, its payment paid at %s', s.id, s.state, pay.paid_at) as what
        from x402_settlements s
        join payments pay on pay.id = s.payment_id
        where ($1::uuid is null or pay.tenant_id = $1)
            and (s.state = 'SETTLED') <> (pay.paid_at is not null)
            and not (pay.closed_at is null and s.decided_at > now() - interval '1 minute')
    """,
    "an authorization that failed holds nothing": """
        select s.id::text as what
        from x402_settlements s
        join payments pay on pay.id = s.payment_id
        where ($1::uuid is null or pay.tenant_id = $1)
            and s.state = 'FAILED'
            and pay.closed_at is null
            and s.decided_at <= now() - interval '1 minute'
    """,
    "a purchase's fee follows its goods": """
        select format('%s: fee %s, goods %s', p.id, f.state, p.goods) as what
        from purchase_fees f
        join purchases p on p.id = f.purchase_id
        where ($1::uuid is null or p.tenant_id = $1)
            and case p.goods
                when 'HELD' then f.state <> 'EXPECTED'
                when 'RELEASED' then f.state <> 'DROPPED'
                else f.state not in ('COVERED', 'OWED', 'PAID')
            end
    """,
    "a credit is used exactly by the purchase whose fee it covers": """
        select format('%s: %s by %s', c.id, c.state, c.purchase_id) as what
        from fee_credits c
        left join purchase_fees f on f.purchase_id = c.purchase_id
            and f.credit_id = c.id
        where ($1::uuid is null or f.tenant_id = $1)
            and c.state in ('HELD', 'USED')
            and f.state is distinct from case c.state when 'HELD' then 'EXPECTED' else 'COVERED' end
    """,
    "a fee is covered by a credit that it has used": """
        select f.purchase_id::text as what
        from purchase_fees f
        left join fee_credits c on c.id = f.credit_id
            and c.purchase_id = f.purchase_id
        where ($1::uuid is null or f.tenant_id = $1)
            and (f.state = 'COVERED' and c.state is distinct from 'USED'
                or f.state = 'EXPECTED' and f.credit_id is not null and c.state is distinct from 'HELD')
    """,
    "a fee that was settled is a credit of its payer, of the same amount": """
        select format('%s is %s, its credit %s', s.id, s.state, coalesce(c.state, 'missing')) as what
        from x402_settlements s
        left join fee_credits c on c.id = s.subject_id
        where $1::uuid is null
            and s.subject_type = 'fee'
            and (c.id is null or c.amount <> s.amount or c.payer <> s.payer
                or (s.state = 'SETTLED') <> (c.paid_at is not null)
                and not (c.state = 'PENDING' and s.decided_at > now() - interval '1 minute'))
    """,
    "a credit whose payment vanished is known to have": """
        select c.id::text as what
        from fee_credits c
        join x402_settlements s on s.subject_id = c.id
            and s.subject_type = 'fee'
            and s.state = 'SETTLED'
        where $1::uuid is null
            and (s.vanished_at is null) <> (c.vanished_at is null)
            and greatest(s.vanished_at, c.changed_at) <= now() - interval '1 minute'
    """,
    "a credit was paid for": """
        select c.id::text as what
        from fee_credits c
        where $1::uuid is null
            and c.paid_at is not null
            and not exists (
                select
                from x402_settlements s
                where s.subject_type = 'fee'
                    and s.subject_id = c.id
                    and s.state = 'SETTLED'
            )
    """,
}
