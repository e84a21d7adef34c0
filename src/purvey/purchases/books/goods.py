"""The laws of goods: what is held, sold and delivered, on shelves, in the hands of owners, and down their wires."""

from typing import Final

from purvey.purchases.books.law import Law

LAWS_OF_GOODS: Final = (
    Law(
        "goods-held",
        "goods are held exactly while a checkout is open",
        """
        select format('%s: goods %s, checkout closed at %s', p.id, p.goods, pay.closed_at) as what
        from purchases p
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and (p.goods = 'HELD') <> (pay.closed_at is null)

        """,
    ),
    Law(
        "goods-paid",
        "money was taken exactly for what was sold, or is on its way back, or waits for somebody to decide",
        """
        select format('%s: paid at %s, goods %s', p.id, pay.paid_at, p.goods) as what
        from purchases p
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and (pay.paid_at is not null) <> (p.goods in ('SOLD', 'RETURNED'))
            and not (pay.paid_at is not null and p.goods = 'RELEASED'
                and (pay.refunded_amount + pay.refunding_amount = pay.amount
                    or pay.dispute_open
                    or pay.status in ('ON_HOLD', 'DISPUTED', 'CHARGEBACK_LOST')))

        """,
    ),
    Law(
        "goods-delivered",
        "what was sold was delivered",
        """
        select p.id::text as what
        from purchases p
        where ($1::uuid is null or p.tenant_id = $1)
            and (p.goods in ('SOLD', 'RETURNED')) <> (p.delivered_at is not null)

        """,
    ),
    Law(
        "goods-by-hand",
        "what is made or sent by hand is fulfilled, once it is sold, and nothing else",
        """

        select format('%s: %s %s, goods %s', p.id, p.product_type, p.fulfilment_state, p.goods) as what
        from purchases p
        where ($1::uuid is null or p.tenant_id = $1)
            and (p.fulfilment_state is not null) <> (
                p.delivered_at is not null and coalesce(p.product_type in ('MERCHANDISE', 'COMMISSION_SLOT'), false)
            )
        """,
    ),
    Law(
        "goods-by-hand-said",
        "how far something is that is made or sent by hand, its seller has said, and the audit log knows",
        """
        select format('%s is %s: %s, said was %s', p.id, p.fulfilment_state, p.fulfilment_note, said.detail) as what
        from purchases p
        left join (
            select distinct on (subject_id) subject_id, detail
            from audit_log
            where subject_type = 'purchase'
                and action = 'purchase.fulfilment'
            order by subject_id, number desc
        ) as said on said.subject_id = p.id::text
        where ($1::uuid is null or p.tenant_id = $1)
            and (p.fulfilment_state <> coalesce(said.detail ->> 'to', 'TO_DO')
                or p.fulfilment_note is distinct from said.detail ->> 'note')
        """,
    ),
    Law(
        "stock-counts",
        "a limited product counts whatever is sold and held",
        """
        select format('%s: sold %s of %s, reserved %s of %s, total %s', s.product_id, s.sold, coalesce(c.sold, 0),
            s.reserved, coalesce(c.held, 0), s.total) as what
        from stock s
        join products product on product.id = s.product_id
        left join (
            select i.product_id,
                sum(i.quantity) filter (where p.goods = 'SOLD') as sold,
                sum(i.quantity) filter (where p.goods = 'HELD') as held
            from purchase_items i
            join purchases p on p.id = i.purchase_id
            group by i.product_id
        ) as c on c.product_id = s.product_id
        where ($1::uuid is null or product.tenant_id = $1)
            and product.is_limited
            and (s.sold <> coalesce(c.sold, 0) or s.reserved <> coalesce(c.held, 0))

        """,
    ),
    Law(
        "stock-says",
        "stock says what was sold and what is held",
        """
        select format('%s: sold %s, counted %s; reserved %s, held %s', s.product_id, s.sold, s.sold_before
            + coalesce(c.sold, 0), s.reserved, coalesce(c.held, 0)) as what
        from stock s
        join products product on product.id = s.product_id
        left join (
            select i.product_id,
                sum(i.quantity) filter (where p.goods = 'SOLD') as sold,
                sum(i.quantity) filter (where p.goods = 'HELD') as held
            from purchase_items i
            join purchases p on p.id = i.purchase_id
            where i.counted
            group by i.product_id
        ) as c on c.product_id = s.product_id
        where ($1::uuid is null or product.tenant_id = $1)
            and (s.sold <> s.sold_before + coalesce(c.sold, 0) or s.reserved <> coalesce(c.held, 0)
                or s.sold + s.reserved > s.total)

        """,
    ),
    Law(
        "stock-total",
        "a limited product has a shelf, with as many on it as it is limited to; only a shelf counts",
        """

        select format('%s: limited to %s, on its shelf %s', product.id, product.total_quantity, s.total) as what
        from products product
        left join stock s on s.product_id = product.id
        where ($1::uuid is null or product.tenant_id = $1)
            and (product.is_limited and s.total is distinct from product.total_quantity
                or s.product_id is null and exists (
                    select from purchase_items i where i.product_id = product.id and i.counted
                ))
        """,
    ),
    Law(
        "sold-counts",
        "sold counts and what is not rolled up yet say what was sold",
        """
        select format('%s: rolled up %s, sold %s', product.id, product.sold_count + coalesce(t.quantity, 0),
            coalesce(c.sold, 0)) as what
        from products product
        left join (
            select product_id, sum(quantity) as quantity from sold_tallies group by product_id
        ) as t on t.product_id = product.id
        left join (
            select i.product_id, sum(i.quantity) as sold
            from purchase_items i
            join purchases p on p.id = i.purchase_id and p.goods = 'SOLD'
            group by i.product_id
        ) as c on c.product_id = product.id
        where ($1::uuid is null or product.tenant_id = $1)
            and product.sold_count + coalesce(t.quantity, 0) <> coalesce(c.sold, 0)

        """,
    ),
    Law(
        "entitlement-live",
        "a live entitlement stands on paid, undisputed money",
        """
        select format('entitlement %s of purchase %s, which is %s', e.id, p.id, p.status) as what
        from entitlements e
        join purchases p on p.id = e.source_id
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and e.source = 'PURCHASE'
            and (e.state = 'LIVE') <> (
                p.status in ('SUCCEEDED', 'PARTIALLY_REFUNDED', 'CHARGEBACK_WON')
                and p.goods = 'SOLD'
                and not pay.dispute_open
            )

        """,
    ),
    Law(
        "entitlement-source",
        "an entitlement is of a purchase that exists: its buyer's, its seller's, of a thing that was sold, since then",
        """

        select format('entitlement %s of %s %s', e.id, lower(e.source), e.source_id) as what
        from entitlements e
        left join purchases p on p.id = e.source_id
            and e.source = 'PURCHASE'
        left join purchase_items i on i.purchase_id = p.id
            and i.product_id = e.product_id
        where ($1::uuid is null or e.tenant_id = $1)
            and (p.id is null or e.user_id <> p.buyer_id or e.tenant_id <> p.tenant_id
                or e.granted_at is distinct from p.delivered_at
                or e.product_id is not null and i.product_id is null
                or e.chapter_id is distinct from p.chapter_id)
        """,
    ),
    Law(
        "entitlement-changed",
        "an entitlement changed when it was granted, or when its payment moved",
        """

        select format('entitlement %s is %s since %s', e.id, e.state, e.changed_at) as what
        from entitlements e
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = e.source_id
        where ($1::uuid is null or e.tenant_id = $1)
            and e.changed_at <> e.granted_at
            and not exists (select from payment_moves m where m.payment_id = pay.id and m.at = e.changed_at)
        """,
    ),
    Law(
        "entitlement-ended",
        "an entitlement ended when its money was gone, and is only suspended while it is in doubt",
        """
        select format('entitlement %s is %s, its payment %s', e.id, e.state, pay.status) as what
        from entitlements e
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = e.source_id
        where ($1::uuid is null or e.tenant_id = $1)
            and case e.state
                when 'SUSPENDED' then pay.status in ('REFUNDED', 'CHARGEBACK_LOST')
                when 'ENDED' then not exists (
                    select
                    from payment_moves m
                    where m.payment_id = pay.id
                        and m.to_status in ('REFUNDED', 'CHARGEBACK_LOST')
                )
                else false
            end
        """,
    ),
    Law(
        "entitlement-all",
        "whoever paid owns everything that was sold",
        """

        select format('%s: %s of %s', p.id, coalesce(granted.things, 0), coalesce(sold.things, 0)) as what
        from purchases p
        left join (
            select source_id, count(*) as things from entitlements where source = 'PURCHASE' group by source_id
        ) as granted on granted.source_id = p.id
        left join (
            select purchase_id, count(*) as things from purchase_items group by purchase_id
        ) as sold on sold.purchase_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and coalesce(granted.things, 0) <> case
                when p.delivered_at is null then 0
                else coalesce(sold.things, 0) + (p.chapter_id is not null)::int
            end
        """,
    ),
    Law(
        "download-counts",
        "downloads that were counted are all in their log, but for those that were forgiven",
        """

        select format('%s of purchase %s: counted %s and forgave %s, logged %s', coalesce(c.file_version_id,
            l.file_version_id), p.id, c.started, c.forgiven, coalesce(l.counted, 0)) as what
        from download_counts c
        full join (
            select purchase_id, file_version_id, count(*) as counted
            from download_log
            where counted
            group by purchase_id, file_version_id
        ) as l on l.purchase_id = c.purchase_id
            and l.file_version_id = c.file_version_id
        join purchases p on p.id = coalesce(c.purchase_id, l.purchase_id)
        where ($1::uuid is null or p.tenant_id = $1)
            and c.started + c.forgiven is distinct from coalesce(l.counted, 0)
        """,
    ),
    Law(
        "download-noted",
        "a purchase says how often it was downloaded, and when last",
        """

        select format('%s: downloaded %s times, last at %s', p.id, p.download_count, p.last_download_at) as what
        from purchases p
        left join (
            select purchase_id, sum(started) as started from download_counts group by purchase_id
        ) as c on c.purchase_id = p.id
        left join (
            select purchase_id, max(at) as last
            from download_log
            where counted
            group by purchase_id
        ) as l on l.purchase_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and (p.download_count <> coalesce(c.started, 0) or p.last_download_at is distinct from l.last)
        """,
    ),
    # Who was a wallet's own user is another's since it was linked.
    Law(
        "download-buyer",
        "a download is by who bought it, then or now",
        """
        select l.id::text as what
        from download_log l
        join purchases p on p.id = l.purchase_id
        left join users u on u.id = l.user_id
        where ($1::uuid is null or l.tenant_id = $1)
            and l.user_id <> p.buyer_id
            and u.anonymised_at is null
        """,
    ),
    Law(
        "review-stars",
        "the stars of a product are those of its reviews that are shown",
        """

        select format('%s: %s stars of %s reviews', product.id, s.stars, s.reviews) as what
        from products product
        left join review_stats s on s.product_id = product.id
        left join (
            select product_id, count(*) as reviews, sum(rating) as stars
            from reviews
            where shown
            group by product_id
        ) as r on r.product_id = product.id
        where ($1::uuid is null or product.tenant_id = $1)
            and (coalesce(s.reviews, 0) <> coalesce(r.reviews, 0) or coalesce(s.stars, 0) <> coalesce(r.stars, 0))
        """,
    ),
    Law(
        "review-purchase",
        "a review is its buyer's, of a thing that was sold to them",
        """

        select r.id::text as what
        from reviews r
        join purchases p on p.id = r.purchase_id
        join products product on product.id = r.product_id
        where ($1::uuid is null or r.tenant_id = $1)
            and (r.buyer_id <> p.buyer_id or r.tenant_id <> product.tenant_id or r.site_id <> product.site_id
                or not exists (
                    select from purchase_items i where i.purchase_id = r.purchase_id and i.product_id = r.product_id
                ))
        """,
    ),
)
