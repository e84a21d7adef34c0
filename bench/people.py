"""An author who sells a file, and buyers who are signed in: what a purchase needs, made before anything is timed."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import msgspec

from purvey.kit.ids import new_id, new_token, token_hash

FILE = b"%PDF-1.7 what was bought\n" * 400

PEOPLE = """
insert into users (id, email, email_verified_at, username, display_name, created_at)
select id, name || '@bench.example', $3, name, name, $3
from unnest($1::uuid[], $2::text[]) as p (id, name)
"""
SESSIONS = """
insert into sessions (token_hash, user_id, created_at, expires_at)
select token_hash, user_id, $3, $4
from unnest($1::bytea[], $2::uuid[]) as s (token_hash, user_id)
"""


class Buyer(msgspec.Struct, frozen=True):
    """Somebody who is signed in."""

    id: str
    name: str
    token: str


class Author:
    """Who sells, through the shop's own doors."""

    def __init__(self, shop: str, token: str, *, slug: str = "bench-buying", currency: str = "EUR") -> None:
        self.http = httpx.Client(base_url=shop, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        self.site = self.post("/v1/sites", {"slug": slug, "name": "Bench", "currencyCode": currency})

    def sells(self, name: str, **fields: object) -> str:
        """A product with a small file; its id."""
        product = self.post(f"/v1/sites/{self.site['id']}/products", {"name": name, "price": 1200, **fields})
        path = f"/v1/sites/{self.site['id']}/products/{product['id']}/files"
        answer = self.http.post(path, files={"file": ("bought.pdf", FILE)})
        answer.raise_for_status()
        return str(product["id"])

    def post(self, path: str, body: dict[str, object]) -> dict[str, object]:
        answer = self.http.post(path, json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, object] = answer.json()
        return made


def signed_in(dsn: str, name: str, count: int) -> list[Buyer]:
    """So many new people, each with a session."""
    people = [Buyer(str(new_id()), f"{name}{number}", new_token("ps_")) for number in range(count)]
    asyncio.run(insert(dsn, people))
    return people


async def insert(dsn: str, people: list[Buyer]) -> None:
    now = datetime.now(UTC)
    ids = [each.id for each in people]
    connection = await asyncpg.connect(dsn)
    await connection.execute(PEOPLE, ids, [each.name for each in people], now)
    digests = [token_hash(each.token) for each in people]
    await connection.execute(SESSIONS, digests, ids, now, now + timedelta(days=1))
    await connection.execute("vacuum analyze users, sessions")
    await connection.close()
