// Rewrites and redirects: their results, and that a parameter never adds a segment, a query or `..`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Headers } from '../http/headers.ts';
import { normalizePath } from '../http/path.ts';
import type { FoundRoute } from './found-route.ts';
import { type PathPattern, PathPatternError, parsePathPattern } from './path-pattern.ts';
import { compileRewrite, Rewrite, RewriteError } from './rewrite.ts';
import { needsBody } from './route-table.ts';
import { RouteTableBuilder } from './route-table-builder.ts';
import { compileTemplate, Template, TemplateError } from './template.ts';

function patternOf(source: string): PathPattern {
  const pattern = parsePathPattern(source);
  assert.ok(!(pattern instanceof PathPatternError));
  return pattern;
}

function foundFor(source: string, path: string): FoundRoute<null> {
  const builder = new RouteTableBuilder<null>();
  const match = { hosts: [], path: source, methods: [], headers: [], query: [], cookies: [], body: [] };
  assert.equal(builder.add({ name: 'r', match, value: null }), null);
  const found = builder.finish().table.find({ method: 'GET', host: 'h', path, query: '', headers: Headers.empty() });
  assert.ok(found !== null && found !== needsBody, `${source} does not match ${path}`);
  return found;
}

function rewritten(source: string, spec: { stripPrefix?: string; path?: string }, path: string): string {
  const rewrite = compileRewrite({ stripPrefix: '', path: '', host: '', ...spec }, patternOf(source));
  assert.ok(rewrite instanceof Rewrite, rewrite instanceof RewriteError ? rewrite.message : '');
  return rewrite.apply(path, foundFor(source, path));
}

test('stripPrefix ends at a segment', () => {
  const strip = (path: string) => rewritten('/*', { stripPrefix: '/api' }, path);
  assert.equal(strip('/api/x'), '/x');
  assert.equal(strip('/api/'), '/');
  assert.equal(strip('/api'), '/');
  assert.equal(strip('/apix'), '/apix');
  assert.equal(strip('/b/api'), '/b/api');
  assert.equal(strip('/api//evil.example/'), '/evil.example/');
});

test('stripPrefix is compared in the form that request paths have', () => {
  assert.equal(rewritten('/caf\u00e9/*', { stripPrefix: '/caf\u00e9' }, '/caf%C3%A9/x'), '/x');
  assert.equal(rewritten('/*', { stripPrefix: '/caf%c3%a9/' }, '/caf%C3%A9/x'), '/x');
  assert.equal(rewritten('/*', { stripPrefix: '/%61pi' }, '/api/x'), '/x');
});

test('the path template takes parameters as they stand in the path', () => {
  assert.equal(rewritten('/users/{id}', { path: '/v2/{id}/x' }, '/users/a%2Fb%3Fc'), '/v2/a%2Fb%3Fc/x');
  assert.equal(rewritten('/files/{path*}', { path: '/store/{path*}' }, '/files/a/b'), '/store/a/b');
  assert.equal(rewritten('/files/{path*}', { path: '/store/{path*}' }, '/files'), '/store/');
  assert.equal(rewritten('~/(?<a>.*)/(?<b>.*)', { path: '/{a}{b}' }, '/./.'), '/%252E%252E');
  assert.equal(rewritten('~/x(?<a>.*)', { path: '/y/{a}' }, '/x/b/c'), '/y/%252Fb%252Fc');
  assert.equal(rewritten('~/x(?<a>.*)', { path: '/y/{a*}' }, '/x/b/c'), '/y/b/c');
  assert.equal(rewritten('~/x(?<a>.*)', { path: '/y/{a}/z' }, '/x'), '/y/z');
  assert.equal(rewritten('/files/{path*}', { path: '/store/{path*}/raw' }, '/files/a/'), '/store/a/raw');
  assert.equal(rewritten('/users/{id}', { path: '/%76%32%3b/{id}' }, '/users/7'), '/v2%3B/7');
});

test('parts that are harmless alone never form a dot segment or an escape together', () => {
  const sideBySide = (path: string) => rewritten('~/u/x(?<a>.*)/y(?<b>.*)', { path: '/v2/{a}{b}' }, path);
  assert.equal(sideBySide('/u/x./y.;foo'), '/v2/%252E%252E;foo');
  assert.equal(sideBySide('/u/x./y.%3Bfoo'), '/v2/%252E%252E%3Bfoo');
  assert.equal(rewritten('/u/{a}', { path: '/v2/%2e{a}' }, '/u/.a'), '/v2/..a');
  assert.equal(rewritten('~/u/x(?<a>.*)', { path: '/v2/%2e{a}' }, '/u/x.'), '/v2/%252E%252E');
  const cut = (path: string) => rewritten('~/u/(?<a>.*)25/(?<b>.*)', { path: '/v2/{a}{b*}' }, path);
  assert.equal(cut('/u/.%25/2E/admin'), '/v2/.%252E/admin');
  assert.equal(cut('/u/a%25/2F'), '/v2/a%252F');
});

test('whatever a client sends, the new path has the template’s segments and is in normal form', () => {
  const sources = ['/u/{a}/{b}', '~/u/(?<a>.*)/(?<b>.*)', '~/u/(?<a>[^/]*?)(?:25)?/(?<b>.*)'];
  const templates = [
    '/v2/{a}/x/{b}',
    '/v2/{a}{b}',
    '/v2/{a}.{b}/y',
    '/{a}',
    '/v2/.{b}',
    '/v2/%2e{b}',
    '/v2/{a*}/y/{b*}',
    '/v2/{a*}{b*}',
  ];
  const piece = fc.array(
    fc.constantFrom('a', '.', '..', '%2E', '%2F', '%3F', '%5C', '%23', 'é', '%25', '2E', '2F', ';', '%3b', '/'),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  let tried = 0;
  fc.assert(
    fc.property(fc.constantFrom(...sources), fc.constantFrom(...templates), piece, piece, (source, template, a, b) => {
      const policy = { encodedSlash: 'keep', emptySegments: 'merge' } as const;
      const normal = normalizePath(`/u/${a.join('')}/${b.join('')}`, policy);
      if (!normal.ok) return;
      const pattern = patternOf(source);
      // A parameter of one segment cannot be inserted as several.
      const severalSegments = template.includes('*');
      if (severalSegments && pattern.regex === null) return;
      const segments = normal.path.split('/');
      if (!normal.path.startsWith('/u/') || segments.length < 4 || (pattern.regex === null && segments.length !== 4))
        return;
      if (pattern.regex === null && (segments[2] === '' || segments[3] === '')) return;
      tried++;
      const path = rewritten(source, { path: template }, normal.path);
      if (!severalSegments) assert.ok(path.split('/').length <= template.split('/').length, path);
      assert.doesNotMatch(path, /[?#\\]|\/\.\.?(?:\/|;|%3B|$)|\/\//);
      if (template.startsWith('/v2/')) assert.ok(path.startsWith('/v2/'), path);
      const again = normalizePath(path, policy);
      assert.ok(again.ok && again.path === path, path);
    }),
    { numRuns: 4000 },
  );
  assert.ok(tried > 500, `${tried}`);
});

test('rewrites that cannot be are refused', () => {
  const cases: [string, { stripPrefix?: string; path?: string; host?: string }, RegExp][] = [
    ['/users/{id}', { path: '/v2/{user}' }, /no parameter \{user\}.*\{id\}/],
    ['/files/{path*}', { path: '/v2/{path}' }, /write \{path\*\}/],
    ['/users/{id}', { path: '/v2/{id*}' }, /write \{id\}/],
    ['/users/{id}', { path: 'v2' }, /must start with/],
    ['/users/{id}', { path: '/v2/../x' }, /\.\./],
    ['/users/{id}', { path: '/v2/%2e%2E/x' }, /\.\./],
    ['/users/{id}', { path: '/v2/..;/x' }, /\.\./],
    ['/users/{id}', { path: '/v2?x=1' }, /leaves the query as it is/],
    ['/users/{id}', { path: '/v2/{id' }, /brace/],
    ['/users/{id}', { stripPrefix: '/api' }, /no path of/],
    ['/users/*', { stripPrefix: 'users' }, /not a path prefix/],
    ['/users/*', { stripPrefix: '/users', path: '/x' }, /exclude each other/],
    ['/users/*', { host: 'a b' }, /not a host/],
    ['/users/{id}', { path: '/v2/{id}\n' }, /plain path/],
    ['/users/{id}', { path: '/v2/%0a{id}' }, /plain path/],
    ['/users/*', { path: '/\ud800' }, /half of a surrogate pair/],
    ['/users/*', { stripPrefix: '/\ud800' }, /half of a surrogate pair/],
  ];
  for (const [source, spec, message] of cases) {
    const error = compileRewrite({ stripPrefix: '', path: '', host: '', ...spec }, patternOf(source));
    assert.ok(error instanceof RewriteError, JSON.stringify(spec));
    assert.match(error.message, message);
  }
});

test('redirects fill in the request’s parts, and a client cannot choose the host', () => {
  const url = (template: string, path: string, query = '', source = '/*') => {
    const compiled = compileTemplate(template, patternOf(source));
    assert.ok(compiled instanceof Template, compiled instanceof TemplateError ? compiled.message : '');
    return compiled.apply({ host: 'h.example', path, query }, foundFor(source, path));
  };
  assert.equal(url('https://{host}{path}{query}', '/a%20b', 'x=1'), 'https://h.example/a%20b?x=1');
  assert.equal(url('https://{host}{path}{query}', '/a'), 'https://h.example/a');
  assert.equal(url('https://{host}/n/{id}', '/o/a%2F%0D%0Ab', '', '/o/{id}'), 'https://h.example/n/a%2F%0D%0Ab');
  assert.equal(url('{path}', '//evil.example/'), '/evil.example/');
  assert.equal(url('/{path}', '/evil.example/'), '/evil.example/');
  assert.equal(url('/{rest*}', '/o//evil.example/', '', '/o/{rest*}'), '/evil.example/');
  assert.equal(url('/new/{rest*}', '/o/a/b', '', '/o/{rest*}'), '/new/a/b');
  // Text that is not UTF-8 stays as received, and an incomplete escape is not completed by the text after it.
  assert.equal(url('/n/{id}', '/o/caf%E9', '', '/o/{id}'), '/n/caf%E9');
  assert.equal(url('/n/{rest*}', '/o/%E9/%C3%A9', '', '/o/{rest*}'), '/n/%E9/%C3%A9');
  assert.equal(url('/n/{id}2F', '/o/%E9%', '', '/o/{id}'), '/n/%E9%252F');
  for (const bad of [
    'https://{id}/',
    'https://{path}/',
    'https://x{id}.example/',
    'javascript:{id}',
    '//x/{id}',
    'https://h/{no}',
    'https://h/{',
    '/\\evil.example/{id}',
    'https://h/a\\{id}',
  ]) {
    assert.ok(compileTemplate(bad, patternOf('/o/{id}')) instanceof TemplateError, bad);
  }
});
