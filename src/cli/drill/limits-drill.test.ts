// How the table of `cardea drill limits` states how far a key was from its limit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overText } from './limits-drill.ts';

test('over and below the limit in words, without a sign', () => {
  assert.equal(overText(0.0012), '0.12 % over the limit');
  assert.equal(overText(-0.055), '5.50 % below the limit');
  assert.equal(overText(0), 'at the limit');
  assert.equal(overText(-0.000_01), 'at the limit');
});
