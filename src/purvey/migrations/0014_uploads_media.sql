-- Files that their authors send straight to the store: asked for, put there, confirmed.

create table uploads (
    id uuid primary key,
    tenant_id uuid not null references tenants on delete restrict,
    product_id uuid not null references products on delete restrict,
    begun_by uuid not null references users on delete restrict,
    file_name text not null,
    is_zip boolean not null,                   -- said to be one, or must be
    replaces uuid references product_files on delete restrict,
    max_bytes bigint not null check (max_bytes > 0),
    received_at timestamptz,                   -- the shop's own address has taken its bytes, or is taking them
    confirming_until timestamptz,              -- somebody is checking it now
    file_id uuid references product_files on delete restrict,  -- what became of it
    created_at timestamptz not null,
    expires_at timestamptz not null            -- nothing is taken at its address after that
);
create index uploads_old on uploads (created_at);
create index uploads_of_product on uploads (product_id);
create index uploads_of_file on uploads (file_id) where file_id is not null;
create index uploads_replacing on uploads (replaces) where replaces is not null;

-- What shows a product: pictures and clips from place 1 on, and at most one video of YouTube, at place 0.

update media set position = position + 1;
alter table media
    add column sent_mime_type text,            -- as it came; pictures are kept as WebP
    add column sent_bytes bigint,
    add constraint media_video_first check ((media_type = 'youtube') = (position = 0));
create unique index media_one_video on media (product_id) where media_type = 'youtube';
