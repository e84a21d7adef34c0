"""The tools themselves: what each asks for, and the one call it makes. Words and amounts are those of `/api`."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from purvey import catalog, downloads
from purvey.agents import products, purchases
from purvey.agents.amounts import Usdc, read
from purvey.agents.mcp import buying
from purvey.agents.mcp.calls import Call, Id
from purvey.catalog import SEARCH_MAX, Category
from purvey.kit import ids
from purvey.kit.pages import CURSOR_MAX, PER_PAGE_MAX, Asked

INSTRUCTIONS = (
    "A shop of digital goods, priced in USDC. search_products and get_product need nothing. buy_product is paid by "
    "x402: call it, pay what it asks for in the `x402/payment` member of `_meta`, call it again. my_purchases and "
    "download_link need the header X-SIWA-Receipt of the wallet that bought (POST /siwa/nonce, POST /siwa/verify)."
)

Limit = Annotated[int, Meta(ge=1, le=PER_PAGE_MAX)]
Cursor = Annotated[str, Meta(max_length=CURSOR_MAX, description="`next_cursor` of the page before")]


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A tool: its form is the schema of its arguments; `spends` when money may move by it."""

    title: str
    description: str
    form: type
    run: Callable[[Call, Any], Awaitable[Any]]
    spends: bool = False


class Search(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    query: Annotated[str, Meta(max_length=SEARCH_MAX, description="Words, or how they begin")] | None = None
    username: Annotated[str, Meta(max_length=100, description="Of this creator alone")] | None = None
    category: Category | None = None
    limit: Limit = 20
    cursor: Cursor | None = None


class OneProduct(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    product_id: Id


class MyPurchases(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    limit: Limit = 20
    cursor: Cursor | None = None


class OneFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    purchase_id: Id
    file_id: Annotated[ids.Id, Meta(description="Which one, when the purchase has several files")] | None = None


class FileLink(msgspec.Struct):
    """A link that needs nothing else."""

    url: str
    expires_at: datetime
    file_name: str
    size_bytes: int


async def search(call: Call, form: Search) -> products.PublicList:
    return await products.on_sale(
        call.world,
        Asked(per_page=form.limit, cursor=form.cursor or None),
        username=form.username,
        category=form.category,
        q=form.query,
    )


async def get_product(call: Call, form: OneProduct) -> products.PublicDetail:
    found = await catalog.market_product(call.world.db, form.product_id)
    return products.PublicDetail(success=True, data=products.public_view(found, call.world))


async def my_purchases(call: Call, form: MyPurchases) -> purchases.PurchaseList:
    return await purchases.mine(call.world.db, call.me.user_id, Asked(per_page=form.limit, cursor=form.cursor or None))


async def download_link(call: Call, form: OneFile) -> FileLink:
    world = call.world
    link, file = await downloads.offer_link(
        world.db, call.me.user_id, purchase_id=form.purchase_id, file_id=form.file_id, now=world.clock()
    )
    word = downloads.write_link(link, secret_key=world.settings.secret_key)
    return FileLink(
        url=f"{world.settings.base_url}/downloads/{word}",
        expires_at=link.expires_at,
        file_name=file.file_name,
        size_bytes=file.size_bytes,
    )


def argument(kind: type, value: Any) -> Any:
    """An amount among arguments, which came as JSON numbers."""
    if kind is Usdc:
        return read(Decimal(repr(value)) if isinstance(value, float) else value)
    return ids.sent(kind, value)


TOOLS: Mapping[str, Spec] = {
    "search_products": Spec(
        title="Search the catalog",
        description="What is on sale, the newest first, with prices in USDC. Page on with next_cursor.",
        form=Search,
        run=search,
    ),
    "get_product": Spec(
        title="Look at a product",
        description="One product before it is bought: price, description, creator, what is left of it.",
        form=OneProduct,
        run=get_product,
    ),
    "quote": Spec(
        title="Ask what it costs",
        description="What a purchase would come to now, with a discount code or a tip. Nothing is kept by asking.",
        form=buying.Buy,
        run=buying.quote,
    ),
    "buy_product": Spec(
        title="Buy",
        description=(
            "Buy a product with USDC by x402. Without a payment it answers what to pay; call it again, with the same "
            "arguments and the payment in _meta['x402/payment']. Sign once: in doubt show the same payment again."
        ),
        form=buying.Buy,
        run=buying.buy,
        spends=True,
    ),
    "my_purchases": Spec(
        title="My purchases",
        description="What the wallet has bought, the newest first. Needs its receipt.",
        form=MyPurchases,
        run=my_purchases,
    ),
    "download_link": Spec(
        title="Get a download link",
        description="A link to a file of a purchase, for five minutes. Needs the receipt of the wallet that bought.",
        form=OneFile,
        run=download_link,
    ),
}
