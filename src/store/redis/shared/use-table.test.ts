// The use table, read by one source after another.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { USE_TABLE_BYTES, UseTable } from './use-table.ts';

test('a source that begins where another one ended reads what is announced from then on', () => {
  const memory = new SharedArrayBuffer(USE_TABLE_BYTES);
  const worker = new UseTable(memory);
  const read = (table: UseTable) => {
    const found: [number, number][] = [];
    for (let slot = table.next(); slot !== -1; slot = table.next()) found.push([table.keyHigh(slot), table.take(slot)]);
    return found;
  };
  const first = new UseTable(memory);
  for (let key = 1; key <= 5; key++) worker.add(7, key, key, 10);
  assert.equal(read(first).length, 5);
  const second = new UseTable(memory);
  worker.add(7, 2, 2, 3);
  worker.add(7, 9, 9, 4);
  assert.deepEqual(read(second), [[2, 3], [9, 4]]); // biome-ignore format: pairs
});
