"""Words of stories in which somebody puts files and pictures on a product."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.vocabulary.shop import Person

BOUNDARY = "story-boundary"


async def adds_file(
    person: "Person", product: dict[str, Any], name: str = "atlas.pdf", content: bytes = b"%PDF-1.7 a book"
) -> dict[str, Any]:
    """A file of the person's own product, as its door answers."""
    answer = await person.post(f"{product_path(person, product)}/files", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    file: dict[str, Any] = answer.json()
    return file


async def sends_form(person: "Person", method: str, path: str, body: AsyncIterator[bytes] | bytes) -> httpx.Response:
    """A form as it was written, however wrong."""
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return await person.ask(method, path, content=body, headers={"Content-Type": kind})


def product_path(person: "Person", product: dict[str, Any]) -> str:
    assert person.site is not None, f"{person.name} has no site"
    return f"/v1/sites/{person.site['id']}/products/{product['id']}"


def form(content: bytes, *, name: str = "file", filename: str | None = "atlas.pdf", end: bool = True) -> bytes:
    """One file as a multipart body; without its end, a truncated one."""
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + content + (f"\r\n--{BOUNDARY}--\r\n".encode() if end else b"")


async def begins_upload(
    person: "Person", product: dict[str, Any], name: str = "pack.zip", kind: str = "application/zip", **more: Any
) -> dict[str, Any]:
    """An address to put a file at, as its door answers."""
    body = {"fileName": name, "contentType": kind, **more}
    answer = await person.post(f"{product_path(person, product)}/uploads", body)
    assert answer.status_code == 201, answer.text
    ticket: dict[str, Any] = answer.json()
    return ticket


async def puts(person: "Person", ticket: dict[str, Any], content: bytes | AsyncIterator[bytes]) -> httpx.Response:
    """The bytes, sent to the address by a client that knows nothing but the address."""
    async with httpx.AsyncClient(timeout=60) as stranger:
        return await stranger.put(ticket["uploadUrl"], content=content, headers={"Content-Type": "application/zip"})


async def confirms(person: "Person", product: dict[str, Any], ticket: dict[str, Any]) -> httpx.Response:
    return await person.post(f"{product_path(person, product)}/uploads/{ticket['id']}/confirm")
