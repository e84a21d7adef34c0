"""The door on loopback: HTTP in, the API's answer or the hosted page out."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from . import checkout, page
from .api import Api, Request
from .errors import Refused
from .faults import Faults
from .idempotency import Answer
from .resources import attempts
from .resources.methods import Outcome
from .resources.sessions import expire_overdue
from .spec import Json
from .world import World

DEFAULT_EMAIL = "buyer@example.com"
HTML = "text/html; charset=utf-8"


class Door:
    """The ASGI application."""

    def __init__(self, world: World, api: Api, faults: Faults) -> None:
        self.world = world
        self.api = api
        self.faults = faults

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        expire_overdue(self.world)
        request = await _read(scope, receive)
        if request.path.startswith("/v1/"):
            trouble = self.faults.next_for(request.method, request.path)
            answer = await self.api.answer(request, trouble, lambda: _gone(receive))
            if answer is None:
                scope["state"]["cut"]()
                return
            request.status = answer.status
            await _send(send, answer.status, json.dumps(answer.body), _headers(request, answer))
        else:
            status, html, headers = self._page(request)
            await _send(send, status, html, {"Content-Type": HTML, **headers})

    def _page(self, request: Request) -> tuple[int, str, dict[str, str]]:
        _, area, kind, id = (request.path.split("/", 3) + [""] * 4)[:4]
        thing = self.world.find(id) if area == "c" else None
        if thing and kind == "pay" and thing["object"] == "checkout.session":
            return self._checkout(request, thing)
        if thing and kind == "authenticate" and thing["object"] == "payment_intent":
            return self._challenge(request, thing)
        return 404, page.message("Not found", "There is no such page."), {}

    def _checkout(self, request: Request, session: Json) -> tuple[int, str, dict[str, str]]:
        email = session["customer_email"] or DEFAULT_EMAIL
        if request.method != "POST":
            return 200, page.checkout_page(self.world, session, email=email), {}
        form = dict(request.pairs)
        try:
            target = self.choose(session, form.get("outcome", ""), email=form.get("email") or email)
        except Refused as refusal:
            return refusal.status, page.message("Not possible", str(refusal)), {}
        return 303, "", {"Location": target}

    def choose(self, session: Json, outcome: str, *, email: str = DEFAULT_EMAIL) -> str:
        """Press a button of the hosted page; returns where the buyer is sent."""
        own_page = f"/c/pay/{session['id']}"
        if outcome == "leave":
            return session["cancel_url"] or own_page
        if outcome not in list(Outcome):
            raise Refused(f"There is no button {outcome!r}.")
        checkout.submit(self.world, session, Outcome(outcome), email=email)
        if session["status"] != "complete":
            return own_page
        return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])

    def _challenge(self, request: Request, intent: Json) -> tuple[int, str, dict[str, str]]:
        if intent["status"] != "requires_action":
            return 410, page.message("Nothing to do", "This payment asks for nothing."), {}
        if request.method != "POST":
            return 200, page.challenge_page(), {}
        back = self.world.notes.get(f"return_url {intent['id']}") or "/"
        passed = dict(request.pairs).get("outcome") == Outcome.PAY
        attempts.authenticated(self.world, intent, passed=passed)
        return 303, "", {"Location": back}


async def _read(scope: Any, receive: Any) -> Request:
    body = b""
    more = True
    while more:
        part = await receive()
        body += part.get("body", b"")
        more = part.get("more_body", False)
    text = body.decode() if scope["method"] == "POST" else scope["query_string"].decode()
    headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
    pairs = parse_qsl(text, keep_blank_values=True)
    return Request(scope["method"], scope["path"], pairs, headers)


async def _gone(receive: Any) -> None:
    """Return when the caller has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _headers(request: Request, answer: Answer) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Request-Id": answer.request_id}
    if request.stripe_version:
        headers["Stripe-Version"] = request.stripe_version
    if request.idempotency_key:
        headers["Idempotency-Key"] = request.idempotency_key
    if answer.replayed:
        headers |= {"Idempotent-Replayed": "true", "Original-Request": answer.request_id}
    return headers


async def _send(send: Callable[[Any], Any], status: int, text: str, headers: dict[str, str]) -> None:
    body = text.encode()
    headers = {**headers, "Content-Length": str(len(body))}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
