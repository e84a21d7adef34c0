-- Discount codes, and the purchases that used them.

create table discount_codes (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    site_id uuid not null references sites on delete restrict,
    code text not null check (code = upper(code) and length(code) between 1 and 64),
    discount_type text not null check (discount_type in ('PERCENTAGE', 'FIXED_AMOUNT')),
    basis_points int check (basis_points between 1 and 10000),
    amount bigint check (amount > 0),
    currency text,
    starts_at timestamptz,
    ends_at timestamptz,
    max_uses bigint check (max_uses > 0),
    max_uses_per_buyer int check (max_uses_per_buyer > 0),
    minimum_amount bigint check (minimum_amount > 0),
    product_ids uuid[],                       -- null: every product of the site
    duration text not null default 'ONCE' check (duration in ('ONCE', 'REPEATING', 'FOREVER')),
    duration_periods int check (duration_periods > 0),
    is_active boolean not null default true,
    deleted_at timestamptz,
    reserved bigint not null default 0 check (reserved >= 0),
    used bigint not null default 0 check (used >= 0),
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint discount_never_overused check (max_uses is null or reserved + used <= max_uses),
    check ((discount_type = 'PERCENTAGE') = (basis_points is not null)),
    check ((discount_type = 'FIXED_AMOUNT') = (amount is not null and currency is not null))
);
create unique index discount_codes_taken on discount_codes (site_id, code) where deleted_at is null;

-- One row a use; a per-buyer limit is counted here under the code's row lock.
create table discount_uses (
    purchase_id uuid primary key,
    discount_code_id uuid not null references discount_codes on delete restrict,
    buyer_id uuid not null,
    state text not null check (state in ('RESERVED', 'USED', 'RELEASED')),
    amount bigint not null check (amount >= 0),
    at timestamptz not null
);
create index discount_uses_of_buyer on discount_uses (discount_code_id, buyer_id) where state <> 'RELEASED';
