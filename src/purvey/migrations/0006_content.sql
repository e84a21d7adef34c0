-- Series and chapters: what is read on the site itself.

create table series (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    site_id uuid not null references sites on delete restrict,
    title text not null check (length(title) between 1 and 200),
    slug text not null,
    description text,
    is_published boolean not null default true,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (site_id, slug)
);

-- The products whose owners may read a series' SUBSCRIBERS chapters.
create table series_opened_by (
    series_id uuid not null references series on delete restrict,
    product_id uuid not null references products on delete restrict,
    primary key (series_id, product_id)
);

create table chapters (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    site_id uuid not null references sites on delete restrict,
    series_id uuid not null references series on delete restrict,
    title text not null check (length(title) between 1 and 200),
    slug text not null,
    number int not null,
    body text not null default '',
    access_level text not null check (access_level in ('FREE', 'PAID', 'SUBSCRIBERS')),
    price_amount bigint check (price_amount > 0),
    currency text not null,
    is_published boolean not null default true,
    deleted_at timestamptz,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (series_id, slug),
    unique (series_id, number),
    check (access_level <> 'PAID' or price_amount is not null)
);
