// A remembered range is as correct and as short as the one that comparing the lists finds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changedRange, rememberChangedRange } from './changed-range.ts';

const elements = Array.from({ length: 6 }, (_, i) => ({ i }));
const some = fc.array(fc.constantFrom(...elements), { maxLength: 8 });
/** Long enough to be remembered, and made of the same few elements, so that neighbours are often equal by chance. */
const long = Array.from({ length: 1_000 }, (_, i) => elements[i % elements.length]!);

test('what is remembered is no less than what comparing finds', () => {
  fc.assert(
    fc.property(fc.nat(8), some, some, fc.nat(8), (offset, went, came, rest) => {
      const front = long.slice(offset);
      const behind = long.slice(0, rest);
      const before = [...front, ...went, ...behind];
      const now = [...front, ...came, ...behind];
      const range = { from: front.length, toBefore: front.length + went.length, toNow: front.length + came.length };
      rememberChangedRange(before, now, range);
      const remembered = changedRange(before, now);
      assert.deepEqual(before.slice(0, remembered.from), now.slice(0, remembered.from));
      assert.deepEqual(before.slice(remembered.toBefore), now.slice(remembered.toNow));
      // Copies of the lists, of which no range is remembered. Where elements repeat, the same change can be described at several positions.
      const compared = changedRange([...before], [...now]);
      assert.equal(remembered.toBefore - remembered.from, compared.toBefore - compared.from);
      assert.equal(remembered.toNow - remembered.from, compared.toNow - compared.from);
    }),
    { numRuns: 500, seed: 20_261_121 },
  );
});

test('what is remembered of one list is not said of another', () => {
  const [a, b] = elements;
  const before = [a, ...long];
  const other = [b, ...long];
  const now = [b, ...long];
  rememberChangedRange(before, now, { from: 0, toBefore: 1, toNow: 1 });
  assert.deepEqual(changedRange(before, now), { from: 0, toBefore: 1, toNow: 1 });
  assert.deepEqual(changedRange(other, now), { from: 1_001, toBefore: 1_001, toNow: 1_001 });
});
