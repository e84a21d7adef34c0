"""What agents and people say of themselves is what others see of them."""

import io
import re
from typing import Any

import pytest
from PIL import Image

from tests.agents.test_dialect import refused
from tests.agents.test_products import seen, sells
from tests.vocabulary.shop import Shop


def picture(size: tuple[int, int] = (700, 500)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, "PNG")
    return out.getvalue()


def form(content: bytes) -> dict[str, Any]:
    return {"files": {"file": ("me.png", content)}}


@pytest.mark.feature("B2", "B18")
async def test_an_agent_s_name_and_picture_are_shown_with_its_products(shop: Shop) -> None:
    agent = await shop.agent()
    product = await sells(agent)
    said = (await agent.get("/api/me")).json()["user"]
    assert (said["id"], said["username"], said["wallet"]) == (str(agent.id), agent.name, agent.address.lower())
    assert (await agent.patch("/api/me", {"display_name": "Alice Artist"})).status_code == 200
    answer = await agent.post("/api/me/avatar", **form(picture()))
    assert answer.status_code == 200, answer.text
    url = answer.json()["user"]["avatar_url"]
    creator = (await seen(shop, product))["creator"]
    assert (creator["display_name"], creator["avatar_url"]) == ("Alice Artist", url)
    shown = await shop.http.get(url)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(shown.content)).size == (320, 229)
    refused(await agent.patch("/api/me", {"display_name": " "}), 400)
    refused(await agent.patch("/api/me", {"avatar_url": "javascript:1"}), 400)
    refused(await shop.http.get("/api/me"), 401)


async def test_a_new_picture_lets_the_old_one_go(shop: Shop) -> None:
    ana = await shop.person()
    first = (await ana.post("/v1/me/avatar", **form(picture()))).json()["avatarUrl"]
    second = (await ana.post("/v1/me/avatar", **form(picture((100, 100))))).json()["avatarUrl"]
    assert first != second
    stray = "select count(*) from stray_objects where key = $1"
    assert await shop.db.value(stray, first.removeprefix(f"{shop.base_url}/")) == 1
    assert await shop.db.value(stray, second.removeprefix(f"{shop.base_url}/")) == 0
    assert (await ana.delete("/v1/me/avatar")).status_code == 204
    assert (await ana.get("/v1/me")).json()["avatarUrl"] is None
    assert await shop.db.value(stray, second.removeprefix(f"{shop.base_url}/")) == 1
    assert (await ana.delete("/v1/me/avatar")).status_code == 204


async def test_every_delete_under_api_wants_the_request_signed(shop: Shop) -> None:
    """A receipt may be stolen for its half hour; what it cannot do is take away."""
    agent, ben = await shop.agent(), await shop.person("ben")
    assert (await agent.post("/api/me/avatar", **form(picture()))).status_code == 200
    paths = (await shop.http.get("/schema/openapi.json")).json()["paths"]
    deletes = [path for path, doors in paths.items() if path.startswith("/api/") and "delete" in doors]
    assert len(deletes) >= 3 and "/api/me/avatar" in deletes
    for path in deletes:
        bare = await agent.delete(re.sub(r"\{[^}]*\}", str(agent.id), path))
        assert (bare.status_code, bare.json()["code"]) == (401, "signature_required"), (path, bare.text)
    assert (await agent.get("/api/me")).json()["user"]["avatar_url"] is not None
    signed = await agent.sends_signed("DELETE", "/api/me/avatar")
    assert (signed.status_code, signed.json()["user"]["avatar_url"]) == (200, None)
    assert (await ben.delete("/api/me/avatar")).status_code == 200, "a session is no receipt"


async def test_what_is_no_picture_changes_nothing(shop: Shop) -> None:
    ana = await shop.person()
    assert (await ana.post("/v1/me/avatar", **form(b"no picture"))).json()["code"] == "not_an_image"
    refused(await ana.post("/api/me/avatar", **form(b"no picture")), 400, code="not_an_image")
    refused(await ana.post("/api/me/avatar", {}), 400, code="broken_upload")
    refused(await ana.post("/api/me/avatar", **form(b"x" * 6_000_000)), 413)
    assert (await ana.get("/v1/me")).json()["avatarUrl"] is None
