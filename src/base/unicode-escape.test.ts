// The result of unicodeEscape is read by JSON as the same character.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unicodeEscape } from './unicode-escape.ts';

test('four digits, which JSON reads as the letter', () => {
  assert.equal(unicodeEscape('\n'), '\\u000a');
  for (const letter of ['\0', '\x7f', '\u2028', '\ufeff'])
    assert.equal(JSON.parse(`"${unicodeEscape(letter)}"`), letter);
});
