"""What kind of file it is, told by its bytes. A client's word and a name's ending are believed only within a kind.

Of the libraries that know kinds of files, those tried misname what shops sell (plain ZIP, EPUB with a packed
`mimetype`, M4B, FLAC behind a tag): docs/decisions/0009.
"""

import re
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath

UNKNOWN = "application/octet-stream"
ZIP, TEXT, MP3, MP4, MATROSKA = "application/zip", "text/plain", "audio/mpeg", "video/mp4", "video/x-matroska"
RIFF, IFF, ID3, BOX = b"RIFF", b"FORM", b"ID3", b"ftyp"
PLAIN_CONTROLS = {*range(0x20)} - {0x09, 0x0A, 0x0C, 0x0D, 0x1B}

# Where in the file, which bytes, which kind. The first that fits wins.
SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"\xff\xfb", MP3),
    (0, b"\xff\xfa", MP3),
    (0, b"\xff\xf3", MP3),
    (0, b"\xff\xf2", MP3),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"MThd", "audio/midi"),
    (0, b"\x1aE\xdf\xa3", MATROSKA),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (257, b"ustar", "application/x-tar"),
    (60, b"BOOKMOBI", "application/x-mobipocket-ebook"),
    (0, b"\x00\x01\x00\x00\x00", "font/ttf"),
    (0, b"OTTO", "font/otf"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"glTF", "model/gltf-binary"),
    (0, b"BLENDER", "application/x-blender"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"\xfe\xff", TEXT),
    (0, b"\xff\xfe", TEXT),
)

# What a container says of what it holds: at its ninth byte in RIFF and IFF, …
FORMS: Mapping[tuple[bytes, bytes], str] = {
    (RIFF, b"WEBP"): "image/webp",
    (RIFF, b"WAVE"): "audio/wav",
    (RIFF, b"AVI "): "video/x-msvideo",
    (IFF, b"AIFF"): "audio/aiff",
    (IFF, b"AIFC"): "audio/aiff",
}

# … by its brand in the files of ISO 14496-12, …
PICTURES: Mapping[bytes, str] = {
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis"), "image/heic"),
    **dict.fromkeys((b"hevc", b"hevx", b"hevm", b"hevs"), "image/heic-sequence"),
}
BRANDS: Mapping[bytes, str] = {
    **PICTURES,
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "), "audio/mp4"),
    b"qt  ": "video/quicktime",
    b"crx ": "image/x-canon-cr3",
    **dict.fromkeys((b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3gp8", b"3gp9"), "video/3gpp"),
    **dict.fromkeys((b"3g2a", b"3g2b", b"3g2c"), "video/3gpp2"),
}
# which for pictures may be a general one, with theirs among the compatible ones, …
GENERAL: Mapping[bytes, str] = {b"mif1": "image/heif", b"msf1": "image/heif-sequence"}

# … and in a ZIP by its first entry, `mimetype`: EPUB OCF 3.3 (4.3), OpenDocument 1.3 (part 2, 3.3) and their kin.
OPENDOCUMENT = "application/vnd.oasis.opendocument"
DECLARED = {
    "application/epub+zip",
    *(f"{OPENDOCUMENT}.{kind}" for kind in ("text", "spreadsheet", "presentation", "graphics")),
    "image/openraster",
    "application/x-krita",
}

# Kinds that are another kind inside, told apart by the name.
OFFICE = "application/vnd.openxmlformats-officedocument"
WITHIN: Mapping[str, Mapping[str, str]] = {
    ZIP: {
        ".docx": f"{OFFICE}.wordprocessingml.document",
        ".xlsx": f"{OFFICE}.spreadsheetml.sheet",
        ".pptx": f"{OFFICE}.presentationml.presentation",
        ".odt": f"{OPENDOCUMENT}.text",
        ".epub": "application/epub+zip",
        ".cbz": "application/vnd.comicbook+zip",
    },
    "application/vnd.rar": {".cbr": "application/vnd.comicbook-rar"},
    MP3: {".flac": "audio/flac"},
    MP4: {".m4a": "audio/mp4", ".m4b": "audio/mp4"},
    TEXT: {".md": "text/markdown", ".csv": "text/csv", ".json": "application/json"},
}


def mime_of(head: bytes, file_name: str) -> str:
    """The MIME type of a file that begins with these bytes. Markup is plain text: nothing is served to be run."""
    found = held_kind(head) or signed_kind(head) or text_or_unknown(head)
    return WITHIN.get(found, {}).get(PurePosixPath(file_name).suffix.lower(), found)


def signed_kind(head: bytes) -> str | None:
    return next((kind for at, sign, kind in SIGNS if head.startswith(sign, at)), None)


def held_kind(head: bytes) -> str | None:
    """What the container says it holds; None where it is no container, or does not say."""
    if head[4:8] == BOX:
        return kind_of_brands(head)
    if head.startswith((RIFF, IFF)):
        return FORMS.get((head[:4], head[8:12]))
    if head.startswith(ID3):
        return behind_tag(head)
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"\x42\x82\x84webm" in head[:128] else None
    return declared_kind(head)


def kind_of_brands(head: bytes) -> str:
    """Films name the brands of much that they are not as compatible, so those count for pictures alone."""
    brand, end = head[8:12], min(int.from_bytes(head[:4]), len(head))
    if brand not in GENERAL:
        return BRANDS.get(brand, MP4)
    compatible = (head[at : at + 4] for at in range(16, end - 3, 4))
    return next((PICTURES[one] for one in compatible if one in PICTURES), GENERAL[brand])


def behind_tag(head: bytes) -> str:
    """What follows an ID3v2 tag, where it is not longer than what is seen; else what such tags mostly stand before."""
    size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
    return signed_kind(head[10 + size :]) or MP3


def declared_kind(head: bytes) -> str | None:
    """What a ZIP's first entry says, as it stands there or packed."""
    if head[:4] != b"PK\x03\x04" or head[30:38] != b"mimetype":
        return None
    packing, extra = int.from_bytes(head[8:10], "little"), int.from_bytes(head[28:30], "little")
    content = head[38 + extra :]
    if packing:
        try:
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, 100)
        except zlib.error:
            return None
    said = re.match(rb"[a-z]+/[a-z.+-]+", content)
    kind = said[0].decode() if said else ""
    return kind if kind in DECLARED else None


def text_or_unknown(head: bytes) -> str:
    if not head or PLAIN_CONTROLS.intersection(head):
        return UNKNOWN
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return UNKNOWN
    return TEXT
