-- What is sold.

create table products (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    site_id uuid not null references sites on delete restrict,
    author_id uuid not null references users on delete restrict,
    name text not null check (length(name) between 1 and 100),
    slug text not null,
    description text check (length(description) <= 20000),
    short_desc text check (length(short_desc) <= 200),
    product_type text not null,
    category text not null,
    kind text not null default 'one-time' check (kind in ('recurring', 'one-time')),  -- by the prices on offer
    currency text not null,
    default_amount bigint not null default 0,  -- the default price's, kept here too for its order
    usdc_price_id uuid,                     -- by which it stands on the agents' market, when it does
    cover jsonb,                            -- {url, width, height, renditions: [...]}
    max_downloads int check (max_downloads > 0),
    is_limited boolean not null default false,
    total_quantity bigint check (total_quantity >= 0),
    restock_on_refund boolean not null default true,
    sold_count bigint not null default 0,   -- rolled up for unlimited products; limited ones count in stock
    is_active boolean not null default true,
    deleted_at timestamptz,
    active_when_deleted boolean not null default false,  -- what restoring gives back
    suspended_at timestamptz,
    suspended_reason text,
    available_from timestamptz,
    available_until timestamptz,
    display_order int not null default 0,
    is_featured boolean not null default false,
    is_pay_what_you_want boolean not null default false,
    minimum_amount bigint not null default 0 check (minimum_amount >= 0),
    thank_you_message text,
    redirect_url text,
    use_redirect_url boolean not null default false,
    license_enabled boolean not null default false,
    license_text text,
    permissions jsonb not null default '{}',
    is_system boolean not null default false,
    payment_integration text not null default 'gateway' check (payment_integration in ('gateway', 'invoice')),
    searchable tsvector generated always as (
        setweight(to_tsvector('simple', name), 'A')
        || setweight(to_tsvector('simple', coalesce(short_desc, '')), 'B')
        || setweight(to_tsvector('simple', coalesce(description, '')), 'C')
    ) stored,
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (site_id, slug),
    check (not is_limited or total_quantity is not null)
);
create index products_of_site on products (site_id, display_order, id);
-- One for each order of the public shelf, so that a page is read and not sorted.
create index products_on_show on products (site_id, (not is_featured), display_order, id)
    where is_active and deleted_at is null and suspended_at is null and not is_system;
create index products_newest on products (site_id, created_at, id)
    where is_active and deleted_at is null and suspended_at is null and not is_system;
create index products_by_price on products (site_id, default_amount, id)
    where is_active and deleted_at is null and suspended_at is null and not is_system;
create index products_by_name on products (site_id, lower(name), id)
    where is_active and deleted_at is null and suspended_at is null and not is_system;
create index products_best_selling on products (site_id, sold_count, id)
    where is_active and deleted_at is null and suspended_at is null and not is_system;
create index products_of_tenant on products (tenant_id, id);
create index products_of_author on products (author_id, id);
create index products_by_type on products (product_type, is_active);
create index products_searched on products using gin (searchable);

-- A price keeps its id and its SKU for ever; what may change lives in its versions.
create table prices (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    product_id uuid not null references products on delete restrict,
    ref text not null,                      -- the creator's own name for it, unique within the product
    sku text not null constraint prices_sku_unique unique,
    is_default boolean not null default false,
    position int not null default 0,
    current_version_id uuid not null,
    archived_at timestamptz,
    created_at timestamptz not null,
    unique (product_id, ref)
);
create unique index prices_one_default on prices (product_id) where is_default;

alter table products add foreign key (usdc_price_id) references prices;
create index products_on_market on products (id)
    where usdc_price_id is not null and is_active and deleted_at is null and suspended_at is null and not is_system;
create index products_for_usdc on products (tenant_id, id) where usdc_price_id is not null;

create table price_versions (
    id uuid primary key,
    price_id uuid not null references prices on delete restrict deferrable initially deferred,
    amount bigint not null check (amount >= 0),
    currency text not null,
    compare_at_amount bigint check (compare_at_amount >= 0),
    recurring_interval text check (recurring_interval in ('day', 'week', 'month', 'year')),
    recurring_interval_count int check (recurring_interval_count between 1 and 1000),
    divide_by bigint check (divide_by >= 1),
    round text check (round in ('up', 'down')),
    created_at timestamptz not null,
    check ((recurring_interval is null) = (recurring_interval_count is null)),
    check ((divide_by is null) = (round is null))
);
create index price_versions_of_price on price_versions (price_id, created_at);
alter table prices add foreign key (current_version_id) references price_versions deferrable initially deferred;

-- Only a limited product has a stock row: sellers of unlimited ones never queue on one.
create table stock (
    product_id uuid primary key references products on delete restrict,
    total bigint not null check (total >= 0),
    reserved bigint not null default 0 check (reserved >= 0),
    sold bigint not null default 0 check (sold >= 0),
    sold_before bigint not null default 0 check (sold_before between 0 and sold),  -- sold while nothing was counted
    constraint stock_never_oversold check (reserved + sold <= total)
);

-- Sales not yet rolled up into products.sold_count, so that no product's row is hot.
create table sold_tallies (
    id bigint generated always as identity primary key,
    product_id uuid not null references products on delete restrict,
    quantity bigint not null
);

create table bundle_members (
    bundle_id uuid not null references products on delete restrict,
    member_id uuid not null references products on delete restrict,
    position int not null,
    primary key (bundle_id, member_id),
    check (bundle_id <> member_id)
);

create table product_files (
    id uuid primary key,
    product_id uuid not null references products on delete restrict,
    position int not null default 0,
    current_version_id uuid not null,
    removed_at timestamptz,
    created_at timestamptz not null
);
create index product_files_of_product on product_files (product_id, position, id);

create table file_versions (
    id uuid primary key,
    file_id uuid not null references product_files on delete restrict deferrable initially deferred,
    number int not null,
    storage_key text not null,
    file_name text not null,
    size_bytes bigint not null check (size_bytes >= 0),
    mime_type text not null,
    sha256 bytea not null,
    uploaded_by uuid not null references users on delete restrict,
    created_at timestamptz not null,
    discarded_at timestamptz,                              -- its bytes are no longer kept
    unique (file_id, number)
);
alter table product_files add foreign key (current_version_id) references file_versions deferrable initially deferred;

create table media (
    id uuid primary key,
    product_id uuid not null references products on delete restrict,
    media_type text not null check (media_type in ('image', 'youtube')),
    position int not null,
    storage_key text,
    external_url text,
    mime_type text,
    size_bytes bigint,
    width int,
    height int,
    renditions jsonb not null default '[]',
    created_at timestamptz not null
);
create index media_of_product on media (product_id, position, id);
