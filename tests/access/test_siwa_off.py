"""Agents are let in when the shop says so: until then nothing of theirs is loaded, and what they send is refused."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import purvey
from purvey.access.siwa.model import authority_of
from purvey.kit.secret import Secret
from purvey.settings import Settings, SettingsError, read_settings
from tests.conftest import fresh_database, served
from tests.vocabulary.shop import Clock, Shop

REGISTRY = "eip155:8453:0x8004A169FB4a3325136EB29fA0ceB6D2e539a432"
OURS = {"eth_account", "eth_keys", "eth_utils", "eth_abi", "web3", "x402", "mcp", "pydantic"}


@pytest.mark.feature("B5")
def test_a_shop_without_agents_has_loaded_nothing_that_only_agents_need() -> None:
    look = f"import sys, purvey.app, purvey.worker, purvey.cli; print({OURS!r} & set(sys.modules))"
    source = Path(purvey.__file__).parents[1]
    seen = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(source)}
    )
    assert seen.stdout.strip() == "set()"


@pytest.mark.feature("B5")
async def test_a_shop_without_agents_has_no_doors_for_them(postgres: str, tmp_path: Path, worker_id: str) -> None:
    settings, clock = Settings(home=tmp_path, secret_key="k" * 20 + "test-secret-key", sign_up_limit=0), Clock()
    dsn = await fresh_database(postgres, f"siwa_off_{worker_id}")
    async with served(settings, dsn=dsn, clock=clock) as (world, url), httpx.AsyncClient(base_url=url) as http:
        shop = Shop(world, base_url=url, clock=clock, http=http)
        ana = await shop.person("ana")
        address = "0x" + "1" * 40
        assert (await http.post("/siwa/nonce", json={"address": address})).status_code == 404
        answer = await http.get("/api/products", headers={"X-SIWA-Receipt": "a.b"})
        assert (answer.status_code, answer.json()["code"]) == (401, "siwa_off")
        answer = await ana.post("/v1/me/wallets/nonce", {"address": address})
        assert (answer.status_code, answer.json()["code"]) == (409, "siwa_off")
        page = await http.get("/account/wallets", headers={"Cookie": f"purvey_session={ana.token}"})
        assert page.status_code == 200 and "Link a wallet" not in page.text


def given(tmp_path: Path, **values: str) -> Settings:
    return read_settings({"PURVEY_HOME": str(tmp_path)} | {f"PURVEY_{k}": v for k, v in values.items()}, demo=True)


def test_a_registry_needs_its_chains_address(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PURVEY_RPC_URLS=eip155:8453=https://"):
        given(tmp_path, SIWA_REGISTRIES=REGISTRY)
    read = given(tmp_path, SIWA_REGISTRIES=f" {REGISTRY} ", RPC_URLS="eip155:8453=https://rpc.example/key")
    assert read.siwa_registries == (REGISTRY.lower(),)
    assert read.rpc_urls == {"eip155:8453": Secret("https://rpc.example/key")}


@pytest.mark.parametrize(
    "values",
    [
        {"SIWA_REGISTRIES": "0x8004A169FB4a3325136EB29fA0ceB6D2e539a432"},
        {"SIWA_REGISTRIES": "eip155:8453:0x80"},
        {"RPC_URLS": "https://rpc.example"},
        {"RPC_URLS": "eip155:1=ftp://rpc.example"},
        {"SIWA_SIGNED_REQUESTS": "sometimes"},
        {"SIWA_PLAIN_WALLETS": "perhaps"},
        {"SIWA_NONCE_PATH": "siwa/nonce"},
        {"SIWA_NONCE_PATH": "/siwa/{nonce}"},
        {"SIWA_NONCE_PATH": "/siwa/verify"},
    ],
)
def test_a_setting_that_cannot_be_is_refused_at_the_start(tmp_path: Path, values: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=f"PURVEY_{next(iter(values))} "):
        given(tmp_path, **values)


@pytest.mark.parametrize(
    ("base_url", "authority"),
    [
        ("https://Shop.Example", "shop.example"),
        ("https://shop.example:443", "shop.example"),
        ("http://shop.example:80", "shop.example"),
        ("https://shop.example:80", "shop.example:80"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_a_requests_authority_is_the_shops_own_without_its_schemes_port(base_url: str, authority: str) -> None:
    assert authority_of(base_url) == authority
