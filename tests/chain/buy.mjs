// The source's own example, its fetch made the x402 one: by @x402/fetch (v2) or x402-fetch (v1).
import { privateKeyToAccount } from 'viem/accounts';

const { SHOP, KEY, PRODUCT, PRICE, VERSION } = process.env;
const account = privateKeyToAccount(KEY);
const myWalletAddress = account.address;

async function payingFetch() {
  if (VERSION === '2') {
    const { wrapFetchWithPaymentFromConfig } = await import('@x402/fetch');
    const { ExactEvmScheme } = await import('@x402/evm');
    return wrapFetchWithPaymentFromConfig(fetch, {
      schemes: [{ network: 'eip155:*', client: new ExactEvmScheme(account) }],
    });
  }
  const { wrapFetchWithPayment } = await import('x402-fetch');
  const { createWalletClient, http, publicActions } = await import('viem');
  const { baseSepolia } = await import('viem/chains');
  const wallet = createWalletClient({ account, chain: baseSepolia, transport: http('http://127.0.0.1:1') });
  return wrapFetchWithPayment(fetch, wallet.extend(publicActions), BigInt(10) ** BigInt(8));
}

const x402Fetch = await payingFetch();

async function buyProduct(productId, buyerName) {
  // 1. Get product details
  const productRes = await fetch(`${SHOP}/api/products/public/${productId}`);
  const { data: product } = await productRes.json();

  // 2. Pay platform fee
  const feeRes = await x402Fetch(`${SHOP}/api/platform/fee`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ support_amount: product.price, payer_wallet_address: myWalletAddress }),
  });
  const { fee_tx } = await feeRes.json();

  // 3. Purchase product (x402 handles payment)
  const purchaseRes = await x402Fetch(`${SHOP}/api/shop/buy`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      product_id: productId,
      buyer_name: buyerName,
      platform_fee_tx: fee_tx,
      buyer_wallet_address: myWalletAddress,
    }),
  });
  return await purchaseRes.json();
}

console.log(JSON.stringify(await buyProduct(PRODUCT, 'My Agent')));
