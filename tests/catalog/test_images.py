"""A cover and preview images are drawn anew from what was sent, and shown to everybody."""

import asyncio
import io
import struct
import zlib
from datetime import timedelta
from uuid import UUID

import psutil
import pytest
from PIL import Image, ImageCms

from purvey import storage
from purvey.catalog import drawing as drawing_script
from purvey.catalog.images import MOST_WAITING, ManyPictures, TooManyPixels, render
from purvey.storage.folder import Folder
from tests.vocabulary.shop import Person, Shop
from tests.vocabulary.uploading import product_path

DRAWING = drawing_script.__file__


def whole_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def picture(
    width: int = 1600,
    height: int = 1200,
    *,
    kind: str = "PNG",
    mode: str = "RGB",
    colour: object = "teal",
    **how: object,
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height), colour).save(out, kind, **how)  # type: ignore[arg-type]
    return out.getvalue()


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


async def shown(shop: Shop, url: str) -> Image.Image:
    answer = await shop.http.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/webp"
    return Image.open(io.BytesIO(answer.content))


async def sends_cover(person: Person, product: dict[str, str], content: bytes, name: str = "cover.png"):  # type: ignore[no-untyped-def]
    return await person.post(f"{product_path(person, product)}/cover", files={"file": (name, content)})


@pytest.mark.feature("A6")
async def test_a_cover_is_shown_in_three_widths_to_everybody(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    assert atlas["coverImageUrl"] is None
    answer = await sends_cover(ana, atlas, picture())
    assert answer.status_code == 200, answer.text
    url = answer.json()["coverImageUrl"]
    assert url.endswith("/1280.webp")
    for width, height in ((320, 240), (640, 480), (1280, 960)):
        image = await shown(shop, url.replace("1280", str(width)))
        assert (image.format, image.size) == ("WEBP", (width, height))
    listed = (await shop.http.get(f"/v1/s/{ana.site['slug']}/shop")).json()["data"][0]
    assert listed["coverImageUrl"] == url


@pytest.mark.feature("A6")
async def test_an_image_never_changes_and_says_so(shop: Shop) -> None:
    ana = await shop.author("ana")
    url = (await sends_cover(ana, await ana.sells(), picture(400, 300))).json()["coverImageUrl"]
    answer = await shop.http.get(url)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = await shop.http.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_only_images_lie_under_their_address(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    file = await ana.adds_file(atlas)
    url = (await sends_cover(ana, atlas, picture(400, 300))).json()["coverImageUrl"]
    folder = url.rsplit("/", 1)[0]
    for path in (
        f"/media/{atlas['id']}/{file['versionId']}",
        f"{folder}/..%2f..%2ffiles%2f{atlas['id']}%2f{file['versionId']}",
        f"{folder}/999.webp",
        f"{folder}/0320.webp",
        f"{folder}/\u0663.webp",
        f"{folder}/320.webp.part",
        f"{folder}/",
        folder,
        "/media/x/320.webp",
    ):
        assert (await shop.http.get(path)).status_code == 404, path


async def test_a_picture_is_never_blown_up(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    for size, widths in (((200, 100), [200]), ((700, 300), [320, 640]), ((1, 1), [1]), ((320, 5000), [320])):
        answer = await ana.post(f"{product_path(ana, atlas)}/media", files={"file": ("a.png", picture(*size))})
        assert answer.status_code == 201, answer.text
        assert [one["width"] for one in answer.json()["renditions"]] == widths


@pytest.mark.parametrize(
    ("kind", "mode", "colour"),
    [
        ("JPEG", "RGB", "red"),
        ("JPEG", "L", 40),
        ("JPEG", "CMYK", (0, 255, 255, 0)),
        ("PNG", "RGBA", (255, 0, 0, 40)),
        ("PNG", "P", 3),
        ("PNG", "1", 1),
        ("PNG", "LA", (40, 40)),
        ("PNG", "I;16", 65535),
        ("WEBP", "RGB", "red"),
        ("GIF", "P", 3),
    ],
)
async def test_every_kind_of_picture_is_drawn(shop: Shop, kind: str, mode: str, colour: object) -> None:
    ana = await shop.author("ana")
    sent = picture(400, 200, kind=kind, mode=mode, colour=colour)
    image = await shown(shop, (await sends_cover(ana, await ana.sells(), sent)).json()["coverImageUrl"])
    assert image.size == (320, 160)
    assert image.mode == ("RGBA" if mode in ("RGBA", "LA") else "RGB")
    if mode == "I;16":
        assert min(image.getpixel((5, 5))) > 250  # type: ignore[arg-type, type-var]


async def test_it_stands_upright_and_tells_nothing_of_where_it_was_taken(shop: Shop) -> None:
    ana = await shop.author("ana")
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken at home"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    sent = picture(400, 200, kind="JPEG", exif=exif.tobytes(), icc_profile=profile, comment=b"home")
    assert b"taken at home" in sent
    url = (await sends_cover(ana, await ana.sells(), sent)).json()["coverImageUrl"]
    image = await shown(shop, url)
    assert image.size == (200, 400)
    assert not image.getexif() and not {"exif", "icc_profile", "xmp"} & set(image.info)
    assert b"home" not in (await shop.http.get(url)).content


def moving(kind: str, frames: int = 3, width: int = 700, **how: object) -> bytes:
    """An animation, red first, then ever bluer."""
    drawn = [Image.new("RGB", (width, width // 2), (255 - 80 * n % 256, 0, 80 * n % 256)) for n in range(frames)]
    out = io.BytesIO()
    times = [100 + 50 * n for n in range(frames)]
    drawn[0].save(out, kind, save_all=True, append_images=drawn[1:], duration=times, **how)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
async def test_an_animation_keeps_its_frames_and_their_times_at_every_width(shop: Shop, kind: str) -> None:
    ana = await shop.author("ana")
    answer = await sends_cover(ana, await ana.sells(), moving(kind, loop=0))
    assert answer.status_code == 200, answer.text
    url = answer.json()["coverImageUrl"]
    for width in (640, 320):
        image = await shown(shop, url.replace("/640.", f"/{width}."))
        assert (image.size, image.n_frames, image.info["loop"]) == ((width, width // 2), 3, 0)  # type: ignore[attr-defined]
        seen = []
        for n in range(3):
            image.seek(n)
            seen.append((image.convert("RGB").getpixel((50, 50)), image.info["duration"]))
        reds = [colour[0] for colour, _ in seen]  # type: ignore[index]
        assert reds == sorted(reds, reverse=True) and reds[0] > 230 and reds[2] < 130
        assert [time for _, time in seen] == [100, 150, 200]


async def test_a_frame_that_would_stand_for_a_day_stands_for_ten_minutes() -> None:
    """WebP counts in three bytes, and the whole in four: a PNG that stands longer was no picture to its encoder."""
    first, second = Image.new("RGB", (60, 60), "red"), Image.new("RGB", (60, 60), "blue")
    out = io.BytesIO()
    first.save(out, "PNG", save_all=True, append_images=[second], duration=[65_535_000, 100])
    (drawn,) = await render(out.getvalue())
    with Image.open(io.BytesIO(drawn.content)) as image:
        times = []
        for n in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(n)
            image.load()
            times.append(image.info["duration"])
    assert times == [600_000, 100]


@pytest.mark.parametrize(("kind", "how", "times"), [("GIF", {}, 1), ("GIF", {"loop": 2}, 3), ("WEBP", {"loop": 3}, 3)])
async def test_an_animation_is_shown_as_often_as_it_was_to_be(kind: str, how: dict[str, int], times: int) -> None:
    [drawn] = await render(moving(kind, width=64, **how))
    assert Image.open(io.BytesIO(drawn.content)).info["loop"] == times


async def test_a_picture_for_old_programs_is_no_frame_of_an_animated_png(shop: Shop) -> None:
    ana = await shop.author("ana")
    out = io.BytesIO()
    frames = [Image.new("RGB", (400, 200), colour) for colour in ("lime", "red", "blue")]
    frames[0].save(out, "PNG", save_all=True, default_image=True, append_images=frames[1:])
    image = await shown(shop, (await sends_cover(ana, await ana.sells(), out.getvalue())).json()["coverImageUrl"])
    assert image.n_frames == 2  # type: ignore[attr-defined]
    assert image.convert("RGB").getpixel((50, 50))[0] > 200  # type: ignore[index]


async def test_of_a_phone_s_jpeg_with_two_pictures_the_first_is_shown(shop: Shop) -> None:
    ana = await shop.author("ana")
    out = io.BytesIO()
    Image.new("RGB", (400, 200), "red").save(
        out, "MPO", save_all=True, append_images=[Image.new("RGB", (400, 200), "blue")]
    )
    image = await shown(shop, (await sends_cover(ana, await ana.sells(), out.getvalue())).json()["coverImageUrl"])
    assert getattr(image, "n_frames", 1) == 1
    assert image.convert("RGB").getpixel((50, 50))[0] > 200  # type: ignore[index]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (moving("GIF", frames=1001, width=8), "has 1001 frames: at most 1000 can be shown"),
        (moving("WEBP", frames=3, width=5500), "has 3 frames of 5500 by 2750"),
    ],
    ids=["frames", "pixels"],
)
async def test_an_animation_too_long_to_draw_is_refused_in_words(shop: Shop, content: bytes, why: str) -> None:
    ana = await shop.author("ana")
    answer = await sends_cover(ana, await ana.sells(), content, "cover.gif")
    assert (answer.status_code, answer.json()["code"]) == (422, "image_too_large")
    assert why in answer.json()["detail"]


async def test_a_picture_is_counted_before_it_is_drawn(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    assert ana.site
    await shop.db.do("update tenants set limits = $2 where id = $1", UUID(ana.site["tenantId"]), {"uploadsPerDay": 1})
    bomb = png_bomb(2000, 2000)
    assert (await sends_cover(ana, atlas, bomb)).status_code == 422
    assert (await sends_cover(ana, atlas, picture(40, 40))).status_code == 200, "what came to nothing does not count"
    for door in ("cover", "media"):
        answer = await ana.post(f"{product_path(ana, atlas)}/{door}", files={"file": ("a.png", bomb)})
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited"), "without a look at it"


async def test_memory_returns_when_a_large_picture_is_drawn() -> None:
    large = picture(4000, 4000, mode="RGBA", colour=(1, 2, 3, 4))
    await render(picture(64, 48))
    before = psutil.Process().memory_info().rss
    for _ in range(2):
        assert [one.width for one in await render(large)] == [320, 640, 1280]
    grown = psutil.Process().memory_info().rss - before
    assert grown < 20 * 1024**2, "one such picture is 64 MB, decoded"


async def test_a_picture_whose_decoder_dies_is_refused_and_the_next_one_is_drawn() -> None:
    drawing = asyncio.create_task(render(picture(4000, 4000)))
    while not (children := [one for one in psutil.Process().children() if one.cmdline()[-1:] == [DRAWING]]):
        await asyncio.sleep(0.01)
    children[0].kill()
    with pytest.raises(TooManyPixels):
        await drawing
    assert [one.width for one in await render(picture(64, 48))] == [64]


async def test_of_many_pictures_at_once_some_are_drawn_and_the_others_are_asked_to_come_again() -> None:
    sent = await asyncio.gather(*(render(picture(8, 8)) for _ in range(MOST_WAITING + 8)), return_exceptions=True)
    refused = [answer for answer in sent if isinstance(answer, ManyPictures)]
    assert (len(refused), len(sent) - len(refused)) == (8, MOST_WAITING)
    assert refused[0].retry_after_seconds == 60
    assert [one.width for one in await render(picture(64, 48))] == [64]


@pytest.mark.feature("A6")
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not_an_image"),
        (b"<!doctype html><script>alert(1)</script>", "not_an_image"),
        (b"", "not_an_image"),
        (b"\x89PNG\r\n\x1a\n", "not_an_image"),
        (picture()[:-2000], "not_an_image"),
        (picture(100, 100, kind="BMP"), "not_an_image"),
        (picture(100, 100, kind="TIFF"), "not_an_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not_an_image"),
        (png_bomb(50_000, 50_000), "image_too_large"),
        (png_bomb(7000, 7000), "image_too_large"),
        (png_bomb(20_000, 1), "image_too_large"),
        (png_bomb(2000, 2000), "not_an_image"),
    ],
    ids=["svg", "html", "empty", "head", "truncated", "bmp", "tiff", "eps", "bomb", "large", "long", "short of pixels"],
)
async def test_what_only_says_it_is_a_picture_is_refused(shop: Shop, content: bytes, code: str) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    for door in ("cover", "media"):
        answer = await ana.post(f"{product_path(ana, atlas)}/{door}", files={"file": ("a.png", content, "image/png")})
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        assert answer.json()["errors"][0]["pointer"] == "/file"
    after = (await ana.get(product_path(ana, atlas))).json()
    assert after["coverImageUrl"] is None and after["media"] == []


async def test_a_picture_over_five_megabytes_is_refused(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    answer = await sends_cover(ana, atlas, picture() + b"\0" * 5 * 1024 * 1024)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.feature("A6")
async def test_only_the_team_may_change_pictures(shop: Shop) -> None:
    ana, bob, vic = await shop.author("ana"), await shop.author("bob"), await shop.person("vic")
    atlas = await ana.sells()
    await shop.joins(vic, ana.site["tenantId"], "VIEWER")
    for door in ("cover", "media"):
        path, sent = f"{product_path(ana, atlas)}/{door}", {"file": ("a.png", picture(10, 10))}
        assert (await shop.http.post(path, files=sent)).status_code == 401
        assert (await bob.post(path, files=sent)).status_code == 404
        assert (await vic.post(path, files=sent)).status_code == 403
        elsewhere = path.replace(ana.site["id"], bob.site["id"])
        assert (await bob.post(elsewhere, files=sent)).status_code == 404


async def test_an_old_cover_is_shown_for_a_day_and_then_swept(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    assert isinstance(shop.world.storage, Folder)
    first = (await sends_cover(ana, atlas, picture())).json()["coverImageUrl"]
    second = (await sends_cover(ana, atlas, picture(colour="red"))).json()["coverImageUrl"]
    assert first != second
    used = await shop.db.value("select bytes from storage_use where tenant_id = $1", UUID(ana.site["tenantId"]))
    kept = await shop.db.value("select (cover ->> 'size_bytes')::bigint from products where id = $1", UUID(atlas["id"]))
    assert used == kept > 0
    assert (await shop.http.get(first)).status_code == 200
    await storage.sweep_strays(shop.db, shop.world.storage, now=shop.now + timedelta(hours=25))
    assert (await shop.http.get(first)).status_code == 404
    assert (await shop.http.get(second)).status_code == 200
    assert (await ana.delete(f"{product_path(ana, atlas)}/cover")).status_code == 204
    assert (await ana.delete(f"{product_path(ana, atlas)}/cover")).status_code == 204
    assert (await ana.get(product_path(ana, atlas))).json()["coverImageUrl"] is None
    used = await shop.db.value("select bytes from storage_use where tenant_id = $1", UUID(ana.site["tenantId"]))
    assert used == 0


@pytest.mark.parametrize("profile", [b"broken", b"\x00\x00\x02\x00lcms" + bytes(200), whole_profile()[:300]])
@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
async def test_a_picture_with_a_broken_colour_profile_is_shown_without_it(profile: bytes, mode: str) -> None:
    drawn = await render(picture(64, 48, kind="JPEG", mode=mode, icc_profile=profile))
    assert [(one.width, one.height) for one in drawn] == [(64, 48)]


async def test_images_are_added_ordered_and_taken_away(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    path, sent = f"{product_path(ana, atlas)}/media", {"file": ("a.png", picture(400, 400))}
    one, two, three = [(await ana.post(path, files=sent)).json()["id"] for _ in range(3)]
    ordered = await ana.put(f"{path}/order", {"ids": [three, one, two]})
    assert [each["id"] for each in ordered.json()["data"]] == [three, one, two]
    assert (await ana.put(f"{path}/order", {"ids": [one]})).status_code == 422
    assert (await ana.delete(f"{path}/{one}")).status_code == 204
    assert (await ana.delete(f"{path}/{one}")).status_code == 404
    media = (await ana.get(product_path(ana, atlas))).json()["media"]
    assert [each["id"] for each in media] == [three, two]
    public = (await shop.http.get(f"/v1/s/{ana.site['slug']}/shop/{atlas['slug']}")).json()["media"]
    assert [each["renditions"] for each in public] == [each["renditions"] for each in media]
    assert (await shown(shop, public[0]["renditions"][-1]["url"])).size == (320, 320)


async def test_images_sent_at_once_never_pass_the_limit(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    await shop.db.do("update tenants set limits = $2 where id = $1", UUID(ana.site["tenantId"]), {"images": 3})
    before = await strays(shop)
    path, sent = f"{product_path(ana, atlas)}/media", {"file": ("a.png", picture(40, 40))}
    answers = await asyncio.gather(*(ana.post(path, files=sent) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert len((await ana.get(product_path(ana, atlas))).json()["media"]) == 3
    assert await strays(shop) == before


async def strays(shop: Shop) -> set[str]:
    return {row["key"] for row in await shop.db.records("select key from stray_objects where key like 'media/%'")}
