"""Clips beside the pictures of a product, and one video of YouTube before them all."""

import asyncio
import io
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from PIL import Image

from purvey import storage
from purvey.catalog import clips, youtube
from tests.catalog.films import box, film
from tests.catalog.test_images import picture
from tests.vocabulary import Shop
from tests.vocabulary.uploading import product_path

ID = "dQw4w9WgXcQ"


@pytest.mark.feature("B13")
@pytest.mark.parametrize(
    "link",
    [
        f"https://www.youtube.com/watch?v={ID}",
        f"http://youtube.com/watch?v={ID}&t=42s&list=PL123&si=abc",
        f"https://m.youtube.com/watch?app=desktop&v={ID}",
        f"https://music.youtube.com/watch?v={ID}&list=RD",
        f"https://youtu.be/{ID}",
        f"https://youtu.be/{ID}?si=share&t=3",
        f"https://www.youtube.com/shorts/{ID}?feature=share",
        f"https://www.youtube.com/embed/{ID}?rel=0",
        f"https://www.youtube.com/live/{ID}",
        f"https://www.youtube-nocookie.com/embed/{ID}",
        f"  https://YOUTUBE.com/watch?v={ID}#t=1 ",
    ],
)
def test_every_form_of_link_names_its_video(link: str) -> None:
    assert youtube.video_of(link) == ID
    assert youtube.id_in(youtube.watch_link(ID)) == ID


@pytest.mark.feature("B13")
@pytest.mark.parametrize(
    "link",
    [
        "",
        ID,
        f"www.youtube.com/watch?v={ID}",
        f"ftp://youtube.com/watch?v={ID}",
        f"javascript:alert(1)//youtube.com/watch?v={ID}",
        f"https://youtube.com.evil.example/watch?v={ID}",
        f"https://evil.example/watch?v={ID}",
        f"https://youtube.com@evil.example/watch?v={ID}",
        f"https://ana@youtube.com/watch?v={ID}",
        f"https://youtube.com:8443/watch?v={ID}",
        "https://youtube.com:x/watch?v=1",
        "https://youtube.com/watch",
        f"https://youtube.com/watch?v={ID}&v={ID}",
        f"https://youtube.com/watch?v={ID}x",
        "https://youtube.com/watch?v=dQw4w9WgXc",
        "https://youtube.com/watch?v=dQw4w9WgX<>",
        f"https://youtube.com/{ID}",
        f"https://youtube.com/channel/{ID}",
        f"https://youtube-nocookie.com/watch?v={ID}",
        f"https://youtu.be/{ID}/x",
        "https://www.youtube.com/@someone",
        "https://[youtube.com/",
    ],
)
def test_any_other_is_refused(link: str) -> None:
    with pytest.raises(youtube.NotAVideo):
        youtube.video_of(link)


@pytest.mark.feature("B13")
@pytest.mark.parametrize(
    "content",
    [
        box(b"ftyp", b"isom\0\0\2\0"),
        film()[:-1],
        film() + b"\0\0\0\x04junk",
        film().replace(b"moov", b"free"),
        b"\0\0\0\x18ftypisom",
        box(b"ftyp", b"isom\0\0\2\0") + b"\0\0\0\x01moov" + bytes(8),
    ],
)
def test_what_only_begins_as_a_film_is_none(content: bytes) -> None:
    assert clips.begins_as_film(content)
    with pytest.raises(clips.NotAClip):
        clips.refuse_broken(content)
    assert not clips.begins_as_film(picture(10, 10))


@pytest.mark.feature("B13")
async def test_a_clip_is_kept_as_it_came_and_played_in_parts(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas, content = await ana.sells(), film(40_000)
    answer = await ana.post(f"{product_path(ana, atlas)}/media", files={"file": ("clip.mov", content)})
    assert answer.status_code == 201, answer.text
    clip = answer.json()
    assert (clip["mediaType"], clip["mimeType"], clip["sizeBytes"]) == ("image", "video/mp4", len(content))
    got = await shop.http.get(clip["url"])
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, content, "video/mp4")
    assert got.headers["accept-ranges"] == "bytes"
    assert got.headers["x-content-type-options"] == "nosniff"
    for asked, part in (("bytes=0-99", content[:100]), ("bytes=39000-", content[39000:]), ("bytes=-5", content[-5:])):
        some = await shop.http.get(clip["url"], headers={"Range": asked})
        assert (some.status_code, some.content) == (206, part)
    for odd in ("bytes=9-3", "bytes=-", "lines=1-2", "bytes=1-2,4-5", "bytes=99999-"):
        assert (await shop.http.get(clip["url"], headers={"Range": odd})).status_code == 200
    folder = clip["url"].rsplit("/", 1)[0]
    for wrong in ("1.mp4", "40000.webp", "040000.mp4", f"{len(content)}.MP4"):
        assert (await shop.http.get(f"{folder}/{wrong}")).status_code == 404
    page = (await shop.http.get(f"/s/{ana.site['slug']}/shop/{atlas['slug']}", headers={"Accept": "text/html"})).text
    assert (
        f'<video class="clip" controls preload="none" playsinline src="{clip["url"].removeprefix(shop.base_url)}"'
        in page
    )
    used = await shop.db.value("select bytes from storage_use where tenant_id = $1", UUID(ana.site["tenantId"]))
    assert used == len(content)
    assert (await ana.delete(f"{product_path(ana, atlas)}/media/{clip['id']}")).status_code == 204
    await storage.sweep_strays(shop.db, shop.world.storage, now=shop.now + timedelta(hours=25))
    assert (await shop.http.get(clip["url"])).status_code == 404
    assert not await shop.db.value("select bytes from storage_use where tenant_id = $1", UUID(ana.site["tenantId"]))


@pytest.mark.feature("B13")
async def test_one_video_stands_first_whatever_is_ordered(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    path, link = product_path(ana, atlas), {"youtubeUrl": f"https://youtu.be/{ID}?t=4"}
    sent = {"file": ("a.png", picture(40, 40))}
    images = [(await ana.post(f"{path}/media", files=sent)).json() for _ in range(2)]
    assert [image["position"] for image in images] == [1, 2]
    answers = await asyncio.gather(*(ana.post(f"{path}/videos", link) for _ in range(5)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 4}
    video = next(answer.json() for answer in answers if answer.status_code == 201)
    assert (video["position"], video["externalUrl"]) == (0, f"https://www.youtube.com/watch?v={ID}")
    ordered = await ana.put(f"{path}/media/order", {"ids": [images[1]["id"], images[0]["id"]]})
    assert [each["id"] for each in ordered.json()["data"]] == [video["id"], images[1]["id"], images[0]["id"]]
    assert (
        await ana.put(f"{path}/media/order", {"ids": [each["id"] for each in images] + [video["id"]]})
    ).status_code == 422
    wrong = await ana.post(f"{path}/videos", {"youtubeUrl": "https://vimeo.com/1"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/youtubeUrl")
    assert (await ana.delete(f"{path}/media/{video['id']}")).status_code == 204
    assert (await ana.post(f"{path}/videos", link)).status_code == 201


@pytest.mark.feature("B13")
async def test_the_page_shows_the_videos_picture_and_runs_nothing_of_anybody_elses(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    await ana.post(f"{product_path(ana, atlas)}/videos", {"youtubeUrl": f"https://youtu.be/{ID}"})
    page = await shop.http.get(f"/s/{ana.site['slug']}/shop/{atlas['slug']}", headers={"Accept": "text/html"})
    assert f'href="https://www.youtube.com/watch?v={ID}"' in page.text
    assert f'<img class="cover" src="https://i.ytimg.com/vi/{ID}/hqdefault.jpg"' in page.text
    assert "<iframe" not in page.text and "<script src" not in page.text
    assert page.headers["referrer-policy"] == "same-origin", "nobody else is told which page it is"
    assert "media-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.feature("B13")
async def test_pictures_of_every_kind_are_told_by_their_bytes(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    for kind in ("JPEG", "PNG", "WEBP", "GIF"):
        answer = await ana.post(
            f"{product_path(ana, atlas)}/media", files={"file": ("a.mp4", picture(60, 60, kind=kind))}
        )
        assert answer.status_code == 201
        shown = Image.open(io.BytesIO((await shop.http.get(answer.json()["url"])).content))
        assert shown.size == (60, 60)
    other_films = [
        film().replace(b"isom", b"qt  ", 1),
        b"\x1aE\xdf\xa3\x42\x82\x84webm" + bytes(90),
        b"RIFF\0\0\0\0AVI " + bytes(90),
        film().replace(b"isom", b"3gp5", 1),
    ]
    for content, code in (
        (film()[:-1], "not_a_clip"),
        *((other, "not_a_clip") for other in other_films),
        (b"%PDF-1.7", "not_an_image"),
        (b"<svg/>", "not_an_image"),
    ):
        answer = await ana.post(f"{product_path(ana, atlas)}/media", files={"file": ("a.png", content)})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    large = await ana.post(f"{product_path(ana, atlas)}/media", files={"file": ("a.mp4", film(5 * 1024 * 1024 + 1))})
    assert large.status_code == 413
