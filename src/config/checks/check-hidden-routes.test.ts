// Routes behind others: told exactly where no request is left to them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfigText } from '../load.ts';

const head =
  'listeners: [{ address: 127.0.0.1:0 }]\nupstreams: { a: { endpoints: [http://a] }, b: { endpoints: [http://b] } }\n';

/** The routes with a warning about their path, by name. Each match is written as in a document. */
function warnedOf(matches: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(matches);
  const routes = names.map(
    (name, at) => `  - { name: ${name}, match: ${matches[name]}, to: ${at === 0 ? 'a' : 'b'} }\n`,
  );
  const text = `${head}routes:\n${routes.join('')}`;
  const { problems } = loadConfigText(text, '/hidden.yaml', { filters: [] });
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  );
  return problems
    .filter(({ path }) => path[3] === 'path')
    .map(({ path, message }) => `${names[Number(path[1])]}: ${message}`);
}

const images = '{ path: "~.*\\\\.(png|jpg)" }';

test('an expression behind the prefix of every path is told, wherever it stands', () => {
  for (const matches of [
    { images, rest: '{ path: /* }' },
    { rest: '{}', images },
    { images, rest: '{ path: "/{all*}" }' },
  ]) {
    const [warned = '', ...more] = warnedOf(matches);
    assert.match(warned, /^images: no request reaches this: .* "rest" takes every path of .* write `~\/\.\*` there/);
    assert.deepEqual(more, []);
  }
});

test('an expression whose beginning lies below a prefix is told', () => {
  const warned = (path: string, prefix = '/api/*') =>
    warnedOf({ x: `{ path: "${path}" }`, y: `{ path: "${prefix}" }` }).length;
  for (const path of ['~/api/[0-9]+', '~^/api/v1\\\\.json$', '~/api/x?']) assert.equal(warned(path), 1, path);
  for (const path of ['~/api/?x', '~/api', '~/apis/[0-9]+', '~/api/x|/b', '~(?i)/api/x', '~/[a]pi/x'])
    assert.equal(warned(path), 0, path);
  assert.equal(warned('~/api/[0-9]+', '/{version}/*'), 0);
});

test('a prefix hides an expression only where it holds itself, and for every client', () => {
  const named = head.replace('{ address', '{ name: in, address');
  const told = (prefix: string, expression: string) => {
    const routes = `  - { name: x, match: { path: "~/api/x.*"${expression} }, to: a }\n  - { name: y, match: { path: /api/*${prefix} }, to: b }\n`;
    const { problems } = loadConfigText(`${named}routes:\n${routes}`, '/hidden.yaml', { filters: [] });
    return problems.map(({ message }) => message.slice(0, 30));
  };
  assert.deepEqual(told('', ', listener: in'), ['no request reaches this: expre']);
  assert.deepEqual(told(', listener: in', ', listener: in'), ['no request reaches this: expre']);
  assert.deepEqual(told(', listener: in', ''), []);
  assert.deepEqual(told(', client: 10.0.0.0/8', ''), []);
});

test('nothing is told where requests are left to the expression', () => {
  for (const rest of [
    '{ path: "~/.*" }',
    '{ path: /*, methods: [GET] }',
    '{ path: /*, headers: { x-a: "1" } }',
    '{ path: /*, host: a.example.com }',
    '{ path: /other/* }',
  ])
    assert.deepEqual(warnedOf({ images, rest }), [], rest);
  assert.deepEqual(warnedOf({ images: images.replace('}', ', host: a.example.com }'), rest: '{ path: /* }' }), []);
});

test('methods and hosts that the prefix takes as well', () => {
  const of = (more: string) => images.replace('}', `, ${more} }`);
  assert.equal(warnedOf({ images: of('methods: [GET, HEAD]'), rest: '{ path: /*, methods: [GET] }' }).length, 1);
  assert.equal(warnedOf({ images: of('methods: [GET, PUT]'), rest: '{ path: /*, methods: [GET] }' }).length, 0);
  assert.equal(warnedOf({ images: of('host: [a.x, b.x]'), rest: '{ path: /*, host: [b.x, a.x, c.x] }' }).length, 1);
  assert.equal(warnedOf({ images: of('host: [a.x, b.x]'), rest: '{ path: /*, host: a.x }' }).length, 0);
});

test('`/` as the only path of its hosts is told', () => {
  assert.match(warnedOf({ app: '{ path: / }' })[0] ?? '', /^app: this matches only the path `\/` itself: .* `\/\*`$/);
  const sites = { one: '{ host: a.x, path: / }', two: '{ host: b.x, path: / }', three: '{ host: c.x, path: /* }' };
  assert.deepEqual(
    warnedOf(sites).map(text => text.split(':')[0]),
    ['one', 'two'],
  );
  assert.deepEqual(warnedOf({ home: '{ path: / }', assets: '{ path: /assets/* }' }), []);
  assert.deepEqual(warnedOf({ home: '{ host: a.x, path: / }', all: '{ host: "*.x", path: /* }' }), []);
});
