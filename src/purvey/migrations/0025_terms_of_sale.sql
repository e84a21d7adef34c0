-- What was promised at a sale stays with it; a seller may give more later, never less.

alter table purchases add column refund_window_days int;
update purchases p
set refund_window_days = s.refund_window_days
from sites s
where s.id = p.site_id;
alter table purchases alter column refund_window_days set not null;
alter table purchases add check (refund_window_days between 0 and 3650);

-- How often each file of it may be downloaded; null: without limit. A bundle's own limit goes before its members'.
alter table purchase_items add column max_downloads bigint check (max_downloads >= 1);
update purchase_items i
set max_downloads = coalesce(sold.max_downloads, m.max_downloads)
from purchases p
join products sold on sold.id = p.product_id, products m
where p.id = i.purchase_id
    and m.id = i.product_id;
