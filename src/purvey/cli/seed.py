"""The demo's people and products, put there once, through the shop's own doors.

What is there already is left alone, so that a seeding which was cut short is ended by the next start.
"""

import tomllib
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, cast

import httpx
import structlog

from purvey import access
from purvey.app import litestar
from purvey.cli import goods
from purvey.world import World

log = structlog.get_logger("purvey.demo")
SITE = "field-notes"
DEMO_AUTHOR = "ana@example.com"
DEMO_BUYER = "ben@example.com"
DEMO_ADMIN = "ada@example.com"
DEMO_PASSWORD = "try-purvey-here"  # noqa: S105
PEOPLE = ((DEMO_AUTHOR, "Ana Field", False), (DEMO_BUYER, "Ben Reader", False), (DEMO_ADMIN, "Ada Admin", True))
CODE = "WELCOME20"
TALES = {
    "The long way up": "The path began behind the mill.\nNobody had walked it since the snow.",
    "Weather": "By noon the ridge was gone.\nWe sat, and drank tea, and listened to it come.",
    "Home": "There is a light in the kitchen.\nThere always was.",
}


class Doors:
    """The shop's own API, as one person uses it."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path, headers=self.headers)
        return answer.raise_for_status().json()

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        answer = await self.client.request(method, path, json=body, headers=self.headers)
        if answer.is_error:
            raise RuntimeError(f"the demo could not be filled: {path}: {answer.text}")
        return answer.json()

    async def upload(self, path: str, name: str, content: bytes, kind: str) -> None:
        answer = await self.client.post(path, files={"file": (name, content, kind)}, headers=self.headers)
        if answer.is_error:
            raise RuntimeError(f"the demo could not be filled: {path}: {answer.text}")


async def seed(world: World) -> None:
    """Everything that is not there yet."""
    for email, name, is_admin in PEOPLE:
        await person(world, email=email, name=name, is_admin=is_admin)
    token = await access.token_for(world.db, email=DEMO_AUTHOR, now=world.clock())
    through = httpx.ASGITransport(cast(Any, litestar(world)))
    async with httpx.AsyncClient(transport=through, base_url=world.settings.base_url, timeout=60) as client:
        ana = Doors(client, token)
        site_id = await the_site(ana)
        there = {one["slug"]: one["id"] for one in (await ana.get(f"/v1/sites/{site_id}/products?perPage=100"))["data"]}
        for about in shelf():
            if about["slug"] not in there:
                there[about["slug"]] = await put(ana, site_id, about, there, now=world.clock())
        await the_series(ana, site_id, there)
        await the_code(ana, site_id)


async def person(world: World, *, email: str, name: str, is_admin: bool) -> None:
    if await access.find_user_by_email(world.db, email) is None:
        await access.create_user(
            world.db,
            email=email,
            password=DEMO_PASSWORD,
            display_name=name,
            username=email.partition("@")[0],
            is_admin=is_admin,
            now=world.clock(),
        )


async def the_site(ana: Doors) -> str:
    sites = (await ana.get("/v1/sites"))["data"]
    found = next((site for site in sites if site["slug"] == SITE), None)
    site = found or await ana.ask(
        "POST",
        "/v1/sites",
        slug=SITE,
        name="Field Notes",
        currencyCode="EUR",
        description="Walks, pictures and rain by Ana Field",
    )
    return str(site["id"])


def shelf() -> list[dict[str, Any]]:
    """The products of `shelf.toml`."""
    products: list[dict[str, Any]] = tomllib.loads((files("purvey") / "cli" / "shelf.toml").read_text())["product"]
    return products


def made(kind: str, name: str) -> tuple[str, bytes, str]:
    """What a product delivers: its file's name, bytes and kind."""
    if kind == "wallpapers":
        return "night-walks.zip", goods.wallpapers({"dusk": 255, "midnight": 230, "dawn": 320}), "application/zip"
    if kind == "rain":
        return "rain.wav", goods.rain(seconds=12), "audio/wav"
    return f"{name.lower().replace(' ', '-')}.epub", goods.book(name, TALES), "application/epub+zip"


async def put(ana: Doors, site_id: str, about: dict[str, Any], there: dict[str, str], *, now: datetime) -> str:
    """One product with its cover and its file; it is shown when all of it is there."""
    about = {"isActive": False, **about}
    kind, hue, members = about.pop("file", None), about.pop("hue"), about.pop("members", [])
    if members:
        about["memberIds"] = [there[slug] for slug in members]
    if days := about.pop("opensInDays", None):
        about["availableFrom"] = (now + timedelta(days=days)).isoformat()
    product = await ana.ask("POST", f"/v1/sites/{site_id}/products", **about)
    path = f"/v1/sites/{site_id}/products/{product['id']}"
    await ana.upload(f"{path}/cover", "cover.png", goods.cover(hue=hue), "image/png")
    if kind:
        await ana.upload(f"{path}/files", *made(kind, about["name"]))
    await ana.ask("PUT", path, isActive=True)
    log.info("demo product", name=about["name"])
    return str(product["id"])


async def the_series(ana: Doors, site_id: str, there: dict[str, str]) -> None:
    """A series of three chapters: one free, one sold, one for owners of the book."""
    if (await ana.get(f"/v1/sites/{site_id}/series"))["data"]:
        return
    series = await ana.ask(
        "POST",
        f"/v1/sites/{site_id}/series",
        title="Letters from the Ridge",
        description="One letter a month.",
        openedBy=[there["field-atlas"]],
    )
    levels: list[dict[str, Any]] = [
        {"accessLevel": "FREE"},
        {"accessLevel": "PAID", "price": 200},
        {"accessLevel": "SUBSCRIBERS"},
    ]
    for (title, text), level in zip(TALES.items(), levels, strict=True):
        await ana.ask("POST", f"/v1/sites/{site_id}/chapters", seriesId=series["id"], title=title, body=text, **level)


async def the_code(ana: Doors, site_id: str) -> None:
    codes = (await ana.get(f"/v1/sites/{site_id}/discount-codes"))["data"]
    if not any(code["code"] == CODE for code in codes):
        await ana.ask("POST", f"/v1/sites/{site_id}/discount-codes", code=CODE, discountType="PERCENTAGE", value=20)
