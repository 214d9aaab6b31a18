// Routes, filters and balancers share one strict reading of cookies.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cookiePairs, cookieValue } from './cookies.ts';

test('cookies outside the grammar are no cookies', () => {
  assert.deepEqual(cookiePairs('a=1; b="2"; c=; d = 4;e=5; f; =7; g=x,y; h="; i=a b; \u00e9=1; j=\u00e9'), [
    ...['a', '1', 'b', '2', 'c', '', 'e', '5'],
  ]);
});

test('a value may be quoted, on both sides or not at all', () => {
  assert.deepEqual(cookiePairs('a=""; b="x"; c="x; d=x"; e=xy"; f=x"y"; g="x"y; h="; (i=x; j(=x'), [
    ...['a', '', 'b', 'x'],
  ]);
});

test('the first cookie of a name counts, by its whole name', () => {
  assert.equal(cookieValue('xa=0; a=1; a=2', 'a'), '1');
  assert.equal(cookieValue('ab=1', 'a'), undefined);
  assert.equal(cookieValue('b=a=1', 'a'), undefined);
  assert.equal(cookieValue(undefined, 'a'), undefined);
  assert.equal(cookieValue('', 'a'), undefined);
});

test('one value and all pairs never differ', () => {
  const header = fc.string({
    unit: fc.constantFrom('a', 'b', '=', ';', ' ', '"', ',', '\t'),
    maxLength: 20,
    size: 'max',
  });
  fc.assert(
    fc.property(header, fc.constantFrom('a', 'b', 'ab'), (text, name) => {
      const pairs = cookiePairs(text);
      const at = pairs.findIndex((word, i) => i % 2 === 0 && word === name);
      assert.equal(cookieValue(text, name), at === -1 ? undefined : pairs[at + 1]);
    }),
  );
});
