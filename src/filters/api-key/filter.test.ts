// API keys through a gateway with real sockets: from every place, of every kind, and texts that are not keys.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Answer, ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { storeSpec } from '../../../test/support/store-spec.ts';
import { storedKey } from '../../../test/support/stored-key.ts';
import type { FilterServices } from '../../exchange/filter.ts';
import type { ListedConsumer, ListedKey } from '../../exchange/identity/consumer-directory.ts';
import { type LoginEvent, loginEvents } from '../../exchange/identity/login-desk.ts';
import { SqliteKeys } from '../../store/keys/sqlite-keys.ts';
import { SqliteStore } from '../../store/sqlite/sqlite-store.ts';
import type { Store } from '../../store/store.ts';
import { schema } from './config.ts';
import { apiKeyFilter } from './filter.ts';

const hashOf = (key: string) => `sha256:${createHash('sha256').update(key).digest('hex')}`;

function listed(id: string, key: string, changes: Partial<ListedKey> = {}): ListedKey {
  return {
    id,
    hash: hashOf(key),
    scopes: [],
    routes: null,
    plan: null,
    expiresAtMs: null,
    disabled: false,
    ...changes,
  };
}

const consumers: readonly ListedConsumer[] = [
  {
    name: 'acme',
    tenant: 't-1',
    plan: 'gold',
    groups: ['partners'],
    tags: {},
    keys: [
      listed('k1', 'first-key'),
      listed('k2', 'second-key', { plan: 'silver', scopes: ['read'] }),
      listed('old', 'old-key', { expiresAtMs: Date.now() - 1_000 }),
      listed('late', 'late-key', { expiresAtMs: Date.now() + 3_600_000 }),
      listed('off', 'off-key', { disabled: true }),
      listed('elsewhere', 'elsewhere-key', { routes: ['other'] }),
      listed('here', 'here-key', { routes: ['other', 'test'] }),
    ],
  },
];

async function start(
  t: { after(fn: () => Promise<void>): void },
  config: object = {},
  stores: ReadonlyMap<string, Store> = new Map(),
) {
  const seen: IncomingMessage[] = [];
  const cells = new Float64Array(loginEvents.length);
  const parsed = schema.parse(config);
  const needs = apiKeyFilter.needs!(parsed, { store: () => assert.fail('it names no store') });
  const gateway = await startFilterGateway(
    [written(apiKeyFilter, schema, config)],
    (request, response) => {
      seen.push(request);
      response.end('in');
    },
    { consumers, services: { needs, stores, events: loginEvents, cells } },
  );
  t.after(() => gateway.stop());
  const count = (event: LoginEvent) => cells[loginEvents.indexOf(event)]!;
  return { port: gateway.port, seen, log: gateway.log, count };
}

/** A store of keys in a folder of its own, and the stores of a gateway that has only this one. */
function sqliteKeys(t: { after(fn: () => Promise<void>): void }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-keys-'));
  const store = new SqliteStore(storeSpec({ name: 'keys', kind: 'sqlite', path: path.join(folder, 'keys.db') }));
  const keys = new SqliteKeys(store);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return { store, add: (key: string) => keys.add(storedKey(key, key)), stores: new Map([['keys', store]]) };
}

function codeOf(answer: Answer): string {
  return `${answer.status} ${JSON.parse(answer.body.toString()).code}`;
}

const withKey = (key: string) => ({ headers: { 'X-API-Key': key } });

test('a key passes, and the upstream learns whose it is', async t => {
  const { port, seen } = await start(t);
  for (let n = 0; n < 2; n++) assert.equal((await ask(port, withKey('first-key'))).status, 200);
  const { headers } = seen[1]!;
  assert.equal(headers['x-consumer-name'], 'acme');
  assert.equal(headers['x-consumer-tenant'], 't-1');
  assert.equal(headers['x-consumer-plan'], 'gold');
  assert.equal(headers['x-consumer-subject'], 'k1');
  assert.equal(headers['x-api-key'], 'first-key', 'the key goes on, unless it is not to');
  assert.equal((await ask(port, withKey('late-key'))).status, 200, 'a key that ends later is good until then');
});

test('each refusal is counted by its reason', async t => {
  const { port, count } = await start(t, { failedLogins: 'off', scopes: ['read'] });
  for (const key of [
    'wrong',
    'old-key',
    'off-key',
    'first key',
    'first-key\xe9',
    'elsewhere-key',
    'first-key',
    'second-key',
  ])
    await ask(port, withKey(key));
  await ask(port);
  const reasons = ['unknown', 'expired', 'revoked', 'malformed', 'insufficient', 'admitted', 'missing'] as const;
  assert.deepEqual(reasons.map(count), [1, 1, 1, 2, 2, 1, 1]);
});

test('an invalid key is told so in the manner of its scheme', async t => {
  const challengeTo = async (from: unknown, headers: Record<string, string>) => {
    const { port } = await start(t, { from });
    return (await ask(port, { headers })).headers['www-authenticate'];
  };
  assert.equal(
    await challengeTo(['bearer'], { authorization: 'Bearer x' }),
    'Bearer realm="cardea", error="invalid_token"',
  );
  assert.equal(await challengeTo([{ header: 'x-api-key' }], { 'x-api-key': 'x' }), 'ApiKey realm="cardea"');
});

test('keys of one store are no keys of another, though one worker asks both', async t => {
  const [one, other] = [sqliteKeys(t), sqliteKeys(t)];
  await one.add('of-one');
  await other.add('of-other');
  const stores = new Map([
    ['one', one.store],
    ['other', other.store],
  ]);
  let worker: FilterServices['worker'] | undefined;
  const onOneWorker: typeof apiKeyFilter = {
    ...apiKeyFilter,
    build: (config, services) => apiKeyFilter.build(config, { ...services, worker: (worker ??= services.worker) }),
  };
  const filters = ['one', 'other'].map(store => {
    const config = { store, from: [{ header: `x-${store}` }], failedLogins: 'off' };
    return written(onOneWorker, schema, config);
  });
  const gateway = await startFilterGateway(filters, (_, response) => response.end('in'), {
    services: { stores, events: loginEvents },
  });
  t.after(() => gateway.stop());
  const statusOf = async (forOne: string, forOther: string) =>
    (await ask(gateway.port, { headers: { 'x-one': forOne, 'x-other': forOther } })).status;
  assert.equal(await statusOf('of-one', 'of-other'), 200);
  for (const [forOne, forOther] of [
    ['of-one', 'of-one'],
    ['of-other', 'of-other'],
    ['of-other', 'of-one'],
  ] as const)
    assert.equal(await statusOf(forOne, forOther), 401, `${forOne} ${forOther}`);
});

test('while the store cannot be asked nobody is told that a key is wrong', async t => {
  const { store, stores } = sqliteKeys(t);
  await store.close();
  const { port, count } = await start(t, { store: 'keys' }, stores);
  assert.equal(codeOf(await ask(port, withKey('any'))), '503 identity_unavailable');
  assert.equal((await ask(port, withKey('first-key'))).status, 200, 'a key of the configuration needs no store');
  assert.deepEqual([count('unavailable'), count('unknown')], [1, 0]);
});

test('several keys of one consumer are good at once, each with a plan and scopes of its own', async t => {
  const { port, seen } = await start(t);
  assert.equal((await ask(port, withKey('second-key'))).status, 200);
  assert.equal(seen[0]!.headers['x-consumer-plan'], 'silver');
  assert.equal(seen[0]!.headers['x-consumer-scopes'], 'read');
});

test('no key, a wrong one, an ended one, one that is switched off', async t => {
  const { port, seen } = await start(t);
  const missing = await ask(port);
  assert.equal(codeOf(missing), '401 credentials_missing');
  assert.equal(missing.headers['www-authenticate'], 'ApiKey realm="cardea"');
  const bodies = new Set<string>();
  for (const key of ['wrong', 'old-key', 'off-key', 'first-key ', 'First-key', hashOf('first-key')]) {
    const answer = await ask(port, withKey(key));
    if (key === 'first-key ') continue; // White space around a field's value is not part of the value.
    assert.equal(codeOf(answer), '401 credentials_invalid', key);
    bodies.add(JSON.stringify({ ...JSON.parse(answer.body.toString()), requestId: '' }));
  }
  assert.equal(bodies.size, 1, 'all of them look the same from outside');
  assert.equal(seen.length, 1);
});

test('a key for other routes, and one without a scope, get 403', async t => {
  const { port } = await start(t);
  assert.equal(codeOf(await ask(port, withKey('elsewhere-key'))), '403 access_denied');
  assert.equal((await ask(port, withKey('here-key'))).status, 200);
  const scoped = await start(t, { scopes: ['read'] });
  assert.equal(codeOf(await ask(scoped.port, withKey('first-key'))), '403 access_denied');
  assert.equal((await ask(scoped.port, withKey('second-key'))).status, 200);
  const both = await start(t, { scopes: ['read', 'write'] });
  assert.equal(codeOf(await ask(both.port, withKey('second-key'))), '403 access_denied', 'one of two is not enough');
});

test('from the query: taken out on the way, unless it is to stay', async t => {
  const from = [{ query: 'api_key' }];
  const taken = await start(t, { from });
  assert.equal((await ask(taken.port, { path: '/a?x=1&api_key=first-key&y=2' })).status, 200);
  assert.equal(taken.seen[0]!.url, '/a?x=1&y=2');
  assert.equal((await ask(taken.port, { path: '/a?api_key=first-key' })).status, 200);
  assert.equal(taken.seen[1]!.url, '/a', 'as though there had been no query');
  const kept = await start(t, { from, keepInQuery: true });
  assert.equal((await ask(kept.port, { path: '/a?api_key=first-key' })).status, 200);
  assert.equal(kept.seen[0]!.url, '/a?api_key=first-key');
});

test('from Authorization without a scheme in front, where that is configured', async t => {
  const from = ['bearer', { header: 'Authorization' }];
  const { port, seen } = await start(t, { from, forward: { keepCredential: false } });
  for (const authorization of ['first-key', 'Bearer first-key']) {
    assert.equal((await ask(port, { headers: { authorization } })).status, 200, authorization);
    assert.equal(seen.at(-1)!.headers.authorization, undefined);
  }
  for (const authorization of ['Basic first-key', 'first-key x', 'wrong']) {
    assert.equal(codeOf(await ask(port, { headers: { authorization } })), '401 credentials_invalid', authorization);
  }
  const twice = await ask(port, { headers: { authorization: ['first-key', 'first-key'] } });
  assert.equal(codeOf(twice), '401 credentials_invalid');
});

test('from a cookie, as Bearer, and hidden from the upstream by choice', async t => {
  const from = ['bearer', { cookie: 'key' }];
  const { port, seen } = await start(t, { from, forward: { keepCredential: false } });
  const missing = await ask(port);
  assert.equal(missing.headers['www-authenticate'], 'Bearer realm="cardea"');
  assert.equal((await ask(port, { headers: { authorization: 'Bearer first-key' } })).status, 200);
  assert.equal(seen[0]!.headers.authorization, undefined);
  assert.equal((await ask(port, { headers: { cookie: 'a=b; key=first-key' } })).status, 200);
  assert.equal(seen[1]!.headers.cookie, 'a=b');
  // Bytes that JavaScript treats as white space are not trimmed from a cookie.
  const city = `city=${Buffer.from('Città').toString('latin1')}`;
  assert.equal((await ask(port, { headers: { cookie: `${city}; key=first-key` } })).status, 200);
  assert.equal(seen[2]!.headers.cookie, city);
});

test('a cookie that only a careless backend reads is the key as well, and given twice beside another', async t => {
  const { port, seen } = await start(t, { from: [{ cookie: 'key' }] });
  for (const other of ['key =second-key', 'key="second-key', 'key=second key', 'key=a,b', 'key', ' key\t=x'])
    for (const cookie of [`key=first-key; ${other}`, `${other}; a=b; key=first-key`]) {
      const answer = await ask(port, { headers: { cookie } });
      assert.equal(answer.status, 401, cookie);
      assert.match(answer.body.toString(), /credentials_invalid/);
    }
  const apart = 'my-key=x; keys=y; xkey =z; key=first-key; KEY=k; other="a, b"';
  assert.equal((await ask(port, { headers: { cookie: apart } })).status, 200);
  assert.equal(seen.length, 1);
});

test('a key given twice, too large, or of odd bytes is refused', async t => {
  const { port, seen } = await start(t, { from: [{ header: 'x-api-key' }, { query: 'k' }], failedLogins: 'off' });
  for (const asked of [
    { headers: { 'x-api-key': ['first-key', 'first-key'] } },
    { headers: { 'x-api-key': '' } },
    { headers: { 'x-api-key': 'x'.repeat(513) } },
    { headers: { 'x-api-key': 'first key' } },
    { headers: { 'x-api-key': 'first-key\xe9' } },
    { path: '/?k=first-key&k=first-key' },
    { path: '/?k=first-key%00' },
    { path: '/?k=' },
  ])
    assert.equal(codeOf(await ask(port, asked)), '401 credentials_invalid', JSON.stringify(asked));
  assert.equal(seen.length, 0);
});

test('who guesses is held back; who has a key that was seen is not', async t => {
  const { port } = await start(t, { failedLogins: '5/min' });
  assert.equal((await ask(port, withKey('first-key'))).status, 200);
  for (let n = 0; n < 5; n++) assert.equal((await ask(port, withKey(`guess-${n}`))).status, 401);
  assert.equal(codeOf(await ask(port, withKey('guess-6'))), '429 too_many_failed_logins');
  assert.equal(codeOf(await ask(port, withKey('second-key'))), '429 too_many_failed_logins');
  assert.equal((await ask(port, withKey('first-key'))).status, 200);
});

test('who has a key that was right is not held back when another key changes', async t => {
  const { add, stores } = sqliteKeys(t);
  await add('mine');
  const { port } = await start(t, { store: 'keys', failedLogins: '2/h' }, stores);
  assert.equal((await ask(port, withKey('mine'))).status, 200);
  for (let n = 0; n < 2; n++) assert.equal((await ask(port, withKey(`guess-${n}`))).status, 401);
  await add('another');
  // Longer than the worker goes without asking whether keys have changed.
  for (let n = 0; n < 10; n++) {
    assert.equal((await ask(port, withKey('mine'))).status, 200, String(n));
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  assert.equal(codeOf(await ask(port, withKey('another'))), '429 too_many_failed_logins');
});

test('no text that is not a key gets in, and none is logged', async t => {
  const { port, seen, log } = await start(t, { failedLogins: 'off' });
  const sign = fc.constantFrom(...'abc-_.~%+/= ,;:\'"\\\t\xff{}'.split(''));
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: sign, minLength: 1, maxLength: 30, size: 'max' }), async text => {
      const answer = await ask(port, withKey(text));
      assert.equal(answer.status, 401);
      assert.ok(text.trim().length < 5 || !answer.body.toString().includes(text.trim()));
    }),
    { numRuns: 150 },
  );
  assert.equal(seen.length, 0);
  assert.deepEqual(log, []);
});

test('a configuration that cannot work is refused', () => {
  const messageOf = (config: unknown) => schema.safeParse(config).error?.issues[0]?.message ?? '';
  assert.match(messageOf({ from: [] }), /at least one place/);
  assert.match(messageOf({ from: [{ header: 'cookie' }] }), /cookie: NAME/);
  assert.match(messageOf({ cache: '1KiB' }), /64KiB/);
  assert.match(messageOf({ form: [] }), /form/);
});
