// What filters follow outside the gateway, an issuer's keys and a list of revoked tokens, over reloads. When one removes the filter and a
// later one brings it back, nothing that was known before counts; when one changes only how they are followed, it goes on.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { RedisStore } from '../../../src/store/redis/redis-store.ts';
import { eventually } from '../../support/eventually.ts';
import { ask } from '../../support/filter-gateway.ts';
import { startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { startNodeBackend } from '../../support/node-backend.ts';
import { startRedis } from '../../support/redis.ts';
import { reloadWith } from '../../support/reload-with.ts';
import { redisSpec } from '../../support/store-spec.ts';

const issuer = 'https://idp.example.com';

/** A gateway with this guard, which `remove` takes from its configuration and `bringBack` writes again. */
async function guarded(t: TestContext, guard: string, stores = '') {
  const backend = await startNodeBackend();
  t.after(() => backend.stop());
  const gateway = await startGateway(`${stores}
upstreams: { backend: { endpoints: ["http://127.0.0.1:${backend.port}"] } }
routes: [{ name: api, match: { path: /* }, ${guard}, to: backend }]
`);
  t.after(() => gateway.stop());
  const statusOf = async (token: string) =>
    (await ask(gateway.port, { headers: { authorization: `Bearer ${token}` } })).status;
  return {
    gateway,
    statusOf,
    remove: () => reloadWith(gateway, text => text.replace(guard, 'public: true')),
    bringBack: () => reloadWith(gateway, text => text.replace('public: true', guard)),
  };
}

function tokenOf(key: CryptoKey | Uint8Array, alg: string, claims: object = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ iss: issuer, aud: 'api', sub: 'ann', iat: now, exp: now + 600, ...claims })
    .setProtectedHeader({ alg })
    .sign(key);
}

test('keys that an issuer replaced while no filter needed them are not used again', async t => {
  const pairs = [await generateKeyPair('ES256'), await generateKeyPair('ES256')] as const;
  const sets = await Promise.all(
    pairs.map(async ({ publicKey }) => JSON.stringify({ keys: [await exportJWK(publicKey)] })),
  );
  const [before, after] = await Promise.all(pairs.map(({ privateKey }) => tokenOf(privateKey, 'ES256')));
  let serving = sets[0];
  const server = createServer((_, response) => response.end(serving));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const keys = `http://127.0.0.1:${await listeningPort(server)}/keys`;
  const guard = `filters: [{ jwt: { issuer: "${issuer}", audience: api, keys: { url: "${keys}" }, failedLogins: off } }]`;
  const { statusOf, remove, bringBack } = await guarded(t, guard);
  assert.deepEqual([await statusOf(before!), await statusOf(after!)], [200, 401]);
  await remove();
  serving = sets[1];
  await bringBack();
  assert.deepEqual([await statusOf(before!), await statusOf(after!)], [401, 200]);
});

test('keys stay when a reload changes how they are fetched while their issuer is away', async t => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const set = JSON.stringify({ keys: [await exportJWK(publicKey)] });
  const server = createServer((_, response) => response.end(set));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  t.after(stop);
  const keys = `http://127.0.0.1:${await listeningPort(server)}/keys`;
  const guard = `filters: [{ jwt: { issuer: "${issuer}", audience: api, keys: { url: "${keys}" }, refresh: 1h, failedLogins: off } }]`;
  const { gateway, statusOf } = await guarded(t, guard);
  const token = await tokenOf(privateKey, 'ES256');
  assert.equal(await statusOf(token), 200);
  stop();
  for (const [from, to] of [
    ['refresh: 1h', 'refresh: 2h, fetchTimeout: 1s'],
    ['refresh: 2h', 'refresh: 1h, keyLife: 48h'],
  ] as const) {
    await reloadWith(gateway, text => text.replace(from, to));
    assert.equal(await statusOf(token), 200, to);
  }
});

test('a list of revoked tokens from before is not taken for the one that cannot be read now', {
  timeout: 30_000,
}, async t => {
  let redis = await startRedis();
  t.after(() => redis.stop());
  const secret = 'a shared secret of at least 32 bytes';
  const token = await tokenOf(Buffer.from(secret), 'HS256', { jti: 'stolen' });
  const guard = `filters: [{ jwt: { issuer: "${issuer}", audience: api, keys: { secret: "${secret}" }, revocation: { store: main, sync: 200ms } } }]`;
  const { statusOf, remove, bringBack } = await guarded(t, guard, `stores: { main: { url: "${redis.url}" } }`);
  assert.equal(await statusOf(token), 200);
  await remove();
  await redis.stop();
  await bringBack();
  assert.equal(await statusOf(token), 503, 'it may have been revoked meanwhile');
  redis = await startRedis({ port: redis.port });
  const store = new RedisStore(redisSpec(redis.port));
  t.after(() => store.close());
  await store.command('ZADD', 'cardea:revoked:jti', '+inf', 'stolen');
  await eventually(async () => (await statusOf(token)) === 401, 'the list has been read');
});
