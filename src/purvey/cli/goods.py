"""The demo's goods, made here: books that open, pictures that show, sound that plays."""

import io
import math
import random
import wave
import zipfile
from functools import partial

from PIL import Image, ImageDraw

SEED = 7
CONTAINER = """<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<?xml version="1.0" encoding="utf-8"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"
unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{title}</dc:identifier><dc:title>{title}</dc:title><dc:language>en</dc:language>
<meta property="dcterms:modified">2026-01-01T00:00:00Z</meta>
</metadata><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>{items}</manifest>
<spine>{spine}</spine></package>"""
PAGE = """<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"
xmlns:epub="http://www.idpf.org/2007/ops"><head><title>{title}</title></head><body>{body}</body></html>"""
NAV = '<nav epub:type="toc"><ol>{}</ol></nav>'


def book(title: str, chapters: dict[str, str]) -> bytes:
    """An EPUB 3 of a few chapters."""
    names = [f"chapter{at}.xhtml" for at in range(1, len(chapters) + 1)]
    files = {
        "META-INF/container.xml": CONTAINER,
        "book.opf": PACKAGE.format(
            title=title,
            items="".join(f'<item id="{n[:-6]}" href="{n}" media-type="application/xhtml+xml"/>' for n in names),
            spine="".join(f'<itemref idref="{n[:-6]}"/>' for n in names),
        ),
        "nav.xhtml": PAGE.format(
            title=title,
            body=NAV.format(
                "".join(f'<li><a href="{n}">{head}</a></li>' for n, head in zip(names, chapters, strict=True))
            ),
        ),
    }
    for name, (head, text) in zip(names, chapters.items(), strict=True):
        body = "".join(f"<p>{paragraph}</p>" for paragraph in text.split("\n"))
        files[name] = PAGE.format(title=head, body=f"<h1>{head}</h1>{body}")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip", zipfile.ZIP_STORED)
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def cover(*, hue: int, size: tuple[int, int] = (1200, 900)) -> bytes:
    """A cover as PNG: hills in one hue. The shop writes the name beside it."""
    return png(hills(hue, size=size))


def wallpapers(hues: dict[str, int]) -> bytes:
    """A ZIP of pictures, one a name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, hue in hues.items():
            archive.writestr(f"{name}.png", png(hills(hue, size=(1920, 1080))))
    return packed.getvalue()


def hills(hue: int, *, size: tuple[int, int]) -> Image.Image:
    """Six ranges of hills, each nearer and darker than the last."""
    chance = random.Random(SEED + hue)  # noqa: S311
    width, height = size
    picture = Image.new("RGB", size, f"hsl({hue}, 45%, 72%)")
    draw = ImageDraw.Draw(picture)
    for layer in range(6):
        level = height * (0.35 + 0.11 * layer)
        waves = [(chance.uniform(2, 7), chance.uniform(0, 6.3), chance.uniform(0.02, 0.06)) for _ in range(4)]
        line = partial(ridge, waves=waves, width=width, height=height, level=level)
        top = [(x, line(x)) for x in range(0, width + 8, 8)]
        draw.polygon(
            [*top, (width, height), (0, height)], fill=f"hsl({(hue + layer * 4) % 360}, 42%, {58 - layer * 8}%)"
        )
    return picture


def ridge(x: int, *, waves: list[tuple[float, float, float]], width: int, height: int, level: float) -> float:
    return level + sum(math.sin(x / width * much * 3 + shift) * height * size for much, shift, size in waves)


def rain(*, seconds: int) -> bytes:
    """Rain on a roof, as a WAV: filtered noise that swells and falls."""
    chance = random.Random(SEED)  # noqa: S311
    rate, level, samples = 11025, 0.0, bytearray()
    for at in range(rate * seconds):
        level += (chance.uniform(-1, 1) - level) * 0.35
        swell = 0.6 + 0.4 * math.sin(at / rate * 0.7)
        samples += int(level * swell * 12000).to_bytes(2, "little", signed=True)
    sound = io.BytesIO()
    with wave.open(sound, "wb") as track:
        track.setnchannels(1)
        track.setsampwidth(2)
        track.setframerate(rate)
        track.writeframes(bytes(samples))
    return sound.getvalue()


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False, compress_level=6)
    return out.getvalue()
