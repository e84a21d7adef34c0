"""An agent buys: it signs in with its wallet, finds a product, pays for it in USDC, and saves its file.

pip install "x402[evm]" httpx
SHOP=https://shop.example KEY=0x… AGENT_ID=7 AGENT_REGISTRY=eip155:8453:0x… python buy.py atlas
"""

import asyncio
import os
import sys
from pathlib import Path

import httpx
from eth_account import Account
from eth_account.messages import encode_defunct
from x402 import x402Client
from x402.http.clients import wrapHttpxWithPayment
from x402.mechanisms.evm.exact import register_exact_evm_client

SHOP, WALLET = os.environ["SHOP"], Account.from_key(os.environ["KEY"])
AGENT_ID, REGISTRY = int(os.environ["AGENT_ID"]), os.environ["AGENT_REGISTRY"]
MESSAGE = """{domain} wants you to sign in with your Agent account:
{address}


URI: {uri}
Version: 1
Agent ID: {agent_id}
Agent Registry: {registry}
Chain ID: {chainId}
Nonce: {nonce}
Issued At: {issuedAt}
Expiration Time: {expirationTime}"""


async def signed_in(http: httpx.AsyncClient) -> str:
    who = {"address": WALLET.address, "agentId": AGENT_ID, "agentRegistry": REGISTRY}
    asked = (await http.post("/siwa/nonce", json=who)).raise_for_status().json()
    message = MESSAGE.format(address=WALLET.address, agent_id=AGENT_ID, registry=REGISTRY, **asked)
    signature = WALLET.sign_message(encode_defunct(text=message)).signature.to_0x_hex()
    told = await http.post("/siwa/verify", json={"message": message, "signature": signature})
    return str(told.raise_for_status().json()["receipt"])


async def main(words: str) -> None:
    payer = x402Client()
    register_exact_evm_client(payer, WALLET)
    async with wrapHttpxWithPayment(payer, base_url=SHOP, timeout=60) as http:
        receipt = {"X-SIWA-Receipt": await signed_in(http)}
        found = (await http.get("/api/products/public", params={"q": words, "limit": 1})).raise_for_status().json()
        product = found["data"][0]
        buyer = {"buyer_name": "An example agent", "buyer_wallet_address": WALLET.address}
        paid = await http.post(f"/api/products/{product['id']}/buy", json=buyer, headers=receipt)
        purchase = paid.raise_for_status().json()["purchase"]
        file = await http.get(f"/api/purchases/{purchase['id']}/download", headers=receipt, follow_redirects=True)
        Path(f"{purchase['id']}.zip").write_bytes(file.raise_for_status().content)
        print(f"{product['name']}: {purchase['amount']} USDC, {purchase['tx_hash']}, {len(file.content)} bytes")


asyncio.run(main(sys.argv[1]))
