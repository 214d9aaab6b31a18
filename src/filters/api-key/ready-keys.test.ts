// Cached valid keys: never more than their bytes, equal after they were made again, and those that are used stay.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsumerDirectory } from '../../exchange/identity/consumer-directory.ts';
import type { KeyRecord } from '../../store/keys/key-record.ts';
import { KnownKey } from './known-key.ts';
import { ReadyKeys } from './ready-keys.ts';

const directory = new ConsumerDirectory([], []);

function record(n: number | string): KeyRecord {
  return {
    id: `id-${n}`,
    hash: '',
    consumer: `consumer-${n}`,
    tenant: 't-1',
    plan: 'gold',
    groups: ['staff'],
    scopes: ['read', 'write'],
    routes: ['orders'],
    expiresAtMs: 1_800_000_000_000,
    disabled: false,
  };
}

const keyOf = (n: number | string) => `ck_${String(n).padStart(43, '0')}`;

function keep(ready: ReadyKeys, n: number | string, given = record(n)): KnownKey {
  const known = KnownKey.stored(keyOf(n), given, directory);
  ready.set(known, given);
  return known;
}

test('a key is the same one while it is used, and an equal one when it was made again', () => {
  const ready = new ReadyKeys(64 * 1024);
  const given = keep(ready, 'first');
  const first = ready.get(keyOf('first'), directory);
  assert.deepEqual(first, given);
  assert.equal(ready.get(keyOf('first'), directory), first);
  assert.equal(ready.get(keyOf('firs'), directory), undefined);
  for (let n = 0; n < 50; n++) {
    keep(ready, n);
    assert.ok(ready.get(keyOf(n), directory));
  }
  const again = ready.get(keyOf('first'), directory);
  assert.notEqual(again, first);
  assert.deepEqual(again, first);
  assert.equal(ready.get(keyOf('first'), directory), again);
  ready.clear();
  assert.equal(ready.get(keyOf('first'), directory), undefined);
});

test('a key counts with its texts and its own lists; short lists are shared', () => {
  const bytes = (changes: Partial<KeyRecord>, text = keyOf(1)) =>
    KnownKey.stored(text, { ...record(1), groups: [], scopes: [], routes: null, ...changes }, directory).bytes;
  const least = bytes({});
  assert.ok(least > 900 && least < 1_200, String(least));
  assert.equal(bytes({}, `${keyOf(1)}x`), least + 1);
  assert.equal(bytes({ id: 'id-1x' }), least + 1);
  assert.equal(bytes({ scopes: ['read'], groups: ['staff'] }), least);
  const long = Array.from({ length: 100 }, (_, n) => `item-${n}`);
  for (const name of ['scopes', 'groups', 'routes'] as const) assert.ok(bytes({ [name]: long }) >= least + 6_000, name);
  assert.ok(bytes({ scopes: long, groups: long, routes: long }) >= least + 18_000);
});

test('of a hundred thousand keys as many stay as its bytes hold, and one that is used stays through all', () => {
  const ready = new ReadyKeys(1024 * 1024);
  keep(ready, 'used');
  for (let n = 0; n < 100_000; n++) {
    keep(ready, n);
    if (n % 500 === 0) assert.ok(ready.get(keyOf('used'), directory), String(n));
  }
  let found = 0;
  for (let n = 0; n < 100_000; n++) if (ready.get(keyOf(n), directory) !== undefined) found++;
  assert.ok(found >= 1_000 && found <= (1024 * 1024) / 200, `${found} of them`);
});

test('a record that is too large is not kept, nor one whose names could not be told apart again', () => {
  const ready = new ReadyKeys(64 * 1024);
  const groups = Array.from({ length: 5_000 }, (_, n) => `group ${n}`);
  keep(ready, 'large', { ...record('large'), groups });
  assert.equal(ready.get(keyOf('large'), directory), undefined);
  keep(ready, 'odd', { ...record('odd'), id: 'a\nb' });
  for (let n = 0; n < 50; n++) {
    keep(ready, n);
    assert.ok(ready.get(keyOf(n), directory));
  }
  assert.equal(ready.get(keyOf('odd'), directory), undefined);
});

test('keys of the configuration are at hand, and not on the shelf', () => {
  const ready = new ReadyKeys(64 * 1024);
  const { hash, routes, ...rest } = record('listed');
  const consumer = { name: 'acme', tenant: null, plan: null, groups: [], tags: {} };
  const listed = KnownKey.listed(keyOf('listed'), { key: { ...rest, hash, routes }, consumer });
  ready.set(listed, null);
  assert.equal(ready.get(keyOf('listed'), directory), listed);
  for (let n = 0; n < 50; n++) {
    keep(ready, n);
    assert.ok(ready.get(keyOf(n), directory));
  }
  assert.equal(ready.get(keyOf('listed'), directory), undefined);
});
