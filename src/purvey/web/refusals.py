"""What a page says when it cannot be shown: the same refusals as the JSON doors', told to people."""

from collections.abc import Callable
from typing import Any

from litestar import Response
from litestar.response import Redirect

from purvey.access.guards import NOBODY
from purvey.kit import problems
from purvey.kit.errors import Unauthenticated
from purvey.kit.problems import begins
from purvey.web.rendering import go, page
from purvey.web.session import Page, SignInFirst, sign_in_path
from purvey.web.shop.machines import wants_json
from purvey.web.studio.scope import NoSiteYet

Handler = Callable[[Any, Any], Response[Any]]
MACHINES = ("/v1", "/schema", "/healthz", "/readyz", "/metrics")
TITLES = {
    400: "That address or form does not fit",
    403: "This is not open to you",
    404: "There is nothing here",
    405: "That cannot be done here",
    408: "That took too long",
    409: "That cannot be done now",
    413: "That is too large",
    429: "Too many tries",
    500: "Something broke on our side",
    503: "The shop is busy",
}


def lead_to_sign_in(request: Page, _: Exception) -> Redirect:
    return Redirect(sign_in_path(request), status_code=303, headers={"Cache-Control": "no-store"})


def lead_to_first_site(request: Page, _: Exception) -> Redirect:
    return go("/sites/new")


def told(handler: Handler) -> Handler:
    """The answer of a JSON door's handler as a page."""

    def tell(request: Page, error: Exception) -> Response[Any]:
        answer = handler(request, error)
        problem: dict[str, Any] = answer.content
        status = answer.status_code or 500
        request.scope.setdefault("state", {}).setdefault("identity", None)
        return page(
            request,
            "layout/refused.html",
            status=status,
            headers=answer.headers,
            title=TITLES.get(status, problem["title"]),
            detail=problem["detail"],
            request_id=problem.get("requestId", ""),
        )

    return tell


def for_people(handler: Handler) -> Handler:
    """A page for a browser that asks for an address which no door has; machines get the JSON body."""
    tell = told(handler)

    def choose(request: Page, error: Exception) -> Response[Any]:
        wants_page = "text/html" in request.headers.get("accept", "")
        machine = any(begins(request.scope["path"], prefix) for prefix in MACHINES)
        return tell(request, error) if wants_page and not machine else handler(request, error)

    return choose


def as_asked(handler: Handler) -> Handler:
    """What a page answers people with; a program that asks it for JSON gets the JSON body."""

    def choose(request: Page, error: Exception) -> Response[Any]:
        if not wants_json(request):
            return handler(request, error)
        return problems.said(request, Unauthenticated(NOBODY) if isinstance(error, SignInFirst) else error)

    return choose


FOR_PEOPLE: dict[Any, Any] = {
    **{kind: told(handler) for kind, handler in problems.HANDLERS.items()},
    SignInFirst: lead_to_sign_in,
    Unauthenticated: lead_to_sign_in,
}
PAGE_HANDLERS = {kind: as_asked(handler) for kind, handler in FOR_PEOPLE.items()} | {NoSiteYet: lead_to_first_site}
APP_HANDLERS: dict[Any, Any] = {kind: for_people(handler) for kind, handler in problems.HANDLERS.items()}
