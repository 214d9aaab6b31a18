// letterAt against charCodeAt, for all kinds of strings that the engine stores differently.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letterAt } from './letter-at.ts';

test('gives the letters of texts however they are stored', () => {
  const written = 'plain text of some length';
  const texts = {
    written,
    joined: `${written}${Date.now()}`,
    'a piece of another': written.slice(3, 20),
    'a key': Object.keys({ [`${written}!`]: 1 })[0]!,
    'from bytes': Buffer.from(written).toString('latin1'),
    'two bytes a letter': '\u4e2d\u6587 text',
    'a piece with two bytes a letter': `${'\u4e2d'.repeat(20)}${written}`.slice(10, 40),
  };
  for (const [kind, text] of Object.entries(texts))
    for (let at = 0; at < text.length; at++) assert.equal(letterAt(text, at), text.charCodeAt(at), `${kind}, ${at}`);
});

test('is not a number behind the end', () => {
  assert.ok(Number.isNaN(letterAt('ab', 2)));
});
