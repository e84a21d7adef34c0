"""Whoever saw money move on the chain gets nothing for having seen it."""

import json
import time
from base64 import b64decode

import pytest

from tests.vocabulary.chain import ETHER
from tests.vocabulary.paying import USDC, Market, packed


@pytest.mark.feature("B7", "B8")
async def test_money_that_moved_elsewhere_buys_nothing_for_who_cannot_sign_for_it(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    product = await ana.sells("Atlas", price=USDC, totalQuantity=1)
    path = f"/api/products/{product['id']}/buy"
    asked = await agent.sends(path)
    paid = json.loads(b64decode(agent.signs(asked)["PAYMENT-SIGNATURE"]))
    said, seal = paid["payload"]["authorization"], paid["payload"]["signature"]
    await market.chain.send_as(
        await market.chain.wallet(ether=ETHER), market.chain.usdc,
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)", said["from"], said["to"],
        int(said["value"]), int(said["validAfter"]), int(said["validBefore"]), bytes.fromhex(said["nonce"][2:]),
        bytes.fromhex(seal[2:]),
    )  # fmt: skip
    longer = said | {"validBefore": str(int(time.time()) + 900)}
    for authorization, signature in ((longer, seal), (said, "0x" + "11" * 65)):
        forged = paid | {"payload": {"authorization": authorization, "signature": signature}}
        refused = await market.http.post(path, headers={"PAYMENT-SIGNATURE": packed(forged)})
        assert refused.status_code == 402, refused.text
        assert refused.json()["code"] == "invalid_exact_evm_payload_signature"
    assert await market.db.value("select count(*) from purchases where site_id = $1", ana.site["id"]) == 0
    await agent.signs_in()
    bought = await agent.sends(path, None, **{"PAYMENT-SIGNATURE": packed(paid)})
    assert bought.status_code == 200, "its payer was overtaken, and has what was paid for"


@pytest.mark.feature("B7")
async def test_what_is_nested_too_deeply_is_refused_where_a_body_may_be_left_out(market: Market) -> None:
    ana = await market.creator("ana")
    product = await ana.sells("Atlas", price=USDC)
    deep = b'{"buyer_name":"\\u0000","more":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = await market.http.post(f"/api/products/{product['id']}/buy", content=deep)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
