"""Pictures that strangers send are decoded with care and drawn anew: what is served never holds their bytes."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec

from purvey.kit.errors import Invalid

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 40_000_000  # decoded one picture at a time, of at most 4 bytes a pixel
LONGEST_SIDE = 12_000
WIDTHS = (320, 640, 1280)
QUALITY = 82
MIME = "image/webp"


class NotAnImage(Invalid):
    """The bytes are no picture that can be shown."""

    code = "not_an_image"


class TooManyPixels(Invalid):
    """It would take too much memory to decode."""

    code = "image_too_large"


class Rendition(msgspec.Struct, frozen=True):
    """The picture at one width, as WebP."""

    width: int
    height: int
    content: bytes


async def render(content: bytes) -> Sequence[Rendition]:
    """The picture at its widths, the narrowest first, upright and without metadata; NotAnImage, TooManyPixels."""
    return await asyncio.get_running_loop().run_in_executor(studio(), draw, content)


@cache
def studio() -> ThreadPoolExecutor:
    """Where pictures are drawn, one after the other, so that many at once cannot fill the memory."""
    return ThreadPoolExecutor(1, thread_name_prefix="images")


def draw(content: bytes) -> Sequence[Rendition]:
    from PIL import Image

    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            refuse_huge(image.width, image.height)
            return renditions(image)
    except Invalid:
        raise
    except Image.DecompressionBombError:
        raise TooManyPixels.field("/file", f"has more than {MOST_PIXELS} pixels", code=TooManyPixels.code) from None
    except Exception as error:  # whatever a decoder says of a stranger's bytes, they are no picture
        raise NotAnImage.field(
            "/file", "is no JPEG, PNG, WebP or GIF picture that can be read", code=NotAnImage.code
        ) from error


def refuse_huge(width: int, height: int) -> None:
    """Before a pixel is decoded."""
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise TooManyPixels.field(
            "/file",
            f"is {width} by {height}: at most {MOST_PIXELS} pixels, {LONGEST_SIDE} a side",
            code=TooManyPixels.code,
        )


def renditions(image: "Image") -> Sequence[Rendition]:
    """Never wider than the picture is; a picture narrower than the narrowest is kept at its own width."""
    from PIL import Image, ImageOps

    image.draft("RGB", (max(WIDTHS), max(WIDTHS)))  # a large JPEG is decoded at a fraction of its size
    drawn = in_srgb(ImageOps.exif_transpose(image))
    widths = [width for width in WIDTHS if width <= drawn.width] or [drawn.width]
    found = []
    for width in widths:
        height = max(1, round(drawn.height * width / drawn.width))
        found.append(webp(drawn.resize((width, height), Image.Resampling.LANCZOS)))
    return found


def in_srgb(image: "Image") -> "Image":
    """The same colours without the profile that a camera or editor embedded."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    plain = with_plain_colours(image)
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            source, target = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
            changed = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):  # a profile that says nothing of use
            return plain
        return changed or plain
    return plain


def with_plain_colours(image: "Image") -> "Image":
    """RGB, or RGBA where something shows through."""
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def webp(image: "Image") -> Rendition:
    out = BytesIO()
    nothing: Any = {"exif": b"", "icc_profile": b"", "xmp": b""}
    image.save(out, "WEBP", quality=QUALITY, **nothing)
    return Rendition(image.width, image.height, out.getvalue())
