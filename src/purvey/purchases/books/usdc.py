"""The laws of what agents pay: the chain's word, the ledger, purchases and fees say the same."""

from typing import Final

from purvey.purchases.books.law import Law

SOON: Final = "interval '10 minutes'"  # as far as the clocks of those who take part in one sale may differ

LAWS_OF_USDC: Final = (
    Law(
        "usdc-ledger",
        "a payment by x402 has one authorization in the ledger, of its own purchase and amount",
        """
        select pay.id::text as what
        from payments pay
        left join x402_settlements s on s.payment_id = pay.id
        where ($1::uuid is null or pay.tenant_id = $1)
            and pay.provider = 'x402'
            and (s.id is null or s.amount <> pay.amount or pay.currency <> 'USDC'
                or s.subject_type <> pay.subject_type or s.subject_id <> pay.subject_id)
        """,
    ),
    Law(
        "usdc-paid",
        "a payment by x402 is paid when its chain says so, and not before",
        """
        select format('%s: paid at %s, its authorization %s', pay.id, pay.paid_at, s.state) as what
        from payments pay
        left join x402_settlements s on s.payment_id = pay.id
        where ($1::uuid is null or pay.tenant_id = $1)
            and pay.provider = 'x402'
            and case
                when pay.paid_at is null then s.state = 'SETTLED' and s.decided_at < now() - interval '1 minute'
                    and pay.status <> 'ON_HOLD'
                else s.state is distinct from 'SETTLED' or s.amount <> pay.amount
            end

        """,
    ),
    # Between the chain's word and the purchase lies a moment: its event is waiting, or the sweep comes by.
    Law(
        "usdc-settled",
        "what was settled is paid, and nothing else is",
        """
        select format('%s is %s, its payment paid at %s', s.id, s.state, pay.paid_at) as what
        from x402_settlements s
        join payments pay on pay.id = s.payment_id
        where ($1::uuid is null or pay.tenant_id = $1)
            and (s.state = 'SETTLED') <> (pay.paid_at is not null)
            and not (pay.closed_at is null and s.decided_at > now() - interval '1 minute')
        """,
    ),
    Law(
        "usdc-failed",
        "an authorization that failed holds nothing",
        """
        select s.id::text as what
        from x402_settlements s
        join payments pay on pay.id = s.payment_id
        where ($1::uuid is null or pay.tenant_id = $1)
            and s.state = 'FAILED'
            and pay.closed_at is null
            and s.decided_at <= now() - interval '1 minute'
        """,
    ),
    Law(
        "fee-goods",
        "a purchase's fee follows its goods",
        """
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
    ),
    Law(
        "credit-used",
        "a credit is used exactly by the purchase whose fee it covers",
        """
        select format('%s: %s by %s', c.id, c.state, c.purchase_id) as what
        from fee_credits c
        left join purchase_fees f on f.purchase_id = c.purchase_id
            and f.credit_id = c.id
        where ($1::uuid is null or f.tenant_id = $1)
            and c.state in ('HELD', 'USED')
            and f.state is distinct from case c.state when 'HELD' then 'EXPECTED' else 'COVERED' end
        """,
    ),
    Law(
        "fee-covered",
        "a fee is covered by a credit that it has used",
        """
        select f.purchase_id::text as what
        from purchase_fees f
        left join fee_credits c on c.id = f.credit_id
            and c.purchase_id = f.purchase_id
        where ($1::uuid is null or f.tenant_id = $1)
            and (f.state = 'COVERED' and c.state is distinct from 'USED'
                or f.state = 'EXPECTED' and f.credit_id is not null and c.state is distinct from 'HELD')
        """,
    ),
    Law(
        "fee-credit",
        "a fee that was settled is a credit of its payer, of the same amount",
        """
        select format('%s is %s, its credit %s', s.id, s.state, coalesce(c.state, 'missing')) as what
        from x402_settlements s
        left join fee_credits c on c.id = s.subject_id
        where $1::uuid is null
            and s.subject_type = 'fee'
            and (c.id is null or c.amount <> s.amount or c.payer <> s.payer
                or (s.state = 'SETTLED') <> (c.paid_at is not null)
                and not (c.state = 'PENDING' and s.decided_at > now() - interval '1 minute'))
        """,
    ),
    Law(
        "credit-paid",
        "a credit was paid for",
        """
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
    ),
    Law(
        "usdc-known-as",
        "a payment by x402 knows its authorization, and its transaction once it is settled",
        """

        select format('%s knows %s and %s', pay.id, pay.checkout_reference, pay.reference) as what
        from payments pay
        join x402_settlements s on s.payment_id = pay.id
        where ($1::uuid is null or pay.tenant_id = $1)
            and pay.provider = 'x402'
            and (pay.checkout_reference is distinct from s.id::text
                or pay.paid_at is not null and pay.reference not like '%#%'
                or pay.paid_at is null and pay.reference is not null)
        """,
    ),
    Law(
        "usdc-quoted",
        "an authorization is for what was quoted: as much, in that token, to that wallet",
        """

        select s.id::text as what
        from x402_settlements s
        join x402_quotes q on q.id = s.quote_id
        left join payments pay on pay.id = s.payment_id
        where ($1::uuid is null or pay.tenant_id = $1)
            and (s.amount <> q.amount or s.network <> q.network or s.asset <> lower(q.asset)
                or s.pay_to <> lower(q.pay_to) or s.purpose <> q.purpose)
        """,
    ),
    Law(
        "usdc-decided",
        "an authorization is decided when the chain has said so, and sent before",
        f"""

        select format('%s is %s, sent at %s, decided at %s', s.id, s.state, s.sent_at, s.decided_at) as what
        from x402_settlements s
        left join payments pay on pay.id = s.payment_id
        left join fee_credits c on s.subject_type = 'fee' and c.id = s.subject_id
        where ($1::uuid is null or pay.tenant_id = $1)
            and ((s.state in ('SETTLED', 'FAILED')) <> (s.decided_at is not null)
                or s.state = 'SENT' and s.sent_at is null
                or (s.raw is null) <> (s.sender is null)
                or (s.raw is null) <> (s.tx_nonce is null)
                or s.created_at > least(s.sent_at, s.accepted_at, s.decided_at) + {SOON}
                or greatest(s.sent_at, s.accepted_at) > s.decided_at + {SOON}
                or s.state = 'SETTLED' and s.decided_at > coalesce(pay.paid_at, c.paid_at) + {SOON})
        """,
    ),
    Law(
        "usdc-refund",
        "a transaction that gives USDC back is of its refund, which arrives when it was seen",
        f"""

        select format('refund %s is %s, seen at %s', r.id, r.status, n.seen_at) as what
        from refunds r
        join payments pay on pay.id = r.payment_id
            and pay.provider = 'x402'
        left join x402_settlements s on s.payment_id = pay.id
        left join x402_refunds n on n.refund_id = r.id
        where ($1::uuid is null or r.tenant_id = $1)
            and (n.payment_id <> r.payment_id or n.amount <> r.amount or n.network <> s.network
                or r.status = 'SUCCEEDED' and (n.seen_at is null or r.reference is distinct from n.tx_hash)
                or n.created_at > n.seen_at + {SOON}
            or r.status = 'SUCCEEDED' and n.seen_at > r.updated_at + {SOON})
        """,
    ),
    Law(
        "credit-network",
        "a credit is of the network that its payer paid on",
        """
        select c.id::text as what
        from fee_credits c
        join x402_settlements s on s.subject_type = 'fee'
            and s.subject_id = c.id
        where $1::uuid is null
            and c.network <> s.network
        """,
    ),
    Law(
        "credit-vanished",
        "a credit whose payment vanished is known to have",
        """
        select c.id::text as what
        from fee_credits c
        join x402_settlements s on s.subject_id = c.id
            and s.subject_type = 'fee'
            and s.state = 'SETTLED'
        where $1::uuid is null
            and s.vanished_at is distinct from c.vanished_at
            and greatest(s.vanished_at, c.changed_at) <= now() - interval '1 minute'
        """,
    ),
    Law(
        "fee-purchase",
        "a fee is of a purchase in USDC that exists, of its seller and site, and its credit is enough",
        """

        select f.purchase_id::text as what
        from purchase_fees f
        left join purchases p on p.id = f.purchase_id
        left join fee_credits c on c.id = f.credit_id
        where ($1::uuid is null or f.tenant_id = $1)
            and (p.id is null or f.tenant_id <> p.tenant_id or f.site_id <> p.site_id or p.currency <> 'USDC'
                or f.created_at <> p.created_at or f.amount > c.amount)
        """,
    ),
    Law(
        "fee-since",
        "a fee changed with its purchase, when that was begun, delivered or closed, or when it was paid for by hand",
        """
        select format('%s: fee %s since %s, credit %s since %s', f.purchase_id, f.state, f.changed_at, c.state,
            c.changed_at) as what
        from purchase_fees f
        join purchases p on p.id = f.purchase_id
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        left join fee_credits c on c.purchase_id = p.id
        where ($1::uuid is null or f.tenant_id = $1)
            and (f.changed_at <> case f.state
                    when 'EXPECTED' then p.created_at
                    when 'DROPPED' then pay.closed_at
                    when 'COVERED' then p.delivered_at
                    when 'OWED' then p.delivered_at
                end
                or c.changed_at < case c.state when 'HELD' then p.created_at when 'USED' then p.delivered_at end
                or f.state = 'PAID' and not exists (
                    select
                    from audit_log a
                    where a.tenant_id = f.tenant_id
                        and a.subject_type = 'purchase'
                        and a.subject_id = p.id::text
                        and a.action = 'fee.paid'
                        and a.at = f.changed_at
                        and a.detail ->> 'paidBy' = f.paid_by
                ))
        """,
    ),
    Law(
        "credit-since",
        "a credit was paid once it was asked for, and changed no earlier",
        f"""
        select format('%s: made %s, paid %s, changed %s', c.id, c.created_at, c.paid_at, c.changed_at) as what
        from fee_credits c
        where $1::uuid is null
            and (c.changed_at < c.paid_at or c.created_at > least(c.paid_at, c.changed_at) + {SOON})
        """,
    ),
)
