-- Money in and money back, by reference only: nothing here knows what was sold.

create table payments (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    subject_type text not null,               -- 'purchase'
    subject_id uuid not null,
    payer_id uuid not null references users on delete restrict,
    type text not null default 'ONE_TIME_PURCHASE',
    provider text not null,                   -- testbank, stripe, x402, invoice, none
    account text,                             -- the seller's account there that it was begun in, by its key's fingerprint
    amount bigint not null check (amount >= 0),
    currency text not null,
    status text not null check (status in (
        'PENDING', 'PROCESSING', 'REQUIRES_ACTION', 'SUCCEEDED', 'FAILED', 'EXPIRED', 'REFUNDED',
        'PARTIALLY_REFUNDED', 'DISPUTED', 'CHARGEBACK_LOST', 'CHARGEBACK_WON', 'ON_HOLD', 'CANCELLED')),
    checkout_url text,
    checkout_reference text,                  -- the gateway's session
    reference text,                           -- the gateway's payment
    expires_at timestamptz not null,          -- the hold ends here; the provider is asked first
    ask_at timestamptz not null,              -- when the sweep next asks the provider what became of it
    asked_times int not null default 0,
    closed_at timestamptz,                    -- nothing can be paid at its checkout any more, nothing is held for it
    paid_at timestamptz,
    refunded_amount bigint not null default 0,
    refunding_amount bigint not null default 0,
    dispute_open boolean not null default false,
    failure text,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint payments_never_overrefunded check (refunded_amount >= 0 and refunding_amount >= 0 and refunded_amount + refunding_amount <= amount),
    unique (subject_type, subject_id)
);
create unique index payments_by_checkout on payments (provider, checkout_reference) where checkout_reference is not null;
create unique index payments_by_reference on payments (provider, reference) where reference is not null;
create index payments_to_ask on payments (ask_at, id) where closed_at is null;
create index payments_of_tenant on payments (tenant_id, created_at desc, id desc);
create index payments_newest on payments (created_at desc, id desc);

-- Each move of a payment's life: who, when, why.
create table payment_moves (
    payment_id uuid not null references payments on delete restrict,
    number int not null,
    from_status text not null,
    happening text not null,
    to_status text not null,
    actor text not null,
    reason text,
    at timestamptz not null,
    primary key (payment_id, number)
);

create table refunds (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    payment_id uuid not null references payments on delete restrict,
    amount bigint not null check (amount > 0),
    currency text not null,
    reason text not null,
    status text not null check (status in ('REQUESTED', 'APPROVED', 'SENT', 'SUCCEEDED', 'FAILED')),
    requested_by uuid references users on delete restrict,   -- null: purvey itself, for money that came too late
    ask_at timestamptz not null,               -- when the sweep next looks after it
    asked_times int not null default 0,
    reference text,
    failure text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index refunds_of_payment on refunds (payment_id, created_at, id);
create index refunds_in_flight on refunds (ask_at, id) where status in ('APPROVED', 'SENT');
create unique index refunds_by_reference on refunds (payment_id, reference) where reference is not null;

-- Refunds that a gateway says it made, and that a payment has no room for: told to somebody, once.
create table stray_refunds (
    payment_id uuid not null references payments on delete restrict,
    reference text not null,
    amount bigint not null,
    currency text not null,
    seen_at timestamptz not null,
    parked_at timestamptz,                     -- its task waits for somebody since then
    settled_at timestamptz,                    -- somebody replayed the task: they have seen to it
    primary key (payment_id, reference)
);

create table disputes (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    payment_id uuid not null references payments on delete restrict,
    reference text not null,
    amount bigint not null,
    currency text not null,
    reason text,
    status text not null check (status in ('OPEN', 'WON', 'LOST')),
    opened_at timestamptz not null,
    closed_at timestamptz,
    unique (payment_id, reference)
);

-- What gateways told us, stored before it is believed.
create table inbox (
    id bigint generated always as identity primary key,
    provider text not null,
    tenant_id uuid,                            -- whose account there; null: the platform's own
    notice_id text not null,                   -- unique in one account, and nowhere else
    kind text not null,
    reference text,                            -- checkout or payment reference
    body bytea not null,
    received_at timestamptz not null,
    handled_at timestamptz,
    unique nulls not distinct (provider, tenant_id, notice_id)
);
create index inbox_old on inbox (received_at);

-- A person's account at one gateway, made at the first payment.
create table payment_customers (
    tenant_id uuid not null references tenants on delete restrict,
    user_id uuid not null references users on delete restrict,
    provider text not null,
    reference text not null,
    created_at timestamptz not null,
    primary key (tenant_id, user_id, provider)
);

-- A tenant's own gateway keys, encrypted at rest. Retired ones stay while something open was made with them.
create table gateway_keys (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    provider text not null,
    secret bytea not null,
    webhook_secret bytea not null,
    ending text not null,                      -- the last letters, for people
    account text not null,                     -- its fingerprint, which payments begun with it carry
    created_at timestamptz not null,
    retired_at timestamptz
);
create unique index gateway_keys_in_use on gateway_keys (tenant_id, provider) where retired_at is null;
create index gateway_keys_retired on gateway_keys (tenant_id, provider, retired_at) where retired_at is not null;

-- The test bank's own books: a gateway of our own for demo and tests.
create table test_bank_sessions (
    id text primary key,
    idempotency_key uuid not null unique,
    amount bigint not null,
    currency text not null,
    description text not null,
    success_url text not null,
    cancel_url text not null,
    webhook_url text not null,
    state text not null check (state in ('open', 'paid', 'declined', 'expired')),
    payment_reference text unique,
    refunded bigint not null default 0 check (refunded between 0 and amount),
    dispute text check (dispute in ('open', 'won', 'lost')),
    delivery jsonb not null default '{}',      -- how webhooks are sent: twice, late, out of order, never
    expires_at timestamptz not null,
    created_at timestamptz not null
);
create table test_bank_refunds (
    id text primary key,
    idempotency_key uuid not null unique,
    session_id text not null references test_bank_sessions on delete restrict,
    amount bigint not null check (amount > 0),
    state text not null check (state in ('pending', 'succeeded', 'failed')),
    created_at timestamptz not null
);
create index test_bank_refunds_of_session on test_bank_refunds (session_id, created_at, id);
