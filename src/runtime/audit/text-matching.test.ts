// Patterns as routes use them, and for each some texts that the pattern matches.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLinearRegex, LinearRegexError } from '../../base/linear-regex.ts';
import { textsMatching } from './text-matching.ts';

const made: [source: string, plainest: string, others: readonly string[]][] = [
  ['/r/[0-9]+', '/r/1', ['/r/11', '/r/0']],
  [
    '/users/(?P<id>[a-f0-9]{8})/(posts|likes)',
    '/users/aaaaaaaa/posts',
    ['/users/aaaaaaaa/likes', '/users/11111111/posts'],
  ],
  ['^/v[12](/.*)?$', '/v1/a', ['/v1', '/v2', '/v1/', '/v1/aa', '/v1//']],
  ['/files/\\w+\\.(?:pdf|txt)', '/files/a.pdf', ['/files/a.txt', '/files/A.pdf']],
  ['(v1|v2)', 'v1', ['v2']],
  ['[xyz]{2,3}', 'xx', ['xxx', 'yy', 'xxy']],
  ['/(a|b|c)/(d|e|f)/(g|h)', '/a/d/g', ['/c/f/h', '/b/d/h']],
  ['a{3}', 'aaa', []],
  ['/x(ab)*', '/xab', ['/x', '/xabab']],
];
for (const [source, plainest, others] of made) {
  test(`${source} takes ${plainest}, and others`, () => {
    const texts = textsMatching(source);
    assert.equal(texts[0], plainest);
    for (const other of others) assert.ok(texts.includes(other), `${other} is not among ${texts.join(' ')}`);
  });
}

test('every text is one that the expression takes, and there are not many', () => {
  const sources = [
    ...[
      '/(a|b|c|d)(e|f|g|h)(i|j|k|l)[mno]?[pqr]*',
      '/a.b*',
      '(/[a-z]+){1,4}',
      '/(api|web)/v[0-9]/(?:.*/)?x',
      'a|b|c|d|e|',
      '[^/]+/[^/]*',
    ],
    `/${'(a|b)?'.repeat(60)}`,
  ];
  for (const source of sources) {
    const regex = compileLinearRegex(source);
    if (regex instanceof LinearRegexError) throw regex;
    const texts = textsMatching(source);
    assert.ok(texts.length > 3 && texts.length <= 32, `${source}: ${texts.length}`);
    assert.equal(new Set(texts).size, texts.length);
    for (const text of texts) assert.ok(regex.testWhole(text), `${source}: ${text}`);
  }
});

test('none where none can be made up', () => {
  for (const source of ['\\p{Greek}', '(', '(?i)a']) assert.deepEqual(textsMatching(source), []);
});
