"""What turns x402 on, what the doctor says of it, and that a shop without it carries none of it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from purvey.kit.errors import Refusal
from purvey.payments.x402 import health
from purvey.settings import Settings, SettingsError, read_settings
from tests.vocabulary.chain import ETHER, Chain
from tests.vocabulary.facilitator import published_facilitator

KEY = "0x" + "11" * 32
ON = {
    "PURVEY_SECRET_KEY": "a-secret-key-of-the-tests-0123456789-abcdefgh",
    "PURVEY_RPC_URLS": "eip155:84532=http://127.0.0.1:9,eip155:10=http://127.0.0.1:9",
    "PURVEY_X402_NETWORKS": "base-sepolia",
    "PURVEY_X402_FACILITATOR_KEY": KEY,
    "PURVEY_X402_PLATFORM_WALLET": "0x" + "22" * 20,
}


def test_networks_go_by_name_or_number_and_usdc_is_known_there() -> None:
    read = read_settings(ON)
    assert read.x402_networks == ("eip155:84532",)
    assert KEY not in repr(read)
    other = "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85"
    asset = {"PURVEY_X402_NETWORKS": "eip155:10", "PURVEY_X402_ASSETS": f"eip155:10={other}:USD Coin:2"}
    assert read_settings(ON | asset).x402_assets == {"eip155:10": (other, "USD Coin", "2")}


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"PURVEY_X402_NETWORKS": "mars"}, "base, base-sepolia"),
        ({"PURVEY_X402_NETWORKS": "base,base"}, "each once"),
        ({"PURVEY_X402_NETWORKS": "base"}, "PURVEY_RPC_URLS=eip155:8453="),
        ({"PURVEY_X402_NETWORKS": "eip155:10"}, "PURVEY_X402_ASSETS=eip155:10=0x"),
        ({"PURVEY_X402_ASSETS": "0x12"}, "not a list such as"),
        ({"PURVEY_X402_FACILITATOR_KEY": ""}, "PURVEY_X402_FACILITATOR_URL"),
        ({"PURVEY_X402_FACILITATOR_URL": "https://pay.example"}, "just one"),
        ({"PURVEY_X402_FACILITATOR_KEY": "0x" + "00" * 32}, "not a private key"),
        ({"PURVEY_X402_FACILITATOR_KEY": "0x" + "ff" * 32}, "not a private key"),
        ({"PURVEY_X402_CONFIRMATIONS": "0"}, "from 1 to 100"),
    ],
)
def test_a_wrong_setting_says_its_mend_and_never_a_key(change: dict[str, str], mend: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(ON | change)
    assert mend in str(refused.value)
    assert "11" * 32 not in str(refused.value) and "ff" * 32 not in str(refused.value)


def settings(chain: Chain, **given: Any) -> Settings:
    return Settings(
        home=Path("/nowhere"), secret_key="", rpc_urls={chain.network: chain.url}, x402_networks=(chain.network,),
        **{"x402_platform_wallet": "0x" + "22" * 20} | given,
    )  # fmt: skip


async def test_the_doctor_says_what_is_on(chain: Chain) -> None:
    assert (await health.about(Settings(home=Path("/nowhere"), secret_key=""))).startswith("off")
    rich = await chain.wallet(ether=ETHER)
    said = await health.about(settings(chain, x402_facilitator_key="0x" + bytes(rich.key).hex()))
    assert rich.address in said and "1.000000 ether" in said
    with published_facilitator(chain, rich) as facilitator:
        assert "over HTTP" in await health.about(settings(chain, x402_facilitator_url=facilitator.url))


@pytest.mark.parametrize(
    ("given", "mend"),
    [
        ({}, "too little for gas: send ether to 0x"),
        ({"x402_platform_wallet": None}, "PURVEY_X402_PLATFORM_WALLET"),
        ({"x402_assets": {"eip155:84532": ("0x" + "33" * 20, "USDC", "2")}}, "PURVEY_X402_ASSETS"),
        ({"x402_networks": ("eip155:8453",)}, "leads to another chain"),
        ({"x402_facilitator_key": None, "x402_facilitator_url": "http://127.0.0.1:9"}, "facilitator did not answer"),
    ],
)
async def test_the_doctor_says_the_mend(chain: Chain, given: dict[str, Any], mend: str) -> None:
    poor = await chain.wallet()
    urls = {network: chain.url for network in (chain.network, "eip155:8453")}
    own = {"rpc_urls": urls, "x402_facilitator_key": "0x" + bytes(poor.key).hex()}
    import msgspec

    read = msgspec.structs.replace(settings(chain), **own, **{k: v for k, v in given.items() if k not in own})
    read = msgspec.structs.replace(read, **given)
    with pytest.raises(Refusal) as refused:
        await health.about(read)
    assert mend in refused.value.detail


PROGRAM = """
import asyncio, sys
from pathlib import Path
from purvey.app import build
from purvey.settings import Settings
from purvey.world import open_world

async def main():
    settings = Settings(home=Path("/nowhere"), secret_key="k" * 40)
    async with open_world(settings, dsn=sys.argv[1]) as world:
        build(world)

asyncio.run(main())
heavy = {"web3", "x402", "eth_account", "eth_keys", "eth_utils", "eth_abi", "mcp"}
print(sorted(heavy & set(sys.modules)))
"""


def test_a_shop_without_it_imports_none_of_its_libraries(ledger: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, ledger], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
