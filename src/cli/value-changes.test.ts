// How elements of lists are named in the differences between two values.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueChanges } from './value-changes.ts';

test('elements of a list go by their identity, by their index without one, and are numbered where names are equal', () => {
  const changes = (before: unknown, after: unknown) =>
    valueChanges({ value: before, shown: before }, { value: after, shown: after }, 'list');
  assert.deepEqual(changes([{ name: 'a', to: 1 }], [{ name: 'a', to: 2 }]), ['list[a].to: 1 -> 2']);
  assert.deepEqual(changes([{ to: 1 }], [{ to: 2 }]), ['list[0].to: 1 -> 2']);
  assert.deepEqual(changes(['1', { to: 1 }], ['1', { to: 2 }]), ['list[1 2].to: 1 -> 2']);
  assert.deepEqual(changes([1, [1]], [1, [2]]), ['list[1 2][1]: 1 -> nothing', 'list[1 2][2]: nothing -> 2']);
});
