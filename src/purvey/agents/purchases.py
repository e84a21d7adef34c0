"""What an agent bought (B18): the same body that buying answers with, and the files."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import HttpMethod, Request, Response, get, route
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import Meta

from purvey import downloads, purchases
from purvey.access import Identity
from purvey.access.guards import buyer
from purvey.agents.products import Cursor, Limit
from purvey.downloads.http import FILE
from purvey.kit.db import Database
from purvey.kit.ids import Id
from purvey.kit.money import Money
from purvey.kit.pages import PER_PAGE, Asked, page_of
from purvey.payments import Status
from purvey.purchases import Bought, BoughtWhole, ItemType
from purvey.settings import Settings
from purvey.storage import Storage

S = Status

# The source's few words for what became of a payment (ruling 20).
WORDS: Mapping[Status, str] = {
    S.PENDING: "pending",
    S.PROCESSING: "pending",
    S.REQUIRES_ACTION: "pending",
    S.ON_HOLD: "pending",
    S.SUCCEEDED: "confirmed",
    S.CHARGEBACK_WON: "confirmed",
    S.PARTIALLY_REFUNDED: "partially_refunded",
    S.REFUNDED: "refunded",
    S.DISPUTED: "disputed",
    S.CHARGEBACK_LOST: "charged_back",
    S.FAILED: "failed",
    S.EXPIRED: "failed",
    S.CANCELLED: "failed",
}
WhichFile = Annotated[Id | None, QueryParameter(name="file_id", description="Which one, when there are several.")]
Paid = Annotated[float, Meta(description="In whole units of `currency`")]


class PurchaseView(msgspec.Struct, kw_only=True):
    """A purchase. `amount` is what was paid; `status` is pending, confirmed, failed, or what came after."""

    id: UUID
    order_number: int
    item_type: ItemType
    product_id: UUID | None
    chapter_id: UUID | None
    product_name: str
    quantity: int
    amount: Paid
    refunded_amount: Paid
    currency: str
    network: str | None
    tx_hash: str | None
    status: str
    buyer_name: str | None
    created_at: datetime


class SellerView(msgspec.Struct, kw_only=True):
    username: str
    display_name: str


class FileView(msgspec.Struct, kw_only=True):
    """A file that may be downloaded. `downloads_left` is null when there is no limit."""

    id: UUID
    file_name: str
    size_bytes: int
    mime_type: str
    downloads_left: int | None
    download_url: str


class PurchaseBody(msgspec.Struct, kw_only=True):
    """A purchase with all that comes with it; that is null until it is paid."""

    success: bool
    purchase: PurchaseView
    redirect_url: str | None
    thank_you_message: str | None
    use_redirect_url: bool
    license_text: str | None
    has_downloadable_file: bool
    files: list[FileView]
    creator: SellerView


class PurchaseList(msgspec.Struct, kw_only=True):
    """What I bought, the newest first; `next_cursor` is null at the end."""

    success: bool
    purchases: list[PurchaseView]
    next_cursor: str | None


@get("/purchases", guards=[buyer])
async def list_purchases(
    me: NamedDependency[Identity], db: NamedDependency[Database], limit: Limit = PER_PAGE, cursor: Cursor = None
) -> PurchaseList:
    """My own purchases at every shop, whichever of my wallets paid."""
    return await mine(db, me.user_id, Asked(per_page=limit, cursor=cursor or None))


@get("/purchases/{purchase_id:uuid}", guards=[buyer])
async def get_purchase(
    purchase_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> PurchaseBody:
    """One of my purchases, with its thank-you message, redirect, licence and files once it is paid."""
    return body_of(await purchases.bought(db, purchase_id, buyer_id=me.user_id), settings.base_url)


@route(
    "/purchases/{purchase_id:uuid}/download",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    guards=[buyer],
    responses=FILE,
)
async def download(
    *,
    request: Request[Any, Any, Any],
    purchase_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    storage: NamedDependency[Storage],
    now: NamedDependency[datetime],
    file_id: WhichFile = None,
) -> Response[Any]:
    """Download a file of my purchase, whole or from where it stopped."""
    return await downloads.answer(request, db, storage, me.user_id, purchase_id=purchase_id, file_id=file_id, now=now)


async def mine(db: Database, user_id: UUID, asked: Asked) -> PurchaseList:
    """A page of somebody's purchases."""
    rows = await purchases.bought_by(db, user_id, asked=asked)
    page = page_of(rows, purchase_view, asked=asked, order=purchases.NEWEST_PURCHASES)
    return PurchaseList(success=True, purchases=page.data, next_cursor=page.next_cursor)


def body_of(bought: BoughtWhole, base_url: str) -> PurchaseBody:
    """A purchase as its buyer is told of it, here and where it is bought."""
    link = f"{base_url}/api/purchases/{bought.id}/download"
    files = [
        FileView(
            id=file.file_id,
            file_name=file.file_name,
            size_bytes=file.size_bytes,
            mime_type=file.mime_type,
            downloads_left=file.downloads_left,
            download_url=f"{link}?file_id={file.file_id}",
        )
        for file in bought.files
    ]
    return PurchaseBody(
        success=True,
        purchase=purchase_view(bought),
        redirect_url=bought.redirect_url,
        thank_you_message=bought.thank_you_message,
        use_redirect_url=bought.use_redirect_url,
        license_text=bought.license_text,
        has_downloadable_file=bool(files),
        files=files,
        creator=SellerView(username=bought.creator_username, display_name=bought.creator_display_name),
    )


ALIKE = tuple(
    name
    for name in PurchaseView.__struct_fields__
    if name in Bought.__struct_fields__ and name not in ("amount", "refunded_amount", "status")
)


def purchase_view(bought: Bought) -> PurchaseView:
    return PurchaseView(
        **{name: getattr(bought, name) for name in ALIKE},
        product_name=bought.item_name,
        amount=units(bought.amount, bought.currency),
        refunded_amount=units(bought.refunded_amount, bought.currency),
        status=WORDS[bought.status],
    )


def units(minor: int, currency: str) -> float:
    """An amount on the wire: at most 15 digits, so the float is the number that was counted."""
    return float(Money(minor, currency).decimal)


doors: list[Any] = [list_purchases, get_purchase, download]
