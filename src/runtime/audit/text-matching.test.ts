// Patterns as routes have them, and a text for each that the pattern takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textMatching } from './text-matching.ts';

const made: [source: string, text: string | null][] = [
  ['/r/[0-9]+', '/r/1'],
  ['/users/(?P<id>[a-f0-9]{8})/(posts|likes)', '/users/aaaaaaaa/posts'],
  ['^/v[12](/.*)?$', '/v1/a'],
  ['/files/\\w+\\.(?:pdf|txt)', '/files/a.pdf'],
  ['(v1|v2)', 'v1'],
  ['[xyz]{2,3}', 'xx'],
  ['\\p{Greek}', null],
  ['(', null],
];
for (const [source, text] of made) {
  test(`${source} takes ${text}`, () => assert.equal(textMatching(source), text));
}
