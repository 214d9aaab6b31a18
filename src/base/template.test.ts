// Templates and their parts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTemplate } from './template.ts';

test('text and variables in order', () => {
  assert.deepEqual(parseTemplate(''), []);
  assert.deepEqual(parseTemplate('plain $5 {x} }'), [{ text: 'plain $5 {x} }' }]);
  assert.deepEqual(parseTemplate('${a}${b.c}'), [{ variable: 'a' }, { variable: 'b.c' }]);
  assert.deepEqual(parseTemplate('x ${a} y'), [{ text: 'x ' }, { variable: 'a' }, { text: ' y' }]);
});

test('two dollars stand for the letters', () => {
  assert.deepEqual(parseTemplate('$${a}'), [{ text: '${a}' }]);
  assert.deepEqual(parseTemplate('x$${a} ${b}$${c'), [{ text: 'x${a} ' }, { variable: 'b' }, { text: '${c' }]);
});

test('what is not closed or empty is refused', () => {
  assert.throws(() => parseTemplate('a ${b'), /not closed in "a \$\{b"/);
  assert.throws(() => parseTemplate('${}'), /names no variable/);
});
