"""Two people change one thing: the second is told, and nothing of the first is lost.

A thing that is written has a `version`, which is also its ETag. Who sends the version they read, in the
body or as If-Match, is refused when it is no longer the newest; who sends neither is believed (ruling 8).
"""

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar.params import HeaderParameter

from purvey.kit.errors import Conflict, FieldError, Invalid, Stale

READ_ONLY = "cannot be changed here; leave it out"
VERSION_MAX = 2**31 - 1
Version = Annotated[int, msgspec.Meta(ge=1, le=VERSION_MAX)]
IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", max_length=1000, description="The ETag of the version that is changed."),
]


class StaleVersion(Conflict):
    """The body names a version that is no longer the newest."""

    code = "stale_version"


def etag(version: int) -> str:
    """A version as an entity tag (RFC 9110 §8.8.3)."""
    return f'"{version}"'


def etagged(version: int) -> dict[str, str]:
    """The header that tells a reader which version this is."""
    return {"ETag": etag(version)}


def refuse_stale(current: int, *, sent: int | msgspec.UnsetType = msgspec.UNSET, if_match: str | None = None) -> None:
    """Stale (412) for an If-Match, StaleVersion (409) for a version in the body, that is not the current one."""
    if if_match is not None and if_match.strip() != "*":
        tags = [tag.strip().removeprefix("W/") for tag in if_match.split(",")]
        if etag(current) not in tags:
            raise Stale(
                f"It was changed meanwhile; read it again: its version is {current}", extra={"version": current}
            )
    if sent is not msgspec.UNSET and sent != current:
        raise StaleVersion(
            f"It was changed meanwhile; read it again: its version is {current}", extra={"version": current}
        )


def refuse_changed(form: msgspec.Struct, view: msgspec.Struct, *names: str) -> None:
    """Fields that are not changed here may be sent back as they were read, and not otherwise; Invalid names each."""
    wire: dict[str, Any] = dict(zip(view.__struct_fields__, view.__struct_encode_fields__, strict=True))
    changed = [name for name in names if not same(getattr(form, name), getattr(view, name))]
    if changed:
        raise Invalid.fields(*(FieldError(f"/{wire[name]}", READ_ONLY, "read_only") for name in changed))


def same(sent: Any, shown: Any) -> bool:
    """Whether a value is the one that is shown, read by its type or as the JSON that it came as."""
    if isinstance(sent, Decimal):  # a number with a point, read exactly
        return bool(float(sent) == shown)
    return sent is msgspec.UNSET or sent == shown or msgspec.to_builtins(sent) == msgspec.to_builtins(shown)
