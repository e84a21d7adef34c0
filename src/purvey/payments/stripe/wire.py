"""The SDK, loaded when first needed, and its errors in the words every gateway speaks."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import structlog

from purvey.kit.secret import Secret
from purvey.payments.gateway import GatewayDown, KeyRefused

if TYPE_CHECKING:
    from stripe import HTTPXClient, StripeClient

log = structlog.get_logger("purvey.stripe")

STRIPE_VERSION = "2026-08-26.dahlia"
TIMEOUT_SECONDS = 8.0
RETRIES = 2
BUSY = 409


@cache
def sdk() -> Any:
    """The package itself: close to a second and forty megabytes, the first time."""
    import stripe

    stripe.enable_telemetry = False
    return stripe


class Wire:
    """One connection pool for every account, to one address."""

    def __init__(
        self, address: str | None, *, timeout_seconds: float = TIMEOUT_SECONDS, retries: int = RETRIES
    ) -> None:
        self.address, self.timeout_seconds, self.retries = address, timeout_seconds, retries
        self.http: HTTPXClient | None = None
        self.opening = asyncio.Lock()

    async def client(self, key: Secret) -> "StripeClient":
        """What calls Stripe in the name of one key."""
        async with self.opening:
            if self.http is None:
                self.http = await asyncio.to_thread(open_http, self.timeout_seconds)
        found: StripeClient = sdk().StripeClient(
            key.reveal(),
            stripe_version=STRIPE_VERSION,
            base_addresses={"api": self.address} if self.address else {},
            max_network_retries=self.retries,
            http_client=self.http,
        )
        return found

    async def close(self) -> None:
        if self.http is not None:
            await cast(Any, self.http).close_async()


def open_http(timeout_seconds: float) -> "HTTPXClient":
    """Off the event loop: it loads the SDK and the machine's certificates."""
    http: HTTPXClient = sdk().HTTPXClient(timeout=timeout_seconds)
    return http


@contextmanager
def asking(ending: str) -> Iterator[None]:
    """What no caller can mend becomes GatewayDown; a refusal of the request itself stays the SDK's error.

    `ending`: the last letters of the key, for the log.
    """
    stripe = sdk()
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("stripe refuses the key", key=f"…{ending}", status=error.http_status, request=error.request_id)
        raise KeyRefused("Stripe does not accept this shop's key; its owner has to give it a new one") from None
    except (stripe.InvalidRequestError, stripe.CardError):
        raise
    except stripe.IdempotencyError as error:
        if error.http_status != BUSY:
            raise
        raise GatewayDown("Stripe is still busy with the same request; try again") from None
    except stripe.StripeError as error:
        log.warning("stripe gave no answer", kind=type(error).__name__, status=error.http_status)
        raise GatewayDown("Stripe did not answer; try again, nothing is charged twice") from None


@contextmanager
def reading(ending: str) -> Iterator[None]:
    """For questions: a refusal to answer is no word on the money, so GatewayDown too."""
    with asking(ending):
        try:
            yield
        except sdk().InvalidRequestError as refusal:
            log.error("stripe refuses to tell", code=refusal.code, param=refusal.param, said=refusal.user_message)
            raise GatewayDown(f"Stripe would not say how this stands: {refusal.user_message}") from None
