// What `cardea explain` says about a request's routes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Headers } from '../http/headers.ts';
import { explainRoutes } from './explain.ts';
import type { MatchSpec } from './match.ts';
import { RouteTableBuilder } from './route-table-builder.ts';

test('each route of the host and path is listed with why it wins or not', () => {
  const builder = new RouteTableBuilder<null>();
  const add = (name: string, more: Partial<MatchSpec>) => {
    const match = { hosts: [], path: '/*', methods: [], headers: [], query: [], cookies: [], body: [], ...more };
    builder.add({ name, match, value: null });
  };
  add('fallback', {});
  add('elsewhere', { path: '/b/*' });
  add('any', { path: '/a/*' });
  add('beta', { path: '/a/x', headers: [{ name: 'x-beta', match: { kind: 'present' } }] });
  add('post', { path: '/a/x', methods: ['POST'], hosts: ['a.com'] });
  add('alone', { path: '/c' });
  add('for-some', { path: '/c', headers: [{ name: 'x-beta', match: { kind: 'present' } }] });
  const { table } = builder.finish();
  const request = { method: 'GET', host: 'a.com', path: '/a/x', query: '', headers: Headers.empty() };
  assert.deepEqual(
    explainRoutes(table, request).map(({ name, outcome, reason }) => [name, outcome, reason]),
    [
      ['post', 'fails', 'the method is GET, and the route serves POST'],
      ['beta', 'fails', 'not so: header x-beta is present'],
      ['any', 'wins', 'wins, because it takes every host, its path is /a/*, and all 2 before it failed'],
      ['fallback', 'loses', 'would match, but any comes before it'],
    ],
  );
  const [, second] = explainRoutes(table, { ...request, path: '/c' });
  assert.equal(second?.reason, 'wins, because it takes every host, its path is /c, and the one before it failed');
});
