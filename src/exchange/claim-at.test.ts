// Claims are found by name and by path, and never among what every object has.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimAt } from './claim-at.ts';

const claims = { email: 'ann@example.com', realm_access: { roles: ['x', 'y'] }, 'https://a.b/c': 7 };

test('by path, or by a name that holds dots', () => {
  assert.equal(claimAt(claims, 'email'), 'ann@example.com');
  assert.deepEqual(claimAt(claims, 'realm_access.roles'), ['x', 'y']);
  assert.equal(claimAt(claims, 'https://a.b/c'), 7);
});

test('own members only', () => {
  for (const path of ['constructor', '__proto__.x', 'email.length', 'realm_access.roles.x.y', ''])
    assert.equal(claimAt(claims, path), undefined, path);
  assert.equal(claimAt(null, 'email'), undefined);
});
