// What an upstream is told of the caller: nothing that could be read as something else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jwtVerify } from 'jose';
import { forwardIdentity } from '../../base/schema/forward-identity.ts';
import type { Consumer, Identity } from './consumer.ts';
import { headerValue, IdentityLines } from './identity-lines.ts';

const acme: Consumer = { name: 'acme', tenant: 't-1', plan: 'gold', groups: ['a', 'b,c'], tags: {} };
const identity: Identity = {
  by: 'jwt',
  subject: 'ann',
  keyId: '',
  scopes: ['read', 'write'],
  claims: { email: 'ann@example.com', realm_access: { roles: ['x', 'y'] }, 'https://a.b/c': 7 },
};

test('plain fields', () => {
  const lines = new IdentityLines(forwardIdentity.parse({ claims: { 'x-email': 'email', 'x-none': 'absent' } }));
  assert.deepEqual(lines.make(acme, identity, 0).fields, [
    ...['X-Consumer-Name', 'acme', 'X-Consumer-Tenant', 't-1', 'X-Consumer-Plan', 'gold'],
    ...['X-Consumer-Groups', 'a,b%2Cc', 'X-Consumer-Subject', 'ann', 'X-Consumer-Scopes', 'read write'],
    ...['X-Consumer-By', 'jwt', 'x-email', 'ann@example.com'],
  ]);
  assert.equal(lines.areLasting, true);
});

test('one signed token instead, which others can verify', async () => {
  const key = 'k'.repeat(32);
  const lines = new IdentityLines(forwardIdentity.parse({ consumer: 'signed', key }));
  const now = 1_795_000_000_000;
  const made = lines.make(acme, identity, now).fields;
  assert.deepEqual([made.length, made[0]], [2, 'X-Consumer-Token']);
  const options = { issuer: 'cardea', currentDate: new Date(now + 59_000) };
  const { payload } = await jwtVerify(made[1]!, Buffer.from(key), options);
  assert.deepEqual(
    [payload.sub, payload.consumer, payload.plan, payload.groups, payload.scope],
    ['ann', 'acme', 'gold', ['a', 'b,c'], 'read write'],
  );
  const late = { ...options, currentDate: new Date(now + 61_000) };
  await assert.rejects(jwtVerify(made[1]!, Buffer.from(key), late));
  assert.equal(lines.areLasting, false);
  assert.ok(lines.validUntilMs(0) < 60_000);
});

test('a value never begins another field, and bytes beyond ASCII are UTF-8', () => {
  assert.equal(headerValue('a\r\nx-admin: 1'), 'a  x-admin: 1');
  assert.equal(headerValue('é'), 'Ã©');
  assert.equal(headerValue({ a: '\n' }), '{"a":"\\n"}');
  assert.deepEqual(
    [headerValue(undefined), headerValue(null), headerValue(true), headerValue(1.5)],
    ['', '', 'true', '1.5'],
  );
  assert.equal(headerValue(['a\0b', { c: 1, d: 2 }]), 'a b,{"c":1%2C"d":2}');
});

test('a value that would be another one as a field is left out', () => {
  for (const name of ['admin ', ' admin', 'admin\0', '\nadmin', 'admin\x7f']) assert.equal(headerValue(name), '');
  assert.equal(headerValue(['user', 'admin\t', 'ops']), 'user,ops');
  assert.equal(headerValue('admin\u00a0'), 'admin\xc2\xa0');
  const lines = new IdentityLines(forwardIdentity.parse({})).make(null, { ...identity, subject: 'ann ' }, 0);
  assert.ok(!lines.fields.includes('X-Consumer-Subject'));
});

test('what cannot be forwarded safely is refused', () => {
  const wrong = [
    { consumer: 'signed' },
    { key: 'x'.repeat(32) },
    { consumer: 'signed', key: 'short' },
    { claims: { host: 'sub' } },
    { claims: { 'X-Forwarded-For': 'ip' } },
    { claims: { 'x-consumer-name': 'sub' } },
    { claims: { x_user: 'sub' } },
    { claims: { 'X-Forwarded-Users': 'sub' } },
  ];
  for (const config of wrong) assert.ok(!forwardIdentity.safeParse(config).success, JSON.stringify(config));
  const usual = { claims: { 'X-Forwarded-User': 'sub', 'x-forwarded-email': 'email', 'X-Forwarded-Groups': 'groups' } };
  assert.ok(forwardIdentity.safeParse(usual).success, 'names that services expect from an identity proxy');
});
