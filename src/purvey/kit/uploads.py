"""One file of a multipart form, as it comes in: never a whole body in memory, never a temporary file."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from purvey.kit.asgi import Receive, Scope
from purvey.kit.errors import Malformed, TooLarge

FIELD = "file"
HEAD_BYTES = 4096  # enough to tell what kind of file it is
IDLE_SECONDS = 60.0
WORD_BYTES = 4096
MOST_WORDS = 8
FORM_BYTES = 65_536  # what a form around one file may add to it


class BrokenUpload(Malformed):
    """The body is not one whole multipart file."""

    code = "broken_upload"


class Upload(msgspec.Struct, frozen=True):
    """What a form sent: the name the client gave, the first bytes, and all of them, which can be read once."""

    file_name: str
    head: bytes
    chunks: AsyncIterator[bytes]


def refuse_early(scope: Scope, *, limit_bytes: int) -> None:
    """TooLarge when the announced length alone is over the limit, before a byte is read."""
    announced = header(scope, b"content-length")
    if announced.isascii() and announced.isdigit() and int(announced) > limit_bytes + FORM_BYTES:
        raise TooLarge(f"The file is over {limit_bytes} bytes")


async def receive_file(scope: Scope, receive: Receive) -> Upload:
    """The one file of this request's form, in its field `file`.

    Its chunks end only when the form is whole: a truncated one raises BrokenUpload at its end.
    """
    parts = events(receive, boundary_of(scope), most_segments=2)
    segment = await anext(parts, None)
    if not isinstance(segment, MultipartSegment) or segment.name != FIELD or segment.filename is None:
        raise BrokenUpload(f"The form must hold one file, in its field `{FIELD}`")
    chunks = content(parts)
    head: list[bytes] = []
    async for chunk in chunks:
        head.append(chunk)
        if sum(map(len, head)) >= HEAD_BYTES:
            break
    return Upload(segment.filename, b"".join(head)[:HEAD_BYTES], chain(head, chunks))


async def whole_file(upload: Upload, *, limit_bytes: int) -> bytes:
    """All its bytes, for what is small; TooLarge beyond the limit."""
    content = bytearray()
    async for chunk in upload.chunks:
        content += chunk
        if len(content) > limit_bytes:
            raise TooLarge(f"The file is over {limit_bytes} bytes")
    return bytes(content)


class Form(msgspec.Struct, frozen=True):
    """A small form, whole: its words by their fields, and the bytes of its file when it has one."""

    words: dict[str, str]
    file: bytes | None


async def whole_form(scope: Scope, receive: Receive, *, limit_bytes: int) -> Form:
    """A form of a few words and one small file, in any order; TooLarge, BrokenUpload."""
    refuse_early(scope, limit_bytes=limit_bytes)
    words: dict[str, bytearray] = {}
    file: bytearray | None = None
    filling = bytearray()
    async for part in events(receive, boundary_of(scope), most_segments=MOST_WORDS + 1):
        if isinstance(part, MultipartSegment):
            if part.name in words or (part.name == FIELD and file is not None):
                raise BrokenUpload(f"The form holds its field `{part.name}` twice")
            filling = bytearray()
            if part.name == FIELD:
                file = filling
            else:
                words[part.name] = filling
        elif part:
            filling += part
            if len(filling) > (limit_bytes if filling is file else WORD_BYTES):
                raise TooLarge(f"The file is over {limit_bytes} bytes, or a field over {WORD_BYTES}")
    try:
        said = {name: word.decode() for name, word in words.items()}
    except UnicodeDecodeError:
        raise BrokenUpload("The form holds a field that is not UTF-8") from None
    return Form(said, None if file is None else bytes(file))


def boundary_of(scope: Scope) -> str:
    """What parts the form's segments; BrokenUpload when it is no form."""
    kind, options = parse_options_header(header(scope, b"content-type"))
    boundary: str = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        raise BrokenUpload(f"Send multipart/form-data with the file in its field `{FIELD}`")
    return boundary


async def content(parts: AsyncIterator[MultipartSegment | bytes | None]) -> AsyncIterator[bytes]:
    """The bytes of the segment that has begun; nothing may follow it."""
    async for part in parts:
        if isinstance(part, MultipartSegment):
            raise BrokenUpload(f"The form must hold nothing but one file, in its field `{FIELD}`")
        if part:
            yield bytes(part)


async def events(
    receive: Receive, boundary: str, *, most_segments: int
) -> AsyncIterator[MultipartSegment | bytes | None]:
    """What the parser finds in the body; what stands around the file may not be long."""
    around = 0
    try:
        parser = PushMultipartParser(boundary, max_segment_count=most_segments)
        async for chunk in body(receive):
            around += len(chunk)
            for event in parser.parse(chunk):
                around -= len(event) if isinstance(event, bytes | bytearray) else 0
                yield event
            if around > FORM_BYTES:
                raise BrokenUpload("The form holds more than one file")
        parser.close()
    except MultipartError as error:
        why = error.args[0]  # and not what it was raised by
        raise BrokenUpload(f"The form cannot be read to its end: {why}; send it whole, with names in UTF-8") from None


async def body(receive: Receive) -> AsyncIterator[bytes]:
    """The body as it comes; a sender who falls silent is not waited for."""
    while True:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                message = await receive()
        except TimeoutError:
            raise BrokenUpload(f"Nothing came for {IDLE_SECONDS:.0f} seconds") from None
        if message["type"] == "http.disconnect":
            raise BrokenUpload("The upload ended early")
        if chunk := message.get("body", b""):
            yield chunk
        if not message.get("more_body"):
            return


async def chain(first: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in first:
        yield chunk
    async for chunk in rest:
        yield chunk


def header(scope: Scope, name: bytes) -> str:
    return next((str(value, "latin-1") for key, value in scope["headers"] if key == name), "")
