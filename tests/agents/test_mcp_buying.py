"""An agent buys by a tool: x402 over MCP, by the published clients of both."""

from base64 import b64decode
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from mcp.client.session import ClientSession
from x402 import x402Client
from x402.mcp import x402MCPClient
from x402.mechanisms.evm.exact import register_exact_evm_client

from tests.agents.test_mcp import refused, tools_of, use
from tests.vocabulary.paying import Market, Payer, accounts_agree, signature

Json = dict[str, Any]
PRICE = 990_000
PAYMENT, RESPONSE = "x402/payment", "x402/payment-response"


class AsItCalls:
    """The official session as x402's client knows it, from before version 2: one parameter, the wire's names."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session

    async def call_tool(self, params: Json, *, read_timeout_seconds: Any) -> Any:
        said = await self.session.call_tool(params["name"], params["arguments"], meta=params.get("_meta"))
        return SimpleNamespace(**said.model_dump(mode="json", by_alias=True))


def paying(session: ClientSession, agent: Payer) -> x402MCPClient:
    payer = x402Client()
    register_exact_evm_client(payer, agent.wallet)
    return x402MCPClient(AsItCalls(session), payer)


def signs(agent: Payer, needed: Json) -> Json:
    """The payment that a client would put beside its arguments."""
    offer = needed["accepts"][0] | {"resource": needed["resource"]}
    payment: Json = msgspec.json.decode(b64decode(signature(agent.wallet, offer)["PAYMENT-SIGNATURE"]))
    return payment


@pytest.mark.feature("B18", "B7")
async def test_the_published_clients_buy_and_the_money_is_the_creators(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    product = await ana.sells("Atlas", price=PRICE, thankYouMessage="Thanks!")
    await agent.signs_in()
    assert agent.agent is not None
    async with tools_of(market, {"X-SIWA-Receipt": agent.agent.receipt}) as session:
        quoted = await use(session, "quote", product_id=product["id"])
        assert (quoted["amount"], quoted["currency"]) == (0.99, "USDC")
        before = await agent.has()
        bought = await paying(session, agent).call_tool("buy_product", {"product_id": product["id"]})
        assert not bought.is_error, bought.content
        assert bought.payment_made
        assert bought.payment_response is not None and bought.payment_response.success
        assert before - await agent.has() == PRICE == await market.earned(ana)
        mine = await use(session, "my_purchases")
        (purchase,) = mine["purchases"]
        assert purchase["tx_hash"] == bought.payment_response.transaction
        assert purchase["status"] == "confirmed"
    await accounts_agree(market, ana)


@pytest.mark.feature("B18", "B10")
async def test_a_quote_tells_price_code_tax_and_all_that_is_paid(market: Market) -> None:
    ana = await market.creator("ana")
    assert ana.site is not None
    await market.db.do("update tenants set tax_rate_bps = 2000 where id = $1::text::uuid", ana.site["tenantId"])
    code = {"code": "SAVE", "discountType": "PERCENTAGE", "value": 10}
    assert (await ana.post(f"/v1/sites/{ana.site['id']}/discount-codes", code)).status_code == 201
    product = await ana.sells("Atlas", price=10_000_000)
    async with tools_of(market) as session:
        said = await use(session, "quote", product_id=product["id"], discount_code="save")
        told = [said[name] for name in ("price", "discount_amount", "tax_amount", "amount")]
        assert told == [10, 1, 1.8, 10.8]
        asked = await session.call_tool("buy_product", {"product_id": product["id"], "discount_code": "save"})
        assert "10.80 USDC" in str(asked.content) and "10800000" in str(asked.content)


@pytest.mark.feature("B8")
async def test_what_cannot_be_sold_is_refused_before_any_money(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    gone = await ana.sells("Gone", price=PRICE, isLimited=True, totalQuantity=0)
    later = await ana.sells("Later", price=PRICE, availableFrom="2090-01-01T00:00:00Z")
    async with tools_of(market) as session:
        assert (await refused(session, "buy_product", product_id=gone["id"]))["error"] == "This product is sold out"
        said = await refused(session, "quote", product_id=later["id"])
        assert said["error"] == "Product is not available yet"
        said = await refused(session, "buy_product", product_id=gone["id"], tip_amount=-1)
        assert "/tip_amount" in str(said)
        unread = await session.call_tool("buy_product", {"product_id": later["id"]}, meta={PAYMENT: {"x402Version": 3}})
        assert unread.is_error and "x402Version" in str(unread.content)
    assert await agent.has() == 100_000_000


@pytest.mark.feature("B8")
async def test_one_payment_shown_often_and_elsewhere_buys_once(market: Market) -> None:
    ana, agent = await market.creator("ana"), await market.buyer()
    product = await ana.sells("Atlas", price=PRICE)
    other = await ana.sells("Other", price=PRICE)
    await agent.signs_in()
    assert agent.agent is not None
    arguments = {"product_id": product["id"], "buyer_wallet_address": agent.address}
    async with tools_of(market, {"X-SIWA-Receipt": agent.agent.receipt}) as session:
        asked = await session.call_tool("buy_product", arguments)
        assert asked.is_error
        needed = asked.structured_content
        assert needed["x402Version"] == 2
        payment = signs(agent, needed)
        first = await session.call_tool("buy_product", arguments, meta={PAYMENT: payment})
        again = await session.call_tool("buy_product", arguments, meta={PAYMENT: payment})
        assert first.structured_content == again.structured_content
        assert first.meta[RESPONSE]["success"] is again.meta[RESPONSE]["success"] is True
        elsewhere = await session.call_tool(
            "buy_product", {**arguments, "product_id": other["id"]}, meta={PAYMENT: payment}
        )
        assert elsewhere.structured_content["error"] == "Duplicate transaction"
    async with tools_of(market) as session:  # a signature alone is public
        stranger = await session.call_tool("buy_product", arguments, meta={PAYMENT: payment})
        assert stranger.structured_content["error"] == "Duplicate transaction"
        assert "thank_you_message" not in stranger.structured_content
    assert await market.earned(ana) == PRICE
    await accounts_agree(market, ana)
