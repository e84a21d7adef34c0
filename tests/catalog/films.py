"""MP4 films for tests, of a few bytes."""


def box(kind: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


def film(size: int = 0) -> bytes:
    """One that says how to play it; at least so large."""
    head = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + box(b"moov", box(b"mvhd", bytes(100)))
    return head + box(b"mdat", bytes(max(0, size - len(head) - 8)))
