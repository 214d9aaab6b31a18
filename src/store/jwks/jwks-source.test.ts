// What the source of an issuer's keys fetches, how often, and what workers get, against a server that counts the requests.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { exportJWK, generateKeyPair } from 'jose';
import { eventually } from '../../../test/support/eventually.ts';
import { freePort } from '../../../test/support/free-port.ts';
import type { RunningFeed } from '../feed.ts';
import type { JwksSpec, JwksValue } from './jwks-feed.ts';
import { jwksSource } from './jwks-source.ts';

const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
const one = { ...(await exportJWK(publicKey)), kid: 'one', use: 'sig', alg: 'ES256' };
const two = { ...(await exportJWK(privateKey)), kid: 'two' };

interface Page {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function startIssuer(t: TestContext, first: (path: string, origin: string) => Page) {
  const state = { page: first, fetches: [] as string[] };
  const server = createServer((request, response) => {
    state.fetches.push(String(request.url));
    const { status = 200, body = {}, headers = {} } = state.page(String(request.url), origin);
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin, state };
}

const pace = { issuer: '', refreshMs: 60_000, lifeMs: 90_000, coolDownMs: 60_000, timeoutMs: 500, allowHttp: false };

function follow(t: TestContext, spec: Partial<JwksSpec> & { url: string }, before?: RunningFeed) {
  const values: JwksValue[] = [];
  const troubles: (string | null)[] = [];
  const log: string[] = [];
  const feed = jwksSource.start(
    { ...pace, ...spec },
    {
      publish: value => void values.push(value),
      report: trouble => void troubles.push(trouble),
      log: (level, message, fields) => void log.push(`${level} ${message} ${JSON.stringify(fields)}`),
      sharedTable: () => assert.fail('it needs none'),
    },
    before,
  );
  t.after(() => feed.stop());
  return { feed, values, troubles, log, kids: () => values.at(-1)?.keys.map(({ kid }) => kid) };
}

test('a key set: usable public keys, without what is secret or for something else', async t => {
  const secret = { kty: 'oct', k: 'c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2Vj', kid: 'secret' };
  const keys = [one, two, secret, { ...one, kid: 'enc', use: 'enc' }, { kty: 'EC', kid: 'broken' }, 'text', null];
  const { origin } = await startIssuer(t, () => ({ body: { keys } }));
  const { feed, values, troubles, log, kids } = follow(t, { url: `${origin}/keys` });
  await feed.ready;
  assert.deepEqual(kids(), ['one', 'two', 'broken']);
  assert.ok(!JSON.stringify(values).includes('"d"') && !JSON.stringify(values).includes('c2VjcmV0'));
  assert.deepEqual(troubles, [null]);
  assert.match(log.join(), /left out.*broken/);
});

test('discovery: the document must be the issuer’s and name a key set that is safe to fetch', async t => {
  let document: Record<string, unknown> = {};
  const { origin } = await startIssuer(t, path => ({ body: path === '/keys' ? { keys: [one] } : document }));
  const url = `${origin}/.well-known/openid-configuration`;
  const good = { issuer: origin, jwks_uri: `${origin}/keys` };
  const cases: [Record<string, unknown>, RegExp | null][] = [
    [good, null],
    [{ ...good, issuer: `${origin}/` }, /another issuer/],
    [{ issuer: origin }, /names no key set/],
    [{ ...good, jwks_uri: 'file:///etc/passwd' }, /names no key set/],
    [{ ...good, jwks_uri: 'http://idp.example.com/keys' }, /without TLS/],
  ];
  for (const [each, trouble] of cases) {
    document = each;
    const { feed, troubles, values } = follow(t, { url, issuer: origin });
    await feed.ready;
    feed.stop();
    if (trouble === null) assert.deepEqual([troubles, values.length], [[null], 1]);
    else {
      assert.match(String(troubles[0]), trouble);
      assert.equal(values.length, 0);
    }
  }
});

test('answers that are none: told, and nothing published', async t => {
  const { origin, state } = await startIssuer(t, () => ({}));
  const cases: [Page, RegExp][] = [
    [{ status: 500 }, /answered 500/],
    [{ status: 302, headers: { location: '/elsewhere' } }, /answered 302/],
    [{ body: 'nonsense' }, /other than JSON/],
    [{ body: [1] }, /other than a JSON object/],
    [{ body: { keys: {} } }, /is not a key set/],
    [{ body: { keys: [] } }, /contains no usable key/],
    [{ body: JSON.stringify({ keys: [one], padding: 'x'.repeat(600_000) }) }, /more than 524288 bytes/],
  ];
  for (const [page, trouble] of cases) {
    state.page = () => page;
    const { feed, troubles, values } = follow(t, { url: `${origin}/keys` });
    await feed.ready;
    feed.stop();
    assert.match(String(troubles[0]), trouble);
    assert.equal(values.length, 0);
  }
  const { feed, troubles } = follow(t, { url: `http://127.0.0.1:${await freePort()}/keys` });
  await feed.ready;
  assert.match(String(troubles[0]), /cannot be reached/);
});

test('refreshed ahead; the version changes only with the keys; an issuer that is away changes nothing until they expire', async t => {
  const { origin, state } = await startIssuer(t, () => ({ body: { keys: [one] } }));
  const { values, kids, troubles } = follow(t, { url: `${origin}/keys`, refreshMs: 60, lifeMs: 500 });
  await eventually(() => values.length >= 3, 'it is refreshed');
  const versions = () => [...new Set(values.map(({ version }) => version))];
  assert.equal(versions().length, 1);
  state.page = () => ({ body: { keys: [one, two] } });
  await eventually(() => versions().length === 2, 'the new key is there');
  assert.deepEqual(kids(), ['one', 'two']);
  state.page = () => ({ status: 503 });
  await eventually(() => troubles.at(-1) !== null, 'the trouble is told');
  assert.deepEqual(kids(), ['one', 'two']);
  await eventually(() => versions().length === 3, 'the keys expire');
  assert.deepEqual(kids(), [], 'expired');
  state.page = () => ({ body: { keys: [two] } });
  await eventually(() => versions().length === 4, 'the issuer is back');
  assert.deepEqual(kids(), ['two']);
});

test('a feed that is stopped and started again repeats no version', async t => {
  const { origin } = await startIssuer(t, () => ({ body: { keys: [one] } }));
  const versions: number[] = [];
  for (let n = 0; n < 2; n++) {
    const { feed, values } = follow(t, { url: `${origin}/keys` });
    await feed.ready;
    feed.stop();
    versions.push(values[0]!.version);
  }
  assert.notEqual(versions[0], versions[1]);
});

test('at another pace the keys of the feed before go on while the issuer is away, until they are too old for that pace', async t => {
  const { origin, state } = await startIssuer(t, () => ({ body: { keys: [one] } }));
  const url = `${origin}/keys`;
  const first = follow(t, { url });
  await first.feed.ready;
  state.page = () => ({ status: 503 });
  const second = follow(t, { url, refreshMs: 30_000, lifeMs: 600 }, first.feed);
  assert.deepEqual(second.kids(), ['one']);
  assert.notEqual(second.values[0]!.version, first.values[0]!.version);
  first.feed.stop();
  await second.feed.ready;
  assert.match(String(second.troubles.at(-1)), /answered 503/);
  assert.deepEqual(second.kids(), ['one']);
  await eventually(() => second.kids()?.length === 0, 'they expire');
  const third = follow(t, { url }, second.feed);
  await third.feed.ready;
  assert.deepEqual(third.values, [], 'nothing is left to take over');
});

test('feeds of one origin differ in their pace, not in where keys come from and by which way', () => {
  const spec = { ...pace, url: 'https://idp.example.com/keys' };
  const origin = jwksSource.originOf!(spec);
  assert.equal(jwksSource.originOf!({ ...spec, refreshMs: 1, lifeMs: 2, coolDownMs: 3, timeoutMs: 4 }), origin);
  for (const other of [
    { url: 'https://idp.example.org/keys' },
    { issuer: 'https://idp.example.com' },
    { allowHttp: true },
  ])
    assert.notEqual(jwksSource.originOf!({ ...spec, ...other }), origin);
});

test('a storm of unknown keys is one fetch a cool-down', async t => {
  const { origin, state } = await startIssuer(t, () => ({ body: { keys: [one] } }));
  const { feed, values } = follow(t, { url: `${origin}/keys`, coolDownMs: 200 });
  await feed.ready;
  for (let n = 0; n < 1_000; n++) feed.nudge('unknown key');
  await delay(50);
  assert.equal(state.fetches.length, 1, 'it was asked a moment ago');
  await delay(200);
  for (let n = 0; n < 1_000; n++) feed.nudge('unknown key');
  await eventually(() => values.length === 2, 'it is asked again');
  for (let n = 0; n < 1_000; n++) feed.nudge('unknown key');
  await delay(50);
  assert.equal(state.fetches.length, 2);
  feed.stop();
  await delay(250);
  feed.nudge('unknown key');
  await delay(50);
  assert.equal(state.fetches.length, 2, 'stopped');
});
