// One route and its parts: what is written, what it becomes, and what is refused with which message.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkValue } from '../problems/schema-problems.ts';
import { routeSchema } from './route-schema.ts';

const schema = routeSchema([]);

function route(fields: object) {
  const outcome = checkValue(schema, { name: 'r', to: 'u', ...fields });
  assert.ok(outcome.ok, outcome.ok ? '' : JSON.stringify(outcome.problems));
  return outcome.value;
}

/** Checks that a route has a single problem: its path, and what the message must say. */
function refused(fields: object, path: string, message: RegExp): void {
  const outcome = checkValue(schema, { name: 'r', to: 'u', ...fields });
  assert.ok(!outcome.ok, `accepted: ${JSON.stringify(fields)}`);
  assert.deepEqual(
    outcome.problems.map(problem => problem.path.join('.')),
    [path],
    JSON.stringify(outcome.problems),
  );
  assert.match(outcome.problems[0]!.message, message);
}

test('a match in full', () => {
  const { match } = route({
    match: {
      host: ['API.example.com', '*.example.com'],
      path: '/users/{id}',
      methods: ['GET', 'POST'],
      headers: { 'X-Version': '2023-10', 'x-any': true, 'x-none': false, 'x-like': '~v[0-9]+' },
      query: { Beta: '1' },
      cookies: { Group: 'canary' },
      body: { '$.type': 'order', '$.items[0].count': 2, '$.deleted': null, '$.note': '~urgent.*' },
    },
  });
  assert.deepEqual(match, {
    hosts: ['api.example.com', '*.example.com'],
    path: '/users/{id}',
    methods: ['GET', 'POST'],
    headers: [
      { name: 'x-version', match: { kind: 'exact', value: '2023-10' } },
      { name: 'x-any', match: { kind: 'present' } },
      { name: 'x-none', match: { kind: 'absent' } },
      { name: 'x-like', match: { kind: 'regex', source: 'v[0-9]+' } },
    ],
    query: [{ name: 'Beta', match: { kind: 'exact', value: '1' } }],
    cookies: [{ name: 'Group', match: { kind: 'exact', value: 'canary' } }],
    body: [
      { path: ['type'], match: { kind: 'scalar', value: 'order' } },
      { path: ['items', 0, 'count'], match: { kind: 'scalar', value: 2 } },
      { path: ['deleted'], match: { kind: 'scalar', value: null } },
      { path: ['note'], match: { kind: 'regex', source: 'urgent.*' } },
    ],
  });
});

test('one host stands without a list', () => {
  assert.deepEqual(route({ match: { host: 'API.example.com' } }).match.hosts, ['api.example.com']);
});

test('a match that no request can be meant by is refused', () => {
  refused({ match: { host: 'a.example.com:80' } }, 'match.host', /without its port: write "a\.example\.com"/);
  refused({ match: { host: '*' } }, 'match.host', /leave `host` out/);
  refused({ match: { host: 'a.*.com' } }, 'match.host', /expected a host/);
  refused({ match: { path: 'users' } }, 'match.path', /starts with `\/`/);
  refused({ match: { path: '~(' } }, 'match.path', /./);
  refused({ match: { path: '~(a)\\1' } }, 'match.path', /./);
  refused({ match: { methods: 'GET' } }, 'match.methods', /write \[GET\]/);
  refused({ match: { methods: ['get'] } }, 'match.methods.0', /write GET/);
  refused({ match: { methods: [] } }, 'match.methods', /at least one/);
  refused({ match: { headers: { 'a b': 'x' } } }, 'match.headers.a b', /expected a header name/);
  refused({ match: { headers: { a: '1', A: '2' } } }, 'match.headers.A', /same name/);
  refused({ match: { headers: { a: 1.1 } } }, 'match.headers.a', /found 1\.1; put it in quotes/);
  refused({ match: { headers: { a: '~(' } } }, 'match.headers.a', /./);
  refused(
    { match: { headers: { a: 'ü' } } },
    'match.headers.a',
    /in several encodings: .* '~\\xC3\\xBC' for "ü" in UTF-8/,
  );
  refused({ match: { headers: { a: '~[äö]' } } }, 'match.headers.a', /~\\xC3\\xA4' for "ä"/);
  refused({ match: { headers: { a: 'v\n' } } }, 'match.headers.a', /no header field has this value/);
  refused({ match: { cookies: { a: 'ü' } } }, 'match.cookies.a', /most programs write "ü" as %C3%BC/);
  refused({ match: { cookies: { a: 'a b' } } }, 'match.cookies.a', /no cookie has this value/);
  refused({ match: { methods: ['*'] } }, 'match.methods.0', /leave `methods` out/);
  refused({ match: { body: { type: 'x' } } }, 'match.body.type', /expected a path into the body/);
  refused({ match: { body: { '$.a': { b: 1 } } } }, 'match.body.$.a', /found a map/);
});

test('values that stand in requests are taken as they are', () => {
  for (const value of ['', 'a', 'a b', 'a,b', '~\\xC3\\xBC']) assert.ok(route({ match: { headers: { a: value } } }));
  assert.ok(route({ match: { cookies: { a: 'a%20b' }, query: { q: 'ü' } } }));
});

test('destinations', () => {
  assert.deepEqual(route({ to: 'users' }).to, { kind: 'upstream', upstream: 'users' });
  const split = [{ upstream: 'a', weight: 5 }, { upstream: 'b' }];
  const targets = [
    { upstream: 'a', weight: 5 },
    { upstream: 'b', weight: 1 },
  ];
  assert.deepEqual(route({ to: split }).to, { kind: 'split', targets, stickyCookie: null });
  assert.deepEqual(route({ to: split, sticky: { cookie: 'c' } }).to, { kind: 'split', targets, stickyCookie: 'c' });
  const byConsumer = { kind: 'split', targets, stickyCookie: null, stickyBy: 'consumer' };
  assert.deepEqual(route({ to: split, sticky: { by: 'consumer' } }).to, byConsumer);
  const reply = { status: 418, headers: { 'X-Tea': 'pot' }, body: 'short' };
  assert.deepEqual(route({ to: { reply } }).to, {
    kind: 'reply',
    reply: { status: 418, headers: [{ name: 'x-tea', value: 'pot' }], body: 'short' },
  });
  assert.deepEqual(route({ to: { redirect: { url: 'https://{host}{path}' } } }).to, {
    kind: 'redirect',
    url: 'https://{host}{path}',
    status: 308,
  });
});

test('destinations that lead nowhere are refused', () => {
  refused({ to: '' }, 'to', /name of an upstream/);
  refused({ to: [] }, 'to', /at least one upstream/);
  refused({ to: {} }, 'to', /either `reply` or `redirect`/);
  refused({ to: { reply: {}, redirect: { url: '/' } } }, 'to', /found both/);
  refused({ to: [{ upstream: 'a', weight: 0 }] }, 'to', /every weight is 0/);
  refused({ to: [{ upstream: 'a' }, { upstream: 'a' }] }, 'to.1.upstream', /twice/);
  refused({ to: [{ upstream: 'a', weight: -1 }] }, 'to.0.weight', /at least 0, found -1/);
  for (const status of [199, 600, 204.5]) refused({ to: { reply: { status } } }, 'to.reply.status', /found/);
  for (const status of [300, 304, 200]) {
    refused({ to: { redirect: { url: '/', status } } }, 'to.redirect.status', /301, 302, 303, 307 or 308/);
  }
  for (const status of [204, 205, 304]) refused({ to: { reply: { status, body: 'x' } } }, 'to.reply.body', /no body/);
});

test('a reply cannot break the message that it stands in', () => {
  const headers = (fields: object) => ({ to: { reply: { headers: fields } } });
  refused(headers({ a: 'b\r\nc: d' }), 'to.reply.headers.a', /control characters/);
  refused(headers({ 'a\r\nb': 'c' }), 'to.reply.headers.a\r\nb', /header name/);
  for (const name of ['Content-Length', 'transfer-encoding', 'Connection']) {
    refused(headers({ [name]: '1' }), `to.reply.headers.${name}`, /written by the gateway/);
  }
});

test('an upstream whose name is a number is named in quotes', () => {
  refused({ to: 1 }, 'to', /found 1; put it in quotes$/);
});

test('a rewrite does something, and one thing to the path', () => {
  assert.deepEqual(route({ rewrite: { stripPrefix: '/api' } }).rewrite, { stripPrefix: '/api', path: '', host: '' });
  refused({ rewrite: {} }, 'rewrite', /found none/);
  refused({ rewrite: { stripPrefix: '/a', path: '/b' } }, 'rewrite.stripPrefix', /exclude each other/);
  refused({ rewrite: { stripPrefix: 'api' } }, 'rewrite.stripPrefix', /starts with \//);
  refused({ rewrite: { path: 'api' } }, 'rewrite.path', /starts with \//);
});

test('stickiness needs a split', () => {
  refused({ sticky: { cookie: 'c' } }, 'sticky', /needs a split/);
  refused({ to: [{ upstream: 'a' }], sticky: { cookie: 'a b' } }, 'sticky.cookie', /cookie’s name/);
});

test('a name and a destination are needed, and a timeout is a duration', () => {
  refused({ name: undefined }, 'name', /`name` is missing/);
  refused({ to: undefined }, 'to', /`to` is missing/);
  refused({ name: 'a b' }, 'name', /expected a name/);
  refused({ timeout: 10 }, 'timeout', /expected a duration/);
  refused({ idleTimeout: '0s' }, 'idleTimeout', /longer than 0/);
  assert.equal(route({ timeout: '0s' }).timeoutMs, 0);
  assert.equal(route({}).timeoutMs, null);
  assert.equal(route({ timeout: '10s' }).timeoutMs, 10_000);
});
