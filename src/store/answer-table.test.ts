// The table of kept answers: claims, expiry and bounds, and threads that claim at once.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { AnswerTable, answerTableBytes } from './answer-table.ts';

const LIMIT = 64;
const tableOf = (memoryBytes = 100_000) =>
  new AnswerTable(new SharedArrayBuffer(answerTableBytes(memoryBytes, LIMIT)), LIMIT);
const digestOf = (name: string) => createHash('sha256').update(name).digest().subarray(0, 16);

function first(table: AnswerTable, digest: Buffer, now = 0): number {
  const claim = table.claim(digest, 1, now, 60);
  assert.ok(claim.kind === 'first', claim.kind);
  return claim.slot;
}

test('first, under way, stored, forgotten', () => {
  const table = tableOf();
  const digest = digestOf('a');
  const slot = first(table, digest);
  assert.equal(table.claim(digest, 1, 1, 60).kind, 'underWay');
  assert.equal(table.claim(digest, 2, 1, 60).kind, 'otherQuestion');
  table.store(slot, digest, Buffer.from('answer'), 100);
  assert.deepEqual(table.claim(digest, 1, 99, 60), { kind: 'stored', bytes: Buffer.from('answer') });
  assert.equal(table.claim(digest, 2, 99, 60).kind, 'otherQuestion');
  assert.equal(table.claim(digest, 1, 100, 60).kind, 'first');
});

test('what is released may be asked again; what nobody gave back is forgotten in time', () => {
  const table = tableOf();
  const digest = digestOf('a');
  table.release(first(table, digest), digest);
  first(table, digest);
  assert.equal(table.claim(digest, 1, 59, 60).kind, 'underWay');
  const slot = first(table, digest, 60);
  table.store(slot, digestOf('another'), Buffer.from('x'), 100);
  assert.equal(table.claim(digest, 1, 61, 60).kind, 'underWay', 'only who holds the slot may change it');
});

test('an answer that is too large is remembered as given', () => {
  const table = tableOf();
  const [large, none, fits] = ['large', 'none', 'fits'].map(digestOf) as [Buffer, Buffer, Buffer];
  table.store(first(table, large), large, Buffer.alloc(LIMIT + 1), 100);
  table.store(first(table, none), none, null, 100);
  table.store(first(table, fits), fits, Buffer.alloc(LIMIT, 7), 100);
  assert.equal(table.claim(large, 1, 1, 60).kind, 'notKept');
  assert.equal(table.claim(none, 1, 1, 60).kind, 'notKept');
  assert.deepEqual(table.claim(fits, 1, 1, 60), { kind: 'stored', bytes: Buffer.alloc(LIMIT, 7) });
});

test('a full set drops the answer that would go first, and nothing that is under way', () => {
  const table = tableOf(1);
  const digests = Array.from({ length: 9 }, (_, n) => digestOf(`q${n}`)) as Buffer[];
  for (const [n, digest] of digests.slice(0, 8).entries()) {
    const slot = first(table, digest);
    if (n > 0) table.store(slot, digest, Buffer.from(`${n}`), 1_000 - n);
  }
  first(table, digests[8]!);
  assert.equal(table.claim(digests[0]!, 1, 1, 60).kind, 'underWay');
  assert.equal(table.claim(digests[6]!, 1, 1, 60).kind, 'stored');
  const busy = tableOf(1);
  for (const digest of digests.slice(0, 8)) first(busy, digest);
  assert.equal(busy.claim(digests[8]!, 1, 1, 60).kind, 'full');
});

test('of threads that claim the same questions at once exactly one is first for each', async () => {
  const memory = new SharedArrayBuffer(answerTableBytes(10_000_000, LIMIT));
  const counts = new SharedArrayBuffer(4);
  const file = new URL('./answer-table.ts', import.meta.url).href;
  const code = `
    const { workerData } = require('node:worker_threads');
    const { createHash } = require('node:crypto');
    import(${JSON.stringify(file)}).then(({ AnswerTable }) => {
      const table = new AnswerTable(workerData.memory, ${LIMIT});
      const counts = new Int32Array(workerData.counts);
      for (let n = 0; n < 3000; n++) {
        const digest = createHash('sha256').update('q' + n).digest().subarray(0, 16);
        if (table.claim(digest, 1, 0, 60).kind === 'first') Atomics.add(counts, 0, 1);
      }
    });`;
  const threads = [1, 2, 3].map(() => new Worker(code, { eval: true, workerData: { memory, counts } }));
  await Promise.all(threads.map(thread => new Promise(resolve => thread.once('exit', resolve))));
  assert.equal(new Int32Array(counts)[0], 3_000);
});

test('what there is of a question: under way with its mark, stored, given up, over', () => {
  const table = tableOf();
  const digest = digestOf('a');
  assert.equal(table.find(digest, 0), null);
  const slot = first(table, digest);
  assert.deepEqual(table.find(digest, 1), { kind: 'underWay', mark: 1 });
  table.mark(slot, digest, 7);
  assert.deepEqual(table.find(digest, 1), { kind: 'underWay', mark: 7 });
  assert.equal(table.giveUp(digest, 7, 100), false, 'it was heard of');
  assert.equal(table.giveUp(digest, 8, 100), true);
  assert.equal(table.giveUp(digest, 8, 100), false, 'once');
  assert.deepEqual(table.find(digest, 99), { kind: 'lost' });
  table.store(slot, digest, Buffer.from('late'), 100);
  assert.deepEqual(table.find(digest, 99), { kind: 'lost' }, 'who was given up does not come back');
  assert.deepEqual(table.find(digest, 100), { kind: 'expired' });
});

test('an answer that is put takes the place of the one before, or of the one that would go first', () => {
  const table = tableOf();
  assert.equal(table.keepsUntil(digestOf('a')), 0);
  assert.ok(table.put(digestOf('a'), Buffer.from('one'), 0, 50));
  assert.ok(table.put(digestOf('a'), Buffer.from('two'), 0, 60));
  assert.deepEqual(table.find(digestOf('a'), 1), { kind: 'stored', bytes: Buffer.from('two') });
  assert.equal(table.keepsUntil(digestOf('a')), 60);
  assert.equal(table.put(digestOf('b'), Buffer.alloc(LIMIT + 1), 0, 50), false, 'too long');
  const small = tableOf(1);
  for (let n = 0; n < 8; n++) assert.ok(small.put(digestOf(`${n}`), Buffer.from(`${n}`), 0, 100 + n));
  assert.ok(small.put(digestOf('ninth'), Buffer.from('9'), 0, 200));
  assert.equal(small.find(digestOf('0'), 1), null);
  assert.equal(small.find(digestOf('1'), 1)?.kind, 'stored');
});
