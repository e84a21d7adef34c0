"""The web application: every door, wired to one world. Nothing is wired elsewhere but in `worker.py`."""

from typing import Any

from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.openapi import OpenAPIConfig

from purvey import __version__
from purvey.access import guards
from purvey.access.http import doors as access_doors
from purvey.analytics.http import doors as analytics_doors
from purvey.catalog.http import doors as catalog_doors
from purvey.catalog.uploads_http import doors as upload_doors
from purvey.catalog.uploads_http import public_doors as image_doors
from purvey.content.http import doors as content_doors
from purvey.discounts.http import doors as discount_doors
from purvey.downloads.http import doors as download_doors
from purvey.kit import health, idempotency, openapi
from purvey.kit.asgi import ASGIApp
from purvey.kit.bodies import StrictRequest
from purvey.kit.edge import edge
from purvey.kit.pages import PAGING
from purvey.payments.http import doors as payment_doors
from purvey.payments.testbank.http import doors as bank_doors
from purvey.purchases.http import doors as purchase_doors
from purvey.reading.http import doors as reading_doors
from purvey.support.http import doors as support_doors
from purvey.tenants.http import doors as tenant_doors
from purvey.web import APP_HANDLERS, pages
from purvey.world import World

BODY_LIMIT_BYTES = 1_000_000
After = NamedDependency[Any]


def build(world: World) -> ASGIApp:
    """The application of one world, as uvicorn serves it."""
    return edge(litestar(world))


def litestar(world: World) -> Litestar:
    """The framework's own application, for what looks at its routes."""
    v1 = Router(
        "/v1",
        route_handlers=[
            *access_doors,
            *tenant_doors,
            *catalog_doors,
            *upload_doors,
            *content_doors,
            *discount_doors,
            *purchase_doors,
            *payment_doors,
            *download_doors,
            *reading_doors,
            *support_doors,
            *analytics_doors,
        ],
        middleware=[idempotency.middleware(world.db, owner_of=guards.owner_of, now=world.clock)],
    )
    return Litestar(
        [v1, *image_doors, *health.doors, *pages(world), *(bank_doors if world.settings.test_bank else [])],
        dependencies=dependencies(world),
        exception_handlers=APP_HANDLERS,
        request_class=StrictRequest,
        request_max_body_size=BODY_LIMIT_BYTES,
        openapi_config=OpenAPIConfig(
            title="purvey",
            version=__version__,
            path="/schema",
            render_plugins=[openapi.Json(path="/openapi.json"), openapi.Page(path="/")],
        ),
        state=State({"db": world.db, "clock": world.clock, "world": world}),
        debug=False,
        logging_config=None,
    )


def dependencies(world: World) -> dict[str, Any]:
    """What handlers may ask for by name.

    Each is declared to come after another, though it does not need it: what stands side by side is resolved
    by the framework in a group of tasks, which costs more than all the rest of a small request.
    """

    def db() -> Any:
        return world.db

    def now(db: After) -> Any:
        return world.clock()

    def settings(now: After) -> Any:
        return world.settings

    def storage(settings: After) -> Any:
        return world.storage

    def gateways(storage: After) -> Any:
        return world.gateways

    async def me(gateways: After, request: Request[Any, Any, Any]) -> Any:
        return await guards.me(request)

    async def visitor(gateways: After, request: Request[Any, Any, Any]) -> Any:
        return await guards.visitor(request)

    ready = {each.__name__: Provide(each, sync_to_thread=False) for each in (db, now, settings, storage, gateways)}
    return {**ready, "me": Provide(me), "visitor": Provide(visitor), **PAGING}
