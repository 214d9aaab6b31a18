// The starts that are found around a change are those that examining the whole text finds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { settingStarts } from './setting-starts.ts';

const piece = fc.constantFrom(
  'a: 1\n',
  'b:\n',
  '  - x\n',
  '- y\n',
  '# z\n',
  '\n',
  ' ',
  '-',
  '--',
  '.',
  '..',
  '%',
  'c',
  '',
);
const text = fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join(''));

test('starts around a change are those of the whole text', () => {
  let found = 0;
  fc.assert(
    fc.property(text, text, text, text, (front, went, came, behind) => {
      const [before, now] = [front + went + behind, front + came + behind];
      const starts = settingStarts(before, null);
      if (starts === null) return;
      found++;
      assert.deepEqual(
        settingStarts(now, { text: before, starts }),
        settingStarts(now, null),
        JSON.stringify([before, now]),
      );
    }),
    { numRuns: 20_000, seed: 20_261_121 },
  );
  assert.ok(found > 5_000, `only ${found} had starts`);
});
