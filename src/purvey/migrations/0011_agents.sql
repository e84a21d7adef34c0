-- Agents: the wallets that people and programs sign with, and what may be used only once.

create table wallets (
    address text primary key check (address ~ '^0x[0-9a-f]{40}$'),
    user_id uuid not null references users on delete restrict,
    created_at timestamptz not null,
    agent_id bigint check (agent_id >= 0),           -- as it last signed in (ERC-8004)
    agent_registry text,
    check ((agent_id is null) = (agent_registry is null))
);
create index wallets_of_user on wallets (user_id, created_at, address);

-- What a wallet is to sign, once: to sign in, or to be linked with a person.
create table siwa_nonces (
    nonce text primary key,
    address text not null,
    chain_id bigint not null,
    agent_id bigint,
    agent_registry text,
    user_id uuid references users on delete cascade,  -- whose wallet it is to become; null: it signs in
    expires_at timestamptz not null
);
create index siwa_nonces_old on siwa_nonces (expires_at);

-- Requests that were signed and heard (ERC-8128): the same one is not heard again while it would be good.
create table heard_requests (
    digest bytea primary key,                        -- SHA-256 of the key's id and the nonce
    expires_at timestamptz not null
);
create index heard_requests_old on heard_requests (expires_at);
