// Edits lead from one list to the other, and contain nothing else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editedList, listEdits } from './list-edits.ts';

const elements = Array.from({ length: 12 }, (_, i) => ({ i }));
const list = fc.uniqueArray(fc.constantFrom(...elements));

test('edits lead from one list to the other', () => {
  fc.assert(
    fc.property(list, list, (before, now) => {
      const edits = listEdits(before, now, 100)!;
      const come = edits.added.map(at => now[at]!);
      assert.deepEqual(editedList(before, edits, come), now);
      const kept = before.filter((_, at) => !edits.removed.includes(at));
      assert.deepEqual(
        kept,
        now.filter((_, at) => !edits.added.includes(at)),
      );
    }),
    { numRuns: 2_000, seed: 20_261_121 },
  );
});

test('what stays in its order is not touched', () => {
  const [a, b, c, d, e] = elements;
  assert.deepEqual(listEdits([a, b, c, d], [a, b, c, d], 9), { removed: [], added: [] });
  assert.deepEqual(listEdits([a, b, c, d], [a, e, b, d], 9), { removed: [2], added: [1] });
  assert.deepEqual(listEdits([a, b, c, d], [b, c, d, a], 9), { removed: [0], added: [3] });
  assert.deepEqual(listEdits([], [a], 9), { removed: [], added: [0] });
});

test('more than were asked for are not listed', () => {
  assert.equal(listEdits(elements, [], 11), null);
  assert.equal(listEdits([], elements, 11), null);
  assert.equal(listEdits(elements, [...elements].reverse(), 10), null);
  assert.equal(listEdits(elements, [], 12)?.removed.length, 12);
});
