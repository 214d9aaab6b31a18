// Entries are found by every thread at once, and nothing else is found.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idFingerprint, RevocationTable, subjectFingerprint } from './revocation-table.ts';

const key = { low: 0x1234567, high: -77 };

test('what was added is found, with its time; nothing else is', () => {
  const table = RevocationTable.for(10);
  const other = new RevocationTable(table.memory);
  for (let n = 0; n < 400; n++) assert.ok(table.add(idFingerprint(key, `token-${n}`), 1_000 + n));
  for (let n = 0; n < 400; n++) assert.equal(other.find(idFingerprint(key, `token-${n}`)), 1_000 + n);
  for (let n = 400; n < 2_000; n++) assert.equal(other.find(idFingerprint(key, `token-${n}`)), -1);
  assert.equal(other.find(subjectFingerprint(key, 'token-1')), -1, 'a subject is no token');
  assert.equal(other.entries, 400);
});

test('the later time counts, beyond 2038 as well', () => {
  const table = RevocationTable.for(1);
  const print = subjectFingerprint(key, 'ann');
  table.add(print, 3_000_000_000.2);
  table.add(print, 5);
  assert.equal(table.find(print), 3_000_000_001);
  assert.equal(table.entries, 1);
  table.beforeS = 3_000_000_000;
  assert.equal(table.beforeS, 3_000_000_000);
  table.beforeS = 3_000_000_000.2;
  assert.equal(table.beforeS, 3_000_000_001);
});

test('a time beyond all, as one in milliseconds is, revokes for ever and not by chance', () => {
  const table = RevocationTable.for(1);
  const print = subjectFingerprint(key, 'ann');
  const milliseconds = 1_790_000_000_000;
  table.add(print, milliseconds);
  table.beforeS = milliseconds;
  assert.deepEqual([table.find(print), table.beforeS], [0xffffffff, 0xffffffff]);
});

test('a table that is half full says so and takes no more', () => {
  const table = RevocationTable.for(0);
  let n = 0;
  while (table.add(idFingerprint(key, `x${n}`), 1)) n++;
  assert.ok(table.isFull && n >= 500 && n <= 513, String(n));
  assert.equal(table.find(idFingerprint(key, 'not there')), -1);
  assert.ok(table.add(idFingerprint(key, 'x0'), 9), 'what is there can still change');
});

test('a larger copy has the same entries, and room for as many again', () => {
  const table = RevocationTable.for(0);
  table.beforeS = 4_000_000_000;
  let n = 0;
  while (table.add(idFingerprint(key, `x${n}`), 3_000_000_000 + n)) n++;
  const larger = table.larger();
  for (let at = 0; at < n; at++) assert.equal(larger.find(idFingerprint(key, `x${at}`)), 3_000_000_000 + at);
  assert.deepEqual([larger.entries, larger.beforeS], [n, 4_000_000_000]);
  for (let at = n; at < 2 * n; at++) assert.ok(larger.add(idFingerprint(key, `x${at}`), 1));
});
