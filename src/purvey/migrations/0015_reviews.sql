-- What buyers say of what they bought.

create table reviews (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    site_id uuid not null references sites on delete restrict,
    product_id uuid not null references products on delete restrict,
    purchase_id uuid not null references purchases on delete restrict,
    buyer_id uuid not null references users on delete restrict,
    rating smallint not null check (rating between 1 and 5),
    body text check (length(body) between 1 and 500),
    shown boolean not null default true,       -- the purchase is good, and nobody has hidden it; the statistics count these
    answer text check (length(answer) between 1 and 2000),
    answered_by uuid references users on delete restrict,
    answered_at timestamptz,
    hidden_by uuid references users on delete restrict,
    hidden_at timestamptz,
    hidden_reason text,
    created_at timestamptz not null,
    constraint reviews_one_a_buyer unique (product_id, buyer_id),
    constraint reviews_one_a_purchase unique (purchase_id, product_id),
    check ((answer is null) = (answered_at is null))
);
create index reviews_shown on reviews (product_id, created_at, id) where shown;
create index reviews_of_site on reviews (site_id, created_at, id);
create index reviews_of_buyer on reviews (buyer_id);

-- How many reviews of a product are shown, and their stars together: each change is one statement.
create table review_stats (
    product_id uuid primary key references products on delete restrict,
    reviews bigint not null check (reviews >= 0),
    stars bigint not null check (stars between reviews and 5 * reviews)
);
