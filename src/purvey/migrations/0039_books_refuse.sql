-- What no purchase, payment, refund request, dispute or download may be, refused as it is written.

alter table purchases
    add constraint purchases_add_up check (
        final_amount = amount - discount_amount + case when tax_inclusive then 0 else tax_amount end),
    add constraint purchases_discounted_by_code check (
        discount_amount = 0 or discount_code_id is not null and discount_amount <= amount),
    add constraint purchases_taxed_by_rate check (tax_amount = 0 or tax_rate_bps > 0),
    add constraint purchases_units check (units <= quantity);

alter table payments add constraint payments_free_is_nothing check ((provider = 'none') = (amount = 0));
alter table disputes add constraint disputes_open_until_closed check ((status = 'OPEN') = (closed_at is null));
alter table tickets add constraint tickets_decided_by_somebody check ((decided_at is null) = (decided_by is null));
alter table download_counts add constraint download_counts_up check (started >= 0 and forgiven >= 0);

-- Who gave money back stayed the user that a wallet had before it was linked, where the refund says whose it is now.
update purchases p
set refunded_by = r.requested_by
from payments pay
join refunds r on r.payment_id = pay.id
where pay.subject_type = 'purchase'
    and pay.subject_id = p.id
    and r.status = 'SUCCEEDED'
    and r.updated_at = p.refunded_at
    and r.reason = p.refund_reason
    and p.refunded_by is not null
    and p.refunded_by <> r.requested_by;
alter table purchases
    add constraint purchases_refunded check ((refunded_at is null) = (refund_reason is null)
        and (refunded_at is not null or refunded_by is null)),
    add foreign key (refunded_by) references users on delete restrict;
create index purchases_refunded_by on purchases (refunded_by) where refunded_by is not null;
