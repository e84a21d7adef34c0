"""A whole shop on a real database over real HTTP, with a clock that obeys the story."""

import asyncio
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx

from purvey.access.store import SESSION_PREFIX
from purvey.kit.ids import new_id, new_token, token_hash
from purvey.world import World
from tests.vocabulary import buying
from tests.vocabulary.selling import sells
from tests.vocabulary.uploading import adds_file, sends_form
from tests.vocabulary.writing import begins_series, writes

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from tests.vocabulary.agents import Agent

SESSION_DAYS = 30
counter = itertools.count(1)


class Clock:
    """Real time, moved by the story."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


class Person:
    """Somebody with a session; `get`, `post` … go through the shop's real doors as them."""

    def __init__(self, shop: "Shop", *, id: UUID, name: str, email: str, token: str) -> None:
        self.shop, self.id, self.name, self.email, self.token = shop, id, name, email, token
        self.site: dict[str, Any] | None = None

    async def ask(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        return await self.shop.http.request(method, path, headers=headers, **kwargs)

    sells = sells
    begins_series = begins_series
    writes = writes
    adds_file = adds_file
    sends_form = sends_form
    asks_to_buy = buying.asks_to_buy
    buys = buying.buys
    has = buying.has
    pays = buying.pays
    pays_too_late = buying.pays_too_late
    declines = buying.declines
    answers_the_bank = buying.answers_the_bank
    sees = buying.sees
    owns = buying.owns
    refunds = buying.refunds
    releases = buying.releases

    async def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return await self.ask("GET", path, **kwargs)

    async def post(self, path: str, json: Any = None, **kwargs: Any) -> httpx.Response:
        return await self.ask("POST", path, json=json, **kwargs)

    async def put(self, path: str, json: Any = None, **kwargs: Any) -> httpx.Response:
        return await self.ask("PUT", path, json=json, **kwargs)

    async def patch(self, path: str, json: Any = None, **kwargs: Any) -> httpx.Response:
        return await self.ask("PATCH", path, json=json, **kwargs)

    async def delete(self, path: str, **kwargs: Any) -> httpx.Response:
        return await self.ask("DELETE", path, **kwargs)


class Shop:
    """The words of a story. Each story has people and sites of its own in a database that others share."""

    def __init__(self, world: World, *, base_url: str, clock: Clock, http: httpx.AsyncClient) -> None:
        self.world, self.db, self.base_url, self.clock, self.http = world, world.db, base_url, clock, http

    stock_of = buying.stock_of
    sweeps = buying.sweeps
    bank_finds = buying.bank_finds
    books_agree = buying.books_agree

    @property
    def now(self) -> datetime:
        return self.clock()

    def days_pass(self, days: float) -> None:
        self.clock.offset += timedelta(days=days)

    def minutes_pass(self, minutes: float) -> None:
        self.clock.offset += timedelta(minutes=minutes)

    async def person(self, name: str = "ana", *, admin: bool = False, verified: bool = True) -> Person:
        """Somebody who is signed in."""
        word = f"{name}-{next(counter)}-{new_token()[:6].lower().replace('_', 'x').replace('-', 'x')}"
        id, token, email = new_id(), new_token(SESSION_PREFIX), f"{word}@example.com"
        await self.db.do(
            "insert into users (id, email, email_verified_at, username, display_name, is_admin, created_at)"
            " values ($1, $2, $3, $4, $5, $6, $7)",
            id, email, self.now if verified else None, word, name.title(), admin, self.now,
        )  # fmt: skip
        await self.db.do(
            "insert into sessions (token_hash, user_id, created_at, expires_at) values ($1, $2, $3, $4)",
            token_hash(token), id, self.now, self.now + timedelta(days=SESSION_DAYS),
        )  # fmt: skip
        return Person(self, id=id, name=word, email=email, token=token)

    async def agent(self, wallet: "LocalAccount | None" = None, **identity: Any) -> "Agent":
        """A program that holds a wallet and is signed in with it."""
        from tests.vocabulary.agents import signs_in

        return await signs_in(self, wallet, **identity)

    async def author(self, name: str = "ana", *, currency: str = "EUR") -> Person:
        """Somebody with a site of their own."""
        person = await self.person(name)
        tenant_id, site_id = new_id(), new_id()
        await self.db.do(
            "insert into tenants (id, name, is_personal, created_at) values ($1, $2, true, $3)",
            tenant_id, person.name, self.now,
        )  # fmt: skip
        await self.db.do(
            "insert into sites (id, tenant_id, slug, name, currency, created_by, created_at, updated_at)"
            " values ($1, $2, $3, $4, $5, $6, $7, $7)",
            site_id, tenant_id, person.name, name.title(), currency, person.id, self.now,
        )  # fmt: skip
        await self.joins(person, tenant_id, "OWNER")
        person.site = {"id": str(site_id), "slug": person.name, "tenantId": str(tenant_id), "currencyCode": currency}
        return person

    async def joins(self, person: Person, tenant_id: UUID | str, role: str) -> None:
        """Membership without the invitation's mail."""
        await self.db.do(
            "insert into memberships (tenant_id, user_id, role, created_at) values ($1, $2, $3, $4)",
            UUID(str(tenant_id)), person.id, role, self.now,
        )  # fmt: skip

    async def settles(self, *, seconds: float = 20) -> None:
        """Wait until every job that is due has been done; a parked one fails the story."""

        async def quiet() -> bool:
            waiting = await self.db.value(
                "select count(*) from pgqueuer where status = 'picked' or status = 'queued' and execute_after <= now()"
            )
            return not waiting

        await eventually(quiet, seconds=seconds)


async def eventually(true: Callable[[], Any], *, seconds: float = 20) -> None:
    """Wait until it is so; a story that waits in vain fails."""
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.01)
