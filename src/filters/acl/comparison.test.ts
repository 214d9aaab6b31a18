// What is a comparison in the configuration, and what is a plain value.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisonOf } from './comparison.ts';

test('a sign and a number, and nothing else, is a comparison', () => {
  assert.deepEqual(comparisonOf('>= 3'), { sign: '>=', number: 3 });
  assert.deepEqual(comparisonOf('<-1.50'), { sign: '<', number: -1.5 });
  assert.deepEqual(comparisonOf('>  0'), { sign: '>', number: 0 });
  assert.deepEqual(comparisonOf('<=7'), { sign: '<=', number: 7 });
  for (const text of ['3', 'x > 3', '> 3x', '> high', '=> 3', '== 3', '> 3.', '> .5', '>', '> 1e3', '> 3 ', ''])
    assert.equal(comparisonOf(text), null, text);
});
