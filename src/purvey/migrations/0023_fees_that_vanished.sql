-- A fee whose payment was on the chain, and is no more, counts for nothing until it is back.

alter table fee_credits add column vanished_at timestamptz check (vanished_at is null or paid_at is not null);

update fee_credits c
set vanished_at = s.vanished_at
from x402_settlements s
where s.subject_type = 'fee'
    and s.subject_id = c.id
    and s.state = 'SETTLED'
    and s.vanished_at is not null
    and c.paid_at is not null;
