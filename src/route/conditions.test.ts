// How conditions read what clients send: strictly wherever two implementations could differ.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Headers } from '../http/headers.ts';
import type { BodyMatch, MatchSpec } from './match.ts';
import type { Routable } from './routable.ts';
import { needsBody } from './route-table.ts';
import { RouteTableBuilder } from './route-table-builder.ts';

function matches(more: Partial<MatchSpec>, request: Partial<Routable>): boolean | 'needs body' {
  const builder = new RouteTableBuilder<null>();
  const match = { hosts: [], path: '/*', methods: [], headers: [], query: [], cookies: [], body: [], ...more };
  assert.equal(builder.add({ name: 'r', match, value: null }), null);
  const { table } = builder.finish();
  const found = table.find({ method: 'GET', host: 'h', path: '/', query: '', headers: Headers.empty(), ...request });
  return found === needsBody ? 'needs body' : found !== null;
}

test('any of several header fields or cookies may satisfy a condition', () => {
  const headers = Headers.from([
    ['X-A', '1'],
    ['x-a', '2'],
    ['cookie', 'g=1'],
    ['cookie', 'g=2'],
  ]);
  for (const value of ['1', '2']) {
    assert.equal(matches({ headers: [{ name: 'x-a', match: { kind: 'exact', value } }] }, { headers }), true);
    assert.equal(matches({ cookies: [{ name: 'g', match: { kind: 'exact', value } }] }, { headers }), true);
  }
  assert.equal(matches({ headers: [{ name: 'x-a', match: { kind: 'exact', value: '3' } }] }, { headers }), false);
  assert.equal(matches({ headers: [{ name: 'x-a', match: { kind: 'absent' } }] }, { headers }), false);
});

test('a regular expression matches the whole value', () => {
  const spec: Partial<MatchSpec> = { headers: [{ name: 'x-a', match: { kind: 'regex', source: 'admin|root' } }] };
  assert.equal(matches(spec, { headers: Headers.from([['x-a', 'root']]) }), true);
  assert.equal(matches(spec, { headers: Headers.from([['x-a', 'rooted']]) }), false);
});

test('body conditions read own fields of JSON only', () => {
  const body = { a: { b: [{ c: 1 }, 'x', null, true] }, n: null };
  const cases: [BodyMatch['path'], BodyMatch['match'], boolean][] = [
    [['a', 'b', 0, 'c'], { kind: 'scalar', value: 1 }, true],
    [['a', 'b', 0, 'c'], { kind: 'scalar', value: '1' }, false],
    [['a', 'b', 0, 'c'], { kind: 'exact', value: '1' }, true],
    [['a', 'b', 1], { kind: 'regex', source: '[xy]' }, true],
    [['a', 'b', 3], { kind: 'scalar', value: true }, true],
    [['a', 'b', 9], { kind: 'absent' }, true],
    [['a', 'b', 'length'], { kind: 'present' }, false],
    [['constructor'], { kind: 'present' }, false],
    [['__proto__', 'toString'], { kind: 'absent' }, true],
    [['n'], { kind: 'scalar', value: null }, true],
    [['n'], { kind: 'present' }, true],
    [['m'], { kind: 'scalar', value: null }, false],
    [['a'], { kind: 'regex', source: '.*' }, false],
  ];
  for (const [path, match, expected] of cases) {
    assert.equal(matches({ body: [{ path, match }] }, { body }), expected, JSON.stringify([path, match]));
  }
  assert.equal(matches({ body: [{ path: ['a'], match: { kind: 'present' } }] }, {}), 'needs body');
  assert.equal(matches({ body: [{ path: ['a'], match: { kind: 'present' } }] }, { body: null }), false);
});
