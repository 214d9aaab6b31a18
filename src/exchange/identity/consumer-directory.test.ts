// Consumers by name and keys by hash: each finds its own, and what is not listed finds nothing.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ConsumerDirectory, type ListedConsumer } from './consumer-directory.ts';

const hashOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

function consumer(name: string, keys: readonly string[]): ListedConsumer {
  const terms = { scopes: [], routes: null, plan: null, expiresAtMs: null, disabled: false };
  return {
    name,
    tenant: null,
    plan: null,
    groups: [],
    tags: {},
    keys: keys.map(key => ({ ...terms, id: key, hash: hashOf(key) })),
  };
}

test('every consumer is found by its name and every key by its hash, and nobody else', () => {
  const consumers = Array.from({ length: 500 }, (_, n) => consumer(`consumer ${n}`, [`a${n}`, `b${n}`]));
  const directory = new ConsumerDirectory([...consumers, consumer('ünïcode €', [])], []);
  for (const each of consumers) {
    assert.equal(directory.consumer(each.name), each);
    for (const key of each.keys) assert.deepEqual(directory.key(key.hash), { key, consumer: each });
  }
  assert.equal(directory.consumer('ünïcode €')?.name, 'ünïcode €');
  for (let n = 500; n < 2_000; n++) {
    assert.equal(directory.consumer(`consumer ${n}`), undefined);
    assert.equal(directory.key(hashOf(`a${n}`)), undefined);
  }
  // A hash that agrees with a known one in the digits by which hashes are sifted.
  const { hash } = consumers[7]!.keys[0]!;
  assert.equal(directory.key(`${hash.slice(0, 20)}${'0'.repeat(hash.length - 20)}`), undefined);
  assert.equal(directory.consumer(''), undefined);
  assert.equal(directory.key(''), undefined);
});
