-- No row refers to a product by its slug, so it must not look as if one could. A plain unique index makes its columns a
-- key; and where a trigger stands before an update (0038), an UPDATE that names a key's column waits for whoever refers to
-- the row, also when the column stays as it is: a product that was edited would wait for everybody who is buying it, and
-- they for it. A partial index makes no key.

alter table products drop constraint products_site_id_slug_key;
create unique index products_slug_taken on products (site_id, slug) where slug is not null;
