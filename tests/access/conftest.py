"""A shop that lets in the agents of a registry on a real chain."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import httpx
import pytest

from purvey.settings import Settings
from purvey.world import World
from tests.conftest import fresh_database, served
from tests.vocabulary.shop import Clock, Shop

if TYPE_CHECKING:
    from tests.vocabulary.chain import Chain


@pytest.fixture(scope="session")
async def with_registry(
    postgres: str, running_chains: "Chain", tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> AsyncIterator[tuple[World, str, Clock]]:
    chain, clock = running_chains, Clock()
    settings = Settings(
        home=tmp_path_factory.mktemp("home"), secret_key="k" * 20 + "test-secret-key", sign_up_limit=0,
        rpc_urls={chain.network: chain.url}, siwa_registries=(chain.registry_name.lower(),),
        siwa_signed_requests="required",
    )  # fmt: skip
    async with served(settings, dsn=await fresh_database(postgres, f"siwa_{worker_id}"), clock=clock) as (world, url):
        yield world, url, clock


@pytest.fixture
async def strict(with_registry: tuple[World, str, Clock], chain: "Chain") -> AsyncIterator[Shop]:
    """A shop of registered agents alone, whose every request must be signed."""
    world, base_url, clock = with_registry
    clock.offset *= 0
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as http:
        yield Shop(world, base_url=base_url, clock=clock, http=http)
