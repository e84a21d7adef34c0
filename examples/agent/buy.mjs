// An agent buys: it signs in with its wallet, finds a product, pays for it in USDC, and saves its file.
//
//   npm install @buildersgarden/siwa @x402/fetch @x402/evm viem
//   SHOP=https://shop.example KEY=0x… AGENT_ID=7 AGENT_REGISTRY=eip155:8453:0x… node buy.mjs atlas
import { writeFile } from 'node:fs/promises';
import { signSIWAMessage } from '@buildersgarden/siwa/siwa';
import { ExactEvmScheme } from '@x402/evm';
import { wrapFetchWithPaymentFromConfig } from '@x402/fetch';
import { privateKeyToAccount } from 'viem/accounts';

const { SHOP, KEY, AGENT_ID, AGENT_REGISTRY: agentRegistry } = process.env;
const wallet = privateKeyToAccount(KEY);
const agentId = Number(AGENT_ID);
const payingFetch = wrapFetchWithPaymentFromConfig(fetch, {
  schemes: [{ network: 'eip155:*', client: new ExactEvmScheme(wallet) }],
});

async function answered(response) {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response;
}

async function post(path, body, { pay = false, headers = {} } = {}) {
  const request = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
  return (await answered(await (pay ? payingFetch : fetch)(SHOP + path, request))).json();
}

async function signedIn() {
  const asked = await post('/siwa/nonce', { address: wallet.address, agentId, agentRegistry });
  const { domain, uri, chainId, nonce, issuedAt, expirationTime } = asked;
  const { message, signature } = await signSIWAMessage(
    { domain, uri, chainId, nonce, issuedAt, expirationTime, agentId, agentRegistry },
    { getAddress: async () => wallet.address, signMessage: (text) => wallet.signMessage({ message: text }) },
  );
  return (await post('/siwa/verify', { message, signature })).receipt;
}

const headers = { 'X-SIWA-Receipt': await signedIn() };
const search = new URLSearchParams({ q: process.argv[2], limit: 1 });
const { data } = await (await answered(await fetch(`${SHOP}/api/products/public?${search}`))).json();
const [product] = data;
const buyer = { buyer_name: 'An example agent', buyer_wallet_address: wallet.address };
const { purchase } = await post(`/api/products/${product.id}/buy`, buyer, { pay: true, headers });
const file = await answered(await fetch(`${SHOP}/api/purchases/${purchase.id}/download`, { headers }));
const bytes = Buffer.from(await file.arrayBuffer());
await writeFile(`${purchase.id}.zip`, bytes);
console.log(`${product.name}: ${purchase.amount} USDC, ${purchase.tx_hash}, ${bytes.length} bytes`);
