"""The books, proved: each law is a query that finds what breaks it. `purvey audit` and every race test end here."""

from collections.abc import Mapping
from uuid import UUID

from purvey.kit.db import Queries
from purvey.purchases.books_usdc import LAWS_OF_USDC

LAWS: Mapping[str, str] = {
    **LAWS_OF_USDC,
    "a purchase has one payment, of its own amount, currency, tenant and buyer": """
        select p.id::text as what
        from purchases p
        left join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and (pay.id is null or pay.amount <> p.final_amount or pay.currency <> p.currency
                or pay.tenant_id <> p.tenant_id or pay.payer_id <> p.buyer_id)
    """,
    "a purchase's status is its payment's": """
        select format('%s is %s, its payment %s', p.id, p.status, pay.status) as what
        from purchases p
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and p.status <> pay.status
    """,
    "goods are held exactly while a checkout is open": """
        select format('%s: goods %s, checkout closed at %s', p.id, p.goods, pay.closed_at) as what
        from purchases p
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and (p.goods = 'HELD') <> (pay.closed_at is null)
    """,
    "money was taken exactly for what was sold, or is on its way back, or waits for somebody to decide": """
        select format('%s: paid at %s, goods %s', p.id, pay.paid_at, p.goods) as what
        from purchases p
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and (pay.paid_at is not null) <> (p.goods in ('SOLD', 'RETURNED'))
            and not (pay.paid_at is not null and p.goods = 'RELEASED'
                and (pay.refunded_amount + pay.refunding_amount = pay.amount
                    or pay.dispute_open
                    or pay.status in ('ON_HOLD', 'DISPUTED', 'CHARGEBACK_LOST')))
    """,
    "what was sold was delivered": """
        select p.id::text as what
        from purchases p
        where ($1::uuid is null or p.tenant_id = $1)
            and (p.goods in ('SOLD', 'RETURNED')) <> (p.delivered_at is not null)
    """,
    "a paid status means that money came": """
        select format('%s is %s, paid at %s', pay.id, pay.status, pay.paid_at) as what
        from payments pay
        where ($1::uuid is null or pay.tenant_id = $1)
            and case
                when pay.status in ('SUCCEEDED', 'PARTIALLY_REFUNDED', 'CHARGEBACK_WON') then pay.paid_at is null
                when pay.status in ('PENDING', 'PROCESSING', 'REQUIRES_ACTION', 'FAILED', 'EXPIRED', 'CANCELLED')
                    then pay.paid_at is not null
                else false
            end
    """,
    "a payment by x402 is paid when its chain says so, and not before": """
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
    "a limited product counts whatever is sold and held": """
        select format('%s: sold %s of %s, reserved %s of %s, total %s', s.product_id, s.sold, coalesce(c.sold, 0),
            s.reserved, coalesce(c.held, 0), s.total) as what
        from stock s
        join products product on product.id = s.product_id
        left join (
            select i.product_id,
                sum(i.quantity) filter (where p.goods = 'SOLD') as sold,
                sum(i.quantity) filter (where p.goods = 'HELD') as held
            from purchase_items i
            join purchases p on p.id = i.purchase_id
            group by i.product_id
        ) as c on c.product_id = s.product_id
        where ($1::uuid is null or product.tenant_id = $1)
            and product.is_limited
            and (s.sold <> coalesce(c.sold, 0) or s.reserved <> coalesce(c.held, 0))
    """,
    "stock says what was sold and what is held": """
        select format('%s: sold %s, counted %s; reserved %s, held %s', s.product_id, s.sold, s.sold_before
            + coalesce(c.sold, 0), s.reserved, coalesce(c.held, 0)) as what
        from stock s
        join products product on product.id = s.product_id
        left join (
            select i.product_id,
                sum(i.quantity) filter (where p.goods = 'SOLD') as sold,
                sum(i.quantity) filter (where p.goods = 'HELD') as held
            from purchase_items i
            join purchases p on p.id = i.purchase_id
            where i.counted
            group by i.product_id
        ) as c on c.product_id = s.product_id
        where ($1::uuid is null or product.tenant_id = $1)
            and (s.sold <> s.sold_before + coalesce(c.sold, 0) or s.reserved <> coalesce(c.held, 0)
                or s.sold + s.reserved > s.total)
    """,
    "sold counts and what is not rolled up yet say what was sold": """
        select format('%s: rolled up %s, sold %s', product.id, product.sold_count + coalesce(t.quantity, 0),
            coalesce(c.sold, 0)) as what
        from products product
        left join (
            select product_id, sum(quantity) as quantity from sold_tallies group by product_id
        ) as t on t.product_id = product.id
        left join (
            select i.product_id, sum(i.quantity) as sold
            from purchase_items i
            join purchases p on p.id = i.purchase_id and p.goods = 'SOLD'
            group by i.product_id
        ) as c on c.product_id = product.id
        where ($1::uuid is null or product.tenant_id = $1)
            and product.sold_count + coalesce(t.quantity, 0) <> coalesce(c.sold, 0)
    """,
    "a discount code counts its uses": """
        select format('%s: reserved %s of %s, used %s of %s', d.id, d.reserved, coalesce(u.reserved, 0), d.used,
            coalesce(u.used, 0)) as what
        from discount_codes d
        left join (
            select discount_code_id,
                count(*) filter (where state = 'RESERVED') as reserved,
                count(*) filter (where state = 'USED') as used
            from discount_uses
            group by discount_code_id
        ) as u on u.discount_code_id = d.id
        where ($1::uuid is null or d.tenant_id = $1)
            and (d.reserved <> coalesce(u.reserved, 0) or d.used <> coalesce(u.used, 0))
    """,
    "a use of a code follows its purchase": """
        select format('%s: use %s, goods %s', p.id, coalesce(u.state, 'missing'), p.goods) as what
        from purchases p
        left join discount_uses u on u.purchase_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and p.discount_code_id is not null
            and coalesce(u.state, 'missing') <> case p.goods
                when 'HELD' then 'RESERVED'
                when 'RELEASED' then 'RELEASED'
                else 'USED'
            end
    """,
    "refunds add up to what went back and what is on its way": """
        select format('%s: refunded %s, arrived %s; refunding %s, in flight %s', pay.id, pay.refunded_amount,
            coalesce(r.arrived, 0), pay.refunding_amount, coalesce(r.in_flight, 0)) as what
        from payments pay
        left join (
            select payment_id,
                sum(amount) filter (where status = 'SUCCEEDED') as arrived,
                sum(amount) filter (where status in ('REQUESTED', 'APPROVED', 'SENT')) as in_flight
            from refunds
            group by payment_id
        ) as r on r.payment_id = pay.id
        where ($1::uuid is null or pay.tenant_id = $1)
            and (pay.refunded_amount <> coalesce(r.arrived, 0) or pay.refunding_amount <> coalesce(r.in_flight, 0))
    """,
    "nothing is set aside of money that a bank decides over or has taken": """
        select format('%s of %s is %s', r.id, pay.id, r.status) as what
        from refunds r
        join payments pay on pay.id = r.payment_id
        where ($1::uuid is null or pay.tenant_id = $1)
            and (pay.dispute_open or pay.status = 'CHARGEBACK_LOST')
            and (r.status = 'REQUESTED' or r.status = 'APPROVED' and r.sending_since is null)
    """,
    "a payment is REFUNDED when all of it went back": """
        select format('%s is %s, refunded %s of %s', pay.id, pay.status, pay.refunded_amount, pay.amount) as what
        from payments pay
        where ($1::uuid is null or pay.tenant_id = $1)
            and pay.amount > 0
            and case
                when pay.status = 'REFUNDED' then pay.refunded_amount <> pay.amount
                when pay.status = 'PARTIALLY_REFUNDED' then pay.refunded_amount not between 1 and pay.amount - 1
                when pay.status = 'SUCCEEDED' then pay.refunded_amount <> 0
                else false
            end
    """,
    "a dispute is open exactly where the payment says so": """
        select pay.id::text as what
        from payments pay
        where ($1::uuid is null or pay.tenant_id = $1)
            and pay.dispute_open <> exists (
                select from disputes d where d.payment_id = pay.id and d.status = 'OPEN'
            )
    """,
    "a live entitlement stands on paid, undisputed money": """
        select format('entitlement %s of purchase %s, which is %s', e.id, p.id, p.status) as what
        from entitlements e
        join purchases p on p.id = e.source_id
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and e.source = 'PURCHASE'
            and (e.state = 'LIVE') <> (
                p.status in ('SUCCEEDED', 'PARTIALLY_REFUNDED', 'CHARGEBACK_WON')
                and p.goods = 'SOLD'
                and not pay.dispute_open
            )
    """,
    "whoever paid owns everything that was sold": """
        select format('%s: %s of %s', p.id, granted.things, sold.things) as what
        from purchases p
        cross join lateral (
            select count(*) as things from entitlements e where e.source = 'PURCHASE' and e.source_id = p.id
        ) as granted
        cross join lateral (
            select count(*) + (p.chapter_id is not null)::int as things
            from purchase_items i
            where i.purchase_id = p.id
        ) as sold
        where ($1::uuid is null or p.tenant_id = $1)
            and granted.things <> case when p.delivered_at is null then 0 else sold.things end
    """,
    "a payment's moves are a chain from PENDING to its status": """
        select pay.id::text as what
        from payments pay
        left join lateral (
            select count(*) as moves, max(number) as last,
                bool_and(from_status = before) as unbroken,
                (array_agg(to_status order by number desc))[1] as ends
            from (
                select number, from_status, to_status,
                    coalesce(lag(to_status) over (order by number), 'PENDING') as before
                from payment_moves
                where payment_id = pay.id
            ) as step
        ) as chain on true
        where ($1::uuid is null or pay.tenant_id = $1)
            and (chain.moves <> pay.version - 1
                or coalesce(chain.last, 0) <> chain.moves
                or not coalesce(chain.unbroken, true)
                or coalesce(chain.ends, 'PENDING') <> pay.status)
    """,
}


async def audit_books(db: Queries, *, tenant_id: UUID | None = None) -> list[str]:
    """What breaks a law of the books, of one tenant or of all: nothing, when all is well."""
    broken: list[str] = []
    for law, sql in LAWS.items():
        broken += [f"{law}: {row['what']}" for row in await db.records(sql, tenant_id)]
    return broken
