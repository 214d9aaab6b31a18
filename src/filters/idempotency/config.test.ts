// Bounds of `memory`: a single message for each value that is too small or too large.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schema } from './config.ts';

for (const [memory, message] of [
  ['64KiB', '`memory` has to hold eight answers at least'],
  ['1B', 'expected a size from 64KiB to 4GiB'],
  ['999TiB', 'expected a size from 64KiB to 4GiB'],
] as const) {
  test(`memory: ${memory}`, () => {
    const { error } = schema.safeParse({ memory });
    assert.deepEqual(
      error?.issues.map(issue => issue.message),
      [message],
    );
  });
}

test('memory: 4GiB', () => {
  assert.equal(schema.parse({ memory: '4GiB' }).memory, 4 * 1_024 ** 3);
});
