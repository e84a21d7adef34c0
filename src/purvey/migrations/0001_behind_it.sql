-- What every slice stands on: the event log, answered requests, the audit log, throttles.

create table events (
    id uuid primary key,
    xid xid8 not null default pg_current_xact_id(),  -- a cursor pages below pg_snapshot_xmin, so that it never skips what commits late
    tenant_id uuid,
    type text not null,
    subject_id uuid not null,
    payload jsonb not null,
    at timestamptz not null
);
create index events_in_order on events (xid, id);
create index events_of_subject on events (subject_id, at);

-- A reaction that has had its effect, so that hearing of an event twice is hearing of it once.
create table reactions_done (
    event_id uuid not null,
    reaction text not null,
    at timestamptz not null default now(),
    primary key (event_id, reaction)
);

create table idempotency_keys (
    owner text not null,                  -- who sent it: a user id, or "anonymous:<address>"
    key text not null check (length(key) between 1 and 255),
    door text not null,                   -- method and path
    body_hash bytea not null,
    subject_id uuid,                      -- what was made; its answer is rendered from its state
    status int,
    headers jsonb,
    body bytea,
    leased_until timestamptz,
    created_at timestamptz not null,
    primary key (owner, key)
);
create index idempotency_keys_old on idempotency_keys (created_at);

create table audit_log (
    id uuid primary key,
    tenant_id uuid,
    actor_id uuid,
    action text not null,
    subject_type text not null,
    subject_id text not null,
    detail jsonb not null,
    address text,
    request_id text,
    at timestamptz not null
);
create index audit_log_of_tenant on audit_log (tenant_id, at desc, id);

-- Exact limits, counted per window: sign-in, codes, writes, downloads.
create table throttles (
    key text not null,
    window_start timestamptz not null,
    hits int not null,
    primary key (key, window_start)
);
create index throttles_old on throttles (window_start);
