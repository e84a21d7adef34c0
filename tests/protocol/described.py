"""The API's own description, and its doors, for what walks them all."""

import json
from pathlib import Path
from typing import Any

from purvey import agents
from purvey.app import litestar
from purvey.kit.db import Database, nobody_listens
from purvey.kit.openapi import METHODS, with_refusals
from purvey.settings import Settings
from purvey.world import World, wall_clock

SETTINGS = Settings(
    home=Path("/nowhere"), secret_key="k" * 20 + "test-secret-key", test_bank=True, sign_up_limit=0,
    siwa_plain_wallets=True,
)  # fmt: skip


def described() -> dict[str, Any]:
    """The OpenAPI as it is served, from an application that was never opened."""
    closed: Any = None
    world = World(
        settings=SETTINGS,
        db=Database(closed, nobody_listens),
        clock=wall_clock,
        storage=closed,
        gateways=closed,
        reactions=[],
        sweeps=[],
    )
    schema: dict[str, Any] = json.loads(
        json.dumps(with_refusals(litestar(world).openapi_schema.to_schema(), *agents.refused(SETTINGS)))
    )
    return schema


DESCRIBED = described()
DOORS = [(path, method) for path, doors in DESCRIBED["paths"].items() for method in doors if method in METHODS]
