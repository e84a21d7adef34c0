-- What shall never change is sealed, and what happened is chained: each row carries a SHA-256 of itself, in a chain
-- also of the row before. `purvey audit` makes them again and finds what was rewritten, redated or deleted
-- (docs/decisions/0010-seals-and-chains.md). Times are hashed as seconds, so that no session's time zone matters.
-- Whose a thing is passes on when a wallet is linked, and what a person wrote or lives at may be erased: neither is sealed.

create function digest_of(content jsonb, before bytea default '') returns bytea
language sql stable
return sha256(before || convert_to(content::text, 'UTF8'));

-- Seals, one function a table. A later column joins by another version of the function, and an UPDATE that seals anew.

create function seal_of(p purchases) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    p.id, p.tenant_id, p.site_id, p.order_number, p.item_type, p.product_id, p.chapter_id, p.price_version_id,
    p.item_name, p.product_type, p.quantity, p.units, p.unit_amount, p.amount, p.discount_amount, p.tax_rate_bps,
    p.tax_inclusive, p.tax_amount, p.final_amount, p.currency, p.discount_code_id, p.license_text,
    p.refund_window_days, extract(epoch from p.created_at)))
$$;

create function seal_of(i purchase_items) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(i.purchase_id, i.product_id, i.quantity, i.max_downloads))
$$;

create function seal_of(p payments) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    p.id, p.tenant_id, p.subject_type, p.subject_id, p.type, p.provider, p.account, p.amount, p.currency,
    extract(epoch from p.created_at)))
$$;

create function seal_of(r refunds) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    r.id, r.tenant_id, r.payment_id, r.amount, r.currency, r.reason, extract(epoch from r.created_at)))
$$;

create function seal_of(s stray_refunds) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(s.payment_id, s.reference, s.amount, s.currency, extract(epoch from s.seen_at)))
$$;

create function seal_of(e entitlements) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    e.id, e.tenant_id, e.product_id, e.chapter_id, e.source, e.source_id, extract(epoch from e.granted_at)))
$$;

create function seal_of(p prices) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    p.id, p.tenant_id, p.product_id, p.ref, p.sku, extract(epoch from p.created_at)))
$$;

create function seal_of(v price_versions) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    v.id, v.price_id, v.amount, v.currency, v.compare_at_amount, v.recurring_interval, v.recurring_interval_count,
    v.divide_by, v.round, extract(epoch from v.created_at)))
$$;

create function seal_of(l download_log) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    l.id, l.tenant_id, l.purchase_id, l.file_version_id, l.byte_range, l.counted, extract(epoch from l.at)))
$$;

create function seal_of(t tickets) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    t.id, t.tenant_id, t.site_id, t.purchase_id, t.kind, extract(epoch from t.created_at)))
$$;

create function seal_of(s x402_settlements) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    s.id, s.quote_id, s.purpose, s.subject_type, s.subject_id, s.payment_id, s.network, s.asset, s.payer, s.nonce,
    s.pay_to, s.amount, s.valid_after, s.valid_before, s.signature, s.version, s.payload,
    extract(epoch from s.created_at)))
$$;

-- How long a quote is good, and how its thing is described, may change.
create function seal_of(q x402_quotes) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    q.id, q.purpose, encode(q.request_key, 'hex'), encode(q.terms, 'hex'), q.network, q.asset, q.asset_name,
    q.asset_version, q.pay_to, q.amount, q.sku, q.details, extract(epoch from q.created_at)))
$$;

create function seal_of(c customers) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(c.id, c.tenant_id, extract(epoch from c.created_at)))
$$;

create function seal_of(c fee_credits) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    c.id, c.payer, c.network, c.amount, c.bps, c.minimum, extract(epoch from c.created_at)))
$$;

create function seal_of(f purchase_fees) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    f.purchase_id, f.tenant_id, f.site_id, f.amount, extract(epoch from f.created_at)))
$$;

-- A code's terms are its seller's to change: each version of it is sealed.
create function seal_of(c discount_codes) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    c.id, c.tenant_id, c.site_id, c.code, c.discount_type, c.basis_points, c.amount, c.currency,
    extract(epoch from c.starts_at), extract(epoch from c.ends_at), c.max_uses, c.max_uses_per_buyer, c.minimum_amount,
    c.product_ids, c.duration, c.duration_periods, c.is_active, extract(epoch from c.deleted_at), c.version,
    extract(epoch from c.created_at)))
$$;

-- And so is each version of what a product is sold by; how it is described is not.
create function seal_of(p products) returns bytea
language sql stable
as $$
select digest_of(jsonb_build_array(
    p.id, p.tenant_id, p.site_id, p.product_type, p.kind, p.currency, p.default_amount, p.max_downloads, p.is_limited,
    p.total_quantity, p.restock_on_refund, p.is_active, extract(epoch from p.deleted_at), p.active_when_deleted,
    extract(epoch from p.suspended_at), extract(epoch from p.available_from), extract(epoch from p.available_until),
    p.is_pay_what_you_want, p.minimum_amount, p.max_per_buyer, p.license_enabled, p.is_system, p.payment_integration, p.version,
    extract(epoch from p.first_active_at), extract(epoch from p.created_at)))
$$;

create function seal() returns trigger
language plpgsql
as $$
begin
    new.seal := seal_of(new);
    return new;
end
$$;

do $$
declare
    sealed text;
begin
    foreach sealed in array array[
        'purchases', 'purchase_items', 'payments', 'refunds', 'stray_refunds', 'entitlements', 'prices',
        'price_versions', 'products', 'discount_codes', 'customers', 'download_log', 'tickets',
        'x402_quotes', 'x402_settlements', 'fee_credits', 'purchase_fees']
    loop
        execute format('alter table %I add column seal bytea', sealed);
        execute format('update %I as sealed set seal = seal_of(sealed)', sealed);
        execute format('alter table %I alter column seal set not null', sealed);
        execute format('create trigger sealed before insert on %I for each row execute function seal()', sealed);
    end loop;
end
$$;

-- Afterwards, in an UPDATE of its own: a BEFORE trigger would make each UPDATE that names a column of a unique key lock
-- the row against the foreign keys of those who buy it meanwhile, even when the key stays what it is.
create function seal_anew() returns trigger
language plpgsql
as $$
begin
    execute format('update %I as sealed set seal = seal_of(sealed) where id = $1', tg_table_name) using new.id;
    return null;
end
$$;
create trigger sealed_anew after update on discount_codes
    for each row when (new.version <> old.version) execute function seal_anew();
create trigger sealed_anew after update on products
    for each row when (new.version <> old.version) execute function seal_anew();

-- A payment's moves: one chain a payment. What a move tells of a refund or a dispute is chained with it.

alter table payment_moves
    add column detail jsonb,
    add column hash bytea;

create function hash_of(m payment_moves, before bytea) returns bytea
language sql stable
as $$
select digest_of(
    jsonb_build_array(
        m.payment_id, m.number, m.from_status, m.happening, m.to_status, m.actor, m.reason, m.detail,
        extract(epoch from m.at)),
    coalesce(before, ''))
$$;

create function chain_move() returns trigger
language plpgsql
as $$
begin
    new.hash := hash_of(new, (
        select hash from payment_moves where payment_id = new.payment_id and number = new.number - 1));
    return new;
end
$$;
create trigger chained before insert on payment_moves for each row execute function chain_move();

-- What a dispute is, and what a refund was that arrived: told by the move that was made by it.

create function told_of(d disputes) returns jsonb
language sql stable
as $$
select jsonb_build_object(
    'dispute', d.reference, 'amount', d.amount, 'currency', d.currency, 'reason', d.reason, 'status', d.status)
$$;

-- A refund of USDC went under the first transaction that was named for it, also when another one carried it.
update refunds r
set reference = n.tx_hash
from x402_refunds n
where n.refund_id = r.id
    and r.status = 'SUCCEEDED'
    and r.reference <> n.tx_hash;

-- Under which names the gateway has the money that came.
create function told_of(p payments) returns jsonb
language sql stable
as $$
select jsonb_build_object('reference', p.reference, 'checkout', p.checkout_reference)
$$;

create function told_of(r refunds) returns jsonb
language sql stable
as $$
select jsonb_build_object('refund', r.id, 'amount', r.amount, 'reference', r.reference, 'status', r.status)
$$;

-- Moves made before now did not say so: a move and what it was made by have the same time.
with move as (
    select payment_id, number, happening, at,
        row_number() over (partition by payment_id, happening, at order by number) as nth
    from payment_moves
), told as (
    select payment_id, opened_at as at, array['disputed'] as happenings, told_of(disputes) as detail,
        row_number() over (partition by payment_id, opened_at order by id) as nth
    from disputes
    union all
    select payment_id, closed_at, array[case status when 'WON' then 'dispute won' else 'dispute lost' end],
        told_of(disputes), row_number() over (partition by payment_id, status, closed_at order by id)
    from disputes
    where status <> 'OPEN'
)
update payment_moves m
set detail = told.detail
from move
join told on told.payment_id = move.payment_id
    and told.at = move.at
    and move.happening = any(told.happenings)
    and told.nth = move.nth
where m.payment_id = move.payment_id
    and m.number = move.number;

with move as (
    select payment_id, number, at, row_number() over (partition by payment_id, at order by number) as nth
    from payment_moves
    where happening in ('part of the money went back', 'all of the money went back')
), told as (
    select payment_id, updated_at as at, told_of(refunds) as detail,
        row_number() over (partition by payment_id, updated_at order by created_at, id) as nth
    from refunds
    where status = 'SUCCEEDED'
)
update payment_moves m
set detail = told.detail
from move
join told using (payment_id, at, nth)
where m.payment_id = move.payment_id
    and m.number = move.number;

update payment_moves m
set detail = told_of(p)
from payments p
where p.id = m.payment_id
    and m.happening = 'money came';

do $$
declare
    move payment_moves;
    before payment_moves;
begin
    for move in select * from payment_moves order by payment_id, number loop
        if before.payment_id is distinct from move.payment_id then
            before := null;
        end if;
        move.hash := hash_of(move, before.hash);
        update payment_moves set hash = move.hash where payment_id = move.payment_id and number = move.number;
        before := move;
    end loop;
end
$$;
alter table payment_moves alter column hash set not null;

-- The audit log: one chain a thing. How long each is, and its last hash, are kept beside it.
-- From where somebody came is left out, so that it can be forgotten.

create table audit_chains (
    tenant_id uuid,
    subject_type text not null,
    subject_id text not null,
    entries bigint not null check (entries > 0),
    head bytea not null,
    unique nulls not distinct (tenant_id, subject_type, subject_id)
);

alter table audit_log
    add column number bigint,
    add column hash bytea;

create function hash_of(a audit_log, before bytea) returns bytea
language sql stable
as $$
select digest_of(
    jsonb_build_array(
        a.id, a.tenant_id, a.actor_id, a.action, a.subject_type, a.subject_id, a.detail, a.request_id,
        extract(epoch from a.at)),
    coalesce(before, ''))
$$;

create function next_in_chain(entry audit_log) returns audit_log
language plpgsql
as $$
begin
    insert into audit_chains as chain (tenant_id, subject_type, subject_id, entries, head)
    values (entry.tenant_id, entry.subject_type, entry.subject_id, 1, hash_of(entry, null))
    on conflict (tenant_id, subject_type, subject_id) do update
    set entries = chain.entries + 1, head = hash_of(entry, chain.head)
    returning entries, head into entry.number, entry.hash;
    return entry;
end
$$;

create function chain_entry() returns trigger
language plpgsql
as $$
begin
    return next_in_chain(new);
end
$$;

do $$
declare
    entry audit_log;
begin
    for entry in select * from audit_log order by tenant_id, subject_type, subject_id, at, id loop
        entry := next_in_chain(entry);
        update audit_log set number = entry.number, hash = entry.hash where id = entry.id;
    end loop;
end
$$;
create trigger chained before insert on audit_log for each row execute function chain_entry();
alter table audit_log
    alter column number set not null,
    alter column hash set not null;
create unique index audit_log_chained on audit_log (tenant_id, subject_type, subject_id, number) nulls not distinct;

-- Downloads that a seller forgave when they let a buyer begin anew, so that what was counted is still all there.
alter table download_counts add column forgiven bigint not null default 0;
update download_counts c
set forgiven = logged.counted - c.started
from (
    select purchase_id, file_version_id, count(*) as counted
    from download_log
    where counted
    group by purchase_id, file_version_id
) as logged
where logged.purchase_id = c.purchase_id
    and logged.file_version_id = c.file_version_id
    and logged.counted > c.started;
