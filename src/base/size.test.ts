// Sizes as written, in bytes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSize } from './size.ts';

test('reads whole numbers with binary units, and nothing else', () => {
  for (const [text, bytes] of [
    ['0B', 0],
    ['512B', 512],
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['4GiB', 4_294_967_296],
    ['2TiB', 2 * 1024 ** 4],
  ] as const) {
    assert.equal(parseSize(text), bytes);
  }
  for (const text of ['', '1', '1KB', '1kib', '1.5MiB', '-1B', '1 MiB', '01B', '1MiB ', 'MiB', '9999999999B']) {
    assert.ok(Number.isNaN(parseSize(text)), text);
  }
});
