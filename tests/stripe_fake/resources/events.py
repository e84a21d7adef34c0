"""Events: what happened, newest first."""

from fnmatch import fnmatch

from ..errors import Refused
from ..operations import LIST_PARAMETERS, Call, Operation, retrieve
from ..spec import Json
from ..world import World


def list_(world: World, call: Call) -> Json:
    wanted = call.params.get("types") or [call.params.get("type", "*")]
    if "type" in call.params and "types" in call.params:
        raise Refused("You may only specify one of these parameters: type, types.")
    events = (event for event in world.every("event") if any(fnmatch(event["type"], pattern) for pattern in wanted))
    return world.page(call.path, events, call.params)


OPERATIONS = (
    Operation("GET", "/v1/events", list_, f"{LIST_PARAMETERS} type types"),
    retrieve("/v1/events/{id}", "event", "id"),
)
