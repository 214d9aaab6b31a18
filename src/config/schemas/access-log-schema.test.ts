// What may be logged beyond the fixed fields.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessLogSchema, routeAccessLogSchema } from './access-log-schema.ts';

test('headers are named in any case, and none that hold credentials', () => {
  assert.deepEqual(accessLogSchema.parse({ headers: ['Referer', 'x-tenant'] }), {
    path: 'stdout',
    sample: 1,
    headers: ['referer', 'x-tenant'],
  });
  for (const name of ['Authorization', 'cookie', 'X-Api-Key', 'apikey', 'x-auth-token', 'Proxy-Authorization']) {
    assert.equal(accessLogSchema.safeParse({ headers: [name] }).success, false, name);
  }
  assert.equal(accessLogSchema.safeParse({ headers: ['a b'] }).success, false);
});

test('a route has a share or `off`', () => {
  assert.equal(routeAccessLogSchema.parse('off'), 0);
  assert.equal(routeAccessLogSchema.parse({ sample: '25%' }), 0.25);
  for (const wrong of [false, {}, { path: 'x' }, '25%'])
    assert.equal(routeAccessLogSchema.safeParse(wrong).success, false);
});
