"""Draws one picture that a stranger sent, in a process of its own: what a decoder takes or breaks ends with it.

Run by `images.py` as a script, with the picture as its input and nothing of purvey's: its memory and time are bounded
by the system, and its environment holds no secret.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAY_MOVE = ("PNG", "WEBP", "GIF")
MOST_PIXELS = 40_000_000  # of all frames together, decoded into at most 4 bytes a pixel
MOST_FRAMES = 1_000
LONGEST_FRAME_MS = 600_000  # WebP adds up the times of all frames in 32 bits
LONGEST_SIDE = 12_000
WIDTHS = (320, 640, 1280)
QUALITY = 82
MOST_MEMORY_BYTES = 1536 * 1024**2
MOST_SECONDS = 60

Drawn = Sequence[tuple[int, int, bytes]]


class CannotBeDrawn(Exception):
    """Why, in a sentence's end, and as a word: `not_an_image` or `image_too_large`."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


def main() -> None:
    """A line of JSON, and after it the renditions' bytes one after the other."""
    bound()
    try:
        drawn = draw(sys.stdin.buffer.read())
    except CannotBeDrawn as refused:
        tell({"code": refused.code, "why": refused.why})
        return
    tell({"renditions": [(width, height, len(content)) for width, height, content in drawn]})
    for _, _, content in drawn:
        sys.stdout.buffer.write(content)


def tell(what: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(what).encode() + b"\n")


def bound() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))


def draw(content: bytes) -> Drawn:
    """The picture at its widths, the narrowest first, upright and without metadata; CannotBeDrawn."""
    from PIL import Image

    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            frames = frames_of(image)
            refuse_huge(image.width, image.height, len(frames))
            return renditions(image, frames)
    except CannotBeDrawn:
        raise
    except (Image.DecompressionBombError, MemoryError):
        raise CannotBeDrawn("image_too_large", f"has more than {MOST_PIXELS} pixels") from None
    except Exception:  # whatever a decoder says of a stranger's bytes, they are no picture
        raise CannotBeDrawn("not_an_image", "is no JPEG, PNG, WebP or GIF picture that can be read") from None


def frames_of(image: "Image") -> range:
    """Which frames are shown. A phone's JPEG may hold a second picture, and an animated PNG one for old programs."""
    if image.format not in MAY_MOVE:
        return range(1)
    return range(1 if image.info.get("default_image") else 0, getattr(image, "n_frames", 1))


def refuse_huge(width: int, height: int, frames: int) -> None:
    """Before a pixel is decoded."""
    if frames > MOST_FRAMES:
        raise CannotBeDrawn("image_too_large", f"has {frames} frames: at most {MOST_FRAMES} can be shown")
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise CannotBeDrawn(
            "image_too_large", f"is {width} by {height}: at most {MOST_PIXELS} pixels, {LONGEST_SIDE} a side"
        )
    if width * height * frames > MOST_PIXELS:
        raise CannotBeDrawn(
            "image_too_large",
            f"has {frames} frames of {width} by {height}: at most {MOST_PIXELS} pixels together can be shown, "
            "so make it smaller or shorter",
        )


def renditions(image: "Image", frames: range) -> Drawn:
    """Never wider than the picture is; a picture narrower than the narrowest is kept at its own width."""
    if len(frames) == 1:
        image.draft("RGB", (max(WIDTHS), max(WIDTHS)))  # a large JPEG is decoded at a fraction of its size
        whole = upright(image)
        return [webp(smaller(whole, width)) for width in widths_of(whole.width)]
    return [moving(image, frames, width) for width in widths_of(image.width)]


def widths_of(width: int) -> Sequence[int]:
    return [each for each in WIDTHS if each <= width] or [width]


def smaller(image: "Image", width: int) -> "Image":
    from PIL import Image

    return image.resize((width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS)


def moving(image: "Image", frames: range, width: int) -> tuple[int, int, bytes]:
    """Every frame for as long as it stood, as often as it was to be shown."""
    times: list[int] = []
    drawn = [smaller(frame, width) for frame in shown(image, frames, times)]
    return webp(drawn[0], save_all=True, append_images=drawn[1:], duration=times, loop=times_shown(image))


def times_shown(image: "Image") -> int:
    """0 is for ever. A GIF says how often it is repeated after the first time, or nothing where it is not."""
    if image.format == "GIF" and image.info.get("loop"):
        return int(image.info["loop"]) + 1
    return int(image.info.get("loop", 1))


def shown(image: "Image", frames: range, times: list[int]) -> Iterator["Image"]:
    """Frame after frame, as it looks when it is its turn; `times` gains its milliseconds."""
    for frame in frames:
        image.seek(frame)
        drawn = upright(image)
        times.append(min(int(image.info.get("duration", 0)), LONGEST_FRAME_MS))
        yield drawn


def upright(image: "Image") -> "Image":
    from PIL import ImageOps

    return in_srgb(ImageOps.exif_transpose(image))


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


def webp(image: "Image", **more: Any) -> tuple[int, int, bytes]:
    out = BytesIO()
    nothing: Any = {"exif": b"", "icc_profile": b"", "xmp": b""}
    image.save(out, "WEBP", quality=QUALITY, **nothing, **more)
    return image.width, image.height, out.getvalue()


if __name__ == "__main__":
    main()
