// Where a redirect leads: to the place that the configuration says, whatever the client wrote into its path and query.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PathPattern, PathPatternError, parsePathPattern } from './path-pattern.ts';
import { compileTemplate, TemplateError } from './template.ts';

function patternOf(source: string): PathPattern {
  const pattern = parsePathPattern(source);
  if (pattern instanceof PathPatternError) throw new Error(pattern.message);
  return pattern;
}

const request = { host: 'a.test', path: '/x', query: 'b=1' };

interface Asked {
  /** The route's path, and the values of its parameters. */
  readonly path?: string;
  readonly values?: readonly string[];
  readonly request?: Partial<typeof request>;
}

/** Where the redirect leads, or why it is refused. */
function target(url: string, { path = '/{id}', values = [], request: changes }: Asked = {}): string {
  const pattern = patternOf(path);
  const template = compileTemplate(url, pattern);
  if (template instanceof TemplateError) return template.message;
  return template.apply({ ...request, ...changes }, { paramNames: pattern.paramNames, rawValues: values });
}

const from = (changes: Partial<typeof request>): Asked => ({ request: changes });

test('host, path, query and parameters stand where they are named', () => {
  assert.equal(target('https://{host}{path}{query}'), 'https://a.test/x?b=1');
  assert.equal(target('https://{host}/n/{id}', { values: ['7'] }), 'https://a.test/n/7');
  assert.equal(target('/new/{id}{query}', { values: ['7'] }), '/new/7?b=1');
  assert.equal(target('/new{query}', from({ query: '' })), '/new', 'an empty query has no question mark');
  assert.equal(target('{path}'), '/x');
  assert.equal(target('/all/{rest*}', { path: '/{rest*}', values: ['a/b'] }), '/all/a/b');
  assert.equal(target('/one/{rest}', { path: '/{rest*}', values: ['a/b'] }), '/one/a%2Fb');
});

test('what a parameter holds fills its own place only', () => {
  const id = (value: string) => target('/n/{id}/x', { values: [value] });
  assert.equal(id('a%2Fb'), '/n/a%2Fb/x');
  assert.equal(id('%3Fq%23f'), '/n/%3Fq%23f/x');
  assert.equal(id('.'), '/n/%252E/x');
  assert.equal(id('..'), '/n/%252E%252E/x');
  assert.equal(id('%2e%2E'), '/n/%252E%252E/x');
  assert.equal(id('%0d%0aX:1'), '/n/%0D%0AX%3A1/x');
  assert.equal(id('%FF'), '/n/%FF/x', 'what is not UTF-8 stays as it is');
  assert.equal(id('%FF/%F'), '/n/%FF%2F%25F/x');
  assert.equal(target('/n/{rest*}', { path: '/{rest*}', values: ['a/../b'] }), '/n/a/%252E%252E/b');
});

test('bytes that no URL may hold are encoded', () => {
  assert.equal(
    target('{path}{query}', from({ path: '/a"<>\\^`{|}\xe9', query: 'q=\xff"' })),
    '/a%22%3C%3E%5C%5E%60%7B%7C%7D%E9?q=%FF%22',
  );
  assert.equal(target('{path}', from({ path: '/a#b\u012a' })), '/a%23b%2A');
});

test('no path names another host', () => {
  assert.equal(target('{path}', from({ path: '//evil.test/a' })), '/evil.test/a');
  assert.equal(target('/{rest*}', { path: '/{rest*}', values: ['/evil.test'] }), '/evil.test');
  assert.equal(target('/{id}', { values: ['/evil.test'] }), '/%2Fevil.test');
  assert.equal(target('{path}', from({ path: '/a//b' })), '/a//b');
  const anything = fc.string({
    unit: fc.constantFrom('/', '\\', '.', '%2f', '%5c', '%', '@', ':', 'a', '\t'),
    maxLength: 12,
    size: 'max',
  });
  fc.assert(
    fc.property(
      anything,
      anything,
      fc.constantFrom('{path}', '/{id}', '/{id}{path}', 'https://{host}{path}', 'https://{host}/{id}'),
      (path, value, url) => {
        const text = target(url, { values: [value], request: { path: `/${path}` } });
        assert.equal(new URL(text, 'https://a.test').host, 'a.test', text);
      },
    ),
  );
});

test('a redirect that could lead anywhere, or names what is not there, is refused', () => {
  for (const [url, message] of [
    ['ftp://a.test/', /must start with/],
    ['a/b', /must start with/],
    ['//a.test/', /must start with/],
    ['{host}/a', /must start with/],
    ['https:///a', /must start with/],
    ['https://{id}/', /must start with/],
    ['https://{path}', /must start with/],
    ['x https://a.test', /must start with/],
    ['https://a.{id}.test/', /only \{host\} may stand in the host/],
    ['https://{host}.{id}/', /only \{host\} may stand in the host/],
    ['https://a.test:{id}', /only \{host\} may stand in the host/],
    ['https://a.test/ b', /a space/],
    ['/caf\u00e9', /outside ASCII/],
    ['/{other}', /names \{other\}; there are \{host\}, \{path\}, \{query\}, \{id\}/],
    ['/{id', /brace/],
    ['/id}', /brace/],
  ] as const)
    assert.match(target(url), message, url);
  for (const url of [
    'https://a.test',
    'http://a.test/{id}',
    'https://{host}?{id}',
    'https://{host}#{id}',
    '/',
    '{path}',
    '/{id*}',
  ])
    assert.doesNotMatch(target(url, { values: ['7'] }), /url/, url);
});
