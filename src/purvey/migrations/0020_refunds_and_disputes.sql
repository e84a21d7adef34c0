-- When a refund's sending was begun last: the gateway may have it from then on, whatever we know.
alter table refunds add sending_since timestamptz;
update refunds set sending_since = updated_at where status = 'APPROVED';

-- What was set aside of money that a bank decides over, or has taken, is free.
with over as (
    update refunds r
    set status = 'FAILED', failure = 'The buyer''s bank decides over this money, or has taken it'
    from payments pay
    where pay.id = r.payment_id
        and r.status = 'REQUESTED'
        and (pay.dispute_open or pay.status = 'CHARGEBACK_LOST')
    returning r.payment_id, r.amount
)
update payments pay
set refunding_amount = pay.refunding_amount - freed.amount
from (select payment_id, sum(amount)::bigint as amount from over group by payment_id) as freed
where pay.id = freed.payment_id;
