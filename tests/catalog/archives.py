"""ZIP archives for tests: honest ones, and some that want to do harm."""

import io
import struct
import zipfile
from collections.abc import Mapping

LINK = 0o120777 << 16


def archive(
    files: Mapping[str, bytes] | None = None, *, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    """An honest archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, content in (files or {"pack/": b"", "pack/one.txt": b"one", "pack/Zwei.txt": b"zwei"}).items():
            made.writestr(zipfile.ZipInfo(name), content, method)
        made.comment = comment
    return out.getvalue()


def with_entry(info: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(info, content)
    return out.getvalue()


def named(name: str) -> bytes:
    """An archive whose one entry has exactly this name, however hostile."""
    placeholder = "n" * len(name.encode())
    return archive({placeholder: b"x"}).replace(placeholder.encode(), name.encode())


def moved(content: bytes, *, by: int) -> bytes:
    """An archive behind so many bytes whose offsets count them, as programs write it that append to another file."""
    end = content.rindex(b"PK\x05\x06")
    start = int.from_bytes(content[end + 16 : end + 20], "little") + by
    content = patched(content, end + 16, "<L", start)
    at = start
    while content[at : at + 4] == b"PK\x01\x02":
        content = patched(content, at + 42, "<L", int.from_bytes(content[at + 42 : at + 46], "little") + by)
        name, extra, comment = struct.unpack_from("<3H", content, at + 28)
        at += 46 + name + extra + comment
    return content


def streamed(content: bytes = b"spam" * 1000) -> bytes:
    """As programs write it that cannot go back: sizes follow the bytes."""

    class Forward(io.RawIOBase):
        def __init__(self) -> None:
            self.parts: list[bytes] = []

        def writable(self) -> bool:
            return True

        def write(self, block: object) -> int:
            self.parts.append(bytes(block))  # type: ignore[call-overload]
            return len(self.parts[-1])

    out = Forward()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:  # type: ignore[arg-type]
        made.writestr("streamed.txt", content)
        made.writestr("and-another.txt", content)
    return b"".join(out.parts)


def zip64(files: Mapping[str, bytes] | None = None) -> bytes:
    """An archive whose end record refers to a ZIP64 one, as those of more than 4 GB do."""
    plain = archive(files)
    end_at = plain.rindex(b"PK\x05\x06")
    _, _, _, here, count, size, start, _ = struct.unpack("<4s4H2LH", plain[end_at:])
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, here, count, size, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end_at, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return plain[:end_at] + end64 + locator + end


def zip64_entries() -> bytes:
    """Each entry has its sizes in ZIP64 fields, in its own header too."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made, made.open("large.bin", "w", force_zip64=True) as entry:
        entry.write(b"not that large")
    return out.getvalue()


def overlapping(entries: int = 50) -> bytes:
    """Many entries that all are the same bytes: a bomb that no ratio of one entry gives away."""
    kernel = archive({"0" * 4: b"\0" * 1000})
    end_at = kernel.rindex(b"PK\x05\x06")
    directory_at = kernel.index(b"PK\x01\x02")
    one = kernel[directory_at:end_at]
    directory = b"".join(one.replace(b"0000", b"%04d" % number) for number in range(entries))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, len(directory), directory_at, 0)
    return kernel[:directory_at] + directory + end


def patched(content: bytes, at: int, form: str, value: int) -> bytes:
    """The same with one number changed."""
    made = bytearray(content)
    struct.pack_into(form, made, at, value)
    return bytes(made)
