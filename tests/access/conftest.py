"""Shops that let in the agents of a registry on a real chain."""

import contextlib
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

Running = tuple[World, str, Clock]


@contextlib.asynccontextmanager
async def with_registry(
    postgres: str, chain: "Chain", folder: pytest.TempPathFactory, *, name: str, signed: str
) -> AsyncIterator[Running]:
    clock = Clock()
    settings = Settings(
        home=folder.mktemp("home"), secret_key="k" * 20 + "test-secret-key", sign_up_limit=0,
        rpc_urls={chain.network: chain.url}, siwa_registries=(chain.registry_name.lower(),),
        siwa_signed_requests=signed,
    )  # fmt: skip
    async with served(settings, dsn=await fresh_database(postgres, name), clock=clock) as (world, url):
        yield world, url, clock


@contextlib.asynccontextmanager
async def at_rest(running: Running) -> AsyncIterator[Shop]:
    world, base_url, clock = running
    clock.offset *= 0
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as http:
        yield Shop(world, base_url=base_url, clock=clock, http=http)


@pytest.fixture(scope="session")
async def running_strict(
    postgres: str, running_chains: "Chain", tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> AsyncIterator[Running]:
    name = f"siwa_strict_{worker_id}"
    async with with_registry(postgres, running_chains, tmp_path_factory, name=name, signed="required") as running:
        yield running


@pytest.fixture
async def strict(running_strict: Running, chain: "Chain") -> AsyncIterator[Shop]:
    """A shop of registered agents alone, whose every request must be signed."""
    async with at_rest(running_strict) as shop:
        yield shop


@pytest.fixture(scope="session")
async def running_registered(
    postgres: str, running_chains: "Chain", tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> AsyncIterator[Running]:
    name = f"siwa_{worker_id}"
    async with with_registry(postgres, running_chains, tmp_path_factory, name=name, signed="optional") as running:
        yield running


@pytest.fixture
async def registered(running_registered: Running, chain: "Chain") -> AsyncIterator[Shop]:
    """A shop of registered agents alone, who may send a bare receipt."""
    async with at_rest(running_registered) as shop:
        yield shop
