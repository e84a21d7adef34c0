"""A guard answers one question before a door opens: who is asking, and may they use it?

Every door has one of these, or says `opt=PUBLIC`. A row outside one's scope does not exist: 404.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from purvey.access import Identity, Permission, Siwa, Visit, store
from purvey.access.siwa import RECEIPT_HEADER, SIGNED, read_receipt
from purvey.kit.asgi import Scope
from purvey.kit.errors import Malformed, NotAllowed, NotFound, Unauthenticated
from purvey.kit.ids import token_hash

Connection = ASGIConnection[Any, Any, Any, Any]
PUBLIC: dict[str, Any] = {"public": True}
SESSION_COOKIE = "purvey_session"
BARE = ("/api/", "/mcp")  # where a receipt may do without a signature
NOBODY = (
    "Sign in first: send a token from POST /v1/auth/sign-in as `Authorization: Bearer …`, "
    "or an agent's receipt as `X-SIWA-Receipt`"
)


async def signed_in(connection: Connection, _: BaseRouteHandler) -> None:
    """Anybody purvey knows."""
    await someone(connection)


async def in_person(connection: Connection, _: BaseRouteHandler) -> None:
    """Anybody purvey knows by a session of their own: no API key opens this door, whatever its scopes."""
    refuse_keys(await someone(connection))


def refuse_keys(me: Identity) -> None:
    """NotAllowed for an API key."""
    if not me.in_person:
        raise NotAllowed("An API key may not do this: sign in as yourself", code="not_for_keys")


async def buyer(connection: Connection, _: BaseRouteHandler) -> None:
    """Anybody in person, as a buyer; or a key that may buy, and have what its maker bought."""
    refuse_missing(await someone(connection), [Permission.MAKE_PURCHASES])


async def signed_request(connection: Connection, _: BaseRouteHandler) -> None:
    """Anybody purvey knows; an agent must have signed this very request (ERC-8128), for its receipt may be stolen."""
    me = await someone(connection)
    if me.wallet is not None and not me.signed:
        raise unsigned()


def unsigned() -> Unauthenticated:
    return Unauthenticated(
        "Sign this request (ERC-8128) over its method, path, query, body and X-SIWA-Receipt",
        code="signature_required",
    )


async def optional(connection: Connection, _: BaseRouteHandler) -> None:
    """Anybody at all; a token that is sent must be good."""
    await asking(connection)


async def admin(connection: Connection, _: BaseRouteHandler) -> None:
    """A platform admin, in person."""
    me = await someone(connection)
    if not me.is_admin:
        raise NotAllowed("This needs a platform admin")
    refuse_keys(me)


def may(*needed: Permission) -> Guard:
    """A member of the site's or tenant's team whose role has every one of these permissions."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        me = await someone(connection)
        if not me.belongs and "site_id" in connection.path_params:
            raise NotFound("There is no such site")
        if not me.belongs and "tenant_id" in connection.path_params:
            raise NotFound("There is no such tenant")
        refuse_missing(me, needed)

    cast(Any, guard).needs = needed  # so that a test can walk every door
    return guard


def refuse_missing(me: Identity, needed: Sequence[Permission]) -> None:
    missing = [permission for permission in needed if permission not in me.permissions]
    if missing:
        raise NotAllowed(f"This needs the permission {missing[0]}", extra={"permission": missing[0]})


async def within(connection: Connection, tenant_id: UUID, *needed: Permission) -> Identity:
    """Who is asking, in the scope of a tenant that the body names: what `may` is for one that the path names."""
    me = await identified(connection, tenant_id=tenant_id)
    if me is None:
        raise Unauthenticated(NOBODY)
    if not me.belongs:
        raise NotFound("There is no such tenant")
    refuse_missing(me, needed)
    return me


async def within_site(connection: Connection, site_id: UUID, *needed: Permission) -> Identity:
    """The same in the scope of a site that neither path nor body names, such as the one that sells a product."""
    me = await identified(connection, site_id=site_id)
    if me is None:
        raise Unauthenticated(NOBODY)
    if not me.belongs:
        raise NotFound("There is no such site")
    refuse_missing(me, needed)
    return me


async def someone(connection: Connection) -> Identity:
    """Who is asking; Unauthenticated when nobody is."""
    me = await asking(connection)
    if me is None:
        raise Unauthenticated(NOBODY)
    return me


async def asking(connection: Connection) -> Identity | None:
    """Who is asking, looked up once a request. A bad token or receipt is Unauthenticated, never nobody."""
    state: dict[str, Any] = connection.scope["state"]
    if "identity" not in state:
        state["identity"] = await identified(connection)
    found: Identity | None = state["identity"]
    return found


async def identified(
    connection: Connection, *, site_id: UUID | None = None, tenant_id: UUID | None = None
) -> Identity | None:
    scope = cast(Scope, connection.scope)
    token, receipt = bearer_of(scope), receipt_of(scope)
    if token is None and receipt is None:
        return None
    if token is not None and receipt is not None:
        raise Malformed("Send a token or a receipt, not both: who is asking?", code="two_identities")
    params = connection.path_params
    site_id, tenant_id = site_id or params.get("site_id"), tenant_id or params.get("tenant_id")
    site_id = site_id if isinstance(site_id, UUID) else None
    tenant_id = tenant_id if isinstance(tenant_id, UUID) else None
    if token is not None:
        me = await by_token(connection, token, site_id=site_id, tenant_id=tenant_id)
    else:
        me = await by_receipt(connection, receipt or "", site_id=site_id, tenant_id=tenant_id)
    request_id = scope["state"].get("request_id")
    return msgspec.structs.replace(me, address=visit_of(connection).address, request_id=request_id)


async def by_token(connection: Connection, token: str, *, site_id: UUID | None, tenant_id: UUID | None) -> Identity:
    app = connection.app.state
    me = await store.identify(app.db, token, now=app.clock(), site_id=site_id, tenant_id=tenant_id)
    if me is None:
        raise Unauthenticated("This token is unknown, expired or revoked; sign in again")
    return me


async def by_receipt(connection: Connection, text: str, *, site_id: UUID | None, tenant_id: UUID | None) -> Identity:
    """The agent whose receipt this is: alone where the shop allows that, else with its signature."""
    app = connection.app.state
    siwa: Siwa | None = app.siwa
    if siwa is None:
        raise Unauthenticated("Agents cannot sign in to this shop", code="siwa_off")
    receipt = read_receipt(siwa.receipt_key, text, now=app.clock())
    signed = bool(connection.scope["state"].get(SIGNED))
    if not signed and (siwa.signed_only or not connection.scope["path"].startswith(BARE)):
        raise unsigned()
    me = await store.identify_wallet(
        app.db, receipt.wallet, credential=token_hash(text), site_id=site_id, tenant_id=tenant_id
    )
    if me is None:
        raise Unauthenticated("This wallet is no longer known here; sign in again")
    return msgspec.structs.replace(me, signed=signed)


def visit_of(connection: Connection) -> Visit:
    """Where a request comes from."""
    return Visit(connection.client.host if connection.client else "unknown", connection.headers.get("user-agent"))


def bearer_of(scope: Scope) -> str | None:
    """The token of the Authorization header. Cookies are for pages alone (`web`), whose forms carry a CSRF token."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = str(value, "latin-1").partition(" ")
            if kind.lower() != "bearer" or not token:
                raise Unauthenticated("Authorization must be `Bearer <token>`")
            return token.strip()
    return None


def receipt_of(scope: Scope) -> str | None:
    """What X-SIWA-Receipt holds; two of them are no receipt."""
    found = [str(value, "latin-1") for name, value in scope["headers"] if name == RECEIPT_HEADER.encode()]
    if len(found) > 1:
        raise Malformed("Send one X-SIWA-Receipt")
    return found[0].strip() if found else None


async def me(request: Request[Any, Any, Any]) -> Identity:
    """The dependency `me`: who is asking, as the guard found them."""
    return await someone(request)


async def visitor(request: Request[Any, Any, Any]) -> Identity | None:
    """The dependency `visitor`: who is asking, or None."""
    return await asking(request)


async def owner_of(scope: Scope) -> str:
    """Whose idempotency keys these are: the person's, an API key's own, or the address's of somebody unknown.

    What one key was answered is shown to no other: the door itself may ask for more than its guard does.
    """
    found = await asking(ASGIConnection(cast(Any, scope)))
    if found is not None and not found.in_person:
        return f"key:{found.credential.hex()}"
    return f"user:{found.user_id}" if found else f"address:{(scope.get('client') or ('?',))[0]}"
