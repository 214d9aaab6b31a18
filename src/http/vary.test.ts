// A name is added to Vary only once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Headers } from './headers.ts';
import { addVary } from './vary.ts';

test('adds a name that is not there yet', () => {
  for (const [before, after] of [
    [[], ['Origin']],
    [['Accept'], ['Accept', 'Origin']],
    [['accept, ORIGIN'], ['accept, ORIGIN']],
    [
      ['Accept', 'origin'],
      ['Accept', 'origin'],
    ],
    [['*'], ['*']],
    [['X-Origin'], ['X-Origin', 'Origin']],
  ] as const) {
    const headers = Headers.from(before.map(value => ['Vary', value]));
    addVary(headers, 'Origin');
    assert.deepEqual(headers.getAll('vary'), after);
  }
});
