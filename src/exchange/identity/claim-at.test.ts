// Claims are found by name and by path, and never among the members that every object inherits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimAt } from './claim-at.ts';

const claims = { email: 'ann@example.com', realm_access: { roles: ['x', 'y'] }, 'https://a.b/c': 7 };

test('by path, or by a name that holds dots', () => {
  assert.equal(claimAt(claims, 'email'), 'ann@example.com');
  assert.deepEqual(claimAt(claims, 'realm_access.roles'), ['x', 'y']);
  assert.equal(claimAt(claims, 'https://a.b/c'), 7);
});

test('names inside may hold dots, where nothing stands at the path without', () => {
  const access = {
    'orders.v2': { roles: ['dot'] },
    'https://a.b/c': { 'd.e': { f: 1 } },
    orders: { v1: 2, 'v3.x': 3 },
  };
  const found = (path: string) => claimAt({ resource_access: access, 'x.y': { z: 4 } }, path);
  assert.deepEqual(found('resource_access.orders.v2.roles'), ['dot']);
  assert.equal(found('resource_access.https://a.b/c.d.e.f'), 1);
  assert.equal(found('resource_access.orders.v1'), 2);
  assert.equal(found('resource_access.orders.v3.x'), 3);
  assert.equal(found('x.y.z'), 4);
  for (const path of ['resource_access.orders.v4.roles', 'resource_access..roles', '.x.y', 'x.y.', 'x.y.constructor'])
    assert.equal(found(path), undefined, path);
});

test('own members only', () => {
  for (const path of ['constructor', '__proto__.x', 'email.length', 'realm_access.roles.x.y', ''])
    assert.equal(claimAt(claims, path), undefined, path);
  assert.equal(claimAt(null, 'email'), undefined);
});
