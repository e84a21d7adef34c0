"""The laws of what was agreed: a purchase, its price, its discount, and the payment that is for it."""

from typing import Final

from purvey.kit.money import COARSE
from purvey.purchases.books.law import Law

# How far an amount may lie from what the price comes to: a price that was saved before it was refused for being finer
# than can be charged is sold at the nearest amount that can.
NEAREST: Final = " ".join(f"when '{currency}' then {step // 2}" for currency, step in COARSE.items())

LAWS_OF_SALES: Final = (
    Law(
        "purchase-payment",
        "a purchase has one payment, of its own amount, currency, tenant, buyer and time",
        """
        select p.id::text as what
        from purchases p
        left join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and (pay.id is null or pay.amount <> p.final_amount or pay.currency <> p.currency
                or pay.tenant_id <> p.tenant_id or pay.payer_id <> p.buyer_id or pay.created_at <> p.created_at)
        """,
    ),
    Law(
        "payment-purchase",
        "a payment is for a purchase that exists",
        """
        select pay.id::text as what
        from payments pay
        left join purchases p on p.id = pay.subject_id
        where ($1::uuid is null or pay.tenant_id = $1)
            and (pay.subject_type <> 'purchase' or p.id is null)
        """,
    ),
    Law(
        "purchase-status",
        "a purchase's status is its payment's",
        """
        select format('%s is %s, its payment %s', p.id, p.status, pay.status) as what
        from purchases p
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and p.status <> pay.status
        """,
    ),
    # Who names the amount themselves pays it with tax inside. That the sums add up, the database sees to.
    Law(
        "purchase-sum",
        "as many units at the price come to the amount",
        f"""
        select format('%s: %s units at %s, not %s', p.id, p.units, p.unit_amount, p.amount) as what
        from purchases p
        where ($1::uuid is null or p.tenant_id = $1)
            and abs(p.amount - p.units::numeric * p.unit_amount) > case p.currency {NEAREST} else 0 end
            and not p.tax_inclusive
        """,
    ),
    Law(
        "purchase-price",
        "a product was sold by a price of its own, in that price's currency and at its amount",
        """
        select format('%s: %s %s by a price of %s %s', p.id, p.unit_amount, p.currency, v.amount, v.currency) as what
        from purchases p
        left join price_versions v on v.id = p.price_version_id
        left join prices price on price.id = v.price_id
        where ($1::uuid is null or p.tenant_id = $1)
            and p.item_type = 'product'
            and (price.id is null or price.product_id <> p.product_id or price.tenant_id <> p.tenant_id
                or v.currency <> p.currency or v.amount <> p.unit_amount)
        """,
    ),
    Law(
        "purchase-customer",
        "a purchase is its buyer's, as a customer of who sold it",
        """
        select p.id::text as what
        from purchases p
        join customers c on c.id = p.customer_id
        where ($1::uuid is null or p.tenant_id = $1)
            and (c.tenant_id <> p.tenant_id or c.user_id <> p.buyer_id)
        """,
    ),
    Law(
        "purchase-site",
        "a purchase was made at a site of who sold it",
        """
        select p.id::text as what
        from purchases p
        join sites s on s.id = p.site_id
        where ($1::uuid is null or p.tenant_id = $1)
            and s.tenant_id <> p.tenant_id
        """,
    ),
    Law(
        "purchase-items",
        "a product's purchase takes the product itself, as many as were bought; a chapter's takes none",
        """
        select format('%s takes %s of what was bought, %s in all', p.id, i.own, i.things) as what
        from purchases p
        left join (
            select item.purchase_id, count(*) as things, count(*) filter (where item.quantity <> p.quantity) as odd,
                count(*) filter (where item.product_id = p.product_id) as own
            from purchase_items item
            join purchases p on p.id = item.purchase_id
            group by item.purchase_id
        ) as i on i.purchase_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and (coalesce(i.own, 0) <> (p.item_type = 'product')::int
                or coalesce(i.odd, 0) <> 0
                or coalesce(i.things, 0) > 1 and p.product_type <> 'BUNDLE'
                or p.item_type = 'chapter' and coalesce(i.things, 0) <> 0)
        """,
    ),
    # What a seller has changed of a code since, and what a quote kept of it, is left out.
    Law(
        "purchase-code",
        "a purchase with a discount code has one use of it, by its buyer, of its discount and in its currency",
        """
        select format('%s: code %s, used %s for %s', coalesce(p.id, u.purchase_id), p.discount_code_id,
            u.discount_code_id, u.amount) as what
        from purchases p
        full join discount_uses u on u.purchase_id = p.id
        left join discount_codes c on c.id = u.discount_code_id
        where ($1::uuid is null or coalesce(p.tenant_id, c.tenant_id) = $1)
            and (p.discount_code_id is not null or u.purchase_id is not null)
            and (p.id is null or u.discount_code_id is distinct from p.discount_code_id or u.buyer_id <> p.buyer_id
                or u.amount <> p.discount_amount or c.tenant_id <> p.tenant_id or c.site_id <> p.site_id
                or c.currency <> p.currency and c.updated_at <= p.created_at and p.currency <> 'USDC')
        """,
    ),
    Law(
        "code-used",
        "a use of a code follows its purchase, and since when",
        """
        select format('%s: use %s at %s, goods %s', p.id, coalesce(u.state, 'missing'), u.at, p.goods) as what
        from purchases p
        join payments pay on pay.subject_type = 'purchase' and pay.subject_id = p.id
        left join discount_uses u on u.purchase_id = p.id
        where ($1::uuid is null or p.tenant_id = $1)
            and p.discount_code_id is not null
            and (coalesce(u.state, 'missing') <> case p.goods
                    when 'HELD' then 'RESERVED'
                    when 'RELEASED' then 'RELEASED'
                    else 'USED'
                end
                or u.at > p.created_at and u.state = 'RESERVED'
                or u.at <> case u.state when 'USED' then p.delivered_at when 'RELEASED' then pay.closed_at end)
        """,
    ),
    Law(
        "code-counts",
        "a discount code counts its uses",
        """
        select format('%s: reserved %s of %s, used %s of %s', d.id, d.reserved, coalesce(u.reserved, 0), d.used,
            coalesce(u.used, 0)) as what
        from discount_codes d
        left join (
            select discount_code_id,
                count(*) filter (where state = 'RESERVED') as reserved,
                count(*) filter (where state = 'USED') as used
            from discount_uses
            group by discount_code_id
        ) as u on u.discount_code_id = d.id
        where ($1::uuid is null or d.tenant_id = $1)
            and (d.reserved <> coalesce(u.reserved, 0) or d.used <> coalesce(u.used, 0))
        """,
    ),
    Law(
        "product-price",
        "a product has one default price, by whose present version it is shown, in its currency",
        """
        select format('%s: shown at %s %s, its default price is %s %s', product.id, product.default_amount,
            product.currency, v.amount, v.currency) as what
        from products product
        left join prices price on price.product_id = product.id and price.is_default
        left join price_versions v on v.id = price.current_version_id
        where ($1::uuid is null or product.tenant_id = $1)
            and (v.id is null or v.amount <> product.default_amount or v.currency <> product.currency
                or price.archived_at is not null)
        """,
    ),
    Law(
        "price-version",
        "a price stands at the newest of its own versions, and belongs to its product's seller",
        """
        select price.id::text as what
        from prices price
        join products product on product.id = price.product_id
        join price_versions v on v.id = price.current_version_id
        left join lateral (
            select max(created_at) as created_at from price_versions newest where newest.price_id = price.id
        ) as newest on true
        where ($1::uuid is null or price.tenant_id = $1)
            and (v.price_id <> price.id or v.created_at <> newest.created_at or price.tenant_id <> product.tenant_id)
        """,
    ),
    Law(
        "market-price",
        "a product stands on the agents' market by a price of its own in USDC",
        """
        select product.id::text as what
        from products product
        join prices price on price.id = product.usdc_price_id
        join price_versions v on v.id = price.current_version_id
        where ($1::uuid is null or product.tenant_id = $1)
            and (price.product_id <> product.id or v.currency <> 'USDC' or price.archived_at is not null)
        """,
    ),
)
