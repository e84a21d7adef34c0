-- Objects in the store that no row refers to: not yet, while they are being put, or not any more.
create table stray_objects (
    key text primary key,
    since timestamptz not null,
    sweeping boolean not null default false    -- too late to refer to it: it is being deleted
);
create index stray_objects_old on stray_objects (since, key);

-- How much of its limit a tenant's files and images fill.
create table storage_use (
    tenant_id uuid primary key references tenants on delete restrict,
    bytes bigint not null check (bytes >= 0)
);
