"""A purchase as the sale leaves it, so that these stories need no sale."""

from typing import Any
from uuid import UUID

from purvey.kit.ids import new_id
from tests.vocabulary.shop import Person, Shop


async def owns(
    shop: Shop,
    buyer: Person,
    author: Person,
    product: dict[str, Any],
    *members: dict[str, Any],
    state: str | None = "LIVE",
) -> str:
    """The buyer's paid purchase of a product, or of a bundle with these members; `state` None: not paid yet."""
    assert author.site
    purchase_id, customer_id, tenant_id = new_id(), new_id(), UUID(author.site["tenantId"])
    await shop.db.do(
        "insert into customers (id, tenant_id, user_id, created_at) values ($1, $2, $3, $4)"
        " on conflict (tenant_id, user_id) do nothing",
        customer_id, tenant_id, buyer.id, shop.now,
    )  # fmt: skip
    await shop.db.do(
        "insert into purchases (id, tenant_id, site_id, buyer_id, customer_id, item_type, product_id, item_name,"
        " quantity, units, unit_amount, amount, final_amount, currency, status, created_at, updated_at)"
        " select $1, $2, $3, $4, c.id, 'product', $5, $6, 1, 1, 0, 0, 0, 'EUR', $7, $8, $8"
        " from customers c where c.tenant_id = $2 and c.user_id = $4",
        purchase_id, tenant_id, UUID(author.site["id"]), buyer.id, UUID(product["id"]), product["name"],
        "SUCCEEDED" if state else "PENDING", shop.now,
    )  # fmt: skip
    for item in (product, *members):
        await shop.db.do(
            "insert into purchase_items (purchase_id, product_id, quantity) values ($1, $2, 1)",
            purchase_id, UUID(item["id"]),
        )  # fmt: skip
        if state:
            await shop.db.do(
                "insert into entitlements (id, tenant_id, user_id, product_id, source, source_id, state, granted_at,"
                " changed_at) values ($1, $2, $3, $4, 'PURCHASE', $5, $6, $7, $7)",
                new_id(), tenant_id, buyer.id, UUID(item["id"]), purchase_id, state, shop.now,
            )  # fmt: skip
    return str(purchase_id)


async def becomes(shop: Shop, purchase_id: str, state: str) -> None:
    """What a refund or dispute does to the entitlement."""
    await shop.db.do("update entitlements set state = $2 where source_id = $1", UUID(purchase_id), state)
