"""`expand[]`: ids in an answer opened into the objects they name."""

import copy

from .errors import Refused
from .resources.charges import refunds_of
from .resources.sessions import lines_of
from .spec import Json
from .world import World

MAX_DEPTH = 4
INCLUDED = {("checkout.session", "line_items"): lines_of, ("charge", "refunds"): refunds_of}


def expanded(world: World, answer: Json, paths: list[str]) -> Json:
    """A copy of the answer with every path opened."""
    answer = copy.deepcopy(answer)
    for path in paths:
        steps = path.split(".")
        if len(steps) > MAX_DEPTH:
            raise Refused(f"You cannot expand more than {MAX_DEPTH} levels of a property.")
        _open(world, answer, steps, path)
    return answer


def _open(world: World, node: object, steps: list[str], path: str) -> None:
    if isinstance(node, list):
        for each in node:
            _open(world, each, steps, path)
    if not isinstance(node, dict) or not steps:
        return
    name, *rest = steps
    _check(world, node, name, path)
    include = INCLUDED.get((node.get("object", ""), name))
    if include:
        node[name] = include(world, node)
    inner = node.get(name)
    if isinstance(inner, str) and (thing := world.find(inner)):
        inner = node[name] = copy.deepcopy(thing)
    _open(world, inner, rest, path)


def _check(world: World, node: Json, name: str, path: str) -> None:
    kind = node.get("object")
    known = {"data"} if kind == "list" else world.spec.expandable(kind) if kind else set(node)
    if name not in known:
        raise Refused(f"This property cannot be expanded ({path}).", param="expand")
