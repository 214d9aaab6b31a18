// A route that is taken as a bare one equals what the schema makes of it, including the order of its keys.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkValue } from '../problems/schema-problems.ts';
import { routeSchema } from '../schemas/route-schema.ts';
import { checkBareRoute } from './check-bare-route.ts';

const schema = routeSchema([]);
/** Good texts, four times as often as the others. */
const text = (good: readonly string[], others: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
const words = text(
  ['a', 'users', 'a.b-c/d:e', 'A', 'x'.repeat(128)],
  ['-a', 'a b', '', 'x'.repeat(129), '__proto__', '/', '*', 'ü'],
);
const host = text(
  ['a.com', 'API.Example.com', '*.a.com', '[::1]'],
  ['*', 'a.com:80', '[::g]', '', 'a..b', '-a', `${'a.'.repeat(130)}b`, '*.'],
);
const path = text(['/', '/a/*', '/{id}', '/a b', '/ü'], ['a', '', '~/a.*', '~(', '*']);
const method = text(['GET', 'PURGE', 'X-1'], ['get', 'A B', '', 'É']);
const odd = fc.oneof(fc.anything({ maxDepth: 1 }), fc.constant(null), fc.constant(undefined));
const mostly = <Value>(each: fc.Arbitrary<Value>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 30, arbitrary: each }, { weight: 1, arbitrary: odd });
const match = fc.record(
  {
    host: mostly(fc.oneof(host, fc.array(host, { maxLength: 2 }))),
    path: mostly(path),
    methods: mostly(fc.oneof(fc.array(method, { maxLength: 3 }), method)),
  },
  { requiredKeys: [] },
);
const rare = fc.record(
  { public: fc.boolean(), timeout: fc.constantFrom('1s', 'x'), extra: odd, match: fc.record({ headers: odd }) },
  { requiredKeys: [] },
);
const route = fc.record(
  {
    name: mostly(words),
    match: mostly(match),
    to: mostly(fc.oneof(words, fc.constant({ reply: { status: 204 } }))),
  },
  { requiredKeys: ['name', 'to'] },
);
const anyRoute = fc.oneof(
  { weight: 6, arbitrary: mostly(route) },
  { weight: 1, arbitrary: fc.tuple(route, rare).map(each => Object.assign({}, ...each)) },
);

test('a bare route is what the schema makes of it, and what the schema refuses is never bare', () => {
  let bare = 0;
  let refused = 0;
  fc.assert(
    fc.property(anyRoute, value => {
      const quick = checkBareRoute(value);
      const checked = checkValue(schema, value);
      if (!checked.ok) refused++;
      if (quick === undefined) return;
      bare++;
      assert.ok(checked.ok, JSON.stringify(value));
      assert.deepEqual(quick, checked.value);
      assert.equal(JSON.stringify(quick), JSON.stringify(checked.value));
    }),
    { numRuns: 30_000, seed: 20_261_121 },
  );
  assert.ok(bare > 500 && refused > 5_000, `${bare} bare, ${refused} refused`);
});

test('the routes of most are bare', () => {
  assert.ok(checkBareRoute({ name: 'a', to: 'users' }));
  assert.ok(
    checkBareRoute({ name: 'a', match: { host: 'Api.example.com', path: '/a/*', methods: ['GET'] }, to: 'users' }),
  );
  assert.equal(checkBareRoute({ name: 'a', match: { path: '~/a' }, to: 'users' }), undefined);
});
