import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomHex } from './random-hex.ts';

test('has the length asked for, whatever was drawn before', () => {
  for (let i = 0; i < 10_000; i++) {
    const length = 1 + ((i * 7) % 64);
    const digits = randomHex(length);
    assert.equal(digits.length, length);
    assert.match(digits, /^[0-9a-f]+$/);
  }
});
