"""One call of a tool, and what a tool may answer."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar.connection import ASGIConnection
from msgspec import Meta

from purvey.access import Identity, network_of
from purvey.access.guards import visit_of
from purvey.kit import ids
from purvey.kit.errors import Unauthenticated
from purvey.world import World

Id = Annotated[ids.Id, Meta(description="As the other tools give it")]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The world it is made in, who makes it and from where, and what came beside the arguments."""

    world: World
    visitor: Identity | None
    network: str
    meta: Mapping[str, Any]

    @classmethod
    def of(cls, scope: Any, meta: Mapping[str, Any]) -> "Call":
        return cls(
            world=scope["litestar_app"].state.world,
            visitor=scope["state"].get("identity"),
            network=network_of(visit_of(ASGIConnection(scope)).address),
            meta=meta,
        )

    @property
    def me(self) -> Identity:
        """Who calls; Unauthenticated when nobody said."""
        if self.visitor is None:
            raise Unauthenticated("This tool needs the header X-SIWA-Receipt of the wallet that bought")
        return self.visitor

    @property
    def asker(self) -> str:
        """Who is slowed down for guessing."""
        return str(self.visitor.user_id) if self.visitor else self.network


class Answer(msgspec.Struct, frozen=True):
    """More than a value: what goes beside it, or that it is none."""

    value: Any
    is_error: bool = False
    meta: Mapping[str, Any] = {}
