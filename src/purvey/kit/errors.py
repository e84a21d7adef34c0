"""The ways a request can be turned down. Only the edge (`kit.problems`) knows what they are in HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field. `pointer` is a JSON pointer into the body (RFC 6901)."""

    pointer: str
    detail: str
    code: str = "invalid"


class Refusal(Exception):
    """An expected no: it has a stable `code`, a sentence that says the way out, and is never logged as an error.

    `detail` is for people; `extra` are further members of the problem body; `retry_after_seconds`
    becomes a Retry-After header.
    """

    code: ClassVar[str] = "conflict"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, Any] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = code or self.code
        self.errors = tuple(errors)
        self.extra = dict(extra or {})
        self.retry_after_seconds = retry_after_seconds


class Unauthenticated(Refusal):
    """Nobody knows who is asking."""

    code = "unauthenticated"


class NotAllowed(Refusal):
    """This person may not do that."""

    code = "forbidden"


class NotFound(Refusal):
    """There is no such thing, or none that this person may know of."""

    code = "not_found"


class Malformed(Refusal):
    """The body is not what its Content-Type says, or ends early."""

    code = "malformed"


class Invalid(Refusal):
    """What was asked cannot be understood or is out of range."""

    code = "invalid"

    @classmethod
    def field(cls, pointer: str, detail: str, *, code: str = "invalid") -> "Invalid":
        """A refusal that names one field, such as `/price`."""
        return cls(detail, errors=[FieldError(pointer, detail, code)])


class Conflict(Refusal):
    """The thing is not in a state where this can be done."""


class Stale(Refusal):
    """An If-Match names a version that is no longer the newest."""

    code = "precondition_failed"


class TooLarge(Refusal):
    """More bytes than this door takes."""

    code = "too_large"


class HeadTooLarge(Refusal):
    """More before the body than any door takes."""

    code = "head_too_large"


class TooSlow(Refusal):
    """The request did not come whole in time."""

    code = "request_timeout"


class TooMany(Refusal):
    """More requests than a limit allows."""

    code = "rate_limited"


class Unavailable(Refusal):
    """Something outside did not answer; trying again later is safe."""

    code = "unavailable"
