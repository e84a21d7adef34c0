"""An agent sends the file that it sells: an address, a PUT without a receipt, and a word that it is there."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.agents.test_dialect import MISSING
from tests.agents.test_products import sells
from tests.catalog.archives import archive, named
from tests.vocabulary.shop import Person, Shop

ZIP = {"filename": "art-pack.zip", "content_type": "application/zip"}


async def begins(creator: Person, product: dict[str, Any], **more: str) -> httpx.Response:
    return await creator.post("/api/products/upload", {"product_id": product["id"], **ZIP, **more})


async def sends(creator: Person, product: dict[str, Any], content: bytes) -> httpx.Response:
    """All three steps; the answer of the last."""
    ticket = (await begins(creator, product)).json()
    async with httpx.AsyncClient() as stranger:
        put = await stranger.put(ticket["upload_url"], content=content, headers={"Content-Type": "application/zip"})
    assert put.status_code == 200, put.text
    body = {"product_id": product["id"], "file_id": ticket["file_id"]}
    return await creator.post("/api/products/upload/confirm", body)


@pytest.mark.feature("B12")
async def test_the_three_steps_of_the_source_make_a_file_for_buyers(shop: Shop) -> None:
    agent = await shop.agent()
    art = await sells(agent)
    begun = await begins(agent, art)
    assert begun.status_code == 200
    assert set(begun.json()) == {"upload_url", "file_id", "max_bytes", "expires_at"}
    assert begun.json()["max_bytes"] == 500 * 1024 * 1024
    confirmed = await sends(agent, art, archive())
    assert confirmed.status_code == 200, confirmed.text
    file = confirmed.json()["file"]
    assert (confirmed.json()["success"], file["filename"], file["version"]) == (True, "art-pack.zip", 1)
    assert (file["file_size"], file["mime_type"]) == (len(archive()), "application/zip")
    assert (await sends(agent, art, archive({"more": b"more"}))).json()["file"]["version"] == 2
    seen = (await shop.http.get(f"/api/products/public/{art['id']}")).json()["data"]
    assert seen["has_downloadable_file"] is True


@pytest.mark.feature("B12")
async def test_what_is_wrong_is_said_in_the_dialect(shop: Shop) -> None:
    agent, other = await shop.agent(), await shop.agent()
    art = await sells(agent)
    for answer, status, code in (
        (await begins(agent, art, content_type="application/pdf"), 400, "invalid"),
        (await begins(agent, {"id": MISSING}), 404, "product_not_found"),
        (await begins(other, art), 404, "product_not_found"),
        (await shop.http.post("/api/products/upload", json={"product_id": art["id"], **ZIP}), 401, "unauthenticated"),
        (await begins(agent, art, filename=""), 400, "invalid"),
        (await begins(agent, art, size="1"), 400, "invalid"),
        (await sends(agent, art, named("../../escape")), 400, "bad_zip"),
        (
            await agent.post("/api/products/upload/confirm", {"product_id": art["id"], "file_id": MISSING}),
            404,
            "not_found",
        ),
    ):
        assert (answer.status_code, answer.json()["success"], answer.json()["code"]) == (status, False, code)
    refused = (await begins(agent, art, content_type="application/pdf")).json()
    assert refused["errors"][0]["pointer"] == "/content_type"


@pytest.mark.feature("B12")
async def test_the_source_s_limits_hold_for_who_came_by_its_doors(shop: Shop) -> None:
    agent = await shop.agent()
    art = await sells(agent)
    made = await asyncio.gather(*(agent.post("/api/products", {"name": f"Print {n}", "price": 1}) for n in range(15)))
    assert Counter(answer.status_code for answer in made) == {201: 9, 409: 6}
    asked = await asyncio.gather(*(begins(agent, art) for _ in range(150)))
    assert Counter(answer.status_code for answer in asked) == {200: 100, 429: 50}
    tenant_id = await shop.db.value("select tenant_id from products where id = $1", UUID(art["id"]))
    waiting = await shop.db.value("select count(*) from uploads where tenant_id = $1", tenant_id)
    assert waiting == 100
