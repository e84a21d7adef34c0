"""A write sent twice with one `Idempotency-Key` has one effect, and the second answer is the first.

The key's row and the answer are written in the transaction of the effect itself, so that a crash
leaves both or neither. Doors that call the outside between two transactions keep their own key
(`opt={"idempotency": "own"}`); answers with secrets and uploads are exempt (`"exempt"`, multipart).
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

import msgspec
from litestar.connection import ASGIConnection

from purvey.kit.asgi import ASGIApp, Message, Receive, Scope, Send
from purvey.kit.bodies import in_time
from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict, Invalid, Malformed, TooLarge

KEY_LENGTH = 255
RETRY_AFTER_SECONDS = 1
BODY_LIMIT_BYTES = 1_000_000
NOT_KEPT = {402, 409, 429}
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


class InFlight(Conflict):
    """The same request is still being answered."""

    code = "request_in_flight"


class KeyReused(Invalid):
    """The key was used for another request."""

    code = "idempotency_key_reused"


class Kept(msgspec.Struct, frozen=True):
    """What is known of a key."""

    door: str
    body_hash: bytes
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None


class _NotKept(Exception):
    """The answer is of a kind that is not stored: undo everything."""


OwnerOf = Callable[[Scope], Awaitable[str]]

FIND = "select door, body_hash, status, headers, body from idempotency_keys where owner = $1 and key = $2"

# False while another request with the same key holds its transaction open.
CLAIM = "select pg_try_advisory_xact_lock(hashtextextended($1, 0))"

KEEP = """
insert into idempotency_keys (owner, key, door, body_hash, status, headers, body, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""


def key_of(scope: Scope) -> str | None:
    """The request's Idempotency-Key; Malformed when it is empty, too long or not printable ASCII."""
    for name, value in scope["headers"]:
        if name.lower() == b"idempotency-key":
            key = str(value, "latin-1")
            if not 0 < len(key) <= KEY_LENGTH or not key.isprintable() or not key.isascii():
                raise Malformed.field("header:Idempotency-Key", f"must be 1 to {KEY_LENGTH} printable ASCII characters")
            return key
    return None


def name_of(owner: str, key: str) -> str:
    """What a request with a key is locked by."""
    return f"{owner}\n{key}"


def door_of(scope: Scope) -> str:
    return f"{scope['method']} {scope['path']}"


def middleware(db: Database, *, owner_of: OwnerOf, now: Callable[[], datetime]) -> Callable[[ASGIApp], ASGIApp]:
    """Keeps the answers of write doors by key."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def idempotent(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["method"] not in WRITES or exempt(scope) or not key_of(scope):
                await app(scope, receive, send)
                return
            # The door's guards come first: who may not use it any more, or by this key, is not shown what it answered.
            await scope["route_handler"].authorize_connection(ASGIConnection(cast(Any, scope)))
            await answer_once(app, scope, receive, send, db=db, owner=await owner_of(scope), at=now())

        return idempotent

    return wrap


def exempt(scope: Scope) -> bool:
    """Doors that keep their own key or whose answer must not be stored, and uploads."""
    if scope["route_handler"].opt.get("idempotency"):
        return True
    return any(name == b"content-type" and value.startswith(b"multipart/") for name, value in scope["headers"])


async def answer_once(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, db: Database, owner: str, at: datetime
) -> None:
    """Replay the kept answer, or make one and keep it with its effect."""
    key, door, body = key_of(scope), door_of(scope), await in_time(whole_body(receive))
    assert key is not None
    digest = sha256(body).digest()
    sent: list[Message] = []

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def hold(message: Message) -> None:
        sent.append(message)

    try:
        async with db.shared_transaction() as tx:
            if not await tx.value(CLAIM, name_of(owner, key)):
                raise InFlight("The same request is still being answered", retry_after_seconds=RETRY_AFTER_SECONDS)
            kept = await tx.maybe(Kept, FIND, owner, key)
            if kept is None:
                await app(scope, again, hold)
                await keep(tx, sent, owner=owner, key=key, door=door, digest=digest, at=at)
            else:
                sent = replay(kept, door=door, digest=digest)
    except _NotKept:
        pass
    for message in sent:
        await send(message)


async def whole_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_LIMIT_BYTES:
            raise TooLarge(f"The body is over {BODY_LIMIT_BYTES} bytes")
        if not message.get("more_body"):
            return b"".join(parts)


async def keep(tx: Tx, sent: list[Message], *, owner: str, key: str, door: str, digest: bytes, at: datetime) -> None:
    start: Any = sent[0]
    status = start["status"]
    if status in NOT_KEPT or status >= 500:
        raise _NotKept
    headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    await tx.do(KEEP, owner, key, door, digest, status, headers, body, at)


def replay(kept: Kept, *, door: str, digest: bytes) -> list[Message]:
    """The first answer again; KeyReused when the request is another one."""
    refuse_other(kept, door=door, digest=digest)
    headers = [(name.encode(), value.encode("latin-1")) for name, value in (kept.headers or {}).items()]
    start: Any = {
        "type": "http.response.start",
        "status": kept.status,
        "headers": [*headers, (b"idempotent-replayed", b"true")],
    }
    return [start, {"type": "http.response.body", "body": kept.body or b"", "more_body": False}]


def refuse_other(kept: Kept, *, door: str, digest: bytes) -> None:
    if kept.door != door or kept.body_hash != digest:
        raise KeyReused("This Idempotency-Key was sent with another request; use a fresh one for each")
