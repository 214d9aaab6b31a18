// Callers who never return give their room to others, but not before their units are over.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwedUnits } from './owed-units.ts';

test('units add up, are taken off, and are gone when none is left', () => {
  const owed = new OwedUnits(10, 1_000);
  owed.add('a', 3, 5_000);
  owed.add('a', 4, 5_999);
  assert.equal(owed.of('a'), 7);
  owed.add('a', 1, 6_500);
  owed.subtract('a', 5);
  assert.equal(owed.of('a'), 3);
  owed.subtract('a', 9);
  owed.subtract('b', 1);
  owed.add('c', 0, 6_500);
  assert.deepEqual([owed.of('a'), owed.of('b'), owed.of('c'), owed.isEmpty], [undefined, undefined, undefined, true]);
});

test('a full table takes nobody new until those who do not return are past their time', () => {
  const owed = new OwedUnits(3, 1_000);
  for (const caller of ['a', 'b', 'c', 'd']) owed.add(caller, 1, 5_000);
  owed.add('a', 1, 5_900);
  owed.add('d', 1, 6_100);
  assert.deepEqual(['a', 'b', 'c', 'd'].map(caller => owed.of(caller)), [2, 1, 1, undefined]); // biome-ignore format: one line
  owed.add('a', 1, 6_200);
  owed.add('d', 1, 7_100);
  assert.deepEqual(['a', 'b', 'c', 'd'].map(caller => owed.of(caller)), [3, undefined, undefined, 1]); // biome-ignore format: one line
});

test('after a long pause all are past their time', () => {
  const owed = new OwedUnits(1, 1_000);
  owed.add('a', 1, 5_000);
  owed.add('b', 1, 7_000);
  assert.deepEqual([owed.of('a'), owed.of('b')], [undefined, 1]);
});
