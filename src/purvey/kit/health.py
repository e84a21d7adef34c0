"""What an operator's machines ask: is the process alive, may it be sent visitors, what has it counted."""

import asyncio
import hmac
import os
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY

from purvey.kit.db import AGAIN_AFTER_SECONDS, Database
from purvey.kit.errors import NotAllowed, Unauthenticated
from purvey.kit.secret import Secret

PUBLIC: dict[str, Any] = {"public": True}
READY_SECONDS = 1.5


class Health(msgspec.Struct):
    status: str


@get("/healthz", opt=PUBLIC, include_in_schema=False)
async def healthz() -> Health:
    """The process answers."""
    return Health("ok")


@get("/readyz", opt=PUBLIC, include_in_schema=False)
async def readyz(db: NamedDependency[Database]) -> Response[Health]:
    """The database answers too; 503 when it does not in good time, whatever is locked, full or frozen."""
    asking = asyncio.create_task(db.value("select 1"))
    await asyncio.wait([asking], timeout=READY_SECONDS)
    if asking.done() and not asking.exception():
        return Response(Health("ok"))
    asking.add_done_callback(lambda task: task.cancelled() or task.exception())
    asking.cancel()  # and not waited for: that may take as long as the answer
    retry = {"Retry-After": str(AGAIN_AFTER_SECONDS)}
    return Response(Health("the database does not answer"), status_code=503, headers=retry)


@get("/metrics", opt=PUBLIC, include_in_schema=False, media_type=MediaType.TEXT)
async def metrics(request: Request[Any, Any, Any], metrics_token: NamedDependency[Secret | None]) -> Response[bytes]:
    """Prometheus counts, of every process, for who has the token: behind a proxy every address looks like its own."""
    if metrics_token is None:
        raise NotAllowed("Set PURVEY_METRICS_TOKEN, and scrape with it as `Authorization: Bearer …`")
    sent = request.headers.get("authorization", "")
    if not hmac.compare_digest(sent.encode(), f"Bearer {metrics_token.reveal()}".encode()):
        raise Unauthenticated("Send PURVEY_METRICS_TOKEN as `Authorization: Bearer …`")
    return Response(generate_latest(registry()), media_type=CONTENT_TYPE_LATEST)


def registry() -> CollectorRegistry:
    """This process's counts, or those of all that serve one port together."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


doors = [healthz, readyz, metrics]
