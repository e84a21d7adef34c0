-- Series and chapters: what is read on the site itself.

create table series (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    site_id uuid not null references sites on delete restrict,
    title text not null check (length(title) between 1 and 200),
    slug text not null,
    description text,
    is_published boolean not null default true,
    deleted_at timestamptz,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index series_slug_taken on series (site_id, slug) where deleted_at is null;
create index series_of_site on series (site_id, id desc);

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
    number int not null check (number >= 0),
    body text not null default '',
    access_level text not null check (access_level in ('FREE', 'PAID', 'SUBSCRIBERS')),
    price_amount bigint check (price_amount > 0),
    currency text not null,
    is_published boolean not null default true,
    deleted_at timestamptz,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint paid_chapter_has_price check (access_level <> 'PAID' or price_amount is not null)
);
-- What was deleted gives its slug and number back; its buyers still read it by its id.
create unique index chapters_slug_taken on chapters (series_id, slug) where deleted_at is null;
create unique index chapters_number_taken on chapters (series_id, number) where deleted_at is null;
create index chapters_of_site on chapters (site_id, id desc);
