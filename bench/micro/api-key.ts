// Nanoseconds that apiKey adds to a request whose key is cached, and what a miss costs: `node bench/micro/api-key.ts`.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Exchange } from '../../src/exchange/exchange.ts';
import type { Filter } from '../../src/exchange/filter.ts';
import { ConsumerDirectory } from '../../src/exchange/identity/consumer-directory.ts';
import { schema } from '../../src/filters/api-key/config.ts';
import { apiKeyFilter } from '../../src/filters/api-key/filter.ts';
import { keyStoreIn } from '../../src/store/keys/key-store.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { filterServices } from '../../test/support/filter-services.ts';
import { storeSpec } from '../../test/support/store-spec.ts';
import { nanosecondsOf } from './nanoseconds-of.ts';
import { client, headOf } from './received-head.ts';

const KEYS = 1_000;
const CALLS = 100_000;

const keyOf = (n: number) => `ck_${createHash('sha256').update(String(n)).digest('base64url')}`;
const received = Array.from({ length: KEYS }, (_, n) =>
  Buffer.from(
    'GET /api/users/42 HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n' +
      `Accept: application/json\r\nAccept-Encoding: gzip, deflate, br\r\nX-API-Key: ${keyOf(n)}\r\n\r\n`,
  ),
);

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-bench-'));
const store = new SqliteStore(storeSpec({ kind: 'sqlite', path: path.join(folder, 'keys.db') }));
const keys = keyStoreIn(store);
await keys.prepare();
store.database.exec('BEGIN');
for (let n = 0; n < KEYS; n++)
  await keys.add({
    id: `k${n}`,
    hash: createHash('sha256').update(keyOf(n)).digest('hex'),
    consumer: `consumer-${n}`,
    tenant: null,
    plan: 'gold',
    groups: [],
    scopes: [],
    routes: null,
    expiresAtMs: null,
    disabled: false,
  });
store.database.exec('COMMIT');

const snapshot = { consumers: new ConsumerDirectory([], []) };

/** An exchange with only the parts that the filter uses. */
function exchange(n: number): Exchange {
  const request = headOf(received[n % KEYS]!);
  const members = { client, request, snapshot, state: [undefined], consumer: null, identity: null };
  // Because: everything else of an exchange belongs to the hot path and would be measured with it.
  return { ...members, routeName: 'users', refuse: refused } as never;
}

function refused(): never {
  throw new Error('a good key was refused');
}

function filterOf(config: object) {
  const parsed = schema.parse(config);
  const needs = apiKeyFilter.needs!(parsed, { store: () => store.spec });
  return apiKeyFilter.build(parsed, filterServices({ needs, stores: new Map([['main', store]]) }));
}

/** The time of a request with the filter, or without any. */
function timeOf(filter?: Filter): number {
  return nanosecondsOf(CALLS, n => {
    const each = exchange(n);
    void filter?.onRequest?.(each);
  });
}

const bare = timeOf();
const hit = filterOf({ store: 'main' });
console.log(`a key that is ready, of ${KEYS}   ${(timeOf(hit) - bare).toFixed(0)} ns`);
const shelved = filterOf({ store: 'main', cache: '2MiB' });
console.log(`one of too many to be at hand ${(timeOf(shelved) - bare).toFixed(0)} ns`);
const miss = filterOf({ store: 'main', cache: '64KiB' });
console.log(`a look-up in SQLite           ${(timeOf(miss) - bare).toFixed(0)} ns`);
await store.close();
rmSync(folder, { recursive: true });
