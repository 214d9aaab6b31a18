// Groups of an expression that may match slashes, in rewrites and redirects.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfigText } from '../load.ts';

const start = 'listeners: [{ address: 127.0.0.1:0 }]\nupstreams: { u: { endpoints: [http://a] } }\n';

/** The warnings about a route. */
function warned(route: string): string[] {
  return loadConfigText(`${start}routes:\n  - ${route}\n`, '/captures.yaml', { filters: [] })
    .problems.filter(({ message }) => message.includes('one segment'))
    .map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const rewritten = (path: string, template: string) =>
  warned(`{ name: r, match: { path: '${path}' }, to: u, rewrite: { path: '${template}' } }`);

test('a group that may match slashes is told where it is one segment', () => {
  assert.deepEqual(rewritten('~/old/(?<rest>.*)', '/new/{rest}'), [
    '4:78 {rest} is one segment, so that slashes in it are encoded: {rest*} keeps them',
  ]);
  for (const group of ['.+', '/.*', '(a|b/c)', '[^?]+', '\\S+', '[a-z/]+', '(?:[0-9]+)/x']) {
    assert.equal(rewritten(`~/old(?<rest>${group})`, '/new{rest}').length, 1, group);
  }
});

test('other groups are not, and neither is one that keeps its slashes', () => {
  for (const group of ['[0-9]+', '[^/]+', '\\d{4}', '\\.', '\\w+', 'a|b', '[^./]+', '[a-z.]+', '(?:x)?']) {
    assert.deepEqual(rewritten(`~/old/(?<rest>${group})`, '/new/{rest}'), [], group);
  }
  assert.deepEqual(rewritten('~/old/(?<rest>.*)', '/new/{rest*}'), []);
  assert.deepEqual(rewritten('~/old/(?<rest>.*)', '/new'), []);
  assert.deepEqual(rewritten('/old/{rest*}', '/new/{rest*}'), []);
});

test('a redirect is checked as well', () => {
  const route = (url: string) =>
    warned(`{ name: r, match: { path: '~/old/(?P<rest>.*)' }, to: { redirect: { url: '${url}' } } }`);
  assert.equal(route('https://example.com/{rest}').length, 1);
  assert.deepEqual(route('https://example.com/{rest*}{query}'), []);
});
