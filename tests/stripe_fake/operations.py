"""What a resource offers: an operation of Stripe's spec, and the parameters modelled here."""

from collections.abc import Callable
from dataclasses import dataclass

from .spec import Json
from .world import World

LIST_PARAMETERS = "limit starting_after ending_before created"


@dataclass(frozen=True)
class Call:
    """One checked request: the ids in its path, and its parameters in their proper types."""

    path: str
    ids: dict[str, str]
    params: Json

    def asked(self, *names: str) -> Json:
        """Those of the named parameters that were given."""
        return {name: self.params[name] for name in names if name in self.params}


@dataclass(frozen=True)
class Operation:
    """`models` names the parameters acted upon; `unsets` those that an empty value clears."""

    method: str
    template: str
    act: Callable[[World, Call], Json]
    models: str = ""
    unsets: str = ""

    def unmodelled(self, names: set[str]) -> set[str]:
        """Known to Stripe but not acted upon here: dotted names outside `models`."""
        modelled = {*self.models.split(), *self.unsets.split(), "expand"}
        return {name for name in names if not _covers(modelled, name)}


def _covers(modelled: set[str], name: str) -> bool:
    steps = name.split(".")
    return any(".".join(steps[:depth]) in modelled for depth in range(1, len(steps) + 1))


def retrieve(template: str, kind: str, key: str) -> Operation:
    """GET of one thing by the id in its path."""

    def act(world: World, call: Call) -> Json:
        return world.get(kind, call.ids[key], param=None)

    return Operation("GET", template, act)


def listing(template: str, kind: str, *filters: str) -> Operation:
    """GET of a page of things, narrowed by equality on the filters."""

    def act(world: World, call: Call) -> Json:
        return world.page(call.path, world.every(kind, **call.asked(*filters)), call.params)

    return Operation("GET", template, act, f"{LIST_PARAMETERS} {' '.join(filters)}")
