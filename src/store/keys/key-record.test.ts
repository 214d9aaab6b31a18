// Details of keys as a person may have written them, and lists that many keys share in memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordFromDetails } from './key-record.ts';

test('keys with the same groups and scopes share them, in their order, and nobody can change them', () => {
  const details = JSON.stringify({ groups: ['staff', 'eu'], scopes: ['read'], routes: ['orders'], expiresAtMs: 1 });
  const one = recordFromDetails('k1', 'h1', 'acme', details);
  const other = recordFromDetails('k2', 'h2', 'globex', details.replace('1}', '2}'));
  assert.deepEqual(one.groups, ['staff', 'eu']);
  assert.equal(other.groups, one.groups);
  assert.equal(other.scopes, one.scopes);
  assert.equal(other.routes, one.routes);
  assert.equal(other.expiresAtMs, 2);
  assert.ok(Object.isFrozen(one.groups));
  assert.deepEqual(recordFromDetails('k3', 'h3', 'acme', '{"groups":["eu","staff"]}').groups, ['eu', 'staff']);
  assert.deepEqual(recordFromDetails('k4', 'h4', 'acme', '{"groups":["staff,eu"]}').groups, ['staff,eu']);
  assert.deepEqual(recordFromDetails('k5', 'h5', 'acme', '{"groups":["staff\\",\\"eu", 7, null]}').groups, [
    'staff","eu',
  ]);
  const long = Array.from({ length: 65 }, (_, n) => `g${n}`);
  assert.deepEqual(recordFromDetails('k6', 'h6', 'acme', JSON.stringify({ groups: long })).groups, long);
  assert.deepEqual(recordFromDetails('k7', 'h7', 'acme', '{}').routes, null);
  assert.equal(recordFromDetails('k8', 'h8', 'acme', 'nothing').disabled, true);
});
