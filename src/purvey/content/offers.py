"""A chapter as an offer: the same columns as a product's, so that a sale sees both alike."""

# A chapter at its own price. It has no price ids, so $2 must be null.
CHAPTER_OFFER = """
select 'chapter' as item_type, c.id as item_id, c.tenant_id, c.site_id, c.title as name,
    null::text as product_type, null::uuid as price_version_id,
    coalesce(c.price_amount, 0) as unit_amount, c.currency, null::bigint as divide_by, null::text as round,
    false as recurring, false as by_invoice, null::bigint as minimum_amount,
    c.access_level = 'PAID' and c.is_published and c.deleted_at is null
        and r.is_published and r.deleted_at is null as on_sale,
    null::timestamptz as available_from, null::timestamptz as available_until,
    s.verified_email_for_limited as wants_verified_email, null::text as license_text,
    t.tax_rate_bps, t.tax_inclusive, '{}'::uuid[] as member_ids, '[]'::jsonb as shelves
from chapters c
join series r on r.id = c.series_id
join sites s on s.id = c.site_id
join tenants t on t.id = c.tenant_id
where c.id = $1
    and $2::uuid is null
"""
