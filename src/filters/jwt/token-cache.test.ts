// The cache of verified tokens: bounded, by the whole text, and tokens that are used again stay.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenCache } from './token-cache.ts';
import type { VerifiedToken } from './verified-token.ts';

/** A token with only the members that the cache reads. */
function verified(text: string, bytes: number): VerifiedToken {
  return { text, bytes } as VerifiedToken; // Because: the cache reads nothing else
}

const token = (n: number | string) => `eyJ.${n}.${String(n).padStart(60, 's')}`;

test('what was put in is found by its whole text only', () => {
  const cache = new TokenCache(100_000);
  const one = verified(token(1), 100);
  cache.set(one);
  assert.equal(cache.get(token(1)), one);
  assert.equal(cache.get(token(2)), undefined);
  assert.equal(cache.get(`x${token(1)}`), undefined, 'one that ends alike');
  assert.equal(cache.get(token(1).slice(1)), undefined);
  assert.equal(cache.get(''), undefined);
  const other = verified(`x${token(1)}`, 100);
  cache.set(other);
  assert.equal(cache.get(`x${token(1)}`), other);
  assert.equal(cache.get(token(1)), undefined, 'of two that end alike the later is kept');
  assert.equal(cache.size, 1);
  cache.delete(`x${token(1)}`);
  assert.equal(cache.size, 0);
});

test('never more than its bytes; what is asked for stays through a flood', () => {
  const cache = new TokenCache(10_000);
  const kept = verified(token('kept'), 100);
  cache.set(kept);
  for (let n = 0; n < 5_000; n++) {
    cache.set(verified(token(n), 100));
    if (n % 20 === 0) assert.equal(cache.get(token('kept')), kept, String(n));
    assert.ok(cache.size <= 100);
  }
  assert.equal(cache.get(token(0)), undefined);
  assert.ok(cache.get(token(4_999)) !== undefined);
});

test('a token that is put in again counts once; one that would fill half of it is not kept', () => {
  const cache = new TokenCache(1_000);
  for (let n = 0; n < 50; n++) cache.set(verified(token(1), 100));
  cache.set(verified(token(2), 100));
  assert.equal(cache.size, 2);
  cache.set(verified(token(3), 501));
  assert.equal(cache.get(token(3)), undefined);
  assert.equal(new TokenCache(0).get(token(1)), undefined);
});
