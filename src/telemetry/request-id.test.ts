import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRequestId, newRequestId } from './request-id.ts';

test('ids are 32 hex digits and never come twice, over many refills of the pool', () => {
  const ids = new Set<string>();
  for (let i = 0; i < 20_000; i++) ids.add(newRequestId());
  assert.equal(ids.size, 20_000);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
});

test('digits are spread evenly: none is more than a fifth off its share', () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 5_000; i++) for (const digit of newRequestId()) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  assert.equal(counts.size, 16);
  for (const [digit, count] of counts) assert.ok(Math.abs(count / 10_000 - 1) < 0.2, `${digit}: ${count}`);
});

test('an id from outside is visible ASCII of at most 128 letters', () => {
  for (const id of ['a', 'A-1_b.c/d=+', '"\\', 'x'.repeat(128)]) assert.ok(isRequestId(id), id);
  for (const id of ['', 'x'.repeat(129), 'a b', 'a\tb', 'a\n', '\x7f', 'é', 'a\0'])
    assert.ok(!isRequestId(id), JSON.stringify(id));
});
