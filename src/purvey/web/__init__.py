"""Pages for people: shop, account, studio, admin. They compose every slice below."""

from typing import Any

from purvey.world import World


def pages(world: World) -> list[Any]:
    """Every page."""
    return []
