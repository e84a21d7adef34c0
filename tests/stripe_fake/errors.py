"""Stripe's errors: the words, codes and statuses that its clients see."""

from .spec import Json

DOCS = "https://stripe.com/docs/error-codes/"


class Refused(Exception):
    """Stripe says no. `body` is the answer, `status` its HTTP status."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **more: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        doc_url = DOCS + code.replace("_", "-") if code else None
        optional = {"code": code, "doc_url": doc_url, "param": param, **more}
        given = {name: value for name, value in optional.items() if value is not None}
        self.body: Json = {"error": {"message": message, "type": kind, **given}}

    @property
    def is_about_parameters(self) -> bool:
        """Refused before anything began, so an idempotency key does not remember it."""
        return (self.code or "").startswith("parameter_")


class Unmodelled(Refused):
    """Stripe could, this fake cannot: said loudly, so that no test leans on it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The fake does not model {what}", status=501, kind="api_error")


def unknown_parameter(param: str) -> Refused:
    return Refused(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def missing_parameter(param: str) -> Refused:
    return Refused(f"Missing required param: {param}.", code="parameter_missing", param=param)


def no_such(kind: str, id: str, *, param: str = "id", status: int = 404) -> Refused:
    """A 404 for the id in the path, a 400 for one named by a parameter."""
    noun = kind.replace(".", " ")
    return Refused(f"No such {noun}: '{id}'", status=status, code="resource_missing", param=param)


def declined(message: str, *, code: str, decline_code: str | None, intent: Json) -> Refused:
    """A card error: 402, with the intent as it now stands."""
    return Refused(
        message,
        status=402,
        kind="card_error",
        code=code,
        decline_code=decline_code,
        charge=intent["latest_charge"],
        payment_intent=intent,
    )
