"""The web application: every door, wired to one world. Nothing is wired elsewhere but in `worker.py`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.routes import HTTPRoute
from litestar.routes.base import parsers_map

from purvey import __version__, agents, purchases, wiring
from purvey.access import guards, siwa
from purvey.access.http import doors as access_doors
from purvey.agents.mcp import doors as mcp_doors
from purvey.analytics.http import doors as analytics_doors
from purvey.catalog.avatars_http import doors as avatar_doors
from purvey.catalog.direct_http import doors as direct_doors
from purvey.catalog.direct_http import public_doors as upload_addresses
from purvey.catalog.http import doors as catalog_doors
from purvey.catalog.media_http import doors as image_doors
from purvey.catalog.uploads_http import doors as upload_doors
from purvey.content.http import doors as content_doors
from purvey.discounts.http import doors as discount_doors
from purvey.downloads.http import doors as download_doors
from purvey.downloads.http import link_doors
from purvey.fees.http import doors as fee_doors
from purvey.kit import absolute, health, idempotency, openapi
from purvey.kit.asgi import ASGIApp
from purvey.kit.bodies import StrictRequest
from purvey.kit.cors import cors
from purvey.kit.edge import edge
from purvey.kit.forgetful import forget
from purvey.kit.head_method import answer_head, without_body
from purvey.kit.heads import counted
from purvey.kit.ids import Id
from purvey.kit.pages import PAGING
from purvey.payments.http import doors as payment_doors
from purvey.payments.testbank.http import doors as bank_doors
from purvey.purchases.http import doors as purchase_doors
from purvey.reading.http import doors as reading_doors
from purvey.reviews.http import doors as review_doors
from purvey.support.http import doors as support_doors
from purvey.tenants.http import doors as tenant_doors
from purvey.web import APP_HANDLERS, pages
from purvey.world import World

BODY_LIMIT_BYTES = 1_000_000


def build(world: World) -> ASGIApp:
    """The application of one world, as uvicorn serves it."""
    siwa_paths = [world.settings.siwa_nonce_path, world.settings.siwa_verify_path]
    return edge(cors(without_body(litestar(world)), agents_paths=siwa_paths))


def litestar(world: World) -> Litestar:
    """The framework's own application, for what looks at its routes."""
    app = framework(world)
    forget(app)
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            in_turn(route)
    answer_head(app)
    return app


def in_turn(route: HTTPRoute) -> None:
    """Give a route's handlers what they ask for one after the other.

    The framework starts a task for each; ours are values at hand, and a task costs more than any of them.
    """
    for _, model in route.route_handler_map.values():
        model.dependency_batches = [{each} for batch in model.dependency_batches for each in batch]


def framework(world: World) -> Litestar:
    """The application as it is declared: doors, what they may ask for, and how refusals are said."""
    parsers_map[UUID] = Id  # a malformed id in a path is an unknown one: the door says what there is none of
    signatures = siwa.hearing(world.siwa, db=world.db, now=world.clock)
    keys = idempotency.middleware(world.db, owner_of=guards.owner_of, now=world.clock)
    v1 = Router(
        "/v1",
        route_handlers=[
            *access_doors,
            *tenant_doors,
            *catalog_doors,
            *upload_doors,
            *avatar_doors,
            *direct_doors,
            *content_doors,
            *discount_doors,
            *purchase_doors,
            *fee_doors,
            *payment_doors,
            *download_doors,
            *reading_doors,
            *support_doors,
            *review_doors,
            *analytics_doors,
        ],
        middleware=[signatures, keys],
        after_request=absolute.whole_in(world.settings.base_url),
    )
    api = Router(
        "/api",
        route_handlers=agents.doors,
        middleware=[signatures, keys],
        request_class=agents.ExactRequest,
    )
    return Litestar(
        [
            v1,
            api,
            *image_doors,
            *link_doors,
            *upload_addresses,
            *health.doors,
            *pages(world),
            *agents.root_doors(world.settings),
            Router("/", route_handlers=mcp_doors, middleware=[signatures]),
            *(bank_doors if world.settings.test_bank else []),
        ],
        dependencies=dependencies(world),
        exception_handlers=agents.spoken_by(APP_HANDLERS, agents.dialects(world.settings)),
        request_class=StrictRequest,
        request_max_body_size=BODY_LIMIT_BYTES,
        middleware=[counted],
        openapi_config=OpenAPIConfig(
            title="purvey",
            version=__version__,
            openapi_router=Router(
                "/schema",
                route_handlers=[],
                response_headers=openapi.HEADERS,
                after_request=openapi.nothing_else,
                include_in_schema=False,
            ),
            render_plugins=[openapi.Json(*agents.refused(world.settings)), openapi.Page(path="/")],
        ),
        plugins=[agents.Amounts(), openapi.Ids()],
        state=State({"db": world.db, "clock": world.clock, "siwa": world.siwa, "world": world}),
        debug=False,
        logging_config=None,
    )


def dependencies(world: World) -> dict[str, Any]:
    """What handlers may ask for by name."""

    def now() -> datetime:
        return world.clock()

    return {
        "db": Provide(lambda: world.db, sync_to_thread=False),
        "now": Provide(now, sync_to_thread=False),
        "settings": Provide(lambda: world.settings, sync_to_thread=False),
        "metrics_token": Provide(lambda: world.settings.metrics_token, sync_to_thread=False),
        "storage": Provide(lambda: world.storage, sync_to_thread=False),
        "gateways": Provide(lambda: world.gateways, sync_to_thread=False),
        "rail": Provide(lambda: world.rail, sync_to_thread=False),
        "count_held": Provide(lambda: purchases.count_held, sync_to_thread=False),
        "me": Provide(guards.me),
        "hand_over": Provide(wiring.hand_over, sync_to_thread=False),
        "reclaim": Provide(wiring.reclaim, sync_to_thread=False),
        "visitor": Provide(guards.visitor),
        **PAGING,
    }
