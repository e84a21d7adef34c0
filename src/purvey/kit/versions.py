"""Two people change one thing: the second is told, and nothing of the first is lost.

A thing that is written has a `version`, which is also its ETag. Who sends the version they read, in the
body or as If-Match, is refused when it is no longer the newest; who sends neither is believed (ruling 8).
"""

from typing import Annotated, Any

import msgspec
from litestar.params import HeaderParameter

from purvey.kit.errors import Conflict, Invalid, Stale

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
    """Fields that only purvey sets may be sent back as they were read, and not otherwise."""
    wire: dict[str, Any] = dict(zip(view.__struct_fields__, view.__struct_encode_fields__, strict=True))
    for name in names:
        sent = getattr(form, name)
        if sent is not msgspec.UNSET and sent != getattr(view, name):
            raise Invalid.field(f"/{wire[name]}", "cannot be changed; leave it out", code="read_only")
