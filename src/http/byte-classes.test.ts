// Every byte is in the classes in which the grammar has it, and in no other: one byte more could end a message elsewhere for a backend.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hexValue, TargetByte, targetByte, tokenByte, valueByte } from './byte-classes.ts';

const bytes = Array.from({ length: 256 }, (_, byte) => [byte, String.fromCharCode(byte)] as const);

test('tokens, values and digits', () => {
  for (const [byte, letter] of bytes) {
    assert.equal(tokenByte[byte] === 1, /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(letter), `token ${byte}`);
    assert.equal(valueByte[byte] === 1, /[\t\x20-\x7e\x80-\xff]/.test(letter), `value ${byte}`);
    assert.equal(hexValue[byte], /[0-9A-Fa-f]/.test(letter) ? Number.parseInt(letter, 16) : 255, `digit ${byte}`);
  }
});

test('a target holds visible ASCII without a fragment', () => {
  for (const [byte, letter] of bytes)
    assert.equal(targetByte[byte] !== TargetByte.illegal, /[!-~]/.test(letter) && letter !== '#', `target ${byte}`);
  const special = bytes.filter(([byte]) => targetByte[byte]! > TargetByte.plain).map(([, letter]) => letter);
  assert.deepEqual(special, ['%', '.', '/', '?', '\\']);
});
