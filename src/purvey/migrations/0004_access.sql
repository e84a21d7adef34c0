-- Who acts: people, their sessions, their keys.

create table users (
    id uuid primary key,
    email text unique check (email = lower(email)),
    email_verified_at timestamptz,
    username text not null unique check (username = lower(username)),
    display_name text not null,
    avatar_url text,
    password_hash text,
    is_admin boolean not null default false,
    created_at timestamptz not null,
    anonymised_at timestamptz
);

alter table memberships add foreign key (user_id) references users on delete restrict;
alter table sites add foreign key (created_by) references users on delete restrict;

create table sessions (
    token_hash bytea primary key,
    id uuid not null unique default gen_random_uuid(),       -- what a person names it by
    user_id uuid not null references users on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    address text,
    agent text
);
create index sessions_of_user on sessions (user_id);
create index sessions_old on sessions (expires_at);

create table api_keys (
    id uuid primary key,
    user_id uuid not null references users on delete cascade,
    tenant_id uuid references tenants on delete restrict,   -- null: every tenant the person belongs to
    name text not null,
    prefix text not null,
    token_hash bytea not null unique,
    scopes text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
create index api_keys_of_user on api_keys (user_id, created_at);

-- Verification, password reset: single use, hashed, short-lived.
create table one_time_tokens (
    token_hash bytea primary key,
    user_id uuid not null references users on delete cascade,
    purpose text not null check (purpose in ('verify-email', 'reset-password')),
    email text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index one_time_tokens_of_user on one_time_tokens (user_id, purpose);

-- A new address that somebody asked for, until the link mailed to it is opened; the newest asking stands.
create table email_moves (
    user_id uuid primary key references users on delete cascade,
    id uuid not null unique,
    email text not null check (email = lower(email)),
    asked_at timestamptz not null,
    token_hash bytea unique                                -- once the mail is written
);
