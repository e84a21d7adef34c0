-- What was agreed, and what its owner may do since.

create table customers (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    user_id uuid not null references users on delete restrict,
    created_at timestamptz not null,
    unique (tenant_id, user_id)
);

-- One sequence for all tenants: a counter on the tenant's row would make its buyers queue.
create sequence order_numbers start 1001;

create table purchases (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    site_id uuid not null references sites on delete restrict,
    order_number bigint not null default nextval('order_numbers'),
    buyer_id uuid not null references users on delete restrict,
    customer_id uuid not null references customers on delete restrict,
    item_type text not null check (item_type in ('product', 'chapter')),
    product_id uuid references products on delete restrict,
    chapter_id uuid references chapters on delete restrict,
    price_version_id uuid references price_versions on delete restrict,
    item_name text not null,                   -- as it was called when sold
    product_type text,
    quantity bigint not null check (quantity >= 1),
    units bigint not null check (units >= 0),  -- after the price's quantity transform
    unit_amount bigint not null check (unit_amount >= 0),
    amount bigint not null check (amount >= 0),
    discount_amount bigint not null default 0 check (discount_amount >= 0),
    tax_rate_bps int not null default 0,
    tax_inclusive boolean not null default false,
    tax_amount bigint not null default 0 check (tax_amount >= 0),
    final_amount bigint not null check (final_amount >= 0),
    currency text not null,
    discount_code_id uuid references discount_codes on delete restrict,
    status text not null,                      -- follows the payment's, in the same transaction
    -- What is kept for it in stock and of its discount: HELD while its checkout is open, SOLD when paid,
    -- RELEASED when nothing came of it, RETURNED when refunded and put back on the shelf.
    goods text not null check (goods in ('HELD', 'SOLD', 'RELEASED', 'RETURNED')),
    fulfilment_state text check (fulfilment_state in ('TO_DO', 'IN_PROGRESS', 'SHIPPED', 'DONE')),
    fulfilment_note text,
    shipping_address jsonb,
    brief text,
    buyer_name text,
    license_text text,
    delivered_at timestamptz,
    download_count bigint not null default 0,
    last_download_at timestamptz,
    refunded_at timestamptz,
    refunded_by uuid,
    refund_reason text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (tenant_id, order_number),
    check ((item_type = 'product') = (product_id is not null)),
    check ((item_type = 'chapter') = (chapter_id is not null))
);
create index purchases_of_buyer on purchases (buyer_id, created_at desc, id desc);
create index purchases_of_site on purchases (site_id, created_at desc, id desc);
create index purchases_of_product on purchases (product_id, created_at);
create index purchases_of_chapter on purchases (chapter_id) where chapter_id is not null;
create index purchases_by_status on purchases (status, created_at);
-- One open checkout a buyer and thing (ruling 18), held by the database.
create unique index purchases_one_open_product on purchases (buyer_id, product_id)
    where goods = 'HELD' and product_id is not null;
create unique index purchases_one_open_chapter on purchases (buyer_id, chapter_id)
    where goods = 'HELD' and chapter_id is not null;

create index purchases_open on purchases (buyer_id) where goods = 'HELD';

-- What a purchase holds and entitles to: the product itself, and a bundle's members as they were when sold.
create table purchase_items (
    purchase_id uuid not null references purchases on delete restrict,
    product_id uuid not null references products on delete restrict,
    quantity bigint not null check (quantity >= 1),
    counted boolean not null,                  -- its stock counts this: it was limited then, or has become so since
    primary key (purchase_id, product_id)
);

-- An entitlement: that a customer owns a product or a chapter, since when, and from which source.
create table entitlements (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    user_id uuid not null references users on delete restrict,
    product_id uuid references products on delete restrict,
    chapter_id uuid references chapters on delete restrict,
    source text not null check (source in ('PURCHASE', 'SUBSCRIPTION', 'DEFAULT', 'GIFT')),
    source_id uuid not null,
    state text not null check (state in ('LIVE', 'SUSPENDED', 'ENDED')),
    granted_at timestamptz not null,
    changed_at timestamptz not null,
    check ((product_id is null) <> (chapter_id is null))
);
create unique index entitlements_once_product on entitlements (source, source_id, product_id) where product_id is not null;
create unique index entitlements_once_chapter on entitlements (source, source_id, chapter_id) where chapter_id is not null;
create index entitlements_of_user_product on entitlements (user_id, product_id) where state = 'LIVE';
create index entitlements_of_user_chapter on entitlements (user_id, chapter_id) where state = 'LIVE';

-- Downloads begun, per purchase and file; a new version of the file starts anew (ruling 24).
create table download_counts (
    purchase_id uuid not null references purchases on delete restrict,
    file_version_id uuid not null references file_versions on delete restrict,
    started bigint not null default 0,
    grant_until timestamptz,                   -- ranges are free until then
    grant_bytes_left bigint not null default 0,
    primary key (purchase_id, file_version_id)
);
create table download_log (
    id uuid primary key,
    tenant_id uuid not null,
    purchase_id uuid not null references purchases on delete restrict,
    file_version_id uuid not null references file_versions on delete restrict,
    user_id uuid not null,
    address text,
    agent text,
    byte_range text,
    counted boolean not null,
    at timestamptz not null
);
create index download_log_of_purchase on download_log (purchase_id, at desc, id desc);

create table tickets (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    site_id uuid not null references sites on delete restrict,
    purchase_id uuid not null references purchases on delete restrict,
    opened_by uuid not null references users on delete restrict,
    kind text not null default 'REFUND' check (kind in ('REFUND')),
    state text not null check (state in ('OPEN', 'APPROVED', 'DECLINED', 'WITHDRAWN', 'REFUNDED')),
    reason text not null,
    refund_id uuid references refunds on delete restrict,
    decided_by uuid references users on delete restrict,
    decided_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index tickets_one_open on tickets (purchase_id) where state in ('OPEN', 'APPROVED');
create index tickets_of_purchase on tickets (purchase_id, id);
create index tickets_of_refund on tickets (refund_id) where refund_id is not null;
create index tickets_of_site on tickets (site_id, id desc);
create table ticket_messages (
    id uuid primary key,
    ticket_id uuid not null references tickets on delete restrict,
    author_id uuid not null references users on delete restrict,
    body text not null check (length(body) between 1 and 5000),
    at timestamptz not null
);
create index ticket_messages_of_ticket on ticket_messages (ticket_id, at, id);

-- Mails sent, so that none is sent twice.
create table mails (
    id uuid primary key,
    kind text not null,
    recipient text not null,
    subject text not null,
    created_at timestamptz not null,
    sent_at timestamptz
);
