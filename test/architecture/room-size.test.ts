// File sizes: the median file under 120 lines, nine of ten under 300, the rest with a reason.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longFiles, sizeErrors } from './room-size.ts';
import { productFiles } from './source-files.ts';

test('files are small, and those that are not say why', () => {
  assert.deepEqual(sizeErrors(productFiles(), longFiles), []);
});

const file = (path: string, lines: number) => ({ path, text: '\n'.repeat(lines) });
const small = Array.from({ length: 9 }, (_, i) => file(`src/base/small-${i}.ts`, 50));
const reason = 'a table that is read from top to bottom';

test('self-check: a median that is too large is refused', () => {
  const files = Array.from({ length: 3 }, (_, i) => file(`src/base/${i}.ts`, 120));
  assert.match(sizeErrors(files, {}).join('\n'), /median file has 120/);
});

test('self-check: too many long files are refused, exceptions or not', () => {
  const files = [...small.slice(0, 4), file('a.ts', 400), file('b.ts', 400)];
  assert.match(sizeErrors(files, { 'a.ts': reason, 'b.ts': reason }).join('\n'), /nine of ten/);
});

test('self-check: a long file without a reason is refused, one with a reason is not', () => {
  const files = [...small, ...small, file('a.ts', 300)];
  assert.match(sizeErrors(files, {}).join('\n'), /a\.ts has 300 lines/);
  assert.match(sizeErrors(files, { 'a.ts': 'big' }).join('\n'), /is no reason/);
  assert.deepEqual(sizeErrors(files, { 'a.ts': reason }), []);
});

test('self-check: an exception that nothing needs is refused', () => {
  assert.match(sizeErrors(small, { 'gone.ts': reason }).join('\n'), /needs no exception/);
});
