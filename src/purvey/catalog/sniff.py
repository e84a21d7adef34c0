"""What kind of file it is, told by its bytes. A client's word and a name's ending are believed only within a kind."""

from collections.abc import Mapping
from pathlib import PurePosixPath

UNKNOWN = "application/octet-stream"
ZIP, TEXT = "application/zip", "text/plain"
PLAIN_CONTROLS = {*range(0x20)} - {0x09, 0x0A, 0x0C, 0x0D, 0x1B}

# Where in the file, which bytes, which kind. The first that fits wins.
SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (30, b"mimetypeapplication/epub+zip", "application/epub+zip"),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypM4B", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska"),
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
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
)

# Kinds that are another kind inside, told apart by the name.
OFFICE = "application/vnd.openxmlformats-officedocument"
WITHIN: Mapping[str, Mapping[str, str]] = {
    ZIP: {
        ".docx": f"{OFFICE}.wordprocessingml.document",
        ".xlsx": f"{OFFICE}.spreadsheetml.sheet",
        ".pptx": f"{OFFICE}.presentationml.presentation",
        ".odt": "application/vnd.oasis.opendocument.text",
        ".cbz": "application/vnd.comicbook+zip",
    },
    "application/vnd.rar": {".cbr": "application/vnd.comicbook-rar"},
    "video/x-matroska": {".webm": "video/webm"},
    TEXT: {".md": "text/markdown", ".csv": "text/csv", ".json": "application/json"},
}


def mime_of(head: bytes, file_name: str) -> str:
    """The MIME type of a file that begins with these bytes. Markup is plain text: nothing is served to be run."""
    found = next((kind for at, sign, kind in SIGNS if head.startswith(sign, at)), None) or text_or_unknown(head)
    return WITHIN.get(found, {}).get(PurePosixPath(file_name).suffix.lower(), found)


def text_or_unknown(head: bytes) -> str:
    if not head or PLAIN_CONTROLS.intersection(head):
        return UNKNOWN
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return UNKNOWN
    return TEXT
