-- Whose books these are, and where they are shown.

create table tenants (
    id uuid primary key,
    name text not null,
    is_personal boolean not null default false,
    is_platform boolean not null default false,
    tax_rate_bps int not null default 0 check (tax_rate_bps between 0 and 10000),
    tax_inclusive boolean not null default false,
    limits jsonb not null default '{}',
    created_at timestamptz not null
);
create unique index tenants_one_platform on tenants (is_platform) where is_platform;

create table sites (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    slug text not null unique,
    slug_may_change boolean not null default false,     -- once, where a wallet's address was all there was to name it
    name text not null,
    description text,
    currency text not null,
    refund_window_days int not null default 14 check (refund_window_days between 0 and 3650),
    sale_notice boolean not null default false,         -- mail the author at each sale
    verified_email_for_limited boolean not null default false,
    created_by uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version int not null default 1
);
create index sites_of_tenant on sites (tenant_id, id);
create index sites_of_creator on sites (created_by, id);

create table memberships (
    tenant_id uuid not null references tenants on delete restrict,
    user_id uuid not null,
    role text not null check (role in ('OWNER', 'MANAGER', 'EDITOR', 'SUPPORT', 'VIEWER')),
    site_ids uuid[] check (site_ids is null or (site_ids <> '{}' and role <> 'OWNER')),  -- null: the whole tenant with all its sites
    created_at timestamptz not null,
    primary key (tenant_id, user_id)
);
create index memberships_of_user on memberships (user_id);

create table invitations (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    email text not null,
    role text not null check (role in ('OWNER', 'MANAGER', 'EDITOR', 'SUPPORT', 'VIEWER')),
    site_ids uuid[] check (site_ids is null or (site_ids <> '{}' and role <> 'OWNER')),
    invited_by uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid,
    revoked_at timestamptz
);
create unique index invitations_open on invitations (tenant_id, email) where accepted_at is null and revoked_at is null;

-- Made when the mail is written, so that no secret waits in a queue; a mail that is sent again carries another.
create table invitation_tokens (
    token_hash bytea primary key,
    invitation_id uuid not null references invitations on delete cascade,
    created_at timestamptz not null
);
create index invitation_tokens_of on invitation_tokens (invitation_id);
