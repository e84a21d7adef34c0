-- What the platform takes, and where sellers are paid in USDC.

-- With its checksum, as it is shown.
alter table sites add column payout_wallet text check (payout_wallet ~ '^0x[0-9a-fA-F]{40}$');

-- A fee that was paid beforehand: good for any one purchase of its payer that it covers, for ever (ruling 27).
create table fee_credits (
    id uuid primary key,
    payer text not null check (payer ~ '^0x[0-9a-f]{40}$'),
    network text not null,
    amount bigint not null check (amount > 0),           -- millionths of USDC
    bps int not null check (bps between 0 and 10000),    -- the rates when it was paid
    minimum bigint not null check (minimum >= 0),
    state text not null check (state in ('PENDING', 'FAILED', 'UNUSED', 'HELD', 'USED', 'RETURNED')),
    tx_hash text check (tx_hash ~ '^0x[0-9a-f]{64}$'),
    purchase_id uuid,                                    -- by which it is held or used
    returned_by text,                                    -- the transaction that gave it back
    created_at timestamptz not null,
    paid_at timestamptz,
    changed_at timestamptz not null,
    check ((state in ('HELD', 'USED')) = (purchase_id is not null)),
    check ((state in ('PENDING', 'FAILED')) = (paid_at is null)),
    check (paid_at is null or tx_hash is not null),
    check ((state = 'RETURNED') = (returned_by is not null))
);
create index fee_credits_by_transaction on fee_credits (tx_hash, payer);
create unique index fee_credits_of_purchase on fee_credits (purchase_id) where purchase_id is not null;
create index fee_credits_pending on fee_credits (created_at, id) where state = 'PENDING';
create index fee_credits_unused on fee_credits (payer, paid_at) where state = 'UNUSED';

-- The fee of one purchase: covered by a credit, or owed by its seller once the purchase is paid.
create table purchase_fees (
    purchase_id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    site_id uuid not null references sites on delete restrict,
    amount bigint not null check (amount > 0),           -- millionths of USDC
    credit_id uuid references fee_credits on delete restrict,
    state text not null check (state in ('EXPECTED', 'DROPPED', 'COVERED', 'OWED', 'PAID')),
    paid_by text,                                        -- the transaction, or whatever the platform notes
    created_at timestamptz not null,
    changed_at timestamptz not null,
    check (state <> 'COVERED' or credit_id is not null),
    check (state not in ('OWED', 'PAID') or credit_id is null),
    check ((state = 'PAID') = (paid_by is not null))
);
create index purchase_fees_owed on purchase_fees (created_at desc, purchase_id desc) where state = 'OWED';
