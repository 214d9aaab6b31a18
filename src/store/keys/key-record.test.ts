// Details of keys as a person may have written them, and lists that many keys share in memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordOf } from './key-record.ts';

test('keys with the same groups and scopes share them, in their order, and nobody can change them', () => {
  const details = JSON.stringify({ groups: ['staff', 'eu'], scopes: ['read'], routes: ['orders'], expiresAtMs: 1 });
  const one = recordOf('k1', 'h1', 'acme', details);
  const other = recordOf('k2', 'h2', 'globex', details.replace('1}', '2}'));
  assert.deepEqual(one.groups, ['staff', 'eu']);
  assert.equal(other.groups, one.groups);
  assert.equal(other.scopes, one.scopes);
  assert.equal(other.routes, one.routes);
  assert.equal(other.expiresAtMs, 2);
  assert.ok(Object.isFrozen(one.groups));
  assert.deepEqual(recordOf('k3', 'h3', 'acme', '{"groups":["eu","staff"]}').groups, ['eu', 'staff']);
  assert.deepEqual(recordOf('k4', 'h4', 'acme', '{"groups":["staff,eu"]}').groups, ['staff,eu']);
  assert.deepEqual(recordOf('k5', 'h5', 'acme', '{"groups":["staff\\",\\"eu", 7, null]}').groups, ['staff","eu']);
  const long = Array.from({ length: 65 }, (_, n) => `g${n}`);
  assert.deepEqual(recordOf('k6', 'h6', 'acme', JSON.stringify({ groups: long })).groups, long);
  assert.deepEqual(recordOf('k7', 'h7', 'acme', '{}').routes, null);
  assert.equal(recordOf('k8', 'h8', 'acme', 'nothing').disabled, true);
});
