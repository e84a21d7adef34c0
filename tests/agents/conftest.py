"""A shop that takes USDC on a real chain, shared by the stories of agents that pay."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx
import pytest

from purvey.settings import Settings
from purvey.world import World
from tests.conftest import fresh_database, served
from tests.vocabulary.chain import ETHER, Chain
from tests.vocabulary.paying import Market
from tests.vocabulary.shop import Clock


class Open(NamedTuple):
    world: World
    base_url: str
    clock: Clock
    platform: str


@pytest.fixture(scope="session")
async def open_market(
    postgres: str, running_chains: Chain, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> AsyncIterator[Open]:
    clock, dsn = Clock(), await fresh_database(postgres, f"market_{worker_id}")
    key, platform = await running_chains.wallet(ether=ETHER), await running_chains.wallet()
    settings = Settings(
        home=tmp_path_factory.mktemp("home"), secret_key="k" * 20 + "test-secret-key", test_bank=True, sign_up_limit=0,
        siwa_plain_wallets=True, siwa_registries=(running_chains.registry_name.lower(),),
        rpc_urls={running_chains.network: running_chains.url},
        x402_networks=(running_chains.network,), x402_facilitator_key="0x" + bytes(key.key).hex(),
        x402_platform_wallet=platform.address,
    )  # fmt: skip
    async with served(settings, dsn=dsn, clock=clock) as (world, base_url):
        yield Open(world, base_url, clock, platform.address)


@pytest.fixture
async def market(open_market: Open, chain: Chain) -> AsyncIterator[Market]:
    """The market, whose clock is right when the story begins."""
    world, base_url, clock, platform = open_market
    clock.offset *= 0
    async with httpx.AsyncClient(base_url=base_url, timeout=60, limits=httpx.Limits(max_connections=200)) as http:
        yield Market(world, base_url=base_url, clock=clock, http=http, chain=chain, platform=platform)
