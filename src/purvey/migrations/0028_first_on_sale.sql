-- When a product was first put on sale, and a chapter first published: by somebody who may say what it costs.

alter table products add column first_active_at timestamptz;
update products set first_active_at = created_at where is_active or active_when_deleted or suspended_at is not null;

alter table chapters add column first_published_at timestamptz;
update chapters set first_published_at = created_at where is_published;
