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

from purvey.access import Identity, Permission, Visit, store
from purvey.kit.asgi import Scope
from purvey.kit.errors import NotAllowed, NotFound, Unauthenticated

Connection = ASGIConnection[Any, Any, Any, Any]
PUBLIC: dict[str, Any] = {"public": True}
SESSION_COOKIE = "purvey_session"
NOBODY = "Sign in first: POST /v1/auth/sign-in, then send the token as `Authorization: Bearer …`"


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
    token = bearer_of(cast(Scope, connection.scope))
    if token is None:
        raise Unauthenticated(NOBODY)
    me = await known(connection, token, tenant_id=tenant_id)
    if not me.belongs:
        raise NotFound("There is no such tenant")
    refuse_missing(me, needed)
    return me


async def someone(connection: Connection) -> Identity:
    """Who is asking; Unauthenticated when nobody is."""
    me = await asking(connection)
    if me is None:
        raise Unauthenticated(NOBODY)
    return me


async def asking(connection: Connection) -> Identity | None:
    """Who is asking, looked up once a request. A bad token is Unauthenticated, never nobody."""
    state: dict[str, Any] = connection.scope["state"]
    if "identity" not in state:
        token = bearer_of(cast(Scope, connection.scope))
        state["identity"] = None if token is None else await known(connection, token)
    found: Identity | None = state["identity"]
    return found


async def known(connection: Connection, token: str, *, tenant_id: UUID | None = None) -> Identity:
    params = connection.path_params
    app = connection.app.state
    site_id, tenant_id = params.get("site_id"), tenant_id or params.get("tenant_id")
    me = await store.identify(
        app.db,
        token,
        now=app.clock(),
        site_id=site_id if isinstance(site_id, UUID) else None,
        tenant_id=tenant_id if isinstance(tenant_id, UUID) else None,
    )
    if me is None:
        raise Unauthenticated("This token is unknown, expired or revoked; sign in again")
    state: dict[str, Any] = connection.scope["state"]
    return msgspec.structs.replace(me, address=visit_of(connection).address, request_id=state.get("request_id"))


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


async def me(request: Request[Any, Any, Any]) -> Identity:
    """The dependency `me`: who is asking, as the guard found them."""
    return await someone(request)


async def visitor(request: Request[Any, Any, Any]) -> Identity | None:
    """The dependency `visitor`: who is asking, or None."""
    return await asking(request)


async def owner_of(scope: Scope) -> str:
    """Whose idempotency keys these are: the person's, or the address's of somebody unknown."""
    found = await asking(ASGIConnection(cast(Any, scope)))
    return f"user:{found.user_id}" if found else f"address:{(scope.get('client') or ('?',))[0]}"
