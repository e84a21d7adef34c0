-- How many of a product one buyer may have, bought and at the checkout together; null: as many as they like.
alter table products add max_per_buyer int check (max_per_buyer > 0);
