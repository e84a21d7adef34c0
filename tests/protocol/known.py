"""Ids that are real, made when a door asks for them, so that a search gets further than `not_found`."""

import io
import zlib
from collections.abc import Mapping
from inspect import iscoroutinefunction
from typing import Any
from uuid import UUID

from PIL import Image

from purvey.downloads.links import offer_link, write_link
from purvey.kit.ids import new_id
from tests.proof.apart import Apart
from tests.vocabulary.people import PASSWORD, fresh_email
from tests.vocabulary.reviewing import reviews
from tests.vocabulary.shop import Person
from tests.vocabulary.uploading import begins_upload, product_path

NOWHERE = "01900000-0000-7000-8000-000000000000"
Thing = dict[str, Any]


class Known:
    """The people and things of one door's search; `made` keeps what a path parameter or a body's field may hold."""

    def __init__(self, apart: Apart) -> None:
        self.apart = apart
        self.owner: Person = apart.tell(apart.shop.author("owner"))
        self.admin: Person = apart.tell(apart.shop.person("admin", admin=True))
        self.made: dict[str, Any] = {}

    def fill(self, case: Any) -> dict[str, str]:
        """Put known ids into most cases; the headers of who asks, mostly the owner."""
        chance = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode("utf-8", "replace"))
        if chance % 4:
            for name in list(case.path_parameters or {}):
                open_one = name == "purchase_id" and chance % 3 == 0
                case.path_parameters[name] = self.at("open_purchase_id" if open_one else name, case.path)
            for place in (case.query, case.body):
                self.fill_names(place, case.path)
        if chance % 3:
            leave_out_what_leads_nowhere(case)
        asks = self.admin if chance % 7 == 0 else self.who_asks(case.path)
        return {} if chance % 23 == 0 else {"Authorization": f"Bearer {asks.token}"}

    def who_asks(self, path: str) -> Person:
        """Who may use most of a door."""
        return self.admin if "/admin/" in path or "/platform/" in path else self.owner

    def fill_names(self, place: Any, path: str) -> None:
        """Well-formed ids of a query or body, by the names they have on the wire."""
        if isinstance(place, dict):
            for name, given in place.items():
                if name in ON_THE_WIRE and isinstance(given, str):
                    place[name] = self.at(ON_THE_WIRE[name], path)
                elif name in MANY_ON_THE_WIRE and isinstance(given, list) and given:
                    place[name] = [self.at(MANY_ON_THE_WIRE[name], path)]

    def at(self, name: str, path: str) -> str:
        """What a name stands for at this door: agents buy and sell for USDC alone."""
        return self.value(FOR_AGENTS.get(name, name) if path.startswith("/api/") else name)

    def value(self, name: str) -> str:
        if name not in self.made:
            self.made[name] = str(self.apart.tell(MAKERS[name](self))) if name in MAKERS else NOWHERE
        return str(self.made[name])

    async def thing(self, name: str) -> str:
        """The same from within a maker."""
        if name not in self.made:
            self.made[name] = str(await MAKERS[name](self))
        return str(self.made[name])

    async def site_id(self) -> str:
        assert self.owner.site is not None
        return str(self.owner.site["id"])

    async def site_slug(self) -> str:
        assert self.owner.site is not None
        return str(self.owner.site["slug"])

    async def tenant_id(self) -> str:
        assert self.owner.site is not None
        return str(self.owner.site["tenantId"])

    async def product(self) -> Thing:
        if "product" not in self.made:
            usdc = {"sku": f"{self.owner.name}/usdc", "amount": 12_500_000, "currencyCode": "USDC"}
            self.made["product"] = await self.owner.sells(stock=100, description="An atlas of fields", prices=[usdc])
        product: Thing = self.made["product"]
        return product

    async def product_id(self) -> str:
        return str((await self.product())["id"])

    async def usdc_product_id(self) -> str:
        answer = await self.owner.post("/api/products", {"name": "Star Atlas", "price": 9.99})
        return str(answer.json()["product"]["id"])

    async def product_slug(self) -> str:
        return str((await self.product())["slug"])

    async def sku(self) -> str:
        return str((await self.product())["prices"][0]["sku"])

    async def price_id(self) -> str:
        return str((await self.product())["prices"][0]["id"])

    async def user_id(self) -> str:
        ben = await self.apart.shop.person("ben")
        await self.apart.shop.joins(ben, await self.tenant_id(), "EDITOR")
        return str(ben.id)

    async def session_id(self) -> str:
        sessions = (await self.owner.get("/v1/me/sessions")).json()["data"]
        return str(sessions[0]["id"])

    async def key_id(self) -> str:
        answer = await self.owner.post("/v1/api-keys", {"name": "A program", "scopes": ["ViewProducts"]})
        return str(answer.json()["id"])

    async def invitation_id(self) -> str:
        path = f"/v1/tenants/{await self.tenant_id()}/invitations"
        return str((await self.owner.post(path, {"email": "eve@example.com", "role": "EDITOR"})).json()["id"])

    async def file_id(self) -> str:
        return str((await self.owner.adds_file(await self.product()))["id"])

    async def version_id(self) -> str:
        path = f"{product_path(self.owner, await self.product())}/files/{await self.thing('file_id')}"
        (old,) = (await self.owner.get(f"{path}/versions")).json()["data"]
        await self.owner.put(path, files={"file": ("atlas.pdf", b"%PDF-newer")})
        return str(old["id"])

    async def media_id(self) -> str:
        path = f"{product_path(self.owner, await self.product())}/media"
        return str((await self.owner.post(path, files={"file": ("view.png", picture())})).json()["id"])

    async def image_id(self) -> str:
        path = f"{product_path(self.owner, await self.product())}/cover"
        answer = await self.owner.post(path, files={"file": ("cover.png", picture())})
        self.made["cover"] = answer.json()["coverImageUrl"]
        return str(self.made["cover"]).split("/")[-2]

    async def file_name(self) -> str:
        return str(self.made["cover"]).split("/")[-1]

    async def series(self) -> Thing:
        if "series" not in self.made:
            self.made["series"] = await self.owner.begins_series()
        series: Thing = self.made["series"]
        return series

    async def series_id(self) -> str:
        return str((await self.series())["id"])

    async def series_slug(self) -> str:
        return str((await self.series())["slug"])

    async def chapter(self) -> Thing:
        if "chapter" not in self.made:
            self.made["chapter"] = await self.owner.writes(await self.series(), price=300)
        chapter: Thing = self.made["chapter"]
        return chapter

    async def chapter_id(self) -> str:
        return str((await self.chapter())["id"])

    async def chapter_slug(self) -> str:
        return str((await self.chapter())["slug"])

    async def code(self) -> Thing:
        if "code" not in self.made:
            path = f"/v1/sites/{await self.site_id()}/discount-codes"
            body = {"code": f"SPRING{self.owner.id.hex[-6:]}", "discountType": "PERCENTAGE", "value": 20}
            self.made["code"] = (await self.owner.post(path, body)).json()
        code: Thing = self.made["code"]
        return code

    async def code_id(self) -> str:
        return str((await self.code())["id"])

    async def discount_code(self) -> str:
        return str((await self.code())["code"])

    async def paid(self) -> Thing:
        if "paid" not in self.made:
            product = await self.owner.sells("Sky Atlas", productType="COMMISSION_SLOT")
            await self.owner.adds_file(product)
            bought = await self.owner.buys(product, brief="The sky over my house")
            self.made["paid"] = await self.owner.pays(bought) | {"paymentId": bought["paymentId"]}
        paid: Thing = self.made["paid"]
        return paid

    async def purchase_id(self) -> str:
        return str((await self.paid())["id"])

    async def open_purchase_id(self) -> str:
        return str((await self.owner.buys(await self.product(), quantity=2))["id"])

    async def payment_id(self) -> str:
        return str((await self.paid())["paymentId"])

    async def refund_id(self) -> str:
        return str((await self.owner.refunds(await self.paid(), amount=1)).json()["id"])

    async def review_id(self) -> str:
        ben = await self.apart.shop.person("ben")
        await ben.has(await self.product())
        return str((await reviews(ben, await self.product())).json()["id"])

    async def ticket_id(self) -> str:
        path = f"/v1/purchases/{await self.purchase_id()}/refund-request"
        return str((await self.owner.post(path, {"reason": "The sky is the wrong one"})).json()["id"])

    async def gateway_keys(self) -> str:
        door = f"/v1/tenants/{await self.tenant_id()}/gateways/stripe"
        keys = {"secretKey": await self.stripe_key(), "webhookSecret": "whsec_" + "w" * 32}
        return str((await self.owner.put(door, keys)).json()["provider"])

    async def word(self) -> str:
        shop, purchase_id = self.apart.shop, UUID(await self.thing("purchase_id"))
        link, _ = await offer_link(shop.db, self.owner.id, purchase_id=purchase_id, file_id=None, now=shop.now)
        return write_link(link, secret_key=shop.world.settings.secret_key)

    async def credit_id(self) -> str:
        id, now = new_id(), self.apart.shop.now
        await self.apart.shop.db.do(
            "insert into fee_credits (id, payer, network, amount, bps, minimum, state, tx_hash, created_at, paid_at,"
            " changed_at) values ($1, $2, 'eip155:84532', 10000, 500, 10000, 'UNUSED', $3, $4, $4, $4)",
            id, f"0x{id.hex}{0:08x}", f"0x{id.hex * 2}", now,
        )  # fmt: skip
        return str(id)

    async def address(self) -> str:
        address = f"0x{self.owner.id.hex}{0:08x}"
        await self.apart.shop.db.do(
            "insert into wallets (address, user_id, created_at) values ($1, $2, $3)",
            address, self.owner.id, self.apart.shop.now,
        )  # fmt: skip
        return address

    async def upload_id(self) -> str:
        return str((await begins_upload(self.owner, await self.product()))["id"])

    async def provider(self) -> str:
        return "testbank"

    async def stripe_key(self) -> str:
        return self.apart.stripe_key

    async def currency(self) -> str:
        return "EUR"

    async def email(self) -> str:
        return fresh_email()

    async def password(self) -> str:
        return PASSWORD


def leave_out_what_leads_nowhere(case: Any) -> None:
    """Made-up cursors, deep pages and stale versions stop a request before anything of it is seen."""
    if case.query:
        case.query.pop("cursor", None)
        if "page" in case.query:
            case.query["page"] = 1
    if case.headers:
        case.headers.pop("If-Match", None)
    if isinstance(case.body, dict):
        case.body.pop("version", None)


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "PNG")
    return out.getvalue()


MAKERS: Mapping[str, Any] = {name: maker for name, maker in vars(Known).items() if iscoroutinefunction(maker)}
FOR_AGENTS = {"product_id": "usdc_product_id"}
ON_THE_WIRE = {
    "product_id": "product_id",
    "site": "site_slug",
    "productId": "product_id",
    "priceId": "price_id",
    "seriesId": "series_id",
    "chapterId": "chapter_id",
    "tenantId": "tenant_id",
    "siteId": "site_id",
    "sku": "sku",
    "currencyCode": "currency",
    "email": "email",
    "secretKey": "stripe_key",
    "password": "password",
    "discountCode": "discount_code",
}
MANY_ON_THE_WIRE = {"ids": "file_id", "productIds": "product_id", "openedBy": "product_id", "memberIds": "product_id"}
