"""Who is on the page: the session cookie, the guards of pages, and the token that proves a form is ours."""

import hmac
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler

from purvey import access
from purvey.access import Identity
from purvey.access.guards import SESSION_COOKIE
from purvey.kit.errors import NotAllowed
from purvey.kit.ids import new_token
from purvey.kit.urls import parts_of
from purvey.world import World

Connection = ASGIConnection[Any, Any, Any, Any]
Page = Request[Any, Any, Any]
VISITOR_COOKIE = "purvey_visitor"
SESSION_SECONDS = 30 * 24 * 3600
SESSION_PREFIX = "ps_"  # no API key is taken from a cookie
SIGN_IN = "/sign-in"


class SignInFirst(Exception):
    """The page needs somebody signed in; the handler leads there and back."""


class ForgedForm(NotAllowed):
    """The form was not made by this shop for this visitor, or too long ago."""

    code = "stale_form"


def world_of(connection: Connection) -> World:
    """The world this application was built for."""
    return cast(World, connection.app.state.world)


async def anyone(connection: Connection, _: BaseRouteHandler) -> None:
    """Everybody may see the page; who is signed in is known on it."""
    await asking(connection)


async def page_signed_in(connection: Connection, _: BaseRouteHandler) -> None:
    """Anybody signed in; others are led to sign in and back."""
    await someone(connection)


async def page_admin(connection: Connection, _: BaseRouteHandler) -> None:
    """A platform admin."""
    if not (await someone(connection)).is_admin:
        raise NotAllowed("This page is for the platform's admins")


async def someone(connection: Connection) -> Identity:
    """Who is on the page; SignInFirst when nobody is."""
    me = await asking(connection)
    if me is None:
        raise SignInFirst
    return me


async def asking(connection: Connection) -> Identity | None:
    """Who the session cookie says is here, looked up once a request; a dead cookie is nobody's."""
    state: dict[str, Any] = connection.scope["state"]
    if "identity" not in state:
        state["identity"] = await known(connection)
    found: Identity | None = state["identity"]
    return found


async def known(
    connection: Connection, *, site_id: UUID | None = None, tenant_id: UUID | None = None
) -> Identity | None:
    """Who carries the cookie, in the scope of a site or of a whole tenant."""
    token = connection.cookies.get(SESSION_COOKIE)
    if not token or not token.startswith(SESSION_PREFIX):
        return None
    world = world_of(connection)
    me = await access.identify(world.db, token, now=world.clock(), site_id=site_id, tenant_id=tenant_id)
    if me is None:
        return None
    address = connection.client.host if connection.client else None
    return msgspec.structs.replace(me, address=address, request_id=connection.scope["state"].get("request_id"))


def session_cookie(page: Page, token: str) -> Cookie:
    """The cookie that carries a session; an empty token takes it away."""
    return cookie(page, SESSION_COOKIE, token, max_age=SESSION_SECONDS if token else 0)


def cookie(page: Page, key: str, value: str, *, max_age: int) -> Cookie:
    secure = world_of(page).settings.base_url.startswith("https:")
    return Cookie(key, value=value, max_age=max_age, path="/", httponly=True, samesite="lax", secure=secure)


def form_token(page: Page) -> str:
    """What a form of this page must bring back; a visitor without any cookie is given one to tie it to."""
    state: dict[str, Any] = page.scope["state"]
    seed = seed_of(page)
    if seed is None:
        seed = state["fresh_visitor"] = new_token()
    return tied_to(page, seed)


def check_form_token(page: Page, sent: str) -> None:
    """ForgedForm unless the token was made for whoever sends it."""
    seed = seed_of(page)
    if seed is None or not hmac.compare_digest(tied_to(page, seed).encode(), sent.encode(errors="replace")):
        raise ForgedForm("This form is out of date: go back, reload the page, and send it again")


def seed_of(page: Page) -> str | None:
    """The cookie a form is tied to: the session's, or else the visitor's."""
    state: dict[str, Any] = page.scope["state"]
    if state.get("identity") is not None:
        return page.cookies[SESSION_COOKIE]
    return state.get("fresh_visitor") or page.cookies.get(VISITOR_COOKIE) or None


def tied_to(page: Page, seed: str) -> str:
    return world_of(page).settings.secret_key.sign(f"form\n{seed}".encode(errors="replace")).hex()


def same_site(path: str | None, *, default: str = "/") -> str:
    """A path of this shop to go on to, or the default for anything that could lead elsewhere."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")):
        return default
    if "\\" in path or any(ord(letter) < 32 or ord(letter) == 127 for letter in path):
        return default
    parts = parts_of(path)
    return path if parts and not parts.scheme and not parts.netloc else default


def sign_in_path(page: Page) -> str:
    """The way to sign in and back: to this page when it can be asked for again, else to where it was sent from."""
    if page.method in ("GET", "HEAD"):
        query = page.scope["query_string"].decode("latin-1")
        here = page.scope["path"] + (f"?{query}" if query else "")
    else:
        sent_from = parts_of(page.headers.get("referer", ""))
        here = sent_from.path if sent_from else ""
    return f"{SIGN_IN}?next={quote(same_site(here))}"
