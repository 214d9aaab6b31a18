// Keys are remembered by their hashes, until others need the room.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { KeyHashSet } from './key-hash-set.ts';

const digestOf = (n: number | string) => createHash('sha256').update(String(n)).digest('hex');

test('what was added is there, nothing else, and nothing once it is cleared', () => {
  const hashes = new KeyHashSet();
  assert.ok(!hashes.has(digestOf(0)));
  for (let n = 0; n < 1_000; n++) hashes.add(digestOf(n));
  for (let n = 0; n < 1_000; n++) assert.ok(hashes.has(digestOf(n)), String(n));
  for (let n = 1_000; n < 5_000; n++) assert.ok(!hashes.has(digestOf(n)), String(n));
  hashes.clear();
  for (let n = 0; n < 1_000; n++) assert.ok(!hashes.has(digestOf(n)));
});

test('what is added again and again takes no room from others', () => {
  const hashes = new KeyHashSet();
  // The first three digits decide which hashes share room.
  const shared = Array.from({ length: 4 }, (_, n) => `00000000${String(n).repeat(56)}`);
  for (const digest of shared) for (let n = 0; n < 10; n++) hashes.add(digest);
  assert.deepEqual(
    shared.filter(digest => !hashes.has(digest)),
    [],
  );
});

test('each of the first 32 digits counts', () => {
  const hashes = new KeyHashSet();
  const digest = digestOf('key');
  hashes.add(digest);
  for (let at = 0; at < 32; at++)
    for (const digit of '0123456789abcdef') {
      const other = digest.slice(0, at) + digit + digest.slice(at + 1);
      assert.equal(hashes.has(other), other === digest, other);
    }
});

test('a flood pushes out the oldest, and the newest are there', () => {
  const hashes = new KeyHashSet();
  for (let n = 0; n < 100_000; n++) hashes.add(digestOf(n));
  let old = 0;
  let recent = 0;
  for (let n = 0; n < 1_000; n++) {
    if (hashes.has(digestOf(n))) old++;
    if (hashes.has(digestOf(99_000 + n))) recent++;
  }
  assert.equal(old, 0);
  assert.ok(recent > 990, String(recent));
});
