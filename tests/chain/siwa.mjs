// The published SIWA client, unchanged, at a shop's doors: signs in, sells, and tries everything that must be refused.
// What it saw goes to standard output as JSON: for each try the status and the body.
import { signSIWAMessage } from '@buildersgarden/siwa/siwa';
import { signAuthenticatedRequest } from '@buildersgarden/siwa/erc8128';
import { verifyReceipt } from '@buildersgarden/siwa/receipt';
import { signRequest } from '@slicekit/erc8128';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';

const { base, key, agentId, agentRegistry, chainId, secret, receipt: kept } = JSON.parse(process.argv[2]);
const signerOf = account => ({
  getAddress: async () => account.address,
  signMessage: async message => account.signMessage({ message }),
  signRawMessage: async raw => account.signMessage({ message: { raw } }),
});
const account = privateKeyToAccount(key), signer = signerOf(account);
const json = { 'Content-Type': 'application/json' };
const product = name => JSON.stringify({ name, price: 9.99, category: 'digital_art' });
const seen = {};

async function ask(name, request) {
  const answer = await fetch(request);
  const text = await answer.text();
  seen[name] = { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  return seen[name].body;
}
const post = (path, body, headers = json) => new Request(base + path, { method: 'POST', headers, body });
const to = (path, body) => post(path, JSON.stringify(body));
const sign = (request, receipt, by = signer) => signAuthenticatedRequest(request, receipt, by, chainId);

async function signIn(name, other = {}) {
  const offered = await ask(`${name}: nonce`, to('/siwa/nonce', { address: account.address, agentId, agentRegistry }));
  const { domain, uri, nonce, issuedAt, expirationTime } = offered;
  const fields = { domain, uri, agentId, agentRegistry, chainId, nonce, issuedAt, expirationTime, ...other };
  return await signSIWAMessage(fields, signer);
}

if (kept) {
  await ask('read', await sign(new Request(base + '/api/products'), kept));
  await ask('write', await sign(post('/api/products', product('Later')), kept));
} else {
  const { message, signature } = await signIn('sign in', { statement: 'Sign in' });
  const { receipt } = await ask('verify', to('/siwa/verify', { message, signature }));
  seen.receipt = verifyReceipt(receipt, secret);
  const bare = { ...json, 'X-SIWA-Receipt': receipt };

  await ask('list', new Request(base + '/api/products', { headers: bare }));
  await ask('create', post('/api/products', product('Bare'), bare));
  const signed = await sign(post('/api/products', product('Signed')), receipt);
  await ask('signed create', signed.clone());
  await ask('signed list', await sign(new Request(base + '/api/products?limit=2&cursor='), receipt));
  await ask('without a statement', to('/siwa/verify', await signIn('again')));

  await ask('replayed request', signed.clone());
  await ask('replayed nonce', to('/siwa/verify', { message, signature }));
  await ask('wrong domain', to('/siwa/verify', await signIn('wrong domain', { domain: 'evil.example' })));
  const foreign = 'eip155:' + chainId + ':0x' + '66'.repeat(20);
  await ask('foreign registry: nonce', to('/siwa/nonce', { address: account.address, agentId, agentRegistry: foreign }));
  await ask('foreign registry', to('/siwa/verify', await signIn('foreign', { agentRegistry: foreign })));
  await ask('no such agent', to('/siwa/nonce', { address: account.address, agentId: 999999, agentRegistry }));
  const another = await sign(post('/api/products', product('Signed')), receipt);
  await ask('altered body', new Request(another.url, { method: 'POST', headers: another.headers, body: product('Other') }));
  const here = await sign(new Request(base + '/api/products'), receipt);
  await ask('altered path', new Request(base + '/api/products?limit=1', { headers: here.headers }));
  await ask('forged receipt', await sign(new Request(base + '/api/products'), receipt.slice(0, -2) + 'xx'));
  const thief = signerOf(privateKeyToAccount(generatePrivateKey()));
  await ask('stolen receipt', await sign(new Request(base + '/api/products'), receipt, thief));
  const wallet = { address: account.address, chainId, signMessage: raw => account.signMessage({ message: { raw } }) };
  const mine = () => new Request(base + '/api/products', { headers: { 'X-SIWA-Receipt': receipt } });
  const loose = { binding: 'class-bound', components: ['@authority', 'X-SIWA-Receipt'] };
  await ask('class-bound', await signRequest(mine(), wallet, loose));
  await ask('replayable', await signRequest(mine(), wallet, { replay: 'replayable', components: ['X-SIWA-Receipt'] }));
  await ask('an hour long', await signRequest(mine(), wallet, { ttlSeconds: 3600, components: ['X-SIWA-Receipt'] }));
  await ask('in lower case', await signRequest(mine(), wallet, { components: ['x-siwa-receipt'] }));
  seen.old = await signIn('old');
  seen.token = receipt;
}
console.log(JSON.stringify(seen));
