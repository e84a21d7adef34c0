-- Names stand in lists as people sort them: case, accents and what stands before the first letter mean nothing, and
-- numbers count by their value. Not every server has a collation that says so, so the key is kept.

create function sort_key(name text) returns text
language sql immutable strict parallel safe
return regexp_replace(
    regexp_replace(
        regexp_replace(plain_words(name), '^[^[:alnum:]]+', ''),
        '([0-9]+)', '000000000000\1', 'g'
    ),
    '[0-9]*([0-9]{12})', '\1', 'g'
);

alter table products add column name_key text collate "C" generated always as (sort_key(name)) stored;
drop index products_by_name;
create index products_by_name on products (site_id, name_key, id)
    where is_active and deleted_at is null and suspended_at is null and not is_system;
