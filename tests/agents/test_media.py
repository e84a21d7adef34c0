"""An agent shows its product: pictures, clips and a video, field for field as in the source."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.agents.test_dialect import MISSING
from tests.agents.test_products import seen, sells
from tests.catalog.films import film
from tests.catalog.test_images import picture
from tests.vocabulary.shop import Person, Shop
from tests.vocabulary.uploading import BOUNDARY, form

ID = "dQw4w9WgXcQ"
WATCH = f"https://www.youtube.com/watch?v={ID}"
PNG = picture(400, 300)


async def adds_image(creator: Person, product: dict[str, Any], content: bytes = PNG) -> httpx.Response:
    path = f"/api/products/{product['id']}/media"
    return await creator.post(path, data={"media_type": "image"}, files={"file": ("shot.png", content)})


async def adds_video(creator: Person, product: dict[str, Any], link: str = WATCH) -> httpx.Response:
    fields = {"media_type": (None, "youtube"), "youtube_url": (None, link)}
    return await creator.post(f"/api/products/{product['id']}/media", files=fields)


@pytest.mark.feature("B13")
async def test_it_answers_field_for_field(shop: Shop) -> None:
    agent = await shop.agent()
    art = await sells(agent)
    answer = await adds_image(agent, art)
    assert answer.status_code == 201, answer.text
    image = answer.json()
    assert set(image) == {"id", "media_type", "storage_path", "display_order", "metadata", "url"}
    assert (image["media_type"], image["display_order"]) == ("image", 1)
    assert image["metadata"] == {"file_size": len(PNG), "mime_type": "image/png"}
    assert (await shop.http.get(image["url"])).status_code == 200
    answer = await adds_video(agent, art, f"https://youtu.be/{ID}?si=x")
    assert answer.status_code == 201, answer.text
    video = answer.json()
    assert set(video) == {"id", "media_type", "external_url", "display_order", "metadata", "url"}
    assert (video["media_type"], video["external_url"], video["display_order"]) == ("youtube", WATCH, 0)
    assert video["metadata"] == {"youtube_video_id": ID}
    clip = (await adds_image(agent, art, film(1000))).json()
    assert clip["metadata"] == {"file_size": 1000, "mime_type": "video/mp4"}
    listed = await agent.get(f"/api/products/{art['id']}/media")
    assert [each["id"] for each in listed.json()["media"]] == [video["id"], image["id"], clip["id"]]


@pytest.mark.feature("B13")
async def test_what_shows_a_product_is_its_video_else_its_first_picture_else_its_cover(shop: Shop) -> None:
    agent = await shop.agent()
    art = await sells(agent)
    assert (await seen(shop, art))["image_url"] is None
    site_id = await shop.db.value("select site_id::text from products where id::text = $1", art["id"])
    cover = await agent.sends_signed(
        "POST", f"/v1/sites/{site_id}/products/{art['id']}/cover", files={"file": ("c.png", PNG)}
    )
    assert cover.status_code == 200, cover.text
    assert (await seen(shop, art))["image_url"].endswith(cover.json()["coverImageUrl"])
    await adds_image(agent, art, film(500))
    assert (await seen(shop, art))["image_url"].endswith(cover.json()["coverImageUrl"]), "a clip is no picture"
    image = (await adds_image(agent, art)).json()
    assert (await seen(shop, art))["image_url"] == image["url"]
    await adds_video(agent, art)
    assert (await seen(shop, art))["image_url"] == f"https://i.ytimg.com/vi/{ID}/hqdefault.jpg"


@pytest.mark.feature("B13")
async def test_it_is_reordered_and_taken_away(shop: Shop) -> None:
    agent = await shop.agent()
    art = await sells(agent)
    path = f"/api/products/{art['id']}/media"
    one, two, three = [(await adds_image(agent, art)).json()["id"] for _ in range(3)]
    video = (await adds_video(agent, art)).json()["id"]

    async def order(*places: tuple[str, int]) -> httpx.Response:
        return await agent.patch(path, {"media_orders": [{"id": id, "display_order": at} for id, at in places]})

    answer = await order((one, 2), (two, 1))
    assert answer.status_code == 200, answer.text
    places = {each["id"]: each["display_order"] for each in answer.json()["media"]}
    assert places == {video: 0, two: 1, one: 2, three: 3}
    assert (await order((video, 0), (one, 9))).status_code == 200
    for wrong, pointer in (
        (((MISSING, 1),), "/media_orders/0/id"),
        (((one, 5), (one, 6)), "/media_orders/1/id"),
        (((one, 1), (two, 1)), "/media_orders/1/display_order"),
        (((one, 3),), "/media_orders/0/display_order"),
        (((video, 4),), "/media_orders/0/display_order"),
        (((one, 0),), "/media_orders/0/display_order"),
        (((one, -1),), "/media_orders/0/display_order"),
        (((one, 10**12),), "/media_orders/0/display_order"),
    ):
        refused = await order(*wrong)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, pointer), refused.text
    assert (await order()).status_code == 400
    bare = await agent.ask("DELETE", path, json={"media_id": one})
    assert bare.status_code == 401, "what deletes is signed"
    gone = await agent.sends_signed("DELETE", path, json={"media_id": one})
    assert (gone.status_code, gone.json()) == (200, {"success": True})
    again = await agent.sends_signed("DELETE", path, json={"media_id": one})
    assert again.status_code == 404
    assert one not in [each["id"] for each in (await agent.get(path)).json()["media"]]


@pytest.mark.feature("B13")
async def test_eight_images_are_eight_however_many_come_at_once(shop: Shop) -> None:
    agent = await shop.agent()
    art = await sells(agent)
    await adds_video(agent, art)
    answers = await asyncio.gather(*(adds_image(agent, art, picture(20, 20)) for _ in range(12)))
    assert Counter(answer.status_code for answer in answers) == {201: 8, 409: 4}


@pytest.mark.feature("B13")
async def test_what_is_wrong_with_a_form_is_named(shop: Shop) -> None:
    agent, other = await shop.agent(), await shop.agent()
    art = await sells(agent)
    path = f"/api/products/{art['id']}/media"
    word = {"media_type": (None, "image")}
    for files, pointer in (
        ({"file": ("a.png", PNG)}, "/media_type"),
        ({"media_type": (None, "film"), "file": ("a.png", PNG)}, "/media_type"),
        ({"media_type": (None, "youtube")}, "/youtube_url"),
        (word, "/file"),
        ({**word, "file": ("a.png", PNG), "youtube_url": (None, WATCH)}, "/youtube_url"),
        ({**word, "file": ("a.png", PNG), "size": (None, "1")}, "/size"),
        ({**word, "file": ("a.png", b"%PDF-1.7")}, "/file"),
        ({"media_type": (None, "youtube"), "youtube_url": (None, "https://vimeo.com/1")}, "/youtube_url"),
    ):
        answer = await agent.post(path, files=files)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer), answer.text
    for body in (b"", b"no form", form(PNG, end=False), form(PNG) + form(PNG)):
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        assert (await agent.post(path, content=body, headers=kind)).status_code == 400
    assert (await agent.post(path, {"media_type": "image"})).status_code == 400
    assert (await adds_image(agent, art, PNG + bytes(5 * 1024 * 1024))).status_code == 413
    assert (await adds_image(other, art)).status_code == 404
    assert (await shop.http.post(path, files={**word, "file": ("a.png", PNG)})).status_code == 401
    assert (await adds_video(agent, art)).status_code == 201
    assert (await adds_video(agent, art)).json()["code"] == "one_video"
