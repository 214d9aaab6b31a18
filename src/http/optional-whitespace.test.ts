import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trimOptionalWhitespace } from './optional-whitespace.ts';

test('spaces and tabs at the ends go, and nothing else does', () => {
  for (const [text, trimmed] of [
    ['', ''],
    [' \t ', ''],
    ['a b', 'a b'],
    ['\t a\tb ', 'a\tb'],
    // As bytes: the last UTF-8 byte of the letter is 0xa0.
    [Buffer.from('Università').toString('latin1'), Buffer.from('Università').toString('latin1')],
    ['\xa0', '\xa0'],
    ['\ufeffa\n', '\ufeffa\n'],
  ] as const)
    assert.equal(trimOptionalWhitespace(text), trimmed, JSON.stringify(text));
});
