// Entries that are used stay, others are dropped, and the bound holds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentMap } from './recent-map.ts';

test('it never holds more than its bound, and keeps what is used', () => {
  const map = new RecentMap<number>(100);
  map.set('used', 1);
  for (let n = 0; n < 10_000; n++) {
    map.set(`x${n}`, n);
    if (n % 20 === 0) assert.equal(map.get('used'), 1);
    assert.ok(map.size <= 100);
  }
  assert.equal(map.get('x0'), undefined);
  assert.equal(map.get('x9999'), 9_999);
});

test('a value is replaced, taken out and cleared in both generations', () => {
  const map = new RecentMap<number>(4);
  for (const key of ['a', 'b', 'c']) map.set(key, 1);
  map.set('a', 2);
  assert.equal(map.get('a'), 2);
  map.delete('a');
  assert.equal(map.get('a'), undefined);
  map.delete('b');
  assert.equal(map.get('b'), undefined);
  map.clear();
  assert.equal(map.size, 0);
});
