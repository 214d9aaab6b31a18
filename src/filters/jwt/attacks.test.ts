// What an attacker may try with tokens: keys that change under one id, deeply nested claims, ambiguous fields, floods.

import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { KeySet } from '../../base/jose/key-set.ts';
import { loginEvents } from '../../exchange/identity/login-desk.ts';
import { type Feed, feedKey } from '../../store/feed.ts';
import type { JwksValue } from '../../store/jwks/jwks-feed.ts';
import { schema } from './config.ts';
import { jwtFilter } from './filter.ts';
import { TokenVerifier } from './token-verifier.ts';

const issuer = 'https://idp.example.com';
const rsa = await generateKeyPair('RS256', { extractable: true });
const otherRsa = await generateKeyPair('RS256', { extractable: true });
const ec = await generateKeyPair('ES256', { extractable: true });
const jwkOf = async (key: CryptoKey, more: object) => ({ ...(await exportJWK(key)), kid: 'k', ...more });
const rsaKey = await jwkOf(rsa.publicKey, { alg: 'RS256' });
const otherRsaKey = await jwkOf(otherRsa.publicKey, { alg: 'RS256' });
const ecKey = await jwkOf(ec.publicKey, { alg: 'ES256' });

const now = () => Math.floor(Date.now() / 1_000);
const claimsOf = (more: object): JWTPayload => ({ iss: issuer, aud: 'api', sub: 'ann', exp: now() + 300, ...more });
const sign = (alg: string, key: CryptoKey, claims: object = {}) =>
  new SignJWT(claimsOf(claims)).setProtectedHeader({ alg, kid: 'k' }).sign(key);
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function gateway(t: TestContext, keys: readonly object[], config: object = {}) {
  const whole = { issuer, audience: 'api', failedLogins: 'off', ...config };
  const needs = jwtFilter.needs!(schema.parse(whole), { store: () => assert.fail() });
  let version = 1;
  const jwksOf = (list: readonly object[]) =>
    // Because: an issuer may publish anything as the keys of a set.
    ({ version, keys: list, checkedAtMs: Date.now() }) as unknown as JwksValue;
  const feed = { value: jwksOf(keys), onChange: () => () => {}, nudge: () => {} };
  const started = await startFilterGateway(
    [written(jwtFilter, schema, whole)],
    (request, response) => response.end(JSON.stringify(request.headers)),
    { services: { events: loginEvents, needs, feeds: new Map([[feedKey(needs.feeds![0]!), feed as Feed<unknown>]]) } },
  );
  t.after(() => started.stop());
  return {
    port: started.port,
    bring: async (token: string) => {
      const { status, body } = await ask(started.port, { headers: { authorization: `Bearer ${token}` } });
      return { status, text: body.toString() };
    },
    publish(list: readonly object[]) {
      version++;
      feed.value = jwksOf(list);
    },
  };
}

test('what becomes of a key under its id becomes of the tokens that were remembered by it', async t => {
  const { bring, publish } = await gateway(t, [rsaKey]);
  const [byRsa, byEc] = [await sign('RS256', rsa.privateKey), await sign('ES256', ec.privateKey)];
  const byOther = await sign('RS256', otherRsa.privateKey);
  const statuses = async () => {
    const all: number[] = [];
    for (const token of [byRsa, byOther, byEc]) all.push((await bring(token)).status);
    return all;
  };
  const changes: [what: string, keys: readonly object[], expected: readonly number[]][] = [
    ['as it was', [rsaKey], [200, 401, 401]],
    ['another key', [otherRsaKey], [401, 200, 401]],
    ['another kind of key', [ecKey], [401, 401, 200]],
    ['two kinds under one id', [rsaKey, ecKey], [200, 401, 200]],
    ['two keys of a kind under one id: nobody can say which is meant', [rsaKey, otherRsaKey, ecKey], [401, 401, 200]],
    ['the same key for another algorithm', [{ ...rsaKey, alg: 'PS256' }], [401, 401, 401]],
    ['the same key for encryption', [{ ...rsaKey, use: 'enc' }, ecKey], [401, 401, 200]],
    ['the same key for signing only', [{ ...rsaKey, key_ops: ['sign'] }, ecKey], [401, 401, 200]],
    ['nothing that could be used', [{ ...rsaKey, use: 'enc' }], [503, 503, 503]],
    ['a secret among public keys', [rsaKey, { kty: 'oct', kid: 's', k: 'A'.repeat(86) }], [503, 503, 503]],
    ['as it was', [rsaKey], [200, 401, 401]],
  ];
  for (const [what, keys, expected] of changes) {
    publish(keys);
    assert.deepEqual(await statuses(), expected, what);
    assert.deepEqual(await statuses(), expected, `${what}, again`);
  }
});

test('a public key is nobody’s secret, whatever the token says it is', async t => {
  const { bring } = await gateway(t, [rsaKey, { ...ecKey, kid: 'e' }]);
  const pem = await exportSPKI(rsa.publicKey);
  const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
  for (const secret of [pem, pem.trim(), der, JSON.stringify(rsaKey), rsaKey.n!, Buffer.from(rsaKey.n!, 'base64url')]) {
    for (const kid of ['k', 'e', undefined]) {
      const signed = `${part({ alg: 'HS256', kid })}.${part(claimsOf({}))}`;
      const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
      assert.equal((await bring(token)).status, 401);
    }
  }
});

test('claims as deep and as large as a token may be, whether they are signed or not', async t => {
  const config = {
    tokenSize: '30KiB',
    forward: { keepCredential: false, claims: { 'x-deep': 'deep', 'x-wide': 'wide', 'x-name': 'name' } },
  };
  const { bring } = await gateway(t, [rsaKey], config);
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const bodies = {
    deep: `{"deep":${deep(10_000)},`,
    objects: `{"deep":${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)},`,
    wide: `{"wide":[${'1,'.repeat(9_000)}1],`,
    proto:
      '{"__proto__":{"iss":"x","admin":true},"constructor":{"prototype":{"x":1}},"name":"a\\r\\nX-Consumer-Name: root",',
  };
  for (const [what, begin] of Object.entries(bodies)) {
    const text = `${begin}${JSON.stringify(claimsOf({})).slice(1)}`;
    const header = part({ alg: 'RS256', kid: 'k' });
    const payload = Buffer.from(text).toString('base64url');
    const unsigned = await bring(`${header}.${payload}.${'A'.repeat(342)}`);
    assert.equal(unsigned.status, 401, what);
    const signature = await crypto.subtle.sign(
      'RSASSA-PKCS1-v1_5',
      rsa.privateKey,
      Buffer.from(`${header}.${payload}`),
    );
    const signed = await bring(`${header}.${payload}.${Buffer.from(signature).toString('base64url')}`);
    assert.equal(signed.status, 200, `${what}: ${signed.text.slice(0, 300)}`);
    const seen = JSON.parse(signed.text) as Record<string, string>;
    assert.equal(seen['x-deep'] ?? seen['x-wide'], undefined, 'too large for a field');
    assert.equal(seen['x-consumer-name'], undefined);
    assert.equal(seen['x-name'], what === 'proto' ? 'a  X-Consumer-Name: root' : undefined);
  }
  // Because: JSON.parse makes a member named `__proto__`, which must never become a prototype.
  assert.equal(({} as { admin?: unknown }).admin, undefined);
});

test('one credential in one field, in letters that a token has', async t => {
  const { port } = await gateway(t, [rsaKey]);
  const good = await sign('RS256', rsa.privateKey);
  const statusOf = (fields: readonly string[]) =>
    new Promise<number>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      let text = '';
      socket.on('data', (bytes: Buffer) => {
        text += bytes.toString('latin1');
      });
      socket.on('end', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
      socket.on('error', reject);
      const lines = fields.map(field => `${field}\r\n`).join('');
      socket.write(Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${lines}Connection: close\r\n\r\n`, 'utf8'));
    });
  const basic = `Basic ${Buffer.from('ann:pw').toString('base64')}`;
  const tried: [fields: readonly string[], expected: number][] = [
    [[`Authorization: Bearer ${good}`], 200],
    [[`aUTHORIZATION: bEaReR   ${good}`], 200],
    [[`Authorization: Bearer ${good}`, `Authorization: Bearer ${good}`], 401],
    [[`Authorization: ${basic}`, `Authorization: Bearer ${good}`], 401],
    [[`Authorization: Bearer ${good}`, `authorization: ${basic}`], 401],
    [[`Authorization: Bearer ${good}, Bearer ${good}`], 401],
    [[`Authorization: Bearer ${good},${basic}`], 401],
    [[`Authorization: ${basic}, Bearer ${good}`], 401],
    [[`Authorization: Bearer\t${good}`], 401],
    [[`Authorization: Bearer "${good}"`], 401],
    [[`Authorization: Bearer ${good}ä`], 401],
    [[`Authorization: Bearer ${good}\u2028`], 401],
    [[`Authorization: Bеarer ${good}`], 401], // The second letter is Cyrillic.
    [[`Authorization: Bearer ${good}=`], 401],
    [[`Authorization: Bearer ${good.replace(/.$/, letter => (letter === 'A' ? 'B' : 'A'))}`], 401],
    [[`Authorization: Bearer${good}`], 401],
    [['Authorization: Bearer'], 401],
    [['Authorization:'], 401],
    [[`Proxy-Authorization: Bearer ${good}`], 401],
    [[`Authorization_: Bearer ${good}`], 401],
    [[`X-Authorization: Bearer ${good}`], 401],
  ];
  for (const [fields, expected] of tried)
    assert.equal(await statusOf(fields), expected, fields.join(' | ').slice(0, 60));
});

test('a flood of made-up tokens leaves nothing behind', () => {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  const config = schema.parse({ issuer, audience: 'api', keys: { set: { keys: [rsaKey] } } });
  const verifier = new TokenVerifier(config);
  const set = KeySet.of([rsaKey], { rsa: 'RS256', oct: 'HS256' });
  const flood = (from: number, count: number) => {
    for (let n = from; n < from + count; n++) {
      const header = part({ alg: n % 3 === 0 ? 'RS256' : `X${n}`, kid: `k${n}`, n });
      const token = `${header}.${part(claimsOf({ scope: `s${n} t${n}`, n }))}.${'A'.repeat(342)}`;
      assert.equal(typeof verifier.verify(token, set, 1, Date.now()), 'string');
    }
    gc();
    return process.memoryUsage().heapUsed;
  };
  flood(0, 2_000);
  const before = flood(2_000, 2_000);
  const after = flood(4_000, 30_000);
  assert.ok(after - before < 1_000_000, `${after - before} bytes more`);
});
