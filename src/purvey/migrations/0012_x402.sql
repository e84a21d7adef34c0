-- USDC by x402: what was quoted, and a ledger of every authorization that was accepted. No row of it is ever deleted.

-- What shall be paid for one thing asked, on one network. The same terms again are the same row, for longer.
create table x402_quotes (
    id uuid primary key,
    purpose text not null,                    -- purchase, fee
    request_key bytea not null,               -- SHA-256 of what was asked
    terms bytea not null,                     -- SHA-256 of what it comes to
    network text not null,                    -- CAIP-2
    asset text not null,
    asset_name text not null,                 -- the token's EIP-712 name and version
    asset_version text not null,
    pay_to text not null,
    amount bigint not null check (amount > 0),
    sku text not null,
    resource text not null,
    description text not null,
    details jsonb not null,
    expires_at timestamptz not null,
    created_at timestamptz not null,
    unique (request_key, purpose, network, asset, terms)
);
create index x402_quotes_old on x402_quotes (expires_at);

-- One authorization (EIP-3009), from when it was accepted until the chain has decided.
create table x402_settlements (
    id uuid primary key,
    quote_id uuid not null references x402_quotes on delete restrict,
    purpose text not null,
    subject_type text not null,               -- purchase, fee
    subject_id uuid not null,
    payment_id uuid references payments on delete restrict,
    network text not null,
    asset text not null,                      -- this and the next two in lower case
    payer text not null check (payer ~ '^0x[0-9a-f]{40}$'),
    nonce text not null check (nonce ~ '^0x[0-9a-f]{64}$'),
    pay_to text not null check (pay_to ~ '^0x[0-9a-f]{40}$'),
    amount bigint not null check (amount > 0),
    valid_after bigint not null,              -- seconds, by the chain's clock
    valid_before bigint not null,
    signature text not null,
    version int not null,                     -- of x402
    payload jsonb not null,                   -- what the payer sent, whole
    state text not null check (state in ('ENTERED', 'SENT', 'SETTLED', 'FAILED')),
    reason text,                              -- why it failed, or what went wrong last
    tx_hash text,
    sender text,                              -- our own key, its nonce and what it signed
    tx_nonce bigint,
    raw text,
    sent_at timestamptz,
    accepted_at timestamptz,                  -- a node took it
    log_index int,                            -- where on the chain it was seen
    block_number bigint,
    decided_at timestamptz,
    final_at timestamptz,                     -- nobody asks whether it is still there any more
    vanished_at timestamptz,                  -- it was on the chain, and is no more
    ask_at timestamptz not null,              -- when the sweep next looks after it
    asked_times int not null default 0,
    created_at timestamptz not null,
    unique (network, asset, payer, nonce),
    check ((state = 'SETTLED') <= (tx_hash is not null and block_number is not null and log_index is not null))
);
create unique index x402_settlements_of_payment on x402_settlements (payment_id) where payment_id is not null;
create unique index x402_settlements_seen on x402_settlements (network, tx_hash, log_index) where state = 'SETTLED';
create index x402_settlements_of_subject on x402_settlements (subject_type, subject_id);
create index x402_settlements_of_quote on x402_settlements (quote_id);
create index x402_settlements_open on x402_settlements (ask_at, id) where state in ('ENTERED', 'SENT');
create index x402_settlements_young on x402_settlements (ask_at, id) where state in ('SETTLED', 'FAILED') and final_at is null;
create index x402_settlements_by_sender on x402_settlements (network, sender, accepted_at) where sender is not null;

-- The transaction that the seller says gives a payer's money back: one refund each.
create table x402_refunds (
    refund_id uuid primary key references refunds on delete restrict,
    payment_id uuid not null references payments on delete restrict,
    network text not null,
    tx_hash text not null check (tx_hash ~ '^0x[0-9a-f]{64}$'),
    amount bigint not null check (amount > 0),
    seen_at timestamptz,                      -- the money is on its way back in a confirmed block
    created_at timestamptz not null,
    unique (network, tx_hash)
);
create index x402_refunds_of_payment on x402_refunds (payment_id);
