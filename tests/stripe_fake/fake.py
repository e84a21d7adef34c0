"""`StripeFake`: a Stripe account on loopback, and the strings by which a test pulls at it."""

import copy
import time
from collections.abc import Callable, Sequence
from typing import Literal, Self

from . import checkout
from .api import Api, Request
from .door import DEFAULT_EMAIL, Door
from .faults import Faults, Trouble
from .resources import attempts, disputes, refunds
from .resources.sessions import expire_overdue
from .serving import serving
from .spec import Json, published
from .webhooks import Courier, Delivery, Mode
from .world import World


class StripeFake:
    """Serves while its context is open; leaving it raises if any answer was not Stripe's.

    `webhook_url`, `webhook_secret` and `webhook_mode` may be set at any time.
    """

    def __init__(
        self,
        *,
        webhook_url: str | None = None,
        webhook_secret: str = "whsec_test",
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._courier = Courier(self._now, webhook_secret, webhook_url)
        self._world = World(published(), wall_clock, self._announce, lambda: int(self.webhook_url is not None))
        self.key = f"sk_test_{self._world.token()}"
        self._api = Api(self._world, self.key)
        self._faults = Faults()
        self._door = Door(self._world, self._api, self._faults)
        self.base_url = ""

    async def __aenter__(self) -> Self:
        self._served = serving(self._door)
        self.base_url = self._world.base_url = await self._served.__aenter__()
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        await self._courier.close()
        await self._served.__aexit__(None, None, None)
        if kind is None and self.violations:
            raise AssertionError("not Stripe's words:\n" + "\n".join(self.violations))

    @property
    def version(self) -> str:
        """The one API version that the fake speaks: pin `stripe_version` to it."""
        return self._world.spec.version

    @property
    def requests(self) -> list[Request]:
        """Every API request so far, refused and lost ones too."""
        return self._api.requests

    @property
    def violations(self) -> list[str]:
        """Answers outside Stripe's schemas, and demands beyond what is modelled."""
        return self._api.violations

    @property
    def events(self) -> list[Json]:
        return [copy.deepcopy(event) for event in self._world.every("event")]

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to deliver a webhook."""
        return self._courier.deliveries

    @property
    def webhook_url(self) -> str | None:
        return self._courier.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._courier.url = url

    @property
    def webhook_secret(self) -> str:
        return self._courier.secret

    @webhook_secret.setter
    def webhook_secret(self, secret: str) -> None:
        self._courier.secret = secret

    @property
    def webhook_mode(self) -> Mode:
        return self._courier.mode

    @webhook_mode.setter
    def webhook_mode(self, mode: Mode) -> None:
        self._courier.mode = mode

    @property
    def retry_delays(self) -> Sequence[float]:
        """Seconds between the attempts to deliver one webhook."""
        return self._courier.retry_delays

    @retry_delays.setter
    def retry_delays(self, delays: Sequence[float]) -> None:
        self._courier.retry_delays = delays

    def find(self, id: str) -> Json:
        """Any object as it stands now."""
        thing = self._world.find(id)
        if thing is None:
            raise KeyError(id)
        return copy.deepcopy(thing)

    def every(self, kind: str) -> list[Json]:
        """All objects of a kind as they stand now, oldest first."""
        return [copy.deepcopy(thing) for thing in self._world.every(kind)]

    def corrupt(self, id: str, **fields: object) -> None:
        """Lay any fields over an object; the next answer that shows it is checked like all."""
        self._world.get(self.find(id)["object"], id).update(fields)

    def advance(self, seconds: float) -> None:
        """Time passes: sessions expire, idempotency keys fade, late webhooks leave."""
        self._world.skew_seconds += seconds
        expire_overdue(self._world)
        if self._courier.mode == "late":
            self._courier.release()

    def fail_next(self, where: str, trouble: Trouble, *, times: int = 1) -> None:
        """Order trouble for the next request whose path starts so (`"POST /v1/refunds"` too).

        A status, "timeout" (held without effect), "drop" (cut without effect), or
        "drop_after_effect" (done, remembered under its key, and the answer lost).
        """
        self._faults.order(where, trouble, times)

    def choose(self, session_id: str, outcome: str, *, email: str = DEFAULT_EMAIL) -> str:
        """Press a button of the hosted page without HTTP; returns where the buyer is sent."""
        session = self._world.get("checkout.session", session_id)
        return self._door.choose(session, outcome, email=email)

    def settle(self, session_id: str, result: Literal["succeeded", "failed"]) -> None:
        """The bank's word on a session that is processing."""
        session = self._world.get("checkout.session", session_id)
        checkout.settle(self._world, session, succeeded=result == "succeeded")

    def authenticate(self, payment_intent_id: str, *, passed: bool = True) -> None:
        """The buyer's answer to a 3-D Secure challenge."""
        intent = self._world.get("payment_intent", payment_intent_id)
        attempts.authenticated(self._world, intent, passed=passed)

    def hold_refunds(self, hold: bool = True) -> None:
        """New refunds stay pending until `settle_refund`."""
        self._world.refunds_wait = hold

    def settle_refund(self, refund_id: str, result: Literal["succeeded", "failed"]) -> None:
        """A refund arrives, or the bank sends it back, be it after it had arrived."""
        refund = self._world.get("refund", refund_id)
        refunds.settle(self._world, refund, succeeded=result == "succeeded")

    def dispute(self, payment_intent_id: str, *, reason: str = "fraudulent", amount: int | None = None) -> Json:
        """The buyer's bank takes the money back."""
        intent = self._world.get("payment_intent", payment_intent_id)
        charge = self._world.get("charge", intent["latest_charge"])
        opened = disputes.open_dispute(self._world, charge, reason=reason, amount=amount)
        return copy.deepcopy(opened)

    def close_dispute(self, dispute_id: str, *, won: bool) -> None:
        disputes.close(self._world, self._world.get("dispute", dispute_id), won=won)

    async def release(self) -> None:
        """Deliver the webhooks held by "late" and "never", and those given up; wait for them."""
        self._courier.release()
        await self.delivered()

    async def resend(self, event_id: str) -> None:
        """Deliver an event once more, as Stripe's dashboard can."""
        self._courier.send_again(self._world.get("event", event_id))
        await self.delivered()

    async def delivered(self) -> None:
        """Return when no webhook is on its way."""
        await self._courier.idle()

    def _now(self) -> int:
        return self._world.now()

    def _announce(self, event: Json) -> None:
        thing = event["data"]["object"]
        for name, each in (("event", event), (thing["object"], thing)):
            for complaint in self._world.spec.complaints_about(name, each):
                self.violations.append(f"event {event['type']}: {complaint}")
        self._courier.post(copy.deepcopy(event))
