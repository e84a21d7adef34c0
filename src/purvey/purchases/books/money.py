"""The laws of money in and money back: payments and their moves, refunds and who asked for them, disputes."""

from typing import Final

from purvey.purchases.books.law import Law

LAWS_OF_MONEY: Final = (
    Law(
        "payment-paid",
        "a paid status means that money came",
        """
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
    ),
    Law(
        "payment-moves",
        "a payment's moves are a chain from PENDING to its status",
        """
        select pay.id::text as what
        from payments pay
        left join (
            select payment_id, count(*) as moves, max(number) as last, bool_and(from_status = before) as unbroken,
                (array_agg(to_status order by number desc))[1] as ends
            from (
                select payment_id, number, from_status, to_status,
                    lag(to_status, 1, 'PENDING') over (partition by payment_id order by number) as before
                from payment_moves
            ) as step
            group by payment_id
        ) as chain on chain.payment_id = pay.id
        where ($1::uuid is null or pay.tenant_id = $1)
            and (coalesce(chain.moves, 0) <> pay.version - 1
                or coalesce(chain.last, 0) <> coalesce(chain.moves, 0)
                or not coalesce(chain.unbroken, true)
                or coalesce(chain.ends, 'PENDING') <> pay.status)
        """,
    ),
    Law(
        "payment-chained",
        "a payment's moves are as they were written",
        """
        select format('move %s of payment %s', m.number, m.payment_id) as what
        from payment_moves m
        join payments pay on pay.id = m.payment_id
        left join payment_moves before on before.payment_id = m.payment_id and before.number = m.number - 1
        where ($1::uuid is null or pay.tenant_id = $1)
            and m.hash <> hash_of(m, before.hash)
        """,
    ),
    # What failed, or waits for somebody, may be closed later without a move.
    Law(
        "payment-times",
        "a payment was paid when it first moved to be so, and its checkout ended with a move, or after it had failed",
        """
        select format('%s: paid at %s, closed at %s', pay.id, pay.paid_at, pay.closed_at) as what
        from payments pay
        left join (
            select payment_id, (array_agg(at order by number))[1] as paid_at
            from payment_moves
            where to_status in ('SUCCEEDED', 'PARTIALLY_REFUNDED', 'CHARGEBACK_WON')
            group by payment_id
        ) as m on m.payment_id = pay.id
        where ($1::uuid is null or pay.tenant_id = $1)
            and (pay.paid_at is distinct from m.paid_at
                or pay.closed_at is not null and not exists (
                    select from payment_moves m where m.payment_id = pay.id and m.at = pay.closed_at
                ) and coalesce((
                    select m.to_status
                    from payment_moves m
                    where m.payment_id = pay.id
                        and m.at < pay.closed_at
                    order by m.number desc
                    limit 1
                ), 'PENDING') not in ('FAILED', 'ON_HOLD'))
        """,
    ),
    Law(
        "payment-known",
        "money that came is known to its gateway by the names under which it came",
        """
        select format('%s is known by %s and %s, told was %s', pay.id, pay.checkout_reference, pay.reference, m.detail)
            as what
        from payments pay
        join payment_moves m on m.payment_id = pay.id and m.happening = 'money came'
        where ($1::uuid is null or pay.tenant_id = $1)
            and m.detail is distinct from told_of(pay)
        """,
    ),
    Law(
        "refund-sums",
        "refunds add up to what went back and what is on its way",
        """
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
    ),
    Law(
        "refund-undisputed",
        "nothing is set aside of money that a bank decides over or has taken",
        """
        select format('%s of %s is %s', r.id, pay.id, r.status) as what
        from refunds r
        join payments pay on pay.id = r.payment_id
        where ($1::uuid is null or pay.tenant_id = $1)
            and (pay.dispute_open or pay.status = 'CHARGEBACK_LOST')
            and (r.status = 'REQUESTED' or r.status = 'APPROVED' and r.sending_since is null)
        """,
    ),
    Law(
        "refund-whole",
        "a payment is REFUNDED when all of it went back",
        """
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
    ),
    Law(
        "refund-payment",
        "a refund is of its payment's seller and in its currency",
        """
        select r.id::text as what
        from refunds r
        join payments pay on pay.id = r.payment_id
        where ($1::uuid is null or pay.tenant_id = $1)
            and (r.tenant_id <> pay.tenant_id or r.currency <> pay.currency)
        """,
    ),
    # The last that was told of each refund: that it arrived, or came back.
    Law(
        "refund-told",
        "a refund arrived, or came back, when its payment's moves say so, and as they say",
        """
        select format('%s is %s, told was %s', coalesce(r.id, told.refund_id), r.status, told.detail) as what
        from (
            select refunds.*, told_of(refunds) as now_told
            from refunds
            where $1::uuid is null or tenant_id = $1
        ) as r
        full join (
            select distinct on (m.payment_id, m.detail ->> 'refund') m.payment_id, m.at, m.detail,
                (m.detail ->> 'refund')::uuid as refund_id
            from payment_moves m
            join payments pay on pay.id = m.payment_id
            where ($1::uuid is null or pay.tenant_id = $1)
                and m.detail ? 'refund'
            order by m.payment_id, m.detail ->> 'refund', m.number desc
        ) as told on told.refund_id = r.id
            and told.payment_id = r.payment_id
        where r.id is null
            or told.refund_id is null and r.status = 'SUCCEEDED'
            or told.detail <> r.now_told
            or told.at <> r.updated_at
        """,
    ),
    # What was said of a purchase stays when one refund of several came back.
    Law(
        "refund-noted",
        "a purchase says who gave money back last, when and why",
        """
        select format('%s: refunded at %s by %s', p.id, p.refunded_at, p.refunded_by) as what
        from purchases p
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        left join (
            select payment_id, max(updated_at) filter (where status = 'SUCCEEDED') as last,
                bool_or(status = 'FAILED') as some_failed
            from refunds
            group by payment_id
        ) as r on r.payment_id = pay.id
        where ($1::uuid is null or p.tenant_id = $1)
            and ((p.refunded_at is null) <> (pay.refunded_amount = 0)
                or p.refunded_at is not null and not r.some_failed and (p.refunded_at <> r.last or not exists (
                    select
                    from refunds
                    where payment_id = pay.id
                        and updated_at = r.last
                        and reason = p.refund_reason
                        and requested_by is not distinct from p.refunded_by
                )))
        """,
    ),
    # Who was a wallet's own user is another's since it was linked: then the log names who they were.
    Law(
        "refund-ordered",
        "a refund that somebody ordered is there, of as much, and asked for by them",
        """
        select format('refund %s: %s by %s, ordered were %s by %s', said.refund_id, r.amount, r.requested_by,
            said.amount, said.actor_id) as what
        from (
            select actor_id, (detail ->> 'refundId')::uuid as refund_id, (detail ->> 'amount')::bigint as amount
            from audit_log
            where ($1::uuid is null or tenant_id = $1)
                and action in ('refund.executed', 'refund-request.approved')
        ) as said
        left join refunds r on r.id = said.refund_id
        left join users actor on actor.id = said.actor_id
        where r.id is null
            or r.amount <> said.amount
            or r.requested_by is distinct from said.actor_id and actor.anonymised_at is null
        """,
    ),
    Law(
        "refund-let-go",
        "a refund is on its way once somebody who may has let it go, and is known to the gateway once it is sent",
        """
        select format('refund %s is %s: %s %s', r.id, r.status, r.reference, r.failure) as what
        from refunds r
        left join (
            select distinct (detail ->> 'refundId')::uuid as refund_id
            from audit_log
            where ($1::uuid is null or tenant_id = $1)
                and action in ('refund.executed', 'refund-request.executed')
        ) as let_go on let_go.refund_id = r.id
        where ($1::uuid is null or r.tenant_id = $1)
            and (r.status = 'REQUESTED' and (let_go.refund_id is not null or r.requested_by is null)
                or r.status in ('APPROVED', 'SENT', 'SUCCEEDED') and let_go.refund_id is null
                    and r.requested_by is not null
                or r.status in ('REQUESTED', 'APPROVED') and r.reference is not null
                or r.status in ('SENT', 'SUCCEEDED') and r.reference is null
                or r.status <> 'FAILED' and r.failure is not null)
        """,
    ),
    Law(
        "dispute-open",
        "a dispute is open exactly where the payment says so",
        """
        select pay.id::text as what
        from payments pay
        where ($1::uuid is null or pay.tenant_id = $1)
            and pay.dispute_open <> exists (
                select from disputes d where d.payment_id = pay.id and d.status = 'OPEN'
            )
        """,
    ),
    Law(
        "dispute-told",
        "a dispute is what its payment's moves say of it, since then and until then",
        """
        select format('%s is %s, told was %s', coalesce(d.reference, told.reference), d.status, told.detail) as what
        from (
            select disputes.*, told_of(disputes) as now_told
            from disputes
            join payments pay on pay.id = disputes.payment_id
            where $1::uuid is null or pay.tenant_id = $1
        ) as d
        full join (
            select m.payment_id, m.detail ->> 'dispute' as reference, min(m.at) as opened_at, max(m.at) as closed_at,
                (array_agg(m.detail order by m.number desc))[1] as detail
            from payment_moves m
            join payments pay on pay.id = m.payment_id
            where ($1::uuid is null or pay.tenant_id = $1)
                and m.detail ? 'dispute'
            group by m.payment_id, m.detail ->> 'dispute'
        ) as told on told.payment_id = d.payment_id
            and told.reference = d.reference
        where d.id is null
            or told.payment_id is null
            or told.detail <> d.now_told
            or told.opened_at <> d.opened_at
            or d.closed_at is distinct from case when d.status <> 'OPEN' then told.closed_at end
        """,
    ),
    Law(
        "dispute-payment",
        "a dispute is of its payment's seller and in its currency",
        """
        select d.id::text as what
        from disputes d
        join payments pay on pay.id = d.payment_id
        where ($1::uuid is null or pay.tenant_id = $1)
            and (d.tenant_id <> pay.tenant_id or d.currency <> pay.currency)
        """,
    ),
    Law(
        "ticket-purchase",
        "a refund request is its buyer's, at the site they bought at, and its refund is of what they paid",
        """
        select t.id::text as what
        from tickets t
        join purchases p on p.id = t.purchase_id
        left join refunds r on r.id = t.refund_id
        left join payments pay on pay.id = r.payment_id
        where ($1::uuid is null or t.tenant_id = $1)
            and (t.tenant_id <> p.tenant_id or t.site_id <> p.site_id or t.opened_by <> p.buyer_id
                or t.refund_id is not null and pay.subject_id is distinct from p.id)
        """,
    ),
    # Between the money's arrival and the request lies a moment, or a parked task: what closes it is waiting.
    Law(
        "ticket-state",
        "an approved request has a refund, a refunded one has had money back, an open one has none on its way",
        """
        select format('%s is %s, its refund %s', t.id, t.state, coalesce(r.status, 'none')) as what
        from tickets t
        left join refunds r on r.id = t.refund_id
        where ($1::uuid is null or t.tenant_id = $1)
            and case t.state
                when 'APPROVED' then r.id is null or r.status = 'SUCCEEDED' and not exists (
                    select
                    from pgqueuer task
                    where convert_from(task.payload, 'UTF8') like '%close_requests%' || r.id || '%'
                )
                when 'REFUNDED' then not exists (
                    select
                    from payments pay
                    join payment_moves m on m.payment_id = pay.id and m.happening like '%of the money went back'
                    where pay.subject_id = t.purchase_id
                )
                else r.status in ('REQUESTED', 'APPROVED', 'SENT', 'SUCCEEDED')
            end
        """,
    ),
    Law(
        "ticket-decided",
        "how a refund request was decided, when and by whom stands in the audit log",
        """
        select format('%s is %s, decided at %s by %s', coalesce(t.id::text, said.ticket_id), t.state, t.decided_at,
            t.decided_by) as what
        from (select * from tickets where $1::uuid is null or tenant_id = $1) as t
        full join (
            select subject_id as ticket_id, (array_agg(at order by number desc))[1] as at,
                (array_agg(actor_id order by number desc))[1] as actor_id,
                (array_agg(detail ->> 'refundId' order by number desc)
                    filter (where action = 'refund-request.approved'))[1] as refund_id,
                (array_agg(action order by number desc))[1] = 'refund-request.declined' as declined
            from audit_log
            where ($1::uuid is null or tenant_id = $1)
                and subject_type = 'ticket'
                and action in ('refund-request.approved', 'refund-request.declined')
            group by subject_id
        ) as said on said.ticket_id = t.id::text
        left join users actor on actor.id = said.actor_id
        where t.id is null
            or t.decided_at is distinct from said.at
            or t.decided_by is distinct from said.actor_id and actor.anonymised_at is null
            or t.refund_id::text is distinct from said.refund_id
            or (t.state = 'DECLINED') <> coalesce(said.declined, false)
            or t.state = 'APPROVED' and said.at is null
        """,
    ),
)
