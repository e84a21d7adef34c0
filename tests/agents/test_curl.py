"""The source's own lines of curl, with nothing changed but the host, the ids and the words of the goods."""

import asyncio
import json
import shlex
from string import Template
from typing import Any

import pytest

from tests.agents.test_discounts import offers_code
from tests.vocabulary.agents import Agent
from tests.vocabulary.shop import Shop

CREATE = """
curl -X POST $HOST/api/products
  -H "Content-Type: application/json"
  -H "X-SIWA-Receipt: $RECEIPT"
  -d '{
    "name": "Fields in Winter",
    "description": "Forty drawings of fields, each as a print",
    "price": 9.99,
    "category": "digital_art",
    "is_active": true,
    "is_pay_what_you_want": false,
    "thank_you_message": "Enjoy the fields!",
    "redirect_url": "https://example.com/download",
    "use_redirect_url": false
  }'
"""
UPDATE = """
curl -X PATCH $HOST/api/products/$PRODUCT
  -H "Content-Type: application/json"
  -H "X-SIWA-Receipt: $RECEIPT"
  -d '{
    "name": "Fields in Winter and Spring",
    "price": 7.99,
    "description": "Seventy drawings now"
  }'
"""
DELETE = """
curl -X DELETE $HOST/api/products/$PRODUCT
  -H "X-SIWA-Receipt: $RECEIPT"
"""
MINE = """
curl $HOST/api/products
  -H "X-SIWA-Receipt: $RECEIPT"
"""
LIST = """curl "$HOST/api/products/public?limit=20" """
OF_CREATOR = """curl "$HOST/api/products/public?username=$CREATOR&limit=10" """
DETAIL = "curl $HOST/api/products/public/$PRODUCT"
VALIDATE = """
curl -X POST $HOST/api/discounts/validate
  -H "Content-Type: application/json"
  -d '{
    "code": "SAVE20",
    "product_id": "$PRODUCT",
    "wallet_address": "$WALLET"
  }'
"""


class Terminal:
    """Where an agent's lines are typed; what the line's `$NAMES` stand for."""

    def __init__(self, agent: Agent) -> None:
        self.names = {
            "HOST": agent.shop.base_url,
            "RECEIPT": agent.receipt,
            "CREATOR": agent.name,
            "WALLET": agent.address,
        }

    async def types(self, line: str) -> tuple[int, Any]:
        """The status and the body."""
        words = shlex.split(Template(line.replace("\n  -", " -")).substitute(self.names))
        process = await asyncio.create_subprocess_exec(
            words[0], "--silent", "--write-out", "\n%{http_code}", *words[1:], stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        body, _, status = out.decode().rpartition("\n")
        return int(status), json.loads(body)


@pytest.mark.feature("B1", "B2", "B3", "B4", "B10")
async def test_the_lines_of_a_creator_do_what_they_say(shop: Shop) -> None:
    agent = await shop.agent()
    terminal = Terminal(agent)
    status, body = await terminal.types(CREATE)
    assert (status, body["product"]["price"], body["product"]["is_active"]) == (201, 9.99, True)
    assert {"id", "name", "price", "is_active", "created_at"} <= set(body["product"])
    terminal.names["PRODUCT"] = body["product"]["id"]

    status, body = await terminal.types(DETAIL)
    fields = {"id", "name", "description", "price", "is_pay_what_you_want", "category", "image_url", "creator"}
    assert (status, body["success"]) == (200, True)
    assert fields <= set(body["data"])
    assert set(body["data"]["creator"]) == {"id", "username", "display_name", "avatar_url"}

    for line in (LIST, OF_CREATOR):
        status, body = await terminal.types(line)
        assert (status, body["success"]) == (200, True)
        assert terminal.names["PRODUCT"] in [each["id"] for each in body["data"]]

    await offers_code(agent)
    status, body = await terminal.types(VALIDATE)
    sums = [body[name] for name in ("valid", "discount_percentage", "original_price", "discounted_price")]
    assert (status, *sums, body["discount_amount"]) == (200, True, 20, 9.99, 7.99, 2.00)

    status, body = await terminal.types(UPDATE)
    assert (status, body["product"]["price"]) == (200, 7.99)
    status, body = await terminal.types(MINE)
    assert (status, [each["name"] for each in body["products"]]) == (200, ["Fields in Winter and Spring"])

    status, body = await terminal.types(DELETE)
    assert (status, body["code"]) == (401, "signature_required")  # a bare receipt deletes nothing
    answer = await agent.sends_signed("DELETE", f"/api/products/{terminal.names['PRODUCT']}")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert (await terminal.types(DETAIL))[0] == 404
