"""What the paying doors share: who asks, what they show, and how money is asked for."""

from typing import Annotated, Any, Final

from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta

from purvey import fees
from purvey.access import Identity
from purvey.access.guards import PUBLIC, asking
from purvey.kit.errors import Conflict, Unauthenticated
from purvey.kit.fields import WITH_A_WORD
from purvey.kit.own_keys import OwnKey, own_key
from purvey.payments import x402
from purvey.payments.x402 import PaymentNeeded, Settlement, Shown
from purvey.purchases import Till
from purvey.world import World

OWN_KEY: Final[dict[str, Any]] = {**PUBLIC, "idempotency": "own"}
KEY: Final = b"idempotency-key"
IDENTIFIER: Final = "payment-identifier:"
OK, ACCEPTED, PAY = 200, 202, 402
RETRY_SECONDS: Final = "2"


def answer(kind: Any, description: str) -> ResponseSpec:
    """What a door may answer, for the description of the API."""
    return ResponseSpec(kind, generate_examples=False, description=description)


ASKED: Final = answer(
    dict[str, Any],
    "Pay, and ask again with the payment: version 2 of x402 reads PAYMENT-REQUIRED, version 1 this body.",
)
Word = Annotated[str, Meta(min_length=1, max_length=100, pattern=WITH_A_WORD)]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=WITH_A_WORD)]
Asked = Request[Any, Any, Any]


class NoUsdc(Conflict):
    """The settings name no network."""

    code = "usdc_not_taken"


def world_of(request: Asked) -> World:
    world: World = request.app.state.world
    return world


def till_of(world: World) -> Till:
    """What a sale is made with; NoUsdc."""
    if world.rail is None:
        raise NoUsdc("This shop takes no USDC")
    return Till(world.db, world.rail, world.gateways, fees.rates_of(world.settings))


def shown_by(request: Asked) -> Shown | None:
    """The payment that the request bears; MalformedPayment."""
    return x402.shown({name.lower(): value for name, value in request.headers.items()})


async def asker_of(request: Asked, shown: Shown | None) -> Identity | None:
    """Who has signed in. A receipt that is none is no matter yet to whoever only asks for the price."""
    try:
        return await asking(request)
    except Unauthenticated:
        if shown is not None:
            raise
        return None


async def keys_of(request: Asked, wallet: str | None, shown: Shown | None) -> tuple[OwnKey, ...]:
    """The secrets by which this request is known again: its Idempotency-Key, and its payment-identifier."""
    if wallet is None:
        return ()
    scope: Any = request.scope
    body, owner = await request.body(), f"wallet:{wallet.lower()}"
    sent = own_key(scope, body, owner=owner)
    identifier = shown.payment_identifier if shown else None
    named = own_key({**scope, "headers": [(KEY, f"{IDENTIFIER}{identifier}".encode())]}, body, owner=owner)
    return tuple(key for key in (sent, named if identifier else None) if key)


def resource_of(request: Asked) -> str:
    """The door's own address."""
    return f"{world_of(request).settings.base_url}{request.scope['path']}"


def pay_first(needed: PaymentNeeded, **more: Any) -> Response[dict[str, Any]]:
    """402, for clients of both versions and for people."""
    headers, body = x402.payment_required(needed.quotes, error=needed.detail)
    said = {"success": False, "code": needed.reason}
    faults = {"errors": needed.errors} if needed.errors else {}
    return Response(body | said | faults | more, status_code=PAY, headers=headers)


def receipt_of(settlement: Settlement | None, *, replayed: bool = False) -> dict[str, str]:
    """The headers that tell a payer what became of the payment."""
    headers = {"Cache-Control": "no-store"} if settlement is None else x402.payment_response(settlement)
    if settlement is not None and settlement.unknown:
        headers["Retry-After"] = RETRY_SECONDS
    return headers | ({"Idempotent-Replayed": "true"} if replayed else {})
