"""A request's way through the API: who asks, what, was it asked before, what is the answer."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from .errors import Refused, Unmodelled
from .expand import expanded
from .faults import Trouble
from .idempotency import Answer, Fingerprint, Ledger
from .operations import Call, Operation
from .params import checked, flat_names, nested
from .resources import OPERATIONS
from .spec import Json, template_pattern
from .world import Cause, World

Wait = Callable[[], Awaitable[None]]


@dataclass
class Request:
    """What arrived, kept in the fake's log; `status` is None while it has no answer."""

    method: str
    path: str
    pairs: list[tuple[str, str]]
    headers: dict[str, str]
    params: Json = field(default_factory=dict)
    status: int | None = None

    @property
    def idempotency_key(self) -> str | None:
        return self.headers.get("idempotency-key")

    @property
    def stripe_version(self) -> str | None:
        return self.headers.get("stripe-version")


class Api:
    """Stripe's `/v1` over one world. `violations` holds what Stripe would not have said."""

    def __init__(self, world: World, key: str) -> None:
        self.world = world
        self.key = key
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self._ledger = Ledger(world.now)
        self._operations = [(template_pattern(each.template), each) for each in OPERATIONS]

    async def answer(self, request: Request, trouble: Trouble | None, hang: Wait) -> Answer | None:
        """The answer, or None when the wire is to be cut instead."""
        self.requests.append(request)
        cause = Cause(f"req_{self.world.token(14)}", request.idempotency_key)
        try:
            request.params = nested(request.pairs)
            if isinstance(trouble, int):
                raise _ordered(trouble)
            if trouble == "drop":
                return None
            self._authenticate(request)
            operation, call = self._understand(request)
            replay = self._claim(request)
        except Refused as refusal:
            return self._refusal(request, refusal, cause)
        if replay:
            return replay
        if trouble == "timeout":
            await hang()
            self._forget(request)
            return None
        answer = self._run(request, operation, call, cause)
        return None if trouble == "drop_after_effect" else answer

    def _run(self, request: Request, operation: Operation, call: Call, cause: Cause) -> Answer:
        """Do it in one breath, check what came of it, and remember the answer under its key."""
        self.world.cause = cause
        try:
            body = operation.act(self.world, call)
            body = expanded(self.world, body, call.params.get("expand", []))
            self._check_answer(operation, body)
            answer = Answer(200, body, cause.request_id or "")
        except Refused as refusal:
            answer = self._refusal(request, refusal, cause)
            if refusal.is_about_parameters or refusal.status >= 500:
                self._forget(request)
                return answer
        except Exception as bug:
            self._forget(request)
            self.violations.append(f"{request.method} {request.path}: {bug!r}")
            raise
        finally:
            self.world.cause = Cause()
        if request.method == "POST" and request.idempotency_key is not None:
            self._ledger.keep(request.idempotency_key, answer)
        return answer

    def _authenticate(self, request: Request) -> None:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            credentials = base64.b64decode(credentials).decode().partition(":")[0]
        if not credentials:
            raise Refused(
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY').",
                status=401,
            )
        if credentials != self.key:
            hidden = f"{credentials[:8]}{'*' * max(len(credentials) - 12, 0)}{credentials[-4:]}"
            raise Refused(f"Invalid API Key provided: {hidden}", status=401)
        if request.stripe_version not in (None, self.world.spec.version):
            raise Unmodelled(f"Stripe-Version {request.stripe_version}")

    def _understand(self, request: Request) -> tuple[Operation, Call]:
        operation, ids = self._route(request)
        schema = self.world.spec.parameters(operation.method, operation.template)
        given = dict(request.params)
        cleared = {name: "" for name in operation.unsets.split() if given.get(name) == ""}
        _refuse_empty({name: each for name, each in given.items() if name not in cleared}, schema)
        params = checked({k: v for k, v in given.items() if k not in cleared}, schema) | cleared
        unmodelled = operation.unmodelled(set(flat_names(params)))
        if unmodelled:
            raise Unmodelled(f"{', '.join(sorted(unmodelled))} of {operation.template}")
        return operation, Call(request.path, ids, params)

    def _route(self, request: Request) -> tuple[Operation, dict[str, str]]:
        # A path without braces goes before one whose id could swallow it.
        fits = [
            (operation, match.groupdict())
            for pattern, operation in self._operations
            if operation.method == request.method and (match := pattern.fullmatch(request.path))
        ]
        if fits:
            return min(fits, key=lambda fit: len(fit[1]))
        if self.world.spec.template_of(request.method, request.path):
            raise Unmodelled(f"{request.method} {request.path}")
        raise Refused(
            f"Unrecognized request URL ({request.method}: {request.path}). Please see "
            "https://stripe.com/docs or we can help at https://support.stripe.com/.",
            status=404,
        )

    def _claim(self, request: Request) -> Answer | None:
        key = request.idempotency_key
        if request.method != "POST" or key is None:
            return None
        kept = self._ledger.claim(key, Fingerprint(request.path, tuple(sorted(request.pairs))))
        return kept and Answer(kept.status, kept.body, kept.request_id, replayed=True)

    def _forget(self, request: Request) -> None:
        if request.method == "POST" and request.idempotency_key is not None:
            self._ledger.forget(request.idempotency_key)

    def _check_answer(self, operation: Operation, body: Json) -> None:
        complaints = self.world.spec.complaints(operation.method, operation.template, body)
        if complaints:
            found = f"{operation.method} {operation.template}: {'; '.join(complaints)}"
            self.violations.append(found)
            raise Refused(f"Not an answer of Stripe's: {found}", status=500, kind="api_error")

    def _refusal(self, request: Request, refusal: Refused, cause: Cause) -> Answer:
        if isinstance(refusal, Unmodelled):
            self.violations.append(str(refusal))
        for complaint in self.world.spec.complaints_about("error", refusal.body):
            self.violations.append(f"{request.method} {request.path}, error: {complaint}")
        return Answer(refusal.status, refusal.body, cause.request_id or "")


def _ordered(status: int) -> Refused:
    """Trouble that a test asked for, before anything was begun."""
    if status == 429:
        return Refused("Too many requests made to the API too quickly", status=429, code="rate_limit")
    return Refused("An error occurred on Stripe's side.", status=status, kind="api_error")


def _refuse_empty(params: Json, schema: Json) -> None:
    for name, value in params.items():
        field_ = schema.get("properties", {}).get(name, {})
        if value == "" and field_.get("type") == "string":
            raise Refused(
                f"You passed an empty string for '{name}'. We assume empty values are an attempt "
                f"to unset a parameter; however '{name}' cannot be unset. You should remove "
                f"'{name}' from your request or supply a non-empty value.",
                code="parameter_invalid_empty",
                param=name,
            )
