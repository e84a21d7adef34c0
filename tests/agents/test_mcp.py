"""The shop as an agent's own tools, by the official client over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.client.session import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.downloads.owning import CONTENT, begun
from tests.vocabulary.shop import Shop


@asynccontextmanager
async def tools_of(shop: Shop, headers: dict[str, str] | None = None) -> AsyncIterator[ClientSession]:
    """A client that has shaken hands with the shop."""
    async with (
        httpx2.AsyncClient(headers=headers or {}) as http,
        streamable_http_client(f"{shop.base_url}/mcp", http_client=http) as streams,
        ClientSession(*streams[:2]) as session,
    ):
        await session.initialize()
        yield session


async def use(session: ClientSession, tool: str, **arguments: Any) -> Any:
    """What a tool says; a refusal fails the story."""
    said = await session.call_tool(tool, arguments)
    assert not said.is_error, said.content
    return said.structured_content


async def refused(session: ClientSession, tool: str, **arguments: Any) -> Any:
    said = await session.call_tool(tool, arguments)
    assert said.is_error, said.content
    return said.structured_content


@pytest.mark.feature("B18")
async def test_an_agent_searches_the_catalog_and_reads_a_product(shop: Shop) -> None:
    ana = await shop.author("ana", currency="USDC")
    atlas = await ana.sells(name="Zanzibar atlas", price=9_990_000, category="ebook")
    await ana.sells(name="Quokka sketches", price=2_000_000, category="digital_art")
    async with tools_of(shop) as session:
        found = await use(session, "search_products", query="zanzi", username=ana.name)
        assert [(each["name"], each["price"]) for each in found["data"]] == [("Zanzibar atlas", 9.99)]
        first = await use(session, "search_products", username=ana.name, limit=1)
        rest = await use(session, "search_products", username=ana.name, limit=1, cursor=first["next_cursor"])
        assert [each["data"][0]["name"] for each in (first, rest)] == ["Quokka sketches", "Zanzibar atlas"]
        assert rest["next_cursor"] is None
        none = await use(session, "search_products", query="zanzi", username=ana.name, category="music")
        assert none["data"] == []
        detail = await use(session, "get_product", product_id=atlas["id"])
        assert detail["data"]["creator"]["username"] == ana.name


async def test_each_tool_says_what_it_takes(shop: Shop) -> None:
    async with tools_of(shop) as session:
        listed = {tool.name: tool for tool in (await session.list_tools()).tools}
    for tool in listed.values():
        assert tool.description
        assert tool.input_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
    assert listed["get_product"].input_schema["required"] == ["product_id"]
    assert listed["search_products"].annotations.read_only_hint


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "says"),
    [
        ("get_product", {"product_id": "nonsense"}, "product_not_found", "not found"),
        ("get_product", {}, "invalid", "product_id"),
        ("get_product", {"product_id": "01a204e6-0000-7000-8000-000000000000"}, "product_not_found", "not found"),
        ("search_products", {"limit": 0}, "invalid", "/limit"),
        ("search_products", {"limit": "ten"}, "invalid", "/limit"),
        ("search_products", {"colour": "red"}, "invalid", "colour"),
        ("search_products", {"cursor": "zzz"}, "invalid", "cursor"),
        ("search_products", {"query": "\x00"}, "invalid", "NUL"),
        ("download_link", {"purchase_id": "01a204e6-0000-7000-8000-000000000000"}, "unauthenticated", "X-SIWA-Receipt"),
        ("no_such_tool", {}, "unknown_tool", "no_such_tool"),
    ],
)
async def test_what_is_wrong_is_said_to_the_model(
    shop: Shop, tool: str, arguments: dict[str, Any], code: str, says: str
) -> None:
    async with tools_of(shop) as session:
        said = await refused(session, tool, **arguments)
    assert said["success"] is False
    assert said["code"] == code
    assert says in str(said)


@pytest.mark.feature("B18")
async def test_a_download_link_opens_the_file_for_five_minutes_and_nothing_else(shop: Shop) -> None:
    story = await begun(shop, maxDownloads=1)
    async with tools_of(shop, {"Authorization": f"Bearer {story.ben.token}"}) as session:
        link = await use(session, "download_link", purchase_id=story.purchase["id"])
        stale = await use(session, "download_link", purchase_id=story.purchase["id"])
    assert link["size_bytes"] == len(CONTENT)
    got = await shop.http.get(link["url"])
    assert (got.status_code, got.content == CONTENT) == (200, True)
    assert (await shop.http.get(link["url"])).json()["code"] == "no_downloads_left"

    head, tail = link["url"][:-20], link["url"][-20:]
    for forged in (
        head + ("A" if tail[0] != "A" else "B") + tail[1:],
        head,
        f"{shop.base_url}/downloads/x",
        link["url"] + "é",
    ):
        answer = await shop.http.get(forged)
        assert (answer.status_code, answer.json()["code"]) == (404, "link_over"), forged

    shop.minutes_pass(6)
    assert (await shop.http.get(stale["url"])).json()["code"] == "link_over"
    cleo = await shop.person("cleo")
    async with tools_of(shop, {"Authorization": f"Bearer {cleo.token}"}) as session:
        assert (await refused(session, "download_link", purchase_id=story.purchase["id"]))["code"] == "not_found"


async def test_the_door_takes_messages_by_post_alone_and_no_bad_token(shop: Shop) -> None:
    answer = await shop.http.get("/mcp", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await shop.http.delete("/mcp")).status_code == 405
    sent = {"Accept": "application/json, text/event-stream", "Authorization": "Bearer nonsense"}
    assert (await shop.http.post("/mcp", headers=sent, json={})).status_code == 401
    del sent["Authorization"]
    for body in (b"", b"{", b"[]", b"null", b'{"jsonrpc":"2.0"}', "é".encode("latin-1")):
        answer = await shop.http.post("/mcp", headers={**sent, "Content-Type": "application/json"}, content=body)
        assert 400 <= answer.status_code < 500, (body, answer.text)
    assert (await shop.http.post("/mcp", headers=sent, content=b" " * 65_537)).status_code == 413


async def test_many_agents_ask_at_once(shop: Shop) -> None:
    ana = await shop.author("ana", currency="USDC")
    await ana.sells(name="Atlas", price=1_000_000)

    async def one() -> None:
        async with tools_of(shop) as session:
            assert len((await use(session, "search_products", username=ana.name))["data"]) == 1

    await asyncio.gather(*(one() for _ in range(20)))
